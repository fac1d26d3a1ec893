/* SPDX-License-Identifier: BSD-3-Clause */
/* What a sentence comes to once everything ran: intervals are compared, because a target not reached only bounds. */
#include "harness/report/checks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/units.h"
#include "harness/metric/sentence.h"

/* UNDECIDED: the figures do not suffice. OPEN: the runs do not. */
enum verdict { YES, NO, UNDECIDED, OPEN };

static enum verdict opposite(enum verdict of)
{
    return of == YES ? NO : of == NO ? YES : of;
}

static enum verdict is_less(struct target_bound a, struct target_bound b)
{
    return a.high < b.low ? YES : a.low >= b.high ? NO : UNDECIDED;
}

static enum verdict is_equal(struct target_bound a, struct target_bound b)
{
    if (a.low == a.high && b.low == b.high)
        return a.low == b.low ? YES : NO;
    return a.high < b.low || b.high < a.low ? NO : UNDECIDED;
}

static enum verdict decide(struct target_bound a, enum sentence_comparison comparison,
                           struct target_bound b)
{
    switch (comparison) {
    case SENTENCE_LESS:
        return is_less(a, b);
    case SENTENCE_LESS_EQUAL:
        return opposite(is_less(b, a));
    case SENTENCE_GREATER:
        return is_less(b, a);
    case SENTENCE_GREATER_EQUAL:
        return opposite(is_less(a, b));
    case SENTENCE_EQUAL:
        return is_equal(a, b);
    default:
        return opposite(is_equal(a, b));
    }
}

/** Three digits or so, never as a power of ten. */
static void format_share(char *out, size_t size, double share)
{
    const double percent = 100 * share;
    if (fabs(percent) >= 0.001 && fabs(percent) < 1000)
        snprintf(out, size, "%.3g %%", percent);
    else
        snprintf(out, size, "%.*f %%", fabs(percent) < 1 && share != 0 ? 3 : 0, percent);
}

static void format_number(char *out, size_t size, enum metric metric, double value)
{
    if (!isfinite(value))
        snprintf(out, size, "diverged");
    else if (sentence_kind_of(metric) == SENTENCE_TIME)
        units_short_ns(value, out, size);
    else if (sentence_kind_of(metric) == SENTENCE_SIZE)
        units_short_bytes(value, out, size);
    else if (metric_table[metric].unit == UNIT_SHARE)
        format_share(out, size, value);
    else
        snprintf(out, size, "%.4g", value);
}

static void format_bound(char *out, size_t size, enum metric metric, struct target_bound at)
{
    char low[48];
    char high[48];
    format_number(low, sizeof(low), metric, at.low);
    format_number(high, sizeof(high), metric, at.high);
    if (at.low == at.high)
        snprintf(out, size, "%s", low);
    else if (at.low > at.high)
        snprintf(out, size, "no figure");
    else if (isinf(at.high))
        snprintf(out, size, "> %s", low);
    else if (at.low <= 0)
        snprintf(out, size, "< %s", high);
    else
        snprintf(out, size, "%s to %s", low, high);
}

/** A check at work: which policy and value its open places stand for at the moment. */
struct turn {
    const struct sentence *check;
    const struct summary *summary; /* [summaries] */
    uint32_t summaries;
    uint32_t policy, value;
    const struct scope *scope;
};

/* `aau`, or `aau@10%` */
static void format_policy(char *out, size_t size, const struct summary *summary, const char *policy)
{
    const bool swept = summary->sweep_value != NULL;
    snprintf(out, size, "%s%s%s", policy, swept ? "@" : "", swept ? summary->sweep_value : "");
}

