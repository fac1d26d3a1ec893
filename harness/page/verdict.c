/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first screen. It says no more than the figures carry: where intervals overlap nobody has won, where there are too few
 * seeds for one nothing is said to be sure.
 */
#include <string.h>

#include "core/base/units.h"
#include "harness/page/html.h"
#include "harness/page/page_json.h"
#include "harness/page/sections.h"

/** Series of one value of the swept key that are compared with each other. */
struct field {
    const struct page *page;
    const char *value;
};

static bool is_in(const struct field *field, const struct page_series *series)
{
    return series->summary &&
           (field->value == series->value ||
            (field->value && series->value && !strcmp(field->value, series->value)));
}

static const struct page_series *find(const struct field *field, const char *policy)
{
    for (uint32_t i = 0; i < field->page->count; i++)
        if (is_in(field, &field->page->series[i]) && !strcmp(field->page->series[i].policy, policy))
            return &field->page->series[i];
    return NULL;
}

static double median_time(const struct page_series *series)
{
    return page_real(json_object_get(series->summary, "time_to_target_s"), "median");
}

/** Whose figure is least; NULL: nobody has it. */
static const struct page_series *least(const struct field *field,
                                       double (*of)(const struct page_series *series))
{
    const struct page_series *best = NULL;
    for (uint32_t i = 0; i < field->page->count; i++) {
        const struct page_series *const one = &field->page->series[i];
        if (is_in(field, one) && !isnan(of(one)) && (!best || of(one) < of(best)))
            best = one;
    }
    return best;
}

static void strong(const struct field *field, const char *text)
{
    html_element(field->page->out, "strong", text);
}

static void say_bytes(FILE *out, const struct page_series *a, const struct page_series *b)
{
    char here[32], there[32];
    const double mine = page_real(json_object_get(a->summary, "bytes_to_target"), "median");
    const double its = page_real(json_object_get(b->summary, "bytes_to_target"), "median");
    if (isnan(mine) || isnan(its))
        return;
    html_print(out, " Until then it had exchanged %s, %s %s.",
               units_short_bytes(mine, here, sizeof(here)), b->policy,
               units_short_bytes(its, there, sizeof(there)));
}

/** Is it more than chance? */
static void say_interval(FILE *out, const struct page_series *best)
{
    const double low = page_metric(best->summary, "speedup", "low");
    const double high = page_metric(best->summary, "speedup", "high");
    const double pairs = page_count(best->summary, "speedup_pairs");
    char a[HTML_FIGURE_MAX], b[HTML_FIGURE_MAX];
    if (isnan(low) || isnan(high))
        html_print(out,
                   " Seeds that give no interval (pairs: %.0f) cannot say whether that is chance.",
                   pairs);
    else
        html_print(out, " Its 95 %% interval over %.0f pairs of seeds is %s to %s: %s.", pairs,
                   html_figure(low, a), html_figure(high, b),
                   low > 1 || high < 1 ? "more than chance" : "that could be chance");
}

static void say_speedup(FILE *out, const struct page_series *best, const char *baseline)
{
    const json_t *const speedup = json_object_get(best->summary, "speedup");
    const double at_least = page_real(speedup, "at_least"), at_most = page_real(speedup, "at_most");
    char a[HTML_FIGURE_MAX], b[HTML_FIGURE_MAX];
    if (isnan(at_least))
        return;
    if (isnan(at_most))
        html_print(out, " Over %s the speed-up is at least %s.", baseline,
                   html_figure(at_least, a));
    else if (at_least == at_most)
        html_print(out, " Over %s the speed-up is %s.", baseline, html_figure(at_least, a));
    else
        html_print(out, " Over %s the speed-up is between %s and %s.", baseline,
                   html_figure(at_least, a), html_figure(at_most, b));
    say_interval(out, best);
}

/** "training loss at most 0.26": the value of a relative target stands with the runs. */
static const char *describe_target(const json_t *target, const struct page_series *series,
                                   char out[96])
{
    const char *const metric = page_string(target, "metric");
    const bool accuracy = strstr(metric, "accuracy") != NULL;
    char figure[HTML_FIGURE_MAX];
    const double value = series->runs > 0 ? page_real(series->run[0], "target_value") : (double)NAN;
    snprintf(out, 96, "%s %s %s",
             !strcmp(metric, "train_loss_mean_model")         ? "training loss"
             : !strcmp(metric, "heldout_accuracy_mean_model") ? "held-out accuracy"
                                                              : metric,
             accuracy ? "at least" : "at most", html_figure(value, figure));
    return out;
}

static void say_first(const struct field *field, const struct page_series *best)
{
    FILE *const out = field->page->out;
    const json_t *const target = json_object_get(field->page->result, "target");
    const char *const name = page_string(best->summary, "baseline");
    const struct page_series *const baseline = find(field, name);
    char figure[HTML_FIGURE_MAX], text[96];
    strong(field, best->policy);
    html_print(out, " reached the target (%s) first: after %s s in the median",
               describe_target(target, best, text), html_figure(median_time(best), figure));
    html_print(out, ", in %.0f of %.0f seeds", page_count(best->summary, "reached"),
               page_count(best->summary, "seeds"));
    if (!baseline || baseline == best) {
        fputs(".", out);
        return;
    }
    if (isnan(median_time(baseline)))
        html_print(out, "; %s did not in half of its seeds.", name);
    else
        html_print(out, "; %s after %s s.", name, html_figure(median_time(baseline), figure));
    say_speedup(out, best, name);
    say_bytes(out, best, baseline);
}

