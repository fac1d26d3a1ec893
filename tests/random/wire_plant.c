/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/random/wire_plant.h"

#include <string.h>

static const char *const names[WIRE_PLANTS] = {
    [WIRE_PLANT_NONE] = "none",
    [WIRE_PLANT_CREDIT] = "credit-by-frames",
    [WIRE_PLANT_PREEMPT] = "preemption",
    [WIRE_PLANT_ONE_WAVE] = "one-wave",
    [WIRE_PLANT_LATE_BOOKS] = "late-books",
    [WIRE_PLANT_BITMAP] = "short-bitmap",
    [WIRE_PLANT_LOAN] = "loan-by-ack",
    [WIRE_PLANT_SESSION] = "any-session",
    [WIRE_PLANT_REPLAY] = "no-replay-window",
    [WIRE_PLANT_NUMBER] = "old-number",
};

#define BITMAP_WORDS 4u

const char *wire_plant_name(enum wire_plant plant)
{
    return names[plant];
}

enum wire_plant wire_plant_find(const char *name)
{
    uint32_t plant = 0;
    while (plant < WIRE_PLANTS && strcmp(names[plant], name))
        plant++;
    return (enum wire_plant)plant;
}

static void put(unsigned char *bytes, struct frame_head *head, bool is_checked)
{
    if (is_checked)
        head->crc = frame_sum(head, bytes + FRAME_HEAD_BYTES, head->length, NULL, 0);
    memcpy(bytes, head, sizeof(*head));
}

static void shorten(unsigned char *bytes, struct frame_head *head, uint32_t *count)
{
    struct ack_fixed fixed;
    const uint32_t most = (uint32_t)sizeof(fixed) + 8 * BITMAP_WORDS;
    if (head->type != FRAME_ACK || head->length <= most)
        return;
    head->length = (uint16_t)most;
    *count = FRAME_HEAD_BYTES + most;
    memcpy(&fixed, bytes + FRAME_HEAD_BYTES, sizeof(fixed));
    fixed.flags = 0;
    memcpy(bytes + FRAME_HEAD_BYTES, &fixed, sizeof(fixed));
}

void wire_plant_output(enum wire_plant plant, const struct wire *wire, uint64_t first,
                       unsigned char *bytes, uint32_t *count)
{
    struct frame_head head;
    if (plant != WIRE_PLANT_CREDIT && plant != WIRE_PLANT_BITMAP)
        return;
    memcpy(&head, bytes, sizeof(head));
    if (plant == WIRE_PLANT_CREDIT)
        head.credit =
            (uint32_t)(first + wire_counted(wire, WIRE_FRAMES_RECEIVED)) + wire->config.window;
    else
        shorten(bytes, &head, count);
    put(bytes, &head, wire->config.is_checked);
}

/** Frames that are spoilt stay so. */
static bool is_sound(const struct wire *wire, const unsigned char *bytes, uint32_t count,
                     struct frame_head *head)
{
    return frame_read(bytes, count, head) == FRAME_SOUND &&
           (!wire->config.is_checked ||
            frame_sum(head, bytes + FRAME_HEAD_BYTES, head->length, NULL, 0) == head->crc);
}

void wire_plant_input(enum wire_plant plant, struct wire *wire, unsigned char *bytes,
                      uint32_t count)
{
    struct frame_head head;
    if (plant == WIRE_PLANT_REPLAY)
        memset(wire->replay.word, 0, sizeof(wire->replay.word));
    if ((plant != WIRE_PLANT_SESSION && plant != WIRE_PLANT_NUMBER) ||
        !is_sound(wire, bytes, count, &head))
        return;
    if (plant == WIRE_PLANT_SESSION)
        head.session = wire->session.id;
    else if (head.type == FRAME_DATA && head.stream <= wire->config.ins &&
             frame_compare(head.number, wire->rx[head.stream].next) < 0)
        head.number = wire->rx[head.stream].next;
    put(bytes, &head, wire->config.is_checked);
}

bool wire_plant_preempts(enum wire_plant plant, struct wire *wire, uint32_t stream, uint64_t *token)
{
    struct stream_tx *const tx = &wire->tx[stream];
    if (plant != WIRE_PLANT_PREEMPT || !stream_newer_wins(tx->plan.class) || tx->count == 0)
        return false;
    *token = stream_tx_end(tx);
    wire->count[WIRE_REPLACED]++;
    wire->books.received++;
    return true;
}
