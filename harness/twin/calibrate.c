/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was measured becomes keys of a profile, so that a prediction can be read, changed and run again without its
 * source.
 */
#include "harness/twin/calibrate.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "core/base/units.h"

/* Above this share of stolen time, that is what `rest` consists of. */
#define QUIET_SHARE 0.01
/* Above this one another minute of the host is another host. */
#define DISTURBED_SHARE 0.2

static int check_cell(const struct results_read *run, const struct results_cell *cell,
                      struct err *err)
{
    if (!cell->live)
        return err_set(err, -EINVAL, "%s is a simulation; a simulation is calibrated on a live run",
                       run->dir);
    if (!cell->drained)
        return err_set(err, -EINVAL, "%s: %s seed %llu did not end in good order", run->dir,
                       cell->policy, (unsigned long long)cell->seed);
    if (cell->part_ns[PART_INJECTED] > 0)
        return err_set(err, -EINVAL,
                       "%s: %s seed %llu has stragglers (injected delay); calibrate on a run "
                       "without",
                       run->dir, cell->policy, (unsigned long long)cell->seed);
    if (!cell->has_costs)
        return err_set(err, -EINVAL,
                       "%s has no costs_ns: it was made by an older dawdle; run it again",
                       run->dir);
    if (!(cell->iterations > 0) || !(cell->total_ns > 0))
        return err_set(err, -EINVAL, "%s: %s seed %llu finished no iteration", run->dir,
                       cell->policy, (unsigned long long)cell->seed);
    return 0;
}

static int check_run(const struct results_read *run, struct err *err)
{
    if (run->count == 0 || !run->complete)
        return err_set(err, -EINVAL, "%s is incomplete; calibrate on a run that ended", run->dir);
    for (uint32_t i = 0; i < run->count; i++) {
        const int rc = check_cell(run, &run->cell[i], err);
        if (rc < 0)
            return rc;
        if (run->cell[i].workers != run->cell[0].workers)
            return err_set(err, -EINVAL, "%s has runs of different size", run->dir);
    }
    return 0;
}

uint32_t calibrate_cores(const uint32_t *os_index, uint32_t workers, uint32_t *number)
{
    uint32_t cores = 0;
    for (uint32_t w = 0; number && w < workers; w++)
        number[w] = 0;
    for (uint32_t w = 0; w < workers; w++) {
        uint32_t first = 0;
        while (os_index[first] != os_index[w])
            first++;
        if (first < w)
            continue;
        cores++;
        for (uint32_t k = 0; number && k < workers; k++)
            number[k] += os_index[k] > os_index[w];
    }
    return cores;
}

/** Cores that its workers have; of too many to be listed, one each. */
static uint32_t cores_of(const struct results_cell *cell)
{
    return cell->core ? calibrate_cores(cell->core, cell->workers, NULL) : cell->workers;
}

/** A sum of `value` weighted by how often it was measured. */
struct mean {
    double sum, weight;
};

static void add(struct mean *self, double value, double weight)
{
    if (!isfinite(value) || !(weight > 0))
        return;
    self->sum += value * weight;
    self->weight += weight;
}

static double mean_of(const struct mean *self)
{
    return self->weight > 0 ? self->sum / self->weight : 0;
}

static void name_policies(const struct results_read *run, struct calibration *out)
{
    for (uint32_t i = 0; i < run->count; i++) {
        const size_t used = strlen(out->policies);
        bool seen = false;
        for (uint32_t k = 0; k < i; k++)
            seen |= strcmp(run->cell[k].policy, run->cell[i].policy) == 0;
        if (!seen)
            snprintf(out->policies + used, sizeof(out->policies) - used, "%s%s", used ? ", " : "",
                     run->cell[i].policy);
    }
}

__attribute__((format(printf, 2, 3))) static void set(struct calibration *self, const char *format,
                                                      ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(self->set[self->sets++], CALIBRATE_SET_BYTES, format, list);
    va_end(list);
}

static unsigned long long whole(double ns)
{
    return ns > 0 ? (unsigned long long)(ns + 0.5) : 0;
}

