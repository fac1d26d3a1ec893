/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of a policy as its table says: read by name, with the defaults, or drawn (struct policy_draw). */
#include "tests/random/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/units.h"

struct bounds {
    uint32_t workers;
    uint64_t base_ns;
};

static void store(const struct policy_option *option, uint64_t value, struct policy_options *out)
{
    memcpy((char *)out + option->offset, &value,
           option->bytes); /* little-endian, as option_value */
}

/* The value of `text`; what is no value ends the program. */
static uint64_t value_of(const struct policy_option *option, const char *text)
{
    uint64_t value = 0;
    double share = 0;
    const char *why;
    switch (option->type) {
    case OPTION_COUNT:
        CHECK(units_parse_u64(text, &value, &why) == 0);
        break;
    case OPTION_NS:
        CHECK(units_parse_ns(text, &value, &why) == 0);
        break;
    case OPTION_SHARE:
        CHECK(units_parse_share(text, &share, &why) == 0);
        memcpy(&value, &share, sizeof(value));
        break;
    case OPTION_BOOL:
        CHECK(strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
        return strcmp(text, "true") == 0;
    case OPTION_CHOICE:
        while (option->choices[value].name && strcmp(option->choices[value].name, text) != 0)
            value++;
        CHECK(option->choices[value].name);
        break;
    }
    return value;
}

static void change(const struct policy *row, struct policy_options *options, const char *format,
                   va_list arguments)
{
    char text[256];
    const int length = vsnprintf(text, sizeof(text), format, arguments);
    CHECK(length >= 0);
    CHECK((size_t)length < sizeof(text));
    char *rest = text;
    for (char *item; *text && (item = strsep(&rest, ","));) {
        char name[32], value[32];
        CHECK(sscanf(item, " %31[^:]: %31s", name, value) == 2);
        const struct policy_option *const option = option_find(row->options, name);
        CHECK(option);
        store(option, value_of(option, value), options);
    }
}

struct policy_options options_read(const struct policy *row, const char *format, ...)
{
    struct policy_options out = {0};
    va_list arguments;
    va_start(arguments, format);
    change(row, &out, format, arguments);
    va_end(arguments);
    return out;
}

void options_change(const struct policy *row, struct policy_options *options, const char *format,
                    ...)
{
    va_list arguments;
    va_start(arguments, format);
    change(row, options, format, arguments);
    va_end(arguments);
}

struct policy_options options_default(const struct policy *row)
{
    struct policy_options out = {0};
    for (const struct policy_option *o = row->options; o && o->name; o++)
        store(o, value_of(o, o->fallback), &out);
    return out;
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
