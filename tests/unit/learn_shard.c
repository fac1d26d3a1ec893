/* SPDX-License-Identifier: BSD-3-Clause */
/* Splits, shards and samplers: nothing lost, nothing twice, and the same answer for the same seed. */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "core/learn/shard.h"
#include "support_learn.h"

#define SAMPLES 1000u
#define WORKERS_MAX 64u

/* How often each id below `ids` occurs; asserts that no other id does. */
static void tally(const uint32_t *items, uint32_t count, uint32_t *times, uint32_t ids)
{
    memset(times, 0, sizeof(*times) * ids);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_lt(items[i], ids);
        times[items[i]]++;
    }
}

/* ---- split ---- */

Test(split, is_complete_and_disjoint)
{
    uint32_t order[SAMPLES], times[SAMPLES];

    const struct split s = shard_split(5, SAMPLES, (double[]){0.7, 0.1, 0.2}, order);

    cr_expect_eq(s.train, 700u);
    cr_expect_eq(s.validation, 100u);
    cr_expect_eq(s.test, 200u);
    tally(order, SAMPLES, times, SAMPLES);
    for (uint32_t i = 0; i < SAMPLES; i++)
        cr_assert_eq(times[i], 1u, "sample %u", i);
}

Test(split, loses_no_sample_to_rounding)
{
    static const double shares[][3] = {{1, 0, 0},          {0, 0, 1},       {0.5, 0.5, 0},
                                       {0.29, 0.42, 0.29}, {0.8, 0.1, 0.1}, {0, 1, 0}};
    uint32_t order[SAMPLES];
    for (uint32_t i = 0; i < 6; i++) {
        for (uint32_t samples = 0; samples < 40; samples++) {
            const struct split s = shard_split(1, samples, shares[i], order);

            cr_assert_eq(s.train + s.validation + s.test, samples, "case %u of %u", i, samples);
            cr_assert(shares[i][0] > 0 || s.train == 0, "an empty share stays empty");
            cr_assert(shares[i][1] > 0 || s.validation == 0);
            cr_assert(shares[i][2] > 0 || s.test == 0);
        }
    }
}

Test(split, depends_on_the_seed_alone)
{
    const double share[] = {0.8, 0.1, 0.1};
    uint32_t a[SAMPLES], b[SAMPLES], c[SAMPLES];

    shard_split(5, SAMPLES, share, a);
    shard_split(5, SAMPLES, share, b);
    shard_split(6, SAMPLES, share, c);

    cr_expect_arr_eq(a, b, sizeof(a));
    cr_expect_arr_neq(a, c, sizeof(a));
}

/* ---- shards ---- */

struct deal {
    uint8_t label[SAMPLES];
    uint32_t sample[SAMPLES], count;
    uint32_t out[SAMPLES], begin[WORKERS_MAX + 1];
};

/* Training samples are the even ids: the ids that come back must be those, not places. */
static void deal_init(struct deal *d, uint32_t classes)
{
    *d = (struct deal){.count = SAMPLES / 2};
    memcpy(d->label, support_labels(9, SAMPLES, classes), SAMPLES);
    for (uint32_t i = 0; i < d->count; i++)
        d->sample[i] = 2 * i;
}

static int deal_run(struct deal *d, enum shard_kind kind, uint32_t per_worker, uint64_t seed,
                    uint32_t workers, uint32_t classes)
{
    return shard_deal(kind, per_worker, seed, workers, classes, d->label, d->sample, d->count,
                      d->out, d->begin);
}

static void expect_all_dealt_once(const struct deal *d, uint32_t workers)
{
    uint32_t times[SAMPLES];
    cr_assert_eq(d->begin[0], 0u);
    cr_assert_eq(d->begin[workers], d->count);
    tally(d->out, d->count, times, SAMPLES);
    for (uint32_t i = 0; i < SAMPLES; i++)
        cr_assert_eq(times[i], 1 - i % 2, "sample %u", i);
}

static uint32_t classes_of(const struct deal *d, uint32_t worker, uint32_t *held)
{
    uint32_t distinct = 0;
    memset(held, 0, sizeof(*held) * 256);
    for (uint32_t i = d->begin[worker]; i < d->begin[worker + 1]; i++)
        distinct += held[d->label[d->out[i]]]++ == 0;
    return distinct;
}

