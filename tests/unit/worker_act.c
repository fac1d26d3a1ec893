/* SPDX-License-Identifier: BSD-3-Clause */
/* The live driver's checklist on a port in plain memory: what an action does to models, slots, channels and counters. */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/learn/mix.h"
#include "tests/unit/support_port.h"

static const uint32_t everybody[DESK_PEERS] = {0, 1, 2};

static struct action send_to_everybody(void)
{
    return (struct action){
        .kind = ACT_SEND, .type = TENSOR_MODEL, .tag = 7, .peers = everybody, .count = DESK_PEERS};
}

static struct action mix(enum mix_rule rule, const struct mix_term *terms, uint32_t count)
{
    return (struct action){
        .kind = ACT_MIX, .rule = (uint8_t)rule, .terms = terms, .count = count, .slices = 4};
}

static uint32_t loans_of(uint32_t slot)
{
    return worker.slots.entry[slot].loans;
}

/* The next gradient is `value` everywhere. */
static void gradient_is(float value)
{
    desk_fill(&desk.gradient, value);
}

/* Optimizer */

Test(apply, steps_against_the_gradient_into_a_new_version)
{
    desk_open(2, 4.0f);
    gradient_is(6.0f);
    const uint32_t before = worker.current;

    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));

    cr_expect(desk_current_is(1.0f)); /* 4 - 0.5 * 6 */
    cr_expect_eq(worker.version, 2u);
    cr_expect_eq(desk.stamp[worker.current], slots_current_handle(&worker.slots, worker.current));
    cr_expect_neq(worker.current, before, "written out of place");
    cr_expect_eq(worker.slots.free_count, 1u, "the old model is free again");
}

Test(apply, books_what_it_took_from_the_ledgers_sum)
{
    desk_open(2, 4.0f);
    desk.gradient.at[3] = 6.0f; /* counts +1: an even number of bits */
    desk.gradient.at[4] = 2.0f; /* counts -1 */

    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));

    const double now = mix_ledger(desk.slot[worker.current].at, DESK_DIM);
    cr_expect_eq(worker.ledger.applied, 0.5 * 6 - 0.5 * 2);
    cr_expect_eq(worker.ledger.applied, worker.ledger.start - now);
}

Test(apply, counts_how_often_the_model_has_changed_since_the_gradient_was_taken)
{
    desk_open(3, 4.0f);
    gradient_is(6.0f);
    worker.compute.slot_version = worker.version;
    const struct mix_term terms[] = {desk_shows(2, 2.0f, 0)};

    cr_assert(desk_do((struct action){.kind = ACT_APPLY})); /* nothing came between */
    worker.compute.slot_version = worker.version;
    cr_assert(desk_do(mix(MIX_MEAN, terms, 1)));
    cr_assert(desk_do(mix(MIX_MEAN, terms, 1)));
    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));

    cr_expect_eq(worker.hist[SERIES_STALENESS].total, 2u);
    cr_expect_eq(worker.hist[SERIES_STALENESS].min, 0u);
    cr_expect_eq(worker.hist[SERIES_STALENESS].max, 2u);
}

Test(apply, lowers_its_rate_once_for_every_full_share_of_the_budget)
{
    desk_open(2, 4.0f);
    gradient_is(8.0f);
    desk.common.decay = (struct progress_decay){.every = 0.25, .factor = 0.5};
    desk.cohort.budget = (struct progress_budget){.iterations = 25, .workers = 4};
    desk.pub[0].finished = 60; /* two quarters are over */

    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));

    cr_expect(desk_current_is(4.0f - 8.0f / 8));
}

static const struct policy weighted = {
    .name = "weighted", .lanes = LANES_WEIGHT, .step = desk_step};

Test(apply, scales_the_step_by_the_weight_where_the_row_says_so)
{
    desk_open_as(&weighted, 2, 4.0f);
    gradient_is(6.0f);
    desk.slot[worker.current].at[DESK_DIM] = 0.5f;

    cr_assert(desk_do((struct action){.kind = ACT_APPLY, .rule = APPLY_SCALED}));
    cr_expect(desk_current_is(4.0f - 0.5f * 0.5f * 6));
    cr_assert(desk_do((struct action){.kind = ACT_APPLY, .rule = APPLY_PLAIN}));
    cr_expect(desk_current_is(4.0f - 1.5f - 0.5f * 6));

    cr_expect_eq(desk_current(DESK_DIM), 0.5f, "steps leave the weight alone");
}

