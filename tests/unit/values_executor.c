/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool of threads by itself: tasks here note who ran before whom. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "harness/run/executor.h"

#define NOTES 40000u

/* Each task must find its predecessors' notes, which are plain memory, and leaves its own. */
static struct {
    task_id note[NOTES];
    task_id after[NOTES][3];
    _Atomic uint32_t missed, run;
} game;

static void note(const struct task *task, float *scratch)
{
    const uint64_t number = task->argument[0];
    for (uint32_t i = 0; i < 3; i++) {
        const task_id before = game.after[number][i];
        if (before != 0 && game.note[before - 1] != before)
            atomic_fetch_add(&game.missed, 1);
    }
    scratch[15] += 1.0f; /* private: nobody else's count is disturbed */
    game.note[number] = number + 1;
    atomic_fetch_add(&game.run, 1);
}

static struct tasks *open_pool(struct executor **executor, uint32_t threads)
{
    struct err err = {""};
    cr_assert_eq(executor_open(executor, threads, 16, &err), 0);
    return executor_tasks(*executor);
}

static void submit_noted(struct tasks *tasks, uint64_t number, struct rng *rng, uint32_t reach)
{
    for (uint32_t i = 0; i < 3; i++) {
        const uint64_t most = number < reach ? number : reach;
        game.after[number][i] = most > 0 ? number - rng_below(rng, (uint32_t)most) : 0;
    }
    const task_id id = tasks->ops->submit(tasks, &(struct task){.run = note,
                                                                .argument = {number},
                                                                .after = game.after[number],
                                                                .after_count = number > 0 ? 3 : 0});
    cr_assert_eq(id, number + 1);
}

static void expect_order(uint32_t threads)
{
    struct executor *executor;
    struct tasks *const tasks = open_pool(&executor, threads);
    struct rng rng = rng_start(threads, RNG_TEST, 0);

    for (uint64_t n = 0; n < NOTES; n++) /* several times round the ring */
        submit_noted(tasks, n, &rng, n % 1000 < 500 ? 10 : 5000);
    tasks->ops->wait(tasks, NOTES / 2);
    cr_expect_eq(game.note[NOTES / 2 - 1], NOTES / 2);
    cr_expect(tasks->ops->finished(tasks, NOTES / 2) != 0);
    executor_close(executor);

    cr_expect_eq(game.missed, 0u);
    cr_expect_eq(game.run, NOTES, "close waits for the rest");
}

Test(values_executor, runs_every_task_after_its_predecessors_on_one_thread)
{
    expect_order(1);
}

Test(values_executor, runs_every_task_after_its_predecessors_on_two_threads)
{
    expect_order(2);
}

Test(values_executor, runs_every_task_after_its_predecessors_on_five_threads)
{
    expect_order(5);
}

static atomic_int gate;

static void wait_at_the_gate(const struct task *task, float *scratch)
{
    (void)task;
    (void)scratch;
    while (!atomic_load(&gate))
        ;
}

Test(values_executor, knows_what_has_not_finished)
{
    struct executor *executor;
    struct tasks *const tasks = open_pool(&executor, 2);

    const task_id first = tasks->ops->submit(tasks, &(struct task){.run = wait_at_the_gate});
    const task_id second = tasks->ops->submit(
        tasks, &(struct task){.run = wait_at_the_gate, .after = &first, .after_count = 1});
    cr_expect_not(tasks->ops->finished(tasks, first));
    cr_expect_not(tasks->ops->finished(tasks, second));
    atomic_store(&gate, 1);
    tasks->ops->wait(tasks, second);

    cr_expect(tasks->ops->finished(tasks, first));
    executor_close(executor);
}

static atomic_int met;

static void meet(const struct task *task, float *scratch)
{
    (void)task;
    (void)scratch;
    atomic_fetch_add(&met, 1);
    while (atomic_load(&met) < 2)
        ;
}

/* One helper: it would wait at the meeting place for ever if it were alone. */
Test(values_executor, lets_the_waiting_thread_execute)
{
    struct executor *executor;
    struct tasks *const tasks = open_pool(&executor, 2);

    tasks->ops->submit(tasks, &(struct task){.run = meet});
    tasks->ops->wait(tasks, tasks->ops->submit(tasks, &(struct task){.run = meet}));

    cr_expect_eq(atomic_load(&met), 2);
    executor_close(executor);
}

static void add_one(const struct task *task, float *scratch)
{
    (void)scratch;
    atomic_fetch_add((_Atomic uint32_t *)task->context, 1);
}

static void copy_count(const struct task *task, float *scratch)
{
    (void)scratch;
    *(uint32_t *)(uintptr_t)task->argument[0] = atomic_load((_Atomic uint32_t *)task->context);
}

static _Atomic uint32_t submitted;

/* Until the submitting thread makes no progress any more: then it has run out of edges. */
static void wait_for_standstill(const struct task *task, float *scratch)
{
    uint32_t before;
    (void)task;
    (void)scratch;
    do {
        before = atomic_load(&submitted);
        usleep(20000);
    } while (before == 0 || before != atomic_load(&submitted));
}

/* 6000 tasks, each after 20 others that are named twice, and none of them can run at first. */
Test(values_executor, manages_more_dependencies_than_it_has_room_for)
{
    enum { FIRST = 2000, THEN = 6000, EACH = 20 };
    struct executor *executor;
    struct tasks *const tasks = open_pool(&executor, 3);
    _Atomic uint32_t sum = 0;
    uint32_t seen = 0, count = 0;
    static task_id after[FIRST + THEN];
    const task_id held = tasks->ops->submit(tasks, &(struct task){.run = wait_for_standstill});
    struct task task = {.run = add_one, .context = &sum, .after = &held, .after_count = 1};

    for (; count < FIRST; atomic_fetch_add(&submitted, 1))
        after[count++] = tasks->ops->submit(tasks, &task);
    for (uint32_t i = 0; i < THEN; i++, atomic_fetch_add(&submitted, 1)) {
        task_id of[2 * EACH];
        for (uint32_t k = 0; k < EACH; k++)
            of[2 * k] = of[2 * k + 1] = after[count - 1 - (i * 7 + k) % FIRST];
        task.after = of;
        task.after_count = 2 * EACH;
        after[count++] = tasks->ops->submit(tasks, &task);
    }
    const task_id last =
        tasks->ops->submit(tasks, &(struct task){.run = copy_count,
                                                 .context = &sum,
                                                 .argument = {(uint64_t)(uintptr_t)&seen},
                                                 .after = after,
                                                 .after_count = count});
    tasks->ops->wait(tasks, last);

    cr_expect_eq(seen, (uint32_t)(FIRST + THEN));
    executor_close(executor);
}

Test(values_executor, closes_when_nothing_was_submitted)
{
    struct executor *executor;
    open_pool(&executor, 4);

    executor_close(executor);
    executor_close(NULL);
}
