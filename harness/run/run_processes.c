/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parent forks, starts the clock, and waits; it has no loop. Each child starts DPDK for itself where its link needs it,
 * runs the threads of its loops, and leaves what it counted in the shared run. The first loop of each turns the bridge.
 *
 * A process that dies counts as a crash of its workers where the others can go on without it (run_deaths.h). Otherwise the
 * others are ended, and the run is an error that names it.
 */
#include "harness/run/run_processes.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/learn/mix.h"
#include "harness/run/interrupt.h"
#include "harness/run/run_deaths.h"
#include "harness/run/run_link.h"
#include "harness/run/run_sync.h"
#include "harness/run/run_threads.h"

#define LINK_NS_MAX UINT64_C(10000000000) /* until all processes have met */
#define LEAD_NS UINT64_C(50000000)        /* from the decision to the start */
#define BYE_NS_MAX UINT64_C(500000000)
/* A look at the children; and a tick, in which ranks also renew their copies of each other's books. */
#define LOOK_US 2000
#define TICK_US 5000
#define ORPHANS_NS_MAX UINT64_C(800000000) /* launchers that have said SIGTERM do not wait long */
#define POOL_BYTES ((size_t)96 << 20)

/* This process' own, in a child. */
static struct {
    uint32_t number;
    struct eal eal;
    struct spread *spread;
    struct capture *capture; /* of its frames, or NULL */
} own;

static uint64_t cyc_of(const struct run *run, uint64_t ns)
{
    return clock_to_cyc(&run->host->clock, ns);
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static enum stream_class class_of(const struct policy *row)
{
    return row->tensor_class == DELIVERY_NEWEST ? STREAM_NEWEST
           : row->tensor_class == DELIVERY_SUM  ? STREAM_SUM
                                                : STREAM_EXACT;
}

/* ------------------------------------------------------------ a child */

static int start_dpdk(const struct run *run, const struct link_ops *link, struct err *err)
{
    if (!link->needs_dpdk)
        return 0;
    const struct eal_config config = {
        .memory_bytes = 1, .pool_bytes = POOL_BYTES, .runtime_dir = run->host->runtime_dir};
    return eal_start(&own.eal, &config, err);
}

static int open_spread(struct run *run, struct err *err)
{
    const struct experiment *const e = run->cell->common->experiment;
    const struct ranks *const ranks = run->cell->common->ranks;
    const char *const own_address = ranks ? or_null(ranks->address) : NULL;
    int rc = run_capture_open(run, own.number, &own.capture, err);
    if (rc < 0)
        return rc;
    const struct spread_config config = {
        .fabric = (struct fabric *)run->edges,
        .processes = e->processes,
        .process = own.number,
        .tensors = class_of(run->cell->row),
        .link = run_link(e, ranks),
        .interface = or_null(e->link.interface),
        .address = *e->link.address ? e->link.address : own_address,
        .run = run->name,
        .ns_per_cyc = run->host->clock.ns_per_cyc,
        .range = mix_slice,
        .settled = &run->cohort.bridge[own.number].settled,
        .capture = own.capture,
    };
    rc = start_dpdk(run, config.link, err);
    if (rc < 0)
        return rc;
    own.spread = spread_open(&config, err);
    if (!own.spread)
        return -EIO;
    struct run_process *const self = &run->process[own.number];
    for (uint32_t i = 0; i < spread_peers(own.spread); i++)
        spread_address(own.spread, i, self->address[spread_peer(own.spread, i)]);
    atomic_store(&self->stage, RUN_STAGE_ADDRESSED);
    return 0;
}

static bool all_reached(const struct run *run, enum run_stage stage)
{
    for (uint32_t p = 0; p < run->cell->common->experiment->processes; p++)
        if (atomic_load(&run->process[p].stage) < stage)
            return false;
    return true;
}

static int connect_all(const struct run *run, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; i < spread_peers(own.spread); i++) {
        const uint32_t peer = spread_peer(own.spread, i);
        const int one =
            atomic_load(&run->process[peer].stage) >= RUN_STAGE_ADDRESSED
                ? spread_connect(own.spread, i, run->process[peer].address[own.number], err)
                : err_set(err, -EAGAIN, "process %u has not opened its link", peer);
        if (one < 0 && (rc == 0 || rc == -EAGAIN))
            rc = one;
    }
    return rc;
}

