/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs first, then one test per claim, then Holm over all of them, and only then verdicts. */
#include "harness/report/claims.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "harness/experiment/sentences.h"
#include "harness/metric/sentence.h"
#include "harness/metric/stats.h"
#include "harness/metric/target.h"

#define SIGNIFICANT (1 - STATS_LEVEL)

/** A claim on its way to a verdict. */
struct trial {
    struct sentence sentence;
    double log_ratio[EXPERIMENT_SEEDS_MAX];
    char obstacle[320]; /* why it cannot be decided; "" = it can */
};

/** Is this a run of that side of the claim? `open`: the value that stands in for one not named; NULL: any. */
static bool is_of(const struct record_run *run, const struct sentence_operand *side,
                  const char *open)
{
    const char *const value = *side->at ? side->at : open;
    if (strcmp(run->policy, side->policy) != 0)
        return false;
    return !value || (run->sweep.value && strcmp(run->sweep.value, value) == 0);
}

static const struct record_run *run_of(const struct record_run *run, uint32_t count,
                                       const struct sentence_operand *side, const char *open,
                                       uint64_t seed)
{
    for (uint32_t i = 0; i < count; i++)
        if (run[i].seed == seed && is_of(&run[i], side, open))
            return &run[i];
    return NULL;
}

/** The first reason is the one that is told. */
__attribute__((format(printf, 2, 3))) static void obstruct(struct trial *self, const char *format,
                                                           ...)
{
    va_list args;
    if (*self->obstacle)
        return;
    va_start(args, format);
    vsnprintf(self->obstacle, sizeof(self->obstacle), format, args);
    va_end(args);
}

/** Is there a number to divide (by)? Says so if not. */
static bool is_usable(struct trial *self, const struct record_run *run, enum metric metric,
                      double value)
{
    const char *const name = metric_table[metric].name;
    if (isfinite(value) && value > 0)
        return true;
    obstruct(self, "%s(%s) %s with seed %llu, so there is no ratio", name, run->policy,
             isnan(value)   ? "has no figure"
             : isinf(value) ? "diverged"
             : value < 0    ? "is negative"
                            : "is 0",
             (unsigned long long)run->seed);
    return false;
}

static void add_pair(struct trial *self, const struct record_run *left,
                     const struct record_run *right, struct claims_result *out)
{
    const struct record_run *const run[2] = {left, right};
    struct target_bound at[2];
    for (uint32_t i = 0; i < 2; i++) {
        const enum metric metric = self->sentence.side[i].metric;
        at[i] = metric_bound(run[i], metric);
        if (!is_usable(self, run[i], metric, at[i].low))
            return;
    }
    const bool open_left = at[0].high > at[0].low, open_right = at[1].high > at[1].low;
    if (open_left && open_right)
        obstruct(self, "neither reached the target with seed %llu", (unsigned long long)left->seed);
    out->bounded_below += open_left;
    out->bounded_above += open_right;
    self->log_ratio[out->pairs++] = log(at[0].low / at[1].low);
}

/** How far a policy gets says nothing about the policy as long as its rate is somebody else's. */
static void need_tuned(struct trial *self, const struct experiment *experiment)
{
    for (uint32_t s = 0; s < 2; s++) {
        const struct sentence_operand *const side = &self->sentence.side[s];
        const bool learning = metric_table[side->metric].needs & METRIC_OF_LEARNING;
        for (uint32_t i = 0; i < experiment->policy_count && learning; i++)
            if (strcmp(experiment->policy[i].label, side->policy) == 0 &&
                !experiment->policy[i].tuned.set)
                obstruct(self, "the rate of %s was not tuned (see `dawdle tune`)", side->policy);
    }
}

