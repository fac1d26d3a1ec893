/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Who is a straggler by construction: what stragglers_find is judged by.
 *
 * An entry singles workers out if it hits some of them for good (a list, a share or a number drawn once), or if each has
 * times of its own (a trace with a column per worker). What hits everybody alike, be it a tail of long delays or a share of
 * the iterations drawn anew, makes nobody stand out: nobody is to be found by it. Delays are drawn anew from
 * their laws, pure functions of worker and gradient, for each gradient that was finished.
 *
 *   permanent  nine in ten of its gradients are made longer (STRAGGLERS_PERMANENT_SHARE), and their median is
 *              STRAGGLERS_RATIO times what it would be without the entries that single it out
 *   transient  from STRAGGLERS_SHARE to half of them are made STRAGGLERS_RATIO times as long or longer
 *   unknown    it finished fewer gradients than anything is said of, all of them longer: counts as permanent, of whatever factor
 *   open       in between; or more than half of the workers are permanent, so nobody is usual; or it waits that long for
 *              its batches, and whether its disk is slow on purpose is not recorded
 */
#ifndef HARNESS_METRIC_STRAGGLERS_TRUTH_H
#define HARNESS_METRIC_STRAGGLERS_TRUTH_H

#include <stdbool.h>

#include "harness/metric/stragglers.h"

struct stragglers_truth {
    enum straggler_kind kind;
    bool open;     /* neither right nor wrong, whatever is found */
    double factor; /* permanent: its median to what it would be otherwise */
};

/** out: [run->workers]. 0, or -ENOMEM with `err`. */
int stragglers_truth(struct stragglers_truth *out, const struct stragglers_run *run,
                     struct err *err);

#endif
