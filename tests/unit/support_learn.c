/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference is written for the reader: one sample at a time, the textbook's loops, double throughout. */
#include "support_learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/rng.h"

#define WIDTH_MAX 512u
#define KEPT_MAX 1024u

/* Reachable until the end, or the leak checker would speak up. */
static void *kept[KEPT_MAX];
static uint32_t kept_count;

static void *keep(void *block)
{
    CHECK(block != NULL);
    CHECK(kept_count < KEPT_MAX);
    kept[kept_count++] = block;
    return block;
}

float *support_floats(size_t count)
{
    const size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
    float *const at = keep(aligned_alloc(64, bytes == 0 ? 64 : bytes));
    memset(at, 0, bytes);
    return at;
}

float *support_random(uint64_t stream, size_t count, float scale)
{
    struct rng rng = rng_start(1, RNG_TEST, stream);
    float *const at = support_floats(count);
    for (size_t i = 0; i < count; i++)
        at[i] = (float)(2.0 * rng_unit(&rng) - 1.0) * scale;
    return at;
}

uint8_t *support_labels(uint64_t stream, uint32_t count, uint32_t classes)
{
    struct rng rng = rng_start(2, RNG_TEST, stream);
    uint8_t *const at = keep(malloc(count));
    for (uint32_t i = 0; i < count; i++)
        at[i] = (uint8_t)rng_below(&rng, classes);
    return at;
}

static double sample_loss(const struct model_config *model, uint32_t layers, const double *param,
                          const float *x, uint32_t label, uint32_t *correct)
{
    double in[WIDTH_MAX], out[WIDTH_MAX];
    uint32_t width = model->features;
    for (uint32_t i = 0; i < width; i++)
        in[i] = (double)x[i];
    for (uint32_t l = 0; l < layers; l++) {
        const uint32_t next = l + 1 < layers ? model->hidden[l] : model->classes;
        for (uint32_t j = 0; j < next; j++) {
            out[j] = param[width * next + j];
            for (uint32_t i = 0; i < width; i++)
                out[j] += in[i] * param[i * next + j];
        }
        param += width * next + next;
        width = next;
        for (uint32_t j = 0; j < next; j++)
            in[j] = l + 1 < layers ? fmax(out[j], 0.0) : out[j];
    }
    uint32_t top = 0;
    for (uint32_t j = 1; j < width; j++)
        top = in[j] > in[top] ? j : top;
    double sum = 0.0;
    for (uint32_t j = 0; j < width; j++)
        sum += exp(in[j] - in[top]);
    if (correct != NULL)
        *correct += top == label;
    return log(sum) - (in[label] - in[top]);
}

double support_loss(const struct model_config *model, const double *param, const float *x,
                    const uint8_t *label, uint32_t count, uint32_t *correct)
{
    const uint32_t layers = strcmp(model->ops->name, "mlp") == 0 ? model->hidden_count + 1 : 1;
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++)
        sum +=
            sample_loss(model, layers, param, x + (size_t)i * model->features, label[i], correct);
    return sum;
}

double support_loss_float(const struct model_config *model, const float *param, const float *x,
                          const uint8_t *label, uint32_t count, uint32_t *correct)
{
    double *const wide = malloc(sizeof(*wide) * model->dim);
    CHECK(wide != NULL);
    for (uint32_t d = 0; d < model->dim; d++)
        wide[d] = (double)param[d];
    const double sum = support_loss(model, wide, x, label, count, correct);
    free(wide);
    return sum;
}

uint64_t support_hash(const void *data, size_t bytes)
{
    const unsigned char *const at = data;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}
