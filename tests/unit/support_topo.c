/* SPDX-License-Identifier: BSD-3-Clause */
#include "support_topo.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct machine *opened(void)
{
    struct machine *machine = NULL;
    struct err err = {""};
    cr_assert_eq(machine_open(&machine, &err), 0, "%s", err.text);
    return machine;
}

struct machine *real_machine(void)
{
    unsetenv("HWLOC_SYNTHETIC");
    unsetenv("HWLOC_XMLFILE");
    return opened();
}

struct machine *synthetic_machine(const char *description)
{
    unsetenv("HWLOC_XMLFILE");
    setenv("HWLOC_SYNTHETIC", description, 1);
    return opened();
}

struct machine *xml_machine(const char *file)
{
    const char *source = getenv("DAWDLE_SOURCE");
    char path[4096];
    snprintf(path, sizeof(path), "%s/tests/machines/%s", source ? source : ".", file);
    unsetenv("HWLOC_SYNTHETIC");
    setenv("HWLOC_XMLFILE", path, 1);
    return opened();
}

struct graph make_graph(const char *kind, uint32_t workers, double degree, uint64_t seed)
{
    struct graph graph;
    struct err err = {""};
    const struct graph_config config = {
        .kind = kind, .workers = workers, .degree = degree, .seed = seed};
    cr_assert_eq(graph_make(&graph, &config, &err), 0, "%s", err.text);
    return graph;
}

bool has_edge(const struct graph *graph, uint32_t a, uint32_t b)
{
    for (uint32_t e = graph->begin[a]; e < graph->begin[a + 1]; e++)
        if (graph->peer[e] == b)
            return true;
    return false;
}
