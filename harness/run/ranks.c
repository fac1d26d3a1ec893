/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Launchers bind as they like: mpirun gives two ranks a core each and leaves four of them on two cores unbound. So cores
 * that several ranks of one host may use are dealt here, one after the other to whom has the fewest.
 */
#include "harness/run/ranks.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "harness/environment.h"
#include "harness/run/pack.h"

#define CPUS_MAX 1024u
#define MASK_WORDS (CPUS_MAX / 64)
/* Ranks may load, or make, their data before they have anything to say. */
#define SETUP_MS 3600000u

struct greeting {
    char version[64];
    char name[RANKS_NAME_MAX], boot[RANKS_NAME_MAX], net[RANKS_NAME_MAX];
    uint64_t mask[MASK_WORDS];
};

static void pack_greeting(struct pack *pack, struct greeting *it)
{
    pack_text(pack, it->version, sizeof(it->version));
    pack_text(pack, it->name, sizeof(it->name));
    pack_text(pack, it->boot, sizeof(it->boot));
    pack_text(pack, it->net, sizeof(it->net));
    pack_words(pack, it->mask, MASK_WORDS);
}

static bool has(const uint64_t *mask, uint32_t cpu)
{
    return mask[cpu / 64] >> cpu % 64 & 1;
}

static void add(uint64_t *mask, uint32_t cpu)
{
    mask[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

static int greet(struct greeting *out, const char *version, struct err *err)
{
    cpu_set_t set;
    *out = (struct greeting){.version = ""};
    snprintf(out->version, sizeof(out->version), "%s", version);
    gethostname(out->name, sizeof(out->name) - 1);
    environment_read_line("/proc/sys/kernel/random/boot_id", out->boot, sizeof(out->boot));
    const ssize_t length = readlink("/proc/self/ns/net", out->net, sizeof(out->net) - 1);
    out->net[length > 0 ? length : 0] = 0;
    if (sched_getaffinity(0, sizeof(set), &set) < 0)
        return err_set(err, -errno, "cannot tell which cores this process may use: %s",
                       strerror(errno));
    for (uint32_t cpu = 0; cpu < CPUS_MAX; cpu++)
        if (CPU_ISSET(cpu, &set))
            add(out->mask, cpu);
    return 0;
}

/* ------------------------------------------------------------- a share */

static bool is_neighbour(const struct greeting *a, const struct greeting *b)
{
    return strcmp(a->boot, b->boot) == 0;
}

/** Of the ranks that may use `cpu` of this host the one with the fewest cores so far, or UINT32_MAX. */
static uint32_t poorest(const struct greeting *all, const struct ranks *self,
                        const struct greeting *host, uint32_t cpu)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t r = 0; r < self->count; r++)
        if (is_neighbour(&all[r], host) && has(all[r].mask, cpu) &&
            (best == UINT32_MAX || self->member[r].cores < self->member[best].cores))
            best = r;
    return best;
}

static bool is_first_of_host(const struct greeting *all, uint32_t rank)
{
    for (uint32_t r = 0; r < rank; r++)
        if (is_neighbour(&all[r], &all[rank]))
            return false;
    return true;
}

/** Who got no core shares all that it may use, and then nobody of its host is alone on its own. */
static void share_out(const struct greeting *all, struct ranks *self, uint64_t share[MASK_WORDS])
{
    for (uint32_t r = 0; r < self->count; r++)
        for (uint32_t other = 0; self->member[r].cores == 0 && other < self->count; other++)
            self->member[other].shares |= is_neighbour(&all[r], &all[other]);
    if (self->member[self->rank].cores == 0)
        memcpy(share, all[self->rank].mask, MASK_WORDS * sizeof(*share));
    for (uint32_t r = 0; r < self->count; r++)
        if (self->member[r].cores == 0)
            self->member[r].cores = 1;
}

