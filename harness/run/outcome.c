/* SPDX-License-Identifier: BSD-3-Clause */
/* Soundness, checks and claims are judged on the records alone: what ran is over. */
#include "harness/run/outcome.h"

#include <stdio.h>

#include "harness/experiment/sentences.h"
#include "harness/report/table.h"

static bool complain(const struct record_run *run, const char *what)
{
    fprintf(stderr, "dawdle: FAIL %s seed %llu: %s\n", run->policy, (unsigned long long)run->seed,
            what);
    return false;
}

/** What must hold of what it sent, once all has come to rest; says what does not. */
static bool is_drained_soundly(const struct record_run *run)
{
    const struct counts *const count = &run->count;
    bool sound = true;
    if (count->links.corrupted != count->links.caught)
        sound = complain(run, "a damaged message was not noticed");
    if (run->left_in_channels > count->links.tensors_held ||
        count->control_sent != count->control_delivered + record_control_ended(run))
        sound = complain(run, "a message was left in its channel");
    if (count->loans > 0)
        sound = complain(run, "a snapshot that was lent was not given back");
    return sound;
}

/** What must hold whatever the profile checks; says what does not. */
static bool is_sound(const struct record_run *run)
{
    bool sound = true;
    if (!run->ledger.ok)
        sound = complain(run, "averaging did not keep the sum of all parameters");
    if (run->count.exact_superseded > 0)
        sound = complain(run, "a message was lost on an edge that may lose none");
    if (run->count.tensors_sent != run->count.tensors_delivered + run->count.tensors_superseded +
                                       run->count.tensors_dropped + run->count.tensors_in_flight)
        sound = complain(run, "a tensor that was sent is not accounted for");
    if (run->drained && !is_drained_soundly(run))
        sound = false;
    return sound;
}

/** A check that is a claim passes when the claim is held (for every value); open is not enough for a gate. */
static void evaluate_claim(const struct results_verdict *verdict, const char *text,
                           struct checks_result *check)
{
    const struct claims_result *claim = claims_find(verdict->claim, verdict->claims, 0, text);
    check->pass = claim != NULL;
    for (; claim && check->pass;
         claim = claims_find(verdict->claim, verdict->claims,
                             (uint32_t)(claim - verdict->claim) + 1, text)) {
        const bool swept = claim->sweep_value != NULL;
        check->pass = claim->verdict == CLAIM_HELD;
        check->open = claim->unfit;
        snprintf(check->finding, sizeof(check->finding), "%s%s%s%s", swept ? "@" : "",
                 swept ? claim->sweep_value : "", swept ? " " : "", claim->finding);
    }
}

static void evaluate_checks(const struct experiment *e, const struct results_verdict *verdict,
                            const struct scope *scope, struct checks_result *check)
{
    for (uint32_t i = 0; i < e->check_count; i++) {
        const char *const text = sentences_claim_in(e->check[i]);
        check[i] = (struct checks_result){.text = e->check[i]};
        if (text)
            evaluate_claim(verdict, text, &check[i]);
        else
            checks_evaluate(e->check[i], verdict->summary, verdict->summaries, scope, &check[i]);
    }
}

/** One summary per value that has runs; an interrupted matrix lacks the last ones. */
static uint32_t summarise(const struct outcome_runs *of, struct summary *summary)
{
    uint32_t v = 0;
    for (; v < of->sweep->values && of->first[v] < of->first[v + 1]; v++)
        summary_make(&of->run[of->first[v]], of->first[v + 1] - of->first[v], &summary[v]);
    return v;
}

static void print_tables(const struct outcome *self, const struct outcome_runs *of,
                         const struct table_style *style, FILE *out)
{
    for (uint32_t v = 0; v < self->verdict.summaries; v++)
        table_print(out, style, of->sweep->experiment[v], &of->run[of->first[v]],
                    of->first[v + 1] - of->first[v], &self->verdict.summary[v]);
}

/** Reasons for doubt that the tables give; nothing of them is lost where no table is printed. */
static char *collect_warnings(const struct outcome *self, const struct outcome_runs *of)
{
    char *lines = NULL, *table = NULL;
    size_t bytes, table_bytes;
    FILE *const out = open_memstream(&table, &table_bytes);
    const struct table_style style = {.width = 120, .warnings = open_memstream(&lines, &bytes)};
    if (out && style.warnings)
        print_tables(self, of, &style, out);
    if (out)
        fclose(out);
    if (style.warnings)
        fclose(style.warnings);
    free(table);
    return lines;
}

void outcome_evaluate(struct outcome *self, const struct outcome_runs *of)
{
    const struct experiment *const e = of->sweep->written;
    const struct scope scope = {.policies = e->policy_count,
                                .values = of->sweep->values,
                                .seeds = e->seed_count,
                                .stolen_max = e->judge.stolen,
                                .budget_is_time = e->stop.time_ns > 0,
                                .incomplete = of->runs < sweep_cells(of->sweep) ||
                                              of->interrupted || of->failed};
    self->verdict = (struct results_verdict){
        .summary = self->summary,
        .summaries = summarise(of, self->summary),
        .check = self->check,
        .checks = e->check_count,
        .claim = self->claim,
        .claims = claims_evaluate(e, of->run, of->runs, &scope, self->claim),
        .complete = !scope.incomplete,
        .interrupted = of->interrupted};
    evaluate_checks(e, &self->verdict, &scope, self->check);
    self->warnings = collect_warnings(self, of);
    self->verdict.warnings = self->warnings;
}

void outcome_close(struct outcome *self)
{
    free(self->warnings);
    self->warnings = NULL;
}

/** Else the table looks like that of a whole matrix. */
static void print_cut_short(FILE *out, const struct table_style *style,
                            const struct outcome_runs *of)
{
    char text[160];
    const bool cut = of->interrupted && of->runs > 0 && of->run[of->runs - 1].interrupted;
    snprintf(text, sizeof(text), " %s after %u of %u runs%s: what follows is of these alone ",
             of->interrupted ? "INTERRUPTED" : "STOPPED BY AN ERROR", of->runs,
             sweep_cells(of->sweep), cut ? ", the last one cut short" : "");
    fputc('\n', out);
    table_ink(out, style, INK_BAD, text);
    fputc('\n', out);
}

void outcome_print(const struct outcome *self, const struct outcome_runs *of, FILE *out)
{
    const struct results_verdict *const verdict = &self->verdict;
    const struct experiment *const e = of->sweep->written;
    const struct table_style style = table_style_of(out);
    if (!verdict->complete)
        print_cut_short(out, &style, of);
    if (verdict->summaries == 0)
        fputs("nothing ran\n", out);
    print_tables(self, of, &style, out);
    if (e->sweep.count > 0)
        table_print_sweep(out, &style, e, verdict->summary, verdict->summaries);
    table_print_claims(out, &style, verdict->claim, verdict->claims);
    table_print_checks(out, &style, verdict->check, verdict->checks);
}

/** Nothing happened to it that nobody had planned. */
static bool came_to_its_end(const struct record_run *run)
{
    return run->drained && run->cores.frames.lost == 0;
}

int outcome_code(const struct outcome *self, const struct outcome_runs *of, bool strict)
{
    int code = 0;
    for (uint32_t i = 0; i < of->runs; i++)
        code = is_sound(&of->run[i]) ? code : 4;
    for (uint32_t i = 0; i < self->verdict.checks; i++)
        code = self->check[i].pass || (self->check[i].open && !strict) ? code : 4;
    for (uint32_t i = 0; i < of->runs; i++)
        code = came_to_its_end(&of->run[i]) ? code : 5;
    return self->verdict.complete ? code : 5;
}
