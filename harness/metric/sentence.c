/* SPDX-License-Identifier: BSD-3-Clause */
/* One pass from left to right; numbers wait until the other side has said what they are measured in. */
#include "harness/metric/sentence.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "harness/profile/suggest.h"

static const char *const comparison_text[SENTENCE_COMPARISONS] = {"<", "<=", ">", ">=", "==", "!="};

struct reader {
    const struct sentence *sentence;
    const char *at;
    struct err *err;
};

#define REFUSE(self, column, ...) \
    sentence_refuse((self)->sentence, column, (self)->err, __VA_ARGS__)

static uint32_t column_of(const struct reader *self)
{
    return (uint32_t)(self->at - self->sentence->text) + 1;
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

enum sentence_kind sentence_kind_of(enum metric metric)
{
    switch (metric_table[metric].unit) {
    case UNIT_ITERATION_NS:
    case UNIT_LATENCY_NS:
    case UNIT_SECONDS:
        return SENTENCE_TIME;
    case UNIT_BYTES:
        return SENTENCE_SIZE;
    default:
        return SENTENCE_PLAIN;
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
        return REFUSE(self, column_of(self), "this number is too long");
    self->at = end;
    skip_space(self);
    return 0;
}

static bool number_here(const struct reader *self)
{
    const char *at = self->at + (*self->at == '-');
    return isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]));
}

/* The unit may be left out where it is seconds: `time_to_target`. */
static enum metric find_metric(const char *name)
{
    char seconds[EXPERIMENT_NAME_MAX + 2];
    const enum metric metric = metric_find(name);
    if (metric != METRICS)
        return metric;
    snprintf(seconds, sizeof(seconds), "%s_s", name);
    return metric_find(seconds);
}

/* What stands behind the bracket: `aau)`, or `aau@10%)`. */
static int read_policy(struct reader *self, struct sentence_operand *out)
{
    const size_t length = strcspn(self->at, ")");
    const char *const sign = memchr(self->at, '@', length);
    const size_t name = sign ? (size_t)(sign - self->at) : length;
    if (self->at[length] == '\0')
        return REFUSE(self, column_of(self), "the policy's \")\" is missing");
    if (!copy_word(out->policy, sizeof(out->policy), self->at, name) || !*out->policy)
        return REFUSE(self, column_of(self), "expected a policy's name");
    self->at += name;
    if (sign && (!copy_word(out->at, sizeof(out->at), sign + 1, length - name - 1) || !*out->at))
        return REFUSE(self, column_of(self), "expected a value of the swept key behind the @");
    self->at += length - name + 1;
    skip_space(self);
    return 0;
}

static size_t metric_span(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_' || text[length] == '.')
        length++;
    return length;
}

static int refuse_metric(struct reader *self, uint32_t column, const char *name)
{
    struct suggest nearest = {.typed = name};
    for (uint32_t i = 0; i < METRICS; i++)
        suggest_offer(&nearest, metric_table[i].name);
    if (!nearest.best)
        return REFUSE(self, column, "no metric \"%s\"", name);
    return REFUSE(self, column, "no metric \"%s\"; did you mean \"%s\"?", name, nearest.best);
}

static int read_metric(struct reader *self, struct sentence_operand *out)
{
    char name[EXPERIMENT_NAME_MAX];
    const uint32_t column = column_of(self);
    const size_t length = metric_span(self->at);
    if (length == 0 && !*self->at)
        return REFUSE(self, column, "expected a metric or a number, but the %s ends here",
                      self->sentence->noun);
    if (length == 0)
        return REFUSE(self, column, "expected a metric or a number");
    if (!copy_word(name, sizeof(name), self->at, length))
        return REFUSE(self, column, "no metric has a name this long");
    out->is_metric = true;
    out->metric = find_metric(name);
    if (out->metric == METRICS)
        return refuse_metric(self, column, name);
    self->at += length;
    if (!take(self, "("))
        return 0;
    return read_policy(self, out);
}

