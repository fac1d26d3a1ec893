/* SPDX-License-Identifier: BSD-3-Clause */
/* Placement: physical cores first, neighbours near, even sharing. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support_topo.h"
#include "topo/place.h"

static struct placement placed(const struct machine *machine, const struct graph *graph,
                               uint32_t cores_max)
{
    struct placement out;
    struct err err = {""};
    cr_assert_eq(place(&out, machine, graph, cores_max, &err), 0, "%s", err.text);
    return out;
}

static double mean_distance(const struct machine *machine, const struct graph *graph,
                            const uint32_t *pu)
{
    uint64_t sum = 0;
    for (uint32_t w = 0; w < graph->workers; w++)
        for (uint32_t e = graph->begin[w]; e < graph->begin[w + 1]; e++)
            sum += machine_distance(machine, pu[w], pu[graph->peer[e]]);
    return (double)sum / 2.0 / graph_edges(graph);
}

Test(place, fills_physical_cores_before_smt_siblings)
{
    struct machine *machine = synthetic_machine(TWO_SOCKETS);
    struct graph sixteen = make_graph("ring", 16, 0, 1), twenty = make_graph("ring", 20, 0, 1);

    struct placement a = placed(machine, &sixteen, 0), b = placed(machine, &twenty, 0);

    cr_expect_not(a.smt_shared);
    for (uint32_t w = 0; w < 16; w++)
        cr_expect_eq(machine_pu_at(machine, a.pu[w])->smt, 0u);
    cr_expect(b.smt_shared);
    cr_expect_not(b.cooperative);
    uint32_t siblings = 0;
    for (uint32_t w = 0; w < 20; w++)
        siblings += machine_pu_at(machine, b.pu[w])->smt;
    cr_expect_eq(siblings, 4u, "only the four that have no core of their own");
    place_free(&a);
    place_free(&b);
    graph_free(&sixteen);
    graph_free(&twenty);
    machine_close(machine);
}

Test(place, gives_each_worker_a_pu_of_its_own_while_they_last)
{
    struct machine *machine = xml_machine("two-socket.xml");
    struct graph graph = make_graph("random", 16, 4, 3);

    struct placement placement = placed(machine, &graph, 0);

    bool taken[32] = {false};
    cr_expect_eq(placement.cores_used, 16u);
    cr_expect_not(placement.cooperative);
    for (uint32_t w = 0; w < 16; w++) {
        cr_expect_not(taken[placement.pu[w]]);
        taken[placement.pu[w]] = true;
        cr_expect_eq(placement.loop_pu[placement.loop[w]], placement.pu[w]);
    }
    place_free(&placement);
    graph_free(&graph);
    machine_close(machine);
}

/** On two sockets of 8 cores a ring crosses the sockets twice, and once more between the L3s of each. */
static const double ring_best = (12 * 2 + 2 * 3 + 2 * 5) / 16.0;

Test(place, lays_a_ring_along_the_machine)
{
    struct machine *machine = synthetic_machine(TWO_SOCKETS);
    struct graph ring = make_graph("ring", 16, 0, 1);

    struct placement placement = placed(machine, &ring, 0);

    cr_expect_float_eq(placement.mean_distance, ring_best, 1e-12, "%g", placement.mean_distance);
    place_free(&placement);
    graph_free(&ring);
    machine_close(machine);
}

/** A ring in disguise: w talks to w +- 7, which is one ring because 7 and 16 have no common factor. */
Test(place, finds_neighbours_when_the_numbers_hide_them)
{
    struct machine *machine = synthetic_machine(TWO_SOCKETS);
    uint32_t begin[17], peer[32], naive[16];
    for (uint32_t w = 0; w < 16; w++) {
        const uint32_t a = (w + 7) % 16, b = (w + 9) % 16;
        begin[w] = 2 * w;
        peer[2 * w] = a < b ? a : b;
        peer[2 * w + 1] = a < b ? b : a;
        naive[w] = w;
    }
    begin[16] = 32;
    const struct graph ring = {.workers = 16, .begin = begin, .peer = peer};

    struct placement placement = placed(machine, &ring, 0);

    cr_expect_gt(mean_distance(machine, &ring, naive), ring_best + 1.0);
    cr_expect_float_eq(placement.mean_distance, ring_best, 1e-12, "%g", placement.mean_distance);
    place_free(&placement);
    machine_close(machine);
}

Test(place, is_never_worse_than_the_plain_order_and_says_the_true_mean)
{
    struct machine *machine = synthetic_machine(TWO_SOCKETS);
    uint32_t naive[16];
    for (uint32_t w = 0; w < 16; w++)
        naive[w] = w; /* the machine's own order: near cores together */

    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct graph graph = make_graph("random", 16, 3, seed);
        struct placement placement = placed(machine, &graph, 0);
        cr_expect_leq(placement.mean_distance, mean_distance(machine, &graph, naive), "seed %lu",
                      seed);
        cr_expect_float_eq(placement.mean_distance, mean_distance(machine, &graph, placement.pu),
                           1e-12, "seed %lu", seed);
        place_free(&placement);
        graph_free(&graph);
    }
    machine_close(machine);
}

Test(place, shares_cores_evenly_when_workers_outnumber_them)
{
    struct machine *machine = synthetic_machine(LAPTOP);
    struct graph graph = make_graph("random", 21, 4, 5);

    struct placement placement = placed(machine, &graph, 0);

    uint32_t load[8] = {0};
    cr_expect(placement.cooperative);
    cr_assert_eq(placement.cores_used, 8u);
    for (uint32_t w = 0; w < 21; w++)
        load[placement.loop[w]]++;
    for (uint32_t l = 0; l < 8; l++)
        cr_expect(load[l] == 2 || load[l] == 3, "loop %u serves %u", l, load[l]);
    place_free(&placement);
    graph_free(&graph);
    machine_close(machine);
}

