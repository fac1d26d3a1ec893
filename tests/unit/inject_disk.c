/* SPDX-License-Identifier: BSD-3-Clause */
/* When batches of a slow disk are ready: one after the other, hidden as far as they were asked for in time. */
#include "core/inject/disk.h"

#include <criterion/criterion.h>

static uint64_t constant_ns(const struct law_config *config, const struct law_draw *draw)
{
    (void)draw;
    return config->delay_ns;
}

static const struct law constant = {.name = "constant", .delay_ns = constant_ns};
static struct inject entry;
static struct disk disk;

/** Every batch of worker 0 takes so long. */
static struct inject_set every_batch_takes(uint64_t delay_ns)
{
    static const uint32_t first[] = {0};
    entry = (struct inject){.law = &constant,
                            .config = {.delay_ns = delay_ns},
                            .what = INJECT_LOAD,
                            .select = SELECT_WORKERS,
                            .workers = first,
                            .worker_count = 1};
    return (struct inject_set){.entry = &entry, .count = 1, .seed = 1, .workers = 2};
}

Test(disk, makes_the_batches_that_are_prefetched_one_after_the_other)
{
    const struct inject_set set = every_batch_takes(10);

    disk_open(&disk, &set, 0, 3, 100);

    cr_expect_eq(disk_ready_ns(&disk), 110u);
    disk_take(&disk, &set, 0, 110);
    cr_expect_eq(disk_ready_ns(&disk), 120u);
    disk_take(&disk, &set, 0, 120);
    cr_expect_eq(disk_ready_ns(&disk), 130u);
    disk_take(&disk, &set, 0, 500);
    cr_expect_eq(disk_ready_ns(&disk), 140u, "asked for when the first one was taken");
}

Test(disk, begins_a_batch_no_sooner_than_it_is_asked_for)
{
    const struct inject_set set = every_batch_takes(10);

    disk_open(&disk, &set, 0, 1, 0);
    disk_take(&disk, &set, 0, 1000);

    cr_expect_eq(disk_ready_ns(&disk), 1010u);
}

Test(disk, hides_delays_that_are_shorter_than_an_iteration_behind_one_that_is_prefetched)
{
    const struct inject_set set = every_batch_takes(10);
    uint64_t now = 10, waited = 0;

    disk_open(&disk, &set, 0, 2, 0);
    for (uint32_t i = 0; i < 50; i++, now += 25) {
        waited += disk_ready_ns(&disk) > now ? disk_ready_ns(&disk) - now : 0;
        disk_take(&disk, &set, 0, now);
    }

    cr_expect_eq(waited, 0u);
}

Test(disk, shows_delays_that_are_longer_however_many_are_prefetched)
{
    const struct inject_set set = every_batch_takes(40);
    uint64_t now = 0;

    disk_open(&disk, &set, 0, DISK_DEPTH_MAX + 10, 0);
    for (uint32_t i = 0; i < 1000; i++, now += 25) {
        now = disk_ready_ns(&disk) > now ? disk_ready_ns(&disk) : now;
        disk_take(&disk, &set, 0, now);
    }

    cr_expect_eq(now, 40u * 1000 + 25, "the disk sets the pace");
}

Test(disk, does_nothing_to_workers_that_are_not_hit)
{
    const struct inject_set set = every_batch_takes(10);

    disk_open(&disk, &set, 1, 2, 0);
    disk_take(&disk, &set, 1, 7);

    cr_expect_eq(disk_ready_ns(&disk), 0u);
}

Test(disk, is_needed_only_where_an_entry_delays_batches)
{
    struct inject_set set = every_batch_takes(10);
    cr_expect(disk_is_delayed(&set));

    entry.what = INJECT_COMPUTE;
    cr_expect_not(disk_is_delayed(&set));

    disk = (struct disk){0};
    disk_take(&disk, &set, 0, 5);
    cr_expect_eq(disk_ready_ns(&disk), 0u);
}