/** Whole runs on cores of their own: what did not have that is no test of a policy, whatever it found. */
static void need_host(struct trial *self, const struct scope *scope, const struct record_run *run,
                      uint32_t count, struct claims_result *out)
{
    if (scope->incomplete) /* to stop when one likes what one sees is no test */
        obstruct(self, "the matrix did not run to its end");
    for (uint32_t s = 0; s < 2; s++) {
        const struct sentence_operand *const side = &self->sentence.side[s];
        double stolen = 0;
        uint32_t runs = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (!is_of(&run[i], side, out->sweep_value))
                continue;
            stolen += run[i].wall.threads ? 0 : run[i].cores.stolen_share;
            runs++;
        }
        if (scope->stolen_max > 0 && stolen > scope->stolen_max * runs &&
            metric_is_timed(side->metric, scope->budget_is_time))
            obstruct(self, "other programs took %.0f %% of the cores of %s (judge.stolen %g %%)",
                     100 * stolen / runs, side->policy, 100 * scope->stolen_max);
    }
    out->unfit = self->obstacle[0] != '\0';
}

static void test(struct trial *self, const struct experiment *experiment,
                 const struct record_run *run, uint32_t count, struct claims_result *out)
{
    const struct sentence_operand *const left = &self->sentence.side[0];
    const struct sentence_operand *const right = &self->sentence.side[1];
    out->threshold = right->factor / left->factor;
    need_tuned(self, experiment);
    for (uint32_t i = 0; i < count; i++) {
        const struct record_run *const pair =
            run_of(run, count, right, out->sweep_value, run[i].seed);
        if (is_of(&run[i], left, out->sweep_value) && pair)
            add_pair(self, &run[i], pair, out);
    }
    const struct stats_mean mean = stats_mean(self->log_ratio, out->pairs, log(out->threshold));
    out->ratio = exp(mean.mean);
    out->low = exp(mean.low);
    out->high = exp(mean.high);
    if (out->pairs < STATS_CLAIM_SEEDS)
        obstruct(self, "%u paired seed%s; a claim takes %u", out->pairs, out->pairs == 1 ? "" : "s",
                 STATS_CLAIM_SEEDS);
    out->p = *self->obstacle ? (double)NAN : mean.p;
}

static enum claims_verdict decide(struct trial *self, const struct claims_result *at)
{
    const bool below = at->high<at->threshold, above = at->low> at->threshold;
    const bool claims_below = self->sentence.comparison == SENTENCE_LESS;
    if (*self->obstacle)
        return CLAIM_OPEN;
    if (!below && !above)
        obstruct(self, "the interval contains %g", at->threshold);
    else if (at->p_holm > SIGNIFICANT)
        obstruct(self, "not significant among all claims");
    else if (below && at->bounded_below > 0)
        obstruct(self,
                 "%s did not reach the target in %u of %u seeds, which are only known to be longer",
                 self->sentence.side[0].policy, at->bounded_below, at->pairs);
    else if (above && at->bounded_above > 0)
        obstruct(self,
                 "%s did not reach the target in %u of %u seeds, which are only known to be longer",
                 self->sentence.side[1].policy, at->bounded_above, at->pairs);
    else
        return below == claims_below ? CLAIM_HELD : CLAIM_REFUTED;
    return CLAIM_OPEN;
}

static void put_figures(const struct claims_result *at, char *out, size_t size)
{
    char threshold[32] = "", p[48] = "";
    *out = '\0';
    if (isnan(at->ratio))
        return;
    if (at->threshold < 1 || at->threshold > 1)
        snprintf(threshold, sizeof(threshold), " against %.3g", at->threshold);
    if (!isnan(at->p_holm))
        snprintf(p, sizeof(p), at->p_holm < 1e-6 ? ", p < 1e-6 Holm" : ", p %.1g Holm", at->p_holm);
    if (isnan(at->low))
        snprintf(out, size, "ratio %.3g%s%s", at->ratio, threshold, p);
    else
        snprintf(out, size, "ratio %.3g [%.3g, %.3g]%s%s", at->ratio, at->low, at->high, threshold,
                 p);
}