/* Averages */

Test(mix, takes_the_plain_mean_of_itself_and_its_peers)
{
    desk_open(2, 1.0f);
    const struct mix_term terms[] = {desk_shows(2, 2.0f, 0), desk_shows(0, 4.0f, 0),
                                     desk_shows(1, 9.0f, 0)};

    cr_assert(desk_do(mix(MIX_MEAN, terms, 3)));

    cr_expect(desk_current_is(4.0f));
    cr_expect_eq(worker.version, 2u);
    cr_expect_eq(worker.count.mixes, 1u);
    cr_expect_eq(worker.account.mixed_with, 3u);
    cr_expect_eq(desk.stamp[worker.current], slots_current_handle(&worker.slots, worker.current));
}

Test(mix, notes_how_old_a_model_is_when_it_is_averaged)
{
    static _Atomic uint64_t published[DESK_SELF + 2][DESK_SLOTS];
    desk_open(3, 1.0f);
    for (uint32_t w = 0; w < DESK_SELF + 2; w++)
        desk.pub[w].published_cyc = published[w];
    const struct mix_term terms[] = {desk_shows(0, 2.0f, 0), desk_shows(1, 4.0f, 0)};
    const uint64_t now = clock_cyc();
    published[0][0] = now - 5000000;                 /* at least 5 ms ago, of peer 0's slot 0 */
    published[1][1] = now + UINT64_C(3600000000000); /* a stamp of the future: it is fresh */
    desk.pub[0].version = 43;                        /* three newer than 40 */
    desk.pub[1].version = 41;

    for (worker.finished = 0; worker.finished < 2; worker.finished++) /* each neighbour in turn */
        cr_assert(desk_do(mix(MIX_MEAN, terms, 2)));
    cr_assert(desk_do(mix(MIX_SLICE_COPY, terms, 2))); /* no models, but slices of a sum */

    cr_expect_eq(worker.hist[SERIES_AGE].total, 2u);
    cr_expect_eq(worker.hist[SERIES_AGE].min, 0u);
    cr_expect_geq(worker.hist[SERIES_AGE].max, 5000000u);
    cr_expect_eq(worker.hist[SERIES_AGE_VERSIONS].total, 2u);
    cr_expect_eq(worker.hist[SERIES_AGE_VERSIONS].min, 0u);
    cr_expect_eq(worker.hist[SERIES_AGE_VERSIONS].max, 3u);
}

static const struct policy serving = {.name = "serving", .central = true, .step = desk_step};

Test(mix, at_a_server_counts_how_many_updates_came_between)
{
    desk_open_as(&serving, 3, 1.0f);
    worker.id = 0;
    worker.version = 1;
    struct mix_term term = desk_shows(0, 2.0f, 1);
    term.base = slots_current_handle(&worker.slots, worker.current); /* made from version 1 */
    slots_lend(&worker.slots, worker.current, 0);

    cr_assert(desk_do(mix(MIX_DELTA_OWN, &term, 1)));
    cr_assert(desk_do(mix(MIX_DELTA_OWN, &term, 1)));
    cr_assert(desk_do(mix(MIX_DELTA_OWN, &term, 1)));

    cr_expect_eq(worker.hist[SERIES_STALENESS].total, 3u);
    cr_expect_eq(worker.hist[SERIES_STALENESS].sum, 0u + 1u + 2u);
    cr_expect_eq(worker.hist[SERIES_AGE].total, 0u, "what it averages are gradients");
}

Test(publish, shows_the_newest_version_and_when_it_was_sent)
{
    static _Atomic uint64_t published[DESK_SLOTS];
    desk_open(3, 1.0f);
    desk.pub[DESK_SELF].published_cyc = published;
    gradient_is(6.0f);
    const uint64_t before = clock_cyc();

    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));
    cr_assert(desk_do(send_to_everybody()));

    cr_expect_eq(desk.pub[DESK_SELF].version, 2u);
    cr_expect_geq(published[worker.current], before);
    cr_expect_leq(published[worker.current], desk_read(0).sent_cyc);
}

