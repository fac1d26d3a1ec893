/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a wait was over is known for sure only when the policy has answered. A turn that comes late, because the core was
 * others', finds several messages, in the order of the edges and not in that in which they were sent:
 *
 *   a message that changes nothing was not what the worker waited for: the wait lasted longer, until a later one was sent
 *   the message that lets the worker go on ended it; with a synchronous policy, which needs all of them, the latest did
 *
 * So what is booked for the first message of a turn is booked anew while the worker has not gone on.
 */
#include "core/worker/account.h"

static bool is_same_wait(const struct worker *self)
{
    return self->account.woken.open && self->account.woken.turn_cyc == self->account.served_cyc;
}

/** The wait of this turn ended at `enabled` instead, from then on the worker was held. */
static void book_anew(struct worker *self, uint64_t enabled)
{
    struct worker_woken *const w = &self->account.woken;
    uint64_t *const part = self->account.books.part;
    enabled = account_min(account_max(enabled, w->from_cyc), w->seen_cyc);
    const uint64_t wanted = account_max(enabled, self->account.served_cyc);
    const uint64_t late = w->seen_cyc > wanted ? w->seen_cyc - wanted : 0;
    const uint64_t held = account_min(w->others_cyc, late);
    /* modulo 2^64: each of the differences may be negative */
    part[PART_WAIT] += enabled - w->enabled_cyc;
    part[PART_HELD] += held - w->held_cyc;
    part[PART_REST] -= enabled - w->enabled_cyc + held - w->held_cyc;
    self->account.open_cyc += enabled - w->enabled_cyc;
    self->account.others_cyc -= held - w->held_cyc;
    w->enabled_cyc = enabled;
    w->held_cyc = held;
}

/** Wait and lateness since the worker was last looked at; the first of a turn, or one that came during the turn. */
static void book(struct worker *self, uint64_t enabled, uint64_t now)
{
    const uint64_t others = self->account.others_cyc, from = self->account.books.edge;
    self->account.open_cyc += books_fill(&self->account.books, PART_WAIT, enabled);
    account_held(self, enabled, now);
    self->account.woken = (struct worker_woken){.from_cyc = from,
                                                .enabled_cyc = enabled,
                                                .seen_cyc = now,
                                                .others_cyc = others,
                                                .held_cyc = others - self->account.others_cyc,
                                                .turn_cyc = self->account.served_cyc,
                                                .open = true};
}

void account_woken(struct worker *self, uint64_t cause, uint64_t now)
{
    if (self->phase != WORKER_IDLE || self->account.closed)
        return;
    const uint64_t edge = self->account.books.edge;
    now = account_max(now, edge); /* the turn may have begun before its latest action ended */
    const bool again = is_same_wait(self);
    if (again)
        book_anew(self, account_max(cause, self->account.woken.enabled_cyc));
    /* A stamp of another core may lie a little ahead of ours. */
    if (!again || cause > edge)
        book(self, account_min(account_max(cause, edge), now), now);
    books_fill(&self->account.books, PART_REST, now);
}

void account_caused(struct worker *self, uint32_t edge, uint64_t sent_cyc, uint64_t left_cyc,
                    uint64_t now)
{
    struct worker_cause *const cause = &self->account.cause;
    const bool latest =
        self->common->policy->synchronous && is_same_wait(self) && cause->left_cyc > left_cyc;
    if (!latest)
        *cause = (struct worker_cause){.sent_cyc = sent_cyc, .left_cyc = left_cyc, .edge = edge};
    cause->set = true;
    account_woken(self, left_cyc, now);
}

void account_lost(struct worker *self, uint32_t edge, uint64_t noticed_cyc, uint64_t now)
{
    self->account.cause = (struct worker_cause){
        .sent_cyc = noticed_cyc, .left_cyc = noticed_cyc, .edge = edge, .lost = true, .set = true};
    account_woken(self, noticed_cyc, now);
}

static struct blame_split split_of(const struct worker *self, uint64_t enabled)
{
    const struct worker_cause *const cause = &self->account.cause;
    const bool by_message = cause->edge != WORKER_NO_EDGE && !cause->lost;
    struct blame_phase phase[2] = {{0}};
    if (by_message &&
        !phases_read(&self->common->cohort->worker[self->peers[cause->edge]].phases, phase))
        phase[0] = phase[1] = (struct blame_phase){0}; /* what it did is unknown: held */
    return blame_ended(self->account.open_cyc, enabled, cause->sent_cyc, by_message ? phase : NULL);
}

/** What was booked since the previous step that let the worker go on ends at `enabled`. */
static void blame(struct worker *self, uint64_t enabled)
{
    const struct blame_split split = split_of(self, enabled);
    for (uint32_t b = 0; b < BLAME_COUNT; b++)
        self->account.blamed_cyc[b] += split.part[b];
    if (self->account.cause.edge != WORKER_NO_EDGE)
        self->account.edge_cyc[self->account.cause.edge] += self->account.open_cyc;
    self->account.open_cyc = 0;
}

void account_answered(struct worker *self)
{
    const struct worker_cause *const cause = &self->account.cause;
    const bool by_message = cause->edge != WORKER_NO_EDGE && !cause->lost;
    const bool caused = cause->set && self->phase == WORKER_IDLE && !self->account.closed;
    if (caused && actions_go_on(&self->todo.actions, by_message)) {
        if (is_same_wait(self) && !self->common->policy->synchronous)
            book_anew(self, cause->left_cyc);
        self->account.woken.open = false;
        if (self->account.open_cyc > 0 && self->recording && self->begun > 0)
            blame(self, self->account.woken.enabled_cyc);
    }
    self->account.cause.set = false;
}

void account_unended(struct worker *self, enum blame kind)
{
    self->account.blamed_cyc[kind] += self->account.open_cyc;
    self->account.open_cyc = 0;
}
