/* SPDX-License-Identifier: BSD-3-Clause */
/* The books of one worker; account.h says what each part means and how it is measured. */
#include "core/worker/account.h"

#include <math.h>
#include <string.h>

void account_held(struct worker *self, uint64_t wanted_since, uint64_t now)
{
    const uint64_t from = account_max(wanted_since, self->served_cyc);
    if (now <= from)
        return;
    const uint64_t held = account_min(self->others_cyc, now - from);
    self->part_cyc[PART_HELD] += held;
    self->others_cyc -= held;
}

void account_served(struct worker *self, uint64_t now)
{
    switch (self->phase) {
    case WORKER_COMPUTING:
        account_held(self, self->compute.planned_cyc, now);
        return;
    case WORKER_LOADING: {
        const uint64_t before = self->part_cyc[PART_HELD];
        account_held(self, self->load_cyc, now);
        self->load_cyc += self->part_cyc[PART_HELD] - before; /* held, so not loading */
        return;
    }
    case WORKER_IDLE:
        return; /* account_woken knows since when the worker was wanted */
    }
}

void account_loaded(struct worker *self, uint64_t now, uint64_t done)
{
    if (now > self->load_cyc)
        self->part_cyc[PART_LOAD] += now - self->load_cyc;
    self->part_cyc[PART_LOAD] += done - now;
    account_spent(self, &self->count.conversions, done > now, done - now);
}

void account_computed(struct worker *self, uint64_t now)
{
    const struct worker_compute *const c = &self->compute;
    self->part_cyc[PART_COMPUTE] += c->emulated_cyc;
    self->part_cyc[PART_INJECTED] += c->injected_cyc;
    self->idle_cyc = now;
    self->ready_cyc = now;
    if (!self->recording)
        return;
    if (c->real_cyc > c->emulated_cyc && c->emulated_cyc > 0)
        self->count.overruns++;
    if (c->injected_cyc > 0) {
        const double scale = self->common->clock->ns_per_cyc;
        const uint64_t spent = now - (c->planned_cyc - c->injected_cyc);
        const uint64_t error =
            spent > c->injected_cyc ? spent - c->injected_cyc : c->injected_cyc - spent;
        hist_record(self->requested, (uint64_t)((double)c->injected_cyc * scale));
        hist_record(self->achieved, (uint64_t)((double)spent * scale));
        hist_record(self->injected_error, (uint64_t)((double)error * scale));
    }
}

/** What of the planned compute phase has passed by `now`. The injected delay ends the phase. */
static void book_unfinished(struct worker *self, uint64_t now)
{
    const struct worker_compute *const c = &self->compute;
    const uint64_t at = account_max(account_min(now, c->planned_cyc), c->begin_cyc);
    const uint64_t delayed_cyc = c->planned_cyc - c->injected_cyc;
    self->part_cyc[PART_COMPUTE] += account_min(at - c->begin_cyc, c->emulated_cyc);
    self->part_cyc[PART_INJECTED] += at > delayed_cyc ? at - delayed_cyc : 0;
}

/** A gradient that will not be finished, at whatever point of its phase it is. */
static void book_until(struct worker *self, uint64_t now)
{
    switch (self->phase) {
    case WORKER_IDLE:
        account_woken(self, now, now);
        return;
    case WORKER_LOADING:
        account_loaded(self, now, now);
        return;
    case WORKER_COMPUTING:
        book_unfinished(self, now);
        return;
    }
}

void account_abandoned(struct worker *self, uint64_t now)
{
    book_until(self, now);
    self->idle_cyc = now;
}

void account_mixed(struct worker *self, uint32_t peers, uint64_t now)
{
    self->count.mixes++;
    self->mixed_with += peers;
    if (self->recording && self->ready_cyc > 0)
        hist_record(self->ready_to_mixed,
                    (uint64_t)((double)(now - self->ready_cyc) * self->common->clock->ns_per_cyc));
    self->ready_cyc = 0; /* the first average after a gradient is the one it waited for */
}

/** The rest of the iteration, and all of it into the totals. Returns its length. */
static uint64_t add_up(struct worker *self, uint64_t now, enum blame unended)
{
    const uint64_t total = now - self->iteration_cyc;
    uint64_t explained = 0;
    for (uint32_t p = 0; p < PART_REST; p++)
        explained += self->part_cyc[p];
    if (explained > total)
        self->count.accounted_twice++;
    self->part_cyc[PART_REST] = explained < total ? total - explained : 0;
    account_unended(self, unended);
    for (uint32_t p = 0; p < PART_COUNT; p++)
        self->total_part_cyc[p] += self->part_cyc[p];
    self->total_cyc += total;
    return total;
}

void account_halt(struct worker *self, uint64_t now)
{
    if (self->begun == 0 || self->books_closed)
        return;
    book_until(self, now);
    add_up(self, now, BLAME_GONE);
    self->books_closed = true;
}

/** What the gradient of this iteration took the worker itself. An abandoned one says nothing about how long it would have. */
static uint64_t own_cyc(const struct worker *self)
{
    if (self->compute.abandoned)
        return 0;
    return self->part_cyc[PART_LOAD] + self->part_cyc[PART_COMPUTE] + self->part_cyc[PART_INJECTED];
}

static void close_books(struct worker *self, uint64_t now)
{
    const double scale = self->common->clock->ns_per_cyc;
    const uint64_t total = add_up(self, now, BLAME_HELD);
    account_spent(self, &self->count.loads, 1, self->part_cyc[PART_LOAD]);
    account_spent(self, &self->count.rests, 1, self->part_cyc[PART_REST]);
    self->total_iterations++;
    hist_record(self->iteration, (uint64_t)((double)total * scale));
    self->longest_cyc = account_max(self->longest_cyc, total);

    if (self->log_count < self->log_capacity) {
        struct worker_iteration *const line = &self->log[self->log_count++];
        *line = (struct worker_iteration){
            .start_cyc = self->iteration_cyc,
            .total_cyc = total,
            .own_cyc = own_cyc(self),
            .iteration = (uint32_t)(self->begun - 1),
            .mixed_with = self->mixed_with,
            .loss = self->compute.abandoned ? NAN : self->compute.gradient.loss};
        memcpy(line->part_cyc, self->part_cyc, sizeof(line->part_cyc));
    }
}

static void open_books(struct worker *self, uint64_t now)
{
    self->books_closed = false;
    memset(self->part_cyc, 0, sizeof(self->part_cyc));
    self->open_cyc = 0;
    self->woken.open = false;
    self->iteration_cyc = now;
    self->mixed_with = 0;
}

void account_return(struct worker *self, uint64_t now)
{
    open_books(self, now);
    self->returned = self->begun > 0;
}

void account_iteration(struct worker *self, uint64_t now)
{
    const bool goes_on = self->returned;
    self->returned = false;
    if (goes_on)
        return;
    if (self->begun > 0 && self->recording && !self->books_closed)
        close_books(self, now);
    open_books(self, now);
}
