/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The entries of a profile's `inject:` list: who dawdles, when, in what, by which law; and the base time that it adds to.
 *
 * Everything is a pure function of (seed, entry, worker, iteration) or (seed, entry, worker, time since the start), so the
 * live and the virtual driver, any number of threads and any transport meet the same outcome.
 */
#ifndef CORE_INJECT_INJECT_H
#define CORE_INJECT_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/inject/law.h"

/** What of an iteration is delayed. */
enum inject_what {
    INJECT_COMPUTE, /* the gradient */
    INJECT_LOAD,    /* its batch: a slow disk */
    INJECT_PUBLISH, /* what the worker sends because of it leaves later; the worker goes on meanwhile */
    INJECT_LINK, /* messages (link.h) */
    INJECT_NODE, /* everything: the gradient, and nothing is answered meanwhile */
};

/** Whom an entry hits. */
enum inject_select {
    SELECT_ALL,
    SELECT_PERCENT_EACH, /* each worker and iteration independently with probability `share` (transient) */
    SELECT_PERCENT_ONCE, /* round(share * workers) distinct workers drawn once (permanent) */
    SELECT_WORKERS,      /* a fixed list */
    SELECT_COUNT_EACH,   /* exactly `count` distinct workers, drawn anew for each iteration */
    SELECT_COUNT_ONCE,   /* the same, drawn once */
};

enum inject_mode { INJECT_PARK, INJECT_SPIN };
enum inject_scope { SCOPE_COMPUTE, SCOPE_PROCESS };

#define INJECT_STEPS_MAX 16u
#define INJECT_LINKS_MAX 4u /* entries with a rate limit in one set */

/** When an entry acts, in time since the start. Zeroed: always, and in full. */
struct inject_when {
    uint64_t start_ns, stop_ns; /* stop_ns 0: never */
    uint64_t every_ns,
        for_ns; /* from start_ns on, the first for_ns of each every_ns; every_ns 0: all the time */
    uint64_t ramp_ns; /* grows from nothing to all of it over so long from start_ns */
    struct inject_step {
        uint64_t at_ns;       /* ascending */
        double scale;         /* from then on */
    } step[INJECT_STEPS_MAX]; /* a schedule; before the first step: nothing */
    uint32_t steps;
};

/** How much of an entry acts, and until when that holds. */
struct inject_span {
    double scale;      /* 0 = nothing, 1 = all: of delays, and of what rates lack to 1 */
    uint64_t until_ns; /* after the time asked for; UINT64_MAX: for good */
};

/** Pure. A ramp grows in INJECT_RAMP_STEPS equal steps. */
struct inject_span inject_when_at(const struct inject_when *self, uint64_t at_ns);
#define INJECT_RAMP_STEPS 64u

/** Which directed edges an entry for links means, given the workers that it selects. */
enum inject_edges {
    EDGES_OUT,    /* those that lead out of them */
    EDGES_IN,     /* those that lead to them */
    EDGES_BOTH,   /* either */
    EDGES_WITHIN, /* from one of them to another */
    EDGES_ACROSS, /* between one of them and one who is not: what a partition cuts */
};

/** What an entry for links does besides delaying by its law. Zeroed: nothing. */
struct inject_link {
    enum inject_edges edges;
    double loss; /* of messages */
    double
        burst; /* mean number of messages lost in a row (Gilbert-Elliott); 0 or 1: independent losses */
    double duplicate; /* of messages */
    double reorder;   /* of messages: released up to gap_ns later than those sent after them */
    uint64_t gap_ns;
    double corrupt;        /* of messages: a bit flips on the way, and must be caught */
    double bytes_per_s;    /* token bucket; 0: unlimited */
    uint64_t bucket_bytes; /* what may go at once */
    uint64_t queue_bytes;  /* waiting for tokens at most; more is dropped; 0: unlimited */
    bool cut;              /* nothing passes while the entry acts … */
    uint64_t up_ns,
        down_ns; /* … or, flapping, for spells of these mean lengths (exponential); 0: all the time */
    bool
        overtake; /* jitter may change the order within an edge; else a release is never before the previous one */
    uint64_t
        half_life_ns; /* time over which the memory of a delay halves (a law that inverts); 0: drawn anew */
    uint64_t resend_ns; /* what a loss costs a message that the transport sends again */
    bool unreliable;    /* messages of class exact are lost for good instead */
};

