/* SPDX-License-Identifier: BSD-3-Clause */
/* Which edges are new, by either rule, and what the oracle does when they become so. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy/oracle.h"
#include "core/policy/pathsearch.h"
#include "core/policy/rows.h"
#include "tests/random/options.h"

#define WORKERS 6u

static struct pathsearch_place place[WORKERS];

static struct pathsearch begun(bool by_vertex)
{
    struct pathsearch path;
    memset(place, 0, sizeof(place));
    pathsearch_init(&path, place, WORKERS, by_vertex);
    return path;
}

Test(pathsearch, by_component_an_edge_between_two_parts_is_new)
{
    struct pathsearch path = begun(false);
    pathsearch_join(&path, 0, 1);
    pathsearch_join(&path, 2, 3);

    cr_expect(pathsearch_new(&path, 1, 2));
    cr_expect_not(pathsearch_new(&path, 0, 1));
}

Test(pathsearch, by_vertex_an_edge_to_a_worker_that_none_has_touched_is_new)
{
    struct pathsearch path = begun(true);
    pathsearch_join(&path, 0, 1);
    pathsearch_join(&path, 2, 3);

    cr_expect_not(pathsearch_new(&path, 1, 2), "both are touched, and 4 and 5 are not");
    cr_expect(pathsearch_new(&path, 3, 4));
    cr_expect_not(pathsearch_reached(&path));
}

Test(pathsearch, by_vertex_parts_are_joined_when_every_worker_is_touched)
{
    struct pathsearch path = begun(true);
    pathsearch_join(&path, 0, 1);
    pathsearch_join(&path, 2, 3);
    pathsearch_join(&path, 4, 5);

    cr_expect(pathsearch_reached(&path));
    cr_expect(pathsearch_new(&path, 1, 2));
    cr_expect_not(pathsearch_new(&path, 4, 5));
    pathsearch_join(&path, 1, 2);
    pathsearch_join(&path, 3, 4);
    cr_expect(pathsearch_close(&path));
    cr_expect_not(pathsearch_reached(&path), "a new epoch has touched nobody");
    cr_expect(pathsearch_new(&path, 4, 5));
}

Test(pathsearch, by_vertex_who_is_absent_need_not_be_touched)
{
    struct pathsearch path = begun(true);
    pathsearch_join(&path, 0, 1);
    pathsearch_join(&path, 2, 3);

    pathsearch_live(&path, 4, 1);
    pathsearch_live(&path, 5, 1);
    cr_expect(pathsearch_new(&path, 1, 2));
    pathsearch_live(&path, 5, 2);
    cr_expect_not(pathsearch_new(&path, 1, 2), "5 is back, and nobody has reached it");
    pathsearch_live(&path, 3, 1);
    pathsearch_join(&path, 3, 5);
    cr_expect(pathsearch_new(&path, 1, 2), "3 was touched before it went");
}

Test(pathsearch, gives_up_every_other_part_by_either_rule)
{
    for (uint32_t by_vertex = 0; by_vertex < 2; by_vertex++) {
        struct pathsearch path = begun(by_vertex);
        pathsearch_join(&path, 0, 1);
        pathsearch_join(&path, 2, 3);

        cr_expect_eq(pathsearch_give_up(&path, 0), 4);
        cr_expect(pathsearch_close(&path));
    }
}

/* ---------------------------------------------------------------------------- the path 0 - 1 - 2 - 3 - 4 - 5, by pairs */

static const uint32_t neighbours[WORKERS][2] = {{1}, {0, 2}, {1, 3}, {2, 4}, {3, 5}, {4}};

static struct oracle *open_oracle(const char *new_edge)
{
    static struct policy_config all[WORKERS];
    for (uint32_t i = 0; i < WORKERS; i++)
        all[i] = (struct policy_config){
            .self = i,
            .workers = WORKERS,
            .peers = neighbours[i],
            .peer_count = i == 0 || i == WORKERS - 1 ? 1 : 2,
            .options = options_read(&policy_aau_oracle, "release: pair, new_edge: %s", new_edge)};
    const size_t bytes = (oracle_bytes(all, WORKERS) + 63) / 64 * 64;
    void *const memory = aligned_alloc(64, bytes);
    memset(memory, 0, bytes);
    oracle_init(memory, all, WORKERS);
    return memory;
}

/* Both are ready, exchange, and compute again. */
static void exchange(struct oracle *self, uint32_t a, uint32_t b)
{
    oracle_ready(self, a);
    oracle_ready(self, b);
    oracle_leave(self, a);
    oracle_leave(self, b);
}

Test(pathsearch, the_oracle_lets_touched_workers_wait_until_all_are_touched)
{
    struct oracle *const oracle = open_oracle("vertex");
    exchange(oracle, 0, 1);
    exchange(oracle, 2, 3);
    oracle_ready(oracle, 1);
    oracle_ready(oracle, 2);
    cr_expect_eq(oracle->exchanges, 2, "1 - 2 is not new yet");

    oracle_ready(oracle, 4);
    oracle_ready(oracle, 5);

    cr_expect_eq(oracle->exchanges, 4, "4 - 5 touches the last, which makes 1 - 2 new");
    cr_expect_eq(oracle->worker[5].exchange, 3);
    cr_expect_eq(oracle->worker[1].exchange, 4);
    cr_expect_eq(oracle->worker[2].exchange, 4);
    cr_expect_eq(oracle->released_count, 3);
    oracle_leave(oracle, 4);
    exchange(oracle, 3, 4);
    cr_expect_eq(oracle->path.epoch, 1);
    cr_expect_eq(oracle->epoch_longest, WORKERS - 1);
    free(oracle);
}

Test(pathsearch, the_oracle_does_not_wait_for_one_whom_nobody_can_touch)
{
    struct oracle *const oracle = open_oracle("vertex");
    oracle_lose(oracle, 4, 3); /* 5 has no neighbour left */
    exchange(oracle, 0, 1);
    exchange(oracle, 2, 3);

    exchange(oracle, 1, 2);

    cr_expect_eq(oracle->exchanges, 3);
    cr_expect_eq(oracle->path.epoch, 1);
    free(oracle);
}

Test(pathsearch, the_oracle_joins_parts_at_once_by_component)
{
    struct oracle *const oracle = open_oracle("component");
    exchange(oracle, 0, 1);
    exchange(oracle, 2, 3);

    exchange(oracle, 1, 2);

    cr_expect_eq(oracle->exchanges, 3);
    cr_expect_eq(oracle->path.epoch, 0);
    free(oracle);
}
