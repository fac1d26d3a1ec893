/* SPDX-License-Identifier: BSD-3-Clause */
/* A loader is opened as the busiest core would open it, asked what it came to, and closed. */
#include "harness/run/data_tier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/run/plan_probe.h"
#include "harness/run/run.h"

static bool is_open(const struct plan *plan)
{
    return plan->common.dataset && plan->experiment->data.io == LOADER_AUTO;
}

static struct loader_config busiest(const struct cell *cell)
{
    struct loader_config most = run_loader_config(cell, 0);
    for (uint32_t l = 1; l < cell->placement.cores_used; l++) {
        const struct loader_config one = run_loader_config(cell, l);
        most = one.workers > most.workers ? one : most;
    }
    return most;
}

static int try_disk(struct loader_config *config, enum loader_tier *tier, char *reason, size_t size,
                    struct err *err)
{
    struct loader *loader;
    const size_t bytes = (loader_buffer_bytes(config) + 4095) & ~(size_t)4095;
    config->buffer = aligned_alloc(4096, bytes);
    if (!config->buffer)
        return err_set(err, -ENOMEM, "not enough memory to try how data are read");
    const int rc = loader_open(&loader, config, err);
    if (rc == 0) {
        *tier = loader_tier(loader);
        snprintf(reason, size, "%s", loader_reason(loader));
        loader_close(loader);
    }
    free(config->buffer);
    return rc;
}

static int ask(const struct plan *plan, enum loader_tier *tier, char *reason, size_t size,
               struct err *err)
{
    struct cell cell;
    struct plan_costs costs;
    int rc = cell_open(&cell, &plan->common, 0, 0, err);
    if (rc < 0)
        return rc;
    struct loader_config config = busiest(&cell);
    if (config.batch_ns == 0) {
        rc = plan_measure(&plan->common.model, &costs, err);
        config.batch_ns = rc == 0 ? (uint64_t)(costs.gradient_s * 1e9) + 1 : 0;
    }
    if (rc == 0)
        rc = try_disk(&config, tier, reason, size, err);
    cell_close(&cell);
    return rc;
}

int data_tier_choose(struct plan *plan, uint32_t count, struct err *err)
{
    enum loader_tier worst = LOADER_AUTO, tier = LOADER_AUTO;
    char reason[sizeof(plan->common.io_reason)], why[sizeof(reason)] = "";
    for (uint32_t i = 0; i < count; i++) {
        const int rc = is_open(&plan[i]) ? ask(&plan[i], &tier, reason, sizeof(reason), err) : 0;
        if (rc < 0)
            return rc;
        if (!is_open(&plan[i]) || tier <= worst)
            continue;
        worst = tier;
        snprintf(why, sizeof(why), "%s", reason);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_open(&plan[i]))
            continue;
        plan[i].common.io_from = worst;
        snprintf(plan[i].common.io_reason, sizeof(plan[i].common.io_reason), "%s", why);
    }
    return 0;
}
