/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who trains on which samples.
 *
 * Dealing needs a random order of samples and of workers but has no memory for either, so both come from a keyed
 * permutation that answers "what is at place i?" without a table. A worker's place in that order decides which classes
 * it holds; without the shuffle, neighbours on a ring would always hold neighbouring classes.
 */
#include "core/learn/shard.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/check.h"

#define CLASSES_MAX 256u /* labels are bytes */
#define ROUNDS 4u

/*
 * Place -> item of a random permutation of [0, count): a balanced Feistel network over the next even power of two,
 * walked until it lands inside (under four steps on average). J. Black, P. Rogaway, "Ciphers with arbitrary finite
 * domains", CT-RSA 2002.
 */
struct permutation {
    uint64_t key;
    uint32_t count, half_bits;
};

static struct permutation permutation_of(uint64_t key, uint32_t count)
{
    struct permutation p = {.key = key, .count = count, .half_bits = 1};
    while (UINT64_C(1) << (2 * p.half_bits) < count)
        p.half_bits++;
    return p;
}

static uint32_t permutation_at(const struct permutation *p, uint32_t place)
{
    const uint64_t mask = (UINT64_C(1) << p->half_bits) - 1;
    uint64_t x = place;
    do {
        uint64_t left = x >> p->half_bits, right = x & mask;
        for (uint64_t round = 0; round < ROUNDS; round++) {
            const uint64_t next = left ^ (rng_at(p->key, round << 32 | right) & mask);
            left = right;
            right = next;
        }
        x = left << p->half_bits | right;
    } while (x >= p->count);
    return (uint32_t)x;
}

struct split shard_counts(uint32_t samples, const double share[3])
{
    /* Round the borders, not the counts: they then add up, and a share of zero is empty. */
    const uint32_t first = (uint32_t)fmin(floor(share[0] * samples + 0.5), samples);
    const uint32_t second = (uint32_t)fmin(floor((share[0] + share[1]) * samples + 0.5), samples);
    return (struct split){.train = first, .validation = second - first, .test = samples - second};
}

struct split shard_split(uint64_t seed, uint32_t samples, const double share[3], uint32_t *order)
{
    struct rng rng = rng_start(seed, RNG_SPLIT, 0);
    for (uint32_t i = 0; i < samples; i++)
        order[i] = i;
    rng_shuffle(&rng, order, samples);
    return shard_counts(samples, share);
}

/* The streams under RNG_SHARDS. */
enum { STREAM_SAMPLES, STREAM_WORKERS, STREAM_CLASSES };

/* A deal under way: who gets the next sample. Running it twice gives the same answers. */
struct dealer {
    struct permutation samples, workers;
    const uint8_t *label; /* NULL: deal evenly */
    uint32_t per_worker, classes;
    uint32_t rank[CLASSES_MAX]; /* of a class among the shuffled classes */
    uint32_t next[CLASSES_MAX]; /* samples of that class dealt so far, plus a random start */
    uint32_t unheld;            /* samples dealt evenly so far */
};

/* How many workers hold the class: slots rank, rank + classes, … below workers * per_worker. */
static uint64_t holders(const struct dealer *d, uint32_t class)
{
    const uint64_t slots = (uint64_t)d->workers.count * d->per_worker;
    return d->rank[class] < slots ? (slots - d->rank[class] - 1) / d->classes + 1 : 0;
}

static void dealer_init(struct dealer *d, uint64_t seed, uint32_t workers, uint32_t count,
                        uint32_t classes, uint32_t per_worker, const uint8_t *label)
{
    *d = (struct dealer){
        .samples = permutation_of(rng_key(seed, RNG_SHARDS, STREAM_SAMPLES), count),
        .workers = permutation_of(rng_key(seed, RNG_SHARDS, STREAM_WORKERS), workers),
        .label = label,
        .per_worker = per_worker,
        .classes = classes,
    };
    if (label == NULL)
        return;
    struct rng rng = rng_start(seed, RNG_SHARDS, STREAM_CLASSES);
    for (uint32_t c = 0; c < classes; c++)
        d->rank[c] = c;
    rng_shuffle(&rng, d->rank, classes);
    for (uint32_t c = 0; c < classes; c++) {
        const uint64_t held = holders(d, c); /* at most workers, since per_worker <= classes */
        d->next[c] = held == 0 ? 0 : rng_below(&rng, (uint32_t)held);
    }
}

/* The worker of sample `id`, the next one in the shuffled order. */
static uint32_t dealer_worker(struct dealer *d, uint32_t id)
{
    const uint32_t class = d->label == NULL ? 0 : d->label[id];
    DCHECK(d->label == NULL || class < d->classes);
    const uint64_t held = d->label == NULL ? 0 : holders(d, class);
    if (held == 0)
        return permutation_at(&d->workers, d->unheld++ % d->workers.count);
    /* Consecutive slots belong to one worker, so its classes differ as long as per_worker <= classes. */
    const uint64_t slot = d->rank[class] + d->next[class]++ % held * d->classes;
    return permutation_at(&d->workers, (uint32_t)(slot / d->per_worker));
}

/**
 * First half of a counting sort: how many samples each worker gets, one place up, becomes where its shard begins, in
 * begin[w + 1]: the cursor of the second half, which ends as the shard's end. False: somebody gets none.
 */
static bool count_shards(struct dealer *dealer, const uint32_t *sample, uint32_t count,
                         uint32_t workers, uint32_t *begin)
{
    memset(begin, 0, sizeof(*begin) * (workers + (size_t)1));
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t id = sample[permutation_at(&dealer->samples, i)];
        begin[dealer_worker(dealer, id) + 1]++;
    }
    uint32_t at = 0;
    for (uint32_t w = 1; w <= workers; w++) {
        const uint32_t held = begin[w];
        if (held == 0)
            return false;
        begin[w] = at;
        at += held;
    }
    return true;
}

int shard_deal(enum shard_kind kind, uint32_t per_worker, uint64_t seed, uint32_t workers,
               uint32_t classes, const uint8_t *label, const uint32_t *sample, uint32_t count,
               uint32_t *out, uint32_t *begin)
{
    struct dealer dealer, again;
    if (kind == SHARD_LABELS && (classes > CLASSES_MAX || per_worker < 1 || per_worker > classes))
        return -EINVAL;
    if (workers == 0 || count < workers)
        return -ENODATA;
    dealer_init(&dealer, seed, workers, count, classes, per_worker,
                kind == SHARD_LABELS ? label : NULL);
    again = dealer;
    if (!count_shards(&dealer, sample, count, workers, begin))
        return -ENODATA;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t id = sample[permutation_at(&again.samples, i)];
        out[begin[dealer_worker(&again, id) + 1]++] = id;
    }
    return 0;
}
