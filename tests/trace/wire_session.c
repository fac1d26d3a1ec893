/* SPDX-License-Identifier: BSD-3-Clause */
/* HELLO, the length of frames, BYE: both ends of it. */
#include <criterion/criterion.h>

#include "tests/trace/support_wire.h"

static struct trace_wire node;

static void close_node(void)
{
    trace_wire_free(&node);
}
TestSuite(wire_session, .fini = close_node);

Test(wire_session, the_lower_id_asks_and_opens_when_both_steps_are_answered)
{
    trace_wire_init(&node, true, true, 16);

    expect_wire(&node, "@0    open                   -> hello asks 448 #1\n"
                       "@100  helloack asks 448 #1   -> hello agreed 448 #2\n"
                       "@200  helloack agreed 448 #2 ->\n"
                       "@300  publish s1             -> data s1 n1 0/1 #3\n");
    cr_expect_eq(node.wire->session.payload, 448);
}

Test(wire_session, three_unanswered_questions_of_a_length_try_the_next_shorter_one)
{
    trace_wire_init(&node, true, true, 16);

    expect_wire(&node, "@0      open                   -> hello asks 448 #1\n"
                       "@4999   wait                   ->\n"
                       "@5000   wait                   -> hello asks 448 #2\n"
                       "@15000  wait                   -> hello asks 448 #3\n"
                       "@35000  wait                   -> hello asks 192 #4\n"
                       "@36000  helloack asks 192 #1   -> hello agreed 192 #5\n"
                       "@41000  wait                   -> hello agreed 192 #6\n"
                       "@42000  helloack agreed 192 #2 ->\n");
    cr_expect_eq(node.wire->session.payload, 192);
}

/* Without the second step the two ends would cut messages differently from here on. */
Test(wire_session, an_answer_that_comes_late_changes_no_length)
{
    trace_wire_init(&node, true, true, 16);

    expect_wire(&node, "@0      open                   -> hello asks 448 #1\n"
                       "@5000   wait                   -> hello asks 448 #2\n"
                       "@15000  wait                   -> hello asks 448 #3\n"
                       "@35000  wait                   -> hello asks 192 #4\n"
                       "@36000  helloack asks 192 #2   -> hello agreed 192 #5\n"
                       "@36500  helloack asks 448 #1   ->\n"
                       "@37000  helloack agreed 192 #3 ->\n");
    cr_expect_eq(node.wire->session.payload, 192);
    cr_expect_eq(wire_counted(node.wire, WIRE_HELLOS_REFUSED), 0, "it is late, not wrong");
}

Test(wire_session, a_frame_of_another_type_proves_that_the_other_end_is_open)
{
    trace_wire_init(&node, true, false, 16);

    expect_wire(&node, "@0    open                 -> hello asks 192 #1\n"
                       "@100  data s1 n1 0/1 #1    -> frames_early\n"
                       "@200  helloack asks 192 #2 -> hello agreed 192 #2\n"
                       "@300  data s1 n1 0/1 #3    -> took s1 n1, ack s1 next 2 seen 3 #3\n");
}

Test(wire_session, the_higher_id_answers_questions_and_opens_when_a_length_is_agreed)
{
    trace_wire_init(&node, false, true, 16);

    expect_wire(&node, "@0    open                 ->\n"
                       "@100  hello asks 448 #1    -> helloack asks 448 #1\n"
                       "@200  hello asks 192 #2    -> helloack asks 192 #2\n"
                       "@250  data s1 n1 0/1 #3    -> frames_early\n"
                       "@300  hello agreed 192 #4  -> helloack agreed 192 #3\n"
                       "@400  hello agreed 192 #5  -> helloack agreed 192 #4\n"
                       "@500  hello agreed 448 #6  ->\n"
                       "@600  hello asks 448 #7    ->\n");
    cr_expect_eq(node.wire->session.payload, 192);
}

Test(wire_session, other_incarnations_digests_and_lengths_are_refused_and_not_answered)
{
    trace_wire_init(&node, false, true, 16);

    expect_wire(&node, "@0    open                          ->\n"
                       "@100  hello agreed 192 life 1 #1    -> hellos_refused\n"
                       "@200  hello agreed 192 digest 1 #2  -> hellos_refused\n"
                       "@300  hello agreed 256 #3           -> hellos_refused\n"
                       "@400  helloack agreed 192 #4        -> hellos_refused\n"
                       "@500  hello agreed 192 #5           -> helloack agreed 192 #1\n");
}

Test(wire_session, frames_of_another_session_are_stale)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10  data s1 n1 0/1 session 1 #2   -> refused: frames_stale\n"
                       "@20  hello agreed 192 session 1 #2 -> refused: frames_stale\n"
                       "@30  data s1 n1 0/1 #2             -> took s1 n1, ack s1 next 2 seen 2 #2\n"
                       "@40  close                         ->\n"
                       "@50  data s1 n2 0/1 #3             -> refused: frames_stale\n");
}

Test(wire_session, a_new_incarnation_is_a_new_session_and_numbers_begin_anew)
{
    trace_wire_init_open(&node, 16);
    const uint32_t before = node.wire->session.id;

    expect_wire(&node, "@10  publish s1             -> data s1 n1 0/1 #2\n"
                       "@20  publish s2             -> data s2 n1 0/4 #3, data s2 n1 1/4 #4,"
                       " data s2 n1 2/4 #5, data s2 n1 3/4 #6\n"
                       "@30  close                  -> gone s2 t2\n"
                       "@40  open                   ->\n"
                       "@50  hello agreed 192 #1    -> helloack agreed 192 #1\n"
                       "@60  publish s1             -> data s1 n1 0/1 #2\n");
    cr_expect_eq(node.wire->session.id, before, "the same incarnations are the same session");
    expect_wire(&node, "@70  close -> \n"
                       "@80  open life 1 -> \n");
    cr_expect_neq(node.wire->session.id, before);
}

Test(wire_session, ends_when_both_have_said_bye_and_know_it)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@0      goodbye        -> bye #2\n"
                       "@5000   wait           -> bye #3\n"
                       "@6000   bye #2         -> bye heard #4\n"
                       "@7000   bye heard #3   -> bye heard last #5\n"
                       "@8000   bye heard #4   -> bye heard last #6\n"
                       "@9000   bye heard last #5 ->\n");
    cr_expect_eq(wire_state(node.wire), SESSION_ENDED);
    cr_expect_eq(wire_peer_sent(node.wire), 5);
}

Test(wire_session, a_bye_is_not_answered_before_this_end_says_its_own)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10   bye #2            ->\n"
                       "@20   publish s1        -> data s1 n1 0/1 #2\n"
                       "@30   ack s1 next 2 seen 2 #3 ->\n"
                       "@40   goodbye           -> bye heard #3\n"
                       "@50   bye heard last #4 ->\n");
    cr_expect_eq(wire_state(node.wire), SESSION_ENDED);
}

Test(wire_session, a_question_about_the_clock_is_echoed)
{
    trace_wire_init_open(&node, 16);

    expect_wire(&node, "@10 probe #2 -> echo #2\n"
                       "@20 clock    -> probe #3\n"
                       "@30 wait     ->\n");
}
