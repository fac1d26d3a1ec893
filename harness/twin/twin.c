/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A twin needs the profile that the live run was made with, not the one of today: its resolved copy lies beside the
 * results.
 */
#include "harness/twin/twin.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/experiment/profile.h"
#include "harness/twin/compare.h"

/** The profile that a result directory was made with. */
static struct experiment *load_resolved(const char *dir, struct err *err)
{
    char path[EXPERIMENT_PATH_MAX + 32];
    struct experiment *const e = calloc(1, sizeof(*e));
    struct profile_errors *const errors = calloc(1, sizeof(*errors));
    int rc = e && errors ? 0 : err_set(err, -ENOMEM, "not enough memory to load a profile");
    snprintf(path, sizeof(path), "%s/resolved.yaml", dir);
    if (rc == 0) {
        rc = profile_load(e, path, NULL, 0, errors);
        if (rc < 0) {
            profile_errors_print(errors, stderr);
            err_set(err, rc, "%s cannot be loaded again", path);
        }
    }
    if (errors)
        profile_errors_free(errors);
    free(errors);
    if (rc == 0)
        return e;
    free(e);
    return NULL;
}

static void unload(struct experiment *e)
{
    if (e)
        profile_free(e);
    free(e);
}

/** Each worker's, on the mean of all runs; none where their workers were too many to be listed. */
static int open_ratios(struct twin *self, struct err *err)
{
    const uint32_t workers = self->calibration.workers;
    self->cost_ratio = calloc(workers, sizeof(*self->cost_ratio));
    if (!self->cost_ratio)
        return err_set(err, -ENOMEM, "not enough memory for what %u workers cost", workers);
    for (uint32_t i = 0; i < self->like.count; i++)
        for (uint32_t w = 0; w < workers && self->like.cell[i].cost_ratio; w++)
            self->cost_ratio[w] += self->like.cell[i].cost_ratio[w] / self->like.count;
    self->host.cost_ratio = self->like.cell[0].cost_ratio ? self->cost_ratio : NULL;
    self->host.cost_workers = workers;
    return 0;
}

static int open_like(struct twin *self, const char *dir, struct err *err)
{
    int rc = results_read(dir, &self->like, err);
    if (rc == 0)
        rc = calibrate(&self->like, &self->calibration, err);
    if (rc == 0)
        rc = open_ratios(self, err);
    if (rc < 0)
        return rc;
    struct experiment *const e = load_resolved(dir, err);
    if (!e)
        return -EINVAL;
    if (e->compute.base_ns == 0) {
        rc = gradients_read(dir, self->calibration.workers, &self->gradients, err);
        if (rc == 0)
            calibrate_base(&self->calibration, self->gradients.mean_s, self->gradients.cv);
    }
    unload(e);
    return rc;
}

static int open_against(struct twin *self, const char *dir, struct err *err)
{
    const int rc = results_read(dir, &self->against, err);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < self->against.count; i++)
        if (!self->against.cell[i].live)
            return err_set(err, -EINVAL,
                           "%s is a simulation; a prediction is compared with a live run", dir);
    if (self->against.count == 0)
        return err_set(err, -EINVAL, "%s has no runs", dir);
    return 0;
}

static int open_place(struct twin *self, const struct results_cell *cell, struct err *err)
{
    uint32_t *const number = calloc(cell->workers, sizeof(*number));
    if (!number)
        return err_set(err, -ENOMEM, "not enough memory for the cores of workers");
    self->number[self->host.count] = number;
    self->place[self->host.count++] =
        (struct cell_place){.policy = cell->policy,
                            .seed = cell->seed,
                            .workers = cell->workers,
                            .cores = calibrate_cores(cell->core, cell->workers, number),
                            .core = number};
    return 0;
}

static int open_stolen(struct twin *self, const struct results_read *from, uint32_t only,
                       struct err *err)
{
    if (from->count == 0)
        return 0;
    const int rc = stolen_times_read(from, only, &self->stolen[self->stolen_count], err);
    self->stolen_count += rc == 0;
    return rc;
}

static void steal(struct cell_place *place, const struct stolen_times *times)
{
    place->stolen = times->hole;
    place->stolen_count = times->count;
    place->stolen_period_ns = times->period_ns;
}

static int open_cell(struct twin *self, const struct results_read *from, uint32_t i, bool hindsight,
                     struct err *err)
{
    int rc = hindsight ? open_stolen(self, from, i, err) : 0;
    if (rc == 0)
        rc = open_place(self, &from->cell[i], err);
    if (rc == 0 && self->stolen_count > 0)
        steal(&self->place[self->host.count - 1], &self->stolen[self->stolen_count - 1]);
    return rc;
}

/** Whose workers shared which cores, and when others had them. */
static int open_host(struct twin *self, bool hindsight, struct err *err)
{
    const struct results_read *const from = self->against.count > 0 ? &self->against : &self->like;
    self->place = calloc(from->count + 1u, sizeof(*self->place));
    self->number = calloc(from->count + 1u, sizeof(*self->number));
    self->stolen = calloc(from->count + 1u, sizeof(*self->stolen));
    if (!self->place || !self->number || !self->stolen)
        return err_set(err, -ENOMEM, "not enough memory for the cores of workers");
    int rc = hindsight ? 0 : open_stolen(self, &self->like, STOLEN_ALL, err);
    for (uint32_t i = 0; i < from->count && rc == 0; i++)
        if (from->cell[i].core)
            rc = open_cell(self, from, i, hindsight, err);
    self->host.place = self->place;
    self->host.measured = self->gradients.sample;
    self->host.measured_workers = self->gradients.workers;
    self->host.measured_base_ns = self->calibration.base_ns;
    return rc;
}

