/* SPDX-License-Identifier: BSD-3-Clause */
/* Draws come from the functions that a run asks, so what is shown is what will happen and no model of it. */
#include "harness/report/preview.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "harness/experiment/keys_tables.h"
#include "harness/report/preview_draw.h"
#include "harness/report/preview_link.h"

#define BINS 12u
#define BAR_WIDTH 50u

struct draws {
    uint64_t *delay; /* of those hit, ascending */
    uint32_t hits, all;
    double sum, squares;   /* of the delays of those hit */
    double total, slowest; /* times: over all draws, of each round's slowest worker */
    uint32_t iterations;
    bool aside;
    uint64_t load_ns;
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

static void add(struct draws *out, const struct preview_lap *lap)
{
    out->total += (double)lap->time_ns;
    out->all++;
    if (!lap->hit)
        return;
    out->delay[out->hits++] = lap->delay_ns;
    out->sum += (double)lap->delay_ns;
    out->squares += (double)lap->delay_ns * (double)lap->delay_ns;
}

/* Each worker by its own clock: its next iteration begins when the last one is over. In a round all begin together, which
 * makes a difference where delays depend on the time. */
static void draw_all(const struct preview_draw *draw, struct draws *out, uint64_t *clock_ns)
{
    uint64_t round_ns = 0;
    for (uint32_t i = 0; i < out->iterations; i++) {
        uint64_t slowest_ns = 0;
        for (uint32_t w = 0; w < draw->set.workers; w++) {
            const struct preview_lap lap = preview_draw_lap(draw, w, i, clock_ns[w]);
            add(out, &lap);
            clock_ns[w] += lap.time_ns;
            const uint64_t in_round_ns =
                draw->of_time ? preview_draw_lap(draw, w, i, round_ns).time_ns : lap.time_ns;
            slowest_ns = in_round_ns > slowest_ns ? in_round_ns : slowest_ns;
        }
        round_ns += slowest_ns;
        out->slowest += (double)slowest_ns;
    }
    qsort(out->delay, out->hits, sizeof(out->delay[0]), ascending);
}

/** Release out->delay. */
static int draw(const struct experiment *experiment, uint32_t number, struct draws *out)
{
    const uint32_t workers = experiment->workers.count;
    struct preview_draw draw;
    *out = (struct draws){.iterations = iterations_for(experiment)};
    uint64_t *const clock_ns = calloc(workers, sizeof(clock_ns[0]));
    out->delay = malloc((size_t)out->iterations * workers * sizeof(out->delay[0]));
    int rc = preview_draw_open(&draw, experiment, number);
    if (!clock_ns || !out->delay)
        rc = -ENOMEM;
    out->aside = draw.aside;
    out->load_ns = draw.load_ns;
    if (rc == 0)
        draw_all(&draw, out, clock_ns);
    preview_draw_close(&draw);
    free(clock_ns);
    return rc;
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

static void print_bin(FILE *out, const struct table_style *style, const char *relation,
                      double at_ns, double share_of_most, double percent)
{
    char number[48], text[80];
    units_short_ns(at_ns, number, sizeof(number));
    snprintf(text, sizeof(text), "   %s %10s  ", relation, number);
    table_ink(out, style, INK_DIM, text);
    print_bar(out, share_of_most);
    snprintf(text, sizeof(text), " %.3g %%", percent);
    table_ink(out, style, INK_DIM, percent > 0 ? text : "");
    fputc('\n', out);
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
    for (k = 0; k < bins; k++)
        print_bin(out, style,
                  bins == 1 ? " =" : "<=", edge(low, high, logarithmic, bins == 1 ? 0 : k + 1),
                  (double)count[k] / most, 100.0 * count[k] / draws->hits);
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

static void print_iterations(FILE *out, const struct experiment *experiment,
                             const struct draws *draws)
{
    char iteration[48];
    if (draws->aside) {
        fprintf(out,
                "   iteration        goes on meanwhile: what it sends is late, not the worker\n");
        return;
    }
    if (draws->load_ns) {
        units_short_ns((double)draws->load_ns, iteration, sizeof(iteration));
        fprintf(out, "   loading          takes %s (assumed)\n", iteration);
    }
    units_short_ns(draws->total / draws->all, iteration, sizeof(iteration));
    fprintf(out,
            "   iteration        mean %s; the slowest of %u workers takes %.2f times the mean,\n"
            "                    E[max]/E[T]: what waiting for everybody costs at most\n",
            iteration, experiment->workers.count,
            draws->slowest / draws->iterations / (draws->total / draws->all));
}

/** Whom it hits depends on the placement, which is made for a run. */
static bool is_placed(const struct experiment *experiment, uint32_t number)
{
    return number < experiment->inject_count &&
           experiment->inject[number].select == EXPERIMENT_SELECT_CPUKIND;
}

static void print_fates(FILE *out, const struct preview_link *link)
{
    const double all = PREVIEW_MESSAGES;
    char gap[48];
    units_short_ns((double)link->gap_ns, gap, sizeof(gap));
    fprintf(out, "   messages         %u of %u B from worker %u to %u, one each %s\n",
            PREVIEW_MESSAGES, PREVIEW_MESSAGE_BYTES, link->from, link->to, gap);
    fprintf(out, "   pass             %.3g %%", 100.0 * link->by_cause[LINK_PASSES] / all);
    if (link->losses)
        fprintf(out, "   lost %.3g %%, %.3g in a row", 100.0 * link->by_cause[LINK_LOST] / all,
                (double)link->by_cause[LINK_LOST] / link->losses);
    for (uint32_t cause = LINK_LOST + 1; cause < LINK_CAUSES; cause++)
        if (link->by_cause[cause])
            fprintf(out, "   %s %.3g %%", link_cause_name[cause],
                    100.0 * link->by_cause[cause] / all);
    if (link->copied)
        fprintf(out, "   twice %.3g %%", 100.0 * link->copied / all);
    if (link->overtaking)
        fprintf(out, "   in no order %.3g %%", 100.0 * link->overtaking / all);
    fputs("\n                    what is lost to a policy that needs it is sent again instead\n\n",
          out);
}

/** Entry `number` is for links: what becomes of messages. */
static int print_link(FILE *out, const struct table_style *style,
                      const struct experiment *experiment, uint32_t number, const char *title,
                      struct err *err)
{
    struct preview_draw draw;
    struct preview_link link;
    struct draws draws = {.delay = calloc(PREVIEW_MESSAGES, sizeof(draws.delay[0]))};
    const uint64_t base_ns = experiment->compute.base_ns;
    const int rc = preview_draw_open(&draw, experiment, number);
    if (!draws.delay || rc) {
        preview_draw_close(&draw);
        free(draws.delay);
        return err_set(err, -ENOMEM, "no memory to draw %u messages", PREVIEW_MESSAGES);
    }
    table_ink(out, style, INK_BOLD, title);
    fputc('\n', out);
    if (preview_link_draw(&link, &draw.set, base_ns ? base_ns : PREVIEW_COMPUTE_NS, draws.delay)) {
        draws.hits = link.delays;
        for (uint32_t i = 0; i < draws.hits; i++) {
            draws.sum += (double)draws.delay[i];
            draws.squares += (double)draws.delay[i] * (double)draws.delay[i];
        }
        qsort(draws.delay, draws.hits, sizeof(draws.delay[0]), ascending);
        if (draws.hits && draws.delay[draws.hits - 1] > 0) {
            print_histogram(out, style, &draws);
            print_moments(out, &draws);
        }
        print_fates(out, &link);
    } else {
        fputs("   hit              no edge\n\n", out);
    }
    preview_draw_close(&draw);
    free(draws.delay);
    return 0;
}

static int print_entry(FILE *out, const struct table_style *style,
                       const struct experiment *experiment, uint32_t number, const char *title,
                       struct err *err)
{
    struct draws draws;
    const int rc = draw(experiment, number, &draws);
    if (rc) {
        free(draws.delay);
        return err_set(err, rc, "no memory to draw %u delays", PREVIEW_DRAWS);
    }
    table_ink(out, style, INK_BOLD, title);
    fputc('\n', out);
    if (draws.hits) {
        print_histogram(out, style, &draws);
        print_moments(out, &draws);
    }
    if (is_placed(experiment, number))
        fprintf(
            out,
            "   hit              whoever is on such cores, which a run knows and this does not\n");
    else
        fprintf(out, "   hit              %.3g %% of %u draws\n", 100.0 * draws.hits / draws.all,
                draws.all);
    print_iterations(out, experiment, &draws);
    fputc('\n', out);
    free(draws.delay);
    return 0;
}

static const char *describe_jitter(const struct experiment *experiment, char *out, uint32_t bytes)
{
    const struct law *const law = experiment->compute.jitter_law.law;
    if (!law) {
        snprintf(out, bytes, "%.3g %%", 100 * experiment->compute.jitter_cv);
        return out;
    }
    snprintf(out, bytes, "%s", law->name);
    keys_describe(KEYS_PROFILE, "compute.jitter.law", experiment, out, bytes);
    return out;
}

int preview_print(FILE *out, const struct table_style *style, const struct experiment *experiment,
                  struct err *err)
{
    char title[640];
    char text[560];
    char base[48];
    int rc = 0;
    units_short_ns(
        (double)(experiment->compute.base_ns ? experiment->compute.base_ns : PREVIEW_COMPUTE_NS),
        base, sizeof(base));
    fprintf(out,
            "%u workers, %u iterations each, compute %s%s with %s jitter, seed %" PRIu64 "\n\n",
            experiment->workers.count, iterations_for(experiment), base,
            experiment->compute.base_ns ? "" : " (assumed: the profile sets no compute.base)",
            describe_jitter(experiment, text, sizeof(text)), experiment->seed[0]);
    for (uint32_t i = 0; rc == 0 && i < experiment->inject_count; i++) {
        preview_describe(&experiment->inject[i], text, sizeof(text));
        snprintf(title, sizeof(title), "inject[%u]  %s", i, text);
        rc = experiment->inject[i].inject.what == INJECT_LINK
                 ? print_link(out, style, experiment, i, title, err)
                 : print_entry(out, style, experiment, i, title, err);
    }
    if (rc == 0 && experiment->inject_count != 1)
        rc = print_entry(out, style, experiment, experiment->inject_count,
                         experiment->inject_count ? "all entries together, but those for messages"
                                                  : "nothing injected: jitter alone",
                         err);
    return rc;
}

static void csv_entry(FILE *out, const struct preview_draw *draw, uint32_t number,
                      uint32_t iterations)
{
    for (uint32_t w = 0; w < draw->set.workers; w++) {
        uint64_t at_ns = 0;
        for (uint32_t i = 0; i < iterations; i++) {
            const struct preview_lap lap = preview_draw_lap(draw, w, i, at_ns);
            fprintf(out, "%u,%u,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", number, w, i,
                    lap.base_ns, lap.delay_ns, at_ns);
            at_ns += lap.time_ns;
        }
    }
}

int preview_csv(FILE *out, const struct experiment *experiment, struct err *err)
{
    fputs("entry,worker,iteration,compute_ns,delay_ns,at_ns\n", out);
    for (uint32_t e = 0; e < experiment->inject_count; e++) {
        struct preview_draw draw;
        if (preview_draw_open(&draw, experiment, e))
            return err_set(err, -ENOMEM, "no memory for the groups of %u workers",
                           experiment->workers.count);
        csv_entry(out, &draw, e, iterations_for(experiment));
        preview_draw_close(&draw);
    }
    if (fflush(out) != 0 || ferror(out))
        return err_set(err, -EIO, "cannot write the draws: %s", strerror(errno ? errno : EIO));
    return 0;
}