/** Turns until everybody is linked: a process that has all its peers may still owe one of them an answer. */
static int shake_hands(struct run *run, uint64_t deadline_cyc, struct err *err)
{
    struct bridge *const bridge = spread_bridge(own.spread);
    spread_start(own.spread, clock_cyc());
    while (!all_reached(run, RUN_STAGE_LINKED)) {
        bridge->turn(bridge, clock_cyc());
        if (spread_is_open(own.spread))
            atomic_store(&run->process[own.number].stage, RUN_STAGE_LINKED);
        if (atomic_load(&run->gate.refused))
            return err_set(err, -ECANCELED, "another process could not get ready");
        if (clock_cyc() > deadline_cyc)
            return err_set(err, -ETIMEDOUT, "process %u has heard no answer over its link",
                           own.number);
        run_gate_sleep();
    }
    return 0;
}

/** On the thread that will turn the bridge. */
static int open_bridge(struct run_thread *thread)
{
    struct run *const run = thread->run;
    struct err *const err = &thread->err;
    const uint64_t deadline_cyc = clock_cyc() + cyc_of(run, LINK_NS_MAX);
    int rc = open_spread(run, err);
    while (rc == 0 && (rc = connect_all(run, err)) == -EAGAIN) {
        if (atomic_load(&run->gate.refused))
            return err_set(err, -ECANCELED, "another process could not get ready");
        if (clock_cyc() > deadline_cyc)
            return -ETIMEDOUT; /* and why it was still not connected */
        run_gate_sleep();
        rc = 0;
    }
    if (rc == 0)
        rc = shake_hands(run, deadline_cyc, err);
    thread->loop.bridge = rc == 0 ? spread_bridge(own.spread) : NULL;
    return rc;
}

/** Frames that the other ends still want, and the account of all of them. */
static void say_bye(struct run *run)
{
    struct run_process *const self = &run->process[own.number];
    struct bridge *const bridge = spread_bridge(own.spread);
    const uint64_t deadline_cyc = clock_cyc() + cyc_of(run, BYE_NS_MAX);
    spread_bye(own.spread, clock_cyc());
    while (!all_reached(run, RUN_STAGE_ENDED) && clock_cyc() < deadline_cyc) {
        bridge->turn(bridge, clock_cyc());
        if (spread_is_over(own.spread))
            atomic_store(&self->stage, RUN_STAGE_ENDED);
    }
    self->is_over = spread_is_over(own.spread);
    self->counts = spread_counts(own.spread);
}

static void be_child(struct run *run, uint32_t number)
{
    uint32_t first, end;
    own.number = number;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    interrupt_leave_to_parent();
    cell_loops(run->cell, number, &first, &end);
    run->thread[first].bridge_open = open_bridge;
    run_threads_start(run, first, end);
    run_threads_join(run, first, end);
    if (own.spread && atomic_load(&run->gate.decision) == RUN_GO)
        say_bye(run);
    capture_close(own.capture);
    /* Nothing else is closed: all that a process has goes with it, and DPDK's memif port races with its own interrupt thread
     * where its peer closes at the same time. */
    _exit(0);
}

/* ---------------------------------------------------------- the parent */

/** Those of this rank: from the first to before the last. */
struct children {
    uint32_t first, end;
    bool ended;             /* by us: how they end says nothing */
    struct run_state state; /* what other ranks are told of them */
};

static void end_children(struct run *run, struct children *self)
{
    self->ended = true;
    for (uint32_t p = self->first; p < self->end; p++)
        if (run->process[p].pid > 0)
            kill(run->process[p].pid, SIGKILL);
}

__attribute__((format(printf, 4, 5))) static void fail(struct run *run, struct children *self,
                                                       int code, const char *format, ...)
{
    va_list arguments;
    if (self->state.code != 0)
        return;
    va_start(arguments, format);
    vsnprintf(self->state.text, sizeof(self->state.text), format, arguments);
    va_end(arguments);
    self->state.code = (uint32_t)-code;
    end_children(run, self);
}

static void note_end(struct run *run, struct children *self, uint32_t p, int status)
{
    char how[64];
    if (self->ended || (!WIFSIGNALED(status) && WEXITSTATUS(status) == 0))
        return;
    if (WIFSIGNALED(status))
        snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
    else
        snprintf(how, sizeof(how), "ended with code %d", WEXITSTATUS(status));
    const char *const fatal = run_death_ends_run(run, p);
    if (fatal)
        fail(run, self, -EIO, "process %u %s, and %s", p, how, fatal);
    else
        run_death(run, p, how);
}

