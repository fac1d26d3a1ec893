#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "core/base/units.h"
#include "harness/preview.h"
#include "harness/results/table.h"
#include "harness/results/target.h"

/* Above these a figure may have another cause than the policy. */
#define REST_SHARE_MAX 0.02
#define INJECTED_ERROR_NS_MAX 50e3

static void note(FILE *out, const struct table_style *style, const char *head, const char *text)
{
    char padded[32];
    snprintf(padded, sizeof(padded), " %-13s", head);
    table_ink(out, style, INK_DIM, padded);
    fprintf(out, "%s\n", text);
}

__attribute__((format(printf, 3, 4))) static void warn(FILE *out, const struct table_style *style,
                                                       const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    table_ink(out, style, INK_WARN, " warning      ");
    fprintf(out, "%s\n", text);
}

static void target_note(FILE *out, const struct table_style *style,
                        const struct experiment *experiment, const struct record_run *run,
                        uint32_t count)
{
    char text[512];
    double resolution_s = 0;
    if (!experiment->target.set)
        return;
    for (uint32_t i = 0; i < count; i++)
        resolution_s = fmax(resolution_s, run[i].target_resolution_s);
    snprintf(text, sizeof(text), "%s %s %.4g in %u evaluations on end, resolution %.3g s",
             target_metric_name(experiment->target.metric),
             target_metric_rises(experiment->target.metric) ? ">=" : "<=", run->target_value,
             experiment->target.hold, resolution_s);
    note(out, style, "target", text);
    if (!*experiment->target.relative_to)
        return;
    snprintf(text, sizeof(text), "that is the median final value of %s %s %g",
             experiment->target.relative_to,
             target_metric_rises(experiment->target.metric) ? "divided by" : "times",
             experiment->target.factor);
    note(out, style, "", text);
}

static void inject_notes(FILE *out, const struct table_style *style,
                         const struct experiment *experiment)
{
    char text[512];
    for (uint32_t i = 0; i < experiment->inject_count; i++)
        note(out, style, i ? "" : "stragglers",
             preview_describe(&experiment->inject[i], text, sizeof(text)));
    if (experiment->inject_count == 0)
        note(out, style, "stragglers", "none injected");
}

static void append(char *out, size_t size, const char *text)
{
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "%s%s", used ? ", " : "", text);
}

/* The ordering of policies depends on these choices, so they stand beside it. */
static void policy_notes(FILE *out, const struct table_style *style,
                         const struct experiment *experiment)
{
    static const char *const release[] = {"cluster", "all", "nbr", "pair"};
    static const char *const pairing[] = {"any", "bipartite"};
    char rules[1024] = "";
    char rates[1024] = "";
    char text[160];
    const bool learns = strcmp(experiment->data.format, "none") != 0;
    bool shared = false;
    for (uint32_t i = 0; i < experiment->policy_count; i++) {
        const struct experiment_policy *p = &experiment->policy[i];
        if (p->row && strcmp(p->row->name, "aau") == 0) {
            snprintf(text, sizeof(text), "%s release %s", p->label, release[p->release]);
            append(rules, sizeof(rules), text);
        } else if (p->row && strcmp(p->row->name, "adpsgd") == 0) {
            snprintf(text, sizeof(text), "%s pairing %s%s", p->label, pairing[p->pairing],
                     p->comm_thread ? " with communication thread" : "");
            append(rules, sizeof(rules), text);
        }
        shared = shared || (learns && !p->lr_own);
        if (p->lr_own) {
            snprintf(text, sizeof(text), "%s %g", p->label, p->lr);
            append(rates, sizeof(rates), text);
        }
    }
    if (*rules)
        note(out, style, "rules", rules);
    if (shared) {
        snprintf(text, sizeof(text), "shared %g%s", experiment->train.lr,
                 *rates ? " (not tuned), but" : " (not tuned per policy)");
        char all[1200];
        snprintf(all, sizeof(all), "%s %s", text, rates);
        note(out, style, "lr", all);
    } else if (*rates) {
        note(out, style, "lr", rates);
    }
}

static uint32_t cores_of(const struct record_run *run)
{
    uint32_t cores = 0;
    for (uint32_t w = 0; run->worker && w < run->workers; w++) {
        uint32_t before = 0;
        while (before < w && run->worker[before].core != run->worker[w].core)
            before++;
        cores += before == w;
    }
    return cores;
}