Test(mix, adds_in_order_of_worker_id_whoever_answered_first)
{
    /* Ids 0 1 2 3. In this order 1e8 swallows the first 1 and is gone when the last one comes; no order that takes the
     * worker itself (2) first, or worker 3 before it, gives the same. */
    static const uint32_t order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const float shown[DESK_PEERS] = {1e8f, 1.0f, 1.0f};
    desk_open(2, -1e8f);
    const uint32_t own = worker.current;

    for (uint32_t k = 0; k < 6; k++) {
        struct mix_term terms[3];
        for (uint32_t i = 0; i < 3; i++)
            terms[i] = desk_shows(order[k][i], shown[order[k][i]], 0);
        desk_fill(&desk.slot[worker.current], -1e8f);
        cr_assert(desk_do(mix(MIX_MEAN, terms, 3)));
        cr_expect_eq(desk_current(5), 0.25f, "order %u gives %g", k, (double)desk_current(5));
    }
    cr_expect_eq(worker.current, own, "two slots in turn");
}

Test(mix, weighs_peers_by_metropolis_and_keeps_the_rest_itself)
{
    desk_open(2, 8.0f);
    const struct mix_term terms[] = {desk_shows(1, 32.0f, 3), desk_shows(2, 64.0f, 7),
                                     desk_shows(0, 16.0f, 1)};
    struct action action = mix(MIX_METROPOLIS, terms, 3);
    action.degree = 3;

    cr_assert(desk_do(action));

    cr_expect(desk_current_is(8.0f * 3 / 8 + 16.0f / 4 + 32.0f / 4 + 64.0f / 8));
}

Test(mix, divides_given_weights_by_their_sum)
{
    desk_open(2, 8.0f);
    const struct mix_term terms[] = {desk_shows(0, 16.0f, 1), desk_shows(2, 32.0f, 4)};
    struct action action = mix(MIX_WEIGHTED, terms, 2);
    action.degree = 3;

    cr_assert(desk_do(action));

    cr_expect(desk_current_is((3 * 8.0f + 16.0f + 4 * 32.0f) / 8));
}

Test(mix, averages_one_slice_and_keeps_the_others)
{
    desk_open(2, 1.0f);
    const struct mix_term terms[] = {desk_shows(0, 2.0f, 0), desk_shows(1, 3.0f, 0),
                                     desk_shows(2, 10.0f, 0)};
    struct action action = mix(MIX_SLICE_MEAN, terms, 3);
    action.slice = 1;

    cr_assert(desk_do(action));

    for (uint32_t d = 0; d < DESK_DIM; d++)
        cr_expect_eq(desk_current(d), d / 16 == 1 ? 4.0f : 1.0f, "coordinate %u", d);
    cr_expect_eq(worker.count.mixes, 0u, "the other half follows");
}

Test(mix, averages_nothing_in_a_slice_without_coordinates)
{
    desk_open(2, 1.0f);
    const struct mix_term terms[] = {desk_shows(0, 2.0f, 0)};
    struct action action = mix(MIX_SLICE_MEAN, terms, 1);
    action.slices = 8; /* 4 blocks for 8 slices */

    cr_assert(desk_do(action));

    cr_expect(desk_current_is(1.0f));
    cr_expect_eq(worker.version, 2u);
}

Test(mix, copies_from_each_peer_the_slice_that_is_its_own)
{
    desk_open(2, 1.0f);
    const struct mix_term terms[] = {desk_shows(2, 30.0f, 3), desk_shows(0, 10.0f, 0),
                                     desk_shows(1, 20.0f, 1)};
    static const float expected[4] = {10.0f, 20.0f, 1.0f, 30.0f};

    cr_assert(desk_do(mix(MIX_SLICE_COPY, terms, 3)));

    for (uint32_t d = 0; d < DESK_DIM; d++)
        cr_expect_eq(desk_current(d), expected[d / 16], "coordinate %u", d);
    cr_expect_eq(worker.count.mixes, 1u);
}

Test(mix, without_anybody_elses_model_is_no_exchange)
{
    static const struct policy sums = {
        .name = "sums", .lanes = LANES_CUMULATIVE, .step = desk_step};
    desk_open_as(&sums, 2, 8.0f);
    struct action split = mix(MIX_SPLIT, NULL, 0);
    split.degree = 3;

    cr_assert(desk_do(split));

    cr_expect(desk_current_is(2.0f));
    cr_expect_eq(desk_current(DESK_DIM), 0.25f, "the weight is shared as well");
    cr_expect_eq(worker.version, 2u);
    cr_expect_eq(worker.count.mixes, 0u);
}

/* The same peer's older snapshot, which the worker has not released yet. */
static const float *view_of_two(struct port *port, uint32_t id, uint32_t edge, slots_handle handle)
{
    static struct desk_row older;
    if (handle == desk.peer[edge].handle)
        return desk_view(port, id, edge, handle);
    cr_expect_eq(handle, 77u);
    desk_fill(&older, 5.0f);
    return older.at;
}