int twin_open(struct twin *out, const char *like, const char *against, bool hindsight,
              struct err *err)
{
    *out = (struct twin){0};
    int rc = 0;
    if (hindsight && !against)
        return err_set(err, -EINVAL, "--hindsight looks into the measured run: it needs --against");
    if (like)
        rc = open_like(out, like, err);
    if (rc == 0 && against)
        rc = open_against(out, against, err);
    if (rc == 0)
        rc = open_host(out, hindsight, err);
    if (rc < 0)
        twin_close(out);
    return rc;
}

void twin_close(struct twin *self)
{
    results_read_free(&self->like);
    results_read_free(&self->against);
    for (uint32_t i = 0; i < self->host.count; i++)
        free(self->number[i]);
    free(self->number);
    free(self->place);
    for (uint32_t i = 0; i < self->stolen_count; i++)
        stolen_times_free(&self->stolen[i]);
    free(self->stolen);
    free(self->cost_ratio);
    gradients_free(&self->gradients);
    *self = (struct twin){0};
}

static bool is_used(const struct results_read *run, uint64_t seed)
{
    for (uint32_t i = 0; i < run->count; i++)
        if (run->cell[i].seed == seed)
            return true;
    return false;
}

void twin_draw_anew(struct twin *self, uint32_t draws)
{
    uint32_t shapes = 0;
    uint64_t seed = 1;
    for (uint32_t i = 0; i < self->against.count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < shapes; k++)
            known |= self->shape[k] == self->against.cell[i].seed;
        if (!known && shapes < TWIN_SEEDS_MAX)
            self->shape[shapes++] = self->against.cell[i].seed;
    }
    self->fresh_count = shapes * draws < TWIN_SEEDS_MAX ? shapes * draws : TWIN_SEEDS_MAX;
    for (uint32_t i = 0; i < self->fresh_count; seed++)
        if (!is_used(&self->like, seed) && !is_used(&self->against, seed))
            self->fresh[i++] = seed;
    self->host.shape = self->shape;
    self->host.shapes = shapes;
}

static bool equal(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fabs(b);
}

static bool same_graph(const struct experiment *a, const struct experiment *b)
{
    return strcmp(a->workers.graph, b->workers.graph) == 0 &&
           equal(a->workers.degree, b->workers.degree);
}

/** The first key by which the live run `b` was another one than `a`, or NULL. A real gradient has no times to compare. */
static const char *difference(const struct experiment *a, const struct experiment *b)
{
    const bool modelled = b->compute.base_ns > 0;
    const struct {
        const char *key;
        bool same;
    } part[] = {
        {"workers.count", a->workers.count == b->workers.count},
        {"workers.groups", a->workers.groups == b->workers.groups},
        {"workers.graph", same_graph(a, b)},
        {"compute.base", !modelled || a->compute.base_ns == b->compute.base_ns},
        {"compute.jitter", !modelled || equal(a->compute.jitter_cv, b->compute.jitter_cv)},
        {"inject", profile_same_injects(a, b)},
        {"faults", profile_same_faults(a, b)},
        {"stop", a->stop.time_ns == b->stop.time_ns && a->stop.iterations == b->stop.iterations},
    };
    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
        if (!part[i].same)
            return part[i].key;
    return NULL;
}

int twin_check(const struct twin *self, const struct experiment *simulated, struct err *err)
{
    if (self->against.count == 0)
        return 0;
    struct experiment *const live = load_resolved(self->against.dir, err);
    if (!live)
        return -EINVAL;
    const char *const what = difference(simulated, live);
    int rc = 0;
    if (what)
        rc = err_set(err, -EINVAL, "%s is no run of profile %s: %s differs", self->against.dir,
                     simulated->name, what);
    unload(live);
    return rc;
}

static int write_csv(const struct compare *compare, const char *dir, struct err *err)
{
    char path[EXPERIMENT_PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/twin.csv", dir);
    FILE *const file = fopen(path, "we");
    int rc = file ? compare_csv(file, compare) : -errno;
    if (file && fclose(file) != 0 && rc == 0)
        rc = -errno;
    return rc < 0 ? err_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

int twin_compare(const struct twin *self, const char *dir, const char *plain, FILE *out,
                 struct err *err)
{
    struct results_read predicted, simple = {0};
    struct compare compare;
    int rc = results_read(dir, &predicted, err);
    if (rc < 0)
        return rc;
    if (plain)
        rc = results_read(plain, &simple, err);
    if (rc == 0)
        rc = compare_open(&compare, &predicted, plain ? &simple : NULL, &self->against, err);
    if (rc == 0) {
        compare_print(out, &compare, self->against.dir);
        rc = write_csv(&compare, dir, err);
        compare_close(&compare);
    }
    results_read_free(&simple);
    results_read_free(&predicted);
    return rc;
}