Test(shard, iid_deals_every_sample_once_and_evenly)
{
    struct deal d;
    deal_init(&d, 10);
    for (uint32_t workers = 1; workers <= WORKERS_MAX; workers += 9) {
        cr_assert_eq(deal_run(&d, SHARD_IID, 0, 3, workers, 10), 0);

        expect_all_dealt_once(&d, workers);
        for (uint32_t w = 0; w < workers; w++) {
            const uint32_t held = d.begin[w + 1] - d.begin[w];
            cr_assert_geq(held, d.count / workers);
            cr_assert_leq(held, d.count / workers + 1);
        }
    }
}

Test(shard, labels_gives_each_worker_few_classes_and_every_sample_to_one)
{
    struct deal d;
    uint32_t held[256];
    deal_init(&d, 10);
    for (uint32_t workers = 5; workers <= 50; workers += 5) {
        for (uint32_t per_worker = 1; per_worker <= 10; per_worker++) {
            if (workers * per_worker < 10)
                continue;
            cr_assert_eq(deal_run(&d, SHARD_LABELS, per_worker, 3, workers, 10), 0,
                         "%u workers, %u classes each", workers, per_worker);

            expect_all_dealt_once(&d, workers);
            /* About 50 samples per class: with over 25 holders one may come away empty-handed. */
            const bool plenty = workers * per_worker <= 250;
            for (uint32_t w = 0; w < workers; w++) {
                const uint32_t classes = classes_of(&d, w, held);
                cr_assert_leq(classes, per_worker, "worker %u of %u", w, workers);
                cr_assert(!plenty || classes == per_worker, "worker %u of %u", w, workers);
            }
        }
    }
}

Test(shard, labels_splits_a_class_evenly_among_its_holders)
{
    struct deal d;
    uint32_t held[256];
    deal_init(&d, 10);
    cr_assert_eq(deal_run(&d, SHARD_LABELS, 2, 3, 17, 10), 0);

    for (uint32_t c = 0; c < 10; c++) {
        uint32_t least = SAMPLES, most = 0;
        for (uint32_t w = 0; w < 17; w++) {
            classes_of(&d, w, held);
            if (held[c] > 0) {
                least = held[c] < least ? held[c] : least;
                most = held[c] > most ? held[c] : most;
            }
        }
        cr_expect_leq(most - least, 1u, "class %u: %u to %u", c, least, most);
    }
}

Test(shard, labels_deals_classes_without_a_holder_to_everyone)
{
    struct deal d;
    uint32_t held[256], shared = 0;
    deal_init(&d, 10);

    cr_assert_eq(deal_run(&d, SHARD_LABELS, 2, 3, 3, 10), 0);

    expect_all_dealt_once(&d, 3);
    for (uint32_t c = 0; c < 10; c++) {
        uint32_t with = 0;
        for (uint32_t w = 0; w < 3; w++) {
            classes_of(&d, w, held);
            with += held[c] > 0;
        }
        cr_expect(with == 1 || with == 3, "class %u is with %u workers", c, with);
        shared += with == 3;
    }
    cr_expect_eq(shared, 4u, "six classes have a holder, four have not");
}

Test(shard, does_not_always_give_neighbours_the_same_classes)
{
    struct deal d;
    uint32_t a[256], b[256], both = 0;
    deal_init(&d, 10);
    for (uint64_t seed = 0; seed < 400; seed++) {
        cr_assert_eq(deal_run(&d, SHARD_LABELS, 1, seed, 20, 10), 0);
        classes_of(&d, 0, a);
        classes_of(&d, 1, b);
        for (uint32_t c = 0; c < 10; c++)
            both += a[c] > 0 && b[c] > 0;
    }

    /* By chance 1 in 19, so 21 of 400 with standard deviation 4.5; without the shuffle 0 or 400. */
    cr_expect_geq(both, 3u);
    cr_expect_leq(both, 39u);
}

Test(shard, depends_on_the_seed_alone)
{
    static struct deal a, b, c;
    for (uint32_t kind = SHARD_IID; kind <= SHARD_LABELS; kind++) {
        deal_init(&a, 10);
        deal_init(&b, 10);
        deal_init(&c, 10);

        deal_run(&a, (enum shard_kind)kind, 2, 3, 10, 10);
        deal_run(&b, (enum shard_kind)kind, 2, 3, 10, 10);
        deal_run(&c, (enum shard_kind)kind, 2, 4, 10, 10);

        cr_expect_arr_eq(a.out, b.out, sizeof(a.out));
        cr_expect_arr_eq(a.begin, b.begin, sizeof(a.begin));
        cr_expect_arr_neq(a.out, c.out, sizeof(a.out));
    }
}

