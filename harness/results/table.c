#include "harness/results/table.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/parts.h"

#define LABEL_WIDTH 16u
#define BAR_WIDTH 28u

/* One unit and one number of decimals for a whole column, so that its figures can be compared at a glance. */
struct scale {
    double divisor;
    int decimals;
    const char *unit;
};

static const struct scale time_scales[] = {
    {1, 0, "ns"}, {1e3, 0, "us"}, {1e6, 0, "ms"}, {1e9, 0, "s"}};
static const struct scale size_scales[] = {
    {1, 0, "B"}, {0x1p10, 0, "KiB"}, {0x1p20, 0, "MiB"}, {0x1p30, 0, "GiB"}, {0x1p40, 0, "TiB"}};
static const struct scale plain_scales[] = {{1, 0, ""}};
static const struct scale share_scales[] = {{0.01, 0, "%"}};

/* Three digits of the smallest figure, unless the largest would grow too wide. */
static int decimals_for(double smallest, double largest)
{
    const int wanted = smallest >= 100 ? 0 : smallest >= 10 ? 1 : smallest >= 1 ? 2 : 3;
    const int most = largest >= 10000 ? 0 : largest >= 1000 ? 1 : largest >= 100 ? 2 : 3;
    return wanted < most ? wanted : most;
}

static struct scale pick_scale(enum results_unit unit, const double *value, uint32_t count)
{
    const struct scale *row = plain_scales;
    uint32_t rows = 1;
    double smallest = (double)INFINITY;
    double largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!isfinite(value[i]) || value[i] <= 0)
            continue;
        smallest = value[i] < smallest ? value[i] : smallest;
        largest = value[i] > largest ? value[i] : largest;
    }
    if (unit == UNIT_NS) {
        row = time_scales;
        rows = sizeof(time_scales) / sizeof(time_scales[0]);
    } else if (unit == UNIT_BYTES) {
        row = size_scales;
        rows = sizeof(size_scales) / sizeof(size_scales[0]);
    } else if (unit == UNIT_SHARE) {
        row = share_scales;
    }
    uint32_t k = 0;
    while (k + 1 < rows && largest >= row[k + 1].divisor)
        k++;
    /* rather 12000 us beside 9 us than 12.000 ms beside 0.009 ms */
    if (k > 0 && smallest < row[k].divisor / 50 && largest < row[k].divisor * 100)
        k--;
    struct scale scale = row[k];
    scale.decimals =
        largest > 0 ? decimals_for(smallest / scale.divisor, largest / scale.divisor) : 0;
    if (unit == UNIT_SHARE)
        scale.decimals = 1;
    if (unit == UNIT_COUNT || (unit == UNIT_NS && scale.divisor == 1.0))
        scale.decimals = 0;
    return scale;
}

static void put_number(char *out, const struct scale *scale, double value)
{
    if (isnan(value))
        *out = '\0';
    else if (isinf(value))
        snprintf(out, TABLE_CELL_MAX, "diverged");
    else if (value > 0 && value / scale->divisor < 0.0005 && scale->decimals >= 3)
        snprintf(out, TABLE_CELL_MAX, "%.1e", value / scale->divisor);
    else
        snprintf(out, TABLE_CELL_MAX, "%.*f", scale->decimals, value / scale->divisor);
}

static void put_range(char *out, const struct scale *scale, const struct target_spread *spread)
{
    char low[TABLE_CELL_MAX];
    char high[TABLE_CELL_MAX];
    if (spread->count < 2)
        return;
    put_number(low, scale, spread->min);
    put_number(high, scale, spread->max);
    snprintf(out, TABLE_CELL_MAX, "%.40s..%.40s", low, isinf(spread->max) ? "inf" : high);
}