static int always_valid(struct port *port, uint32_t id, uint32_t edge, slots_handle handle)
{
    (void)port, (void)id, (void)edge, (void)handle;
    return 1;
}

static struct port_ops two;

/* A policy of running sums, and a model of peer 1 with an older one of it as base. */
static bool collect_with(int (*valid)(struct port *, uint32_t, uint32_t, slots_handle))
{
    static const struct policy sums = {
        .name = "sums", .lanes = LANES_CUMULATIVE, .step = desk_step};
    desk_open_as(&sums, 2, 1.0f);
    struct mix_term terms[] = {desk_shows(1, 9.0f, 2)};
    terms[0].base = 77;
    two = desk_ops;
    two.view = view_of_two;
    two.valid = valid ? valid : desk_ops.valid;
    desk.port.ops = &two;
    return desk_do(mix(MIX_COLLECT, terms, 1));
}

Test(mix, reads_the_base_at_the_peer)
{
    cr_assert(collect_with(always_valid));

    cr_expect_eq(worker.version, 2u);
}

Test(mix, checks_that_the_base_was_not_reused_either, .signal = SIGABRT)
{
    collect_with(NULL);
}

/* The model is 4, lent to everybody, then stepped to 1; returns the handle of the lent one. */
static slots_handle lend_and_step(void)
{
    desk_open(3, 4.0f);
    gradient_is(6.0f);
    cr_assert(desk_do(send_to_everybody()));
    const slots_handle lent = slots_current_handle(&worker.slots, worker.current);
    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));
    return lent;
}

Test(mix, adds_what_a_peer_moved_since_the_own_snapshot_it_was_lent)
{
    const slots_handle lent = lend_and_step();
    struct mix_term terms[] = {desk_shows(1, 3.0f, 1)};
    terms[0].base = lent;

    cr_assert(desk_do(mix(MIX_DELTA_OWN, terms, 1)));

    cr_expect(desk_current_is(1.0f + (3.0f - 4.0f)));
}

Test(mix, takes_no_own_base_that_nobody_has_on_loan, .signal = SIGABRT)
{
    const slots_handle lent = lend_and_step();
    struct mix_term terms[] = {desk_shows(1, 3.0f, 1)};
    terms[0].base = lent;
    for (uint32_t edge = 0; edge < DESK_PEERS; edge++)
        desk_give_back(edge);
    desk_reclaim(&desk.port, DESK_SELF, &worker.slots);

    desk_do(mix(MIX_DELTA_OWN, terms, 1));
}

static int never_valid(struct port *port, uint32_t id, uint32_t edge, slots_handle handle)
{
    (void)port, (void)id, (void)edge, (void)handle;
    return 0;
}

Test(mix, aborts_when_a_snapshot_was_reused_under_its_reader, .signal = SIGABRT)
{
    struct port_ops torn = desk_ops;
    desk_open(2, 1.0f);
    const struct mix_term terms[] = {desk_shows(0, 2.0f, 0)};
    desk.port.ops = &torn;
    torn.valid = never_valid;

    desk_do(mix(MIX_MEAN, terms, 1));
}

/* Channels */

Test(send, lends_the_current_model_to_every_peer)
{
    desk_open(2, 1.0f);
    worker.finished = 12;
    struct action action = send_to_everybody();
    action.degree = 5;

    cr_assert(desk_do(action));

    const slots_handle handle = slots_current_handle(&worker.slots, worker.current);
    for (uint32_t edge = 0; edge < DESK_PEERS; edge++) {
        const struct port_message m = desk_read(edge);
        cr_expect_eq(m.handle, handle);
        cr_expect_eq(m.tag, 7u);
        cr_expect_eq(m.type, TENSOR_MODEL);
        cr_expect_eq(m.degree, 5u);
        cr_expect_eq(m.iteration, 12u);
        cr_expect(m.is_tensor);
        cr_expect_gt(m.sent_cyc, 0u);
    }
    cr_expect_eq(loans_of(worker.current), 3u);
    cr_expect_eq(desk.pub[DESK_SELF].sent, 3u);
    cr_expect_eq(worker.count.tensors_sent, 3u);
}

