/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens to single messages: which edges are meant, order, bandwidth, cuts, and what a transport that resends pays. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/unit/support_link.h"

static const uint32_t three[] = {1, 2, 3};

/* ---------------------------------------------------------------------------------------------------- which edges */

static bool concerns(enum inject_edges edges, uint32_t from, uint32_t to)
{
    struct inject entry = link_entry((struct inject_link){.edges = edges, .cut = true});
    entry.select = SELECT_WORKERS;
    entry.workers = three;
    entry.worker_count = 3;
    const struct inject_set set = link_set(&entry, 1, 1);
    return link_concerns(&set, from, to);
}

Test(link, means_edges_by_which_of_their_ends_are_selected)
{
    static const char *const want[] = {[EDGES_OUT] = "1-5 1-2",
                                       [EDGES_IN] = "5-1 1-2",
                                       [EDGES_BOTH] = "1-5 5-1 1-2",
                                       [EDGES_WITHIN] = "1-2",
                                       [EDGES_ACROSS] = "1-5 5-1"};
    static const uint32_t pair[][2] = {{1, 5}, {5, 1}, {1, 2}, {5, 6}};
    for (uint32_t edges = EDGES_OUT; edges <= EDGES_ACROSS; edges++) {
        char got[64] = "";
        for (uint32_t i = 0; i < 4; i++)
            if (concerns((enum inject_edges)edges, pair[i][0], pair[i][1]))
                snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u-%u", got[0] ? " " : "",
                         pair[i][0], pair[i][1]);
        cr_expect_str_eq(got, want[edges]);
    }
}

Test(link, is_not_concerned_by_entries_that_do_nothing_to_messages)
{
    struct inject entry[2] = {link_entry((struct inject_link){.gap_ns = 5, .resend_ns = 7}),
                              {.law = law_find("slowdown"), .config.factor = 10}};
    const struct inject_set set = link_set(entry, 2, 1);

    cr_expect_not(link_concerns(&set, 1, 2));
    cr_expect_not(link_concerns(&(struct inject_set){.workers = 16}, 1, 2));
}

Test(link, hits_a_share_of_messages_where_percent_each_is_selected)
{
    struct inject entry = link_entry((struct inject_link){.edges = EDGES_BOTH, .cut = true});
    entry.select = SELECT_PERCENT_EACH;
    entry.share = 0.1;
    const struct inject_set set = link_set(&entry, 1, 1);
    uint32_t cut = 0;

    for (uint32_t n = 0; n < 20000; n++)
        cut += link_alone(&set, link_message(n, 0)).cause == LINK_CUT;

    cr_expect_float_eq(cut / 20000.0, 0.19, 0.0125, "either end, each with a tenth");
}

/* ------------------------------------------------------------------------------------------------- delay and order */

static struct inject jitter(bool overtake)
{
    struct inject entry = link_entry((struct inject_link){.overtake = overtake});
    entry.law = law_find("shifted-exp");
    entry.config = (struct law_config){.shift_ns = 10 * US, .mean_ns = 100 * US};
    return entry;
}

Test(link, keeps_the_order_of_an_edge_and_class_unless_told_otherwise)
{
    for (uint32_t overtake = 0; overtake < 2; overtake++) {
        const struct inject entry = jitter(overtake);
        const struct inject_set set = link_set(&entry, 1, 1);
        struct link_state state = {0};
        uint64_t before = 0;
        uint32_t earlier = 0;

        for (uint32_t n = 0; n < 1000; n++) {
            const struct link_packet packet = link_message(n, n * 10 * US);
            const struct link_fate fate = link_decide(&set, &packet, &state);
            cr_assert_geq(fate.release_ns, packet.at_ns + 10 * US);
            cr_assert_eq(fate.overtakes, overtake);
            earlier += fate.release_ns < before;
            before = fate.release_ns;
        }

        cr_expect(overtake ? earlier > 300 : earlier == 0, "%u", earlier);
    }
}

Test(link, lets_controls_pass_tensors_that_are_late)
{
    const struct inject entry = jitter(false);
    const struct inject_set set = link_set(&entry, 1, 1);
    struct link_state state = {0};
    struct link_packet packet = link_message(0, 0);
    state.last_ns[LINK_TENSOR] = 1000 * MS;

    packet.class = LINK_CONTROL;

    cr_expect_lt(link_decide(&set, &packet, &state).release_ns, 1000 * MS);
}

Test(link, adds_the_delays_of_all_entries)
{
    struct inject entry[2] = {link_entry((struct inject_link){0}),
                              link_entry((struct inject_link){0})};
    for (uint32_t i = 0; i < 2; i++) {
        entry[i].law = law_find("shifted-exp");
        entry[i].config = (struct law_config){.shift_ns = (i + 1) * MS, .mean_ns = 1};
    }
    const struct inject_set set = link_set(entry, 2, 1);

    const uint64_t release_ns = link_alone(&set, link_message(0, 5)).release_ns;

    cr_expect_geq(release_ns, 5 + 3 * MS);
    cr_expect_lt(release_ns, 5 + 3 * MS + 100);
}

