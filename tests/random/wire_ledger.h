/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Books of a wire's own users, kept beside it and held against it: who published what, who may write where, which frame may be
 * accepted. They are filled from what goes in and comes out, and believe nothing that the wire says of itself.
 */
#ifndef TESTS_RANDOM_WIRE_LEDGER_H
#define TESTS_RANDOM_WIRE_LEDGER_H

#include "tests/random/wire_plant.h"
#include "tests/random/wire_scenario.h"

#define WIRE_LEDGER_NONE UINT32_MAX

/** The first thing that was wrong. */
struct wire_verdict {
    char text[300];
    uint64_t now_ns;
};

__attribute__((format(printf, 2, 3))) void wire_verdict_say(struct wire_verdict *self,
                                                            const char *format, ...);

/** A body and who has it. */
struct wire_loan {
    unsigned char *body;
    uint32_t bytes;
    uint64_t id;
    bool is_lent;
    bool is_read; /* its reader has given its copy back, or the message can have none any more */
};

/** One stream of one way. */
struct wire_stream_book {
    const struct wire_stream_draw *draw;
    uint64_t key;
    struct wire_loan *loan; /* [loans] */
    uint32_t loans;
    uint64_t published, replaced, ended, gone; /* of this session */
    uint64_t taken;                            /* the same, at the other end */
    uint64_t last_id;                          /* published */
    uint64_t base_id;                          /* the last one before this session */
    uint64_t taken_id;                         /* the last that was taken … */
    uint32_t taken_number;                     /* 0: none of this session */
};

/** One way of one pair. */
struct wire_way_book {
    uint64_t *accepted;                  /* bit per counter of the session */
    uint64_t words, first, top, arrived; /* first: the counter before the first one */
    uint32_t credit;                     /* the highest that came to the sender */
    uint64_t data_lost;                  /* DATA of which no sound copy arrived */
    uint64_t sent;                       /* counter of the last frame of the session */
    struct wire_stream_book stream[WIRE_STREAMS_MOST + 1]; /* [0] is not used */
};

/** A new session at the end that sends: loans that are out must have come back. And at the one that receives. */
void wire_ledger_open_sender(struct wire_verdict *verdict, struct wire_way_book *way,
                             uint32_t streams);
void wire_ledger_open_receiver(struct wire_way_book *way, uint32_t streams);

/** A loan for the next message of the stream, its body and text written; WIRE_LEDGER_NONE: all are out. */
uint32_t wire_ledger_publish(struct wire_stream_book *book, struct stream_tx_item *item);

/** It was taken by the wire after all. */
void wire_ledger_published(struct wire_stream_book *book, uint32_t loan);

enum wire_loan_end { WIRE_LOAN_REPLACED, WIRE_LOAN_ENDED, WIRE_LOAN_GONE };
void wire_ledger_ended(struct wire_verdict *verdict, struct wire_stream_book *book, uint64_t token,
                       enum wire_loan_end how);

/** Of the message that came: its id, after all of it was compared. Order is not looked at in what is left of a session. */
uint64_t wire_ledger_taken(struct wire_verdict *verdict, struct wire_stream_book *book,
                           const struct wire_delivery *delivery, const unsigned char *body,
                           bool is_of_session);

/** A kept body, before it is given back. */
void wire_ledger_released(struct wire_verdict *verdict, struct wire_stream_book *book, uint64_t id,
                          const unsigned char *body, bool is_of_session);

/** Its publisher goes without a word. */
void wire_ledger_forget(struct wire_way_book *way, uint32_t streams);

/** DATA leaves: W6. */
void wire_ledger_sent(struct wire_verdict *verdict, struct wire_way_book *way,
                      const struct frame_head *head, uint32_t window);

/** May this counter be accepted now? */
bool wire_ledger_is_new(const struct wire_way_book *way, uint64_t counter);
void wire_ledger_accepted(struct wire_way_book *way, uint64_t counter);

#endif
