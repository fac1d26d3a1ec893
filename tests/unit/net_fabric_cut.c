/* SPDX-License-Identifier: BSD-3-Clause */
/* Cut edges with a bridge made by hand: workers notice nothing but the time that it takes. */
#include <criterion/criterion.h>
#include <string.h>

#include "net/fabric_cut.h"
#include "tests/unit/support_net.h"

static const uint16_t apart[] = {0, 0, 1};

static struct bench bench;

/* Workers 0 and 1 in one process, 2 in another: cut are 0-2, 1-2, 2-0 and 2-1. */
static void open_bench(enum fabric_class tensors)
{
    bench.config = (struct fabric_config){.tensors = tensors,
                                          .exact_depth = 4,
                                          .control_depth = 4,
                                          .slots = 8,
                                          .dim = 100,
                                          .process = apart,
                                          .bodies = 4};
    bench_complete(&bench, 3);
    bench_open(&bench);
}

static void use_newest(void)
{
    open_bench(FABRIC_NEWEST);
}
static void use_exact(void)
{
    open_bench(FABRIC_EXACT);
}
static void close_bench(void)
{
    bench_close(&bench);
}

static uint32_t cut_from(uint32_t from, uint32_t to)
{
    for (uint32_t cut = 0; cut < bench.fabric.cuts; cut++) {
        uint32_t sender, reader;
        fabric_cut_ends(&bench.fabric, cut, &sender, &reader);
        if (sender == from && reader == to)
            return cut;
    }
    cr_assert(false, "%u to %u is not cut", from, to);
    return 0;
}

/* One tensor across, into `place`. Returns what it replaced. */
static uint32_t carry(uint32_t cut, uint32_t place, slots_handle *handle)
{
    struct port_message message;
    size_t bytes;
    cr_assert(fabric_cut_take(&bench.fabric, cut, true, &message));
    unsigned char *const store = (unsigned char *)fabric_cut_store(&bench.fabric, cut, &bytes);
    memcpy(store + place * bytes, fabric_cut_vector(&bench.fabric, cut, message.handle),
           bench.config.dim * sizeof(float));
    *handle = message.handle;
    return fabric_cut_tensor(&bench.fabric, cut, &message, place);
}

static void expect_vector(uint32_t worker, uint32_t edge, slots_handle handle, float value)
{
    const float *const vector = bench.port->ops->view(bench.port, worker, edge, handle);
    for (uint32_t d = 0; d < bench.config.dim; d++)
        cr_assert_float_eq(vector[d], value, 0, "float %u is %g", d, (double)vector[d]);
    cr_expect(bench.port->ops->valid(bench.port, worker, edge, handle));
}

Test(fabric_cut, carries_a_tensor_with_its_name_and_brings_the_loan_home, .init = use_newest,
     .fini = close_bench)
{
    const uint32_t cut = cut_from(0, 2);
    struct port_arrival in[4];
    slots_handle taken;
    cr_expect_eq(bench.fabric.cuts, 4);
    const slots_handle handle = bench_write(&bench, 0, 1, 7.5f);
    cr_assert_eq(bench_send(&bench, 0, 1, handle), PORT_OK);
    cr_expect_eq(bench.port->ops->poll(bench.port, 2, in, 4), 0, "nothing crosses by itself");
    cr_expect_eq(carry(cut, 3, &taken), bench.config.bodies, "nothing was unread");
    cr_expect_eq(taken, handle);
    cr_assert_eq(bench.port->ops->poll(bench.port, 2, in, 4), 1);
    cr_expect_eq(in[0].edge, 0);
    cr_expect_eq(in[0].message.handle, handle);
    expect_vector(2, 0, handle, 7.5f);
    cr_expect_eq(fabric_cut_released(&bench.fabric, cut), bench.config.bodies);
    bench.port->ops->release(bench.port, 2, 0, handle);
    cr_expect_eq(bench.port->ops->reclaim(bench.port, 0, &bench.slots[0]), 0,
                 "the sender hears nothing of it but by its bridge");
    cr_expect_eq(fabric_cut_released(&bench.fabric, cut), 3);
    fabric_cut_return(&bench.fabric, cut, handle);
    cr_expect_eq(bench.port->ops->reclaim(bench.port, 0, &bench.slots[0]), 1);
    cr_expect_eq(bench.port->ops->in_flight(bench.port, 0), 0);
    cr_expect_eq(bench.port->ops->in_flight(bench.port, 2), 0);
}

