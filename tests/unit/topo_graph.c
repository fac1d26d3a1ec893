/* SPDX-License-Identifier: BSD-3-Clause */
/* Graphs: shapes, exact edge counts, connectivity, what is refused, sides and spectral gaps. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support_topo.h"

static void expect_well_formed(const struct graph *graph)
{
    for (uint32_t w = 0; w < graph->workers; w++)
        for (uint32_t e = graph->begin[w]; e < graph->begin[w + 1]; e++) {
            cr_assert_neq(graph->peer[e], w, "no loop at w%u", w);
            cr_assert(has_edge(graph, graph->peer[e], w), "w%u -> w%u has no way back", w,
                      graph->peer[e]);
            if (e > graph->begin[w])
                cr_assert_lt(graph->peer[e - 1], graph->peer[e], "w%u not ascending", w);
        }
}

static int refused(const char *kind, uint32_t workers, double degree, struct err *err)
{
    struct graph graph;
    const struct graph_config config = {.kind = kind, .workers = workers, .degree = degree};
    return graph_make(&graph, &config, err);
}

Test(graph, makes_each_regular_shape_with_its_edges)
{
    /* clang-format off */
    const struct {
        const char *kind;
        uint32_t workers, edges;
        bool connected;
    } rows[] = {
        {"none",     1,  0, true}, {"none",     4, 0, false},
        {"ring",     1,  0, true}, {"ring",     2, 1, true}, {"ring",     3,  3, true},
        {"ring",     8,  8, true}, {"path",     1, 0, true}, {"path",     5,  4, true},
        {"star",     1,  0, true}, {"star",     6, 5, true}, {"complete", 1,  0, true},
        {"complete", 2,  1, true}, {"complete", 7, 21, true},
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct graph graph = make_graph(rows[i].kind, rows[i].workers, 0, 1);
        cr_expect_eq(graph_edges(&graph), rows[i].edges, "%s %u", rows[i].kind, rows[i].workers);
        cr_expect_eq(graph_connected(&graph), rows[i].connected, "%s %u", rows[i].kind,
                     rows[i].workers);
        expect_well_formed(&graph);
        graph_free(&graph);
    }
}

Test(graph, ring_joins_its_ends_and_path_does_not)
{
    struct graph ring = make_graph("ring", 6, 0, 1), path = make_graph("path", 6, 0, 1);

    cr_expect(has_edge(&ring, 0, 5));
    cr_expect_not(has_edge(&path, 0, 5));
    cr_expect_eq(graph_degree(&path, 0), 1u);
    cr_expect_eq(graph_degree(&path, 3), 2u);
    graph_free(&ring);
    graph_free(&path);
}

Test(graph, random_is_connected_with_exactly_the_asked_edges)
{
    const struct {
        uint32_t workers;
        double degree;
        uint32_t edges;
    } rows[] = {{1, 3, 0},  {2, 1, 1},     {8, 1.75, 7},  {8, 3, 12},    {9, 3, 14},
                {8, 7, 28}, {33, 2.5, 41}, {40, 38, 760}, {40, 39, 780}, {500, 4, 1000}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct graph graph = make_graph("random", rows[i].workers, rows[i].degree, seed);
            cr_assert_eq(graph_edges(&graph), rows[i].edges, "%u workers, seed %lu",
                         rows[i].workers, seed);
            cr_assert(graph_connected(&graph), "%u workers, seed %lu", rows[i].workers, seed);
            expect_well_formed(&graph);
            graph_free(&graph);
        }
}

Test(graph, random_depends_on_the_seed_alone)
{
    struct graph a = make_graph("random", 50, 4, 7), b = make_graph("random", 50, 4, 7),
                 c = make_graph("random", 50, 4, 8);

    const size_t bytes = a.begin[50] * sizeof(*a.peer);
    cr_expect_eq(memcmp(a.peer, b.peer, bytes), 0);
    cr_expect_neq(memcmp(a.peer, c.peer, bytes), 0);
    graph_free(&a);
    graph_free(&b);
    graph_free(&c);
}

