/* SPDX-License-Identifier: BSD-3-Clause */
/** The inside of the shadow. Internal to tests/random/shadow*. */
#ifndef TESTS_RANDOM_SHADOW_STATE_H
#define TESTS_RANDOM_SHADOW_STATE_H

#include "tests/random/shadow.h"

#define SHADOW_NONE UINT32_MAX
#define SHADOW_TOLERANCE 1e-9
#define SHADOW_TERMS_MAX 64u /* of one mix: push-sum takes in several shares of a worker */
#define SHADOW_EPOCHS 8u     /* looked after at a time */

/** One version of one worker's model. */
struct shadow_model {
    uint32_t owner, version;
    uint32_t refs; /* current, on its way, held */
    uint32_t next; /* free ones */
    double y, sent_y;
    double
        roundings; /* of floats behind a coordinate, each of at most half an epsilon of what went into it */
    double *mass; /* [units][2 * workers] how much of whose start, then of whose steps */
    double *sent; /* cumulative push-sum: the same, of all shares ever sent; else NULL */
};

/** A tensor on its way. Number: of its edge, from 0. */
struct shadow_tensor {
    uint32_t model, degree;
    uint64_t tag;
    uint32_t lives; /* of the sender */
    uint8_t type;
};

struct shadow_control {
    uint32_t lives;
    uint32_t word[STEP_WORDS];
    uint8_t type;
};

/** A ring that grows. */
struct shadow_queue {
    void *item;
    uint32_t size, head, count, room;
};

/** A snapshot that was delivered and not given back. */
struct shadow_held {
    uint64_t handle;
    uint32_t model, degree;
    uint32_t times; /* delivered */
    bool mixed;
};

/** A directed edge. */
struct shadow_edge {
    uint32_t from, to;
    uint32_t back;                       /* the edge in the other direction */
    struct shadow_queue tensor, control; /* sent, not delivered */
    struct shadow_queue held;            /* delivered to `to` */
    uint32_t collected; /* cumulative push-sum: model whose running sums `to` collected last */
    bool down;          /* `from` knows that `to` is gone */
    uint32_t to_lives;  /* how often `to` had come back when this was last looked at */
    uint32_t told;      /* of that, what `from` has heard */
};

struct shadow_timer {
    uint64_t generation, at_ns;
    bool armed;
};

struct shadow_worker {
    uint32_t current; /* model */
    uint32_t models;  /* of its own that somebody holds, its current one among them */
    struct shadow_begun begun;
    uint32_t first_edge;
    uint32_t input_version; /* of the gradient being computed */
    uint64_t finished, abandoned, next_tag;
    int64_t round;            /* of the newest ACT_COMPUTE */
    bool computing, gradient; /* asked for; there and not applied */
    bool stop_told, done;
    struct shadow_timer timer[SIM_TIMERS_MAX];

    uint32_t split_degree,
        split_version; /* push-sum: sent shares that the own part was not reduced by */
    bool reducing;
    float *expected; /* what a sum in order of id gives, of the latest step; see shadow_floats.c */
    bool expects;
};

/** `a` has mixed b's model into its own, and b not yet a's. */
struct shadow_half {
    uint32_t a, a_version, b, b_version;
    double weight;
};

/** A reduction that not everybody has left. */
struct shadow_reduction {
    uint64_t tag;
    uint32_t lowest; /* member */
    uint32_t size, entered, left;
    uint32_t members; /* set */
    double *sum;      /* [units][2 * workers] of what the members came with */
    double roundings; /* the most of them */
    bool open;
};

/** What an epoch took; kept for all of them. */
struct shadow_account {
    struct shadow_waves waves;
    uint64_t last_merge; /* tag of the wave that established the edge counted last */
};

struct shadow_epoch {
    uint32_t number;
    bool used;
    uint32_t linked[32]; /* [workers] set of peers by an edge established in this epoch */
};

struct shadow {
    struct shadow_config config;
    const struct policy *policy;
    struct sim *sim; /* of the current call */
    uint32_t workers, units, columns;
    uint32_t row_doubles; /* of one model's mass */
    struct shadow_worker *worker;
    struct shadow_edge *edge;
    uint32_t edges;
    bool mailboxes, crashes, modelled;
    bool absences; /* crashes and others: not everybody is there all the time */
    bool drops;    /* an exact tensor may be lost for good */
    bool tearing;  /* exchanges may be given up at one end */

    struct shadow_model *model;
    uint32_t models, models_room, model_free;
    struct shadow_queue halves;         /* of struct shadow_half */
    struct shadow_reduction *reduction; /* [workers] */
    struct shadow_epoch epoch[SHADOW_EPOCHS];
    uint32_t epoch_newest;
    struct shadow_queue account; /* of struct shadow_account, by number of the epoch */
    struct shadow_extremes extremes;
    uint32_t gap_most; /* of neighbours; SHADOW_NONE: any */
    uint8_t *
        distance; /* [workers][workers] in edges, where gap_most is of both directions; else NULL */
    double *lost,
        lost_y; /* [2 * workers] shares that were lost on a channel that may lose, or came too late */
    double *total; /* [2 * workers] scratch */
    double
        *gained; /* [2 * workers] what those who came (back) brought, less what they had before */
    double *applied;    /* [workers] steps, each as long as its rule makes it */
    bool adds, divides; /* the server has added answers, and some of them in part */

