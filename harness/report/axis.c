/* SPDX-License-Identifier: BSD-3-Clause */
/* Ticks are multiples of 1, 2 or 5 times a power of ten; all else is what an axis of that kind adds. */
#include "harness/report/axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"

#define LOG_ROOM 0.04    /* of a logarithmic axis, beyond its values at either end */
#define SMALL_TICKS_TO 5 /* decades; of more they would touch */
#define SLACK 1e-9 /* of a step: a tick at the very end is on the axis, whatever the rounding */

/** The smallest of 1, 2, 5, 10, 20 … that is not below `least`. */
static double nice_step(double least)
{
    const double ten = pow(10, floor(log10(least)));
    for (uint32_t i = 0; i < 3; i++) {
        static const double factor[] = {1, 2, 5};
        if (factor[i] * ten >= least * (1 - SLACK))
            return factor[i] * ten;
    }
    return 10 * ten;
}

/** What a kind of axis spreads evenly. */
static double scaled(enum axis_kind kind, double value)
{
    switch (kind) {
    case AXIS_LINEAR:
        return value;
    case AXIS_LOG:
        return value > 0 ? log10(value) : (double)NAN;
    case AXIS_NINES:
        return value >= 0 && value < 100 ? -log10(1 - value / 100) : (double)NAN;
    case AXIS_COUNTS:
        return value > -1 ? log10(1 + value) : (double)NAN;
    }
    return (double)NAN;
}

struct axis axis_fit(enum axis_kind kind, double low, double high)
{
    struct axis self = {.kind = kind, .low = low, .high = high};
    CHECK(isfinite(low));
    CHECK(isfinite(high));
    if (kind == AXIS_LOG) {
        const double room = pow(fmax(high, 1.5 * low) / low, LOG_ROOM);
        self.low = low / room;
        self.high = fmax(high, 1.5 * low) * room;
    } else if (kind == AXIS_LINEAR) {
        if (high <= low) {
            self.low = fmin(low, 0);
            self.high = low > 0 || low < 0 ? fmax(low, 0) : 1;
        }
        const double step = nice_step((self.high - self.low) / 8);
        self.low = step * floor(self.low / step + SLACK);
        self.high = step * ceil(self.high / step - SLACK);
    } else {
        self.low = 0;
        self.high = fmax(high, kind == AXIS_NINES ? 90 : 1);
    }
    return self;
}

double axis_at(const struct axis *self, double value)
{
    const double low = scaled(self->kind, self->low), high = scaled(self->kind, self->high);
    const double at = scaled(self->kind, value);
    return self->from + (at - low) / (high - low) * (self->to - self->from);
}

static bool is_on(const struct axis *self, double value)
{
    const double low = scaled(self->kind, self->low), high = scaled(self->kind, self->high);
    const double at = scaled(self->kind, value), slack = (high - low) * SLACK;
    return at >= low - slack && at <= high + slack;
}

struct ticks {
    const struct axis *axis;
    struct axis_tick *out;
    uint32_t count;
};

static struct axis_tick *add(struct ticks *self, double value)
{
    if (self->count == AXIS_TICKS_MAX || !is_on(self->axis, value))
        return NULL;
    self->out[self->count] = (struct axis_tick){.value = value};
    return &self->out[self->count++];
}

static void add_number(struct ticks *self, double value)
{
    struct axis_tick *const tick = add(self, value);
    if (tick)
        snprintf(tick->text, sizeof(tick->text), "%.10g", value);
}

/** All with as many decimals as their step takes. */
static void add_linear(struct ticks *self, uint32_t wanted)
{
    const double low = self->axis->low, high = self->axis->high;
    const double step = nice_step((high - low) / fmax(wanted, 1));
    const int decimals = (int)fmax(0, -floor(log10(step) + SLACK));
    const bool large = fmax(fabs(low), fabs(high)) >= 1e6;
    for (double k = ceil(low / step - SLACK); k * step <= high + step * SLACK; k++) {
        struct axis_tick *const tick = add(self, k * step);
        if (!tick)
            return;
        if (large || decimals > 6)
            snprintf(tick->text, sizeof(tick->text), "%.6g", k * step + 0);
        else
            snprintf(tick->text, sizeof(tick->text), "%.*f", decimals, k * step + 0);
    }
}