Test(shard, refuses_what_cannot_be_dealt)
{
    struct deal d;
    deal_init(&d, 10);

    cr_expect_eq(deal_run(&d, SHARD_LABELS, 0, 3, 5, 10), -EINVAL);
    cr_expect_eq(deal_run(&d, SHARD_LABELS, 11, 3, 5, 10), -EINVAL);
    cr_expect_eq(deal_run(&d, SHARD_LABELS, 1, 3, 5, 257), -EINVAL);
    d.count = 4;
    cr_expect_eq(deal_run(&d, SHARD_IID, 0, 3, 5, 10), -ENODATA);
    d.count = SAMPLES / 2;
    memset(d.label, 0, sizeof(d.label)); /* one class only: whoever holds another has nothing */
    cr_expect_eq(deal_run(&d, SHARD_LABELS, 1, 3, 10, 10), -ENODATA);
}

/* ---- sampler ---- */

Test(sampler, makes_every_epoch_a_permutation_in_a_new_order)
{
    enum { COUNT = 50 };
    struct sampler s;
    uint32_t order[COUNT], first[COUNT], second[COUNT], times[SAMPLES];
    for (uint32_t i = 0; i < COUNT; i++)
        order[i] = i;
    sampler_init(&s, 1, 0, order, COUNT);

    sampler_next(&s, first, COUNT);
    sampler_next(&s, second, COUNT);

    tally(first, COUNT, times, COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        cr_assert_eq(times[i], 1u, "first epoch, sample %u", i);
    tally(second, COUNT, times, COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        cr_assert_eq(times[i], 1u, "second epoch, sample %u", i);
    cr_expect_arr_neq(first, second, sizeof(first));
    cr_expect_eq(s.epoch, 1u);
}

Test(sampler, lets_a_batch_span_epochs)
{
    struct sampler s;
    uint32_t order[] = {100, 200, 300}, drawn[30], times[301];
    sampler_init(&s, 1, 0, order, 3);

    for (uint32_t i = 0; i < 30; i += 2)
        sampler_next(&s, drawn + i, 2);

    for (uint32_t epoch = 0; epoch < 10; epoch++) {
        tally(drawn + 3 * epoch, 3, times, 301);
        cr_assert_eq(times[100] + times[200] + times[300], 3u);
        cr_assert_eq(times[100] * times[200] * times[300], 1u, "epoch %u", epoch);
    }
    cr_expect_eq(s.epoch, 9u);
}

Test(sampler, wraps_when_a_batch_is_larger_than_the_shard)
{
    struct sampler s;
    uint32_t order[] = {0, 1, 2, 3}, drawn[10], times[4];
    sampler_init(&s, 1, 0, order, 4);

    sampler_next(&s, drawn, 10);

    tally(drawn, 10, times, 4);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect(times[i] == 2 || times[i] == 3, "sample %u drawn %u times", i, times[i]);
}

Test(sampler, gives_each_worker_and_seed_its_own_order)
{
    enum { COUNT = 32 };
    static const struct {
        uint64_t seed;
        uint32_t worker;
    } key[] = {{1, 0}, {1, 0}, {1, 1}, {2, 0}};
    uint32_t drawn[4][COUNT];
    for (uint32_t k = 0; k < 4; k++) {
        struct sampler s;
        uint32_t order[COUNT];
        for (uint32_t i = 0; i < COUNT; i++)
            order[i] = i;
        sampler_init(&s, key[k].seed, key[k].worker, order, COUNT);
        sampler_next(&s, drawn[k], COUNT);
    }

    cr_expect_arr_eq(drawn[0], drawn[1], sizeof(drawn[0]));
    cr_expect_arr_neq(drawn[0], drawn[2], sizeof(drawn[0]));
    cr_expect_arr_neq(drawn[0], drawn[3], sizeof(drawn[0]));
}

Test(sampler, needs_at_least_one_sample, .signal = SIGABRT)
{
    struct sampler s;
    sampler_init(&s, 1, 0, NULL, 0);
}
