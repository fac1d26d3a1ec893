/* SPDX-License-Identifier: BSD-3-Clause */
/* Policies with one wrong action each: the shadow must see it, and say what is wrong. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/policy/rows.h"
#include "tests/random/fuzz_seed.h"

#define SEEDS 300u

static const struct policy *original;
static void (*change)(const struct event *event, struct actions *out);

static void changed_step(void *state, const struct event *event, struct actions *out)
{
    original->step(state, event, out);
    change(event, out);
}

static struct action *first_of(struct actions *out, enum action_kind kind)
{
    for (uint32_t i = 0; i < out->count; i++)
        if (out->item[i].kind == kind)
            return &out->item[i];
    return NULL;
}

static void drop(struct actions *out, const struct action *action)
{
    const uint32_t at = (uint32_t)(action - out->item);
    memmove(&out->item[at], &out->item[at + 1], (out->count - at - 1) * sizeof(*action));
    out->count--;
}

/** Run seeds of the row with its steps changed, until one of them complains; it must say `words`. */
static void expect_words(const struct policy *row,
                         void (*changed)(const struct event *event, struct actions *out),
                         const char *words)
{
    const struct fuzz_config config = {0};
    struct policy mutant = *row;
    struct fuzz_outcome outcome = {0};
    original = row;
    change = changed;
    mutant.step = changed_step;

    for (uint64_t seed = 1; seed <= SEEDS && !outcome.failure[0]; seed++)
        fuzz_seed(seed, &mutant, &config, &outcome);

    cr_expect_not_null(strstr(outcome.failure, words), "expected \"%s\", found \"%s\"", words,
                       outcome.failure);
}

/* ------------------------------------------------------------------------------------------------------- matrix */

static void weigh_less_at_times(const struct event *event, struct actions *out)
{
    struct action *const mix = first_of(out, ACT_MIX);
    if (mix && mix->tag % 3 == 1 && event->peer == 0)
        mix->degree += 40;
}

Test(fuzz_shadow, sees_an_edge_that_weighs_differently_at_its_ends)
{
    expect_words(&policy_dsgd, weigh_less_at_times, "is weighed by");
}

static void skip_a_mix(const struct event *event, struct actions *out)
{
    struct action *const mix = first_of(out, ACT_MIX);
    if (mix && event->type == TENSOR_RETURN)
        drop(out, mix);
}

Test(fuzz_shadow, sees_who_does_not_mix_back)
{
    expect_words(&policy_adpsgd, skip_a_mix, "without mixing back");
}

static void keep_a_share(const struct event *event, struct actions *out)
{
    struct action *const mix = first_of(out, ACT_MIX);
    (void)event;
    if (mix && mix->count > 1)
        mix->count--;
}

Test(fuzz_shadow, sees_a_share_that_is_thrown_away)
{
    expect_words(&policy_sgp, keep_a_share, "without having taken it in");
}

static void split_for_more(const struct event *event, struct actions *out)
{
    struct action *const mix = first_of(out, ACT_MIX);
    (void)event;
    if (mix && mix->rule == MIX_SHARES && mix->degree > 0)
        mix->degree = 2;
}

Test(fuzz_shadow, sees_a_split_into_other_parts_than_were_sent)
{
    expect_words(&policy_sgp, split_for_more, "splits version");
}

static void collect_all_of_it(const struct event *event, struct actions *out)
{
    static struct mix_term term[64];
    struct action *const mix = first_of(out, ACT_MIX);
    (void)event;
    if (!mix || mix->rule != MIX_COLLECT || mix->count == 0)
        return;
    memcpy(term, mix->terms, mix->count * sizeof(*term));
    term[0].base = 0;
    mix->terms = term;
}

Test(fuzz_shadow, sees_mass_that_is_collected_twice)
{
    expect_words(&policy_agp, collect_all_of_it, "since another snapshot than its last");
}

static void split_for_nobody(const struct event *event, struct actions *out)
{
    struct action *const mix = first_of(out, ACT_MIX);
    (void)event;
    if (mix && mix->rule == MIX_SPLIT)
        mix->degree++;
}

Test(fuzz_shadow, sees_mass_that_is_split_off_for_nobody)
{
    expect_words(&policy_agp, split_for_nobody, "splits for");
}

/* ----------------------------------------------------------------------------------------- gradients and loans */

static void step_twice(const struct event *event, struct actions *out)
{
    struct action *const apply = first_of(out, ACT_APPLY);
    if (apply && event->tag == 2)
        actions_push(out, *apply);
}

Test(fuzz_shadow, sees_a_gradient_that_is_applied_twice)
{
    expect_words(&policy_none, step_twice, "applies a gradient that it does not have");
}

static void forget_to_step(const struct event *event, struct actions *out)
{
    struct action *const apply = first_of(out, ACT_APPLY);
    if (apply && event->tag == 2)
        drop(out, apply);
}

Test(fuzz_shadow, sees_a_gradient_that_is_not_applied)
{
    expect_words(&policy_hop, forget_to_step, "asks for a gradient while it has one");
}

static void give_back_first(const struct event *event, struct actions *out)
{
    struct action *const mix = first_of(out, ACT_MIX);
    struct action *const release = first_of(out, ACT_RELEASE);
    (void)event;
    if (!mix || !release || release < mix)
        return;
    const struct action kept = *mix;
    *mix = *release;
    *release = kept;
}

Test(fuzz_shadow, sees_a_mix_of_what_was_given_back)
{
    expect_words(&policy_dsgd, give_back_first, "that it does not hold");
}

static void keep_it(const struct event *event, struct actions *out)
{
    struct action *const release = first_of(out, ACT_RELEASE);
    if (release && event->now_ns % 5 == 0)
        drop(out, release);
}

Test(fuzz_shadow, sees_a_snapshot_that_is_never_given_back)
{
    expect_words(&policy_swift, keep_it, "never gave");
}

static void never_end(const struct event *event, struct actions *out)
{
    struct action *const done = first_of(out, ACT_DONE);
    if (done && event->kind == EV_STOP)
        drop(out, done);
}

Test(fuzz_shadow, sees_who_does_not_end)
{
    expect_words(&policy_epidemic, never_end, "not done");
}

static void starve(const struct event *event, struct actions *out)
{
    struct action *const compute = first_of(out, ACT_COMPUTE);
    if (compute && event->kind == EV_GRADIENT && event->tag == 1 && event->now_ns % 3 == 0)
        drop(out, compute);
}

Test(fuzz_shadow, sees_who_does_not_go_on)
{
    expect_words(&policy_none, starve, "has not gone on since the last fault");
}