static double final_loss(const struct page_series *series)
{
    return page_typical(series->summary, "train_loss_mean_model");
}

static double slowness(const struct page_series *series)
{
    return -page_typical(series->summary, "gradients_per_s");
}

static double waiting(const struct page_series *series)
{
    return page_typical(series->summary, "wait_share");
}

/** Is one interval wholly beside the other? */
static bool apart(const struct page_series *a, const struct page_series *b, const char *metric)
{
    return page_metric(a->summary, metric, "high") < page_metric(b->summary, metric, "low") ||
           page_metric(b->summary, metric, "high") < page_metric(a->summary, metric, "low");
}

/** The next best after `best`. */
static const struct page_series *second(const struct field *field, const struct page_series *best,
                                        double (*of)(const struct page_series *series))
{
    const struct page_series *next = NULL;
    for (uint32_t i = 0; i < field->page->count; i++) {
        const struct page_series *const one = &field->page->series[i];
        if (one != best && is_in(field, one) && !isnan(of(one)) && (!next || of(one) < of(next)))
            next = one;
    }
    return next;
}

static void say_quality(const struct field *field)
{
    FILE *const out = field->page->out;
    const struct page_series *const best = least(field, final_loss);
    char a[HTML_FIGURE_MAX], b[HTML_FIGURE_MAX];
    if (!best)
        return;
    const struct page_series *const next = second(field, best, final_loss);
    fputs("<p>At the end of the run ", out);
    strong(field, best->policy);
    html_print(out, " has the lowest training loss, %s", html_figure(final_loss(best), a));
    if (next)
        html_print(out, "; next is %s with %s%s", next->policy, html_figure(final_loss(next), b),
                   apart(best, next, "train_loss_mean_model")
                       ? ""
                       : ", and their intervals overlap or there are too few seeds to have any");
    fputs(".</p>\n", out);
}

static void say_speed(const struct field *field)
{
    FILE *const out = field->page->out;
    const struct page_series *const best = least(field, slowness);
    const struct page_series *const patient = least(field, waiting);
    char a[HTML_FIGURE_MAX];
    if (!best || !patient)
        return;
    fputs("<p>Most gradients were computed by ", out);
    strong(field, best->policy);
    html_print(out, " (%s per second); the smallest share of its time waits ",
               html_figure(-slowness(best), a));
    strong(field, patient->policy);
    html_print(out, " (%s %%).", html_percent(waiting(patient), a));
    fputs("</p>\n", out);
}

static void say_field(const struct field *field)
{
    FILE *const out = field->page->out;
    const struct page_series *const best = least(field, median_time);
    if (field->value)
        html_element(out, "h3", field->value);
    if (best) {
        fputs("<p class=\"big\">", out);
        say_first(field, best);
        fputs("</p>\n", out);
    }
    say_quality(field);
    say_speed(field);
}

static void say_all(const struct page *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const struct field field = {self, self->series[i].value};
        bool said = false;
        for (uint32_t before = 0; before < i; before++)
            said |= is_in(&field, &self->series[before]);
        if (!said && self->series[i].summary)
            say_field(&field);
    }
}

static void write_mark(FILE *out, const char *mark, const char *kind)
{
    fprintf(out, "<li><span class=\"mark %s\">", kind);
    html_text(out, mark);
    fputs("</span> ", out);
}

static void write_checks(const struct page *self)
{
    const json_t *item;
    size_t i;
    fputs("<ul class=\"checks\">\n", self->out);
    json_array_foreach(json_object_get(self->result, "claims"), i, item)
    {
        const char *const verdict = page_string(item, "verdict");
        write_mark(self->out, verdict,
                   !strcmp(verdict, "held")      ? "good"
                   : !strcmp(verdict, "refuted") ? "bad"
                                                 : "open");
        html_element(self->out, "b", page_string(item, "claim"));
        html_print(self->out, " \xe2\x80\x93 %s", page_string(item, "finding"));
        fputs("</li>\n", self->out);
    }
    json_array_foreach(json_object_get(self->result, "checks"), i, item)
    {
        const json_t *const pass = json_object_get(item, "pass");
        write_mark(self->out,
                   json_is_true(pass)    ? "pass"
                   : json_is_false(pass) ? "FAIL"
                                         : "open",
                   json_is_true(pass)    ? "good"
                   : json_is_false(pass) ? "bad"
                                         : "open");
        html_element(self->out, "code", page_string(item, "check"));
        html_print(self->out, " \xe2\x80\x93 %s", page_string(item, "finding"));
        fputs("</li>\n", self->out);
    }
    fputs("</ul>\n", self->out);
}

static void write_warnings(const struct page *self)
{
    const json_t *item;
    size_t i;
    if (!page_true(self->result, "complete"))
        fputs("<p class=\"warn\"><b>Incomplete:</b> this result was cut short; what follows is of "
              "what had been measured until then.</p>\n",
              self->out);
    json_array_foreach(json_object_get(self->result, "warnings"), i, item)
    {
        fputs("<p class=\"warn\"><b>Warning:</b> ", self->out);
        html_text(self->out, json_string_value(item));
        fputs("</p>\n", self->out);
    }
}

void page_verdict(const struct page *self)
{
    html_section(self->out, "verdict", "In short", NULL);
    write_warnings(self);
    say_all(self);
    write_checks(self);
    if (*page_string(self->result, "claim")) {
        fputs("<details><summary>What this profile claims</summary><p class=\"claim\">", self->out);
        html_text(self->out, page_string(self->result, "claim"));
        fputs("</p></details>\n", self->out);
    }
    html_section_end(self->out);
}
