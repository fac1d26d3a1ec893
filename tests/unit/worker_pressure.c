/* SPDX-License-Identifier: BSD-3-Clause */
/* EV_FULL and EV_ROOM of a live worker. */
#include "core/worker/pressure.h"

#include "tests/unit/support_port.h"

static const uint32_t second[] = {1};

static uint64_t desk_unread(struct port *port, uint32_t id, uint32_t edge)
{
    (void)port, (void)id;
    return desk.peer[edge].got_count;
}

static void open_with_bound(uint32_t bound)
{
    static struct port_ops ops;
    ops = desk_ops;
    ops.unread = desk_unread;
    desk_open(3, 1.0f);
    desk.port.ops = &ops;
    desk.common.control_bound = bound;
}

static void say(uint32_t times)
{
    for (uint32_t i = 0; i < times; i++)
        cr_assert(desk_do((struct action){.kind = ACT_CONTROL, .peers = second, .count = 1}));
}

static const struct event *last_event(void)
{
    cr_assert_gt(desk.script.event_count, 0u);
    return &desk.script.event[desk.script.event_count - 1];
}

Test(pressure, is_told_once_beyond_the_bound_and_again_when_half_was_read)
{
    open_with_bound(4);

    say(4);
    cr_expect(pressure_tell(&worker));
    cr_expect_eq(desk.script.event_count, 0u, "as many as the bound are no reason");
    say(2);
    cr_expect(pressure_tell(&worker));
    cr_expect_eq(desk.script.event_count, 1u);
    cr_expect_eq(last_event()->kind, EV_FULL);
    cr_expect_eq(last_event()->peer, 1u);

    for (uint32_t i = 0; i < 3; i++)
        desk_read(1);
    cr_expect(pressure_tell(&worker));
    cr_expect_eq(desk.script.event_count, 1u, "three are left");
    desk_read(1);
    cr_expect(pressure_tell(&worker));
    cr_expect_eq(desk.script.event_count, 2u);
    cr_expect_eq(last_event()->kind, EV_ROOM);
    cr_expect(pressure_tell(&worker));
    cr_expect_eq(desk.script.event_count, 2u);
}

Test(pressure, of_one_that_is_gone_is_forgotten)
{
    open_with_bound(1);

    say(2);
    pressure_forget(&worker, 1);
    cr_expect(pressure_tell(&worker));
    cr_expect_eq(desk.script.event_count, 0u);

    say(1);
    cr_expect(pressure_tell(&worker));
    cr_expect_eq(last_event()->kind, EV_FULL);
    pressure_forget(&worker, 1);
    desk.peer[1].got_count = 0;
    cr_expect(pressure_tell(&worker));
    cr_expect_eq(desk.script.event_count, 1u, "no room is told of");
}

Test(pressure, is_nothing_without_a_bound)
{
    open_with_bound(0);

    say(8);
    cr_expect(pressure_tell(&worker));
    cr_expect_eq(desk.script.event_count, 0u);
}