Test(link, scales_delays_by_when)
{
    struct inject entry = jitter(true);
    entry.when = (struct inject_when){
        .start_ns = MS, .stop_ns = 3 * MS, .step = {{2 * MS, 0.5}}, .steps = 1};
    const struct inject_set set = link_set(&entry, 1, 1);
    struct inject always = jitter(true);
    const struct inject_set full = link_set(&always, 1, 1);

    cr_expect_eq(link_alone(&set, link_message(3, 0)).release_ns, 0);
    cr_expect_eq(link_alone(&set, link_message(3, 3 * MS)).release_ns, 3 * MS);
    const uint64_t half = link_alone(&set, link_message(3, 2 * MS)).release_ns - 2 * MS;
    const uint64_t whole = link_alone(&full, link_message(3, 0)).release_ns;
    cr_expect_leq(2 * half > whole ? 2 * half - whole : whole - 2 * half, 1);
}

Test(link, reordered_messages_are_late_by_up_to_the_gap_and_hold_nobody)
{
    const struct inject entry =
        link_entry((struct inject_link){.reorder = 0.2, .gap_ns = 100 * US});
    const struct inject_set set = link_set(&entry, 1, 1);
    struct link_state state = {0};
    uint32_t late = 0;

    for (uint32_t n = 0; n < 10000; n++) {
        const struct link_packet packet = link_message(n, n * US);
        const struct link_fate fate = link_decide(&set, &packet, &state);
        cr_assert_lt(fate.release_ns, packet.at_ns + 100 * US);
        cr_assert(fate.overtakes || fate.release_ns == packet.at_ns, "it waits for nobody");
        late += fate.overtakes;
    }

    cr_expect_float_eq(late / 10000.0, 0.2, 0.018);
}

Test(link, copies_come_with_the_message_or_up_to_the_gap_later)
{
    for (uint64_t gap_ns = 0; gap_ns <= 50 * US; gap_ns += 50 * US) {
        const struct inject entry =
            link_entry((struct inject_link){.duplicate = 0.3, .gap_ns = gap_ns});
        const struct inject_set set = link_set(&entry, 1, 1);
        uint32_t copies = 0;
        for (uint32_t n = 0; n < 10000; n++) {
            const struct link_fate fate = link_alone(&set, link_message(n, MS));
            copies += fate.copy_ns > 0;
            cr_assert(fate.copy_ns == 0 || (fate.copy_ns >= MS && fate.copy_ns <= MS + gap_ns));
            cr_assert_eq(fate.release_ns, MS);
        }
        cr_expect_float_eq(copies / 10000.0, 0.3, 0.021);
    }
}

Test(link, publishing_late_is_asked_of_publish_entries_alone)
{
    struct inject entry = jitter(false);
    const struct inject_set links = link_set(&entry, 1, 1);
    cr_expect_eq(link_publish_ns(&links, 2, 0, 0), 0);

    entry.what = INJECT_PUBLISH;
    cr_expect_geq(link_publish_ns(&links, 2, 0, 0), 10 * US);
    cr_expect_neq(link_publish_ns(&links, 2, 0, 0), link_publish_ns(&links, 2, 1, 0));
    cr_expect_not(link_concerns(&links, 2, 5));
}

/* ------------------------------------------------------------------------------------------------------ bandwidth */

Test(link, a_rate_lets_its_bucket_go_at_once_and_the_rest_in_time)
{
    const struct inject entry =
        link_entry((struct inject_link){.bytes_per_s = 1e9, .bucket_bytes = 3000});
    const struct inject_set set = link_set(&entry, 1, 1);
    static const uint64_t want[] = {0, 0, 0, 1000, 2000, 3000};
    struct link_state state = {0};
    for (uint32_t n = 0; n < 6; n++) {
        const struct link_packet packet = link_message(n, 0);
        cr_expect_eq(link_decide(&set, &packet, &state).release_ns, want[n], "message %u", n);
    }

    const struct link_packet rested = link_message(6, 100 * US);
    cr_expect_eq(link_decide(&set, &rested, &state).release_ns, 100 * US, "full again");
}

