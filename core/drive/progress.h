/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How much of a run's budget is used up: one rule for both clocks. Evaluations, the decay of the rate and the end go by it.
 *
 * A budget is time, or iterations per worker, or both: whichever is further counts. In iterations it goes by gradients:
 *
 *   policies without rounds  all gradients that anybody has computed, of iterations * workers: what one worker does not do,
 *                            because it is slow or gone, others may do
 *   policies with rounds     the rounds that those who are there have finished, of iterations * those who are there. Nobody
 *                            can do the round of another, so a worker that is gone is left out of both numbers. Who comes back
 *                            counts from its first round on, with the rounds that it has missed as if it had done them.
 *
 * So in a run of rounds every tenth of the budget is a tenth of the rounds, whoever is gone meanwhile, and the run ends when
 * those who are there have finished the last round. Somebody's going may move the average round back by less than one; a
 * worker's rate goes by the furthest that it has seen.
 */
#ifndef CORE_DRIVE_PROGRESS_H
#define CORE_DRIVE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/** Constant during a run. Time in any one unit. */
struct progress_budget {
    uint64_t time;       /* 0: none */
    uint64_t iterations; /* of each worker; 0: none */
    uint32_t workers;    /* that compute */
    bool rounds;         /* iterations are rounds, common to all */
};

/** Gradients, or rounds of all those who take part, that make up the budget while `apart` workers do not. 0: none. */
static inline uint64_t progress_whole(const struct progress_budget *budget, uint32_t apart)
{
    const uint32_t away = !budget->rounds ? 0 : apart < budget->workers ? apart : budget->workers;
    return budget->iterations * (budget->workers - away);
}

/** Share in [0, 1] of the budget when `passed` has passed and `spent` was done of progress_whole(). */
static inline double progress_used(const struct progress_budget *budget, uint64_t passed,
                                   uint64_t spent, uint32_t apart)
{
    const uint64_t whole = progress_whole(budget, apart);
    double used = 0;
    if (budget->time)
        used = (double)passed / (double)budget->time;
    if (whole) {
        const double by_count = (double)spent / (double)whole;
        used = by_count > used ? by_count : used;
    }
    return used < 1 ? used : 1;
}

/** Of `whole`, what must be spent before evaluation number `cut` of `cuts` evenly spaced ones; number 0 is at the start. */
static inline uint64_t progress_cut(uint64_t whole, uint32_t cut, uint32_t cuts)
{
    return (whole * cut + cuts - 1) / cuts;
}

/** May a worker that has begun so many iterations, those that it has missed included, begin another one? */
static inline bool progress_may_begin(const struct progress_budget *budget, uint64_t begun)
{
    return !budget->rounds || budget->iterations == 0 || begun < budget->iterations;
}

/** Rounds that a worker has missed which takes part again from `round` on and has finished so many itself. */
static inline uint64_t progress_missed(uint32_t round, uint64_t finished)
{
    return round > finished ? round - finished : 0;
}

/** After the end: does whoever has begun earlier rounds owe this one to its peers? `last` is the latest that was begun. */
static inline bool progress_owes(bool rounds, uint32_t round, uint64_t last)
{
    return rounds && round <= last;
}

/** How the learning rate falls: by `factor` each time that `every`, a share of the budget, has passed; 0: never. */
struct progress_decay {
    double every, factor;
};

/** What is left of `rate` after `used` of the budget, or after the furthest that was seen so far: a rate never rises. */
static inline float progress_rate(float rate, const struct progress_decay *decay, double used,
                                  double *furthest)
{
    double now = (double)rate;
    if (decay->every <= 0)
        return rate;
    *furthest = used > *furthest ? used : *furthest;
    for (uint32_t steps = (uint32_t)(*furthest / decay->every); steps > 0; steps--)
        now *= decay->factor;
    return (float)now;
}

#endif
