/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The life of one pair of processes: HELLO, open, BYE.
 *
 * Who takes part is known before: run and incarnations name the session, nothing of that is negotiated. What HELLO finds
 * out is how long frames may be. The end with the lower id asks with a HELLO as long as the longest; the answer is as long.
 * Three of a length without an answer, and the next shorter one is tried. Then it says which length it *is* (HELLO_AGREED),
 * and both are open when that has been answered. Without this second step a late answer to an earlier HELLO would leave the
 * two ends with two lengths.
 *
 * A session ends when both ends have said BYE and each knows that the other has heard it, or when its owner closes it.
 */
#ifndef CORE_WIRE_SESSION_H
#define CORE_WIRE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/wire/frame.h"
#include "core/wire/hello.h"

#define SESSION_PAYLOADS 3u        /* lengths that are tried, longest first */
#define SESSION_TRIES 3u           /* of each but the last */
#define SESSION_PAYLOAD_LEAST 192u /* a HELLO, in whole lines */

enum session_state {
    SESSION_CLOSED,
    SESSION_WAITS,  /* higher id: for a HELLO */
    SESSION_ASKS,   /* lower id: which length */
    SESSION_AGREES, /* lower id: this length */
    SESSION_OPEN,
    SESSION_ENDED, /* both have said BYE and know it; late BYEs are still answered */
};

struct session_terms {
    uint16_t self, peer; /* process ids, not equal */
    uint64_t run;
    uint8_t digest[HELLO_KEY_BYTES];    /* both ends must say the same */
    uint32_t payload[SESSION_PAYLOADS]; /* multiples of 64, descending; 0 behind the last */
};

struct session {
    struct session_terms terms;
    enum session_state state;
    uint32_t id;
    uint32_t incarnation[2]; /* of the lower and the higher process id */
    uint32_t payload;        /* agreed on, once state says so */
    uint32_t size, tries;    /* which of terms.payload is tried, and how often it was */
    uint64_t due_ns;         /* when the next HELLO or BYE is due; UINT64_MAX: none */
    bool answers;            /* a HELLO_ACK is owed: */
    uint8_t answer_step;
    uint32_t answer_payload;
    bool bye_said, bye_heard, bye_known; /* known: the peer has ours */
    bool bye_answers;                    /* one is owed */
};

enum session_news {
    SESSION_SAME,    /* nothing that others must know */
    SESSION_OPENED,  /* `payload` holds */
    SESSION_REFUSED, /* a HELLO of other incarnations, digest or length: changed nothing */
};

/** 32 bits of run, ids and incarnations. */
uint32_t session_name(uint64_t run, const uint16_t ids[2], const uint32_t incarnation[2]);

/** Ask or wait. Incarnations by process, own first. */
void session_begin(struct session *self, uint32_t own, uint32_t peers, uint64_t now_ns);
void session_stop(struct session *self);

/** A HELLO or HELLO_ACK of this session, `head->length` bytes. */
enum session_news session_hello(struct session *self, const struct frame_head *head,
                                const unsigned char *payload, uint64_t now_ns);

/** A frame of another type: proof that the other end is open. True: so it is open now. */
bool session_proved(struct session *self);

/** Say BYE from now on until the other end has it. */
void session_bye(struct session *self, uint64_t now_ns);
void session_bye_heard(struct session *self, const struct frame_head *head, bool heard);

/** Has the session a frame of its own to send? */
bool session_is_due(const struct session *self, uint64_t now_ns);

/** That frame, as type, flags, length and payload; `out` has room for the longest HELLO. Requires that one is due. */
void session_next(struct session *self, uint64_t now_ns, struct frame_head *head,
                  unsigned char *out);

#endif
