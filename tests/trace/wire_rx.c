/* SPDX-License-Identifier: BSD-3-Clause */
/* The receiving end: what is delivered, what is acknowledged, what changes nothing. */
#include <criterion/criterion.h>

#include "tests/trace/support_wire.h"

static struct trace_wire node;

static void close_node(void)
{
    trace_wire_free(&node);
}
TestSuite(wire_rx, .fini = close_node);

Test(wire_rx, controls_are_delivered_in_order_and_each_once)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  data s1 n1 0/1 #2  -> took s1 n1, ack s1 next 2 seen 2 #2\n"
                       "@20  data s1 n3 0/1 #4  -> ack s1 next 2 has 01 seen 4 #3\n"
                       "@30  data s1 n4 0/1 #5  -> ack s1 next 2 has 011 seen 5 #4\n"
                       "@40  data s1 n2 0/1 #3  -> took s1 n2, took s1 n3, took s1 n4,"
                       " ack s1 next 5 seen 5 #5\n");
}

Test(wire_rx, a_tensor_is_put_together_from_chunks_in_any_order)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  data s2 n1 0/4 #2           ->\n"
                       "@20  data s2 n1 2/4 #4           -> ack s2 next 1 has 101 seen 4 #2\n"
                       "@30  data s2 n1 3/4 bytes 52 #5  -> ack s2 next 1 has 1011 seen 5 #3\n"
                       "@40  data s2 n1 1/4 #3           -> took s2 n1, ack s2 next 2 seen 5 #4,"
                       " data s0 n1 0/1 #5\n");
}

/* The ACK of number 1 was lost, and its sender sends a chunk again. Without the comparison with `next` it would be a chunk of
 * number 2, and the bytes of one message would stand in the other. */
Test(wire_rx, a_chunk_of_a_message_that_is_delivered_changes_nothing_and_is_answered)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  data s3 n1 0/1 #2           -> took s3 n1, ack s3 next 2 seen 2 #2\n"
                       "@20  data s3 n2 1/2 bytes 100 #3 -> ack s3 next 2 has 01 seen 3 #3\n"
                       "@30  data s3 n1 0/1 #4           -> ack s3 next 2 has 01 seen 4 #4\n"
                       "@40  data s3 n2 0/2 #5           -> took s3 n2, ack s3 next 3 seen 5 #5\n");
    cr_expect_eq(wire_counted(node.wire, WIRE_DATA_DUPLICATE), 1);
}

/* A repetition of a whole frame is not even that: it is refused, and gets no answer that could be played with. */
Test(wire_rx, a_frame_that_comes_twice_is_refused)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  data s1 n1 0/1 #2  -> took s1 n1, ack s1 next 2 seen 2 #2\n"
                       "@20  data s1 n1 0/1 #2  -> refused: frames_replayed\n"
                       "@30  probe s1 #3        -> ack s1 next 2 seen 3 probe 3 #3\n"
                       "@40  probe s1 #3        -> refused: frames_replayed\n"
                       "@50  hello agreed 192 #1 -> refused: frames_replayed\n");
}

Test(wire_rx, a_frame_from_before_the_window_is_refused_though_it_never_came)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  probe s1 #5000           -> ack s1 next 1 seen 5000 probe 5000 #2\n"
                       "@20  data s1 n1 0/1 #905      -> took s1 n1, ack s1 next 2 seen 5000 #3\n"
                       "@30  data s1 n2 0/1 #904      -> refused: frames_replayed\n");
}

Test(wire_rx, newer_tensors_overtake_what_lies_unread)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@0   keep on                ->\n"
                       "@10  data s3 n1 0/1 #2      -> ack s3 next 2 seen 2 #2\n"
                       "@20  data s3 n2 0/1 #3      -> ack s3 next 3 seen 3 #3\n"
                       "@30  data s3 n3 0/1 #4      -> ack s3 next 4 seen 4 #4\n"
                       "@40  take                   -> took s3 n3\n");
    cr_expect_eq(wire_counted(node.wire, WIRE_OVERTAKEN), 2);
}

Test(wire_rx, exact_ones_are_not_acknowledged_while_there_is_no_room_for_them)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@0   keep on                ->\n"
                       "@10  data s2 n1 0/1 #2      -> ack s2 next 2 seen 2 #2\n"
                       "@20  data s2 n2 0/1 #3      -> ack s2 next 3 seen 3 #3\n"
                       "@30  data s2 n3 0/1 #4      -> ack s2 next 3 seen 4 base 1 #4\n"
                       "@40  take                   -> took s2 n1, ack s2 next 4 seen 4 #5\n"
                       "@50  release s2 slot 0      -> data s0 n1 0/1 #6\n");
}

Test(wire_rx, what_is_behind_the_window_or_not_in_the_plan_is_dropped)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  data s3 n2 0/1 #2           ->\n"
                       "@20  data s1 n9 0/1 #3           ->\n"
                       "@30  data s1 n1 0/2 #4           -> frames_unplanned\n"
                       "@40  data s1 n1 0/1 bytes 63 #5  -> frames_unplanned\n"
                       "@50  data s2 n1 0/5 #6           -> frames_unplanned\n"
                       "@60  data s2 n1 0/2 bytes 191 #7 -> frames_unplanned\n"
                       "@70  data s2 n1 3/4 bytes 153 #8 -> frames_unplanned\n"
                       "@80  data s2 n1 0/1 bytes 127 #9 -> frames_unplanned\n"
                       "@85  data s4 n1 0/1 bytes 64 #10 -> frames_unplanned\n"
                       "@90  probe s4 #11                -> frames_unplanned\n");
    cr_expect_eq(wire_counted(node.wire, WIRE_DATA_BEYOND), 2);
}

Test(wire_rx, chunks_that_disagree_about_their_number_are_dropped)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  data s2 n1 0/4 #2            ->\n"
                       "@20  data s2 n1 1/3 #3            -> frames_unplanned\n"
                       "@30  data s2 n1 1/2 bytes 100 #4  -> frames_unplanned\n");
}

Test(wire_rx, half_a_window_of_frames_without_an_ack_brings_one)
{
    trace_wire_init_open(&node, 4);

    expect_wire(&node, "@10  data s2 n1 0/4 #2 ->\n"
                       "@20  data s2 n1 1/4 #3 -> ack s2 next 1 has 11 seen 3 #2\n"
                       "@30  data s2 n1 2/4 #4 ->\n");
}