/** Takes those that have ended. The first that ended otherwise than it should is told, and the others are ended. */
static void look(struct run *run, struct children *self)
{
    self->state.running = 0;
    if (interrupt_seen())
        atomic_store(&run->interrupted, 1);
    for (uint32_t p = self->first; p < self->end; p++) {
        struct run_process *const process = &run->process[p];
        int status;
        if (process->pid <= 0)
            continue;
        if (waitpid(process->pid, &status, WNOHANG) == 0) {
            self->state.running++;
            continue;
        }
        eal_sweep(run->host->runtime_dir, process->pid);
        process->pid = 0;
        note_end(run, self, p, status);
    }
}

static void fork_all(struct run *run, struct children *self)
{
    fflush(NULL);
    for (uint32_t p = self->first; p < self->end && self->state.code == 0; p++) {
        const pid_t pid = fork();
        if (pid == 0)
            be_child(run, p);
        if (pid < 0)
            fail(run, self, -errno, "cannot fork process %u: %s", p, strerror(errno));
        run->process[p].pid = pid > 0 ? pid : 0;
    }
}

/** What the loops of this rank could not do is an error of the rank. */
static void note_threads(struct run *run, struct children *self)
{
    struct err err = {{0}};
    const int error = run_threads_error(run, &err);
    if (self->state.running == 0 && error < 0)
        fail(run, self, error, "%s", err.text);
}

static bool steers(const struct run *run)
{
    const struct ranks *const ranks = run->cell->common->ranks;
    return !ranks || ranks->rank == 0;
}

/** All loops have reported: decided once. Of several ranks all hear of the start before it comes. */
static void begin(struct run *run)
{
    if (!steers(run) || atomic_load(&run->gate.decision) != RUN_UNDECIDED ||
        run_gate_reported(&run->gate) < run->cohort.loops)
        return;
    if (!run->cell->common->ranks) {
        run_begin(run);
        return;
    }
    run->cohort.start_cyc = clock_cyc() + cyc_of(run, LEAD_NS);
    run_gate_decide(&run->gate);
}

/** Nobody says any more how the run goes on: what they have measured until now is still to be had from all of them. */
static void let_children_end(struct run *run, struct children *self)
{
    const uint64_t deadline_cyc = clock_cyc() + cyc_of(run, ORPHANS_NS_MAX);
    struct cohort *const c = &run->cohort;
    self->ended = true;
    c->end_cyc = c->end_cyc ? c->end_cyc : clock_cyc();
    c->stop_cyc = c->stop_cyc ? c->stop_cyc : c->end_cyc;
    atomic_store_explicit(&c->phase, COHORT_END, memory_order_release);
    for (look(run, self); self->state.running > 0 && clock_cyc() < deadline_cyc; look(run, self))
        usleep(LOOK_US);
}

/** Alone, or in step with other ranks. False: all have ended everywhere, or the run is broken. */
static bool step(struct run *run, struct children *self, int *error, struct err *err)
{
    struct run_heard heard = {.running = self->state.running};
    if (!run->cell->common->ranks) {
        *error =
            self->state.code ? err_set(err, -(int)self->state.code, "%s", self->state.text) : 0;
        return self->state.running > 0;
    }
    *error = run_sync(run, &self->state, &heard, err);
    if (*error == 0 && heard.error) {
        *error = heard.error;
        *err = heard.err;
    }
    if (*error && run->is_orphan)
        let_children_end(run, self);
    if (*error)
        end_children(run, self);
    run_sync_start(run);
    return *error == 0 && heard.running > 0;
}

/** Nobody outlives the run. */
static void reap(struct run *run, struct children *self)
{
    for (look(run, self); self->state.running > 0; look(run, self))
        usleep(1000);
}

int run_processes(struct run *run, struct err *err)
{
    const struct ranks *const ranks = run->cell->common->ranks;
    struct children children = {.first = 0};
    struct run_heard heard;
    int error = 0;
    cell_processes(run->cell, ranks ? ranks->rank : 0, &children.first, &children.end);
    if (steers(run) && getrandom(&run->name, sizeof(run->name), 0) != (ssize_t)sizeof(run->name))
        return err_set(err, -errno, "this host gives no random name for a run: %s",
                       strerror(errno));
    if (ranks) /* all are there, and know its name */
        error = run_sync(run, &children.state, &heard, err);
    if (error)
        return error;
    fork_all(run, &children);
    for (bool goes_on = true; goes_on;) {
        look(run, &children);
        run_deaths_look(run);
        note_threads(run, &children);
        begin(run);
        goes_on = step(run, &children, &error, err);
        usleep(ranks ? TICK_US : LOOK_US);
    }
    reap(run, &children);
    run_capture_add(run, children.first, children.end);
    run->cohort.incomplete |= atomic_load(&run->disk_failed);
    return error;
}
