/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second pass: arithmetic. A worker goes on until it meets a tensor whose version its sender has not made yet; then
 * it is the next worker's turn. What the first pass counted says when a version has had its last reader.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/digest.h"
#include "core/base/slots.h"
#include "core/learn/combine.h"
#include "core/learn/lanes.h"
#include "core/learn/mix.h"
#include "harness/run/replay_versions.h"

struct execution {
    struct replay *replay;
    const struct model_config *model;
    const struct dataset *dataset;
    enum lanes lanes;
    uint32_t floats; /* of a vector */
    float *x, *scratch, *debiased;
    uint8_t *label;
    uint32_t *ids;
    struct combine_row *row; /* [MIX_ROWS_MAX] */
};

static float *new_vector(size_t floats)
{
    return aligned_alloc(64, ((floats * sizeof(float) + 63) & ~(size_t)63) + 64);
}

static int load_batch(struct execution *x, struct replay_versions *self, uint64_t number,
                      struct err *err)
{
    const uint32_t batch = x->model->batch;
    if (!x->dataset)
        return 0;
    for (; self->drawn <= number; self->drawn++)
        sampler_next(&self->sampler, x->ids, batch);
    for (uint32_t i = 0; i < batch; i++)
        x->label[i] = x->dataset->label[x->ids[i]];
    return dataset_read(x->dataset, x->ids, batch, x->x, err);
}

static int do_gradient(struct execution *x, uint32_t w, const struct event *event, struct err *err)
{
    struct replay_versions *const self = x->replay->worker[w].versions;
    const float *const vector = replay_versions_vector(self, event->version);
    struct gradient gradient;
    if (!vector)
        return err_set(err, -EILSEQ, "worker %u: a gradient was taken at a version it never had",
                       w);
    const int rc = load_batch(x, self, event->tag, err);
    if (rc < 0)
        return rc;
    const float *const model = lanes_model(x->lanes, vector, x->model->dim, x->debiased);
    gradient_begin(&gradient, x->model, model, x->x, x->label, self->gradient, x->scratch);
    while (!gradient_slice(&gradient))
        ;
    replay_versions_used(self, event->version);
    return 0;
}

static int do_apply(struct execution *x, uint32_t w, const struct action *action, float rate)
{
    struct replay_versions *const self = x->replay->worker[w].versions;
    float *const out = new_vector(x->floats);
    if (!out)
        return -ENOMEM;
    lanes_step(x->lanes, (enum apply_rule)action->rule, out,
               replay_versions_vector(self, self->newest), self->gradient, rate, x->model->dim);
    return replay_versions_adopt(self, out);
}

static int do_mix(struct execution *x, uint32_t w, const struct action *action, struct err *err)
{
    struct replay *const replay = x->replay;
    struct replay_versions *const self = replay->worker[w].versions;
    const uint32_t *const peers = replay->config[w].peers;
    float *const out = new_vector(x->floats);
    if (!out)
        return -ENOMEM;
    for (uint32_t i = 0; i < action->count; i++) {
        const struct mix_term *const term = &action->terms[i];
        const uint32_t peer = peers[term->peer];
        const uint32_t base_of = action->rule == MIX_DELTA_OWN ? w : peer;
        x->row[i] = (struct combine_row){
            .row = replay_versions_vector(replay->worker[peer].versions,
                                          slots_version_of(term->handle)),
            .base = term->base ? replay_versions_vector(replay->worker[base_of].versions,
                                                        slots_version_of(term->base))
                               : NULL,
            .id = peer,
            .weight = term->weight};
        if (!x->row[i].row || (term->base && !x->row[i].base)) {
            free(out);
            return err_set(err, -EILSEQ, "worker %u: a mix reads a version that nobody made", w);
        }
    }
    const struct combine mix = {.rule = (enum mix_rule)action->rule,
                                .lanes = x->lanes,
                                .dim = x->model->dim,
                                .self = replay_versions_vector(self, self->newest),
                                .self_id = w,
                                .degree = action->degree,
                                .slice = action->slice,
                                .slices = action->slices,
                                .row = x->row,
                                .count = action->count};
    combine(&mix, out);
    for (uint32_t i = 0; i < action->count; i++) {
        const struct mix_term *const term = &action->terms[i];
        const uint32_t peer = peers[term->peer];
        replay_versions_used(replay->worker[peer].versions, slots_version_of(term->handle));
        if (term->base)
            replay_versions_used(replay->worker[action->rule == MIX_DELTA_OWN ? w : peer].versions,
                                 slots_version_of(term->base));
    }
    return replay_versions_adopt(self, out);
}

static int do_actions(struct execution *x, uint32_t w, float rate, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; i < x->replay->actions->count && rc == 0; i++) {
        const struct action *const action = &x->replay->actions->item[i];
        if (action->kind == ACT_APPLY)
            rc = do_apply(x, w, action, rate);
        else if (action->kind == ACT_MIX)
            rc = do_mix(x, w, action, err);
        if (rc == -ENOMEM)
            err_set(err, -ENOMEM, "not enough memory to replay a run");
    }
    return rc;
}

