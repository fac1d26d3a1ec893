/* SPDX-License-Identifier: BSD-3-Clause */
/* A figure without what was injected, measured and assumed can be misread, so these stand under every table. */
#include <math.h>
#include <string.h>

#include "core/base/units.h"
#include "harness/experiment/keys_tables.h"
#include "harness/metric/stats.h"
#include "harness/metric/target.h"
#include "harness/record/results_links.h"
#include "harness/report/preview.h"
#include "harness/report/table.h"
#include "harness/report/table_line.h"
#include "harness/report/table_policies.h"

static void note(FILE *out, const struct table_style *style, const char *head, const char *text)
{
    table_line(out, style, INK_DIM, head, text);
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
        resolution_s = fmax(resolution_s, run[i].target.resolution_s);
    snprintf(text, sizeof(text),
             "%s %s %.4g in %u consecutive evaluation%s; its time is known to %.3g s",
             target_metric_name(experiment->target.metric),
             target_metric_rises(experiment->target.metric) ? ">=" : "<=", run->target.value,
             experiment->target.hold, experiment->target.hold == 1 ? "" : "s", resolution_s);
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
    for (uint32_t i = 0; i < experiment->fault_count; i++)
        note(out, style, i ? "" : "faults",
             preview_describe_fault(&experiment->fault[i], text, sizeof(text)));
}

