/* When an entry acts: a window, repeated or not, times a ramp, times a schedule. */
#include "core/inject/inject.h"

static uint64_t min_ns(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** Whether the repeated window is open `since` its start. */
static struct inject_span window(const struct inject_when *self, uint64_t since)
{
    if (self->every_ns == 0)
        return (struct inject_span){.scale = 1.0, .until_ns = UINT64_MAX};
    const uint64_t turn = since - since % self->every_ns, into = since % self->every_ns;
    if (into < self->for_ns)
        return (struct inject_span){.scale = 1.0, .until_ns = turn + self->for_ns};
    return (struct inject_span){.scale = 0.0, .until_ns = turn + self->every_ns};
}

static struct inject_span ramp(const struct inject_when *self, uint64_t since)
{
    const uint64_t step_ns = self->ramp_ns / INJECT_RAMP_STEPS + 1;
    const uint64_t step = since / step_ns;
    if (self->ramp_ns == 0 || step >= INJECT_RAMP_STEPS)
        return (struct inject_span){.scale = 1.0, .until_ns = UINT64_MAX};
    return (struct inject_span){.scale = (double)step / INJECT_RAMP_STEPS,
                                .until_ns = (step + 1) * step_ns};
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

/** Times since the window's start as times since the run's. */
static uint64_t since_start(const struct inject_when *self, uint64_t since)
{
    return since > UINT64_MAX - self->start_ns ? UINT64_MAX : since + self->start_ns;
}

struct inject_span inject_when_at(const struct inject_when *self, uint64_t at_ns)
{
    if (at_ns < self->start_ns)
        return (struct inject_span){.scale = 0.0, .until_ns = self->start_ns};
    if (self->stop_ns > 0 && at_ns >= self->stop_ns)
        return (struct inject_span){.scale = 0.0, .until_ns = UINT64_MAX};
    const uint64_t since = at_ns - self->start_ns;
    const struct inject_span open = window(self, since), grown = ramp(self, since),
                             planned = schedule(self, at_ns);
    uint64_t until_ns = since_start(self, min_ns(open.until_ns, grown.until_ns));
    until_ns = min_ns(until_ns, planned.until_ns);
    if (self->stop_ns > 0)
        until_ns = min_ns(until_ns, self->stop_ns);
    return (struct inject_span){.scale = open.scale * grown.scale * planned.scale,
                                .until_ns = until_ns};
}
