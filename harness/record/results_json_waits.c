/* SPDX-License-Identifier: BSD-3-Clause */
/* Waits and stragglers of one run as parts of its element in result.json. */
#include <math.h>

#include "harness/record/results_json_put.h"

/* Out of memory, any of these sets nothing and the document is refused as a whole by json_dump's caller. */
json_t *results_json_waits(const struct record_run *run)
{
    json_t *const out = json_object();
    uint64_t all = 0;
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        all += run->waits.ns[b];
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        put(out, blame_name[b],
            all ? json_real((double)run->waits.ns[b] / (double)all) : json_null());
    return out;
}

json_t *results_json_waits_ns(const uint64_t wait_ns[BLAME_COUNT])
{
    json_t *const out = json_object();
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        put(out, blame_name[b], json_integer((json_int_t)wait_ns[b]));
    return out;
}

json_t *results_json_wait_matrix(const struct record_run *run)
{
    json_t *const out = json_array();
    for (uint32_t i = 0; i < run->waits.edges; i++) {
        const struct record_edge *const edge = &run->waits.edge[i];
        json_t *const row = json_array();
        json_array_append_new(
            row, edge->receiver == RECORD_EVERYBODY ? json_null() : json_integer(edge->receiver));
        json_array_append_new(row, json_integer(edge->sender));
        json_array_append_new(row, json_real((double)edge->ns * 1e-9));
        json_array_append_new(out, row);
    }
    return out;
}

static json_t *list_stragglers(const struct stragglers *self)
{
    json_t *const out = json_array();
    for (uint32_t i = 0; i < self->count; i++) {
        const struct straggler *const found = &self->found[i];
        json_t *const one = json_object();
        put(one, "worker", json_integer(found->worker));
        put(one, "kind", json_string(straggler_kind_name[found->kind]));
        put(one, "factor", results_json_real(found->factor));
        put(one, "share", results_json_real(found->share));
        json_array_append_new(out, one);
    }
    return out;
}

static json_t *describe_everybody(const struct straggler *self)
{
    if (self->kind == STRAGGLER_NONE)
        return json_null();
    json_t *const out = json_object();
    put(out, "factor", results_json_real(self->factor));
    put(out, "share", results_json_real(self->share));
    return out;
}

void results_json_stragglers(json_t *out, const struct record_run *run)
{
    const struct stragglers *const found = &run->stragglers;
    const char *const doubt = stragglers_doubt_text[found->doubt];
    put(out, "stragglers", list_stragglers(found));
    put(out, "stragglers_everybody", describe_everybody(&found->everybody));
    put(out, "stragglers_doubt", doubt ? json_string(doubt) : json_null());
    put(out, "stragglers_least", results_json_real(found->least));
    put(out, "stragglers_silent", json_integer(found->silent));
    put(out, "stragglers_injected", json_integer(found->injected));
    put(out, "stragglers_unknown", json_integer(found->unknown));
    put(out, "stragglers_precision",
        results_json_real(metric_of(run, METRIC_STRAGGLERS_PRECISION)));
    put(out, "stragglers_recall", results_json_real(metric_of(run, METRIC_STRAGGLERS_RECALL)));
}
