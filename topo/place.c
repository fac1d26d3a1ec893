/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers onto PUs: minimise the machine distance summed over the graph's edges.
 *
 * The loops are the first PUs of the machine's order, so physical cores fill before SMT siblings; each has room for an
 * even share of the workers. Laying those rooms out by nearness gives a line of *seats*, and a placement is an order of
 * the workers along it. Exact minimisation is quadratic assignment, hence two cheap starting orders (by number, and
 * grown greedily along the graph), each improved by exchanging pairs; the better one wins. Starting from the plain
 * numbering as well is what makes the result never worse than no placement at all.
 *
 * Deterministic: bounds count work, not time, and ties go to the lower worker.
 */
#include "topo/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

#define PLACE_PASSES_MAX 8
/** An exchange is tried with the seats up to this far along the line. */
#define PLACE_WINDOW 128u
/** Edges read while exchanging, per starting order (some tenths of a second). */
#define PLACE_WORK_MAX 100000000ull
/** Greedy growth reads every edge once per seat; above this many reads the plain order must do. */
#define PLACE_GROW_MAX 200000000ull
/** The largest machine_distance. */
#define PLACE_DISTANCE_MAX 5u

struct layout {
    const struct graph *graph;
    uint32_t workers, loops;
    uint8_t *distance;  /* [loops * loops] */
    uint32_t *seat;     /* [workers] loop of each seat, near seats together */
    uint32_t *occupant; /* [workers] worker on the seat */
    uint32_t *where;    /* [workers] seat of the worker */
};

static const uint8_t *distances_from(const struct layout *self, uint32_t worker)
{
    return self->distance + (size_t)self->seat[self->where[worker]] * self->loops;
}

/** Cost of the edges of `worker`, were it on `loop`; the edge to `except` is left out. */
static uint64_t cost_at(const struct layout *self, uint32_t worker, uint32_t loop, uint32_t except)
{
    const uint8_t *distance = self->distance + (size_t)loop * self->loops;
    const struct graph *graph = self->graph;
    uint64_t cost = 0;
    for (uint32_t e = graph->begin[worker]; e < graph->begin[worker + 1]; e++)
        if (graph->peer[e] != except)
            cost += distance[self->seat[self->where[graph->peer[e]]]];
    return cost;
}

static uint64_t total_cost(const struct layout *self)
{
    uint64_t cost = 0;
    for (uint32_t w = 0; w < self->workers; w++)
        cost += cost_at(self, w, self->seat[self->where[w]], w);
    return cost / 2; /* each edge from both ends */
}

static void sit(struct layout *self, uint32_t worker, uint32_t seat)
{
    self->occupant[seat] = worker;
    self->where[worker] = seat;
}

/** Exchange the workers of two seats if the edges get shorter. */
static bool try_exchange(struct layout *self, uint32_t seat_a, uint32_t seat_b)
{
    const uint32_t a = self->occupant[seat_a], b = self->occupant[seat_b];
    const uint32_t loop_a = self->seat[seat_a], loop_b = self->seat[seat_b];
    const uint64_t before = cost_at(self, a, loop_a, b) + cost_at(self, b, loop_b, a);
    const uint64_t after = cost_at(self, a, loop_b, b) + cost_at(self, b, loop_a, a);
    if (after >= before)
        return false;
    sit(self, a, seat_b);
    sit(self, b, seat_a);
    return true;
}

static void improve(struct layout *self)
{
    uint64_t work = 0;
    bool moved = true;
    for (uint32_t pass = 0; moved && pass < PLACE_PASSES_MAX; pass++) {
        moved = false;
        for (uint32_t i = 0; i < self->workers; i++)
            for (uint32_t j = i + 1; j < self->workers && j - i <= PLACE_WINDOW; j++) {
                if (self->seat[i] == self->seat[j])
                    continue;
                if (work > PLACE_WORK_MAX)
                    return;
                work += 2 * (graph_degree(self->graph, self->occupant[i]) +
                             graph_degree(self->graph, self->occupant[j])) +
                        1;
                moved |= try_exchange(self, i, j);
            }
    }
}

static void order_by_number(struct layout *self)
{
    for (uint32_t w = 0; w < self->workers; w++)
        sit(self, w, w);
}

/** Nearness of the seated neighbours of `worker` to `loop`. */
static uint64_t attraction(const struct layout *self, const bool *seated, uint32_t worker,
                           uint32_t loop, uint32_t *unseated)
{
    const struct graph *graph = self->graph;
    uint64_t sum = 0;
    *unseated = 0;
    for (uint32_t e = graph->begin[worker]; e < graph->begin[worker + 1]; e++) {
        const uint32_t peer = graph->peer[e];
        if (seated[peer])
            sum += PLACE_DISTANCE_MAX + 1 - distances_from(self, peer)[loop];
        else
            ++*unseated;
    }
    return sum;
}

/**
 * Fill seat after seat with the worker most attracted to it; among equals the one with the fewest neighbours still
 * standing, so that a group is finished before the next is begun.
 */