/** A verdict about learning says at which value of the swept key the rates were tuned, if that is another one. */
static void put_tuned(const struct trial *self, const struct experiment *experiment,
                      const struct claims_result *at, char *out, size_t size)
{
    char where[2 * EXPERIMENT_SWEEP_TEXT_MAX + 16] = "";
    for (uint32_t s = 0; s < 2 && !*where; s++) {
        const struct sentence_operand *const side = &self->sentence.side[s];
        if (metric_table[side->metric].needs & METRIC_OF_LEARNING)
            experiment_tuned_at(experiment, *side->at ? side->at : at->sweep_value, where,
                                sizeof(where));
    }
    snprintf(out, size, *where ? "; rates tuned at %.120s" : "%s", where);
}

static void put_finding(const struct trial *self, const struct experiment *experiment,
                        struct claims_result *at)
{
    char figures[160], bounded[240] = "", tuned[160];
    const bool left = at->bounded_below > 0;
    put_figures(at, figures, sizeof(figures));
    put_tuned(self, experiment, at, tuned, sizeof(tuned));
    if (at->verdict == CLAIM_OPEN)
        snprintf(at->finding, sizeof(at->finding), "open: %s%s%s%s%s", self->obstacle,
                 *figures ? " (" : "", figures, *figures ? ")" : "", tuned);
    if (at->verdict == CLAIM_OPEN)
        return;
    if (at->bounded_above > 0 || left)
        snprintf(bounded, sizeof(bounded),
                 "; %u of %u seeds, in which %s did not reach the target, count with the budget",
                 left ? at->bounded_below : at->bounded_above, at->pairs,
                 self->sentence.side[left ? 0 : 1].policy);
    snprintf(at->finding, sizeof(at->finding), "%s (%s%s%s)", verdict_name(at->verdict), figures,
             bounded, tuned);
}

/** One entry for this claim, or one per value of the swept key. Returns how many there are now. */
static uint32_t put_claim(const struct experiment *experiment, const char *text,
                          struct claims_result *out, uint32_t n)
{
    struct sentence claim;
    CHECK(sentence_parse("claim", text, &claim, NULL) == 0);
    if (!sentences_is_swept(&claim, experiment)) {
        out[n] = (struct claims_result){.text = text};
        return n + 1;
    }
    for (uint32_t v = 0; v < experiment->sweep.count; v++)
        out[n++] = (struct claims_result){.text = text, .sweep_value = experiment->sweep.value[v]};
    return n;
}

static uint32_t collect(const struct experiment *experiment, struct claims_result *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < experiment->claims_count + experiment->check_count; i++) {
        const bool own = i < experiment->claims_count;
        const char *const text =
            own ? experiment->claims[i]
                : sentences_claim_in(experiment->check[i - experiment->claims_count]);
        if (text && !claims_find(out, n, 0, text))
            n = put_claim(experiment, text, out, n);
    }
    return n;
}

uint32_t claims_evaluate(const struct experiment *experiment, const struct record_run *run,
                         uint32_t count, const struct scope *scope,
                         struct claims_result out[CLAIMS_MAX])
{
    static const struct scope whole;
    static struct trial trial[CLAIMS_MAX];
    double p[CLAIMS_MAX] = {0}, adjusted[CLAIMS_MAX];
    const uint32_t n = collect(experiment, out);
    memset(trial, 0, sizeof(trial));
    for (uint32_t i = 0; i < n; i++) {
        CHECK(sentence_parse("claim", out[i].text, &trial[i].sentence, NULL) == 0);
        need_host(&trial[i], scope ? scope : &whole, run, count, &out[i]);
        test(&trial[i], experiment, run, count, &out[i]);
        p[i] = out[i].p;
    }
    stats_holm(p, n, adjusted);
    for (uint32_t i = 0; i < n; i++) {
        out[i].p_holm = adjusted[i];
        out[i].verdict = decide(&trial[i], &out[i]);
        put_finding(&trial[i], experiment, &out[i]);
    }
    return n;
}

const struct claims_result *claims_find(const struct claims_result *result, uint32_t count,
                                        uint32_t from, const char *text)
{
    for (uint32_t i = from; i < count; i++)
        if (strcmp(result[i].text, text) == 0)
            return &result[i];
    return NULL;
}
