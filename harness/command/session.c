/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything that could refuse a profile is asked before the first run starts: an error after an hour costs the
 * hour.
 */
#include "harness/command/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/units.h"
#include "harness/command/comment.h"
#include "harness/command/session_ranks.h"
#include "harness/environment.h"
#include "harness/experiment/profile.h"
#include "harness/record/results.h"
#include "harness/run/interrupt.h"
#include "harness/run/matrix.h"
#include "harness/run/run_link.h"
#include "harness/run/run_virtual.h"

/* What EAL, results and data keep open; per loop: data file, ring, and one to spare. */
#define DESCRIPTORS 24u
#define DESCRIPTORS_PER_LOOP 3u

struct session *session_new(void)
{
    struct session *const self = calloc(1, sizeof(struct session));
    if (self)
        self->depth = PLAN_RUN;
    return self;
}

static bool is_live(const struct experiment *e)
{
    return e->clock == CLOCK_LIVE;
}

void session_close(struct session *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        sweep_close(&self->sweep[i]);
    if (self->machine)
        machine_close(self->machine);
    session_leave(self);
    free(self);
}

static void set_up_data(const struct sweep *sweep, const struct command_line *line)
{
    for (uint32_t v = 0; v < sweep->values; v++)
        sweep->experiment[v]->data.quiet = line->quiet;
}

/** Warnings about the data, each once: the values of a sweep mostly share them. */
static void say_notes(const struct session *self)
{
    const char *said = "";
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t v = 0; v < self->sweep[i].planned; v++) {
            const char *const note = self->sweep[i].plan[v].dataset.note;
            if (*note && strcmp(note, said) != 0)
                fprintf(stderr, "dawdle: warning: %s\n", note);
            said = *note ? note : said;
        }
}

/** Every profile of the line, so that the errors of all come at once. */
static bool load(struct session *self, const struct command_line *line)
{
    bool bad = false;
    for (uint32_t i = 1; i < line->argument_count; i++)
        bad |= command_load(&self->sweep[self->count++], line, line->argument[i]) < 0;
    return !bad;
}

static uint32_t count_live(const struct session *self)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < self->count; i++)
        live += is_live(self->sweep[i].written);
    return live;
}

/** There are no frames where one process has all workers. */
static int check_capture(const struct session *self, struct err *err)
{
    for (uint32_t i = 0; i < self->count && self->capture.file; i++)
        for (uint32_t v = 0; v < self->sweep[i].values; v++)
            if (self->sweep[i].experiment[v]->processes <= 1)
                return err_set(err, -EINVAL,
                               "--capture is of frames between processes, and profile %s has one "
                               "process: set processes (--set processes=2), or start several ranks",
                               self->sweep[i].written->name);
    return 0;
}

static int plan(struct session *self, const struct command_line *line, struct err *err)
{
    int rc = session_check_ranks(self, err);
    if (rc == 0)
        rc = check_capture(self, err);
    if (rc == 0 && count_live(self) > 0)
        rc = machine_open(&self->machine, err);
    for (uint32_t i = 0; i < self->count && rc == 0; i++) {
        set_up_data(&self->sweep[i], line);
        rc = sweep_plan(&self->sweep[i], self->machine, self->ranks, self->depth, err);
    }
    return rc;
}

int session_open(struct session *self, const struct command_line *line)
{
    struct err err = {{0}};
    if (!load(self, line))
        return 2;
    if (self->tuned && tune_prepare(self->sweep[0].written, self->tuned, &err) < 0)
        return command_complain(err.text);
    if (line->threads && count_live(self) == self->count)
        return command_complain("--threads is for virtual time; live, workers.cores says how many");
    self->capture.file = line->capture;
    self->threads = line->threads ? line->threads : virtual_threads();
    const int rc = plan(self, line, &err);
    say_notes(self);
    if (rc == 0)
        return 0;
    fprintf(stderr, "dawdle: error: %s\n", err.text);
    self->complaint = err;
    if (rc == -EINTR)
        return 5;
    return rc == -EINVAL || rc == -ENODATA || rc == -ENOENT ? 2 : 3;
}

int session_dry_run(struct session *self)
{
    struct err err = {{0}};
    for (uint32_t i = 0; i < self->count; i++) {
        struct comment rest;
        if (i > 0)
            puts("---"); /* several profiles are several documents: a file holds one of them */
        profile_write_resolved(stdout, self->sweep[i].written);
        comment_open(&rest);
        const int rc = rest.text ? sweep_print(&self->sweep[i], self->threads, rest.text, &err)
                                 : err_set(&err, -ENOMEM, "not enough memory to print the plan");
        comment_close(&rest, stdout);
        if (rc < 0) {
            fprintf(stderr, "dawdle: error: %s\n", err.text);
            return 3;
        }
    }
    return 0;
}

/** The most of any plan. */
static size_t largest(const struct session *self, size_t (*of)(const struct plan *plan),
                      const struct plan **which)
{
    size_t most = 0;
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t v = 0; v < self->sweep[i].values; v++) {
            const struct plan *const plan = &self->sweep[i].plan[v];
            if (of(plan) <= most && most > 0)
                continue;
            most = of(plan);
            *which = plan;
        }
    return most;
}

static size_t eal_bytes(const struct plan *plan)
{
    return plan->memory_bytes;
}

static size_t all_bytes(const struct plan *plan)
{
    return plan->buffers_bytes + plan->memory_bytes;
}

