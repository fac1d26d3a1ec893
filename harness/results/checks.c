#include "harness/results/checks.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/units.h"
#include "harness/experiment/suggest.h"

/* Sides of a comparison are brought to nanoseconds, bytes or plain numbers before they meet. */
enum kind { KIND_PLAIN, KIND_TIME, KIND_SIZE };

struct operand {
    uint32_t column; /* 1-based, for messages */
    bool is_metric;
    enum results_metric metric;
    char policy[EXPERIMENT_NAME_MAX]; /* "" = every policy in turn */
    double factor;
    char number[EXPERIMENT_NAME_MAX]; /* as written, when not a metric */
    double value;                     /* of `number`, in the unit of its kind */
};

enum comparison { LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL, COMPARISONS };

static const char *const comparison_text[COMPARISONS] = {"<", "<=", ">", ">=", "==", "!="};

struct parsed {
    struct operand side[2];
    enum comparison comparison;
};

struct reader {
    const char *text, *at;
    struct err *err;
};

__attribute__((format(printf, 3, 4))) static int refuse(const struct reader *self, uint32_t column,
                                                        const char *format, ...)
{
    char sentence[320];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    return err_set(self->err, -EINVAL, "check \"%.120s\", column %u: %s", self->text, column,
                   sentence);
}

static uint32_t column_of(const struct reader *self)
{
    return (uint32_t)(self->at - self->text) + 1;
}

static void skip_space(struct reader *self)
{
    self->at += strspn(self->at, " \t");
}

static bool take(struct reader *self, const char *token)
{
    skip_space(self);
    const size_t length = strlen(token);
    if (strncmp(self->at, token, length) != 0)
        return false;
    self->at += length;
    skip_space(self);
    return true;
}

/* Copy `length` characters, without trailing blanks; false when they do not fit. */
static bool copy_word(char *out, size_t size, const char *from, size_t length)
{
    while (length && isblank((unsigned char)from[length - 1]))
        length--;
    if (length >= size)
        return false;
    memcpy(out, from, length);
    out[length] = '\0';
    return true;
}

static enum kind kind_of(enum results_metric metric)
{
    switch (results_metric_table[metric].unit) {
    case UNIT_NS:
    case UNIT_SECONDS:
        return KIND_TIME;
    case UNIT_BYTES:
        return KIND_SIZE;
    default:
        return KIND_PLAIN;
    }
}

/* A number with whatever sticks to it: `1m30s`, `1e-5`, `20%`. */
static int read_number(struct reader *self, char *out, size_t size)
{
    char *end;
    strtod(self->at, &end);
    while (isalnum((unsigned char)*end) || *end == '.' || *end == '%' || (unsigned char)*end > 0x7f)
        end++;
    if (!copy_word(out, size, self->at, (size_t)(end - self->at)))
        return refuse(self, column_of(self), "this number is too long");
    self->at = end;
    skip_space(self);
    return 0;
}

static bool number_here(const struct reader *self)
{
    const char *at = self->at + (*self->at == '-');
    return isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]));
}

static int read_metric(struct reader *self, struct operand *out)
{
    char name[EXPERIMENT_NAME_MAX];
    const uint32_t column = column_of(self);
    size_t length = 0;
    while (isalnum((unsigned char)self->at[length]) || self->at[length] == '_' ||
           self->at[length] == '.')
        length++;
    if (length == 0)
        return refuse(self, column, "expected a metric or a number%s",
                      *self->at ? "" : ", but the check ends here");
    if (!copy_word(name, sizeof(name), self->at, length))
        return refuse(self, column, "no metric has a name this long");
    out->is_metric = true;
    out->metric = results_metric_find(name);
    if (out->metric == RESULTS_METRICS) {
        struct suggest nearest = {.typed = name};
        for (uint32_t i = 0; i < RESULTS_METRICS; i++)
            suggest_offer(&nearest, results_metric_table[i].name);
        return refuse(self, column, "no metric \"%s\"%s%s%s", name,
                      nearest.best ? "; did you mean \"" : "", nearest.best ? nearest.best : "",
                      nearest.best ? "\"?" : "");
    }
    self->at += length;
    if (!take(self, "("))
        return 0;
    length = strcspn(self->at, ")");
    if (self->at[length] == '\0')
        return refuse(self, column_of(self), "the policy's \")\" is missing");
    if (!copy_word(out->policy, sizeof(out->policy), self->at, length) || !*out->policy)
        return refuse(self, column_of(self), "expected a policy's name");
    self->at += length + 1;
    skip_space(self);
    return 0;
}

