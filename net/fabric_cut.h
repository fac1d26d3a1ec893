/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Edges between workers of different processes: cut in two halves, with a bridge between them.
 *
 * The sender's half is an edge as any other, whose reader is a bridge: what is taken there leaves the process. The reader's
 * half is filled by a bridge with what came. Workers do not notice: a message keeps its handle, and the vector behind it
 * lies in a place of the reader's half until the reader releases it.
 *
 * Cut edges are numbered in the order of their senders and, of each, of its edges: alike in every process. All calls for
 * one half of an edge come from one thread. Bridges own no loans: what was taken comes home by fabric_cut_return.
 */
#ifndef NET_FABRIC_CUT_H
#define NET_FABRIC_CUT_H

#include <stdbool.h>

#include "net/fabric.h"

/** Sender and receiver of a cut edge, below `fabric.cuts`. */
void fabric_cut_ends(const struct fabric *self, uint32_t cut, uint32_t *from, uint32_t *to);

/** Sender's half: the next message that wants to leave, a tensor or a control. False: there is none. */
bool fabric_cut_take(struct fabric *self, uint32_t cut, bool tensor, struct port_message *out);

/** The vector of a tensor that was taken: borrowed until its loan is returned. */
const float *fabric_cut_vector(const struct fabric *self, uint32_t cut, slots_handle handle);

/** The loan of a tensor that was taken ends. */
void fabric_cut_return(struct fabric *self, uint32_t cut, slots_handle handle);

/** A tensor that was taken was replaced by a newer one and never left. */
void fabric_cut_superseded(struct fabric *self, uint32_t cut);

/** Reader's half: where the vectors lie, `config.bodies` of them, *bytes apart. */
float *fabric_cut_store(const struct fabric *self, uint32_t cut, size_t *bytes);

/**
 * A tensor came; its vector lies at `place`, which is the reader's from now on. Returns the place of the unread one that
 * it replaced, or config.bodies.
 */
uint32_t fabric_cut_tensor(struct fabric *self, uint32_t cut, const struct port_message *message,
                           uint32_t place);

/** A control came. False: there is no room, try again. */
bool fabric_cut_control(struct fabric *self, uint32_t cut, const struct port_message *message);

/** The reader has given a vector back. Returns its place, or config.bodies: none. */
uint32_t fabric_cut_released(struct fabric *self, uint32_t cut);

#endif
