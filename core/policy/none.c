/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The null row: computes and applies, exchanges nothing. What a run of it costs is the harness's own cost, and its
 * consensus distance shows what the graph is for.
 */
#include "core/base/check.h"
#include "core/policy/rows.h"
#include "core/policy/say.h"

struct none {
    uint32_t iteration;
    bool done;
};

/* The driver zeroes the state, and that is how it begins. */
static size_t lay_out(void *memory, const struct policy_config *config)
{
    (void)memory, (void)config;
    return sizeof(struct none);
}

static void none_step(void *state, const struct event *event, struct actions *out)
{
    struct none *self = state;
    switch ((enum event_kind)event->kind) {
    case EV_START:
        say_compute(out, 0);
        return;
    case EV_GRADIENT:
        CHECK(!self->done);
        say_apply(out, self->iteration);
        say_compute(out, ++self->iteration);
        return;
    case EV_STOP:
        self->done = true;
        say_done(out);
        return;
    default:
        CHECK(event->kind != EV_TENSOR); /* nobody has an edge to this worker */
        return;
    }
}

const struct policy policy_none = {
    .name = "none",
    .help = "local SGD steps only, nothing is exchanged (null row)",
    .source = "control",
    .waits_for = "nothing",
    .lost_message = "nothing is sent",
    .loss_refusal = "its workers exchange nothing, so nobody would notice who is gone: there is "
                    "nothing to measure",
    .edges = POLICY_EDGES_NONE,
    .tensor_class = DELIVERY_NEWEST,
    .matrix = MATRIX_NONE,
    .slots_fixed = 2, /* current, and the one being written */
    .lay_out = lay_out,
    .step = none_step,
};