Test(link, a_rate_is_the_throughput_over_a_long_time)
{
    const struct inject entry =
        link_entry((struct inject_link){.bytes_per_s = 123e6, .bucket_bytes = 10000});
    const struct inject_set set = link_set(&entry, 1, 1);
    struct link_state state = {0};
    uint64_t last_ns = 0;

    for (uint32_t n = 0; n < 100000; n++) {
        struct link_packet packet = link_message(n, n * 10);
        packet.bytes = 500 + rng_at(1, n) % 1000;
        last_ns = link_decide(&set, &packet, &state).release_ns;
    }

    double bytes = 0;
    for (uint32_t n = 0; n < 100000; n++)
        bytes += 500 + (double)(rng_at(1, n) % 1000);
    cr_expect_float_eq((bytes - 10000) * 1e9 / (double)last_ns, 123e6, 123e6 * 1e-4);
}

Test(link, a_full_queue_drops_what_has_no_room)
{
    const struct inject entry = link_entry(
        (struct inject_link){.bytes_per_s = 1e9, .bucket_bytes = 1000, .queue_bytes = 2000});
    const struct inject_set set = link_set(&entry, 1, 1);
    static const enum link_cause want[] = {LINK_PASSES, LINK_PASSES, LINK_PASSES, LINK_FULL};
    struct link_state state = {0};
    for (uint32_t n = 0; n < 4; n++) {
        const struct link_packet packet = link_message(n, 0);
        cr_expect_eq(link_decide(&set, &packet, &state).cause, want[n], "message %u", n);
    }

    const struct link_packet later = link_message(4, 1000);
    cr_expect_eq(link_decide(&set, &later, &state).cause, LINK_PASSES, "one has left");
}

Test(link, an_idle_link_takes_a_message_larger_than_its_queue)
{
    const struct inject entry =
        link_entry((struct inject_link){.bytes_per_s = 1e9, .bucket_bytes = 10, .queue_bytes = 20});
    const struct inject_set set = link_set(&entry, 1, 1);

    const struct link_fate fate = link_alone(&set, link_message(0, 0));

    cr_expect_eq(fate.cause, LINK_PASSES);
    cr_expect_eq(fate.release_ns, 990);
}

Test(link, a_full_queue_makes_a_resending_transport_wait_for_room)
{
    const struct inject entry = link_entry((struct inject_link){
        .bytes_per_s = 1e9, .bucket_bytes = 1000, .queue_bytes = 1000, .resend_ns = 300});
    const struct inject_set set = link_set(&entry, 1, 1);
    struct link_state state = {0};
    struct link_fate fate = {0};
    for (uint32_t n = 0; n < 3; n++) {
        struct link_packet packet = link_message(n, 0);
        packet.resends = true;
        fate = link_decide(&set, &packet, &state);
        cr_assert_eq(fate.cause, LINK_PASSES);
    }

    cr_expect_eq(fate.resent, 4, "room after 1000 ns: in the fourth step of 300");
    cr_expect_eq(fate.resent_for, LINK_FULL);
    cr_expect_eq(fate.release_ns, 2000);
}

/* ----------------------------------------------------------------------------------------------------------- cuts */

Test(link, a_partition_cuts_within_its_window_only)
{
    struct inject entry = link_entry((struct inject_link){.edges = EDGES_ACROSS, .cut = true});
    entry.select = SELECT_WORKERS;
    entry.workers = three;
    entry.worker_count = 3;
    entry.when = (struct inject_when){.start_ns = 10, .every_ns = 100, .for_ns = 20};
    const struct inject_set set = link_set(&entry, 1, 1);

    for (uint64_t at = 0; at < 300; at++) {
        const bool inside = at >= 10 && (at - 10) % 100 < 20;
        const struct link_fate fate = link_alone(&set, link_message(at, at));
        cr_assert_eq(fate.cause, inside ? LINK_CUT : LINK_PASSES, "at %llu",
                     (unsigned long long)at);
        cr_assert_eq(fate.release_ns, at);
    }
}

Test(link, resending_over_a_cut_succeeds_at_the_first_step_after_it)
{
    struct inject entry = link_entry((struct inject_link){.cut = true, .resend_ns = 30});
    entry.when = (struct inject_when){.start_ns = 10, .stop_ns = 100};
    const struct inject_set set = link_set(&entry, 1, 1);
    struct link_packet packet = link_message(0, 20);
    packet.resends = true;

    const struct link_fate fate = link_alone(&set, packet);

    cr_expect_eq(fate.cause, LINK_PASSES);
    cr_expect_eq(fate.release_ns, 110);
    cr_expect_eq(fate.resent, 3);
    cr_expect_eq(fate.resent_for, LINK_CUT);
}

Test(link, nothing_leaves_over_a_cut_for_good_nor_anything_behind_it)
{
    struct inject entry = link_entry((struct inject_link){.cut = true, .resend_ns = 30});
    entry.when = (struct inject_when){.start_ns = 100};
    const struct inject_set set = link_set(&entry, 1, 1);
    struct link_state state = {0};
    for (uint32_t n = 0; n < 3; n++) {
        struct link_packet packet = link_message(n, n == 2 ? 50 : 100);
        packet.resends = n != 1;
        const struct link_fate fate = link_decide(&set, &packet, &state);
        cr_expect_eq(fate.cause, LINK_CUT);
        cr_expect_eq(fate.release_ns, n == 1 ? 100 : LINK_NEVER_NS, "message %u", n);
    }
}

