#include "harness/preview.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"

#define BINS 12u
#define BAR_WIDTH 50u
#define BASE_NS_DEFAULT 1000000u /* stands for the real gradient when the profile emulates none */

/* The entries as a run of the first seed would have them: entry `number` alone, or all when it is inject_count. */
static struct inject_set entries_of(const struct experiment *experiment, uint32_t number,
                                    struct inject entry[EXPERIMENT_INJECT_MAX])
{
    const bool all = number == experiment->inject_count;
    for (uint32_t i = 0; i < experiment->inject_count; i++) {
        entry[i] = experiment->inject[i].inject;
        if (!all && i != number)
            entry[i].law =
                law_find("none"); /* its place stays, and so do the streams of the others */
    }
    return (struct inject_set){.entry = entry,
                               .count = experiment->inject_count,
                               .seed = experiment->seed[0],
                               .workers = experiment->workers.count};
}

static bool is_hit(const struct inject_set *set, uint32_t worker, uint64_t iteration)
{
    bool hit = false;
    for (uint32_t i = 0; i < set->count; i++)
        hit |=
            strcmp(set->entry[i].law->name, "none") != 0 && inject_hits(set, i, worker, iteration);
    return hit;
}

static uint64_t base_ns(const struct experiment *experiment, uint32_t worker, uint64_t iteration)
{
    const uint64_t base =
        experiment->compute.base_ns ? experiment->compute.base_ns : BASE_NS_DEFAULT;
    return inject_base_ns(base, experiment->compute.jitter_cv, experiment->seed[0], worker,
                          iteration);
}

struct draws {
    uint64_t *delay; /* of those hit, ascending */
    uint32_t hits, all;
    double sum, squares;   /* of the delays of those hit */
    double total, slowest; /* sums of base + delay: over all draws, of each iteration's maximum */
    uint32_t iterations;
};

