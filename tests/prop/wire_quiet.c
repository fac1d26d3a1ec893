/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two waves among processes that exchange messages whose ways and books are the worst that the rules allow: a message is in
 * its sender's books until the receiver has it in its own, and is moved from one to the other at any moment. Questions of a
 * wave go to the processes in any order, with anything between them. END must never be said while a message or a task is left,
 * and must be said when none is.
 */
#include <criterion/criterion.h>

#include "core/base/rng.h"
#include "core/wire/quiet.h"
#include "tests/prop/seeds.h"

#define PROCESSES 5u
#define STEPS_MAX 20000u

struct place {
    uint64_t sent, received;
    uint32_t tasks; /* each ends, and may send first */
};

struct world {
    struct rng rng;
    uint32_t processes;
    struct place place[PROCESSES];
    uint32_t flying[PROCESSES][PROCESSES]; /* in the books of the first */
    uint32_t settled[PROCESSES]
                    [PROCESSES]; /* in the books of the second too: the ACK is on its way */
    uint32_t inbox[PROCESSES];
    uint32_t budget; /* messages that may still be sent */
};

static void send(struct world *self, uint32_t from)
{
    if (self->budget == 0)
        return;
    self->budget--;
    self->place[from].sent++;
    self->flying[from][rng_below(&self->rng, self->processes)]++;
}

/** Something happens at one process, if it can. */
static void step(struct world *self)
{
    const uint32_t a = rng_below(&self->rng, self->processes),
                   b = rng_below(&self->rng, self->processes);
    switch (rng_below(&self->rng, 4)) {
    case 0: /* it arrives: in the books of b before its ACK */
        if (self->flying[a][b] > 0) {
            self->flying[a][b]--;
            self->settled[a][b]++;
            self->place[b].sent++;
            self->inbox[b]++;
        }
        return;
    case 1: /* its ACK arrives */
        if (self->settled[a][b] > 0) {
            self->settled[a][b]--;
            self->place[a].received++;
        }
        return;
    case 2: /* it is read, and may bring a task */
        if (self->inbox[a] > 0) {
            self->inbox[a]--;
            self->place[a].tasks += rng_below(&self->rng, 2);
            self->place[a].received++;
        }
        return;
    default: /* a task ends */
        if (self->place[a].tasks > 0) {
            for (uint32_t n = rng_below(&self->rng, 3); n > 0; n--)
                send(self, a);
            self->place[a].tasks--;
        }
        return;
    }
}

static bool is_at_rest(const struct world *self, uint32_t p)
{
    bool idle = self->place[p].tasks == 0 && self->place[p].received == self->place[p].sent;
    for (uint32_t to = 0; to < self->processes; to++)
        idle = idle && self->flying[p][to] + self->settled[p][to] == 0;
    return idle;
}

static bool is_over(const struct world *self)
{
    bool over = true;
    for (uint32_t p = 0; p < self->processes; p++)
        over = over && is_at_rest(self, p) && self->inbox[p] == 0;
    return over;
}

/** One world; `waves`: how many must agree. Returns false when END was said too early; *ended: that it was said. */
static bool run(uint64_t seed, uint32_t waves, bool *ended)
{
    struct world world = {.rng = rng_start(seed, RNG_TEST, 5)};
    struct quiet_process process[PROCESSES];
    struct quiet quiet;
    uint32_t order[PROCESSES];
    world.processes = 2 + rng_below(&world.rng, PROCESSES - 1);
    world.budget = rng_below(&world.rng, 30);
    for (uint32_t p = 0; p < world.processes; p++) {
        world.place[p].tasks = rng_below(&world.rng, 3);
        order[p] = p;
    }
    quiet_init(&quiet, process, world.processes);
    for (uint32_t steps = 0; steps < STEPS_MAX;) {
        const uint32_t wave = quiet_ask(&quiet);
        bool all_rest = true;
        enum quiet_news news = QUIET_WAITS;
        rng_shuffle(&world.rng, order, world.processes);
        for (uint32_t i = 0; i < world.processes; i++) {
            for (uint32_t n = rng_below(&world.rng, 40); n > 0; n--, steps++)
                step(&world);
            const uint32_t p = order[i];
            all_rest = all_rest && is_at_rest(&world, p);
            news = quiet_hear(&quiet, p, wave, is_at_rest(&world, p), world.place[p].sent);
        }
        if (news == QUIET_OVER || (waves == 1 && all_rest)) {
            *ended = true;
            return is_over(&world);
        }
    }
    *ended = false;
    return true;
}

Test(wire_quiet_seeds, end_is_said_when_all_is_over_and_never_before)
{
    const uint64_t seeds = seeds_of(20000);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        bool ended;
        cr_assert(run(seed, 2, &ended), "seed %llu: too early", (unsigned long long)seed);
        cr_assert(ended, "seed %llu: never", (unsigned long long)seed);
    }
}

Test(wire_quiet_seeds, one_wave_would_say_it_too_early)
{
    uint32_t early = 0;
    for (uint64_t seed = 1; seed <= 20000 && early == 0; seed++) {
        bool ended;
        early += !run(seed, 1, &ended);
    }
    cr_expect_gt(early, 0);
}
