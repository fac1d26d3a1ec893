/* SPDX-License-Identifier: BSD-3-Clause */
/* See sentences.h. A policy or value that does not exist would make a check that never fails. */
#include "harness/experiment/sentences.h"

#include <string.h>

#include "harness/metric/sentence.h"
#include "harness/profile/suggest.h"

static int validate_policy(const struct sentence *self, const struct sentence_operand *operand,
                           const struct experiment *experiment, struct err *err)
{
    struct suggest nearest = {.typed = operand->policy};
    if (!*operand->policy)
        return 0;
    for (uint32_t i = 0; i < experiment->policy_count; i++) {
        if (strcmp(operand->policy, experiment->policy[i].label) == 0)
            return 0;
        suggest_offer(&nearest, experiment->policy[i].label);
    }
    return sentence_refuse(self, operand->column, err, "this profile runs no policy \"%s\"%s%s%s",
                           operand->policy, nearest.best ? "; did you mean \"" : "",
                           nearest.best ? nearest.best : "", nearest.best ? "\"?" : "");
}

static int validate_value(const struct sentence *self, const struct sentence_operand *operand,
                          const struct experiment *experiment, struct err *err)
{
    struct suggest nearest = {.typed = operand->at};
    if (!*operand->at)
        return 0;
    for (uint32_t i = 0; i < experiment->sweep.count; i++) {
        if (strcmp(operand->at, experiment->sweep.value[i]) == 0)
            return 0;
        suggest_offer(&nearest, experiment->sweep.value[i]);
    }
    if (experiment->sweep.count == 0)
        return sentence_refuse(self, operand->column, err,
                               "this profile sweeps nothing, so there "
                               "is no value \"%s\"",
                               operand->at);
    return sentence_refuse(self, operand->column, err, "%s takes no value \"%s\"%s%s%s",
                           experiment->sweep.key, operand->at,
                           nearest.best ? "; did you mean \"" : "",
                           nearest.best ? nearest.best : "", nearest.best ? "\"?" : "");
}

bool sentences_is_swept(const struct sentence *self, const struct experiment *experiment)
{
    bool open = false;
    for (uint32_t i = 0; i < 2; i++)
        open = open || (self->side[i].is_metric && !*self->side[i].at);
    return open && experiment->sweep.count > 0;
}

static int validate(const struct sentence *self, const struct experiment *experiment,
                    struct err *err)
{
    for (uint32_t i = 0; i < 2; i++) {
        const struct sentence_operand *const side = &self->side[i];
        if (!side->is_metric)
            continue;
        int rc = validate_policy(self, side, experiment, err);
        if (rc == 0)
            rc = validate_value(self, side, experiment, err);
        if (rc != 0)
            return rc;
        if (experiment->data.split[0] > 0 && experiment->data.split[1] <= 0 &&
            (metric_table[side->metric].needs & METRIC_NEEDS_HELDOUT))
            return sentence_refuse(self, side->column, err,
                                   "%s needs validation samples, but data.split gives them 0%%",
                                   metric_table[side->metric].name);
        if (!experiment->target.set && (metric_table[side->metric].needs & METRIC_NEEDS_TARGET))
            return sentence_refuse(self, side->column, err, "%s needs a `target:` in the profile",
                                   metric_table[side->metric].name);
    }
    return 0;
}

int sentences_validate_check(const char *text, const struct experiment *experiment, struct err *err)
{
    struct sentence check;
    const int rc = sentence_parse("check", text, &check, err);
    return rc == 0 ? validate(&check, experiment, err) : rc;
}

const char *sentences_claim_in(const char *check)
{
    check += strspn(check, " \t");
    if (strncmp(check, "claim:", 6) != 0)
        return NULL;
    check += 6;
    return check + strspn(check, " \t");
}

/** Can this side of a claim be compared? */
static int validate_side(const struct sentence *claim, const struct sentence_operand *side,
                         struct err *err)
{
    if (!side->is_metric)
        return sentence_refuse(claim, side->column, err,
                               "a claim compares two policies seed by seed; a bare number is "
                               "for checks");
    const char *const name = metric_table[side->metric].name;
    if (!*side->policy)
        return sentence_refuse(claim, side->column, err, "whose %s? Write %s(policy)", name, name);
    if (side->metric == METRIC_SPEEDUP || side->metric == METRIC_SPEEDUP_GRADIENTS)
        return sentence_refuse(
            claim, side->column, err, "a speed-up is a ratio already; compare %s",
            side->metric == METRIC_SPEEDUP ? "time_to_target" : "gradients_to_target");
    return 0;
}

int sentences_validate_claim(const char *text, const struct experiment *experiment, struct err *err)
{
    struct sentence claim;
    int rc = sentence_parse("claim", text, &claim, err);
    for (uint32_t i = 0; i < 2 && rc == 0; i++)
        rc = validate_side(&claim, &claim.side[i], err);
    if (rc != 0)
        return rc;
    if (claim.comparison != SENTENCE_LESS && claim.comparison != SENTENCE_GREATER)
        return sentence_refuse(&claim, 1, err, "a claim says < or >");
    if (strcmp(claim.side[0].policy, claim.side[1].policy) == 0 &&
        strcmp(claim.side[0].at, claim.side[1].at) == 0)
        return sentence_refuse(&claim, claim.side[1].column, err, "both sides are the same policy");
    return validate(&claim, experiment, err);
}
