/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An ACK is a picture of the receiver at one moment: which chunks it had, and up to which counter it had heard. Frames
 * overtake each other, so an older picture may come after a newer one. What it has stays acknowledged for ever; what it
 * lacks was lost only as far as it had heard of later frames, and only for a sending before them.
 */
#include "core/base/check.h"
#include "core/wire/bitmap.h"
#include "core/wire/stream_tx.h"

bool stream_tx_believes(const struct stream_tx *self, const struct ack *ack)
{
    return frame_compare(ack->fixed.next, self->first) <= (int32_t)self->count;
}

/** What an ACK says of one word of one message: `has` in [0, 2^64), and whether what is not there was missing. */
struct said {
    uint64_t has;
    bool is_sure;
};

/** `index`: of the word in the row of bits as the ACK counts it. */
static struct said word_at(const struct ack *ack, uint64_t index)
{
    if (index < ack->fixed.base)
        return (struct said){.has = ~UINT64_C(0), .is_sure = true};
    if (index - ack->fixed.base < ack->count)
        return (struct said){.has = ack->word[index - ack->fixed.base], .is_sure = true};
    return (struct said){.is_sure = !(ack->fixed.flags & ACK_CUT)};
}

/** `ahead`: messages between the ACK's next and this one. */
static struct said look(const struct stream_tx *self, const struct ack *ack, uint32_t ahead,
                        uint32_t word)
{
    if (self->shape.chunks_max > 1)
        return word_at(ack, (uint64_t)ahead * self->shape.words + word);
    struct said said = word_at(ack, ahead / 64u);
    said.has = said.has >> ahead % 64u & 1u;
    return said;
}

static bool was_lost(const struct ack *ack, uint32_t counter)
{
    if (frame_compare(ack->fixed.seen, counter) >= (int32_t)STREAM_REORDER)
        return true;
    return ack->fixed.probe && frame_compare((uint32_t)ack->fixed.probe, counter) > 0;
}

/** Make due again what of `flying` was lost. */
static bool judge(struct stream_tx *self, const struct ack *ack, uint32_t place, uint32_t word,
                  uint64_t flying)
{
    const uint32_t *const counter =
        &self->counter[(size_t)place * self->shape.chunks_max + 64u * word];
    uint64_t lost = 0;
    for (; flying; flying &= flying - 1) {
        const uint32_t bit = (uint32_t)__builtin_ctzll(flying);
        if (was_lost(ack, counter[bit]))
            lost |= UINT64_C(1) << bit;
    }
    if (!lost)
        return false;
    self->due[(size_t)place * self->shape.words + word] |= lost;
    self->rows_due |= UINT64_C(1) << place;
    if (word < self->message[place].hint)
        self->message[place].hint = word;
    return true;
}

static bool acknowledge_row(struct stream_tx *self, const struct ack *ack, uint32_t row,
                            uint32_t ahead)
{
    const uint32_t place = stream_tx_place(self, row);
    const size_t begin = (size_t)place * self->shape.words;
    uint64_t all_due = 0;
    bool progress = false;
    for (uint32_t w = 0; w < self->shape.words; w++) {
        const struct said said = look(self, ack, ahead, w);
        const size_t at = begin + w;
        progress |= (said.has & ~self->acked[at] & self->tried[at]) != 0;
        self->acked[at] |= said.has & self->tried[at];
        self->due[at] &= ~self->acked[at];
        if (said.is_sure)
            progress |=
                judge(self, ack, place, w, self->tried[at] & ~self->due[at] & ~self->acked[at]);
        all_due |= self->due[at];
    }
    if (!all_due)
        self->rows_due &= ~(UINT64_C(1) << place);
    return progress;
}

bool stream_tx_acknowledge(struct stream_tx *self, const struct ack *ack)
{
    bool progress = false;
    for (uint32_t row = 0; row < self->count; row++) {
        const int32_t ahead = frame_compare(self->first + row, ack->fixed.next);
        if (ahead >= 0)
            progress |= acknowledge_row(self, ack, row, (uint32_t)ahead);
    }
    return progress;
}
