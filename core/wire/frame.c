/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header is copied before it is looked at: the memory of some links is the sender's too, and what was judged must be
 * what is used. Here stand only the rules that hold for every plan; the streams hold chunk, chunks and length against theirs.
 */
#include "core/wire/frame.h"

#include <string.h>

#include "core/base/crc32c.h"
#include "core/wire/ack.h"
#include "core/wire/hello.h"

static bool length_fits(const struct frame_head *head)
{
    switch (head->type) {
    case FRAME_HELLO:
    case FRAME_HELLO_ACK:
        return head->length >= sizeof(struct hello);
    case FRAME_DATA:
        return head->length > 0;
    case FRAME_ACK:
        return head->length >= sizeof(struct ack_fixed) && head->length % 8 == 0;
    case FRAME_PROBE:
        return head->length == 0;
    case FRAME_ECHO:
        return head->length == sizeof(struct frame_echo);
    default:
        return head->length == sizeof(struct frame_bye);
    }
}

static bool chunk_fits(const struct frame_head *head)
{
    if (head->type != FRAME_DATA)
        return head->number == 0 && head->chunk == 0 && head->chunks == 0;
    return head->chunk < head->chunks &&
           (head->flags & FRAME_LAST) == (head->chunk + 1 == head->chunks ? FRAME_LAST : 0);
}

static bool stream_fits(const struct frame_head *head)
{
    switch (head->type) {
    case FRAME_DATA:
    case FRAME_ACK:
        return head->stream != FRAME_NO_STREAM;
    case FRAME_PROBE:
        return true;
    default:
        return head->stream == FRAME_NO_STREAM;
    }
}

static bool is_of_this_version(const struct frame_head *head)
{
    return head->magic == FRAME_MAGIC && head->version == FRAME_VERSION && head->type > 0 &&
           head->type <= FRAME_TYPE_LAST && head->head_bytes == FRAME_HEAD_BYTES;
}

/** KEYPHASE is odd as long as nothing is sealed. */
static bool rest_fits(const struct frame_head *head)
{
    return !(head->flags & ~FRAME_FLAGS_ALL) && !(head->flags & FRAME_KEYPHASE) &&
           head->zero == 0 && head->counter > 0;
}

enum frame_fault frame_read(const unsigned char *bytes, size_t count, struct frame_head *out)
{
    if (count < FRAME_HEAD_BYTES)
        return FRAME_SHORT;
    memcpy(out, bytes, FRAME_HEAD_BYTES);
    if (!is_of_this_version(out))
        return FRAME_FOREIGN;
    if (count < (size_t)FRAME_HEAD_BYTES + out->length)
        return FRAME_SHORT;
    if (count > (size_t)FRAME_HEAD_BYTES + out->length)
        return FRAME_ODD;
    return rest_fits(out) && length_fits(out) && chunk_fits(out) && stream_fits(out) ? FRAME_SOUND
                                                                                     : FRAME_ODD;
}

uint32_t frame_sum(const struct frame_head *head, const void *payload, size_t bytes,
                   const void *more, size_t more_bytes)
{
    struct frame_head summed = *head;
    summed.crc = 0;
    uint32_t sum = crc32c_add(CRC32C_START, &summed, sizeof(summed));
    if (bytes > 0)
        sum = crc32c_add(sum, payload, bytes);
    if (more_bytes > 0)
        sum = crc32c_add(sum, more, more_bytes);
    return ~sum;
}