/** Refuse what would end in the kernel's out-of-memory killer. */
static int check_memory(const struct session *self, struct err *err)
{
    char text[64], needed[32], free_now[32];
    const char *const line = environment_field("/proc/meminfo", "MemAvailable", text, sizeof(text));
    const double available = strtod(line, NULL) * 1024;
    const struct plan *plan = NULL;
    const double bytes = (double)largest(self, all_bytes, &plan);
    if (available <= 0 || bytes <= available)
        return 0;
    return err_set(err, -ENOMEM,
                   "profile %s needs %s of memory, %s are available (fewer "
                   "judge.points or workers would need less)",
                   plan->experiment->name, units_short_bytes(bytes, needed, sizeof(needed)),
                   units_short_bytes(available, free_now, sizeof(free_now)));
}

/** DPDK aborts the program where it finds no free descriptor. */
static int check_descriptors(const struct session *self, struct err *err)
{
    struct rlimit limit;
    uint32_t loops = 0;
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t v = 0; v < self->sweep[i].values; v++)
            if (self->sweep[i].plan[v].loops > loops)
                loops = self->sweep[i].plan[v].loops;
    const rlim_t wanted = DESCRIPTORS + DESCRIPTORS_PER_LOOP * loops;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return 0;
    const rlim_t allowed = limit.rlim_max;
    limit.rlim_cur = wanted;
    if (allowed >= wanted && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return 0;
    return err_set(err, -EMFILE,
                   "a live run on %u cores needs up to %llu open files, the limit here is %llu "
                   "(raise it with ulimit -n)",
                   loops, (unsigned long long)wanted, (unsigned long long)allowed);
}

static bool has_processes(const struct session *self)
{
    bool has = false;
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t v = 0; v < self->sweep[i].values; v++)
            has |= self->sweep[i].plan[v].experiment->processes > 1;
    return has;
}

static int check_links(const struct session *self, struct err *err)
{
    int rc = 0;
    const bool idle = self->ranks && self->ranks->gathers; /* nothing goes over links any more */
    for (uint32_t i = 0; i < self->count && !idle; i++)
        for (uint32_t v = 0; v < self->sweep[i].values && rc == 0; v++)
            if (self->sweep[i].plan[v].experiment->processes > 1)
                rc = run_check_link(self->sweep[i].plan[v].experiment, self->ranks, err);
    return rc;
}

/** Those of this rank's processes, whatever profile has most of them. */
static int check_capture_files(const struct session *self, struct err *err)
{
    const uint32_t rank = self->ranks ? self->ranks->rank : 0;
    const uint32_t ranks = self->ranks ? self->ranks->count : 1;
    int rc = 0;
    for (uint32_t i = 0; i < self->count && self->capture.file; i++)
        for (uint32_t v = 0; v < self->sweep[i].values && rc == 0; v++) {
            const uint32_t each = self->sweep[i].plan[v].experiment->processes / ranks;
            rc = run_capture_check(&self->capture, rank * each, (rank + 1) * each, err);
        }
    return rc;
}

static int open_host(const struct session *self, size_t bytes, const char *out, struct host *host,
                     struct err *err)
{
    if (has_processes(self))
        return host_open_shared(host, self->machine, bytes, out, err);
    return host_open(host, self->machine, bytes, out, err);
}

/** Everything that could refuse a run on this host, before the first one starts. Only live runs need a host of their own. */
int session_open_host(const struct session *self, const char *out, struct host *host,
                      struct err *err)
{
    const struct plan *plan = NULL;
    if (self->machine && machine_is_foreign(self->machine))
        return err_set(
            err, -ENODEV,
            "%s describes a machine, which can be drawn and planned on, not run on; unset "
            "it, or export HWLOC_THISSYSTEM=1 if it describes this very machine",
            machine_described_by());
    int rc = check_memory(self, err);
    if (rc == 0 && self->machine)
        rc = check_descriptors(self, err);
    if (rc == 0)
        rc = check_links(self, err);
    if (rc == 0)
        rc = results_make_folder(out, err);
    if (rc == 0 && self->machine)
        rc = open_host(self, largest(self, eal_bytes, &plan), out, host, err);
    return rc;
}

/** One after the other, with results. */
static int run_all(struct session *self, const struct command_line *line, struct host *host,
                   char *dir)
{
    int code = 0;
    for (uint32_t i = 0; i < self->count && !interrupt_seen(); i++) {
        const struct matrix_options options = {.out = line->out,
                                               .quiet = line->quiet || self->silent,
                                               .silent = self->silent,
                                               .strict = line->strict,
                                               .profile = i,
                                               .run = {.capture = &self->capture},
                                               .threads = self->threads,
                                               .dir = dir,
                                               .dir_bytes = RESULTS_PATH_MAX};
        struct host *const its_host = is_live(self->sweep[i].written) ? host : NULL;
        const int one = matrix_run(its_host, &self->sweep[i], &options);
        code = one ? one : code;
    }
    session_dismiss(self);
    return code;
}

/** dir: [RESULTS_PATH_MAX] gets where the results of the last profile are. */
int session_run(struct session *self, const struct command_line *line, char *dir)
{
    struct host host = {0};
    int rc = check_capture_files(self, &self->complaint), code = 0;
    if (rc == 0 && session_open_host(self, line->out, &host, &self->complaint) < 0)
        rc = -ENODEV;
    if (rc < 0) {
        fprintf(stderr, "dawdle: error: %s\n", self->complaint.text);
        code = rc == -EINVAL ? 2 : 3;
    }
    const bool opened = code == 0 && self->machine;
    if (self->ranks)
        code = session_agree(self, code);
    host.ranks = self->ranks;
    interrupt_watch();
    if (code == 0)
        code = self->ranks && self->ranks->rank > 0 ? session_follow(self, &host, line->out)
                                                    : run_all(self, line, &host, dir);
    if (opened)
        host_close(&host);
    run_capture_say(&self->capture);
    return code;
}