/** 4 workers have 16 labelled trees, 4 of them stars: chi-square with one degree of freedom, 0.1 % point 10.83. */
Test(graph, spanning_trees_are_uniform)
{
    const uint32_t trials = 4000;
    uint32_t stars = 0;

    for (uint64_t seed = 0; seed < trials; seed++) {
        struct graph tree = make_graph("random", 4, 1.5, seed);
        for (uint32_t w = 0; w < 4; w++)
            stars += graph_degree(&tree, w) == 3;
        graph_free(&tree);
    }

    const double expected = trials / 4.0, off = stars - expected;
    const double chi2 = off * off / expected + off * off / (trials - expected);
    cr_expect_lt(chi2, 10.83, "%u stars of %u", stars, trials);
}

/** Each of the 10 pairs of 5 workers is equally likely, in the tree and among the extra edges alike. */
Test(graph, random_edges_favour_no_pair)
{
    const uint32_t trials = 4000;
    uint32_t count[5][5] = {{0}};

    for (uint64_t seed = 0; seed < trials; seed++) {
        struct graph graph = make_graph("random", 5, 2.4, seed); /* 6 edges of 10 */
        for (uint32_t a = 0; a < 5; a++)
            for (uint32_t b = a + 1; b < 5; b++)
                count[a][b] += has_edge(&graph, a, b);
        graph_free(&graph);
    }

    /* 5 standard deviations of sqrt(4000 * 0.6 * 0.4) = 31 */
    for (uint32_t a = 0; a < 5; a++)
        for (uint32_t b = a + 1; b < 5; b++)
            cr_expect_lt(abs((int)count[a][b] - 2400), 155, "w%u w%u: %u", a, b, count[a][b]);
}

Test(graph, refuses_what_cannot_be)
{
    struct err err = {""};

    cr_expect_eq(refused("random", 8, 1.5, &err), -EINVAL, "below 2 (n - 1) / n");
    cr_expect_not_null(strstr(err.text, "1.75"), "names the least degree: %s", err.text);
    cr_expect_eq(refused("random", 8, 7.5, &err), -EINVAL, "above n - 1");
    cr_expect_eq(refused("random", 8, (double)NAN, &err), -EINVAL);
    cr_expect_eq(refused("ring", 0, 0, &err), -EINVAL, "no workers");
    cr_expect_eq(refused("ring", 131073, 0, &err), -EINVAL, "too many workers");
    cr_expect_eq(refused("complete", 65536, 0, &err), -EINVAL, "too many edges");
    cr_expect_eq(refused("moebius", 4, 0, &err), -EINVAL);
    cr_expect_not_null(strstr(err.text, "moebius"), "%s", err.text);
}

Test(graph, finds_rows_by_name)
{
    for (uint32_t i = 0; i < graph_count; i++)
        cr_expect_eq(graph_find(graph_table[i].name), &graph_table[i]);
    cr_expect_null(graph_find("rin"));
    cr_expect(graph_find("random")->uses_degree);
    cr_expect_not(graph_find("ring")->uses_degree);
}

/** The graph of crossing edges only. */
static struct graph cut_of(const struct graph *graph, const uint8_t *side)
{
    struct graph cut = {.workers = graph->workers};
    cut.begin = calloc(graph->workers + 1, sizeof(*cut.begin));
    cut.peer = calloc(graph->begin[graph->workers] + 1, sizeof(*cut.peer));
    for (uint32_t w = 0; w < graph->workers; w++) {
        cut.begin[w + 1] = cut.begin[w];
        for (uint32_t e = graph->begin[w]; e < graph->begin[w + 1]; e++)
            if (side[w] != side[graph->peer[e]])
                cut.peer[cut.begin[w + 1]++] = graph->peer[e];
    }
    return cut;
}

Test(graph, bipartition_keeps_the_crossing_edges_connected)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        const uint32_t workers = 6 + (uint32_t)seed;
        struct graph graph = make_graph("random", workers, 2.0 + (double)(seed % 4), seed);
        uint8_t side[66];

        const uint32_t dropped = graph_bipartition(&graph, side);

        struct graph cut = cut_of(&graph, side);
        cr_assert(graph_connected(&cut), "seed %lu", seed);
        cr_assert_eq(graph_edges(&cut) + dropped, graph_edges(&graph), "seed %lu", seed);
        cr_assert_leq(2 * dropped, graph_edges(&graph), "half of the edges cross, seed %lu", seed);
        graph_free(&cut);
        graph_free(&graph);
    }
}