static void write_sets(struct calibration *self)
{
    self->sets = 0;
    set(self, "costs.iteration=%lluns", whole(self->iteration_ns));
    set(self, "costs.apply=%lluns", whole(self->apply_ns));
    set(self, "costs.send=%lluns", whole(self->send_ns));
    set(self, "costs.mix=%lluns", whole(self->mix_ns));
    set(self, "costs.event=%lluns", whole(self->event_ns));
    if (self->cores > 0)
        set(self, "costs.read=%lluns", whole(self->read_ns));
    set(self, "links.latency=%lluns", whole(self->latency_ns));
    set(self, "workers.cores=%u", self->cores);
    if (self->cores > 0)
        set(self, "compute.core=%lluns", whole(self->gradient_ns));
    if (self->cores > 0 && self->slice_ns > 0)
        set(self, "compute.slice=%lluns", whole(self->slice_ns));
}

/**
 * Median from sent to seen, without the wait for the end of a slice that the simulation has of its own. A core that computes
 * slices for a share of its time keeps a message from 0 to a whole one, each as likely, and else not at all.
 */
static double latency_of(const struct results_cell *cell)
{
    const double slicing =
        cell->costs.gradient_ns * cell->gradients / (cell->duration_s * 1e9) / cores_of(cell);
    const double share = slicing < 1 ? slicing : 1;
    if (!(cell->costs.slice_ns > 0) || !(share > 0.5))
        return cell->handle_ns_p50;
    const double waiting = cell->costs.slice_ns * (share - 0.5) / share;
    return cell->handle_ns_p50 > waiting ? cell->handle_ns_p50 - waiting : 0;
}

/** What its policy was told of: messages and gradients. (Timers are few.) */
static double events_of(const struct results_cell *cell)
{
    return cell->delivered + cell->gradients;
}

/** Of an iteration: events are a cost of their own. Those that came beside computing are in no part: so this is the least. */
static double unexplained_ns(const struct results_cell *cell)
{
    const double events = cell->costs.event_ns > 0 ? cell->costs.event_ns * events_of(cell) : 0;
    return fmax(0, cell->costs.rest_ns - events / cell->iterations);
}

static void add_up(const struct results_read *run, struct calibration *out)
{
    struct mean load = {0}, rest = {0}, apply = {0}, send = {0}, mix = {0}, gradient = {0},
                latency = {0}, stolen = {0}, slice = {0}, event = {0}, read = {0};
    for (uint32_t i = 0; i < run->count; i++) {
        const struct results_cell *const c = &run->cell[i];
        add(&load, c->costs.load_ns, c->iterations);
        add(&rest, unexplained_ns(c), c->iterations);
        add(&event, c->costs.event_ns, events_of(c));
        add(&read, c->costs.read_ns, c->gradients);
        add(&gradient, c->costs.gradient_ns, c->gradients);
        add(&slice, c->costs.slice_ns, c->gradients);
        add(&apply, c->costs.apply_ns, c->gradients);
        add(&send, c->costs.send_ns, c->tensors_sent);
        add(&mix, c->costs.mix_ns, c->costs.mix_ns > 0 ? c->iterations : 0);
        add(&latency, latency_of(c), c->tensors_sent);
        add(&stolen, c->stolen_share, c->duration_s);
    }
    out->load_ns = mean_of(&load);
    out->rest_ns = mean_of(&stolen) > QUIET_SHARE ? 0 : mean_of(&rest);
    out->gradient_ns = mean_of(&gradient);
    out->slice_ns = mean_of(&slice);
    out->apply_ns = mean_of(&apply);
    out->send_ns = mean_of(&send);
    out->mix_ns = mean_of(&mix);
    out->event_ns = mean_of(&event);
    out->read_ns = mean_of(&read);
    out->latency_ns = mean_of(&latency);
    out->stolen_share = mean_of(&stolen);
}

int calibrate(const struct results_read *run, struct calibration *out, struct err *err)
{
    *out = (struct calibration){0};
    const int rc = check_run(run, err);
    if (rc < 0)
        return rc;
    const struct results_cell *const first = &run->cell[0];
    out->runs = run->count;
    out->workers = first->workers;
    name_policies(run, out);
    add_up(run, out);
    const uint32_t cores = cores_of(first);
    out->cores = cores < out->workers ? cores : 0;
    const double sharing = out->cores > 0 ? (double)out->workers / out->cores : 1;
    out->iteration_ns = out->load_ns + out->rest_ns / sharing;
    write_sets(out);
    return 0;
}

