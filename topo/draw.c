/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan as text: where the cores are, who sits on them, who talks to whom, and what that costs.
 *
 * A tree of packages and NUMA nodes with one row of cells per L3. Big machines get short cells, idle L3s one word, and
 * big graphs a histogram of degrees: the drawing stays a screen or two at 128 cores and thousands of workers.
 */
#include <stdlib.h>
#include <sys/param.h>

#include "core/base/check.h"
#include "topo/draw_text.h"
#include "topo/place.h"

#define DRAW_COLUMNS_MIN 60u
#define DRAW_COLUMNS_MAX 200u
/** Above these the cells get short, and the neighbour lists become a histogram. */
#define DRAW_LONG_CORES 32u
#define DRAW_LISTED_WORKERS 32u
#define DRAW_BAR_MAX 40u
#define DRAW_HISTOGRAM_STEM 30u
/** Columns left of the cells: two levels of tree and a label. */
#define DRAW_STEM_MAX 14u
#define DRAW_DEGREE_ROWS 16u

/** What drawing needs to look up: PUs by nearness, and the workers of each PU. */
struct drawing {
    FILE *out;
    const struct machine *machine;
    const struct placement *placement;
    unsigned columns;
    bool brief;             /* short cells */
    size_t cell_width;      /* common to all rows, so that the columns of all L3s line up */
    uint32_t *near;         /* [PUs] PU indices, near ones together */
    uint32_t *begin;        /* [PUs + 1] into `worker` */
    uint32_t *worker;       /* [workers] by PU, ascending within */
    struct draw_text *cell; /* [PUs] scratch */
};

static const struct machine_pu *near_pu(const struct drawing *self, uint32_t i)
{
    return machine_pu_at(self->machine, self->near[i]);
}

static uint32_t load_of(const struct drawing *self, uint32_t pu)
{
    return self->begin[pu + 1] - self->begin[pu];
}

static bool same_group(const struct machine_pu *a, const struct machine_pu *b, uint32_t level)
{
    return a->package == b->package && (level < 1 || a->numa == b->numa) &&
           (level < 2 || a->l3 == b->l3) && (level < 3 || a->core == b->core);
}

/** One past the last near PU of the group (0 package, 1 NUMA node, 2 L3, 3 core) that starts at `i`, before `end`. */
static uint32_t group_end(const struct drawing *self, uint32_t i, uint32_t end, uint32_t level)
{
    uint32_t next = i + 1;
    while (next < end && same_group(near_pu(self, i), near_pu(self, next), level))
        next++;
    return next;
}

static uint32_t workers_in(const struct drawing *self, uint32_t i, uint32_t end)
{
    uint32_t count = 0;
    for (; i < end; i++)
        count += load_of(self, self->near[i]);
    return count;
}

static void name_pu(const struct drawing *self, struct draw_text *cell, uint32_t pu, bool first)
{
    const struct machine_pu *const it = machine_pu_at(self->machine, pu);
    if (first)
        draw_text_add(cell, self->brief ? "%u/%u:" : "core %u (pu %u):", it->core, it->os_index);
    else
        draw_text_add(cell, self->brief ? " /%u:" : " (pu %u):", it->os_index);
}

/** `core 3 (pu 3): w0 w7 (pu 11): w4`; unused siblings are not shown. A count when the names do not fit. */
static struct draw_text core_cell(const struct drawing *self, uint32_t i, uint32_t end,
                                  unsigned room)
{
    struct draw_text cell = {.length = 0};
    uint32_t used = 0, shown = 0;
    for (uint32_t k = i; k < end; k++)
        used += load_of(self, self->near[k]) > 0;
    if (used == 0) {
        name_pu(self, &cell, self->near[i], true);
        draw_text_add(&cell, " -");
    }
    for (uint32_t k = i; k < end; k++) {
        const uint32_t pu = self->near[k], load = load_of(self, pu);
        if (load == 0)
            continue;
        name_pu(self, &cell, pu, shown++ == 0);
        draw_text_workers(&cell, self->worker + self->begin[pu], load, shown * room / used);
    }
    if (cell.length > room) {
        cell.length = 0;
        draw_text_add(&cell, self->brief ? "%u: %u workers" : "core %u: %u workers",
                      near_pu(self, i)->core, workers_in(self, i, end));
    }
    return cell;
}

/** Returns the number of cores among near PUs i .. end. */
static uint32_t fill_cells(const struct drawing *self, uint32_t i, uint32_t end, unsigned room)
{
    uint32_t count = 0;
    for (uint32_t next; i < end; i = next) {
        next = group_end(self, i, end, 3);
        self->cell[count++] = core_cell(self, i, next, room);
    }
    return count;
}

