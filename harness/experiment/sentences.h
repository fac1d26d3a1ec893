/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Would the checks and claims of a profile mean something for it: does it run the policies they name, and does it have what
 * their metrics are about?
 */
#ifndef HARNESS_EXPERIMENT_SENTENCES_H
#define HARNESS_EXPERIMENT_SENTENCES_H

#include "core/base/err.h"
#include "harness/experiment/experiment.h"
#include "harness/metric/sentence.h"

/**
 * Would this check mean something for this experiment? 0, or -EINVAL with a sentence that quotes the check, names the
 * column and, for an unknown name, the nearest valid one.
 */
int sentences_validate_check(const char *text, const struct experiment *experiment,
                             struct err *err);

/** The claim in a check (`claim: a < b`), or NULL when the check is an ordinary one. */
const char *sentences_claim_in(const char *check);

/** Would this claim mean something for this experiment? 0, or -EINVAL with a sentence as sentences_validate_check gives. */
int sentences_validate_claim(const char *text, const struct experiment *experiment,
                             struct err *err);

/** Does it speak of each value of the swept key in turn: does one of its metrics name none? */
bool sentences_is_swept(const struct sentence *self, const struct experiment *experiment);

#endif