static void host_notes(FILE *out, const struct table_style *style, const struct record_run *run,
                       uint32_t count, const struct results_summary *summary)
{
    char text[512];
    const uint32_t cores = cores_of(run);
    double ledger = 0;
    bool accounted = true;
    for (uint32_t i = 0; i < count; i++) {
        ledger = fmax(ledger, results_metric_of(&run[i], RESULTS_LEDGER_ERROR));
        accounted = accounted && results_metric_of(&run[i], RESULTS_TENSORS_UNEXPLAINED) <= 0 &&
                    results_metric_of(&run[i], RESULTS_CONTROL_UNEXPLAINED) <= 0;
    }
    snprintf(text, sizeof(text), "worst relative error %.1e%s", ledger,
             accounted ? "; every message sent is accounted for" : "");
    note(out, style, "ledger", text);
    if (cores && cores < run->workers) {
        snprintf(text, sizeof(text),
                 "%u workers on %u core%s: latencies include other workers' turns", run->workers,
                 cores, cores == 1 ? "" : "s");
        note(out, style, "cooperative", text);
    }
    if (summary->seeds == 1)
        snprintf(text, sizeof(text), "unknown: one seed only; claims take at least 10");
    else
        snprintf(text, sizeof(text), "min..max over %u seeds%s", summary->seeds,
                 summary->seeds < 6 ? ", too few for an interval; claims take at least 10" : "");
    note(out, style, "spread", text);
}

static void learning_warnings(FILE *out, const struct table_style *style,
                              const struct results_policy *p)
{
    const struct target_spread *loss = &p->metric[RESULTS_TRAIN_LOSS_MEAN_MODEL];
    if (loss->count && isinf(loss->max))
        warn(out, style, "%s: the loss diverged in at least one of %u seeds; lower its lr",
             p->policy, p->seeds);
    if (p->has_target && p->reached > p->held_at_end)
        warn(out, style, "%s: reached the target in %u seeds but ends meeting it in only %u",
             p->policy, p->reached, p->held_at_end);
    if (p->ledger_bad)
        warn(out, style, "%s: the parameter ledger does not balance in %u of %u seeds", p->policy,
             p->ledger_bad, p->seeds);
    if (p->incomplete)
        warn(out, style, "%s: %u of %u runs did not drain and are incomplete", p->policy,
             p->incomplete, p->seeds);
}

static void counter_warnings(FILE *out, const struct table_style *style,
                             const struct results_policy *p)
{
    const struct target_spread *m = p->metric;
    if (m[RESULTS_TENSORS_UNEXPLAINED].max > 0 || m[RESULTS_CONTROL_UNEXPLAINED].max > 0)
        warn(out, style, "%s: up to %.0f tensors and %.0f control messages are unaccounted for",
             p->policy, m[RESULTS_TENSORS_UNEXPLAINED].max, m[RESULTS_CONTROL_UNEXPLAINED].max);
    if (m[RESULTS_EXACT_SUPERSEDED].max > 0)
        warn(out, style, "%s: %.0f messages were lost on edges that may lose none", p->policy,
             m[RESULTS_EXACT_SUPERSEDED].max);
    if (m[RESULTS_SLOT_WAITS].max > 0)
        warn(out, style, "%s: publishing waited for a free slot %.0f times", p->policy,
             m[RESULTS_SLOT_WAITS].max);
}

static void timing_warnings(FILE *out, const struct table_style *style,
                            const struct results_policy *p)
{
    const struct target_spread *m = p->metric;
    char error[48];
    if (m[RESULTS_REST_SHARE].max > REST_SHARE_MAX)
        warn(out, style, "%s: %.1f %% of the iteration time is explained by no part", p->policy,
             100 * m[RESULTS_REST_SHARE].max);
    if (p->contended)
        warn(out, style, "%s: contended in %u of %u runs: its workers compete for their cores",
             p->policy, p->contended, p->seeds);
    if (m[RESULTS_INVOLUNTARY_SWITCHES].max > 0)
        warn(out, style, "%s: the kernel took loops off their cores up to %.0f times a run",
             p->policy, m[RESULTS_INVOLUNTARY_SWITCHES].max);
    if (m[RESULTS_COMPUTE_OVERRUNS].max > 0)
        warn(out, style, "%s: up to %.0f gradients took longer than the emulated compute time",
             p->policy, m[RESULTS_COMPUTE_OVERRUNS].max);
    if (m[RESULTS_INJECTED_ERROR_NS_P99].max > INJECTED_ERROR_NS_MAX)
        warn(out, style, "%s: injected delays miss what was asked by %s at p99", p->policy,
             units_short_ns(m[RESULTS_INJECTED_ERROR_NS_P99].max, error, sizeof(error)));
    if (p->latency_clipped > 0)
        warn(out, style, "%s: %.0f latencies beyond the histograms' hour were clipped", p->policy,
             p->latency_clipped);
}

void table_notes(FILE *out, const struct table_style *style, const struct experiment *experiment,
                 const struct record_run *run, uint32_t count,
                 const struct results_summary *summary)
{
    target_note(out, style, experiment, run, count);
    policy_notes(out, style, experiment);
    inject_notes(out, style, experiment);
    host_notes(out, style, run, count, summary);
    for (uint32_t i = 0; i < summary->policy_count; i++) {
        learning_warnings(out, style, &summary->policy[i]);
        counter_warnings(out, style, &summary->policy[i]);
        timing_warnings(out, style, &summary->policy[i]);
    }
}
