/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All ranks load and plan the same profiles, so that any of them can refuse before the first run starts, and all say why. Then
 * rank 0 goes through its matrix, and names each run to the others before it begins.
 */
#include "harness/command/session_ranks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/digest.h"
#include "harness/command/ranks.h"
#include "harness/experiment/profile.h"
#include "harness/launch/launch.h"
#include "harness/record/results_folder.h"
#include "harness/run/data_tier.h"
#include "harness/run/interrupt.h"
#include "harness/run/part_file.h"
#include "harness/run/plan_digest.h"
#include "harness/run/resolved.h"
#include "harness/run/runner.h"
#include "harness/version.h"

struct session_ranks {
    struct launch launch;
    struct ranks ranks;
    char processes[32]; /* what the command line is given in their name */
};

/** A launcher that starts several processes and does not bring them together. */
static int check_signs(void)
{
    const struct rank_signs signs = ranks_find();
    if (!signs.variable)
        return 0;
    if (signs.size > 0 && signs.rank > 0)
        return 3; /* the first one says it */
    fprintf(stderr,
            "dawdle: error: one of several processes (%s=%s) whose launcher does not bring them "
            "together: use mpirun of Open MPI, mpiexec of MPICH, srun --mpi=pmix, or set "
            "DAWDLE_RANK, DAWDLE_RANKS and DAWDLE_HUB; one process is started with `%s`\n",
            signs.variable, getenv(signs.variable), signs.launcher);
    return 3;
}

static int refuse(const struct err *err, int code)
{
    fprintf(stderr, "dawdle: error: %s\n", err->text);
    return code;
}

/** As many processes as ranks, unless the line says otherwise (session_check_ranks). */
static void spread_over(struct session_ranks *self, struct command_line *line)
{
    snprintf(self->processes, sizeof(self->processes), "processes=%u", self->ranks.count);
    memmove(line->set + 1, line->set, line->set_count * sizeof(*line->set));
    line->set[0] = self->processes;
    line->set_count++;
}

int session_meet(struct session *self, struct command_line *line)
{
    struct err err = {{0}};
    struct session_ranks *const meeting = calloc(1, sizeof(*meeting));
    if (!meeting)
        return fprintf(stderr, "dawdle: error: not enough memory\n"), 1;
    self->meeting = meeting;
    interrupt_watch();
    int rc = launch_open(&meeting->launch, interrupt_seen, &err);
    if (rc < 0)
        return refuse(&err, interrupt_seen() ? 5 : 3);
    if (!meeting->launch.hub)
        return check_signs();
    rc = ranks_open(&meeting->ranks, meeting->launch.hub, meeting->launch.rank,
                    meeting->launch.ranks, DAWDLE_VERSION, &err);
    if (rc < 0)
        return refuse(&err, 3);
    self->ranks = &meeting->ranks;
    spread_over(meeting, line);
    return 0;
}

int session_check_ranks(const struct session *self, struct err *err)
{
    for (uint32_t i = 0; i < self->count && self->ranks; i++)
        for (uint32_t v = 0; v < self->sweep[i].values; v++) {
            const uint32_t processes = self->sweep[i].experiment[v]->processes;
            if (processes % self->ranks->count != 0)
                return err_set(err, -EINVAL,
                               "processes: %u cannot be dealt evenly to %u ranks; leave it out, or "
                               "make it a multiple of %u",
                               processes, self->ranks->count, self->ranks->count);
        }
    return 0;
}

/* ------------------------------------------------------------ agreeing */

/** All but where things are on this host. */
static uint64_t digest_profile(const struct experiment *e)
{
    char *text = NULL;
    size_t bytes = 0;
    uint64_t digest = DIGEST_START;
    struct experiment *const same = malloc(sizeof(*same));
    FILE *const out = same ? open_memstream(&text, &bytes) : NULL;
    if (out) {
        memcpy(same, e, sizeof(*same));
        same->link.interface[0] = same->link.address[0] = 0;
        same->train.tuned[0] = 0; /* the rates count, wherever they came from */
        same->data.path[0] = same->data.labels[0] = same->data.cache[0] = 0;
        profile_write_values(out, same);
        fclose(out);
        digest = digest_bytes(digest, text, bytes);
    }
    free(text);
    free(same);
    return digest;
}

static uint64_t digest_plan(uint64_t digest, const struct plan *plan)
{
    const uint64_t sizes[] = {plan->snapshot_bytes, plan->log_capacity, plan->journal_bytes,
                              plan->loops, plan->common.points};
    return digest_bytes(digest, sizes, sizeof(sizes));
}

int session_digest(const struct sweep *sweep, uint32_t count, struct ranks_word *word,
                   struct err *err)
{
    int rc = 0;
    word->plan = DIGEST_START;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t v = 0; v < sweep[i].planned && rc == 0; v++) {
            const struct plan *const plan = &sweep[i].plan[v];
            uint64_t data = 0;
            if (plan->common.dataset)
                rc = plan_digest_data(plan->common.dataset, &data, err);
            word->data = digest_bytes(word->data + 1, &data, sizeof(data));
            word->plan = digest_plan(word->plan, plan);
            const uint64_t profile = digest_profile(plan->experiment);
            word->profile = digest_bytes(word->profile + 1, &profile, sizeof(profile));
        }
    return rc;
}

