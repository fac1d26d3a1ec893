/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/wire/quiet.h"

#include "core/base/check.h"

void quiet_init(struct quiet *self, struct quiet_process *process, uint32_t processes)
{
    CHECK(processes > 0);
    *self = (struct quiet){.process = process, .processes = processes};
    for (uint32_t i = 0; i < processes; i++)
        process[i] = (struct quiet_process){0};
}

uint32_t quiet_ask(struct quiet *self)
{
    CHECK(self->missing == 0);
    for (uint32_t i = 0; i < self->processes; i++)
        self->missing += !self->process[i].is_gone;
    self->same = true;
    return ++self->wave;
}

static enum quiet_news news(const struct quiet *self)
{
    if (self->missing > 0)
        return QUIET_WAITS;
    return self->same ? QUIET_OVER : QUIET_AGAIN;
}

enum quiet_news quiet_hear(struct quiet *self, uint32_t process, uint32_t wave, bool is_at_rest,
                           uint64_t sent)
{
    CHECK(process < self->processes);
    struct quiet_process *const it = &self->process[process];
    if (wave != self->wave || it->wave == wave || it->is_gone)
        return QUIET_WAITS;
    self->same =
        self->same && is_at_rest && it->was_at_rest && it->wave + 1 == wave && it->sent == sent;
    *it = (struct quiet_process){.sent = sent, .wave = wave, .was_at_rest = is_at_rest};
    self->missing--;
    return news(self);
}

enum quiet_news quiet_drop(struct quiet *self, uint32_t process)
{
    CHECK(process < self->processes);
    struct quiet_process *const it = &self->process[process];
    if (it->is_gone)
        return QUIET_WAITS;
    const bool is_awaited = self->wave > 0 && self->missing > 0 && it->wave != self->wave;
    it->is_gone = true;
    self->same = false;
    for (uint32_t i = 0; i < self->processes; i++)
        self->process[i].was_at_rest = false;
    self->missing -= is_awaited;
    return is_awaited ? news(self) : QUIET_WAITS;
}
