/* SPDX-License-Identifier: BSD-3-Clause */
/* The same program must give the same bytes whoever runs its tasks: that is what makes threads invisible in a result. */
#include <criterion/criterion.h>

#include "harness/run/executor.h"
#include "support_values.h"

static const enum lanes all_lanes[] = {LANES_PLAIN, LANES_WEIGHT, LANES_CUMULATIVE};

static uint64_t run_on(struct tasks *tasks, enum lanes lanes, uint64_t seed, uint32_t steps)
{
    struct support_values setup;
    support_values_init(&setup, 9, 4, lanes, tasks);
    struct support_program program = {.seed = seed, .steps = steps, .setup = &setup};
    struct values *const values = support_values_open(&setup);
    support_program_run(&program, values);
    const uint64_t result = support_program_result(&program, values);
    values_close(values);
    cr_assert_eq(setup.memory.now_bytes, 0u);
    cr_assert(program.cuts > 0);
    return result;
}

static uint32_t scratch_floats(void)
{
    struct support_values setup;
    support_values_init(&setup, 1, 1, LANES_CUMULATIVE, NULL);
    return values_scratch_floats(&setup.config);
}

static void expect_threads_to_change_nothing(uint32_t threads)
{
    for (uint64_t seed = 0; seed < 6; seed++) {
        const enum lanes lanes = all_lanes[seed % 3];
        struct executor *executor;
        struct err err = {""};
        cr_assert_eq(executor_open(&executor, threads, scratch_floats(), &err), 0);

        const uint64_t result = run_on(executor_tasks(executor), lanes, seed, 3000);

        cr_expect_eq(result, run_on(NULL, lanes, seed, 3000), "seed %lu", seed);
        executor_close(executor);
    }
}

Test(values_program, gives_the_same_bytes_on_one_thread_of_an_executor)
{
    expect_threads_to_change_nothing(1);
}

Test(values_program, gives_the_same_bytes_on_two_threads)
{
    expect_threads_to_change_nothing(2);
}

Test(values_program, gives_the_same_bytes_on_four_threads)
{
    expect_threads_to_change_nothing(4);
}

Test(values_program, gives_the_same_bytes_in_any_order_that_dependencies_allow)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        const enum lanes lanes = all_lanes[seed % 3];
        struct support_tasks *const tasks =
            (struct support_tasks *)(void *)support_values_floats(sizeof(*tasks) / sizeof(float));
        support_tasks_init(tasks, seed, support_values_floats(scratch_floats()));

        const uint64_t result = run_on(&tasks->tasks, lanes, seed, 600);

        cr_expect_eq(result, run_on(NULL, lanes, seed, 600), "seed %lu", seed);
        cr_expect_eq(tasks->pending, 0u);
    }
}

Test(values_program, has_a_result_that_depends_on_the_program)
{
    cr_expect(run_on(NULL, LANES_PLAIN, 1, 500) != run_on(NULL, LANES_PLAIN, 2, 500));
    cr_expect(run_on(NULL, LANES_PLAIN, 1, 500) != run_on(NULL, LANES_PLAIN, 1, 501));
}