int session_agree(struct session *self, int code)
{
    struct err err = {{0}};
    struct ranks_word word = {.code = (uint32_t)code};
    snprintf(word.text, sizeof(word.text), "%s",
             self->complaint.text[0] ? self->complaint.text
                                     : "it cannot start, for reasons that it has printed");
    if (code == 0 && session_digest(self->sweep, self->count, &word, &err) < 0) {
        word.code = 3;
        memcpy(word.text, err.text, sizeof(word.text));
    }
    const uint32_t all = ranks_agree(self->ranks, &word, &err);
    if (all != 0 && code == 0)
        fprintf(stderr, "dawdle: error: %s\n", err.text);
    if (code == 0 && all == 0)
        hub_hold_on(self->ranks->hub);
    return code != 0 ? code : (int)all;
}

/* ----------------------------------------------------------- following */

/** What this rank has measured of a run that nobody can make a result of any more: for `gather`. */
static int keep_part(struct session *self, const struct ranks_turn *turn, const struct pack *kept,
                     uint64_t run, const char *out)
{
    struct err err = {{0}};
    struct part_file part = {.version = DAWDLE_VERSION,
                             .ranks = *self->ranks,
                             .turn = *turn,
                             .run = run,
                             .data = kept->data,
                             .bytes = kept->used};
    const struct sweep *const sweep = &self->sweep[turn->profile];
    struct results folder = {.dir = ""};
    part.turn.profile = 0; /* the only one that is left beside it */
    int rc = session_digest(sweep, 1, &part.agreed, &err);
    if (rc == 0)
        rc = results_folder_of_part(&folder, out, sweep->written->name, run, self->ranks->rank,
                                    &err);
    if (rc == 0)
        rc = resolved_write(&folder, sweep->written, &err);
    if (rc == 0)
        rc = part_file_write(&part, folder.dir, &err);
    if (rc < 0)
        return refuse(&err, 5);
    fprintf(stderr,
            "dawdle: what this rank has measured is in %s; `dawdle gather` makes a result of what "
            "all have left\n",
            folder.dir);
    return 5;
}

/** The run that rank 0 names, in buffers that stay for all of a plan. */
static int follow(struct session *self, struct host *host, struct runner *runner,
                  const struct ranks_turn *turn, const struct run_options *options, struct err *err)
{
    struct plan *const plan = &self->sweep[turn->profile].plan[turn->value];
    struct cell cell;
    int rc = 0;
    if (runner->plan != plan) {
        runner_close(runner);
        rc = data_tier_choose(plan, 1, err);
        if (rc == 0)
            rc = runner_open(runner, host, plan, 0, options, err);
    }
    if (rc == 0)
        rc = cell_open(&cell, &plan->common, turn->policy, turn->seed, err);
    if (rc < 0)
        return rc;
    rc = run_live(host, &runner->live, &cell, options, NULL, err);
    cell_close(&cell);
    return rc;
}

static bool is_known(const struct session *self, const struct ranks_turn *turn)
{
    if (turn->profile >= self->count || turn->value >= self->sweep[turn->profile].planned)
        return false;
    const struct experiment *const e = self->sweep[turn->profile].plan[turn->value].experiment;
    return turn->seed < e->seed_count && turn->policy < e->policy_count;
}

int session_follow(struct session *self, struct host *host, const char *out)
{
    struct err err = {{0}};
    struct pack kept = {.data = NULL};
    uint64_t name = 0;
    const struct run_options options = {.keep = &kept, .name = &name, .capture = &self->capture};
    struct ranks_turn turn;
    struct runner runner = {.host = NULL};
    int rc = ranks_hear(self->ranks, &turn, &err);
    while (rc == 0 && !turn.over) {
        rc = is_known(self, &turn)
                 ? follow(self, host, &runner, &turn, &options, &err)
                 : err_set(&err, -1, "rank 0 wants a run that the profile does not have");
        turn.over = !hub_is_whole(self->ranks->hub); /* rank 0 sees it, too, and ends */
        if (rc == 0 && !turn.over)
            rc = ranks_hear(self->ranks, &turn, &err);
    }
    runner_close(&runner);
    if (rc < 0)
        rc = refuse(&err, interrupt_seen() ? 5 : 3);
    if (kept.data && !kept.bad)
        rc = keep_part(self, &turn, &kept, name, out);
    pack_close(&kept);
    if (rc != 0)
        return rc;
    return interrupt_seen() || turn.cut || !hub_is_whole(self->ranks->hub) ? 5 : 0;
}

void session_dismiss(struct session *self)
{
    struct err err;
    if (self->ranks && self->ranks->rank == 0)
        ranks_call_over(self->ranks, interrupt_seen(), &err);
}

void session_leave(struct session *self)
{
    if (self->meeting)
        launch_close(&self->meeting->launch);
    free(self->meeting);
    self->meeting = NULL;
    self->ranks = NULL;
}