Test(link, a_link_that_flaps_is_down_for_its_share_in_both_directions_at_once)
{
    const struct inject entry =
        link_entry((struct inject_link){.up_ns = 30 * US, .down_ns = 10 * US});
    const struct inject_set set = link_set(&entry, 1, 1);
    uint32_t down = 0, other = 0;

    for (uint32_t n = 0; n < 40000; n++) {
        struct link_packet there = link_message(n, n * 5 * US), back = link_message(0, n * 5 * US);
        back.from = there.to;
        back.to = there.from;
        back.class = LINK_CONTROL;
        const bool cut = link_alone(&set, there).cause == LINK_CUT;
        down += cut;
        cr_assert_eq(link_alone(&set, back).cause == LINK_CUT, cut);
        there.to = 6;
        other += cut && link_alone(&set, there).cause == LINK_CUT;
    }

    cr_expect_float_eq(down / 40000.0, 0.25, 0.02);
    cr_expect_float_eq(other / 40000.0, 0.0625, 0.015, "another link flaps by itself");
}

/* -------------------------------------------------------------------------------------------------------- resending */

Test(link, each_loss_costs_a_resending_transport_one_step)
{
    const struct inject entry = link_entry((struct inject_link){.loss = 0.4, .resend_ns = 50 * US});
    const struct inject_set set = link_set(&entry, 1, 1);
    uint32_t resent = 0;

    for (uint32_t n = 0; n < 20000; n++) {
        struct link_packet packet = link_message(n, 7);
        packet.resends = true;
        const struct link_fate fate = link_alone(&set, packet);
        cr_assert_eq(fate.cause, LINK_PASSES);
        cr_assert_eq(fate.release_ns, 7 + fate.resent * 50 * US);
        resent += fate.resent;
    }

    cr_expect_float_eq(resent / 20000.0, 0.4 / 0.6, 0.034, "geometric");
}

Test(link, a_link_that_loses_everything_never_lets_go)
{
    const struct inject entry = link_entry((struct inject_link){.loss = 1, .resend_ns = 5});
    const struct inject_set set = link_set(&entry, 1, 1);
    struct link_packet packet = link_message(0, 0);
    packet.resends = true;

    const struct link_fate fate = link_alone(&set, packet);

    cr_expect_eq(fate.release_ns, LINK_NEVER_NS);
    cr_expect_eq(fate.cause, LINK_LOST);
    cr_expect_eq(fate.resent, LINK_RESENDS_MAX);
}

Test(link, an_unreliable_entry_loses_tensors_for_good_but_no_controls)
{
    const struct inject entry =
        link_entry((struct inject_link){.loss = 0.5, .resend_ns = 5, .unreliable = true});
    const struct inject_set set = link_set(&entry, 1, 1);
    uint32_t lost[LINK_CLASSES] = {0};

    for (uint32_t n = 0; n < 2000; n++) {
        struct link_packet packet = link_message(n / 2, 0);
        packet.class = n % 2 ? LINK_CONTROL : LINK_TENSOR;
        packet.resends = true;
        lost[packet.class] += link_alone(&set, packet).cause == LINK_LOST;
    }

    cr_expect_float_eq(lost[LINK_TENSOR] / 1000.0, 0.5, 0.07);
    cr_expect_eq(lost[LINK_CONTROL], 0);
}

Test(link, a_damaged_message_travels_like_any_other_and_names_a_bit)
{
    struct inject entry = jitter(false);
    entry.link.corrupt = 1;
    struct inject whole = jitter(false);
    const struct inject_set set = link_set(&entry, 1, 1), sound = link_set(&whole, 1, 1);

    const struct link_fate one = link_alone(&set, link_message(1, 0));
    const struct link_fate two = link_alone(&set, link_message(2, 0));

    cr_expect_eq(one.cause, LINK_CORRUPT);
    cr_expect_eq(one.release_ns, link_alone(&sound, link_message(1, 0)).release_ns);
    cr_expect_neq(one.flip, two.flip);
}

Test(link, saturates_instead_of_coming_before_its_time)
{
    struct inject entry = jitter(false);
    entry.link.bytes_per_s = 1e-3;
    const struct inject_set set = link_set(&entry, 1, 1);
    struct link_packet packet = link_message(0, UINT64_MAX - 5);
    packet.bytes = UINT64_MAX;

    cr_expect_eq(link_alone(&set, packet).release_ns, LINK_NEVER_NS);
    packet.at_ns = 0;
    cr_expect_geq(link_alone(&set, packet).release_ns, UINT64_C(1) << 61);
}