static int read_operand(struct reader *self, struct operand *out)
{
    skip_space(self);
    *out = (struct operand){.column = column_of(self), .factor = 1};
    if (!number_here(self))
        return read_metric(self, out);
    const int rc = read_number(self, out->number, sizeof(out->number));
    if (rc != 0 || !take(self, "*"))
        return rc;
    const char *why;
    if (units_parse_real(out->number, &out->factor, &why) != 0 || out->factor <= 0)
        return refuse(self, out->column, "the factor \"%s\" is not a positive number", out->number);
    return read_metric(self, out);
}

static int read_comparison(struct reader *self, enum comparison *out)
{
    static const enum comparison longest_first[COMPARISONS] = {LESS_EQUAL, GREATER_EQUAL, EQUAL,
                                                               NOT_EQUAL,  LESS,          GREATER};
    for (uint32_t i = 0; i < COMPARISONS; i++) {
        if (!take(self, comparison_text[longest_first[i]]))
            continue;
        *out = longest_first[i];
        return 0;
    }
    return refuse(self, column_of(self), "expected one of < <= > >= == !=");
}

/* A number is read in the unit of what it is compared with. */
static int resolve_number(const struct reader *self, struct operand *number,
                          enum results_metric other)
{
    const char *why = "";
    const char *const text = number->number;
    uint64_t whole = 0;
    int rc;
    switch (kind_of(other)) {
    case KIND_TIME:
        rc = units_parse_ns(text, &whole, &why);
        number->value = (double)whole;
        break;
    case KIND_SIZE:
        rc = units_parse_bytes(text, &whole, &why);
        number->value = (double)whole;
        break;
    default:
        rc = strchr(text, '%') ? units_parse_share(text, &number->value, &why)
                               : units_parse_real(text, &number->value, &why);
    }
    return rc == 0 ? 0
                   : refuse(self, number->column, "\"%s\" does not fit %s: %s", text,
                            results_metric_table[other].name, why);
}

static int parse(struct reader *self, struct parsed *out)
{
    struct operand *const left = &out->side[0];
    struct operand *const right = &out->side[1];
    int rc = read_operand(self, left);
    if (rc == 0)
        rc = read_comparison(self, &out->comparison);
    if (rc == 0)
        rc = read_operand(self, right);
    if (rc != 0)
        return rc;
    if (*self->at)
        return refuse(self, column_of(self), "nothing may follow here, but \"%.40s\" does",
                      self->at);
    if (!left->is_metric && !right->is_metric)
        return refuse(self, 1, "neither side names a metric");
    if (!left->is_metric)
        return resolve_number(self, left, right->metric);
    if (!right->is_metric)
        return resolve_number(self, right, left->metric);
    if (kind_of(left->metric) != kind_of(right->metric))
        return refuse(self, right->column, "%s and %s are not of one kind",
                      results_metric_table[left->metric].name,
                      results_metric_table[right->metric].name);
    return 0;
}

static int validate_policy(const struct reader *self, const struct operand *operand,
                           const struct experiment *experiment)
{
    struct suggest nearest = {.typed = operand->policy};
    if (!*operand->policy)
        return 0;
    for (uint32_t i = 0; i < experiment->policy_count; i++) {
        if (strcmp(operand->policy, experiment->policy[i].label) == 0)
            return 0;
        suggest_offer(&nearest, experiment->policy[i].label);
    }
    return refuse(self, operand->column, "this profile runs no policy \"%s\"%s%s%s",
                  operand->policy, nearest.best ? "; did you mean \"" : "",
                  nearest.best ? nearest.best : "", nearest.best ? "\"?" : "");
}

int checks_validate(const char *text, const struct experiment *experiment, struct err *err)
{
    struct reader reader = {text, text, err};
    struct parsed check;
    int rc = parse(&reader, &check);
    for (uint32_t i = 0; rc == 0 && i < 2; i++) {
        const struct operand *side = &check.side[i];
        if (!side->is_metric)
            continue;
        rc = validate_policy(&reader, side, experiment);
        if (rc == 0 && !experiment->target.set &&
            (side->metric == RESULTS_TIME_TO_TARGET_S || side->metric == RESULTS_SPEEDUP))
            rc = refuse(&reader, side->column, "%s needs a `target:` in the profile",
                        results_metric_table[side->metric].name);
    }
    return rc;
}

enum verdict { YES, NO, UNDECIDED };

