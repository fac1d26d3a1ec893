/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/worker/stolen.h"

#include <time.h>

#define SUSPECT_NS 200000u
#define HOLE_NS_MIN 50000u /* below this it is the clocks that differ */

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void stolen_start(struct stolen *self, const struct clock *clock)
{
    self->suspect_cyc = clock_to_cyc(clock, SUSPECT_NS);
    self->look_cpu_ns = cpu_ns();
    self->look_cyc = clock_cyc();
}

void stolen_look(struct stolen *self, const struct clock *clock, uint64_t period_cyc, uint64_t now)
{
    if (period_cyc < self->suspect_cyc)
        return;
    const uint64_t cpu = cpu_ns(), at = clock_cyc();
    const uint64_t had_cyc = clock_to_cyc(clock, cpu - self->look_cpu_ns);
    const uint64_t passed_cyc = at - self->look_cyc;
    self->look_cpu_ns = cpu;
    self->look_cyc = at;
    if (passed_cyc < had_cyc + clock_to_cyc(clock, HOLE_NS_MIN))
        return;
    /* What short turns lost since the latest look belongs to none of them: it cannot exceed this one. */
    const uint64_t missing_cyc = passed_cyc - had_cyc;
    const uint64_t cyc = missing_cyc < period_cyc ? missing_cyc : period_cyc;
    self->cyc += cyc;
    if (self->count < self->room)
        self->hole[self->count++] = (struct stolen_hole){.begin_cyc = now - cyc, .cyc = cyc};
}
