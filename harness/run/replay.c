/* SPDX-License-Identifier: BSD-3-Clause */
/* The first pass: every worker on its own, entry by entry. What differs is named by run, worker and entry. */
#include "harness/run/replay.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/digest.h"
#include "harness/run/plan_digest.h"
#include "harness/run/replay_state.h"
#include "harness/run/status.h"
#include "harness/run/sweep.h"

#define PATH_MAX_BYTES 4608u

static int out_of_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "not enough memory to replay a run");
}

int replay_rewind(struct replay *self)
{
    const struct policy *const row = self->cell->row;
    for (uint32_t w = 0; w < self->journal->workers; w++) {
        struct replay_worker *const worker = &self->worker[w];
        const size_t bytes = (agent_bytes(row, &self->config[w]) + 63) & ~(size_t)63;
        free(worker->memory);
        worker->memory = aligned_alloc(64, bytes + 64);
        if (!worker->memory)
            return -ENOMEM;
        memset(worker->memory, 0, bytes + 64);
        agent_init(&worker->agent, worker->memory, row, &self->config[w]);
        worker->reader = (struct journal_reader){.data = self->journal->worker[w].data,
                                                 .size = self->journal->worker[w].bytes};
    }
    return 0;
}

/* A journal that passes its checks was written by us, but perhaps for other edges: never let it abort a policy. */
static bool is_sane(const struct replay *self, uint32_t w, const struct event *event)
{
    const bool has_peer = event->kind == EV_TENSOR || event->kind == EV_CONTROL ||
                          event->kind == EV_PEER_DOWN || event->kind == EV_PEER_UP;
    return event->kind <= EV_WAKE && (!has_peer || event->peer < self->config[w].peer_count);
}

/** The worker came back: no event of its policy, which begins anew. */
static void begin_anew(struct replay *self, uint32_t w)
{
    const struct policy *const row = self->cell->row;
    struct replay_worker *const worker = &self->worker[w];
    memset(worker->memory, 0, agent_bytes(row, &self->config[w]));
    agent_init(&worker->agent, worker->memory, row, &self->config[w]);
    self->actions->count = 0;
    self->returns++;
}

int replay_step(struct replay *self, uint32_t w, struct journal_entry *entry, struct err *err)
{
    struct replay_worker *const worker = &self->worker[w];
    const uint64_t number = worker->reader.entries;
    const int rc = journal_next(&worker->reader, entry);
    if (rc == 0)
        return 0;
    if (rc < 0 || !is_sane(self, w, &entry->event))
        return err_set(err, -EBADMSG, "worker %u, entry %llu (byte %zu): the journal is damaged", w,
                       (unsigned long long)number, worker->reader.at);
    if (entry->event.kind == EV_START && entry->event.type == JOURNAL_ANEW)
        begin_anew(self, w);
    else
        agent_step(&worker->agent, &entry->event, self->actions);
    if (journal_digest(self->actions) != entry->actions)
        return err_set(err, -EILSEQ,
                       "worker %u, entry %llu (at %llu ns): the policy's actions differ from the "
                       "recorded ones",
                       w, (unsigned long long)number, (unsigned long long)entry->event.now_ns);
    self->entries++;
    return 1;
}

static int first_pass(struct replay *self, struct err *err)
{
    if (replay_rewind(self) < 0)
        return out_of_memory(err);
    for (uint32_t w = 0; w < self->journal->workers; w++) {
        struct journal_entry entry;
        int rc;
        while ((rc = replay_step(self, w, &entry, err)) > 0)
            if (self->parameters && replay_count_uses(self, w, &entry.event) < 0)
                return out_of_memory(err);
        if (rc < 0)
            return rc;
        if (self->worker[w].reader.entries != self->journal->worker[w].entries)
            return err_set(err, -EBADMSG, "worker %u: the journal has %llu entries, %llu announced",
                           w, (unsigned long long)self->worker[w].reader.entries,
                           (unsigned long long)self->journal->worker[w].entries);
    }
    return 0;
}

