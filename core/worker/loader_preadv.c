/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tier that always works: plain positioned reads on the calling thread, one batch per poll.
 *
 * It blocks on a cold page cache, so it is the last choice; results, retries and errors are booked like those of the
 * other tiers.
 */
#include <errno.h>
#include <stdint.h>

#include "core/worker/loader_internal.h"

int loader_preadv_poll(struct loader *self)
{
    const uint32_t per_batch = self->config.batch;
    uint32_t number = 0, current = UINT32_MAX;

    while (self->failed == 0 && self->queue_used > 0) {
        const uint32_t next = self->queue[self->queue_head] / per_batch;
        if (current != UINT32_MAX && next != current)
            break;
        current = next;
        loader_queue_take(self, &number);
        const struct loader_read *read = &self->read[number];
        const ssize_t got = self->os->pread(self->fd, read->to, read->bytes, (off_t)read->offset);
        loader_complete(self, number, got < 0 ? -errno : got);
    }
    return self->failed;
}
