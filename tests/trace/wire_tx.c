/* SPDX-License-Identifier: BSD-3-Clause */
/* The sending end: windows, credit, repair, and when loans end. */
#include <criterion/criterion.h>

#include "tests/trace/support_wire.h"

static struct trace_wire node;

static void close_node(void)
{
    trace_wire_free(&node);
}
TestSuite(wire_tx, .fini = close_node);

Test(wire_tx, a_control_is_one_frame_and_needs_one_ack)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  publish s1               -> data s1 n1 0/1 #2\n"
                       "@20  publish s1               -> data s1 n2 0/1 #3\n"
                       "@30  ack s1 next 3 seen 3 #2  ->\n");
    cr_expect(wire_is_idle(node.wire));
    cr_expect_eq(wire_counted(node.wire, WIRE_ACKNOWLEDGED), 2);
}

Test(wire_tx, what_three_later_frames_overtook_is_sent_again_and_nothing_else)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node,
                "@10  publish s2                       -> data s2 n1 0/4 #2, data s2 n1 1/4 #3,"
                " data s2 n1 2/4 #4, data s2 n1 3/4 #5\n"
                "@20  ack s2 next 1 has 101 seen 4 #2  ->\n"
                "@30  ack s2 next 1 has 1011 seen 5 #3 ->\n"
                "@40  publish s1                       -> data s1 n1 0/1 #6\n"
                "@50  ack s2 next 1 has 1011 seen 6 #4 -> data s2 n1 1/4 again #7\n"
                "@60  ack s2 next 1 has 1011 seen 6 #5 ->\n"
                "@70  ack s2 next 2 seen 7 #6          ->\n");
}

Test(wire_tx, an_older_picture_of_the_receiver_takes_nothing_back)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node,
                "@10  publish s2                       -> data s2 n1 0/4 #2, data s2 n1 1/4 #3,"
                " data s2 n1 2/4 #4, data s2 n1 3/4 #5\n"
                "@20  ack s2 next 1 has 1101 seen 5 #3 ->\n"
                "@30  ack s2 next 1 has 1 seen 2 #2    ->\n"
                "@40  ack s2 next 1 has 1101 seen 7 #4 -> data s2 n1 2/4 again #6\n");
}

Test(wire_tx, silence_asks_and_does_not_send)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@0      publish s1                      -> data s1 n1 0/1 #2\n"
                       "@3999   wait                            ->\n"
                       "@4600   wait                            -> probe s1 #3\n"
                       "@8000   wait                            ->\n"
                       "@14000  wait                            -> probe s1 #4\n"
                       "@14100  ack s1 next 1 seen 4 probe 3 #2 -> data s1 n1 0/1 again #5\n"
                       "@14200  ack s1 next 2 seen 5 #3         ->\n"
                       "@99000  wait                            ->\n");
}

Test(wire_tx, an_answer_to_a_probe_says_nothing_of_what_was_sent_after_it)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@0      publish s1                      -> data s1 n1 0/1 #2\n"
                       "@4600   wait                            -> probe s1 #3\n"
                       "@4700   publish s1                      -> data s1 n2 0/1 #4\n"
                       "@4800   ack s1 next 1 seen 3 probe 3 #2 -> data s1 n1 0/1 again #5\n"
                       "@4900   ack s1 next 1 has 01 seen 4 #3  ->\n"
                       "@5000   ack s1 next 3 seen 5 #4         ->\n");
}

Test(wire_tx, data_stops_at_the_credit_and_goes_on_with_it)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node,
                "@10  data s1 n1 0/1 credit 3 #2        -> took s1 n1, ack s1 next 2 seen 2 #2\n"
                "@20  close                             ->\n"
                "@20  open                              ->\n"
                "@20  hello agreed 192 credit 3 #1      -> helloack agreed 192 #1\n"
                "@30  publish s2                        -> data s2 n1 0/4 #2, data s2 n1 1/4 #3\n"
                "@40  probe s1 credit 4 #2              -> ack s1 next 1 seen 2 probe 2 #4\n"
                "@50  ack s2 next 1 has 11 seen 4 credit 5 #3 -> data s2 n1 2/4 #5\n"
                "@60  ack s2 next 1 has 111 seen 5 credit 4 #4 ->\n"
                "@70  ack s2 next 1 has 111 seen 5 credit 9 #5 -> data s2 n1 3/4 #6\n");
}

