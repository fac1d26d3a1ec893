/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each value is a whole experiment of its own; the name of the value stands in every error, for it may be the only
 * reason.
 */
#include "harness/run/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "harness/experiment/profile.h"

static struct profile_mark nowhere(const struct profile_source *source)
{
    return (struct profile_mark){.source = source};
}

static int out_of_memory(const char *name, struct profile_errors *errors)
{
    const struct profile_source source = {.name = name};
    profile_errors_add(errors, nowhere(&source), "not enough memory to load it");
    return -ENOMEM;
}

/** The values of a sweep stand side by side in one table: the same rows, and paired seeds. */
static int check_rows(const struct experiment *written, const struct experiment *value,
                      const char *name, struct profile_errors *errors)
{
    const struct profile_source source = {.name = name};
    const uint32_t before = errors->count;
    bool same = written->policy_count == value->policy_count;
    for (uint32_t i = 0; same && i < value->policy_count; i++)
        same = strcmp(written->policy[i].label, value->policy[i].label) == 0;
    if (!same)
        profile_errors_add(errors, nowhere(&source),
                           "sweep %s=%s changes the names of the policies; give them labels that "
                           "stay",
                           value->sweep.key, experiment_sweep_value(value));
    return errors->count == before ? 0 : -EINVAL;
}

static int load_values(struct sweep *self, const char *name, const char *const *set,
                       uint32_t set_count, struct profile_errors *errors)
{
    int result = 0;
    self->values = self->written->sweep.count;
    for (uint32_t v = 0; v < self->values; v++) {
        struct experiment *const e = calloc(1, sizeof(*e));
        self->experiment[v] = e;
        if (!e)
            return out_of_memory(name, errors);
        int rc = profile_load_value(e, name, set, set_count, v, errors);
        if (rc == 0)
            rc = check_rows(self->written, e, name, errors);
        result = rc ? rc : result; /* and on: the errors of all values are reported at once */
    }
    return result;
}

int sweep_load(struct sweep *self, const char *path_or_name, const char *const *set,
               uint32_t set_count, struct profile_errors *errors)
{
    *self = (struct sweep){.written = calloc(1, sizeof(*self->written))};
    if (!self->written)
        return out_of_memory(path_or_name, errors);
    const int rc = profile_load(self->written, path_or_name, set, set_count, errors);
    if (rc < 0)
        return rc;
    if (self->written->sweep.count > 0)
        return load_values(self, path_or_name, set, set_count, errors);
    self->experiment[0] = self->written;
    self->values = 1;
    return 0;
}

int sweep_plan(struct sweep *self, const struct machine *machine, const struct ranks *ranks,
               enum plan_depth depth, struct err *err)
{
    for (; self->planned < self->values; self->planned++) {
        struct experiment *const e = self->experiment[self->planned];
        struct err inner = {{0}};
        const int rc = plan_open(&self->plan[self->planned], e, machine, ranks, depth, &inner);
        if (rc == 0)
            continue;
        const char *const value = experiment_sweep_value(e);
        if (!value)
            return err_set(err, rc, "%s", inner.text);
        return err_set(err, rc, "with %s=%s: %s", e->sweep.key, value, inner.text);
    }
    return 0;
}

static void unload(struct experiment *e)
{
    if (e)
        profile_free(e);
    free(e);
}

void sweep_close(struct sweep *self)
{
    for (uint32_t v = 0; v < self->planned; v++)
        plan_close(&self->plan[v]);
    for (uint32_t v = 0; v < self->values; v++)
        if (self->experiment[v] != self->written)
            unload(self->experiment[v]);
    unload(self->written);
    *self = (struct sweep){0};
}

uint32_t sweep_cells(const struct sweep *self)
{
    return self->written->policy_count * self->written->seed_count * self->values;
}

const char *sweep_title(const struct experiment *experiment, char *out, size_t size)
{
    const char *const value = experiment_sweep_value(experiment);
    *out = '\0';
    if (value)
        snprintf(out, size, "%s = %s", experiment->sweep.key, value);
    return out;
}

const char *sweep_folder(const struct experiment *experiment, const char *dir, char *out,
                         size_t size)
{
    if (experiment_sweep_value(experiment)) /* by number: a value need not be a file's name */
        snprintf(out, size, "%s/value-%u", dir, experiment->sweep.at);
    else
        snprintf(out, size, "%s", dir);
    return out;
}

int sweep_print(struct sweep *self, uint32_t threads, FILE *out, struct err *err)
{
    char text[2 * EXPERIMENT_SWEEP_TEXT_MAX + 8];
    double seconds = 0;
    for (uint32_t v = 0; v < self->values; v++) {
        if (*sweep_title(self->experiment[v], text, sizeof(text)))
            fprintf(out, "\n%s\n", text);
        const int rc = plan_print(&self->plan[v], threads, out, err);
        if (rc < 0)
            return rc;
        seconds += self->plan[v].seconds;
    }
    if (self->values > 1)
        fprintf(out, "\nall %u values: about %s\n", self->values,
                units_short_ns(seconds * 1e9, text, sizeof(text)));
    return 0;
}
