/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A workload from outside, as function pointers: whoever loaded it fills this in (harness/experiment/plugin.h).
 *
 * The functions are those of harness/plugin/dawdle_plugin.h; `parameters` is what dawdle_open returned.
 */
#ifndef CORE_LEARN_MODEL_PLUGIN_H
#define CORE_LEARN_MODEL_PLUGIN_H

#include <stdint.h>

struct model_plugin {
    void *context;
    uint32_t parameters;
    void (*init)(void *context, uint64_t seed, float *param);
    float (*gradient)(void *context, const float *param, const float *x, const uint8_t *label,
                      uint32_t count, float *gradient);
    void (*evaluate)(void *context, const float *param, const float *x, const uint8_t *label,
                     uint32_t count, double *loss_sum, uint32_t *correct);
};

#endif
