/* SPDX-License-Identifier: BSD-3-Clause */
/* How much memory a cell needs: counted here before anything is started, and taken in run.c in the same order. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/check.h"
#include "core/worker/membership.h"
#include "harness/run/run.h"
#include "harness/run/run_threads.h"
#include "net/edges.h"

struct fabric_config run_fabric_config(const struct cell *cell)
{
    const enum delivery_class class = cell->row->tensor_class;
    const bool newest = class == DELIVERY_NEWEST || class == DELIVERY_SUM;
    /* A reader keeps no more than its peer has; besides, what is unread and what is on its way. */
    const uint32_t bodies = cell->slots + 2 * (newest ? 1 : cell->exact_depth);
    return (struct fabric_config){.workers = cell->graph.workers,
                                  .peer_begin = cell->peer_begin,
                                  .peers = cell->peer,
                                  .tensors = newest ? FABRIC_NEWEST : FABRIC_EXACT,
                                  .exact_depth = cell->exact_depth,
                                  .control_depth = cell->control_depth,
                                  .slots = cell->slots,
                                  .process = cell->process,
                                  .bodies = bodies,
                                  .dim = worker_floats(cell->row, &cell->common->model)};
}

const struct edge_kind *run_edges(const struct cell *cell)
{
    const struct edge_kind *const kind = edges_find(cell->common->experiment->edges);
    CHECK(kind); /* the profile was checked against the same table */
    return kind;
}

static uint32_t workers_on_loop(const struct cell *cell, uint32_t loop)
{
    uint32_t count = 0;
    for (uint32_t w = 0; w < cell->graph.workers; w++)
        count += cell->placement.loop[w] == loop;
    return count;
}

struct loader_config run_loader_config(const struct cell *cell, uint32_t loop)
{
    const struct experiment *const e = cell->common->experiment;
    const struct dataset *const data = cell->common->dataset;
    return (struct loader_config){.path = data->path,
                                  .base_bytes = data->base_bytes,
                                  .records = data->samples,
                                  .record_bytes = data->record_bytes,
                                  .batch = e->train.batch,
                                  .depth = e->data.prefetch,
                                  .workers = workers_on_loop(cell, loop),
                                  .batch_ns = e->compute.base_ns,
                                  .tier = e->data.io,
                                  .from = cell->common->io_from};
}

/** Memory for x / y, where that is not the vector itself. */
size_t run_debiased_bytes(const struct cell *cell)
{
    return cell->row->lanes == LANES_PLAIN ? 0 : cell->common->model.dim * sizeof(float);
}

/** When each of a worker's slots was sent last. */
size_t run_published_bytes(const struct cell *cell)
{
    return cell->slots * sizeof(uint64_t);
}

static size_t worker_bytes(const struct cell *cell, uint32_t w)
{
    const struct model_config *const model = &cell->common->model;
    const struct policy_config policy = cell_policy_config(cell, w);
    const uint32_t samples = cell->shard ? cell->shard_begin[w + 1] - cell->shard_begin[w] : 0;
    return arena_cost(sizeof(struct worker)) + arena_cost(agent_bytes(cell->row, &policy)) +
           arena_cost(slots_bytes(cell->slots, policy.peer_count)) +
           arena_cost(run_published_bytes(cell)) +
           arena_cost(policy.peer_count * sizeof(uint64_t)) +
           arena_cost(model->dim * sizeof(float)) + arena_cost(run_debiased_bytes(cell)) +
           arena_cost(model->ops->scratch_floats(model) * sizeof(float)) +
           arena_cost((size_t)model->batch * model->features * sizeof(float)) +
           arena_cost(model->batch) + arena_cost(model->batch * sizeof(uint32_t)) +
           arena_cost(samples * sizeof(uint32_t)) +
           arena_cost(policy.peer_count * sizeof(uint64_t));
}

/** Room for all that bad links may hold. */
static size_t bad_links_bytes(const struct cell *cell)
{
    struct inject entry[EXPERIMENT_INJECT_MAX];
    const struct inject_set set = cell_inject(cell, entry);
    const struct fabric_config fabric = run_fabric_config(cell);
    const struct impair_config config = {.edges = &fabric, .set = &set};
    return impair_needed(&set) ? impair_bytes(&config) : 0;
}