Test(fabric_cut, gives_back_the_place_of_an_unread_tensor, .init = use_newest, .fini = close_bench)
{
    const uint32_t cut = cut_from(0, 2);
    struct port_arrival in[4];
    slots_handle first, second;
    bench_send(&bench, 0, 1, bench_write(&bench, 0, 1, 1));
    carry(cut, 0, &first);
    bench_send(&bench, 0, 1, bench_write(&bench, 0, 2, 2));
    cr_expect_eq(carry(cut, 1, &second), 0, "the first was unread");
    cr_assert_eq(bench.port->ops->poll(bench.port, 2, in, 4), 1);
    cr_expect_eq(in[0].message.handle, second);
    expect_vector(2, 0, second, 2);
    const struct fabric_counts sent = fabric_counts(&bench.fabric, 0),
                               read = fabric_counts(&bench.fabric, 2);
    cr_expect_eq(sent.tensors_sent, 2);
    cr_expect_eq(sent.tensors_superseded + read.tensors_superseded, 1);
    cr_expect_eq(read.tensors_delivered, 1);
}

Test(fabric_cut, counts_what_its_bridge_replaced, .init = use_newest, .fini = close_bench)
{
    const uint32_t cut = cut_from(0, 2);
    struct port_message message;
    bench_send(&bench, 0, 1, bench_write(&bench, 0, 1, 1));
    cr_assert(fabric_cut_take(&bench.fabric, cut, true, &message));
    fabric_cut_superseded(&bench.fabric, cut);
    fabric_cut_return(&bench.fabric, cut, message.handle);
    cr_expect_eq(fabric_counts(&bench.fabric, 0).tensors_superseded, 1);
    cr_expect_eq(bench.port->ops->reclaim(bench.port, 0, &bench.slots[0]), 1);
}

Test(fabric_cut, keeps_every_exact_tensor_in_order, .init = use_exact, .fini = close_bench)
{
    const uint32_t cut = cut_from(2, 1);
    struct port_arrival in[4];
    slots_handle handle[3];
    for (uint32_t i = 0; i < 3; i++)
        bench_send(&bench, 2, 1, bench_write(&bench, 2, i + 1, (float)i));
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(carry(cut, 3 - i, &handle[i]), bench.config.bodies);
    cr_assert_eq(bench.port->ops->poll(bench.port, 1, in, 4), 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(in[i].message.handle, handle[i]);
        expect_vector(1, in[i].edge, handle[i], (float)i);
        bench.port->ops->release(bench.port, 1, in[i].edge, handle[i]);
        cr_expect_eq(fabric_cut_released(&bench.fabric, cut), 3 - i);
    }
}

Test(fabric_cut, frees_each_copy_of_a_handle_that_came_twice, .init = use_exact,
     .fini = close_bench)
{
    const uint32_t cut = cut_from(0, 2);
    struct port_arrival in[4];
    slots_handle taken;
    const slots_handle handle = bench_write(&bench, 0, 1, 4);
    bench_send(&bench, 0, 1, handle);
    bench_send(&bench, 0, 1, handle);
    carry(cut, 2, &taken);
    carry(cut, 1, &taken);
    cr_assert_eq(bench.port->ops->poll(bench.port, 2, in, 4), 2);
    expect_vector(2, 0, handle, 4);
    bench.port->ops->release(bench.port, 2, 0, handle);
    cr_expect_eq(fabric_cut_released(&bench.fabric, cut), 2);
    expect_vector(2, 0, handle, 4);
    bench.port->ops->release(bench.port, 2, 0, handle);
    cr_expect_eq(fabric_cut_released(&bench.fabric, cut), 1);
    cr_expect_eq(fabric_cut_released(&bench.fabric, cut), bench.config.bodies);
}

Test(fabric_cut, carries_controls_until_there_is_no_room, .init = use_newest, .fini = close_bench)
{
    const uint32_t cut = cut_from(1, 2);
    struct port_arrival in[16];
    struct port_message message = {.type = 9}, old;
    for (uint32_t i = 0; i < 4; i++) {
        message.word[0] = i;
        cr_assert_eq(bench.port->ops->send(bench.port, 1, 1, &message, &old), PORT_OK);
        cr_assert(fabric_cut_take(&bench.fabric, cut, false, &message));
        cr_expect(fabric_cut_control(&bench.fabric, cut, &message));
    }
    cr_expect_not(fabric_cut_control(&bench.fabric, cut, &message));
    cr_assert_eq(bench.port->ops->poll(bench.port, 2, in, 16), 4);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect(in[i].edge == 1 && in[i].message.word[0] == i && in[i].message.type == 9);
    cr_expect(fabric_cut_control(&bench.fabric, cut, &message));
}

Test(fabric_cut, leaves_edges_of_one_process_as_they_are, .init = use_newest, .fini = close_bench)
{
    struct port_arrival in[4];
    const slots_handle handle = bench_write(&bench, 0, 1, 3);
    bench_send(&bench, 0, 0, handle);
    cr_assert_eq(bench.port->ops->poll(bench.port, 1, in, 4), 1);
    expect_vector(1, 0, handle, 3);
    cr_expect_eq(bench.port->ops->view(bench.port, 1, 0, handle),
                 bench.port->ops->slot(bench.port, 0, slots_slot_of(handle)), "not copied");
}