Test(send, counts_the_bytes_that_its_receivers_are_meant_to_read)
{
    desk_open(2, 1.0f);
    struct action action = send_to_everybody();

    cr_assert(desk_do(action));
    cr_expect_eq(worker.count.bytes_exchanged, 3 * 256u);

    action.slices = 4;
    action.slice = 2;
    cr_assert(desk_do(action));
    cr_expect_eq(worker.count.bytes_exchanged, 3 * 256u + 3 * 64u);
    cr_expect_eq(desk.pub[DESK_SELF].bytes, worker.count.bytes_exchanged);
    cr_expect_eq(desk.peer[1].got[1].slice, 2u);
    cr_expect_eq(desk.peer[1].got[1].slices, 4u);
}

Test(send, keeps_a_lent_snapshot_until_every_peer_has_given_it_back)
{
    desk_open(3, 1.0f);
    cr_assert(desk_do(send_to_everybody()));
    const uint32_t lent = worker.current;
    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));

    desk_give_back(0);
    desk_give_back(2);
    desk_reclaim(&desk.port, DESK_SELF, &worker.slots);
    cr_expect_eq(loans_of(lent), 1u);
    cr_expect_eq(worker.slots.free_count, 1u);

    desk_give_back(1);
    desk_reclaim(&desk.port, DESK_SELF, &worker.slots);
    cr_expect_eq(worker.slots.free_count, 2u);
}

Test(send, takes_back_the_loan_of_a_message_it_supersedes)
{
    desk_open(3, 1.0f);
    desk.newest = true;
    const uint32_t first = worker.current;
    cr_assert(desk_do(send_to_everybody()));
    desk_read(1); /* the others have not looked */
    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));

    cr_assert(desk_do(send_to_everybody()));

    cr_expect_eq(loans_of(first), 1u, "peer 1 still reads it");
    cr_expect_eq(loans_of(worker.current), 3u);
    cr_expect_eq(worker.count.tensors_superseded, 2u);
    cr_expect_eq(worker.count.tensors_sent, 6u);
    cr_expect_eq(desk.pub[DESK_SELF].sent, 6u);
    cr_expect_eq(desk.pub[DESK_SELF].received, 2u, "nobody else will count them");
}

Test(send, goes_on_at_the_peer_whose_channel_was_full)
{
    desk_open(3, 1.0f);
    desk.depth = 1;
    desk.peer[1].got_count = 1;

    cr_expect_not(desk_do(send_to_everybody()));
    cr_expect_not(act_resume(&worker));
    cr_expect_eq(desk.peer[0].got_count, 1u);
    cr_expect_eq(desk.peer[2].got_count, 0u);
    cr_expect_eq(loans_of(worker.current), 1u, "nothing is lent that was not sent");
    cr_expect_eq(desk.pub[DESK_SELF].sent, 1u);
    cr_expect_eq(worker.count.bytes_exchanged, 0u);

    desk_read(1);
    cr_expect(act_resume(&worker));
    cr_expect_not(worker.todo.blocked);
    for (uint32_t edge = 0; edge < DESK_PEERS; edge++)
        cr_expect_eq(desk.peer[edge].got_count, 1u, "peer %u", edge);
    cr_expect_eq(desk.pub[DESK_SELF].sent, 3u);
    cr_expect_eq(worker.count.tensors_sent, 3u);
    cr_expect_eq(worker.count.bytes_exchanged, 3 * 256u);
    cr_expect_eq(worker.count.full_waits, 1u, "one wait, however often it was tried");
}

Test(control, carries_its_words_and_lends_nothing)
{
    static const uint32_t one[] = {1};
    desk_open(2, 1.0f);
    const struct action action = {.kind = ACT_CONTROL,
                                  .type = 9,
                                  .word = {11, 0, 0, 0, 0, 0, 0, 88},
                                  .peers = one,
                                  .count = 1};

    cr_assert(desk_do(action));

    const struct port_message m = desk_read(1);
    cr_expect_not(m.is_tensor);
    cr_expect_eq(m.type, 9u);
    cr_expect_eq(m.word[0], 11u);
    cr_expect_eq(m.word[7], 88u);
    cr_expect_eq(m.handle, 0u);
    cr_expect_eq(loans_of(worker.current), 0u);
    cr_expect_eq(worker.count.control_sent, 1u);
    cr_expect_eq(desk.pub[DESK_SELF].sent, 1u);
}