/* One side's interval, and its text for the finding. `other`: the metric that a bare number is measured in. */
static struct target_bound evaluate_side(const struct sentence_operand *side, enum metric other,
                                         const struct summary *summary,
                                         const struct summary_policy *policy, char *text,
                                         size_t size)
{
    char number[112], whose[EXPERIMENT_NAME_MAX + EXPERIMENT_SWEEP_TEXT_MAX];
    if (!side->is_metric) {
        format_number(text, size, other, side->value);
        return (struct target_bound){side->value, side->value};
    }
    struct target_bound at = summary_value(policy, side->metric);
    const bool seconds = metric_table[side->metric].unit == UNIT_SECONDS;
    at.low *= seconds ? 1e9 : 1;
    at.high *= seconds ? 1e9 : 1;
    format_bound(number, sizeof(number), side->metric, at);
    format_policy(whose, sizeof(whose), summary, policy->policy);
    if (side->factor != 1.0)
        snprintf(text, size, "%g * %s(%s) where it is %s", side->factor,
                 metric_table[side->metric].name, whose, number);
    else
        snprintf(text, size, "%s(%s) is %s", metric_table[side->metric].name, whose, number);
    at.low *= side->factor;
    at.high *= side->factor;
    return at;
}

static const struct summary *summary_for(const struct turn *self,
                                         const struct sentence_operand *side)
{
    if (!side->is_metric || !*side->at)
        return &self->summary[self->value];
    for (uint32_t i = 0; i < self->summaries; i++)
        if (self->summary[i].sweep_value && strcmp(self->summary[i].sweep_value, side->at) == 0)
            return &self->summary[i];
    return NULL;
}

static const struct summary_policy *policy_for(const struct turn *self,
                                               const struct sentence_operand *side,
                                               const struct summary *summary)
{
    if (!side->is_metric || !*side->policy)
        return self->policy < summary->policy_count ? &summary->policy[self->policy] : NULL;
    for (uint32_t i = 0; i < summary->policy_count; i++)
        if (strcmp(summary->policy[i].policy, side->policy) == 0)
            return &summary->policy[i];
    return NULL;
}

/** Did this policy run with every seed, and to the end? Says so if not. */
static bool has_all_seeds(const struct turn *self, const struct summary_policy *policy,
                          char *finding, size_t size)
{
    const struct scope *const scope = self->scope;
    if (!scope->incomplete || (policy->seeds == scope->seeds && policy->interrupted == 0))
        return true;
    snprintf(finding, size, "open: %s ran to the end with %u of %u seeds", policy->policy,
             policy->seeds - policy->interrupted, scope->seeds);
    return false;
}

/** Did other programs leave the policy's cores alone, as far as the metric asks for it? */
static bool had_its_cores(const struct turn *self, enum metric metric,
                          const struct summary_policy *policy, char *finding, size_t size)
{
    const struct scope *const scope = self->scope;
    if (scope->stolen_max <= 0 || policy->stolen_share <= scope->stolen_max ||
        !metric_is_timed(metric, scope->budget_is_time))
        return true;
    snprintf(finding, size,
             "open: other programs took %.0f %% of the cores of %s (judge.stolen %g %%)",
             100 * policy->stolen_share, policy->policy, 100 * scope->stolen_max);
    return false;
}

/** The runs that one side speaks of, or why they do not decide: a verdict other than YES, with its finding. */
static enum verdict find_side(const struct turn *self, const struct sentence_operand *side,
                              const struct summary **summary, const struct summary_policy **policy,
                              char *finding, size_t size)
{
    *summary = summary_for(self, side);
    *policy = *summary ? policy_for(self, side, *summary) : NULL;
    if (!*policy) {
        snprintf(finding, size, "%s%s%s%s did not run", self->scope->incomplete ? "open: " : "",
                 *side->policy ? side->policy : "a policy", *side->at ? "@" : "", side->at);
        return self->scope->incomplete ? OPEN : UNDECIDED;
    }
    const bool whole =
        !side->is_metric || (has_all_seeds(self, *policy, finding, size) &&
                             had_its_cores(self, side->metric, *policy, finding, size));
    return whole ? YES : OPEN;
}

