/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring of pending tasks and one lock. Each task counts the predecessors that have not finished; whoever finishes the
 * last of them makes it ready, in front of the others, so that the same thread usually goes on with what it has just
 * computed in its caches. A task takes from ten microseconds up, and the lock is held for some tens of nanoseconds.
 *
 * Predecessors have smaller numbers, so the oldest pending task is always ready or running, and nothing can deadlock:
 * neither a full ring nor a lack of edges, both of which the submitting thread overcomes by executing.
 */
#include "harness/run/executor.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

#define NONE UINT32_MAX
#define EDGES_MAX (4u * EXECUTOR_PENDING_MAX)

/** "The task at `successor` waits for the owner of this list." */
struct edge {
    uint32_t successor, next;
};

/** A place in the ring: task number n is at n % EXECUTOR_PENDING_MAX. */
struct place {
    struct task task;
    uint32_t missing; /* predecessors that have not finished, plus one during its submission */
    uint32_t edges;   /* list of successors */
    uint32_t next;    /* on the list of ready ones */
    task_id id;
    _Atomic task_id
        finished; /* newest task of this place that has finished; read without the lock */
};

struct helper {
    struct executor *executor;
    pthread_t thread;
    float *scratch;
};

struct executor {
    struct tasks tasks;
    struct tasks_inline alone; /* with one thread */
    pthread_mutex_t lock;
    pthread_cond_t work, done; /* for helpers; for the submitting thread */
    struct place *place;       /* [EXECUTOR_PENDING_MAX] */
    struct edge *edge;         /* [EDGES_MAX] */
    uint32_t edges_free;       /* list */
    uint32_t ready, ready_end; /* list */
    task_id last;
    uint64_t pending;
    uint32_t asleep;   /* helpers, less those who are being woken */
    bool caller_waits; /* for `done` */
    bool closing;
    float *scratch; /* [threads][scratch_floats] */
    uint32_t helpers;
    struct helper helper[EXECUTOR_THREADS_MAX];
};

static struct place *place_of(struct executor *self, task_id task)
{
    return &self->place[task % EXECUTOR_PENDING_MAX];
}

static bool is_finished(struct executor *self, task_id task)
{
    /* acquire: who sees the number sees what the task has written */
    return atomic_load_explicit(&place_of(self, task)->finished, memory_order_acquire) >= task;
}

/* ------------------------------------------------------------------ with the lock held */

static void push_front(struct executor *self, uint32_t index)
{
    self->place[index].next = self->ready;
    if (self->ready == NONE)
        self->ready_end = index;
    self->ready = index;
}

static void push_back(struct executor *self, uint32_t index)
{
    self->place[index].next = NONE;
    if (self->ready == NONE)
        self->ready = index;
    else
        self->place[self->ready_end].next = index;
    self->ready_end = index;
}

/** Whether a helper should be woken, by whoever calls this, with pthread_cond_signal(&self->work). */
static bool wants_helper(struct executor *self)
{
    if (self->ready == NONE || self->asleep == 0)
        return false;
    self->asleep--;
    return true;
}

static void finish(struct executor *self, struct place *place)
{
    for (uint32_t e = place->edges; e != NONE;) {
        struct edge *const edge = &self->edge[e];
        const uint32_t next = edge->next;
        if (--self->place[edge->successor].missing == 0)
            push_front(self, edge->successor);
        edge->next = self->edges_free;
        self->edges_free = e;
        e = next;
    }
    place->edges = NONE;
    self->pending--;
    /* release: pairs with is_finished() */
    atomic_store_explicit(&place->finished, place->id, memory_order_release);
}

/** Run the first ready task. The lock is given up meanwhile. */
static void execute(struct executor *self, float *scratch)
{
    struct place *const place = &self->place[self->ready];
    self->ready = place->next;
    const bool wake = wants_helper(self);
    pthread_mutex_unlock(&self->lock);
    if (wake)
        pthread_cond_signal(&self->work);
    place->task.run(&place->task, scratch);
    pthread_mutex_lock(&self->lock);
    finish(self, place);
}

/** One step towards whatever the submitting thread waits for. */
static void help(struct executor *self)
{
    CHECK(self->pending > 0);
    if (self->ready != NONE) {
        execute(self, self->scratch);
        return;
    }
    self->caller_waits = true;
    pthread_cond_wait(&self->done, &self->lock);
    self->caller_waits = false;
}

/** `index` shall run after `task`. */
static void add_edge(struct executor *self, task_id task, uint32_t index)
{
    CHECK(task <= self->last);
    while (!is_finished(self, task)) {
        struct place *const before = place_of(self, task);
        if (before->edges != NONE && self->edge[before->edges].successor == index)
            return; /* named twice */
        const uint32_t e = self->edges_free;
        if (e == NONE) {
            help(self);
            continue;
        }
        self->edges_free = self->edge[e].next;
        self->edge[e] = (struct edge){.successor = index, .next = before->edges};
        before->edges = e;
        self->place[index].missing++;
        return;
    }
}

/* ------------------------------------------------------------------ struct tasks_ops */