static enum verdict decide(struct target_bound a, enum comparison comparison, struct target_bound b)
{
    switch (comparison) {
    case LESS:
        return a.high < b.low ? YES : a.low >= b.high ? NO : UNDECIDED;
    case LESS_EQUAL:
        return a.high <= b.low ? YES : a.low > b.high ? NO : UNDECIDED;
    case GREATER:
        return decide(b, LESS, a);
    case GREATER_EQUAL:
        return decide(b, LESS_EQUAL, a);
    case EQUAL:
        if (a.low == a.high && b.low == b.high)
            return a.low == b.low ? YES : NO;
        return a.high < b.low || b.high < a.low ? NO : UNDECIDED;
    default:
        break;
    }
    const enum verdict equal = decide(a, EQUAL, b);
    return equal == UNDECIDED ? UNDECIDED : equal == YES ? NO : YES;
}

static void format_number(char *out, size_t size, enum results_metric metric, double value)
{
    if (!isfinite(value))
        snprintf(out, size, "diverged");
    else if (kind_of(metric) == KIND_TIME)
        units_short_ns(value, out, size);
    else if (kind_of(metric) == KIND_SIZE)
        units_short_bytes(value, out, size);
    else if (results_metric_table[metric].unit == UNIT_SHARE)
        snprintf(out, size, "%.3g %%", 100 * value);
    else
        snprintf(out, size, "%.4g", value);
}

static void format_bound(char *out, size_t size, enum results_metric metric, struct target_bound at)
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

/* One side's interval, and its text for the finding. `other`: the metric that a bare number is measured in. */
static struct target_bound evaluate_side(const struct operand *side, enum results_metric other,
                                         const struct results_policy *policy, char *text,
                                         size_t size)
{
    char number[112];
    if (!side->is_metric) {
        format_number(text, size, other, side->value);
        return (struct target_bound){side->value, side->value};
    }
    struct target_bound at = results_value(policy, side->metric);
    const bool seconds = results_metric_table[side->metric].unit == UNIT_SECONDS;
    at.low *= seconds ? 1e9 : 1;
    at.high *= seconds ? 1e9 : 1;
    format_bound(number, sizeof(number), side->metric, at);
    if (side->factor != 1.0)
        snprintf(text, size, "%g * %s(%s) where it is %s", side->factor,
                 results_metric_table[side->metric].name, policy->policy, number);
    else
        snprintf(text, size, "%s(%s) is %s", results_metric_table[side->metric].name,
                 policy->policy, number);
    at.low *= side->factor;
    at.high *= side->factor;
    return at;
}

static const struct results_policy *policy_for(const struct operand *side,
                                               const struct results_summary *summary, uint32_t turn)
{
    if (!side->is_metric || !*side->policy)
        return &summary->policy[turn];
    for (uint32_t i = 0; i < summary->policy_count; i++)
        if (strcmp(summary->policy[i].policy, side->policy) == 0)
            return &summary->policy[i];
    return NULL;
}

static enum verdict evaluate_turn(const struct parsed *check, const struct results_summary *summary,
                                  uint32_t turn, char *finding, size_t size)
{
    struct target_bound at[2];
    char text[2][256];
    for (uint32_t i = 0; i < 2; i++) {
        const struct operand *side = &check->side[i];
        const struct results_policy *policy = policy_for(side, summary, turn);
        if (!policy) {
            snprintf(finding, size, "%s did not run", side->policy);
            return UNDECIDED;
        }
        at[i] = evaluate_side(side, check->side[1 - i].metric, policy, text[i], sizeof(text[i]));
    }
    const bool known = at[0].low <= at[0].high && at[1].low <= at[1].high;
    const enum verdict verdict = known ? decide(at[0], check->comparison, at[1]) : UNDECIDED;
    snprintf(finding, size, "%s%s; %s", verdict == UNDECIDED ? "undecided: " : "", text[0],
             text[1]);
    return verdict;
}

void checks_evaluate(const char *text, const struct results_summary *summary,
                     struct checks_result *out)
{
    struct reader reader = {text, text, NULL};
    struct parsed check;
    *out = (struct checks_result){.text = text, .pass = false};
    CHECK(parse(&reader, &check) == 0);
    const bool each = (check.side[0].is_metric && !*check.side[0].policy) ||
                      (check.side[1].is_metric && !*check.side[1].policy);
    const uint32_t turns = each ? summary->policy_count : 1;
    if (summary->policy_count == 0) {
        snprintf(out->finding, sizeof(out->finding), "undecided: nothing ran");
        return;
    }
    for (uint32_t turn = 0; turn < turns; turn++) {
        out->pass = evaluate_turn(&check, summary, turn, out->finding, sizeof(out->finding)) == YES;
        if (!out->pass)
            return; /* the first policy that breaks it is named */
    }
    if (each)
        snprintf(out->finding, sizeof(out->finding), "holds for all %u policies", turns);
}