/** 10 with its exponent raised. */
static void put_power(char *out, size_t size, int exponent)
{
    static const char *const digit[] = {
        "\xe2\x81\xb0", "\xc2\xb9",     "\xc2\xb2",     "\xc2\xb3",     "\xe2\x81\xb4",
        "\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7", "\xe2\x81\xb8", "\xe2\x81\xb9"};
    char number[8];
    snprintf(number, sizeof(number), "%u", (uint32_t)(exponent < 0 ? -exponent : exponent) % 1000);
    size_t used = (size_t)snprintf(out, size, "10%s", exponent < 0 ? "\xe2\x81\xbb" : "");
    for (const char *c = number; *c && used < size; c++)
        used += (size_t)snprintf(out + used, size - used, "%s", digit[*c - '0']);
}

/** Powers of ten, the multiples of `skip` with their names, and what is between them if there is room. */
static void add_decades(struct ticks *self, int first, int last, int skip)
{
    const bool plain = first >= -3 && last <= 4;
    for (int e = first - 1; e <= last; e++) {
        struct axis_tick *const tick = add(self, pow(10, e));
        if (tick && e % skip == 0 && plain)
            snprintf(tick->text, sizeof(tick->text), "%.10g", tick->value);
        else if (tick && e % skip == 0)
            put_power(tick->text, sizeof(tick->text), e);
        for (int k = 2; k < 10 && last - first < SMALL_TICKS_TO; k++)
            add(self, k * pow(10, e));
    }
}

static void add_log(struct ticks *self, uint32_t wanted)
{
    const double low = log10(self->axis->low), high = log10(self->axis->high);
    const int first = (int)floor(low + SLACK), last = (int)floor(high + SLACK);
    if (high - low < 0.5) { /* hardly bent: as if it were linear */
        add_linear(self, wanted);
        return;
    }
    if (high - low >= 1.7) {
        const int from = (int)ceil(low - SLACK), most = wanted > 1 ? (int)wanted : 2;
        add_decades(self, from, last, (last - from + most) / most);
        return;
    }
    for (int e = first; e <= last; e++)
        for (int k = 1; k < 10; k++)
            if (k == 1 || k == 2 || k == 5)
                add_number(self, k * pow(10, e));
            else
                add(self, k * pow(10, e));
}

static void add_nines(struct ticks *self, uint32_t wanted)
{
    const uint32_t most = (uint32_t)fmax(1, floor(scaled(AXIS_NINES, self->axis->high) + SLACK));
    const uint32_t skip = 1 + most / (wanted > 1 ? wanted : 2);
    add_number(self, 0);
    for (uint32_t nines = 1; nines <= most; nines++) {
        struct axis_tick *const tick = add(self, 100 * (1 - pow(10, -(double)nines)));
        if (tick && nines % skip == 0)
            snprintf(tick->text, sizeof(tick->text), "%.*f", nines > 2 ? (int)nines - 2 : 0,
                     tick->value);
    }
}

static void add_counts(struct ticks *self)
{
    add_number(self, 0);
    for (double ten = 1; ten <= self->axis->high && ten < 1e15; ten *= 10) {
        add_number(self, ten);
        add_number(self, 3 * ten);
    }
}

uint32_t axis_ticks(const struct axis *self, uint32_t wanted, struct axis_tick out[AXIS_TICKS_MAX])
{
    struct ticks ticks = {.axis = self, .out = out};
    switch (self->kind) {
    case AXIS_LINEAR:
        add_linear(&ticks, wanted);
        break;
    case AXIS_LOG:
        add_log(&ticks, wanted);
        break;
    case AXIS_NINES:
        add_nines(&ticks, wanted);
        break;
    case AXIS_COUNTS:
        add_counts(&ticks);
        break;
    }
    return ticks.count;
}

struct axis_unit axis_unit_ns(double typical_ns)
{
    static const struct axis_unit unit[] = {{1, "ns"}, {1e3, "\xc2\xb5s"}, {1e6, "ms"}, {1e9, "s"}};
    uint32_t i = 0;
    while (i < 3 && typical_ns >= unit[i + 1].divisor)
        i++;
    return unit[i];
}