/** One entry. */
struct inject {
    const struct law *law;
    struct law_config config;
    enum inject_what what;
    enum inject_select select;
    double share;
    uint32_t count;
    bool by_group; /* `workers`, `share` and `count` are of groups, and all of a group are hit */
    const uint32_t *workers; /* SELECT_WORKERS, borrowed */
    uint32_t worker_count;
    bool one_draw; /* the workers of a group draw the same number */
    double
        half_life; /* iterations over which the memory of a draw halves (a law that inverts); 0: drawn anew */
    struct inject_when when;
    enum inject_mode mode;
    enum inject_scope scope;
    struct inject_link link; /* INJECT_LINK; its law may be `none` */
};

#define INJECT_ENTRIES_MAX 64u /* of one set */

/** All that is injected into one run. Borrowed by its driver, constant. */
struct inject_set {
    const struct inject *entry; /* [count] */
    uint32_t count;
    uint64_t seed;
    uint32_t workers;
    const uint32_t *group; /* [workers] below `groups`; NULL: each worker is a group of its own */
    uint32_t groups;
};

/** Is `worker` hit by entry `number` in `iteration`? Selection alone: `when` is not asked. Pure. */
bool inject_hits(const struct inject_set *self, uint32_t number, uint32_t worker,
                 uint64_t iteration);

/** How long a phase takes, and how its delay is spent. */
struct inject_phase {
    uint64_t base_ns;  /* what is left of the undisturbed time (measured times may be below it) */
    uint64_t delay_ns; /* on top; sum of all entries */
    bool spin, process;
};

#define INJECT_PIECES_MAX 8192u /* changes of a rate that one phase meets one by one */

/**
 * The phase `what` of (worker, iteration) that begins at_ns after the start and takes base_ns undisturbed. INJECT_COMPUTE
 * includes the entries for nodes. Laws per iteration are drawn; then laws per time slow the base time down, their rates
 * multiplied. A phase that meets more than INJECT_PIECES_MAX changes of a rate goes on at the mean rate of those: exact
 * enough for what repeats so fast, and bounded. Nothing takes longer than LAW_DELAY_NS_MAX. Pure.
 */
struct inject_phase inject_phase(const struct inject_set *self, enum inject_what what,
                                 uint32_t worker, uint64_t iteration, uint64_t at_ns,
                                 uint64_t base_ns);

/** What entry `number` alone adds to (worker, iteration), 0 when not hit: for previews. Pure. */
uint64_t inject_delay_ns(const struct inject_set *self, uint32_t number, uint32_t worker,
                         uint64_t iteration, uint64_t at_ns, uint64_t base_ns);

/**
 * Base compute time of (worker, iteration): base times lognormal jitter of mean 1 and coefficient of variation cv >= 0.
 * At most LAW_DELAY_NS_MAX.
 */
uint64_t inject_base_ns(uint64_t base_ns, double cv, uint64_t seed, uint32_t worker,
                        uint64_t iteration);

/** Base compute time of (worker, iteration) where it was measured: one of the sample's, each with equal chance. */
uint64_t inject_measured_ns(const struct law_sample *sample, uint64_t seed, uint32_t worker,
                            uint64_t iteration);

/** Another law of the undisturbed time than a lognormal: base_ns and what the law adds to it. */
struct inject_jitter {
    const struct law *law; /* per iteration; NULL: there is none */
    const struct law_config *config;
};

/** Base compute time of (worker, iteration) under such a law. At most LAW_DELAY_NS_MAX. Pure. */
uint64_t inject_jitter_ns(const struct inject_jitter *self, uint64_t base_ns, uint64_t seed,
                          uint32_t worker, uint64_t iteration);

/** What inject_base_ns computes of (base_ns, cv), for whoever asks it millions of times. */
struct inject_base {
    uint64_t base_ns;
    double sigma, shift;         /* of the logarithm of the factor; sigma 0: there is no jitter */
    struct inject_jitter jitter; /* set by the caller: instead of a lognormal */
};

#define INJECT_BASE_LANES 4u

void inject_base_init(struct inject_base *self, uint64_t base_ns, double cv);

/**
 * inject_base_ns, or inject_jitter_ns, of iterations first .. first + INJECT_BASE_LANES - 1, the same to the bit. Pure. Together they take
 * little longer than one.
 */
void inject_base_lanes(const struct inject_base *self, uint64_t seed, uint32_t worker,
                       uint64_t first, uint64_t out_ns[INJECT_BASE_LANES]);

#endif