/** One L3: its label, then its cores. `stem` is what stands left of it, `depth` columns wide. */
static void draw_l3(const struct drawing *self, uint32_t i, uint32_t end, const char *stem,
                    unsigned depth, bool last)
{
    const struct machine_pu *pu = near_pu(self, i);
    struct draw_text label = {.length = 0}, indent = {.length = 0};
    if (pu->l3 == MACHINE_NONE)
        draw_text_add(&label, "cores  ");
    else
        draw_text_add(&label, self->brief ? "L3 %-3u " : "L3 %-2u ", pu->l3);
    draw_text_add(&indent, "%s%s%*s", stem, last ? "   " : "│  ", (int)label.length, "");
    fprintf(self->out, "%s%s%s", stem, last ? "└─ " : "├─ ", label.at);

    const unsigned room = self->columns - depth - 3 - (unsigned)label.length;
    const uint32_t cores = fill_cells(self, i, end, room);
    if (workers_in(self, i, end))
        draw_text_grid(self->out, self->cell, cores, self->cell_width, room, indent.at);
    else
        fprintf(self->out, "%u cores idle\n", cores);
}

static void draw_l3s(const struct drawing *self, uint32_t i, uint32_t end, const char *stem,
                     unsigned depth)
{
    for (uint32_t next; i < end; i = next) {
        next = group_end(self, i, end, 2);
        draw_l3(self, i, next, stem, depth, next == end);
    }
}

static void draw_numa_nodes(const struct drawing *self, uint32_t i, uint32_t end)
{
    for (uint32_t next; i < end; i = next) {
        next = group_end(self, i, end, 1);
        const bool last = next == end;
        fprintf(self->out, "%sNUMA node %u", last ? "└─ " : "├─ ", near_pu(self, i)->numa);
        if (workers_in(self, i, next)) {
            fputc('\n', self->out);
            draw_l3s(self, i, next, last ? "   " : "│  ", 3);
        } else {
            fprintf(self->out, ": %u cores idle\n", fill_cells(self, i, next, self->columns));
        }
    }
}

static void draw_package(const struct drawing *self, uint32_t i, uint32_t end)
{
    const struct machine_pu *pu = near_pu(self, i);
    const bool one_node = group_end(self, i, end, 1) == end;
    fprintf(self->out, "Package %u", pu->package);
    if (one_node)
        fprintf(self->out, ", NUMA node %u", pu->numa);
    if (!workers_in(self, i, end)) {
        fprintf(self->out, ": %u cores idle\n", fill_cells(self, i, end, self->columns));
        return;
    }
    fputc('\n', self->out);
    if (one_node)
        draw_l3s(self, i, end, "", 0);
    else
        draw_numa_nodes(self, i, end);
}

/** The widest cell, unless that would leave a single column. */
static size_t common_width(const struct drawing *self)
{
    const unsigned room = self->columns - DRAW_STEM_MAX;
    const uint32_t cores = fill_cells(self, 0, machine_pu_count(self->machine), room);
    size_t width = 0;
    for (uint32_t i = 0; i < cores; i++)
        width = MAX(width, self->cell[i].length);
    return width <= room / 2 ? width : 0;
}

static void draw_machine(struct drawing *self)
{
    const uint32_t pus = machine_pu_count(self->machine);
    self->cell_width = common_width(self);
    struct draw_text line = {.length = 0};
    draw_text_add(&line, "Machine: %s%s", machine_summary(self->machine),
                  self->brief ? "; cells are core/PU: workers" : "");
    draw_text_wrapped(self->out, line.at, self->columns);
    for (uint32_t i = 0, next; i < pus; i = next) {
        next = group_end(self, i, pus, 0);
        draw_package(self, i, next);
    }
}

static void draw_lists(const struct drawing *self, const struct graph *graph)
{
    struct draw_text *cell = calloc(graph->workers, sizeof(*cell));
    CHECK(cell);
    for (uint32_t w = 0; w < graph->workers; w++) {
        draw_text_add(&cell[w], "w%u:", w);
        if (graph_degree(graph, w) == 0)
            draw_text_add(&cell[w], " -");
        draw_text_workers(&cell[w], graph->peer + graph->begin[w], graph_degree(graph, w),
                          self->columns - 2);
    }
    fputs("  ", self->out);
    draw_text_grid(self->out, cell, graph->workers, 0, self->columns - 2, "  ");
    free(cell);
}

/** Equal bins over the range of degrees, at most DRAW_DEGREE_ROWS of them. */
static void draw_histogram(const struct drawing *self, const struct graph *graph,
                           uint32_t degree_min, uint32_t degree_max)
{
    const uint32_t bar_max = MIN(DRAW_BAR_MAX, self->columns - DRAW_HISTOGRAM_STEM);
    const uint32_t bin = (degree_max - degree_min) / DRAW_DEGREE_ROWS + 1;
    uint32_t count[DRAW_DEGREE_ROWS] = {0}, most = 1;
    for (uint32_t w = 0; w < graph->workers; w++) {
        const uint32_t row = (graph_degree(graph, w) - degree_min) / bin;
        count[row]++;
        most = MAX(most, count[row]);
    }
    for (uint32_t row = 0; degree_min + row * bin <= degree_max; row++) {
        const uint32_t from = degree_min + row * bin, to = from + bin - 1;
        const uint32_t bar = (uint32_t)(((uint64_t)count[row] * bar_max + most - 1) / most);
        struct draw_text label = {.length = 0};
        draw_text_add(&label, bin > 1 ? "%u..%u" : "%u", from, to);
        fprintf(self->out, "  degree %-11s %6u", label.at, count[row]);
        for (uint32_t i = 0; i < bar; i++)
            fputs(i ? "#" : " #", self->out);
        fputc('\n', self->out);
    }
}

