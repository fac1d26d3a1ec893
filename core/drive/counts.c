/* SPDX-License-Identifier: BSD-3-Clause */
/* The list as a table: a counter without a row would be counted and never shown, so their number is checked. */
#include "core/drive/counts.h"

#define ROW(place, member, name, help)                     \
    {                                                      \
        name, help, offsetof(struct counts, member), place \
    }
#define WORK(name, help) ROW(COUNTS_WORK, name, #name, help)
#define RUN(name, help) ROW(COUNTS_RUN, name, #name, help)
#define POLICY(name, help) ROW(COUNTS_RUN, policy.name, #name, help)
#define LINK(name, help) ROW(COUNTS_LINKS, links.name, #name, help)

/* clang-format off */
const struct counts_row counts_table[] = {
    WORK(gradients, "gradients computed, until the stop"),
    WORK(iterations, "iterations finished, until the stop"),
    RUN(bytes_exchanged, "bytes of parameters that were sent, until the stop"),
    RUN(tensors_sent, "models, or slices of them, that were sent"),
    RUN(tensors_delivered, "tensors that their receiver took"),
    RUN(tensors_superseded, "tensors that a newer one replaced before they were read"),
    RUN(tensors_in_flight, "tensors that had not arrived at the end"),
    RUN(control_sent, "control messages that were sent"),
    RUN(control_delivered, "control messages that their receiver took"),
    RUN(exact_superseded, "tensors superseded on edges that may lose none; must be 0"),
    RUN(compute_overruns, "live: gradients that took longer than the emulated time"),
    RUN(slots_total, "snapshots of its model that a worker can have, of all workers"),
    RUN(slots_free_min, "the fewest that were free at any worker"),
    RUN(full_waits, "live: sends that met a full channel"),
    RUN(iterations_logged, "rows of iterations.csv; fewer than iterations: the log was full"),
    RUN(slot_waits, "live: publishes that had to wait for a free snapshot"),
    RUN(tensors_dropped, "tensors lost by a named cause: on a link, or sent to somebody who is gone"),
    RUN(duplicates, "copies made by a link that their receiver recognised"),
    RUN(crashes, "times a worker was gone without a word: an exchange may be torn"),
    RUN(returns, "times a worker came, or came back"),
    RUN(load_retries, "live: reads of data that were repeated"),
    RUN(events, "virtual: steps of policies"),
    RUN(loans, "snapshots lent and never given back; 0 after a whole drain"),
    RUN(abandoned, "gradients given up while they were computed"),
    POLICY(refused, "refused averaging requests"),
    POLICY(aborted, "waves led by a worker that ended without an exchange"),
    POLICY(committed, "parts taken in an exchange"),
    POLICY(epochs, "ends of epochs seen"),
    POLICY(evicted, "neighbours given up by some worker"),
    POLICY(torn, "edges of an exchange given up at one end alone: the sum may not be kept"),
    POLICY(alarms, "times that a worker missed more epochs than max_staleness allows"),
    POLICY(dropped, "gradients or models that came too late to be used"),
    RUN(mixes, "averages taken"),
    POLICY(unmixed, "iterations that went on without an exchange that they should have had"),
    RUN(batches, "batches of data that were consumed"),
    RUN(bytes_read, "live: bytes of data that were read"),
    RUN(involuntary_switches, "live: times the kernel took a loop off its core"),
    RUN(page_faults, "live: page faults of the loops"),
    RUN(incomplete, "workers that did not drain; must be 0"),
    LINK(tensors_held, "of tensors_in_flight, those behind a link that stays cut"),
    LINK(control_held, "control messages behind a link that stays cut"),
    LINK(resent, "times that a message was sent again"),
    LINK(duplicated, "copies of messages that links made"),
    LINK(corrupted, "messages with a flipped bit"),
    LINK(caught, "messages with a flipped bit that were noticed; must be all of them"),
};
/* clang-format on */
const uint32_t counts_rows = sizeof(counts_table) / sizeof(counts_table[0]);

#define WORDS (sizeof(struct counts) / sizeof(uint64_t))
_Static_assert(sizeof(counts_table) / sizeof(counts_table[0]) + 2 * LINK_CAUSES == WORDS,
               "each counter has a row, but those by cause");

void counts_add(struct counts *sum, const struct counts *one)
{
    uint64_t *const to = (uint64_t *)(void *)sum;
    const uint64_t *const from = (const uint64_t *)(const void *)one;
    const uint64_t least =
        sum->slots_free_min < one->slots_free_min ? sum->slots_free_min : one->slots_free_min;
    for (size_t i = 0; i < WORDS; i++)
        to[i] += from[i];
    sum->slots_free_min = least;
}