static enum verdict evaluate_turn(const struct turn *self, char *finding, size_t size)
{
    struct target_bound at[2];
    char text[2][512];
    for (uint32_t i = 0; i < 2; i++) {
        const struct sentence_operand *const side = &self->check->side[i];
        const struct summary *summary;
        const struct summary_policy *policy;
        const enum verdict found = find_side(self, side, &summary, &policy, finding, size);
        if (found != YES)
            return found;
        at[i] = evaluate_side(side, self->check->side[1 - i].metric, summary, policy, text[i],
                              sizeof(text[i]));
    }
    const bool known = at[0].low <= at[0].high && at[1].low <= at[1].high;
    const enum verdict verdict = known ? decide(at[0], self->check->comparison, at[1]) : UNDECIDED;
    snprintf(finding, size, "%s%.270s; %.270s", verdict == UNDECIDED ? "undecided: " : "", text[0],
             text[1]);
    return verdict;
}

/** Does a metric of the check leave its policy (its value) open? */
static bool leaves_open(const struct sentence *check, bool value)
{
    bool open = false;
    for (uint32_t i = 0; i < 2; i++) {
        const struct sentence_operand *const side = &check->side[i];
        open = open || (side->is_metric && !(value ? *side->at : *side->policy));
    }
    return open;
}

/** Of the turns that were taken: the first that breaks the check, else the first that is open, is told. */
static void take_turns(struct turn *turn, uint32_t values, uint32_t policies,
                       struct checks_result *out)
{
    out->pass = true;
    for (turn->value = 0; turn->value < values; turn->value++)
        for (turn->policy = 0; turn->policy < policies; turn->policy++) {
            char finding[sizeof(out->finding)];
            const enum verdict verdict = evaluate_turn(turn, finding, sizeof(finding));
            if (verdict == YES ? !out->pass : out->open && verdict == OPEN)
                continue;
            memcpy(out->finding, finding, sizeof(finding));
            out->pass = verdict == YES;
            out->open = verdict == OPEN;
            if (!out->pass && !out->open)
                return;
        }
}

/** Has a check that speaks of all policies, or values, seen them all? */
static bool saw_all(const struct sentence *check, const struct scope *scope, uint32_t policies,
                    uint32_t values)
{
    return !scope->incomplete || ((!leaves_open(check, false) || policies >= scope->policies) &&
                                  (!leaves_open(check, true) || values >= scope->values));
}

/** `holds for all 5 policies and 3 values` */
static void say_for_all(uint32_t policies, uint32_t values, char *out, size_t size)
{
    if (policies > 1 && values > 1)
        snprintf(out, size, "holds for all %u policies and %u values", policies, values);
    else if (policies > 1)
        snprintf(out, size, "holds for all %u policies", policies);
    else if (values > 1)
        snprintf(out, size, "holds for all %u values", values);
}

void checks_evaluate(const char *text, const struct summary *summary, uint32_t count,
                     const struct scope *scope, struct checks_result *out)
{
    static const struct scope whole;
    struct sentence check;
    *out = (struct checks_result){.text = text, .pass = false};
    scope = scope ? scope : &whole;
    CHECK(sentence_parse("check", text, &check, NULL) == 0);
    if (count == 0 || summary->policy_count == 0) {
        out->open = scope->incomplete;
        snprintf(out->finding, sizeof(out->finding), "%s: nothing ran",
                 out->open ? "open" : "undecided");
        return;
    }
    const uint32_t policies = leaves_open(&check, false) ? summary->policy_count : 1;
    const uint32_t values = leaves_open(&check, true) ? count : 1;
    struct turn turn = {.check = &check, .summary = summary, .summaries = count, .scope = scope};
    take_turns(&turn, values, policies, out);
    if (!out->pass)
        return;
    if (saw_all(&check, scope, policies, values)) {
        say_for_all(policies, values, out->finding, sizeof(out->finding));
        return;
    }
    out->pass = false;
    out->open = true;
    snprintf(out->finding, sizeof(out->finding), "open: not all policies and values ran");
}