Test(wire_tx, a_tensor_under_way_is_finished_and_newer_ones_replace_what_waits)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  publish s3 bytes 60       -> data s3 n1 0/1 #2\n"
                       "@20  publish s3 bytes 61       ->\n"
                       "@30  publish s3 bytes 62       -> replaced t2\n"
                       "@40  publish s3 bytes 63       -> replaced t3\n"
                       "@50  ack s3 next 2 seen 2 #2   -> ended s3 t1, data s3 n2 0/1 #3\n"
                       "@60  ack s3 next 3 seen 3 #3   -> ended s3 t4\n");
}

Test(wire_tx, an_exact_stream_is_full_when_its_window_is)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  publish s2 bytes 9      -> data s2 n1 0/1 #2\n"
                       "@20  publish s2 bytes 9      -> data s2 n2 0/1 #3\n"
                       "@30  publish s2 bytes 9      -> full\n"
                       "@40  ack s2 next 2 seen 2 #2 ->\n"
                       "@50  publish s2 bytes 9      -> data s2 n3 0/1 #4\n");
}

Test(wire_tx, an_exact_loan_ends_with_its_readers_and_not_with_the_ack)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node,
                "@10  publish s2 bytes 9      -> data s2 n1 0/1 #2\n"
                "@20  ack s2 next 2 seen 2 #2 ->\n"
                "@30  returns s2 n1 #3        -> ended s2 t1, ack s0 next 2 seen 3 #3\n"
                "@40  returns s2 n1 as 2 #4   -> frames_unplanned, ack s0 next 3 seen 4 #4\n");
}

Test(wire_tx, what_was_given_back_before_its_ack_is_not_sent_again)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node,
                "@10   publish s2 bytes 9              -> data s2 n1 0/1 #2\n"
                "@20   returns s2 n1 #2                -> ended s2 t1, ack s0 next 2 seen 2 #3\n"
                "@4700 wait                            -> probe s2 #4\n"
                "@4800 ack s2 next 1 seen 4 probe 4 #3 ->\n"
                "@4900 ack s2 next 2 seen 4 #4         ->\n");
    cr_expect(wire_is_idle(node.wire));
}

Test(wire_tx, an_ack_of_what_was_not_sent_changes_nothing)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  publish s1               -> data s1 n1 0/1 #2\n"
                       "@20  ack s1 next 3 seen 2 #2  -> frames_unplanned\n"
                       "@30  ack s9 next 1 seen 2 #3  -> frames_unplanned\n"
                       "@40  ack s1 next 2 seen 2 #4  ->\n");
}

Test(wire_tx, controls_and_tensors_take_turns)
{
    trace_wire_init_open(&node, 16);
    expect_wire(&node,
                "@5   data s1 n1 0/1 credit 1 session 0 #2 -> took s1 n1, ack s1 next 2 seen 2 #2\n"
                "@6   close ->\n"
                "@6   open ->\n"
                "@6   hello agreed 192 credit 1 #1 -> helloack agreed 192 #1\n"
                "@10  publish s2 -> \n"
                "@10  publish s2 -> \n"
                "@10  publish s1 -> \n"
                "@10  publish s1 -> \n");

    expect_wire(&node,
                "@20  probe s1 credit 99 #2 -> ack s1 next 1 seen 2 probe 2 #2,"
                " data s2 n1 0/4 #3, data s2 n1 1/4 #4, data s2 n1 2/4 #5, data s2 n1 3/4 #6,"
                " data s1 n1 0/1 #7, data s1 n2 0/1 #8,"
                " data s2 n2 0/4 #9, data s2 n2 1/4 #10, data s2 n2 2/4 #11, data s2 n2 3/4 #12\n");
}
