/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Loading a workload: a shared object with the functions of harness/plugin/dawdle_plugin.h.
 */
#ifndef HARNESS_EXPERIMENT_PLUGIN_H
#define HARNESS_EXPERIMENT_PLUGIN_H

#include "core/base/err.h"
#include "core/learn/model_plugin.h"

struct plugin {
    struct model_plugin model;
    void *library;
    void (*close)(void *context);
};

/**
 * 0, or -EINVAL with `err`: no such file, no shared object, a missing symbol (all of them are named), another ABI, or what
 * the plug-in itself says. Nothing stays loaded then.
 */
int plugin_open(struct plugin *out, const char *path, const char *arguments, uint32_t features,
                uint32_t classes, uint32_t batch, struct err *err);

/** Accepts a zeroed struct. */
void plugin_close(struct plugin *self);

#endif
