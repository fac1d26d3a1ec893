/* SPDX-License-Identifier: BSD-3-Clause */
/* What an impaired edge writes into the words of a message that are the port's, and how it spoils a line. */
#include <stddef.h>
#include <string.h>

#include "core/base/crc32c.h"
#include "net/impair_parts.h"

#define LINE_WORDS (sizeof(struct port_message) / sizeof(uint64_t))
#define LINE_BITS (8 * (uint32_t)sizeof(struct port_message))
#define QUEUE_BIT (8 * (uint32_t)offsetof(struct port_message, is_tensor))

enum { WORD_LEFT_LOW, WORD_LEFT_HIGH, WORD_NUMBER, WORD_SUM }; /* of port_word */

static uint32_t sum_of(const struct port_message *message)
{
    uint64_t word[LINE_WORDS];
    memcpy(word, message, sizeof(word));
    return crc32c(word, LINE_WORDS);
}

void impair_seal(struct port_message *message, uint32_t number, uint64_t left_cyc)
{
    message->flags = PORT_HELD;
    if (message->is_tensor) {
        message->port_word[WORD_LEFT_LOW] = (uint32_t)left_cyc;
        message->port_word[WORD_LEFT_HIGH] = (uint32_t)(left_cyc >> 32);
        message->port_word[WORD_NUMBER] = number;
        message->port_word[WORD_SUM] = 0;
        message->port_word[WORD_SUM] = sum_of(message);
    } else {
        message->handle = left_cyc;
        message->tag = number;
        message->tag |= (uint64_t)sum_of(message) << 32;
    }
}

bool impair_open(const struct port_message *message, uint32_t *number)
{
    struct port_message bare = *message;
    uint32_t sum;
    if (message->is_tensor) {
        sum = message->port_word[WORD_SUM];
        *number = message->port_word[WORD_NUMBER];
        bare.port_word[WORD_SUM] = 0;
    } else {
        sum = (uint32_t)(message->tag >> 32);
        *number = (uint32_t)message->tag;
        bare.tag = *number;
    }
    return sum == sum_of(&bare);
}

void impair_flip(struct port_message *message, uint32_t bit)
{
    unsigned char line[sizeof(*message)];
    bit %= LINE_BITS - 8;
    if (bit >= QUEUE_BIT)
        bit += 8;
    memcpy(line, message, sizeof(line));
    line[bit / 8] = (unsigned char)(line[bit / 8] ^ 1u << bit % 8);
    memcpy(message, line, sizeof(line));
}