static int open_cell(struct cell *out, const struct plan *plan, const struct journal_file *journal,
                     struct err *err)
{
    const struct experiment *const e = plan->experiment;
    for (uint32_t p = 0; p < e->policy_count; p++)
        for (uint32_t s = 0; s < e->seed_count; s++)
            if (!strcmp(e->policy[p].label, journal->policy) && e->seed[s] == journal->seed)
                return cell_open(out, &plan->common, p, s, err);
    return err_set(err, -ENOENT, "the profile beside it has no policy '%s' with seed %llu",
                   journal->policy, (unsigned long long)journal->seed);
}

/** Gradients are taken again only where they can come out the same; decisions need neither samples nor model. */
static int check_training(const struct replay *self, struct err *err)
{
    const struct cell_common *const common = self->cell->common;
    if (plan_digest_training(common) != self->journal->training)
        return err_set(err, -EINVAL,
                       "the profile beside it trains another model, or on other shares of the "
                       "samples, than the run did");
    if (common->data_digest != self->journal->data)
        return err_set(err, -EINVAL, "the samples in %s are not those of the run",
                       common->dataset ? common->dataset->path : "no file");
    return 0;
}

static int open_replay(struct replay *out, struct err *err)
{
    const uint32_t workers = out->journal->workers;
    uint64_t digest = DIGEST_START;
    if (workers != out->cell->graph.workers)
        return err_set(err, -EINVAL, "the profile beside it has %u workers, the journal %u",
                       out->cell->graph.workers, workers);
    out->config = calloc(workers, sizeof(*out->config));
    out->worker = calloc(workers, sizeof(*out->worker));
    out->actions = calloc(1, sizeof(*out->actions));
    if (!out->config || !out->worker || !out->actions)
        return out_of_memory(err);
    for (uint32_t w = 0; w < workers; w++) {
        out->config[w] = cell_policy_config(out->cell, w);
        digest = journal_digest_config(digest, out->cell->row, &out->config[w]);
    }
    if (digest != out->journal->configuration)
        return err_set(
            err, -EINVAL,
            "the profile beside it gives another graph or other options than the run had");
    return out->parameters ? check_training(out, err) : 0;
}

static void close_replay(struct replay *self)
{
    for (uint32_t w = 0; self->worker && w < self->journal->workers; w++) {
        free(self->worker[w].memory);
        replay_versions_free(self->worker[w].versions);
    }
    free(self->config);
    free(self->worker);
    free(self->actions);
}

static bool is_full(const struct journal_file *journal)
{
    for (uint32_t w = 0; w < journal->workers; w++)
        if (journal->worker[w].full)
            return true;
    return false;
}

static int code_of(int rc)
{
    switch (rc) {
    case 0:
        return 0;
    case -EBADMSG:
    case -EILSEQ:
        return 4;
    case -ENOMEM:
        return 3;
    default:
        return 2;
    }
}

/** The first of whom nothing was recorded, since it went with its rank; `workers`: nobody. */
static uint32_t without_journal(const struct journal_file *journal)
{
    uint32_t w = 0;
    while (w < journal->workers && !(journal->worker[w].full && journal->worker[w].bytes == 0))
        w++;
    return w;
}

static void print_incomplete(FILE *out, const struct journal_file *journal, uint64_t entries,
                             bool parameters)
{
    const uint32_t missing = without_journal(journal);
    fprintf(out, "incomplete: %llu events agree, ", (unsigned long long)entries);
    if (missing < journal->workers)
        fprintf(out, "nothing was recorded of worker %u", missing);
    else
        fputs("then the recorder was full", out);
    fputs(parameters ? "; parameters need a whole journal\n" : "\n", out);
}

/** One line. Returns the exit code. */
static int print_verdict(FILE *out, const struct replay *self, const struct replay_options *options,
                         int rc, const struct err *err)
{
    const struct journal_file *const journal = self->journal;
    const unsigned long long entries = self->entries;
    fprintf(out, "%-16s seed %-6llu ", journal->policy, (unsigned long long)journal->seed);
    if (rc < 0) {
        fprintf(out, "FAIL  %s\n", err->text);
        return code_of(rc);
    }
    if (is_full(journal)) {
        print_incomplete(out, journal, entries, options->parameters);
        return 5;
    }
    fprintf(out, "ok    %llu events of %u workers, identical actions%s\n", entries,
            journal->workers, self->parameters ? ", identical parameters" : "");
    return code_of(rc);
}

