/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The payload of HELLO and HELLO_ACK. Longer ones may come: what is behind the known fields is theirs who know it, and
 * the zeros that pad a frame to the length it asks for. Identity, key share and MAC are zero in sessions without a seal.
 */
#ifndef CORE_WIRE_HELLO_H
#define CORE_WIRE_HELLO_H

#include <stdint.h>

#define HELLO_KEY_BYTES 32u

enum hello_step {
    HELLO_ASKS,   /* may frames be as long as this one? */
    HELLO_AGREED, /* they will be; the session begins */
};

struct hello {
    uint16_t bytes; /* of this struct, as its sender knows it */
    uint8_t seal;   /* 0: none */
    uint8_t step;   /* enum hello_step */
    uint32_t payload;
    uint32_t incarnation[2];         /* of the lower and of the higher process id */
    uint8_t digest[HELLO_KEY_BYTES]; /* of profile, data, model and plan */
    uint8_t identity[HELLO_KEY_BYTES];
    uint8_t random[HELLO_KEY_BYTES];
    uint8_t key_share[HELLO_KEY_BYTES];
    uint8_t mac[HELLO_KEY_BYTES];
};
_Static_assert(sizeof(struct hello) == 176, "as it is sent");

#endif
