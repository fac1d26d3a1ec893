/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Finding stragglers in what was measured, and how well that worked: what was injected is known.
 *
 * Looked at is each worker's own time per finished gradient (record_iteration.own_us10): load, compute and injected delay,
 * without waiting and without what was spent on abandoned gradients. Pure. Who is slow is decided without looking at
 * what was injected; that serves to judge the answer only (stragglers_truth.h).
 *
 *   usual      the half of the workers whose medians lie closest together, as logarithms; of two halves that are both
 *              within STRAGGLERS_RATIO, the faster one. Their median is the usual speed, their spread what is natural.
 *              Where even they differ by more than STRAGGLERS_USUAL, there is no usual speed to compare with.
 *   permanent  its median is STRAGGLERS_RATIO times the usual one or more, and by STRAGGLERS_Z times what is natural or
 *              what its own median is uncertain by
 *   transient  at least STRAGGLERS_SHARE of its gradients, and three, are outliers against its own median: further away
 *              than STRAGGLERS_SIGMAS robust standard deviations, and at least STRAGGLERS_RATIO times as long; and they
 *              are more than chance makes of the share that the others have. Where the median worker has
 *              STRAGGLERS_SHARE of them, everybody is slow now and then: that makes nobody a straggler.
 *
 * The shortest half bears slow workers up to one half of all, which a median with its MAD does not: with a third of them
 * slow the MAD is of their making. Source: P. J. Rousseeuw, A. M. Leroy, "A robust scale estimator based on the shortest
 * half", Statistica Neerlandica 42, 1988. Its few members make it too short where workers are few: see spread_of.
 */
#ifndef HARNESS_METRIC_STRAGGLERS_H
#define HARNESS_METRIC_STRAGGLERS_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/inject/inject.h"

#define STRAGGLERS_Z 3.5
#define STRAGGLERS_SIGMAS 5.0
#define STRAGGLERS_RATIO 1.2
#define STRAGGLERS_USUAL 1.5
#define STRAGGLERS_SHARE 0.02
#define STRAGGLERS_FLOOR 0.01
#define STRAGGLERS_OUTLIERS_MIN 3u
#define STRAGGLERS_PERMANENT_SHARE 0.9
#define STRAGGLERS_GRADIENTS_MIN 5u /* of a worker of which anything is said */

enum straggler_kind { STRAGGLER_NONE, STRAGGLER_TRANSIENT, STRAGGLER_PERMANENT };
extern const char *const straggler_kind_name[];

/** Why nothing is said about who is permanently slow. */
enum stragglers_doubt { STRAGGLERS_NO_DOUBT, STRAGGLERS_FEW, STRAGGLERS_NO_USUAL };
/** As a sentence; NULL: there is no doubt. */
extern const char *const stragglers_doubt_text[];

struct straggler {
    uint32_t worker;
    enum straggler_kind kind;
    double
        factor; /* permanent: its median to the usual one; transient: the median of its outliers to its own */
    double share; /* of its gradients that were so slow */
};

/** What is looked at. All is borrowed. */
struct stragglers_run {
    const struct record_iteration *row; /* [rows] in any order */
    uint64_t rows;
    uint32_t workers, serving;         /* the first `serving` workers compute nothing */
    const struct inject_set *injected; /* NULL: nothing */
    uint64_t base_ns;                  /* emulated compute time; 0: real gradients */
};

/**
 * What was found, and how that compares with the truth. A finding is a hit if worker and kind are right. `unknown` are
 * workers that were slowed on purpose and of which nothing can be said: there is a doubt, or they finished too few
 * gradients, or they are slower by less than `least`.
 */
struct stragglers {
    struct straggler *found; /* [count] by worker; owned */
    uint32_t count;
    enum stragglers_doubt doubt;
    double
        least; /* the slowdown from which on a permanent one would hardly be missed; NaN: there is a doubt */
    uint32_t silent;            /* workers that finished fewer gradients than anything is said of */
    struct straggler everybody; /* kind transient: everybody is slow now and then */
    uint32_t hits, wrong, injected,
        unknown;      /* wrong: found, but nothing of that kind was injected */
    double precision; /* hits / (hits + wrong); NaN: nothing was found that can be right or wrong */
    double recall;    /* hits / (injected - unknown); NaN: there was nothing that could be found */
};

struct record_iteration;

/** 0, or -ENOMEM with `err` and nothing owned. */
int stragglers_find(struct stragglers *out, const struct stragglers_run *run, struct err *err);

void stragglers_free(struct stragglers *self);

#endif