/** Is the tensor of the worker's next entry there already? Peeks with a copy of the reader. */
static bool must_wait(struct execution *x, uint32_t w)
{
    struct replay *const replay = x->replay;
    struct journal_reader peek = replay->worker[w].reader;
    struct journal_entry entry;
    if (journal_next(&peek, &entry) != 1 || entry.event.kind != EV_TENSOR)
        return false;
    const uint32_t sender = replay->config[w].peers[entry.event.peer];
    return slots_version_of(entry.event.handle) > replay->worker[sender].versions->newest;
}

/** Go on until blocked or at the end. 1: something was done; 0: nothing; negative with `err`. */
static int advance(struct execution *x, uint32_t w, struct err *err)
{
    struct replay_versions *const self = x->replay->worker[w].versions;
    struct journal_entry entry;
    int did = 0;
    while (!self->ended && !must_wait(x, w)) {
        int rc = replay_step(x->replay, w, &entry, err);
        self->ended = rc == 0;
        if (rc > 0 && entry.event.kind == EV_GRADIENT)
            rc = do_gradient(x, w, &entry.event, err);
        if (rc >= 0 && !self->ended)
            rc = do_actions(x, w, entry.rate, err);
        if (rc < 0)
            return rc;
        did = 1;
    }
    return did;
}

static int begin_worker(struct execution *x, uint32_t w, const float *initial)
{
    const struct cell *const cell = x->replay->cell;
    struct replay_versions *const self = replay_versions_of(x->replay, w);
    float *const first = new_vector(x->floats);
    if (!self || !first)
        return free(first), -ENOMEM;
    memcpy(first, initial, x->floats * sizeof(float));
    self->gradient = new_vector(x->model->dim);
    struct version *const version = replay_versions_at(self, 1);
    if (!self->gradient || !version)
        return free(first), -ENOMEM;
    self->newest = 1;
    version->vector = first;
    if (!cell->shard)
        return 0;
    const uint32_t count = cell->shard_begin[w + 1] - cell->shard_begin[w];
    if (count == 0)
        return 0; /* it computes nothing */
    self->order = malloc(count * sizeof(uint32_t));
    if (!self->order)
        return -ENOMEM;
    memcpy(self->order, cell->shard + cell->shard_begin[w], count * sizeof(uint32_t));
    sampler_init(&self->sampler, cell->seed, w, self->order, count);
    return 0;
}

static int begin(struct execution *x, struct err *err)
{
    const struct cell *const cell = x->replay->cell;
    float *const initial = new_vector(x->floats);
    int rc = initial && replay_rewind(x->replay) == 0 ? 0 : -ENOMEM;
    if (rc == 0) {
        memset(initial, 0, x->floats * sizeof(float));
        x->model->ops->init(x->model, rng_key(cell->seed, RNG_INIT, 0), initial);
        lanes_start(x->lanes, initial, x->model->dim);
        if (digest_bytes(DIGEST_START, initial, x->model->dim * sizeof(float)) !=
            x->replay->journal->initial)
            rc = err_set(err, -EILSEQ, "the initial parameters differ from the recorded ones");
    }
    for (uint32_t w = 0; w < x->replay->journal->workers && rc == 0; w++)
        rc = begin_worker(x, w, initial);
    if (rc == -ENOMEM)
        err_set(err, rc, "not enough memory to replay a run");
    free(initial);
    return rc;
}

static int compare(const struct execution *x, struct err *err)
{
    for (uint32_t w = 0; w < x->replay->journal->workers; w++) {
        struct replay_versions *const self = x->replay->worker[w].versions;
        const uint64_t digest = digest_bytes(
            DIGEST_START, replay_versions_vector(self, self->newest), x->floats * sizeof(float));
        if (!self->ended)
            return err_set(err, -EILSEQ, "worker %u waits for a version that nobody makes", w);
        if (digest != x->replay->journal->worker[w].final)
            return err_set(err, -EILSEQ,
                           "worker %u: the final parameters differ from the recorded ones", w);
    }
    return 0;
}

static int execute(struct execution *x, struct err *err)
{
    int rc = begin(x, err);
    for (int did = 1; did > 0 && rc == 0;) {
        did = 0;
        for (uint32_t w = 0; w < x->replay->journal->workers && rc == 0; w++) {
            const int one = advance(x, w, err);
            did |= one > 0;
            rc = one < 0 ? one : 0;
        }
    }
    return rc == 0 ? compare(x, err) : rc;
}

int replay_execute(struct replay *self, struct err *err)
{
    const struct cell_common *const common = self->cell->common;
    const struct model_config *const model = &common->model;
    struct execution x = {.replay = self,
                          .model = model,
                          .dataset = common->dataset,
                          .lanes = self->cell->row->lanes};
    x.floats = lanes_floats(x.lanes, model->dim);
    x.x = new_vector((size_t)model->batch * model->features);
    x.scratch = new_vector(model->ops->scratch_floats(model));
    x.debiased = new_vector(model->dim);
    x.label = aligned_alloc(64, ((size_t)model->batch + 64) & ~(size_t)63);
    x.ids = calloc(model->batch, sizeof(*x.ids));
    x.row = calloc(MIX_ROWS_MAX, sizeof(*x.row));
    int rc = -ENOMEM;
    if (x.x && x.scratch && x.debiased && x.label && x.ids && x.row)
        rc = execute(&x, err);
    else
        err_set(err, rc, "not enough memory to replay a run");
    free(x.x);
    free(x.scratch);
    free(x.debiased);
    free(x.label);
    free(x.ids);
    free(x.row);
    return rc;
}