static void draw_graph(const struct drawing *self, const struct graph *graph)
{
    uint32_t degree_min = UINT32_MAX, degree_max = 0;
    for (uint32_t w = 0; w < graph->workers; w++) {
        degree_min = MIN(degree_min, graph_degree(graph, w));
        degree_max = MAX(degree_max, graph_degree(graph, w));
    }
    const uint32_t edges = graph_edges(graph);
    struct draw_text line = {.length = 0};
    draw_text_add(&line, "Graph: %u worker%s, %u edge%s, degree %u to %u (mean %.2f), %s",
                  graph->workers, graph->workers == 1 ? "" : "s", edges, edges == 1 ? "" : "s",
                  degree_min, degree_max, 2.0 * edges / graph->workers,
                  graph_connected(graph) ? "connected" : "not connected");
    draw_text_wrapped(self->out, line.at, self->columns);
    if (graph->workers > DRAW_LISTED_WORKERS)
        draw_histogram(self, graph, degree_min, degree_max);
    else
        draw_lists(self, graph);
}

static void draw_verdict(const struct drawing *self, const struct graph *graph)
{
    static const char *const place_name[] = {"on the same PU", "SMT siblings",
                                             "in one L3",      "in one NUMA node",
                                             "in one package", "across packages"};
    const struct placement *placement = self->placement;
    uint32_t edges[6] = {0};
    for (uint32_t w = 0; w < graph->workers; w++)
        for (uint32_t e = graph->begin[w]; e < graph->begin[w + 1]; e++)
            if (w < graph->peer[e])
                edges[machine_distance(self->machine, placement->pu[w],
                                       placement->pu[graph->peer[e]])]++;
    struct draw_text line = {.length = 0};
    draw_text_add(&line, "Mean distance %.2f:", placement->mean_distance);
    const char *comma = "";
    for (uint32_t d = 0; d < 6; d++)
        if (edges[d]) {
            draw_text_add(&line, "%s %u %s", comma, edges[d], place_name[d]);
            comma = ",";
        }
    if (!comma[0])
        draw_text_add(&line, " no edges");
    draw_text_wrapped(self->out, line.at, self->columns);

    line.length = 0;
    draw_text_add(&line, "Loops: %u for %u worker%s, %s; %s", placement->cores_used,
                  placement->workers, placement->workers == 1 ? "" : "s",
                  placement->cooperative ? "cooperative (they take turns; latency is tagged)"
                                         : "one each",
                  placement->smt_shared ? "SMT siblings share cores" : "no SMT siblings in use");
    draw_text_wrapped(self->out, line.at, self->columns);
}

/** Workers by PU, ascending within: a counting sort. */
static void index_workers(struct drawing *self)
{
    const struct placement *placement = self->placement;
    const uint32_t pus = machine_pu_count(self->machine);
    for (uint32_t w = 0; w < placement->workers; w++)
        self->begin[placement->pu[w] + 1]++;
    for (uint32_t i = 0; i < pus; i++)
        self->begin[i + 1] += self->begin[i];
    for (uint32_t w = placement->workers; w-- > 0;) /* backwards, through the ends */
        self->worker[--self->begin[placement->pu[w] + 1]] = w;
    for (uint32_t i = 0; i < pus; i++)
        self->begin[i] = self->begin[i + 1];
    self->begin[pus] = placement->workers;
}

void place_draw(FILE *out, const struct machine *machine, const struct graph *graph,
                const struct placement *placement, unsigned columns)
{
    CHECK(graph->workers == placement->workers);
    const uint32_t pus = machine_pu_count(machine);
    struct drawing self = {
        .out = out,
        .machine = machine,
        .placement = placement,
        .columns = MIN(MAX(columns, DRAW_COLUMNS_MIN), DRAW_COLUMNS_MAX),
        .brief = machine_core_count(machine) > DRAW_LONG_CORES,
        .near = calloc(pus, sizeof(*self.near)),
        .begin = calloc((size_t)pus + 1, sizeof(*self.begin)),
        .worker = calloc(placement->workers, sizeof(*self.worker)),
        .cell = calloc(pus, sizeof(*self.cell)),
    };
    CHECK(self.near && self.begin && self.worker && self.cell);
    machine_near_order(machine, self.near, pus);
    index_workers(&self);
    draw_machine(&self);
    draw_graph(&self, graph);
    draw_verdict(&self, graph);
    free(self.cell);
    free(self.worker);
    free(self.begin);
    free(self.near);
}
