/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every reason to doubt a figure of the table: one line per kind, which names the policies that it concerns, what it costs
 * and what helps. A line per policy and kind would bury the table under its warnings on a busy host.
 */
#include <math.h>
#include <string.h>

#include "core/base/units.h"
#include "harness/report/table.h"
#include "harness/report/table_line.h"

/* Above these a figure may have another cause than the policy. */
#define REST_SHARE_MAX 0.02
#define INJECTED_ERROR_NS_MAX 50e3
#define INJECTED_ERROR_SHARE_MAX 0.05
#define WEIGHT_MIN 1e-3

#define FIGURE_MAX 160u

static bool loss_diverged(const struct summary_policy *p)
{
    const struct target_spread *const loss = &p->metric[METRIC_TRAIN_LOSS_MEAN_MODEL];
    return loss->count && isinf(loss->max);
}

static bool say_loss(const struct summary_policy *p, char *figure)
{
    snprintf(figure, FIGURE_MAX, "%s", p->policy);
    return loss_diverged(p);
}

static bool say_models(const struct summary_policy *p, char *figure)
{
    const double most = p->metric[METRIC_DIVERGED].max;
    snprintf(figure, FIGURE_MAX, "%.0f (%s)", most, p->policy);
    return most > 0 && !loss_diverged(p);
}

static bool say_weight(const struct summary_policy *p, char *figure)
{
    const struct target_spread *const weight = &p->metric[METRIC_WEIGHT_LEAST];
    snprintf(figure, FIGURE_MAX, "%.1e (%s)", weight->min, p->policy);
    return weight->count && weight->min < WEIGHT_MIN;
}

static bool say_target(const struct summary_policy *p, char *figure)
{
    if (!p->has_target || p->reached <= p->held_at_end)
        return false;
    snprintf(figure, FIGURE_MAX, "%u of %u (%s)", p->reached - p->held_at_end, p->reached,
             p->policy);
    return true;
}

static bool say_runs(const struct summary_policy *p, uint32_t runs, char *figure)
{
    snprintf(figure, FIGURE_MAX, "%u of %u (%s)", runs, p->seeds, p->policy);
    return runs > 0;
}

static bool say_ledger(const struct summary_policy *p, char *figure)
{
    return say_runs(p, p->ledger_bad, figure);
}

static bool say_incomplete(const struct summary_policy *p, char *figure)
{
    return say_runs(p, p->incomplete, figure);
}

static bool say_contended(const struct summary_policy *p, char *figure)
{
    return say_runs(p, p->contended, figure);
}

static bool say_count(const struct summary_policy *p, enum metric metric, char *figure)
{
    const double most = p->metric[metric].max;
    snprintf(figure, FIGURE_MAX, "%.0f (%s)", most, p->policy);
    return most > 0;
}

static bool say_unexplained(const struct summary_policy *p, char *figure)
{
    const struct target_spread *const m = p->metric;
    const double tensors = m[METRIC_TENSORS_UNEXPLAINED].max;
    const double controls = m[METRIC_CONTROL_UNEXPLAINED].max;
    snprintf(figure, FIGURE_MAX, "%.0f and %.0f (%s)", tensors, controls, p->policy);
    return tensors > 0 || controls > 0;
}

static bool say_superseded(const struct summary_policy *p, char *figure)
{
    return say_count(p, METRIC_EXACT_SUPERSEDED, figure);
}

static bool say_slots(const struct summary_policy *p, char *figure)
{
    return say_count(p, METRIC_SLOT_WAITS, figure);
}

static bool say_rest(const struct summary_policy *p, char *figure)
{
    const double most = p->metric[METRIC_REST_SHARE].max;
    snprintf(figure, FIGURE_MAX, "%.1f %% (%s)", 100 * most, p->policy);
    return most > REST_SHARE_MAX;
}

/** The kernel counts a core that is given away as one that is taken away: where processes share cores it says nothing. */
static bool say_switches(const struct summary_policy *p, char *figure)
{
    return say_count(p, METRIC_INVOLUNTARY_SWITCHES, figure) && !p->shared_cores;
}

static bool say_overruns(const struct summary_policy *p, char *figure)
{
    return say_count(p, METRIC_COMPUTE_OVERRUNS, figure);
}