/* A column of medians; `range` puts min..max behind them. */
static void metric_column(struct table_grid *grid, const struct results_summary *summary,
                          enum results_metric metric, const char *head, const char *unit,
                          bool range)
{
    double median[EXPERIMENT_POLICIES_MAX];
    char full[TABLE_CELL_MAX];
    for (uint32_t i = 0; i < summary->policy_count; i++)
        median[i] = summary->policy[i].metric[metric].median;
    const struct scale scale =
        pick_scale(results_metric_table[metric].unit, median, summary->policy_count);
    snprintf(full, sizeof(full), "%s%s%s", scale.unit, *scale.unit && *unit ? ", " : "", unit);

    const uint32_t c = table_grid_column(grid, head, full);
    for (uint32_t i = 0; i < summary->policy_count; i++) {
        struct table_cell *cell = &grid->cell[i][c];
        put_number(cell->figure, &scale, median[i]);
        if (!*cell->figure)
            snprintf(cell->figure, sizeof(cell->figure), "-");
        if (range)
            put_range(cell->note, &scale, &summary->policy[i].metric[metric]);
    }
}

/* Column 0: labels, cut to a width that leaves room for figures. */
static void start_grid(struct table_grid *grid, const struct results_summary *summary,
                       const char *title)
{
    memset(grid, 0, sizeof(*grid));
    _Static_assert(TABLE_ROWS_MAX >= EXPERIMENT_POLICIES_MAX, "a row for every policy");
    grid->title = title;
    grid->rows = summary->policy_count;
    table_grid_column(grid, "", "");
    for (uint32_t i = 0; i < grid->rows; i++) {
        const char *label = summary->policy[i].policy;
        const bool fits = table_width(label) <= LABEL_WIDTH;
        snprintf(grid->cell[i][0].figure, TABLE_CELL_MAX, "%.*s%s",
                 fits ? (int)EXPERIMENT_NAME_MAX : (int)LABEL_WIDTH - 1, label,
                 fits ? "" : "\xe2\x80\xa6");
    }
}

static void time_column(struct table_grid *grid, const struct results_summary *summary,
                        double budget_s)
{
    double shown[EXPERIMENT_POLICIES_MAX];
    for (uint32_t i = 0; i < summary->policy_count; i++)
        shown[i] = summary->policy[i].time_to_target_s.low;
    const struct scale scale = pick_scale(UNIT_SECONDS, shown, summary->policy_count);
    const uint32_t c = table_grid_column(grid, "time to target", "s");
    for (uint32_t i = 0; i < summary->policy_count; i++) {
        const struct results_policy *policy = &summary->policy[i];
        const struct target_spread *spread = &policy->metric[RESULTS_TIME_TO_TARGET_S];
        struct table_cell *cell = &grid->cell[i][c];
        const bool exact = isfinite(policy->time_to_target_s.high);
        char number[TABLE_CELL_MAX];
        if (!policy->has_target)
            continue;
        put_number(number, &scale, policy->time_to_target_s.low);
        snprintf(cell->figure, sizeof(cell->figure), "%s%.100s", exact ? "" : "> ", number);
        if (policy->reached == policy->seeds) {
            put_range(cell->note, &scale, spread);
        } else if (policy->reached) {
            char budget[TABLE_CELL_MAX];
            put_number(number, &scale, spread->min);
            put_number(budget, &scale, budget_s);
            snprintf(cell->note, sizeof(cell->note), "%.50s..>%.50s", number, budget);
        }
    }
}

static void speedup_text(char *out, struct target_bound at)
{
    if (at.low == at.high)
        snprintf(out, TABLE_CELL_MAX, "%.2fx", at.low);
    else if (at.low <= 0 && isinf(at.high))
        snprintf(out, TABLE_CELL_MAX, "unknown");
    else if (isinf(at.high))
        snprintf(out, TABLE_CELL_MAX, "> %.2fx", at.low);
    else if (at.low <= 0)
        snprintf(out, TABLE_CELL_MAX, "< %.2fx", at.high);
    else
        snprintf(out, TABLE_CELL_MAX, "%.2f to %.2fx", at.low, at.high);
}

static void speedup_column(struct table_grid *grid, const struct results_summary *summary)
{
    char unit[TABLE_CELL_MAX];
    if (summary->baseline == summary->policy_count)
        return;
    snprintf(unit, sizeof(unit), "over %.17s", summary->policy[summary->baseline].policy);
    const uint32_t c = table_grid_column(grid, "speed-up", unit);
    for (uint32_t i = 0; i < summary->policy_count; i++) {
        const struct results_policy *policy = &summary->policy[i];
        const struct target_spread *spread = &policy->metric[RESULTS_SPEEDUP];
        struct table_cell *cell = &grid->cell[i][c];
        if (i == summary->baseline)
            snprintf(cell->figure, sizeof(cell->figure), "baseline");
        else if (policy->speedup_pairs)
            speedup_text(cell->figure, policy->speedup);
        if (i != summary->baseline && spread->count > 1)
            snprintf(cell->note, sizeof(cell->note), "%.2f..%.2f", spread->min, spread->max);
    }
}