static void deal(const struct greeting *all, struct ranks *self, uint64_t share[MASK_WORDS])
{
    for (uint32_t first = 0; first < self->count; first++)
        for (uint32_t cpu = 0; cpu < CPUS_MAX && is_first_of_host(all, first); cpu++) {
            const uint32_t owner = poorest(all, self, &all[first], cpu);
            if (owner == UINT32_MAX)
                continue;
            self->member[owner].cores++;
            if (owner == self->rank)
                add(share, cpu);
        }
    share_out(all, self, share);
}

static int keep_to(const uint64_t share[MASK_WORDS], struct err *err)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (uint32_t cpu = 0; cpu < CPUS_MAX; cpu++)
        if (has(share, cpu))
            CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) < 0)
        return err_set(err, -errno, "cannot keep to this rank's cores: %s", strerror(errno));
    return 0;
}

/* --------------------------------------------------------------- words */

const char *ranks_title(const struct ranks *self, uint32_t rank, char out[RANKS_TITLE_MAX])
{
    snprintf(out, RANKS_TITLE_MAX, "rank %u (%s)", rank, self->member[rank].name);
    return out;
}

bool ranks_share_clock(const struct ranks *self, uint32_t a, uint32_t b)
{
    return strcmp(self->member[a].boot, self->member[b].boot) == 0;
}

uint32_t ranks_clocks(const struct ranks *self)
{
    uint32_t clocks = 0;
    for (uint32_t r = 0; r < self->count; r++) {
        bool known = false;
        for (uint32_t other = 0; other < r && !known; other++)
            known = ranks_share_clock(self, other, r);
        clocks += !known;
    }
    return clocks;
}

bool ranks_share_host(const struct ranks *self)
{
    bool share = true;
    for (uint32_t r = 1; r < self->count; r++)
        share &=
            ranks_share_clock(self, 0, r) && strcmp(self->member[r].net, self->member[0].net) == 0;
    return share;
}

/** One word of each, or a sentence about who is gone. */
static int hear(struct ranks *self, struct pack *mine, const struct hub_word **word,
                struct err *err)
{
    char title[RANKS_TITLE_MAX];
    if (mine->bad)
        return err_set(err, -ENOMEM, "not enough memory to talk to other ranks");
    const int rc =
        hub_round(self->hub, mine->data, (uint32_t)mine->used, false, SETUP_MS, word, err);
    for (uint32_t r = 0; r < self->count && rc == 0; r++)
        if ((*word)[r].gone)
            return err_set(err, -EPIPE, "%s has gone", ranks_title(self, r, title));
    return rc;
}

static int read_greetings(struct ranks *self, const struct hub_word *word, struct greeting *all,
                          struct err *err)
{
    for (uint32_t r = 0; r < self->count; r++) {
        struct pack pack = pack_reader(word[r].data, word[r].bytes);
        all[r] = (struct greeting){.version = ""};
        pack_greeting(&pack, &all[r]);
        memcpy(self->member[r].name, all[r].name, RANKS_NAME_MAX);
        memcpy(self->member[r].boot, all[r].boot, RANKS_NAME_MAX);
        memcpy(self->member[r].net, all[r].net, RANKS_NAME_MAX);
        if (pack.bad || strcmp(all[r].version, all[0].version) != 0)
            return err_set(err, -EPROTO,
                           "rank %u (%s) is dawdle %s, rank 0 (%s) is dawdle %s: all must be the "
                           "same build",
                           r, all[r].name, all[r].version, all[0].name, all[0].version);
    }
    return 0;
}

int ranks_open(struct ranks *out, struct hub *hub, uint32_t rank, uint32_t count,
               const char *version, struct err *err)
{
    struct greeting mine, *const all = calloc(HUB_RANKS_MAX, sizeof(*all));
    const struct hub_word *word;
    uint64_t share[MASK_WORDS] = {0};
    struct pack pack = pack_writer();
    CHECK(count <= HUB_RANKS_MAX);
    *out = (struct ranks){.rank = rank, .count = count, .hub = hub};
    int rc = all ? greet(&mine, version, err) : err_set(err, -ENOMEM, "not enough memory");
    if (rc == 0) {
        pack_greeting(&pack, &mine);
        rc = hear(out, &pack, &word, err);
    }
    if (rc == 0)
        rc = read_greetings(out, word, all, err);
    if (rc == 0) {
        if (!ranks_share_host(out))
            hub_address(hub, out->address);
        deal(all, out, share);
        rc = keep_to(share, err);
    }
    pack_close(&pack);
    free(all);
    return rc;
}

