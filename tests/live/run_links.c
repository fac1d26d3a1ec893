/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bad links, live: every message that is sent is delivered, superseded or dropped by a named cause, every loan comes home,
 * and the run ends in good order, whatever the link does and whatever class its messages are.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tests/live/support_run.h"

/* Exact; exact and control; pairs by control messages; cumulative sums. */
#define PROFILE                                                                    \
    "name: t\nseeds: [3]\nworkers: {count: 4, graph: ring}\n"                      \
    "data: {format: synthetic, samples: 400, features: 8, classes: 4}\n"           \
    "model: {kind: softmax}\ntrain: {batch: 8, lr: 0.05}\ncompute: {base: 50us}\n" \
    "policies: [dsgd, aau, adpsgd, agp]\n"                                         \
    "inject:\n  - %s\nstop: {time: 60ms}\njudge: {points: 2}\n"
#define POLICIES 4u

/** What the links did to all policies together. */
struct sum {
    json_int_t lost, cut, corrupt; /* tensors dropped */
    json_int_t resent, duplicated, corrupted, held;
};

static json_int_t count_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key)); /* 0 where there is none */
}

static void expect_zero(const json_t *run, const char *key, const char *link)
{
    const json_t *const value = json_object_get(run, key);
    cr_assert(json_is_integer(value), "%s", key);
    cr_expect_eq(json_integer_value(value), 0, "%s over %s: %s is %lld",
                 json_string_value(json_object_get(run, "policy")), link, key,
                 (long long)json_integer_value(value));
}

static void expect_books(const json_t *run, const char *link)
{
    const json_t *const links = json_object_get(run, "links");
    expect_zero(run, "tensors_unexplained", link);
    expect_zero(run, "control_unexplained", link);
    expect_zero(run, "tensors_in_flight", link);
    expect_zero(run, "loans", link);
    expect_zero(run, "exact_superseded", link);
    expect_zero(run, "incomplete", link);
    cr_expect(json_is_true(json_object_get(run, "drained")), "over %s", link);
    cr_expect(json_is_true(json_object_get(run, "ledger_ok")), "over %s", link);
    cr_expect_gt(count_of(run, "tensors_delivered"), 0, "over %s", link);
    cr_expect_eq(count_of(links, "corrupted"), count_of(links, "caught"), "over %s", link);
}

static void add(struct sum *sum, const json_t *run)
{
    const json_t *const links = json_object_get(run, "links");
    const json_t *const dropped = json_object_get(links, "tensors_dropped");
    sum->lost += count_of(dropped, "lost");
    sum->cut += count_of(dropped, "cut");
    sum->corrupt += count_of(dropped, "corrupt");
    sum->resent += count_of(links, "resent");
    sum->duplicated += count_of(run, "duplicates"); /* those that were recognised */
    sum->corrupted += count_of(links, "corrupted");
    sum->held += count_of(json_object_get(run, "link_late_ns"), "n");
}

/** Runs every policy over such links, and looks at the books of each. */
static struct sum over(const char *link)
{
    char yaml[1000], path[700];
    struct sum sum = {0};
    size_t i;
    json_t *run;
    snprintf(yaml, sizeof(yaml), PROFILE, link);
    struct recorded *const recorded = recorded_open(yaml, (struct run_options){0}, 0);
    cr_expect_eq(recorded->code, 0);
    snprintf(path, sizeof(path), "%s/result.json", recorded->dir);
    json_t *const result = json_load_file(path, 0, NULL);
    cr_assert(result, "%s", path);
    const json_t *const runs = json_object_get(result, "runs");
    cr_assert_eq(json_array_size(runs), POLICIES);
    json_array_foreach(runs, i, run)
    {
        expect_books(run, link);
        add(&sum, run);
    }
    json_decref(result);
    recorded_close(recorded);
    return sum;
}

static void expect_loss(const char *share, bool any)
{
    char link[100];
    snprintf(link, sizeof(link), "{what: link, link: {loss: %s, resend: 200us}}", share);

    const struct sum sum = over(link);

    cr_expect_eq(sum.lost > 0, any, "agp loses for real");
    cr_expect_eq(sum.resent > 0, any, "the others send again");
}