static void reached_column(struct table_grid *grid, const struct results_summary *summary)
{
    const uint32_t c = table_grid_column(grid, "reached", "seeds");
    for (uint32_t i = 0; i < summary->policy_count; i++)
        if (summary->policy[i].has_target)
            snprintf(grid->cell[i][c].figure, TABLE_CELL_MAX, "%u of %u",
                     summary->policy[i].reached, summary->policy[i].seeds);
}

static bool any_target(const struct results_summary *summary)
{
    for (uint32_t i = 0; i < summary->policy_count; i++)
        if (summary->policy[i].has_target)
            return true;
    return false;
}

static void learning_block(FILE *out, const struct table_style *style,
                           const struct results_summary *s, double budget_s)
{
    struct table_grid grid;
    start_grid(&grid, s, "LEARNING");
    if (any_target(s)) {
        time_column(&grid, s, budget_s);
        speedup_column(&grid, s);
        reached_column(&grid, s);
    }
    metric_column(&grid, s, RESULTS_TRAIN_LOSS_MEAN_MODEL, "train loss", "mean model", true);
    metric_column(&grid, s, RESULTS_HELDOUT_ACCURACY_MEAN_MODEL, "held-out acc.", "mean model",
                  true);
    metric_column(&grid, s, RESULTS_TRAIN_LOSS_LOCAL_MEAN, "local loss", "mean", false);
    table_grid_print(out, style, &grid);
}

static void speed_block(FILE *out, const struct table_style *style, const struct results_summary *s)
{
    struct table_grid grid;
    start_grid(&grid, s, "SPEED");
    metric_column(&grid, s, RESULTS_GRADIENTS_PER_S, "gradients/s", "all workers", true);
    metric_column(&grid, s, RESULTS_ITERATIONS_PER_S, "iterations/s", "per worker", false);
    metric_column(&grid, s, RESULTS_ITERATION_NS_P50, "iteration p50", "", true);
    metric_column(&grid, s, RESULTS_ITERATION_NS_P99, "p99", "", true);
    metric_column(&grid, s, RESULTS_WAIT_SHARE, "waiting", "", true);
    table_grid_print(out, style, &grid);
}

static void exchange_block(FILE *out, const struct table_style *style,
                           const struct results_summary *s)
{
    struct table_grid grid;
    start_grid(&grid, s, "EXCHANGE");
    metric_column(&grid, s, RESULTS_BYTES_EXCHANGED, "exchanged", "", false);
    metric_column(&grid, s, RESULTS_HANDLE_NS_P50, "handle p50", "", false);
    metric_column(&grid, s, RESULTS_HANDLE_NS_P99, "p99", "", false);
    metric_column(&grid, s, RESULTS_HANDLE_NS_P999, "p99.9", "", false);
    metric_column(&grid, s, RESULTS_READY_TO_MIXED_NS_P50, "ready\xe2\x86\x92mixed p50", "", false);
    metric_column(&grid, s, RESULTS_READY_TO_MIXED_NS_P99, "p99", "", false);
    metric_column(&grid, s, RESULTS_STALENESS_P50, "staleness p50", "versions", false);
    metric_column(&grid, s, RESULTS_STALENESS_P99, "p99", "versions", false);
    table_grid_print(out, style, &grid);
}

static const struct {
    const char *glyph;
    enum results_metric metric;
    const char *head;
} slices[] = {
    {"\xe2\x96\x88", RESULTS_COMPUTE_SHARE, "\xe2\x96\x88 compute"},
    {"\xe2\x96\x93", RESULTS_INJECTED_SHARE, "\xe2\x96\x93 injected"},
    {"\xe2\x96\x91", RESULTS_WAIT_SHARE, "\xe2\x96\x91 waiting"},
    {"\xe2\x96\x92", RESULTS_MIX_SHARE, "\xe2\x96\x92 mixing"},
    {"=", RESULTS_HELD_SHARE, "= held"},
};