Test(control, waits_for_a_full_channel_and_reaches_everybody_once)
{
    desk_open(2, 1.0f);
    desk.depth = 1;
    desk.peer[2].got_count = 1;
    struct action action = send_to_everybody();
    action.kind = ACT_CONTROL;

    cr_expect_not(desk_do(action));
    cr_expect_eq(worker.count.control_sent, 0u);
    desk_read(2);

    cr_expect(act_resume(&worker));
    cr_expect_eq(worker.count.control_sent, 3u);
    for (uint32_t edge = 0; edge < DESK_PEERS; edge++)
        cr_expect_eq(desk.peer[edge].got_count, 1u, "peer %u", edge);
}

Test(release, gives_the_snapshot_back_on_the_edge_it_came_from)
{
    desk_open(2, 1.0f);
    const slots_handle handle = slots_pack(1, 4, 77);

    cr_assert(desk_do((struct action){.kind = ACT_RELEASE, .peer = 2, .handle = handle}));

    cr_expect_eq(desk.peer[2].released_count, 1u);
    cr_expect_eq(desk.peer[2].released[0], handle);
    cr_expect_eq(desk.peer[0].released_count + desk.peer[1].released_count, 0u);
}

Test(evict, takes_back_everything_that_the_peer_held)
{
    desk_open(2, 1.0f);
    cr_assert(desk_do(send_to_everybody()));
    cr_assert(desk_do(send_to_everybody()));

    cr_assert(desk_do((struct action){.kind = ACT_EVICT, .peer = 1}));

    cr_expect_eq(loans_of(worker.current), 4u);
}

Test(exhaustion, waits_and_goes_on_after_a_snapshot_came_back)
{
    desk_open(2, 4.0f);
    gradient_is(2.0f);
    cr_assert(desk_do(send_to_everybody()));
    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));
    const uint32_t version = worker.version;

    cr_expect_not(desk_do((struct action){.kind = ACT_APPLY}));
    cr_expect_not(act_resume(&worker));
    cr_expect_eq(worker.version, version);
    cr_expect(desk_current_is(3.0f), "nothing was half done");
    cr_expect_eq(worker.count.slot_waits, 1u);

    for (uint32_t edge = 0; edge < DESK_PEERS; edge++) {
        cr_expect_not(act_resume(&worker), "%u readers are left", DESK_PEERS - edge);
        desk_give_back(edge);
    }
    cr_expect(act_resume(&worker));
    cr_expect(desk_current_is(2.0f));
    cr_expect_eq(worker.version, version + 1);
    cr_expect_eq(worker.count.slot_waits, 1u);
}

Test(exhaustion, holds_back_the_actions_behind_the_one_that_waits)
{
    desk_open(2, 4.0f);
    const struct mix_term terms[] = {desk_shows(0, 8.0f, 0)};
    cr_assert(desk_do(send_to_everybody()));
    cr_assert(desk_do((struct action){.kind = ACT_APPLY}));
    desk_next(mix(MIX_MEAN, terms, 1));
    desk_next((struct action){.kind = ACT_RELEASE, .peer = 0, .handle = terms[0].handle});

    act_on(&worker, &(struct event){.kind = EV_WAKE});
    cr_expect(worker.todo.blocked);
    cr_expect_eq(desk.peer[0].released_count, 0u, "it is still to be read");

    for (uint32_t edge = 0; edge < DESK_PEERS; edge++)
        desk_give_back(edge);
    cr_expect(act_resume(&worker));
    cr_expect(desk_current_is(6.0f));
    cr_expect_eq(desk.peer[0].released_count, 1u);
}

Test(exhaustion, lets_no_event_reach_the_policy_before_its_actions_are_done)
{
    desk_open(2, 4.0f);
    desk.depth = 0;
    desk_do(send_to_everybody());
    desk_arrives(0, (struct port_message){.type = 3});

    worker_serve(&worker, DESK_START_CYC);
    cr_expect_eq(desk.script.event_count, 0u);
    cr_expect_eq(desk.polled, 0u);

    desk.depth = 1;
    worker_serve(&worker, DESK_START_CYC);
    cr_expect_eq(desk.script.event_count, 1u);
    cr_expect_eq(desk.script.event[0].kind, EV_CONTROL);
    cr_expect_eq(desk.script.event[0].type, 3u);
}

Test(exhaustion, makes_an_event_in_the_middle_of_actions_an_error, .signal = SIGABRT)
{
    desk_open(2, 4.0f);
    desk.depth = 0;
    desk_do(send_to_everybody());

    act_on(&worker, &(struct event){.kind = EV_WAKE});
}
