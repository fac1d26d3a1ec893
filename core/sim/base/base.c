/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sim/base/base.h"

__attribute__((cold, noinline)) void sim_break(struct sim_base *self, uint32_t worker,
                                               const char *what)
{
    if (!sim_broken(self))
        err_set(&self->failure, 0, "worker %u at %llu ns: %s", worker,
                (unsigned long long)self->now_ns, what);
}

__attribute__((cold, noinline)) void sim_break_edge(struct sim_base *self, uint32_t worker,
                                                    uint32_t to, const char *what)
{
    if (!sim_broken(self))
        err_set(&self->failure, 0, "worker %u, edge to worker %u, at %llu ns: %s", worker, to,
                (unsigned long long)self->now_ns, what);
}