static void virtual_notes(FILE *out, const struct table_style *style, const struct experiment *x,
                          const struct record_run *run)
{
    char text[512], latency[48], rate[48], iteration[48];
    const double bytes_per_s = x->links.bytes_per_s;
    snprintf(text, sizeof(text), "latency %s%s, %s%s per port; iteration costs %s",
             units_format_ns(x->links.latency_ns, latency, sizeof(latency)),
             x->links_jitter == JITTER_NONE ? "" : " with jitter",
             bytes_per_s > 0 ? units_short_bytes(bytes_per_s, rate, sizeof(rate)) : "unlimited",
             bytes_per_s > 0 ? "/s" : " bandwidth",
             units_format_ns(x->costs.iteration_ns, iteration, sizeof(iteration)));
    note(out, style, "links", text);
    if (x->workers.cores) {
        snprintf(text, sizeof(text), "%u workers share %u core%s", run->workers, x->workers.cores,
                 x->workers.cores == 1 ? "" : "s");
        note(out, style, "cores", text);
    }
    if (run->judged && run->locals_judged + 1 < run->workers) {
        snprintf(text, sizeof(text), "%u of %u local models, evenly spread; the mean is of all",
                 run->locals_judged, run->workers);
        note(out, style, "evaluated", text);
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

/** The sums of several runs. */
struct sums {
    double worst;                  /* deviation, of those that should keep their sum */
    uint32_t kept, torn, diverged; /* runs */
    bool accounted;                /* for every message of all runs */
};

static bool keeps_sum(const struct record_run *run)
{
    return isfinite(run->ledger.error) && !record_breaks_sum(run) &&
           (!run->row || record_keeps_sum(run->row));
}

static struct sums add_sums(const struct record_run *run, uint32_t count)
{
    struct sums sums = {.accounted = true};
    for (uint32_t i = 0; i < count; i++) {
        sums.diverged += run[i].ledger.diverged > 0;
        sums.torn += record_breaks_sum(&run[i]);
        sums.accounted = sums.accounted && metric_of(&run[i], METRIC_TENSORS_UNEXPLAINED) <= 0 &&
                         metric_of(&run[i], METRIC_CONTROL_UNEXPLAINED) <= 0;
        if (!keeps_sum(&run[i]))
            continue;
        sums.kept++;
        sums.worst = fmax(sums.worst, run[i].ledger.error);
    }
    return sums;
}

/** What the sums say, and of how many runs they can say nothing. */
static void ledger_note(const struct record_run *run, uint32_t count, char *text, size_t size)
{
    const struct sums sums = add_sums(run, count);
    FILE *const out = fmemopen(text, size, "w");
    if (!out)
        return;
    if (sums.kept > 0)
        fprintf(out, "averaging kept the sum of all parameters to %.1e", sums.worst);
    else
        fputs("no policy here keeps the sum of all parameters", out);
    if (sums.accounted)
        fputs("; every message sent is accounted for", out);
    if (sums.torn > 0)
        fprintf(out,
                "; %u of %u runs cannot keep it: crashes, stalls, lost messages or evictions in "
                "mid-exchange",
                sums.torn, count);
    if (sums.diverged > 0)
        fprintf(out, "; %u of %u runs diverged: no sum to keep", sums.diverged, count);
    fclose(out);
}

/** How data were read, where that was not the best way there is, and why; or not the same way in all runs. */
static void data_note(FILE *out, const struct table_style *style, const struct record_run *run,
                      uint32_t count)
{
    char text[600];
    uint32_t other = 0;
    for (uint32_t i = 1; i < count; i++)
        other += run[i].loader.tier && run->loader.tier &&
                 strcmp(run[i].loader.tier, run->loader.tier) != 0;
    if (run->loader.reason[0]) {
        snprintf(text, sizeof(text), "%s (%s)", run->loader.tier, run->loader.reason);
        note(out, style, "data read by", text);
    }
    if (other == 0)
        return;
    snprintf(text, sizeof(text),
             "%u of %u runs read their data in another way than the first: see loader_tier", other,
             count);
    table_line(out, style, INK_WARN, "warning", text);
}

static void host_notes(FILE *out, const struct table_style *style, const struct record_run *run,
                       uint32_t count, const struct summary *summary)
{
    char text[512];
    const uint32_t cores = run->wall.threads ? 0 : cores_of(run);
    ledger_note(run, count, text, sizeof(text));
    note(out, style, "checked", text);
    if (cores)
        data_note(out, style, run, count);
    if (cores && cores < run->workers) {
        snprintf(text, sizeof(text),
                 "%u workers on %u core%s: latencies contain waiting for the core%s", run->workers,
                 cores, cores == 1 ? "" : "s",
                 run->cores.frames.shared_cores ? "; processes take turns on them" : "");
        note(out, style, "shared cores", text);
    }
    if (summary->seeds == 1)
        snprintf(text, sizeof(text), "unknown: one seed only; claims take at least %u",
                 STATS_CLAIM_SEEDS);
    else if (summary->seeds < STATS_INTERVAL_SEEDS)
        snprintf(text, sizeof(text),
                 "min..max over %u seeds, too few for an interval; claims take at least %u",
                 summary->seeds, STATS_CLAIM_SEEDS);
    else
        snprintf(
            text, sizeof(text),
            "95 %% t interval of the mean over %u seeds; min..max where one diverged or fell short",
            summary->seeds);
    note(out, style, "spread", text);
}

/** What crossed between processes, over all runs of the table. */
static void frames_note(FILE *out, const struct table_style *style, const struct record_run *run,
                        uint32_t count)
{
    struct record_frames sum = run->cores.frames;
    char text[512], captured[96] = "";
    if (!sum.link)
        return;
    for (uint32_t i = 1; i < count; i++) {
        const struct record_frames *const more = &run[i].cores.frames;
        sum.sent += more->sent;
        sum.captured += more->captured;
        sum.resent += more->resent;
        sum.refused += more->refused;
        sum.overflow += more->overflow;
        sum.unexplained += more->unexplained;
    }
    if (sum.captured > 0)
        snprintf(captured, sizeof(captured),
                 "; captured %llu times, and latencies contain what that costs",
                 (unsigned long long)sum.captured);
    snprintf(text, sizeof(text),
             "%llu between %u processes over %s; %llu sent again, %llu refused, %llu found a full "
             "buffer, %llu unexplained%s%s",
             (unsigned long long)sum.sent, sum.processes, sum.link, (unsigned long long)sum.resent,
             (unsigned long long)sum.refused, (unsigned long long)sum.overflow,
             (unsigned long long)sum.unexplained, captured,
             sum.clocks > 1 ? "; hosts with clocks of their own, which only the start of a run "
                              "brings together: latencies between them are off by some 0.1 ms"
                            : "");
    note(out, style, "frames", text);
}

/** Processes that died: nobody had planned that, and figures of these runs have it in them. */
static void deaths_warning(FILE *out, const struct table_style *style, const struct record_run *run,
                           uint32_t count)
{
    uint32_t runs = 0, lost = 0;
    char text[256];
    for (uint32_t i = 0; i < count; i++) {
        runs += run[i].cores.frames.lost > 0;
        lost += run[i].cores.frames.lost;
    }
    if (lost == 0)
        return;
    snprintf(text, sizeof(text),
             "%u process%s died in %u of %u runs; %s workers count as crashed from then on (see "
             "faults in result.json)",
             lost, lost == 1 ? "" : "es", runs, count, lost == 1 ? "its" : "their");
    note(out, style, "warning", text);
}

/** What bad links did, of each policy with all its seeds, and who waited for a link that stayed cut. */
static void link_notes(FILE *out, const struct table_style *style, const struct record_run *run,
                       uint32_t count)
{
    char text[512], all[600];
    for (uint32_t i = 0; i < count; i++) {
        bool first = true;
        for (uint32_t k = 0; k < i && first; k++)
            first = strcmp(run[k].policy, run[i].policy) != 0;
        struct counts sum = run[i].count;
        for (uint32_t k = i + 1; k < count; k++)
            if (strcmp(run[k].policy, run[i].policy) == 0)
                counts_add(&sum, &run[k].count);
        results_links_text(&sum.links, text, sizeof(text));
        snprintf(all, sizeof(all), "%s: %s", run[i].policy, text);
        if (first && *text)
            note(out, style, "bad links", all);
        if (!run[i].stall[0])
            continue;
        snprintf(all, sizeof(all), "%s seed %llu: %s", run[i].policy,
                 (unsigned long long)run[i].seed, run[i].stall);
        table_line(out, style, INK_WARN, "warning", all);
    }
}

static void quota_warning(FILE *out, const struct table_style *style, const struct record_run *run)
{
    char text[192];
    if (run->cores.quota <= 0)
        return;
    snprintf(text, sizeof(text),
             "the cgroup of this process grants the time of %.3g cores only: the kernel stops all "
             "workers for a part of each period",
             run->cores.quota);
    table_line(out, style, INK_WARN, "warning", text);
}

/** Legal, and seldom meant: the sampler begins its next epoch within a batch. */
static void batch_warning(FILE *out, const struct table_style *style,
                          const struct experiment *experiment, const struct record_run *run,
                          uint32_t count)
{
    char text[128];
    uint32_t smallest = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++)
        if (run[i].smallest_shard > 0 && run[i].smallest_shard < smallest)
            smallest = run[i].smallest_shard;
    if (smallest == UINT32_MAX || experiment->train.batch <= smallest)
        return;
    snprintf(text, sizeof(text),
             "a batch of %u is larger than the smallest shard, %u samples: it repeats some",
             experiment->train.batch, smallest);
    table_line(out, style, INK_WARN, "warning", text);
}

void table_notes(FILE *out, const struct table_style *style, const struct experiment *experiment,
                 const struct record_run *run, uint32_t count, const struct summary *summary)
{
    /* what does not depend on the value of a swept key is said of the first one */
    const bool again = summary->sweep_value && experiment->sweep.at > 0;
    target_note(out, style, experiment, run, count);
    if (!again)
        table_policy_notes(out, style, experiment);
    inject_notes(out, style, experiment);
    table_waits(out, style, run, count, summary);
    if (!again && experiment->clock == CLOCK_VIRTUAL)
        virtual_notes(out, style, experiment, run);
    if (!again)
        host_notes(out, style, run, count, summary);
    frames_note(out, style, run, count);
    deaths_warning(out, style, run, count);
    link_notes(out, style, run, count);
    quota_warning(out, style, run);
    batch_warning(out, style, experiment, run, count);
    table_warnings(out, style, experiment, summary);
}