static void order_by_growth(struct layout *self, bool *seated)
{
    for (uint32_t seat = 0; seat < self->workers; seat++) {
        uint32_t best = UINT32_MAX, best_unseated = 0;
        uint64_t best_pull = 0;
        for (uint32_t w = 0; w < self->workers; w++) {
            if (seated[w])
                continue;
            uint32_t unseated;
            const uint64_t pull = attraction(self, seated, w, self->seat[seat], &unseated);
            if (best != UINT32_MAX &&
                (pull < best_pull || (pull == best_pull && unseated >= best_unseated)))
                continue;
            best = w;
            best_pull = pull;
            best_unseated = unseated;
        }
        sit(self, best, seat);
        seated[best] = true;
    }
}

/** Seats in nearness order, an even share per loop; the first loops, physical cores, take the remainder. */
static int lay_seats(struct layout *self, const struct machine *machine)
{
    uint32_t *near = calloc(self->loops, sizeof(*near)); /* loop l runs on PU l */
    if (!near)
        return -ENOMEM;
    machine_near_order(machine, near, self->loops);

    const uint32_t share = self->workers / self->loops, rest = self->workers % self->loops;
    uint32_t seat = 0;
    for (uint32_t i = 0; i < self->loops; i++)
        for (uint32_t k = 0; k < share + (near[i] < rest); k++)
            self->seat[seat++] = near[i];
    CHECK(seat == self->workers);
    for (uint32_t a = 0; a < self->loops; a++)
        for (uint32_t b = 0; b < self->loops; b++)
            self->distance[(size_t)a * self->loops + b] = (uint8_t)machine_distance(machine, a, b);
    free(near);
    return 0;
}

/** Leaves the best order found in `best` ([workers], seat of each worker). */
static void search(struct layout *self, uint32_t *best, bool *seated)
{
    const size_t bytes = self->workers * sizeof(*best);
    order_by_number(self);
    improve(self);
    const uint64_t cost = total_cost(self);
    memcpy(best, self->where, bytes);

    const uint64_t reads =
        (uint64_t)self->workers * (self->graph->begin[self->workers] + self->workers);
    if (reads > PLACE_GROW_MAX || self->loops < 2)
        return;
    order_by_growth(self, seated);
    improve(self);
    if (total_cost(self) < cost)
        memcpy(best, self->where, bytes);
    else
        for (uint32_t w = 0; w < self->workers; w++)
            sit(self, w, best[w]);
}

static void describe(struct placement *out, const struct layout *layout,
                     const struct machine *machine)
{
    const uint32_t edges = graph_edges(layout->graph);
    for (uint32_t l = 0; l < layout->loops; l++)
        out->loop_pu[l] = l;
    for (uint32_t w = 0; w < layout->workers; w++) {
        out->loop[w] = layout->seat[layout->where[w]];
        out->pu[w] = out->loop_pu[out->loop[w]];
    }
    out->cooperative = layout->workers > layout->loops;
    for (uint32_t l = 0; l < layout->loops; l++)
        out->smt_shared |= machine_pu_at(machine, l)->smt > 0;
    out->mean_distance = edges ? (double)total_cost(layout) / edges : 0.0;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/** The order of workers along the line: found in memory of its own, of which all is given back. */
static int arrange(struct placement *out, struct layout *layout, const struct machine *machine)
{
    const uint32_t n = layout->workers, loops = layout->loops;
    uint32_t *const best = calloc(n, sizeof(*best));
    bool *const seated = calloc(n, sizeof(*seated));
    layout->distance = calloc((size_t)loops * loops, sizeof(*layout->distance));
    layout->seat = calloc(3 * (size_t)n, sizeof(*layout->seat));
    int rc = -ENOMEM;
    if (best && seated && layout->distance && layout->seat) {
        layout->occupant = layout->seat + n;
        layout->where = layout->occupant + n;
        rc = lay_seats(layout, machine);
    }
    if (rc == 0) {
        search(layout, best, seated);
        describe(out, layout, machine);
    }
    free(seated);
    free(best);
    free(layout->seat);
    free(layout->distance);
    return rc;
}

int place(struct placement *out, const struct machine *machine, const struct graph *graph,
          uint32_t cores_max, struct err *err)
{
    CHECK(out && machine && graph);
    CHECK(graph->workers >= 1);
    const uint32_t n = graph->workers;
    const uint32_t cores = least(machine_pu_count(machine), cores_max ? cores_max : UINT32_MAX);
    const uint32_t loops = least(cores, n);
    struct layout layout = {.graph = graph, .workers = n, .loops = loops};
    *out = (struct placement){.workers = n, .cores_used = loops};
    out->pu = calloc(n, sizeof(*out->pu));
    out->loop = calloc(n, sizeof(*out->loop));
    out->loop_pu = calloc(loops, sizeof(*out->loop_pu));
    const int rc = out->pu && out->loop && out->loop_pu ? arrange(out, &layout, machine) : -ENOMEM;
    if (rc < 0) {
        place_free(out);
        err_set(err, rc, "out of memory for the placement of %u workers on %u cores", n, loops);
    }
    return rc;
}

void place_free(struct placement *self)
{
    free(self->pu);
    free(self->loop);
    free(self->loop_pu);
    *self = (struct placement){0};
}
