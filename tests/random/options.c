/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of a policy by chance, each as its row says (struct policy_draw). */
#include "tests/random/options.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

struct bounds {
    uint32_t workers;
    uint64_t base_ns;
};

static void store(const struct policy_option *option, uint64_t value, struct policy_options *out)
{
    const uint32_t narrow = (uint32_t)value;
    const bool flag = value != 0;
    const void *const from = option->bytes == sizeof(flag)     ? &flag
                             : option->bytes == sizeof(narrow) ? (const void *)&narrow
                                                               : &value;
    memcpy((char *)out + option->offset, from, option->bytes);
}

static uint64_t draw_number(struct rng *rng, const struct policy_draw *draw, uint32_t workers)
{
    if (draw->most == OPTION_WORKERS)
        return draw->least + rng_below(rng, workers > 1 ? workers - 1 : 1);
    return draw->least + rng_below(rng, draw->most - draw->least + 1);
}

/* Long ones in whole gradients; one that may be short is any. */
static uint64_t draw_ns(struct rng *rng, const struct policy_draw *draw, uint64_t base_ns)
{
    if (draw->least == 0)
        return 1 + (uint64_t)(rng_unit(rng) * draw->most * (double)base_ns);
    return base_ns * (draw->least + rng_below(rng, draw->most - draw->least + 1));
}

static void draw_option(struct rng *rng, const struct policy_option *option,
                        const struct bounds *bounds, struct policy_options *out)
{
    const struct policy_draw *const draw = &option->draw;
    double share = 0;
    if (draw->of > 0 && rng_below(rng, draw->of) != 0)
        return;
    switch (option->type) {
    case OPTION_BOOL:
        store(option, rng_below(rng, 2), out);
        return;
    case OPTION_CHOICE:
        store(option, draw->least + rng_below(rng, policy_choices(option) - draw->least), out);
        return;
    case OPTION_COUNT:
        store(option,
              draw->most ? draw_number(rng, draw, bounds->workers)
                         : strtoull(option->fallback, NULL, 10),
              out);
        return;
    case OPTION_NS: /* the default of one that is not drawn is 0 */
        if (draw->most)
            store(option, draw_ns(rng, draw, bounds->base_ns), out);
        return;
    case OPTION_SHARE:
        CHECK(draw->most);
        share = (double)draw_number(rng, draw, bounds->workers) / 10.0;
        memcpy((char *)out + option->offset, &share, sizeof(share));
        return;
    }
}

struct policy_options options_draw(struct rng *rng, const struct policy *row, uint32_t workers,
                                   uint64_t base_ns)
{
    const struct bounds bounds = {.workers = workers, .base_ns = base_ns};
    struct policy_options out = {0};
    for (const struct policy_option *o = row->options; o && o->name; o++)
        draw_option(rng, o, &bounds, &out);
    return out;
}