    uint32_t at; /* worker of the current event */
    struct event event;
    uint64_t events;
    char failure[320];
};

/** The first reason stays. */
__attribute__((format(printf, 2, 3))) void shadow_fail(struct shadow *self, const char *format,
                                                       ...);

static inline bool shadow_broken(const struct shadow *self)
{
    return self->failure[0] != 0;
}

static inline struct shadow_edge *shadow_edge_of(struct shadow *self, uint32_t worker,
                                                 uint32_t peer)
{
    return &self->edge[self->worker[worker].first_edge + peer];
}

/** The edge on which `worker` receives from its peer. */
static inline struct shadow_edge *shadow_edge_to(struct shadow *self, uint32_t worker,
                                                 uint32_t peer)
{
    return &self->edge[shadow_edge_of(self, worker, peer)->back];
}

static inline struct shadow_model *shadow_current(struct shadow *self, uint32_t worker)
{
    return &self->model[self->worker[worker].current];
}

static inline bool shadow_lives(const struct shadow *self, uint32_t worker)
{
    return !sim_worker(self->sim, worker)->crashed;
}

/* shadow_queue.c */
void *shadow_queue_push(struct shadow_queue *self);
void *shadow_queue_at(const struct shadow_queue *self, uint32_t index);
void shadow_queue_pop(struct shadow_queue *self);
/** The last one takes its place. */
void shadow_queue_remove(struct shadow_queue *self, uint32_t index);

/* shadow_models.c: the arithmetic */
/** A model of `owner` with nothing in it, referenced once. */
uint32_t shadow_models_take(struct shadow *self, uint32_t owner, uint32_t version);
void shadow_models_keep(struct shadow *self, uint32_t model);
void shadow_models_drop(struct shadow *self, uint32_t model);
/** The worker's current model is replaced by `model`, whose reference it takes over. */
void shadow_models_adopt(struct shadow *self, uint32_t worker, uint32_t model);
/** Next version of the worker's model, a copy of `from`. */
uint32_t shadow_models_copy(struct shadow *self, uint32_t worker, uint32_t from);
void shadow_models_apply(struct shadow *self, uint32_t worker, const struct action *action);
/** term: [action->count] models; base: the same, SHADOW_NONE = zero. */
void shadow_models_mix(struct shadow *self, uint32_t worker, const struct action *action,
                       const uint32_t *term, const uint32_t *base);
/** Weight of term k in an average of class mean, metropolis or weighted. */
double shadow_models_weight(const struct action *action, uint32_t k);
/** Of this worker's models, the one with this version, or SHADOW_NONE. */
uint32_t shadow_models_find(const struct shadow *self, uint32_t owner, uint32_t version);

/** The model of `worker` is a copy of the current one of `from`, which is mass that nobody gave. */
void shadow_models_return(struct shadow *self, uint32_t worker, uint32_t from);

/* shadow_channels.c: what is sent, delivered, held, released */
void shadow_channels_event(struct shadow *self, uint32_t worker, const struct event *event);
void shadow_channels_send(struct shadow *self, uint32_t worker, const struct action *action);
void shadow_channels_control(struct shadow *self, uint32_t worker, const struct action *action);
void shadow_channels_release(struct shadow *self, uint32_t worker, const struct action *action);
struct shadow_held *shadow_channels_held(struct shadow *self, uint32_t worker, uint32_t peer,
                                         uint64_t handle);
/** The worker of this event begins anew, among others. */
void shadow_channels_return(struct shadow *self, uint32_t worker);
void shadow_channels_ended(struct shadow *self);

/* shadow_pairs.c: doubly */
void shadow_pairs_mix(struct shadow *self, uint32_t worker, const struct action *action,
                      const uint32_t *term);
/** The worker's model is about to be replaced. */
void shadow_pairs_leave(struct shadow *self, uint32_t worker);
void shadow_pairs_ended(struct shadow *self);

/* shadow_means.c: reductions, chunked and modelled */
void shadow_means_enter(struct shadow *self, uint32_t worker, const struct action *action);
void shadow_means_copied(struct shadow *self, uint32_t worker, const struct action *action);
void shadow_means_reduced(struct shadow *self, uint32_t worker, const struct event *event);

/* shadow_mass.c: sums of rows and columns */
/** Nobody will add this share of a model, split into degree + 1, to what it has. */
void shadow_mass_lose(struct shadow *self, uint32_t model, uint32_t degree);
void shadow_mass_split(struct shadow *self, uint32_t worker, const struct action *send);
void shadow_mass_mixed(struct shadow *self, uint32_t worker, const struct action *action);
void shadow_mass_check(struct shadow *self, uint32_t worker);
void shadow_mass_ended(struct shadow *self);

/* shadow_rounds.c: how far apart workers may be */
void shadow_rounds_open(struct shadow *self);
void shadow_rounds_look(struct shadow *self, uint32_t worker);

/* shadow_epochs.c: aau, cb-dybw */
void shadow_epochs_look(struct shadow *self, uint32_t worker, const struct actions *actions);

/* shadow_floats.c */
void shadow_floats_look(struct shadow *self, uint32_t worker, const struct event *event,
                        const struct actions *actions);
void shadow_floats_ended(struct shadow *self);

#endif
