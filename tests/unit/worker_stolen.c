/* SPDX-License-Identifier: BSD-3-Clause */
/* What a loop's thread was without its core: a thread that sleeps has lost it for sure. */
#include "core/worker/stolen.h"

#include <criterion/criterion.h>
#include <time.h>

static struct clock tsc;

static void calibrate(void)
{
    clock_calibrate(&tsc, 10000000);
}

TestSuite(stolen, .init = calibrate);

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/** The turn that began at `from` ends. */
static void turn(struct stolen *self, uint64_t from)
{
    const uint64_t now = clock_cyc();
    stolen_look(self, &tsc, now - from, now);
}

Test(stolen, a_turn_without_the_core_is_a_hole)
{
    struct stolen_hole hole[2];
    struct stolen self = {.hole = hole, .room = 2};
    stolen_start(&self, &tsc);

    const uint64_t from = clock_cyc();
    sleep_ms(5);
    turn(&self, from);

    cr_assert_eq(self.count, 1u);
    cr_expect_geq(clock_ns(&tsc, hole[0].cyc), 4900000u, "the sleep");
    cr_expect_geq(hole[0].begin_cyc, from);
    cr_expect_eq(self.cyc, hole[0].cyc);
}

Test(stolen, short_turns_are_not_looked_into)
{
    struct stolen_hole hole[2];
    struct stolen self = {.hole = hole, .room = 2};
    stolen_start(&self, &tsc);

    sleep_ms(5);
    const uint64_t now = clock_cyc();
    stolen_look(&self, &tsc, clock_to_cyc(&tsc, 100000), now);

    cr_expect_eq(self.count, 0u);
    cr_expect_eq(self.cyc, 0u);
}

Test(stolen, a_hole_is_no_longer_than_its_turn)
{
    struct stolen_hole hole[2];
    struct stolen self = {.hole = hole, .room = 2};
    stolen_start(&self, &tsc);
    const uint64_t period = clock_to_cyc(&tsc, 1000000);

    sleep_ms(5);
    stolen_look(&self, &tsc, period, clock_cyc());

    cr_assert_eq(self.count, 1u);
    cr_expect_eq(hole[0].cyc, period);
}

Test(stolen, holes_without_room_are_added_up)
{
    struct stolen_hole hole[1];
    struct stolen self = {.hole = hole, .room = 1};
    stolen_start(&self, &tsc);

    for (int i = 0; i < 3; i++) {
        const uint64_t from = clock_cyc();
        sleep_ms(1);
        turn(&self, from);
    }

    cr_expect_eq(self.count, 1u);
    cr_expect_geq(clock_ns(&tsc, self.cyc), 2700000u);
}