static task_id submit(struct tasks *tasks, const struct task *task)
{
    struct executor *const self = (struct executor *)tasks;
    pthread_mutex_lock(&self->lock);
    const task_id id = self->last + 1;
    struct place *const place = place_of(self, id);
    const uint32_t index = (uint32_t)(id % EXECUTOR_PENDING_MAX);
    while (id > EXECUTOR_PENDING_MAX && !is_finished(self, id - EXECUTOR_PENDING_MAX))
        help(self);
    place->task = *task;
    place->id = id;
    place->missing = 1;
    for (uint32_t i = 0; i < task->after_count; i++)
        add_edge(self, task->after[i], index);
    self->last = id;
    self->pending++;
    bool wake = false;
    if (--place->missing == 0) {
        push_back(self, index);
        wake = wants_helper(self);
    }
    pthread_mutex_unlock(&self->lock);
    if (wake)
        pthread_cond_signal(&self->work);
    return id;
}

static void wait(struct tasks *tasks, task_id task)
{
    struct executor *const self = (struct executor *)tasks;
    if (is_finished(self, task))
        return;
    pthread_mutex_lock(&self->lock);
    CHECK(task <= self->last);
    while (!is_finished(self, task))
        help(self);
    pthread_mutex_unlock(&self->lock);
}

static int finished(struct tasks *tasks, task_id task)
{
    return is_finished((struct executor *)tasks, task);
}

/* ------------------------------------------------------------------ threads */

static void *help_until_closed(void *argument)
{
    struct helper *const helper = argument;
    struct executor *const self = helper->executor;
    pthread_mutex_lock(&self->lock);
    while (!self->closing) {
        if (self->ready == NONE) {
            self->asleep++; /* taken back by who wakes us; too large after a spurious waking, which is harmless */
            pthread_cond_wait(&self->work, &self->lock);
            continue;
        }
        execute(self, helper->scratch);
        if (self->caller_waits)
            pthread_cond_signal(&self->done);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

/** Signals are for the thread that opened the executor. */
static int start_helpers(struct executor *self, uint32_t count, size_t scratch_floats)
{
    sigset_t all, before;
    int rc = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; self->helpers < count && rc == 0; self->helpers += rc == 0) {
        struct helper *const helper = &self->helper[self->helpers];
        helper->executor = self;
        helper->scratch = self->scratch + (self->helpers + 1) * scratch_floats;
        rc = -pthread_create(&helper->thread, NULL, help_until_closed, helper);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void *zeroed_lines(size_t bytes)
{
    const size_t lines = (bytes + 63) / 64 * 64;
    void *const at = aligned_alloc(64, lines > 0 ? lines : 64);
    if (at)
        memset(at, 0, lines);
    return at;
}

static void link_edges(struct executor *self)
{
    for (uint32_t e = 0; e < EDGES_MAX; e++)
        self->edge[e].next = e + 1 < EDGES_MAX ? e + 1 : NONE;
    for (uint32_t p = 0; p < EXECUTOR_PENDING_MAX; p++)
        self->place[p].edges = NONE;
    self->edges_free = 0;
    self->ready = NONE;
}

int executor_open(struct executor **out, uint32_t threads, uint32_t scratch_floats, struct err *err)
{
    static const struct tasks_ops ops = {.submit = submit, .wait = wait, .finished = finished};
    CHECK(threads >= 1);
    CHECK(threads <= EXECUTOR_THREADS_MAX);
    const size_t floats = ((size_t)scratch_floats + 15) & ~(size_t)15;
    struct executor *const self = zeroed_lines(sizeof(*self));
    *out = NULL;
    if (!self)
        return err_set(err, -ENOMEM, "not enough memory for a pool of threads");
    self->tasks.ops = &ops;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->work, NULL);
    pthread_cond_init(&self->done, NULL);
    self->place = zeroed_lines(EXECUTOR_PENDING_MAX * sizeof(*self->place));
    self->edge = zeroed_lines(EDGES_MAX * sizeof(*self->edge));
    self->scratch = zeroed_lines(threads * floats * sizeof(float));
    int rc = self->place && self->edge && self->scratch ? 0 : -ENOMEM;
    if (rc == 0) {
        link_edges(self);
        tasks_inline_init(&self->alone, self->scratch);
        rc = start_helpers(self, threads - 1, floats);
    }
    if (rc < 0) {
        executor_close(self);
        return err_set(err, rc, "cannot start a pool of %u threads: %s", threads, strerror(-rc));
    }
    *out = self;
    return 0;
}

void executor_close(struct executor *self)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    while (self->pending > 0)
        help(self);
    self->closing = true;
    pthread_mutex_unlock(&self->lock);
    pthread_cond_broadcast(&self->work);
    for (uint32_t i = 0; i < self->helpers; i++)
        pthread_join(self->helper[i].thread, NULL);
    pthread_cond_destroy(&self->done);
    pthread_cond_destroy(&self->work);
    pthread_mutex_destroy(&self->lock);
    free(self->scratch);
    free(self->edge);
    free(self->place);
    free(self);
}

struct tasks *executor_tasks(struct executor *self)
{
    return self->helpers == 0 ? &self->alone.tasks : &self->tasks;
}
