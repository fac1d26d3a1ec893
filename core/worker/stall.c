/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/worker/stall.h"

#include <stdio.h>

#define RELAXED memory_order_relaxed
#define LOOKS_PER_DEADLINE 16u
#define SENTENCE_BYTES 320

/** What is told by all workers together. */
struct signs {
    uint64_t progress, due_cyc, longest_cyc;
    bool working, held;
};

static struct signs look(const struct cohort *self)
{
    struct signs signs = {0};
    for (uint32_t w = 0; w < self->workers; w++) {
        const struct cohort_worker *const worker = &self->worker[w];
        const uint64_t due = atomic_load_explicit(&worker->due_cyc, RELAXED);
        const uint64_t longest = atomic_load_explicit(&worker->longest_cyc, RELAXED);
        signs.progress += atomic_load_explicit(&worker->finished, RELAXED) +
                          atomic_load_explicit(&worker->received, RELAXED) +
                          atomic_load_explicit(&worker->begun, RELAXED) +
                          atomic_load_explicit(&worker->epoch, RELAXED) +
                          atomic_load_explicit(&worker->done, RELAXED);
        signs.working |= atomic_load_explicit(&worker->working, RELAXED) != 0;
        signs.held |= atomic_load_explicit(&worker->held, RELAXED) != 0;
        signs.due_cyc = due > signs.due_cyc ? due : signs.due_cyc;
        signs.longest_cyc = longest > signs.longest_cyc ? longest : signs.longest_cyc;
    }
    return signs;
}

void stall_reset(struct cohort *self, uint64_t now)
{
    struct stall *const stall = &self->stall;
    stall->since_cyc = now;
    stall->waited = false;
    stall->told_cyc = 0;
    if (!stall->gave_up) /* else the sentence stays true */
        atomic_store_explicit(&self->stalled_cyc, 0, RELAXED);
}

static enum stall_verdict announce(struct cohort *self, uint64_t deadline, uint64_t now)
{
    struct stall *const stall = &self->stall;
    if (stall->gave_up) /* it was said in the phase before */
        return STALL_OVER;
    if (stall->told_cyc == 0) {
        stall->told_cyc = now;
        atomic_store_explicit(&self->stalled_cyc, now - stall->since_cyc, RELAXED);
        cohort_announce(self);
    }
    if (now - stall->told_cyc <= deadline)
        return STALL_NONE;
    stall->gave_up = true;
    return STALL_OVER;
}

/** Long after the last sign of progress: so many of the longest iterations, and at least the least that was asked for. */
static uint64_t deadline_of(const struct stall *stall, const struct signs *signs)
{
    const uint64_t by_iterations = STALL_ITERATIONS * signs->longest_cyc;
    return by_iterations > stall->deadline_cyc_min ? by_iterations : stall->deadline_cyc_min;
}

/** What was planned by then may take its time, once: a timer that is set again and again is no progress. */
static bool is_late(struct stall *stall, const struct signs *signs, uint64_t deadline, uint64_t now)
{
    if (!stall->waited && now > stall->since_cyc + deadline) {
        stall->waited = true;
        if (signs->due_cyc > now)
            stall->since_cyc = signs->due_cyc;
    }
    return now > stall->since_cyc + deadline;
}

enum stall_verdict stall_look(struct cohort *self, uint64_t now)
{
    struct stall *const stall = &self->stall;
    if (stall->deadline_cyc_min == 0 || now < stall->look_cyc)
        return STALL_NONE;
    stall->look_cyc = now + stall->deadline_cyc_min / LOOKS_PER_DEADLINE;
    const struct signs signs = look(self);
    if (stall->since_cyc == 0 || signs.progress != stall->progress || signs.working) {
        stall->progress = signs.progress;
        stall_reset(self, now);
        return STALL_NONE;
    }
    const uint64_t deadline = deadline_of(stall, &signs);
    if (!is_late(stall, &signs, deadline, now))
        return STALL_NONE;
    return signs.held && cohort_phase(self) == COHORT_RUN ? STALL_HELD
                                                          : announce(self, deadline, now);
}

/* ------------------------------------------------------------------------------------------------- the sentence */

static double seconds(const struct worker *self, uint64_t cyc)
{
    return (double)cyc * self->common->clock->ns_per_cyc * 1e-9;
}

/** What it waits for, or NULL: it does not wait. */
static const char *awaited(const struct worker *self)
{
    if (self->done || self->membership.state == MEMBER_GONE ||
        self->membership.state == MEMBER_STATE_TRANSFER)
        return NULL;
    if (self->membership.paused)
        return "the end of its pause";
    if (self->todo.blocked)
        return "room: a channel to a peer, or a free snapshot";
    if (self->phase == WORKER_LOADING)
        return "its batch from the disk";
    if (self->phase == WORKER_COMPUTING)
        return NULL;
    return self->common->policy->waits_for;
}

static int add_peers(const struct worker *self, uint64_t now, char *out, int size)
{
    const uint64_t start = self->common->cohort->start_cyc;
    uint32_t last = 0, silent = 0;
    if (!self->heard_cyc || self->peer_count == 0)
        return 0;
    for (uint32_t e = 1; e < self->peer_count; e++) {
        last = self->heard_cyc[e] > self->heard_cyc[last] ? e : last;
        silent = self->heard_cyc[e] < self->heard_cyc[silent] ? e : silent;
    }
    if (self->heard_cyc[last] == 0)
        return snprintf(out, (size_t)size, "; nobody was heard");
    const int length = snprintf(out, (size_t)size, "; heard last: worker %u (%.2f s ago)",
                                self->peers[last], seconds(self, now - self->heard_cyc[last]));
    if (length >= size)
        return size - 1;
    if (self->heard_cyc[silent] == 0)
        return length + snprintf(out + length, (size_t)(size - length), "; never heard: worker %u",
                                 self->peers[silent]);
    return length + snprintf(out + length, (size_t)(size - length),
                             "; silent longest: worker %u (since %.2f s)", self->peers[silent],
                             seconds(self, self->heard_cyc[silent] - start));
}

int stall_sentence(const struct worker *self, uint64_t now, char *out, int size)
{
    const uint64_t cyc = atomic_load_explicit(&self->common->cohort->stalled_cyc, RELAXED);
    const char *const what = awaited(self);
    if (!what || cyc == 0)
        return 0;
    const int length =
        snprintf(out, (size_t)size, "stalled for %.1f s: worker %u (%s) waits for: %s",
                 seconds(self, cyc), self->id, self->common->policy->name, what);
    return length < size ? length + add_peers(self, now, out + length, size - length) : length;
}

void stall_explain(const struct worker *self, uint64_t now)
{
    char text[SENTENCE_BYTES];
    if (self->common->say && stall_sentence(self, now, text, sizeof(text)) > 0)
        self->common->say(text);
}