void calibrate_base(struct calibration *self, double mean_s, double cv)
{
    self->base_ns = whole(mean_s * 1e9);
    if (self->cores == 0) { /* nothing of reading passes beside a gradient that has the core */
        self->iteration_ns += self->read_ns;
        write_sets(self);
    }
    set(self, "compute.base=%lluns", (unsigned long long)self->base_ns);
    if (self->cores > 0)
        set(self, "compute.core=%lluns", (unsigned long long)self->base_ns);
    if (cv > 0)
        set(self, "compute.jitter={kind: lognormal, cv: %.4f%%}", cv < 1 ? 100 * cv : 100.0);
    else
        set(self, "compute.jitter=none");
}

/** Whether `user` speaks of the key that `found` sets. */
static bool names_key(const char *user, const char *found)
{
    const size_t key = strcspn(found, "=");
    if (strncmp(user, found, key) == 0 && (user[key] == '=' || user[key] == '.'))
        return true;
    const char *const dot = memchr(found, '.', key);
    if (!dot || strncmp(user, found, (size_t)(dot - found)) != 0 || user[dot - found] != '=')
        return false;
    char leaf[CALIBRATE_SET_BYTES];
    snprintf(leaf, sizeof(leaf), "%.*s:", (int)(key - (size_t)(dot - found) - 1), dot + 1);
    return strstr(user, leaf) != NULL;
}

uint32_t calibrate_fold(const struct calibration *self, const char **set, uint32_t count)
{
    uint32_t end = count;
    for (uint32_t i = 0; i < self->sets; i++) {
        bool named = false;
        for (uint32_t k = 0; k < count; k++)
            named |= names_key(set[k], self->set[i]);
        if (!named)
            set[end++] = self->set[i];
    }
    return end;
}

static void print_time(FILE *out, const char *key, double ns, const char *what)
{
    char text[64];
    fprintf(out, "  %-16s %-9s %s\n", key, units_short_ns(ns, text, sizeof(text)), what);
}

void calibrate_print(FILE *out, const struct calibration *self, const char *dir)
{
    char what[96], load[32], rest[32], share[16];
    snprintf(share, sizeof(share), "%.1f %%", self->stolen_share * 100);
    fprintf(out, "calibrated on %s\n  %s: %u run%s of %u workers", dir, self->policies, self->runs,
            self->runs == 1 ? "" : "s", self->workers);
    if (self->cores > 0)
        fprintf(out, " on %u cores\n", self->cores);
    else
        fprintf(out, ", each on a core of its own\n");
    snprintf(what, sizeof(what), "loading %s, unexplained %s%s",
             units_short_ns(self->load_ns, load, sizeof(load)),
             units_short_ns(self->rest_ns, rest, sizeof(rest)),
             self->cores > 0 ? " for all workers of a core together" : "");
    print_time(out, "costs.iteration", self->iteration_ns, what);
    print_time(out, "costs.apply", self->apply_ns, "an optimizer step");
    print_time(out, "costs.send", self->send_ns, "a message");
    print_time(out, "costs.mix", self->mix_ns, "a vector averaged");
    print_time(out, "costs.event", self->event_ns, "a message, timer or gradient, besides");
    if (self->cores > 0)
        print_time(out, "costs.read", self->read_ns,
                   "a batch read ahead, for all workers of a core");
    print_time(out, "links.latency", self->latency_ns, "median from sent to seen");
    if (self->cores > 0)
        print_time(out, "compute.core", self->gradient_ns, "the real gradient");
    if (self->cores > 0 && self->slice_ns > 0)
        print_time(out, "compute.slice", self->slice_ns, "of it, before others have their turn");
    fprintf(out, "  %-16s %-9s of the cores' time was others'; imitated as it came\n", "stolen",
            share);
    if (self->stolen_share > DISTURBED_SHARE)
        fprintf(out, "  warning: a host so busy is hardly the same a minute later\n");
}