Test(links, lose_nothing_where_the_loss_is_none, .timeout = 120)
{
    char link[] = "{what: link, link: {loss: 0%}, law: {kind: const, delay: 1us}}";

    const struct sum sum = over(link);

    cr_expect_eq(sum.lost + sum.resent, 0);
}

Test(links, lose_one_per_cent_and_explain_it, .timeout = 120)
{
    over(
        "{what: link, link: {loss: 1%, resend: 200us}}"); /* few messages: perhaps not one is lost */
}

Test(links, lose_five_per_cent_and_explain_it, .timeout = 120)
{
    expect_loss("5%", true);
}

Test(links, lose_twenty_per_cent_and_explain_it, .timeout = 120)
{
    expect_loss("20%", true);
}

Test(links, hold_messages_and_let_all_of_them_go, .timeout = 120)
{
    const struct sum sum =
        over("{what: link, law: {kind: exp, mean: 100us}, link: {overtake: true}}");

    cr_expect_gt(sum.held, 100);
}

Test(links, double_and_reorder_what_their_receivers_put_right, .timeout = 120)
{
    const struct sum sum = over("{what: link, link: {duplicate: 20%, reorder: 20%, gap: 200us}}");

    cr_expect_gt(sum.duplicated, 0);
}

Test(links, spoil_messages_and_their_receivers_catch_them, .timeout = 120)
{
    const struct sum sum = over("{what: link, link: {corrupt: 20%, resend: 100us}}");

    cr_expect_gt(sum.corrupted, 0);
    cr_expect_gt(sum.corrupt, 0, "agp: not sent again");
}

Test(links, are_cut_for_a_while, .timeout = 120)
{
    const struct sum sum =
        over("{what: link, link: {cut: true, resend: 500us}, when: {start: 10ms, stop: 30ms}}");

    cr_expect_gt(sum.cut + sum.resent, 0);
}

Test(links, flap, .timeout = 120)
{
    over("{what: link, link: {cut: true, up: 5ms, down: 2ms, resend: 300us}}");
}

Test(links, are_narrow, .timeout = 120)
{
    over("{what: link, link: {rate: 1MB/s, bucket: 500B, queue: 2kB, resend: 200us}}");
}

Test(links, let_workers_publish_late, .timeout = 120)
{
    const struct sum sum = over("{what: publish, law: {kind: exp, mean: 200us}}");

    cr_expect_gt(sum.held, 100);
}

Test(links, cost_nothing_where_nothing_is_injected_into_them)
{
    struct live *const live = live_run("name: t\nseeds: [3]\nworkers: {count: 2, graph: ring}\n"
                                       "data: none\nmodel: {kind: none}\ncompute: {base: 50us}\n"
                                       "policies: [dsgd]\nstop: {iterations: 20}\n",
                                       (struct run_options){0});

    cr_expect_eq(live->record.series[SERIES_LATE].n, 0);
    cr_expect_null(live->record.worker[0].hist[SERIES_LATE], "the port is not installed");
    live_close(live);
}

Test(links, that_lose_are_replayed_like_others, .timeout = 120)
{
    char text[4096] = "";
    struct recorded *const run = recorded_open(
        "name: t\nseeds: 1\nworkers: {count: 4, graph: ring}\n"
        "data: {format: synthetic, samples: 400, features: 8, classes: 4}\n"
        "model: {kind: softmax}\ncompute: {base: 100us}\ntrain: {batch: 8, lr: 0.1}\n"
        "policies: [dsgd, aau, adpsgd, agp]\n"
        "inject: [{what: link, link: {loss: 20%, duplicate: 20%, corrupt: 5%, reorder: 20%, "
        "gap: 200us, resend: 200us}, law: {kind: exp, mean: 50us}}]\n"
        "stop: {iterations: 30}\njudge: {points: 2}\n",
        (struct run_options){0}, 0);
    cr_expect_eq(run->code, 0);

    const int code = recorded_replay(run, true, text, sizeof(text));

    cr_expect_eq(code, 0, "%s", text);
    cr_expect_null(strstr(text, "FAIL"), "%s", text);
    recorded_close(run);
}