/** `123 ms, 14x the median (aau)`; small shares in percent. */
static bool say_injected(const struct summary_policy *p, char *figure)
{
    const double error_ns = p->metric[METRIC_INJECTED_ERROR_NS_P99].max;
    const double share = p->metric[METRIC_INJECTED_ERROR_SHARE_P99].max;
    char error[48], of[32];
    if (share >= 2)
        snprintf(of, sizeof(of), "%.*fx the median", share < 10, share);
    else
        snprintf(of, sizeof(of), "%.0f %% of the median", 100 * share);
    snprintf(figure, FIGURE_MAX, "%s, %s (%s)", units_short_ns(error_ns, error, sizeof(error)), of,
             p->policy);
    return error_ns > INJECTED_ERROR_NS_MAX || share > INJECTED_ERROR_SHARE_MAX;
}

static bool say_clipped(const struct summary_policy *p, char *figure)
{
    snprintf(figure, FIGURE_MAX, "%.0f (%s)", p->latency_clipped, p->policy);
    return p->latency_clipped > 0;
}

// clang-format off
static const struct {
    bool (*say)(const struct summary_policy *p, char *figure); /* is it so, and how much; [FIGURE_MAX] */
    const char *before, *between, *after;
} kinds[] = {
    {say_loss, "the loss diverged in at least one seed of ", ", ",
     ": give a lower lr, or let `dawdle tune` find one"},
    {say_models, "models with values that are no numbers, up to ", ", ", " of them a run: a lower lr may help"},
    {say_weight, "a push-sum weight fell to ", ", ",
     ": some worker received too little from its neighbours, and its steps were 1 / weight times as long"},
    {say_target, "the target was reached, but no longer met at the end, with ", ", ", " seeds"},
    {say_ledger, "averaging did not keep the sum of all parameters in ", ", ",
     " runs: their losses are not those of the policy; this is a fault of dawdle"},
    {say_incomplete, "runs that ended with messages still under way: ", ", ", "; their last figures are missing"},
    {say_unexplained, "snapshots and control messages that nothing accounts for: up to ", "; ",
     "; this is a fault of dawdle"},
    {say_superseded, "messages lost where none may be: ", ", ", "; this is a fault of dawdle"},
    {say_slots, "sending waited for a free buffer ", ", ", " times: the iterations it delayed are too long"},
    {say_rest, "time of iterations that no part accounts for: ", ", ",
     "; usually the kernel ran something else on the core"},
    {say_contended, "workers competed for their cores in ", ", ",
     " runs: the times contain that; fewer workers, or a longer compute.base, avoid it"},
    {say_switches, "the kernel took loops off their cores up to ", ", ",
     " times a run: times are too long by that; `dawdle doctor` says what helps"},
    {say_overruns, "gradients took longer than the emulated compute time up to ", ", ",
     " times a run: a longer compute.base avoids it"},
    {say_injected, "injected delays missed what was asked for, at p99 by ", "; ",
     "; usually other programs had the core"},
    {say_clipped, "latencies of more than an hour, counted as one hour: ", ", ", ""},
};
// clang-format on

#define STOLEN_SHARE_SHOWN 0.01

/** Whose cores were not its own. Above the profile's share nothing is concluded about time. */
static void warn_stolen(FILE *out, const struct table_style *style, double share_max,
                        const struct summary *summary)
{
    char text[256 + EXPERIMENT_POLICIES_MAX * (FIGURE_MAX + 2)];
    size_t used = 0;
    bool open = false;
    for (uint32_t i = 0; i < summary->policy_count; i++) {
        const struct summary_policy *const p = &summary->policy[i];
        if (p->stolen_share < STOLEN_SHARE_SHOWN)
            continue;
        open = open || p->stolen_share > share_max;
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.0f %% (%s)",
                                 used              ? ", "
                                 : p->shared_cores ? "other programs, or processes of the same "
                                                     "run, took a share of the cores: "
                                                   : "other programs took a share of the cores: ",
                                 100 * p->stolen_share, p->policy);
    }
    if (used == 0)
        return;
    if (open)
        snprintf(text + used, sizeof(text) - used, "; checks and claims about time stay open");
    table_line(out, style, INK_WARN, "warning", text);
}

void table_warnings(FILE *out, const struct table_style *style, const struct experiment *experiment,
                    const struct summary *summary)
{
    warn_stolen(out, style, experiment->judge.stolen, summary);

    char text[256 + EXPERIMENT_POLICIES_MAX * (FIGURE_MAX + 2)];
    char figure[FIGURE_MAX];
    for (uint32_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        size_t used = 0;
        for (uint32_t i = 0; i < summary->policy_count; i++)
            if (kinds[k].say(&summary->policy[i], figure))
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
                                         used ? kinds[k].between : kinds[k].before, figure);
        if (used == 0)
            continue;
        snprintf(text + used, sizeof(text) - used, "%s", kinds[k].after);
        table_line(out, style, INK_WARN, "warning", text);
    }
}
