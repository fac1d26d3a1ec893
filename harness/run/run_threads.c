/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread binds itself, registers with the EAL, opens its loader (io_uring rings belong to the task that made them),
 * waits for the others, and runs its loop. If any of them could not get ready, all go home before training starts.
 */
#include "harness/run/run_threads.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static void count_disturbances(struct run_thread *self, int sign)
{
    struct rusage usage;
    if (getrusage(RUSAGE_THREAD, &usage) < 0)
        return;
    self->involuntary_switches += (uint64_t)(sign * usage.ru_nivcsw);
    self->page_faults += (uint64_t)(sign * (usage.ru_minflt + usage.ru_majflt));
}

static int get_ready(struct run_thread *self)
{
    struct host *const host = self->run->host;
    const struct placement *const place = &self->run->cell->placement;
    int rc = machine_bind(host->machine, place->loop_pu[self->loop.index], &self->err);
    /* Beyond DPDK's own limit (127 threads) it refuses; nothing on our path needs its thread number. */
    eal_register_thread();
    if (rc == 0 && self->loader_config.path)
        rc = loader_open(&self->loop.loader, &self->loader_config, &self->err);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < self->loop.count; i++)
        self->worker[i]->data.loader = self->loop.loader;
    return 0;
}

/**
 * A disk that gave nothing for too long ends the run as incomplete: what was trained until then stays. A file that is not
 * what it was is an error.
 */
static void note_failure(struct run_thread *self)
{
    struct loader *const loader = self->loop.loader;
    const uint32_t place = loader_failed_worker(loader);
    char text[sizeof(self->err.text) + 32];
    err_set(&self->err, self->error, "%s", loader_error(loader));
    if (place >= self->loop.count || self->error == -ENODATA)
        return;
    snprintf(text, sizeof(text), "worker %u: %s", self->worker[place]->id, self->err.text);
    self->run->common.say(text);
    atomic_store(&self->run->disk_failed, true);
    self->error = 0;
}

static void note_loader(struct run_thread *self)
{
    struct loader *const loader = self->loop.loader;
    if (!loader)
        return;
    self->tier = loader_tier(loader);
    snprintf(self->loader_reason, sizeof(self->loader_reason), "%s", loader_reason(loader));
    self->batches = loader_batches(loader);
    self->bytes_read = loader_bytes(loader);
    self->load_retries = loader_retries(loader);
    if (self->error < 0)
        note_failure(self);
    loader_close(loader);
    self->loop.loader = NULL;
}

static enum run_decision report_and_wait(struct run_gate *gate, bool ready)
{
    pthread_mutex_lock(&gate->lock);
    gate->reported++;
    gate->refused |= !ready;
    pthread_cond_broadcast(&gate->changed);
    while (gate->decision == RUN_UNDECIDED)
        pthread_cond_wait(&gate->changed, &gate->lock);
    const enum run_decision decision = gate->decision;
    pthread_mutex_unlock(&gate->lock);
    return decision;
}

/** Wait until `started` threads have reported, then decide for all of them. */
static enum run_decision decide(struct run_gate *gate, uint32_t started, bool possible)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->reported < started)
        pthread_cond_wait(&gate->changed, &gate->lock);
    gate->decision = possible && !gate->refused ? RUN_GO : RUN_GO_HOME;
    const enum run_decision decision = gate->decision;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
    return decision;
}

static void *thread_main(void *argument)
{
    struct run_thread *const self = argument;
    self->error = get_ready(self);
    if (report_and_wait(&self->run->gate, self->error == 0) == RUN_GO) {
        count_disturbances(self, -1);
        self->error = loop_run(&self->loop);
        count_disturbances(self, +1);
    }
    note_loader(self);
    eal_unregister_thread();
    return NULL;
}

static void start_clock(struct run *run)
{
    /* A moment for the loops to prefetch their first batches before the clock starts. */
    const struct timespec pause = {.tv_nsec = 5000000};
    nanosleep(&pause, NULL);
    run->cohort.start_cyc = clock_cyc();
    /* Also after a loader failed meanwhile: loops end through the phases, never beside them. */
    atomic_store_explicit(&run->cohort.phase, COHORT_RUN, memory_order_release);
}

int run_threads(struct run *run, struct err *err)
{
    const uint32_t loops = run->cohort.loops;
    uint32_t started = 0;
    int error = 0;
    pthread_mutex_init(&run->gate.lock, NULL);
    pthread_cond_init(&run->gate.changed, NULL);
    for (; started < loops && error == 0; started += error == 0) {
        error = -pthread_create(&run->thread[started].id, NULL, thread_main, &run->thread[started]);
        if (error < 0)
            err_set(err, error, "cannot start thread %u: %s", started, strerror(-error));
    }
    if (decide(&run->gate, started, error == 0) == RUN_GO)
        start_clock(run);
    for (uint32_t l = 0; l < started; l++) {
        pthread_join(run->thread[l].id, NULL);
        if (run->thread[l].error < 0 && error == 0) {
            error = run->thread[l].error;
            *err = run->thread[l].err;
        }
    }
    run->cohort.incomplete |= atomic_load(&run->disk_failed);
    pthread_cond_destroy(&run->gate.changed);
    pthread_mutex_destroy(&run->gate.lock);
    return error;
}