Test(graph, bipartition_loses_nothing_where_there_are_two_sides)
{
    const char *kinds[] = {"path", "star", "ring"}; /* a ring of even length */
    uint8_t side[10];

    for (uint32_t i = 0; i < 3; i++) {
        struct graph graph = make_graph(kinds[i], 10, 0, 1);
        cr_expect_eq(graph_bipartition(&graph, side), 0u, "%s", kinds[i]);
        graph_free(&graph);
    }
}

Test(graph, bipartition_finds_the_known_best_cuts)
{
    struct graph ring = make_graph("ring", 9, 0, 1), complete = make_graph("complete", 8, 0, 1),
                 none = make_graph("none", 3, 0, 1);
    uint8_t side[9];

    cr_expect_eq(graph_bipartition(&ring, side), 1u, "an odd ring loses one edge");
    cr_expect_eq(graph_bipartition(&complete, side), 12u, "of 28 edges 4 x 4 cross");
    cr_expect_eq(graph_bipartition(&none, side), 0u);
    graph_free(&ring);
    graph_free(&complete);
    graph_free(&none);
}

/** Workers change sides where that helps. */
Test(graph, bipartition_improves_on_its_tree)
{
    uint32_t dropped = 0, edges = 0;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct graph graph = make_graph("random", 64, 6, seed);
        uint8_t side[64];
        dropped += graph_bipartition(&graph, side);
        edges += graph_edges(&graph);
        graph_free(&graph);
    }

    cr_expect_lt(dropped, edges * 3 / 10, "%u of %u: the trees alone drop a third", dropped, edges);
}

/** Closed forms of the Metropolis matrix. 1e-8 of the gap: the iteration ends when it changes by less than 1e-9. */
Test(graph, spectral_gap_meets_the_closed_forms)
{
    const double pi = acos(-1.0);
    const struct {
        const char *kind;
        uint32_t workers;
        double gap;
    } rows[] = {
        {"ring", 3, 1.0},
        {"ring", 4, 2.0 / 3.0},
        {"ring", 8, 1.0 - (1.0 + 2.0 * cos(pi / 4.0)) / 3.0},
        {"ring", 1001, 1.0 - (1.0 + 2.0 * cos(2.0 * pi / 1001.0)) / 3.0},
        {"complete", 2, 1.0},
        {"complete", 16, 1.0},
        {"star", 5, 1.0 / 5.0},
        {"star", 200, 1.0 / 200.0},
        {"path", 3, 1.0 / 3.0}, /* is a star */
        {"none", 1, 1.0},
        {"none", 4, 0.0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct graph graph = make_graph(rows[i].kind, rows[i].workers, 0, 1);
        const double gap = graph_spectral_gap(&graph);
        cr_expect_float_eq(gap, rows[i].gap, 1e-8 * rows[i].gap + 1e-14, "%s %u: %.17g, not %.17g",
                           rows[i].kind, rows[i].workers, gap, rows[i].gap);
        graph_free(&graph);
    }
}

Test(graph, free_accepts_an_empty_graph)
{
    struct graph graph = {0};

    graph_free(&graph);

    cr_expect_null(graph.begin);
}

Test(graph, of_a_hundred_thousand_workers_is_connected_and_exact)
{
    struct graph graph;
    struct err err = {{0}};
    const struct graph_config config = {
        .kind = "random", .workers = 100000, .degree = 3, .seed = 1};

    cr_assert_eq(graph_make(&graph, &config, &err), 0, "%s", err.text);

    cr_expect_eq(graph_edges(&graph), 150000u);
    cr_expect(graph_connected(&graph));
    for (uint32_t w = 0; w < config.workers; w++)
        for (uint32_t e = graph.begin[w] + 1; e < graph.begin[w + 1]; e++)
            cr_assert_lt(graph.peer[e - 1], graph.peer[e], "an edge stands twice at %u", w);
    graph_free(&graph);
}
