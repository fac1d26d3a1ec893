/* SPDX-License-Identifier: BSD-3-Clause */
/* The books of one worker; account.h says what each part means and how it is measured. */
#include "core/worker/account.h"

#include <math.h>
#include <string.h>

#include "core/worker/compute.h"

void account_held(struct worker *self, uint64_t since, uint64_t now)
{
    const uint64_t from = account_max(since, self->account.served_cyc);
    const uint64_t late = now > from ? now - from : 0;
    account_until(self, account_min(since, now));
    self->account.others_cyc -= books_share(&self->account.books, PART_HELD,
                                            account_min(self->account.others_cyc, late), now);
}

void account_served(struct worker *self, uint64_t now)
{
    switch (self->phase) {
    case WORKER_COMPUTING:
        account_held(self, self->compute.planned_cyc, now);
        return;
    case WORKER_LOADING: {
        const uint64_t since = compute_batch_cyc(self);
        if (since != 0)
            account_held(self, since, now);
        return;
    }
    case WORKER_IDLE:
        return; /* account_woken knows since when the worker was wanted */
    }
}

void account_loaded(struct worker *self, uint64_t now, uint64_t done)
{
    books_fill(&self->account.books, PART_LOAD, done);
    account_spent(self, &self->costs.conversions, done > now, done - now);
}

void account_idle(struct worker *self, uint64_t now)
{
    if (self->phase == WORKER_IDLE)
        books_fill(&self->account.books, PART_REST, now);
}

void account_blocked(struct worker *self, uint64_t now)
{
    if (self->phase == WORKER_COMPUTING && now > self->compute.planned_cyc &&
        !self->account.closed) {
        account_until(self, self->compute.planned_cyc);
        self->account.open_cyc += books_fill(&self->account.books, PART_WAIT, now);
    }
    account_woken(self, now, now);
}

static void record_delay(struct worker *self, uint64_t now)
{
    const struct worker_compute *const c = &self->compute;
    const double scale = self->common->clock->ns_per_cyc;
    const uint64_t spent = now - (c->planned_cyc - c->injected_cyc);
    const uint64_t error =
        spent > c->injected_cyc ? spent - c->injected_cyc : c->injected_cyc - spent;
    hist_record(&self->hist[SERIES_REQUESTED], (uint64_t)((double)c->injected_cyc * scale));
    hist_record(&self->hist[SERIES_ACHIEVED], (uint64_t)((double)spent * scale));
    hist_record(&self->hist[SERIES_ERROR], (uint64_t)((double)error * scale));
}

void account_computed(struct worker *self, uint64_t now)
{
    const struct worker_compute *const c = &self->compute;
    account_until(self, now);
    self->account.ready_cyc = now;
    if (!self->recording)
        return;
    self->count.compute_overruns += c->real_cyc > c->emulated_cyc && c->emulated_cyc > 0;
    if (c->injected_cyc > 0)
        record_delay(self, now);
}

/** The time until `now`, at whatever point of its iteration the worker is. */
static void book_until(struct worker *self, uint64_t now)
{
    if (self->phase == WORKER_IDLE)
        account_woken(self, now, now);
    else
        account_until(self, now);
}

void account_abandoned(struct worker *self, uint64_t now)
{
    book_until(self, now);
}

void account_mixed(struct worker *self, uint32_t peers, uint64_t now)
{
    self->count.mixes++;
    self->account.mixed_with += peers;
    if (self->recording && self->account.ready_cyc > 0)
        hist_record(&self->hist[SERIES_READY], (uint64_t)((double)(now - self->account.ready_cyc) *
                                                          self->common->clock->ns_per_cyc));
    self->account.ready_cyc = 0; /* the first average after a gradient is the one it waited for */
}

/** All of the iteration into the totals. Returns its length. */
static uint64_t add_up(struct worker *self, uint64_t now, enum blame unended)
{
    books_fill(&self->account.books, PART_REST, now);
    account_unended(self, unended);
    for (uint32_t p = 0; p < PART_COUNT; p++)
        self->account.total_part_cyc[p] += self->account.books.part[p];
    self->account.total_cyc += self->account.books.edge - self->account.books.begin;
    return self->account.books.edge - self->account.books.begin;
}

void account_halt(struct worker *self, uint64_t now)
{
    if (self->begun == 0 || self->account.closed)
        return;
    book_until(self, now);
    add_up(self, now, BLAME_GONE);
    self->account.closed = true;
}

/** What the gradient of this iteration took the worker itself. An abandoned one says nothing about how long it would have. */
static uint64_t own_cyc(const struct worker *self)
{
    if (self->compute.abandoned)
        return 0;
    return self->account.books.part[PART_LOAD] + self->account.books.part[PART_COMPUTE] +
           self->account.books.part[PART_INJECTED];
}

static void close_books(struct worker *self, uint64_t now)
{
    const double scale = self->common->clock->ns_per_cyc;
    const uint64_t total = add_up(self, now, BLAME_HELD);
    account_spent(self, &self->costs.loads, 1, self->account.books.part[PART_LOAD]);
    account_spent(self, &self->costs.rests, 1, self->account.books.part[PART_REST]);
    self->account.total_iterations++;
    hist_record(&self->hist[SERIES_ITERATION], (uint64_t)((double)total * scale));
    self->account.longest_cyc = account_max(self->account.longest_cyc, total);

    if (self->log.count < self->log.capacity) {
        struct worker_iteration *const line = &self->log.line[self->log.count++];
        *line = (struct worker_iteration){
            .start_cyc = self->account.books.begin,
            .total_cyc = total,
            .own_cyc = own_cyc(self),
            .iteration = (uint32_t)(self->begun - 1),
            .mixed_with = self->account.mixed_with,
            .loss = self->compute.abandoned ? NAN : self->compute.gradient.loss};
        memcpy(line->part_cyc, self->account.books.part, sizeof(line->part_cyc));
    }
}

static void open_books(struct worker *self, uint64_t now)
{
    self->account.closed = false;
    books_open(&self->account.books, now);
    self->account.open_cyc = 0;
    self->account.woken.open = false;
    self->account.mixed_with = 0;
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
    if (self->begun > 0 && self->recording && !self->account.closed)
        close_books(self, now);
    open_books(self, now);
}