static int ascending(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static uint32_t iterations_for(const struct experiment *experiment)
{
    const uint32_t workers = experiment->workers.count;
    return (PREVIEW_DRAWS + workers - 1) / workers;
}

static int draw(const struct experiment *experiment, uint32_t number, struct draws *out)
{
    const uint32_t workers = experiment->workers.count;
    struct inject entry[EXPERIMENT_INJECT_MAX];
    const struct inject_set set = entries_of(experiment, number, entry);
    *out = (struct draws){.iterations = iterations_for(experiment)};
    out->delay = malloc((size_t)out->iterations * workers * sizeof(out->delay[0]));
    if (!out->delay)
        return -ENOMEM;
    for (uint32_t i = 0; i < out->iterations; i++) {
        double slowest = 0;
        for (uint32_t w = 0; w < workers; w++) {
            const uint64_t full_ns = base_ns(experiment, w, i);
            const struct inject_phase phase =
                inject_phase(&set, INJECT_COMPUTE, w, i, i * full_ns, full_ns);
            const uint64_t delay_ns = phase.delay_ns;
            const double time = (double)phase.base_ns + (double)delay_ns;
            slowest = time > slowest ? time : slowest;
            out->total += time;
            out->all++;
            if (!is_hit(&set, w, i))
                continue;
            out->delay[out->hits++] = delay_ns;
            out->sum += (double)delay_ns;
            out->squares += (double)delay_ns * (double)delay_ns;
        }
        out->slowest += slowest;
    }
    qsort(out->delay, out->hits, sizeof(out->delay[0]), ascending);
    return 0;
}

static double quantile(const struct draws *self, double p)
{
    const double rank = ceil(p * self->hits) - 1;
    return (double)self->delay[rank > 0 ? (uint32_t)rank : 0];
}

/* Eighths of a character cell. */
static void print_bar(FILE *out, double share)
{
    static const char *const eighth[] = {"",
                                         "\xe2\x96\x8f",
                                         "\xe2\x96\x8e",
                                         "\xe2\x96\x8d",
                                         "\xe2\x96\x8c",
                                         "\xe2\x96\x8b",
                                         "\xe2\x96\x8a",
                                         "\xe2\x96\x89"};
    const uint32_t eighths = (uint32_t)lround(share * BAR_WIDTH * 8);
    for (uint32_t i = 0; i < eighths / 8; i++)
        fputs("\xe2\x96\x88", out);
    fputs(share > 0 && eighths == 0 ? eighth[1] : eighth[eighths % 8], out);
}

static double edge(double low, double high, bool logarithmic, uint32_t k)
{
    const double at = (double)k / BINS;
    return logarithmic ? low * pow(high / low, at) : low + (high - low) * at;
}

static void print_histogram(FILE *out, const struct table_style *style, const struct draws *draws)
{
    const double low = (double)draws->delay[0];
    const double high = (double)draws->delay[draws->hits - 1];
    const bool logarithmic = low > 0 && high / low > 8;
    const uint32_t bins = high > low ? BINS : 1;
    uint32_t count[BINS] = {0};
    uint32_t most = 1;
    uint32_t k = 0;
    for (uint32_t i = 0; i < draws->hits; i++) {
        while (k + 1 < bins && (double)draws->delay[i] > edge(low, high, logarithmic, k + 1))
            k++;
        count[k]++;
        most = count[k] > most ? count[k] : most;
    }
    for (k = 0; k < bins; k++) {
        char number[48];
        char text[80];
        units_short_ns(edge(low, high, logarithmic, bins == 1 ? 0 : k + 1), number, sizeof(number));
        snprintf(text, sizeof(text), "   %s %10s  ", bins == 1 ? " =" : "<=", number);
        table_ink(out, style, INK_DIM, text);
        print_bar(out, (double)count[k] / most);
        snprintf(text, sizeof(text), " %.3g %%", 100.0 * count[k] / draws->hits);
        table_ink(out, style, INK_DIM, count[k] ? text : "");
        fputc('\n', out);
    }
}

static void print_moments(FILE *out, const struct draws *draws)
{
    char mean[48], sd[48], p50[48], p99[48], max[48];
    const double m = draws->sum / draws->hits;
    const double variance = draws->squares / draws->hits - m * m;
    units_short_ns(m, mean, sizeof(mean));
    units_short_ns(sqrt(variance > 0 ? variance : 0), sd, sizeof(sd));
    units_short_ns(quantile(draws, 0.5), p50, sizeof(p50));
    units_short_ns(quantile(draws, 0.99), p99, sizeof(p99));
    units_short_ns((double)draws->delay[draws->hits - 1], max, sizeof(max));
    fprintf(out, "   delay when hit   mean %s   sd %s   p50 %s   p99 %s   max %s\n", mean, sd, p50,
            p99, max);
}

static int print_entry(FILE *out, const struct table_style *style,
                       const struct experiment *experiment, uint32_t number, const char *title,
                       struct err *err)
{
    struct draws draws;
    char iteration[48];
    if (draw(experiment, number, &draws) != 0)
        return err_set(err, -ENOMEM, "no memory to draw %u delays", PREVIEW_DRAWS);
    table_ink(out, style, INK_BOLD, title);
    fputc('\n', out);
    if (draws.hits) {
        print_histogram(out, style, &draws);
        print_moments(out, &draws);
    }
    fprintf(out, "   hit              %.3g %% of %u draws\n", 100.0 * draws.hits / draws.all,
            draws.all);
    units_short_ns(draws.total / draws.all, iteration, sizeof(iteration));
    fprintf(out,
            "   iteration        mean %s; the slowest of %u workers takes %.2f times the mean,\n"
            "                    E[max]/E[T]: what waiting for everybody costs at most\n\n",
            iteration, experiment->workers.count,
            draws.slowest / draws.iterations / (draws.total / draws.all));
    free(draws.delay);
    return 0;
}

int preview_print(FILE *out, const struct table_style *style, const struct experiment *experiment,
                  struct err *err)
{
    char title[640];
    char text[560];
    char base[48];
    int rc = 0;
    units_short_ns(
        (double)(experiment->compute.base_ns ? experiment->compute.base_ns : BASE_NS_DEFAULT), base,
        sizeof(base));
    fprintf(out,
            "%u workers, %u iterations each, compute %s%s with %.3g %% jitter, seed %" PRIu64
            "\n\n",
            experiment->workers.count, iterations_for(experiment), base,
            experiment->compute.base_ns ? "" : " (assumed: the profile sets no compute.base)",
            100 * experiment->compute.jitter_cv, experiment->seed[0]);
    for (uint32_t i = 0; rc == 0 && i < experiment->inject_count; i++) {
        preview_describe(&experiment->inject[i], text, sizeof(text));
        snprintf(title, sizeof(title), "inject[%u]  %s", i, text);
        rc = print_entry(out, style, experiment, i, title, err);
    }
    if (rc == 0 && experiment->inject_count != 1)
        rc = print_entry(out, style, experiment, experiment->inject_count,
                         experiment->inject_count ? "all entries together"
                                                  : "nothing injected: jitter alone",
                         err);
    return rc;
}

int preview_csv(FILE *out, const struct experiment *experiment, struct err *err)
{
    const uint32_t iterations = iterations_for(experiment);
    fputs("entry,worker,iteration,compute_ns,delay_ns\n", out);
    for (uint32_t e = 0; e < experiment->inject_count; e++) {
        struct inject entry[EXPERIMENT_INJECT_MAX];
        const struct inject_set set = entries_of(experiment, e, entry);
        for (uint32_t w = 0; w < experiment->workers.count; w++)
            for (uint32_t i = 0; i < iterations; i++) {
                const uint64_t full_ns = base_ns(experiment, w, i);
                const struct inject_phase phase =
                    inject_phase(&set, INJECT_COMPUTE, w, i, i * full_ns, full_ns);
                fprintf(out, "%u,%u,%u,%" PRIu64 ",%" PRIu64 "\n", e, w, i, phase.base_ns,
                        phase.delay_ns);
            }
    }
    if (fflush(out) != 0 || ferror(out))
        return err_set(err, -EIO, "cannot write the draws: %s", strerror(errno ? errno : EIO));
    return 0;
}
