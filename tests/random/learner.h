/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Something small for the workers of a scenario to learn, so that vectors of floats exist beside the shadow's rows.
 *
 * linear   the gradient of worker j is the same vector each time, and no model changes it: what a model is can be
 *          foretold from its row, coordinate by coordinate
 * softmax  the model of the table, on random samples: only sums can be foretold
 */
#ifndef TESTS_RANDOM_LEARNER_H
#define TESTS_RANDOM_LEARNER_H

#include "tests/random/plant.h"
#include "tests/random/scenario.h"
#include "tests/random/shadow.h"

struct learner;

/** NULL when the scenario computes nothing but time. `memory` is borrowed. */
struct learner *learner_open(const struct scenario *scenario, const struct sim_memory *memory,
                             const struct plant *plant);
void learner_close(struct learner *self);

struct values *learner_values(const struct learner *self);
struct shadow_floats learner_floats(const struct learner *self);

/** After a whole drain: does the ledger of all models agree? Fills the sentence that says what not. */
bool learner_balances(const struct learner *self, struct sim *sim, char *text, uint32_t size);

#endif