static int read_operand(struct reader *self, struct sentence_operand *out)
{
    skip_space(self);
    *out = (struct sentence_operand){.column = column_of(self), .factor = 1};
    if (!number_here(self))
        return read_metric(self, out);
    const int rc = read_number(self, out->number, sizeof(out->number));
    if (rc != 0 || !take(self, "*"))
        return rc;
    const char *why;
    if (units_parse_real(out->number, &out->factor, &why) != 0 || out->factor <= 0)
        return REFUSE(self, out->column, "the factor \"%s\" is not a positive number", out->number);
    return read_metric(self, out);
}

static int read_comparison(struct reader *self, enum sentence_comparison *out)
{
    static const enum sentence_comparison longest_first[SENTENCE_COMPARISONS] = {
        SENTENCE_LESS_EQUAL, SENTENCE_GREATER_EQUAL, SENTENCE_EQUAL,
        SENTENCE_NOT_EQUAL,  SENTENCE_LESS,          SENTENCE_GREATER};
    for (uint32_t i = 0; i < SENTENCE_COMPARISONS; i++) {
        if (!take(self, comparison_text[longest_first[i]]))
            continue;
        *out = longest_first[i];
        return 0;
    }
    return REFUSE(self, column_of(self), "expected one of < <= > >= == !=");
}

static enum units_kind units_of(enum metric metric)
{
    switch (sentence_kind_of(metric)) {
    case SENTENCE_TIME:
        return UNITS_TIME;
    case SENTENCE_SIZE:
        return UNITS_SIZE;
    default:
        return metric_table[metric].unit == UNIT_SHARE ? UNITS_SHARE : UNITS_REAL;
    }
}

/* A number is read in the unit of what it is compared with. */
static int resolve_number(const struct reader *self, struct sentence_operand *number,
                          enum metric other)
{
    const char *why = "";
    const char *const text = number->number;
    const enum units_kind kind = units_of(other);
    uint64_t whole = 0;
    char better[160];
    const int rc = kind == UNITS_TIME    ? units_parse_ns(text, &whole, &why)
                   : kind == UNITS_SIZE  ? units_parse_bytes(text, &whole, &why)
                   : kind == UNITS_SHARE ? units_parse_share(text, &number->value, &why)
                                         : units_parse_real(text, &number->value, &why);
    if (kind == UNITS_TIME || kind == UNITS_SIZE)
        number->value = (double)whole;
    if (rc == 0)
        return 0;
    if (units_explain(kind, text, better, sizeof(better)))
        why = better;
    return REFUSE(self, number->column, "\"%s\" does not fit %s: %s", text,
                  metric_table[other].name, why);
}

static int read_all(struct reader *self, struct sentence *out)
{
    struct sentence_operand *const left = &out->side[0];
    struct sentence_operand *const right = &out->side[1];
    int rc = read_operand(self, left);
    if (rc == 0)
        rc = read_comparison(self, &out->comparison);
    if (rc == 0)
        rc = read_operand(self, right);
    if (rc != 0)
        return rc;
    if (*self->at)
        return REFUSE(self, column_of(self), "nothing may follow here, but \"%.40s\" does",
                      self->at);
    if (!left->is_metric && !right->is_metric)
        return REFUSE(self, 1, "neither side names a metric");
    if (!left->is_metric)
        return resolve_number(self, left, right->metric);
    if (!right->is_metric)
        return resolve_number(self, right, left->metric);
    if (sentence_kind_of(left->metric) != sentence_kind_of(right->metric))
        return REFUSE(self, right->column, "%s and %s are not of one kind",
                      metric_table[left->metric].name, metric_table[right->metric].name);
    return 0;
}

int sentence_parse(const char *noun, const char *text, struct sentence *out, struct err *err)
{
    *out = (struct sentence){.noun = noun, .text = text};
    struct reader reader = {out, text, err};
    return read_all(&reader, out);
}

int sentence_refuse(const struct sentence *self, uint32_t column, struct err *err,
                    const char *format, ...)
{
    char because[320];
    va_list args;
    va_start(args, format);
    vsnprintf(because, sizeof(because), format, args);
    va_end(args);
    return err_set(err, -EINVAL, "%s \"%.120s\", column %u: %s", self->noun, self->text, column,
                   because);
}