#define SLICES (sizeof(slices) / sizeof(slices[0]))

/* Cumulative rounding: the bar is always BAR_WIDTH long and no slice is off by more than one character. */
static void put_bar(char *out, const struct results_policy *policy)
{
    double sum = 0;
    uint32_t drawn = 0;
    *out = '\0';
    for (uint32_t i = 0; i < SLICES; i++) {
        const double share = policy->metric[slices[i].metric].median;
        sum += isfinite(share) ? share : 0;
        const double until = round((sum < 1 ? sum : 1) * BAR_WIDTH);
        for (; drawn < (uint32_t)until; drawn++)
            strcat(out, slices[i].glyph);
    }
    for (; drawn < BAR_WIDTH; drawn++)
        strcat(out, ".");
}

_Static_assert(BAR_WIDTH * 3 < TABLE_CELL_MAX, "three bytes per glyph");

static void split_block(FILE *out, const struct table_style *style, const struct results_summary *s)
{
    struct table_grid grid;
    start_grid(&grid, s, "ITERATION");
    for (uint32_t i = 0; i < SLICES; i++)
        metric_column(&grid, s, slices[i].metric, slices[i].head, "", false);
    const uint32_t other = table_grid_column(&grid, ". other", "%");
    const uint32_t bar = table_grid_column(&grid, "where its time goes", "");
    for (uint32_t i = 0; i < s->policy_count; i++) {
        double rest = 1;
        for (uint32_t k = 0; k < SLICES; k++)
            rest -= s->policy[i].metric[slices[k].metric].median;
        if (isnan(rest))
            continue;
        snprintf(grid.cell[i][other].figure, TABLE_CELL_MAX, "%.1f", 100 * fmax(rest, 0));
        put_bar(grid.cell[i][bar].figure, &s->policy[i]);
    }
    table_grid_print(out, style, &grid);
}

static void title_line(FILE *out, const struct table_style *style,
                       const struct experiment *experiment, const struct record_run *run,
                       const struct results_summary *summary)
{
    char text[512];
    table_ink(out, style, INK_BOLD, experiment->name);
    snprintf(text, sizeof(text), "   %s clock, %u workers, graph %s, %u seed%s",
             run->clock ? run->clock : "live", run->workers, experiment->workers.graph,
             summary->seeds, summary->seeds == 1 ? "" : "s: median min..max");
    table_ink(out, style, INK_DIM, text);
    fputc('\n', out);
    for (uint32_t i = 0; i < style->width; i++)
        table_ink(out, style, INK_DIM, "\xe2\x94\x80");
    fputc('\n', out);
}

void table_print(FILE *out, const struct table_style *style, const struct experiment *experiment,
                 const struct record_run *run, uint32_t count,
                 const struct results_summary *summary, const char *dir)
{
    if (count == 0) {
        fputs("nothing ran\n", out);
        return;
    }
    fputc('\n', out);
    title_line(out, style, experiment, run, summary);
    learning_block(out, style, summary, run->duration_s);
    fputc('\n', out);
    speed_block(out, style, summary);
    fputc('\n', out);
    exchange_block(out, style, summary);
    fputc('\n', out);
    split_block(out, style, summary);
    fputc('\n', out);
    table_notes(out, style, experiment, run, count, summary);
    if (dir)
        fprintf(out, " %-13s%s\n", "results", dir);
}

uint32_t table_print_checks(FILE *out, const struct table_style *style,
                            const struct checks_result *check, uint32_t count)
{
    uint32_t failed = 0;
    for (uint32_t i = 0; i < count; i++) {
        failed += !check[i].pass;
        table_ink(out, style, check[i].pass ? INK_GOOD : INK_BAD,
                  check[i].pass ? " PASS" : " FAIL");
        const uint32_t width = table_width(check[i].text) + table_width(check[i].finding);
        fprintf(out, "  %s%s", check[i].text, width + 10 > style->width ? "\n       " : "   ");
        table_ink(out, style, INK_DIM, check[i].finding);
        fputc('\n', out);
    }
    return failed;
}
