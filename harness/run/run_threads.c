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
    const uint32_t pu = place->loop_pu[self->loop.index];
    int rc = machine_bind(host->machine, pu, &self->err);
    self->core = machine_pu_at(host->machine, pu)->os_index;
    /* Beyond DPDK's own limit (127 threads) it refuses; nothing on our path needs its thread number. */
    eal_register_thread();
    if (rc == 0 && self->bridge_open)
        rc = self->bridge_open(self);
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

static void *thread_main(void *argument)
{
    struct run_thread *const self = argument;
    self->error = get_ready(self);
    run_gate_report(&self->run->gate, self->error == 0);
    if (run_gate_wait(&self->run->gate) == RUN_GO) {
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

/* Of a thread that cannot be started, too, everybody hears. */
void run_threads_start(struct run *run, uint32_t first, uint32_t end)
{
    for (uint32_t l = first; l < end; l++) {
        struct run_thread *const t = &run->thread[l];
        const int code = pthread_create(&t->id, NULL, thread_main, t);
        t->started = code == 0;
        if (t->started)
            continue;
        t->error = err_set(&t->err, -code, "cannot start thread %u: %s", l, strerror(code));
        run_gate_report(&run->gate, false);
    }
}

void run_threads_join(struct run *run, uint32_t first, uint32_t end)
{
    for (uint32_t l = first; l < end; l++)
        if (run->thread[l].started)
            pthread_join(run->thread[l].id, NULL);
}

void run_begin(struct run *run)
{
    if (run_gate_decide(&run->gate) == RUN_GO)
        start_clock(run);
}

int run_threads_error(const struct run *run, struct err *err)
{
    int error = 0;
    for (uint32_t l = 0; l < run->cohort.loops && (error == 0 || error == -ECANCELED); l++) {
        if (run->thread[l].error == 0)
            continue;
        error = run->thread[l].error;
        *err = run->thread[l].err;
    }
    return error;
}

int run_threads(struct run *run, struct err *err)
{
    const uint32_t loops = run->cohort.loops;
    run_threads_start(run, 0, loops);
    while (run_gate_reported(&run->gate) < loops)
        run_gate_sleep();
    run_begin(run);
    run_threads_join(run, 0, loops);
    run->cohort.incomplete |= atomic_load(&run->disk_failed);
    return run_threads_error(run, err);
}
