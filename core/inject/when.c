/* SPDX-License-Identifier: BSD-3-Clause */
/* When an entry acts: a window, repeated or not, times a ramp, times a schedule. */
#include "core/inject/inject.h"

#include "core/inject/law_rows.h"

static uint64_t min_ns(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** Whether the repeated window is open `since` its start. */
static struct inject_span window(const struct inject_when *self, uint64_t since)
{
    if (self->every_ns == 0)
        return (struct inject_span){.scale = 1.0, .until_ns = UINT64_MAX};
    if (self->for_ns >= self->every_ns)
        return (struct inject_span){.scale = 1.0, .until_ns = UINT64_MAX};
    const uint64_t into = since % self->every_ns, turn = since - into;
    if (into < self->for_ns)
        return (struct inject_span){.scale = 1.0, .until_ns = law_later_ns(turn, self->for_ns)};
    return (struct inject_span){.scale = 0.0, .until_ns = law_later_ns(turn, self->every_ns)};
}

static struct inject_span ramp(const struct inject_when *self, uint64_t since)
{
    if (since >= self->ramp_ns)
        return (struct inject_span){.scale = 1.0, .until_ns = UINT64_MAX};
    const uint64_t step_ns = self->ramp_ns / INJECT_RAMP_STEPS + 1;
    const uint64_t step = since / step_ns;
    return (struct inject_span){.scale = (double)step / INJECT_RAMP_STEPS,
                                .until_ns = min_ns((step + 1) * step_ns, self->ramp_ns)};
}

static struct inject_span schedule(const struct inject_when *self, uint64_t at_ns)
{
    struct inject_span span = {.scale = self->steps ? 0.0 : 1.0, .until_ns = UINT64_MAX};
    for (uint32_t i = 0; i < self->steps; i++) {
        if (self->step[i].at_ns > at_ns) {
            span.until_ns = self->step[i].at_ns;
            break;
        }
        span.scale = self->step[i].scale;
    }
    return span;
}

struct inject_span inject_when_at(const struct inject_when *self, uint64_t at_ns)
{
    if (at_ns < self->start_ns)
        return (struct inject_span){.scale = 0.0, .until_ns = self->start_ns};
    if (self->stop_ns > 0 && at_ns >= self->stop_ns)
        return (struct inject_span){.scale = 0.0, .until_ns = UINT64_MAX};
    if (self->stop_ns == 0 && self->every_ns == 0 && self->ramp_ns == 0 && self->steps == 0)
        return (struct inject_span){.scale = 1.0, .until_ns = UINT64_MAX};
    const uint64_t since = at_ns - self->start_ns;
    const struct inject_span open = window(self, since), grown = ramp(self, since),
                             planned = schedule(self, at_ns);
    uint64_t until_ns = law_later_ns(self->start_ns, min_ns(open.until_ns, grown.until_ns));
    until_ns = min_ns(until_ns, planned.until_ns);
    if (self->stop_ns > 0)
        until_ns = min_ns(until_ns, self->stop_ns);
    return (struct inject_span){.scale = open.scale * grown.scale * planned.scale,
                                .until_ns = until_ns};
}
