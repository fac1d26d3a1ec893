/* SPDX-License-Identifier: BSD-3-Clause */
/* One function per key of a policy: within its bounds, small, and the edges of the range often. */
#include "tests/random/options.h"

#include <string.h>

#define KEY_MAX 24u

struct bounds {
    uint32_t workers;
    uint64_t base_ns;
};

static uint32_t up_to(struct rng *rng, uint32_t most)
{
    return rng_below(rng, most + 1);
}

static void draw_order(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->order = (enum dsgd_order)up_to(rng, DSGD_COMBINE_THEN_ADAPT);
}

static void draw_collective(struct rng *rng, const struct bounds *bounds,
                            struct policy_options *out)
{
    (void)bounds;
    out->collective = (enum collective_kind)up_to(rng, COLLECTIVE_MODELLED);
}

static void draw_release(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->release = (enum aau_release)up_to(rng, AAU_PAIR);
}

static void draw_new_edge(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->new_edge = (enum aau_new_edge)up_to(rng, AAU_VERTEX);
}

static void draw_pathsearch(struct rng *rng, const struct bounds *bounds,
                            struct policy_options *out)
{
    (void)bounds;
    out->pathsearch = up_to(rng, 2) == 0 ? AAU_ORACLE : AAU_MESSAGES;
}

static void draw_evict_after(struct rng *rng, const struct bounds *bounds,
                             struct policy_options *out)
{
    if (up_to(rng, 3) == 0)
        out->evict_after_ns = bounds->base_ns * (5u + up_to(rng, 100));
}

static void draw_max_staleness(struct rng *rng, const struct bounds *bounds,
                               struct policy_options *out)
{
    (void)bounds;
    out->max_staleness = up_to(rng, 3);
}

static void draw_pairing(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->pairing = (enum adpsgd_pairing)up_to(rng, ADPSGD_BIPARTITE);
}

static void draw_comm_thread(struct rng *rng, const struct bounds *bounds,
                             struct policy_options *out)
{
    (void)bounds;
    out->comm_thread = up_to(rng, 1);
}

static void draw_wait(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->wait = (enum partial_wait)up_to(rng, PARTIAL_RANDOM);
}

static void draw_weights(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->weights = (enum policy_weights)up_to(rng, WEIGHTS_UNIFORM);
}

static void draw_k(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    out->k = 1 + rng_below(rng, bounds->workers > 1 ? bounds->workers - 1 : 1);
}

static void draw_fraction(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->fraction = (1 + up_to(rng, 9)) / 10.0;
}

static void draw_timeout(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    out->timeout_ns = 1 + (uint64_t)(rng_unit(rng) * 3.0 * (double)bounds->base_ns);
}

static void draw_steps(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->steps = 1 + up_to(rng, 4);
}

static void draw_group(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    out->group = 2 + rng_below(rng, bounds->workers > 2 ? bounds->workers - 1 : 1);
}

static void draw_lag(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->lag = up_to(rng, 4);
}

static void draw_overlap(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->overlap = up_to(rng, 3);
}

/* Never: what is given up is lost, and scenarios hold rows to their sums. */
static void draw_give_up(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)rng, (void)bounds;
    out->give_up_ns = 0;
}

static void draw_staleness(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->staleness = up_to(rng, 5);
}

static void draw_backup(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->backup = up_to(rng, 2);
}

static void draw_jump(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->jump = up_to(rng, 1) ? up_to(rng, 6) : 0;
}

static void draw_fanout(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->fanout = 1 + up_to(rng, 3);
}

static void draw_damped(struct rng *rng, const struct bounds *bounds, struct policy_options *out)
{
    (void)bounds;
    out->damped = up_to(rng, 1);
}

static const struct option {
    const char *key;
    void (*draw)(struct rng *rng, const struct bounds *bounds, struct policy_options *out);
} options[] = {
    {"order", draw_order},
    {"collective", draw_collective},
    {"release", draw_release},
    {"new_edge", draw_new_edge},
    {"pathsearch", draw_pathsearch},
    {"evict_after", draw_evict_after},
    {"max_staleness", draw_max_staleness},
    {"pairing", draw_pairing},
    {"comm_thread", draw_comm_thread},
    {"wait", draw_wait},
    {"weights", draw_weights},
    {"k", draw_k},
    {"fraction", draw_fraction},
    {"timeout", draw_timeout},
    {"steps", draw_steps},
    {"group", draw_group},
    {"lag", draw_lag},
    {"overlap", draw_overlap},
    {"give_up", draw_give_up},
    {"staleness", draw_staleness},
    {"backup", draw_backup},
    {"jump", draw_jump},
    {"fanout", draw_fanout},
    {"damped", draw_damped},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

/** The next key of a space-separated list, into `key`. NULL at the end. */
static const char *next_key(const char *list, char key[KEY_MAX])
{
    list += strspn(list, " ");
    const size_t length = strcspn(list, " ");
    if (length == 0 || length >= KEY_MAX)
        return NULL;
    memcpy(key, list, length);
    key[length] = 0;
    return list + length;
}

static const struct option *find(const char *key)
{
    for (uint32_t i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].key, key) == 0)
            return &options[i];
    return NULL;
}

struct policy_options options_draw(struct rng *rng, const struct policy *row, uint32_t workers,
                                   uint64_t base_ns)
{
    const struct bounds bounds = {.workers = workers, .base_ns = base_ns};
    struct policy_options out = {0};
    char key[KEY_MAX];
    for (const char *list = row->options; list && (list = next_key(list, key));) {
        const struct option *const option = find(key);
        if (option)
            option->draw(rng, &bounds, &out);
    }
    return out;
}

const char *options_unknown(const struct policy *row, char *text, uint32_t size)
{
    char key[KEY_MAX];
    for (const char *list = row->options; list && (list = next_key(list, key));) {
        if (find(key))
            continue;
        strncpy(text, key, size - 1);
        text[size - 1] = 0;
        return text;
    }
    return NULL;
}