static int replay_one(const struct plan *plan, const struct journal_file *journal,
                      const struct replay_options *options, FILE *out)
{
    struct err err = {{0}};
    struct cell cell = {0};
    struct replay replay = {
        .cell = &cell, .journal = journal, .parameters = options->parameters && !is_full(journal)};
    int rc = open_cell(&cell, plan, journal, &err);
    if (rc == 0)
        rc = open_replay(&replay, &err);
    if (rc == 0)
        rc = first_pass(&replay, &err);
    if (rc == 0 && replay.parameters && replay.returns > 0)
        rc = err_set(&err, -ENOTSUP,
                     "workers came back with parameters that no journal holds: only the actions of "
                     "this run can be replayed (they are identical)");
    else if (rc == 0 && replay.parameters)
        rc = replay_execute(&replay, &err);
    const int code = print_verdict(out, &replay, options, rc, &err);
    close_replay(&replay);
    cell_close(&cell);
    return code;
}

static int is_journal(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 3 && !strcmp(entry->d_name + length - 3, ".gz");
}

static const char *why_none(const struct plan *plan)
{
    if (plan->experiment && plan->experiment->clock == CLOCK_VIRTUAL)
        return "it ran in virtual time, where every run is its own replay";
    if (plan->experiment && !plan->experiment->record)
        return "it ran with record: false";
    return "no run of it has finished";
}

/** A run that was killed has no journal of what it did not finish. Returns how many are missing. */
static uint32_t say_missing(const char *dir, const struct experiment *e, FILE *out)
{
    char path[PATH_MAX_BYTES];
    uint32_t missing = 0;
    for (uint32_t p = 0; p < e->policy_count; p++)
        for (uint32_t s = 0; s < e->seed_count; s++) {
            journal_file_path(path, sizeof(path), dir, e->policy[p].label, e->seed[s]);
            if (access(path, F_OK) == 0)
                continue;
            fprintf(out,
                    "%-16s seed %-6llu missing: the run was not finished, or its journal is gone\n",
                    e->policy[p].label, (unsigned long long)e->seed[s]);
            missing++;
        }
    return missing;
}

/** The file at `path`; its line is printed whole, because on a terminal another one tells how far it is. */
static int replay_file(const struct plan *plan, const char *path,
                       const struct replay_options *options, struct status *progress, FILE *out)
{
    struct journal_file journal;
    struct err err = {{0}};
    char *text = NULL;
    size_t bytes = 0;
    const char *const slash = strrchr(path, '/');
    FILE *const line = open_memstream(&text, &bytes);
    if (!line)
        return 3;
    int code = journal_file_read(path, &journal, &err);
    if (code < 0) {
        fprintf(line, "%-28s FAIL  %s\n", slash ? slash + 1 : path, err.text);
        code = code_of(code);
    } else {
        code = replay_one(plan, &journal, options, line);
        journal_file_free(&journal);
    }
    fclose(line);
    status_step(progress, false, "journals");
    status_print(progress, out, text);
    free(text);
    return code;
}

int replay_all(const char *results, const struct plan *plan, const struct replay_options *options,
               FILE *out)
{
    char dir[PATH_MAX_BYTES / 2], path[PATH_MAX_BYTES];
    struct dirent **names = NULL;
    int code = 0;
    sweep_folder(plan->experiment, results, dir, sizeof(dir));
    snprintf(path, sizeof(path), "%s/journal", dir);
    const int count = scandir(path, &names, is_journal, alphasort);
    if (count <= 0) {
        fprintf(stderr, "dawdle: error: %s holds no journals: %s\n", dir, why_none(plan));
        return 2;
    }
    struct status progress;
    status_open(&progress, (uint32_t)count, 0, options->quiet || !isatty(STDERR_FILENO));
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/journal/%s", dir, names[i]->d_name);
        const int one = replay_file(plan, path, options, &progress, out);
        code = one > code || code == 5 ? (one ? one : code) : code;
        free(names[i]);
    }
    status_close(&progress);
    free(names);
    const char *const why = plugin_failure(&plan->plugin);
    if (why) {
        fprintf(stderr, "dawdle: error: the plug-in %s failed: %s\n", plan->plugin.path, why);
        return 1;
    }
    return say_missing(dir, plan->experiment, out) > 0 && code == 0 ? 5 : code;
}