static void pack_word(struct pack *pack, struct ranks_word *it)
{
    pack_numbers(pack, &it->code, 1);
    pack_text(pack, it->text, sizeof(it->text));
    pack_words(pack, &it->profile, 1);
    pack_words(pack, &it->data, 1);
    pack_words(pack, &it->plan, 1);
}

/** What of `word` is not as rank 0 has it; NULL: nothing. */
static const char *difference(const struct ranks_word *word, const struct ranks_word *first)
{
    return word->profile != first->profile ? "profile (or its --set)"
           : word->data != first->data     ? "data set"
           : word->plan != first->plan     ? "plan of the run"
                                           : NULL;
}

/** The first reason not to start. */
static uint32_t compare(const struct ranks *self, const struct hub_word *word, struct err *err)
{
    struct ranks_word first = {0};
    char title[RANKS_TITLE_MAX];
    for (uint32_t r = 0; r < self->count; r++) {
        struct ranks_word its = {0};
        struct pack reader = pack_reader(word[r].data, word[r].bytes);
        pack_word(&reader, &its);
        first = r == 0 ? its : first;
        ranks_title(self, r, title);
        if (reader.bad)
            return err_set(err, -EPROTO, "%s does not speak as this version does", title), 3;
        if (its.code != 0)
            return err_set(err, -EIO, "%s: %s", title, its.text), its.code;
        if (difference(&its, &first))
            return err_set(err, -EINVAL, "%s has another %s than rank 0 (%s)", title,
                           difference(&its, &first), self->member[0].name),
                   3;
    }
    return 0;
}

uint32_t ranks_agree(struct ranks *self, const struct ranks_word *mine, struct err *err)
{
    struct ranks_word copy = *mine;
    const struct hub_word *word;
    struct pack pack = pack_writer();
    pack_word(&pack, &copy);
    const int rc = hear(self, &pack, &word, err);
    const uint32_t code = rc < 0 ? 3 : compare(self, word, err);
    pack_close(&pack);
    return code;
}

static void pack_turn(struct pack *pack, struct ranks_turn *it)
{
    pack_numbers(pack, &it->profile, 1);
    pack_numbers(pack, &it->value, 1);
    pack_numbers(pack, &it->seed, 1);
    pack_numbers(pack, &it->policy, 1);
    pack_numbers(pack, &it->over, 1);
    pack_numbers(pack, &it->cut, 1);
}

static int next(struct ranks *self, struct ranks_turn *turn, struct err *err)
{
    const struct hub_word *word;
    struct pack pack = pack_writer();
    pack_turn(&pack, turn);
    int rc = hear(self, &pack, &word, err);
    if (rc == 0) {
        struct pack reader = pack_reader(word[0].data, word[0].bytes);
        pack_turn(&reader, turn);
        rc = reader.bad ? err_set(err, -EPROTO, "rank 0 does not say what comes next") : 0;
    }
    pack_close(&pack);
    return rc;
}

int ranks_call(struct ranks *self, uint32_t profile, uint32_t value, uint32_t seed, uint32_t policy,
               struct err *err)
{
    struct ranks_turn turn = {.profile = profile, .value = value, .seed = seed, .policy = policy};
    return self ? next(self, &turn, err) : 0;
}

int ranks_call_over(struct ranks *self, bool cut, struct err *err)
{
    struct ranks_turn turn = {.over = 1, .cut = cut};
    return self ? next(self, &turn, err) : 0;
}

int ranks_hear(struct ranks *self, struct ranks_turn *turn, struct err *err)
{
    *turn = (struct ranks_turn){.over = 0};
    return next(self, turn, err);
}