size_t run_memory_bytes(const struct cell *cell)
{
    const struct fabric_config fabric = run_fabric_config(cell);
    size_t bytes = run_edges(cell)->bytes(&fabric) + bad_links_bytes(cell) +
                   arena_cost(cell->common->model.dim * sizeof(float)) +
                   arena_cost(cell->graph.workers * sizeof(struct cohort_worker)) +
                   arena_cost(cell->graph.workers * sizeof(struct clock_shift)) +
                   arena_cost(cell->common->experiment->processes * sizeof(struct cohort_bridge));
    for (uint32_t w = 0; w < cell->graph.workers; w++)
        bytes += worker_bytes(cell, w);
    for (uint32_t l = 0; l < cell->placement.cores_used && cell->common->dataset; l++) {
        const struct loader_config loader = run_loader_config(cell, l);
        bytes += arena_cost(loader_buffer_bytes(&loader) + 4096);
    }
    return bytes;
}

size_t run_snapshot_bytes(const struct cell *cell)
{
    return (size_t)cell->common->points * cell->graph.workers *
           worker_snapshot_floats(cell->row, &cell->common->model) * sizeof(float);
}

/** Places the buffers in `at` one after the other; NULL measures. */
static size_t place_buffers(struct run_buffers *self, uint8_t *at, uint32_t loops)
{
    const size_t logs = (size_t)self->workers * self->log_capacity + 1;
    const size_t points = (size_t)EXPERIMENT_POINTS_MAX * self->workers + 1;
    const size_t holes = (size_t)loops * RUN_HOLES_MAX + 1;
    const struct {
        void *place;
        size_t bytes;
    } part[] = {
        {&self->snapshot, self->snapshot_bytes},
        {&self->snapshot_absent, points},
        {&self->snapshot_average, points * sizeof(*self->snapshot_average)},
        {&self->log, logs * sizeof(*self->log)},
        {&self->run, sizeof(*self->run)},
        {&self->row, logs * sizeof(*self->row)},
        {&self->hist, self->hists * sizeof(*self->hist)},
        {&self->hole, holes * sizeof(*self->hole)},
        {&self->stolen, holes * sizeof(*self->stolen)},
        {&self->journal, self->workers * self->journal_bytes},
    };
    size_t used = 0;
    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        uint8_t *const here = at && part[i].bytes > 0 ? at + used : NULL;
        memcpy(part[i].place, &here, sizeof(here));
        used += arena_cost(part[i].bytes);
    }
    return used;
}

static struct run_buffers describe_buffers(uint32_t workers, uint32_t loops, size_t snapshot_bytes,
                                           uint32_t log_capacity, size_t journal_bytes)
{
    return (struct run_buffers){.workers = workers,
                                .log_capacity = log_capacity,
                                .journal_bytes = journal_bytes,
                                .snapshot_bytes = snapshot_bytes,
                                .hists = (workers + 1) * SERIES_COUNT + loops + 1};
}

size_t run_buffers_bytes(uint32_t workers, uint32_t loops, size_t snapshot_bytes,
                         uint32_t log_capacity, size_t journal_bytes)
{
    struct run_buffers buffers =
        describe_buffers(workers, loops, snapshot_bytes, log_capacity, journal_bytes);
    return place_buffers(&buffers, NULL, loops);
}

int run_buffers_open(struct run_buffers *out, uint32_t workers, uint32_t loops,
                     size_t snapshot_bytes, uint32_t log_capacity, size_t journal_bytes,
                     bool shared, struct err *err)
{
    *out = describe_buffers(workers, loops, snapshot_bytes, log_capacity, journal_bytes);
    out->bytes = place_buffers(out, NULL, loops);
    const int kind = shared ? MAP_SHARED : MAP_PRIVATE;
    out->memory = mmap(NULL, out->bytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
    if (out->memory == MAP_FAILED) {
        *out = (struct run_buffers){0};
        return err_set(err, -ENOMEM, "not enough memory for %zu bytes of snapshots",
                       snapshot_bytes);
    }
    place_buffers(out, out->memory, loops);
    memset(out->memory, 0, out->bytes); /* touched now, not during a run */
    return 0;
}

void run_buffers_close(struct run_buffers *self)
{
    if (self->memory)
        munmap(self->memory, self->bytes);
    *self = (struct run_buffers){0};
}
