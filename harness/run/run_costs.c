/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over all workers: the cost of one action is too short to be trusted by itself. */
#include "harness/run/run_costs.h"

static void spend(struct worker_spent *sum, const struct worker_spent *one)
{
    sum->cyc += one->cyc;
    sum->count += one->count;
}

static double mean_ns(const struct run *run, const struct worker_spent *of)
{
    return of->count > 0 ? (double)of->cyc * run->host->clock.ns_per_cyc / of->count : 0;
}

/** The loop that serves `worker`. */
static const struct loop *loop_of(const struct run *run, const struct worker *worker)
{
    for (uint32_t l = 0; l < run->cohort.loops; l++)
        for (uint32_t i = 0; i < run->thread[l].loop.count; i++)
            if (run->thread[l].loop.worker[i] == worker)
                return &run->thread[l].loop;
    return NULL;
}

/** Cores differ: one may be of another kind, or share its parts with a stranger. */
static double ratio(const struct run *run, uint32_t w, const struct record_costs *mean)
{
    const struct worker_costs *const c = &run->worker[w]->costs;
    const struct loop *const loop = loop_of(run, run->worker[w]);
    const double its_share = loop ? 1.0 / loop->count : 0;
    double took_cyc = (double)(c->applies.cyc + c->sends.cyc + c->vectors.cyc + c->events.cyc);
    double usual_ns = mean->apply_ns * c->applies.count + mean->send_ns * c->sends.count +
                      mean->mix_ns * c->vectors.count + mean->event_ns * c->events.count;
    if (loop) {
        took_cyc += (double)loop->reads.cyc * its_share;
        usual_ns += mean->read_ns * (double)loop->batches * its_share;
    }
    return usual_ns > 0 ? took_cyc * run->host->clock.ns_per_cyc / usual_ns : 1;
}

void run_costs(const struct run *run, struct record_run *out)
{
    struct worker_spent gradients = {0}, applies = {0}, sends = {0}, vectors = {0};
    struct worker_spent slices = {0}, loads = {0}, rests = {0}, events = {0}, reads = {0};
    for (uint32_t w = 0; w < run->cell->graph.workers; w++) {
        const struct worker_costs *const c = &run->worker[w]->costs;
        spend(&gradients, &c->gradients);
        spend(&slices, &c->slices);
        spend(&applies, &c->applies);
        spend(&sends, &c->sends);
        spend(&vectors, &c->vectors);
        spend(&loads, &c->loads);
        spend(&rests, &c->rests);
        spend(&events, &c->events);
    }
    for (uint32_t l = 0; l < run->cohort.loops; l++) {
        reads.cyc += run->thread[l].loop.reads.cyc;
        reads.count += (double)run->thread[l].loop.batches;
    }
    out->costs = (struct record_costs){.gradient_ns = mean_ns(run, &gradients),
                                       .slice_ns = mean_ns(run, &slices),
                                       .apply_ns = mean_ns(run, &applies),
                                       .send_ns = mean_ns(run, &sends),
                                       .mix_ns = mean_ns(run, &vectors),
                                       .load_ns = mean_ns(run, &loads),
                                       .rest_ns = mean_ns(run, &rests),
                                       .event_ns = mean_ns(run, &events),
                                       .read_ns = mean_ns(run, &reads)};
    for (uint32_t w = 0; w < out->workers; w++)
        out->worker[w].cost_ratio = ratio(run, w, &out->costs);
}