Test(place, groups_ring_neighbours_on_the_same_core)
{
    struct machine *machine = synthetic_machine("package:1 l3:1 core:4 pu:1");
    struct graph ring = make_graph("ring", 16, 0, 1);

    struct placement placement = placed(machine, &ring, 0);

    cr_expect_float_eq(placement.mean_distance, 4 * 2 / 16.0, 1e-12, "%g", placement.mean_distance);
    place_free(&placement);
    graph_free(&ring);
    machine_close(machine);
}

Test(place, keeps_to_the_most_cores_allowed)
{
    struct machine *machine = synthetic_machine(TWO_SOCKETS);
    struct graph ring = make_graph("ring", 9, 0, 1);

    struct placement placement = placed(machine, &ring, 3);

    cr_expect_eq(placement.cores_used, 3u);
    cr_expect(placement.cooperative);
    for (uint32_t w = 0; w < 9; w++)
        cr_expect_lt(placement.pu[w], 3u);
    place_free(&placement);
    graph_free(&ring);
    machine_close(machine);
}

Test(place, accepts_one_lonely_worker)
{
    struct machine *machine = synthetic_machine(LAPTOP);
    struct graph one = make_graph("none", 1, 0, 1);

    struct placement placement = placed(machine, &one, 0);

    cr_expect_eq(placement.cores_used, 1u);
    cr_expect_eq(placement.mean_distance, 0.0);
    place_free(&placement);
    graph_free(&one);
    machine_close(machine);
}

Test(place, gives_the_same_answer_twice)
{
    struct machine *machine = synthetic_machine(TWO_SOCKETS);
    struct graph graph = make_graph("random", 40, 5, 9);

    struct placement a = placed(machine, &graph, 0), b = placed(machine, &graph, 0);

    cr_expect_arr_eq(a.pu, b.pu, 40 * sizeof(*a.pu));
    place_free(&a);
    place_free(&b);
    graph_free(&graph);
    machine_close(machine);
}

/** The drawing as a string; the caller frees it. */
static char *drawn(struct machine *machine, const struct graph *graph, unsigned columns)
{
    struct placement placement = placed(machine, graph, 0);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    place_draw(out, machine, graph, &placement, columns);
    fclose(out);
    place_free(&placement);
    return text;
}

/** Columns of the longest line; bytes that continue a UTF-8 character take none. */
static unsigned widest_line(const char *text)
{
    unsigned widest = 0, width = 0;
    for (; *text; text++) {
        if (*text == '\n')
            width = 0;
        else if (((unsigned char)*text & 0xc0) != 0x80)
            width++;
        widest = width > widest ? width : widest;
    }
    return widest;
}

Test(place_draw, shows_cores_workers_neighbours_and_cost)
{
    struct machine *machine = synthetic_machine("package:1 l3:1 core:2 pu:2");
    struct graph path = make_graph("path", 5, 0, 1);

    char *text = drawn(machine, &path, 100);

    cr_expect_str_eq(
        text,
        "Machine: 2 cores (4 threads), 1 L3, 1 NUMA node (described, not this machine)\n"
        "Package 0, NUMA node 0\n"
        "└─ L3 0  core 0 (pu 0): w0 w1 (pu 1): w2   core 1 (pu 2): w3 (pu 3): w4\n"
        "Graph: 5 workers, 4 edges, degree 1 to 2 (mean 1.60), connected\n"
        "  w0: w1      w1: w0 w2   w2: w1 w3   w3: w2 w4   w4: w3\n"
        "Mean distance 1.00: 1 on the same PU, 2 SMT siblings, 1 in one L3\n"
        "Loops: 4 for 5 workers, cooperative (they take turns; latency is tagged); "
        "SMT siblings share cores\n",
        "%s", text);
    free(text);
    graph_free(&path);
    machine_close(machine);
}

Test(place_draw, counts_every_worker_in_the_degree_histogram)
{
    struct machine *machine = synthetic_machine("package:2 numa:4 l3:4 core:4 pu:2");
    struct graph star = make_graph("star", 200, 0, 1);

    char *text = drawn(machine, &star, 100);

    unsigned total = 0, workers;
    for (const char *row = text; (row = strstr(row, "  degree ")); row++) {
        cr_assert_eq(sscanf(row, " degree %*s %u", &workers), 1);
        total += workers;
    }
    cr_expect_eq(total, 200u, "%s", text);
    free(text);
    graph_free(&star);
    machine_close(machine);
}

Test(place_draw, stays_within_the_columns)
{
    const char *machines[] = {LAPTOP, TWO_SOCKETS, "package:2 numa:4 l3:4 core:4 pu:2",
                              "package:4 core:12 pu:4"};
    const struct {
        const char *kind;
        uint32_t workers;
    } graphs[] = {{"ring", 8}, {"random", 32}, {"complete", 32}, {"random", 900}};
    const unsigned columns[] = {60, 80, 100, 140};

    for (uint32_t m = 0; m < 4; m++)
        for (uint32_t g = 0; g < 4; g++)
            for (uint32_t c = 0; c < 4; c++) {
                struct machine *machine = synthetic_machine(machines[m]);
                struct graph graph = make_graph(graphs[g].kind, graphs[g].workers, 4, 1);
                char *text = drawn(machine, &graph, columns[c]);
                cr_expect_leq(widest_line(text), columns[c], "machine %u, graph %u, %u columns", m,
                              g, columns[c]);
                free(text);
                graph_free(&graph);
                machine_close(machine);
            }
}
