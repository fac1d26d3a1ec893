/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Your own workload for Dawdle, as a shared object: `model: {kind: plugin, path: mine.so}`.
 *
 * Export the functions below with C linkage. They get float32 arrays and nothing else: Dawdle draws batches, emulates
 * compute time, steps, exchanges and averages the parameters. This header depends on nothing; copy it if you like.
 *
 * Threads: every function but dawdle_open and dawdle_close is called from several threads at once, with different
 * arrays. Arrays are borrowed for the call and 64-byte aligned.
 *
 * A loss that is no number is a model that diverged. A crash, and exit(), end the program with a sentence that names the plug-in.
 *
 * The live clock calls dawdle_gradient on the core that also polls for messages: while it computes, the workers of that
 * core answer nobody. Results are reproducible in virtual time only as far as your code is: same input, same bytes.
 */
#ifndef DAWDLE_PLUGIN_H
#define DAWDLE_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DAWDLE_PLUGIN_ABI 1

/** What the profile says. */
struct dawdle_shape {
    uint32_t features;     /* floats per sample */
    uint32_t classes;      /* labels are 0 .. classes - 1 */
    uint32_t batch;        /* samples per gradient, at most this many at once */
    const char *arguments; /* model.arguments of the profile, "" if unset */
};

/** Must be DAWDLE_PLUGIN_ABI: `const uint32_t dawdle_abi = DAWDLE_PLUGIN_ABI;` */
extern const uint32_t dawdle_abi;

/**
 * Once per process, first. Returns the number of parameters (1 .. 2^30), or 0 with a sentence in `error`.
 * *context is handed to all other functions.
 */
uint32_t dawdle_open(const struct dawdle_shape *shape, void **context, char *error,
                     uint32_t error_bytes);
void dawdle_close(void *context);

/** Initial parameters: the same for the same seed. param: [parameters], zero before. */
void dawdle_init(void *context, uint64_t seed, float *param);

/**
 * Mean gradient of the loss over `count` samples. param, gradient: [parameters]; x: [count][features]; label: [count].
 * Returns the mean loss.
 */
float dawdle_gradient(void *context, const float *param, const float *x, const uint8_t *label,
                      uint32_t count, float *gradient);

/** Sum of the losses over `count` samples (any number), and how many were classified correctly. */
void dawdle_evaluate(void *context, const float *param, const float *x, const uint8_t *label,
                     uint32_t count, double *loss_sum, uint32_t *correct);

/**
 * Optional. Asked after every call, on the thread that made it: NULL, or a sentence why what was computed is worthless. The
 * run then ends, with this sentence and exit code 1. Must be quick, and safe to call from several threads at once.
 */
const char *dawdle_failure(void *context);

#ifdef __cplusplus
}
#endif

#endif
