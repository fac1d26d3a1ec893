/* Dispatch, and the commands that are only a few lines; running profiles is matrix.c's business. */
#include "harness/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/units.h"
#include "harness/doctor.h"
#include "harness/environment.h"
#include "harness/experiment/help.h"
#include "harness/experiment/profile.h"
#include "harness/experiment/suggest.h"
#include "harness/fuzz/fuzz.h"
#include "harness/preview.h"
#include "harness/results/results.h"
#include "harness/run/interrupt.h"
#include "harness/run/matrix.h"
#include "harness/run/replay.h"
#include "harness/run/run_virtual.h"
#include "harness/run/sweep.h"
#include "harness/tune/tune.h"
#include "harness/twin/twin.h"

#define COLUMNS 100u

struct command {
    const char *name;
    int (*run)(struct command_line *line);
    uint32_t arguments_min, arguments_max; /* after the name */
    unsigned options;
};

static int complain(const char *text)
{
    fprintf(stderr, "dawdle: error: %s\n", text);
    return 2;
}

/** --seed and --repeat are short for the profile's `seeds`. */
static void fold_seeds(struct command_line *line)
{
    const uint32_t count = line->repeat ? line->repeat : 1;
    if (!line->has_seed && !line->repeat)
        return;
    if (!line->has_seed) {
        snprintf(line->seed_set, sizeof(line->seed_set), "seeds=%u", count);
    } else {
        size_t used = (size_t)snprintf(line->seed_set, sizeof(line->seed_set), "seeds=[");
        for (uint32_t i = 0; i < count && used + 16 < sizeof(line->seed_set); i++)
            used += (size_t)snprintf(line->seed_set + used, sizeof(line->seed_set) - used, "%s%u",
                                     i ? ", " : "", line->seed + i);
        snprintf(line->seed_set + used, sizeof(line->seed_set) - used, "]");
    }
    line->set[line->set_count++] = line->seed_set;
}

/** `sim` is short for the profile's `clock: virtual`. */
static void force_virtual(struct command_line *line)
{
    line->set[line->set_count++] = "clock=virtual";
}

/** The profile with all values of its sweep; sweep_close is due even after an error, which was printed. */
static int load_swept(struct sweep *out, const struct command_line *line, const char *name)
{
    struct profile_errors *const errors = calloc(1, sizeof(*errors));
    if (!errors)
        return -ENOMEM;
    const int rc = sweep_load(out, name, line->set, line->set_count, errors);
    profile_errors_print(errors, stderr);
    profile_errors_free(errors);
    free(errors);
    return rc;
}

static bool is_live(const struct experiment *e)
{
    return e->clock == CLOCK_LIVE;
}

/** Several profiles of one command line: all are loaded and planned before the first one starts. */
struct session {
    struct machine *machine; /* NULL: nothing runs live */
    uint32_t threads;        /* of virtual runs */
    uint32_t count;
    struct sweep sweep[COMMAND_ARGUMENTS_MAX];
    struct tuned_file *tuned; /* NULL, or the profile (one) is to be tuned */
};

static void session_close(struct session *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        sweep_close(&self->sweep[i]);
    if (self->machine)
        machine_close(self->machine);
}

static int session_open(struct session *self, const struct command_line *line)
{
    struct err err = {{0}};
    bool bad = false;
    for (uint32_t i = 1; i < line->argument_count; i++)
        bad |= load_swept(&self->sweep[self->count++], line, line->argument[i]) < 0;
    if (bad)
        return 2;
    if (self->tuned && tune_prepare(self->sweep[0].written, self->tuned, &err) < 0)
        return complain(err.text);
    bool live = false, simulated = false;
    for (uint32_t i = 0; i < self->count; i++) {
        live |= is_live(self->sweep[i].written);
        simulated |= !is_live(self->sweep[i].written);
    }
    if (line->threads && !simulated)
        return complain("--threads is for virtual time; live, workers.cores says how many");
    self->threads = line->threads ? line->threads : virtual_threads();
    int rc = live ? machine_open(&self->machine, &err) : 0;
    for (uint32_t i = 0; i < self->count && rc == 0; i++)
        rc = sweep_plan(&self->sweep[i], self->machine, &err);
    if (rc == 0)
        return 0;
    fprintf(stderr, "dawdle: error: %s\n", err.text);
    return rc == -EINVAL || rc == -ENODATA || rc == -ENOENT ? 2 : 3;
}

static int dry_run(struct session *self)
{
    struct err err = {{0}};
    for (uint32_t i = 0; i < self->count; i++) {
        profile_write_resolved(stdout, self->sweep[i].written);
        if (sweep_print(&self->sweep[i], self->threads, stdout, &err) < 0) {
            fprintf(stderr, "dawdle: error: %s\n", err.text);
            return 3;
        }
    }
    return 0;
}

/** The most of any plan. */
static size_t largest(const struct session *self, size_t (*of)(const struct plan *plan),
                      const struct plan **which)
{
    size_t most = 0;
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t v = 0; v < self->sweep[i].values; v++) {
            const struct plan *const plan = &self->sweep[i].plan[v];
            if (of(plan) <= most && most > 0)
                continue;
            most = of(plan);
            *which = plan;
        }
    return most;
}

static size_t eal_bytes(const struct plan *plan)
{
    return plan->memory_bytes;
}

static size_t all_bytes(const struct plan *plan)
{
    return plan->buffers_bytes + plan->memory_bytes;
}

/** Refuse what would end in the kernel's out-of-memory killer. */
static int check_memory(const struct session *self, struct err *err)
{
    char text[64], needed[32], free_now[32];
    const char *const line = environment_field("/proc/meminfo", "MemAvailable", text, sizeof(text));
    const double available = strtod(line, NULL) * 1024;
    const struct plan *plan = NULL;
    const double bytes = (double)largest(self, all_bytes, &plan);
    if (available <= 0 || bytes <= available)
        return 0;
    return err_set(err, -ENOMEM,
                   "profile %s needs %s of memory, %s are available (fewer "
                   "judge.points or workers would need less)",
                   plan->experiment->name, units_short_bytes(bytes, needed, sizeof(needed)),
                   units_short_bytes(available, free_now, sizeof(free_now)));
}

/** Everything that could refuse a run on this host, before the first one starts. Only live runs need a host of their own. */
static int open_host(const struct session *self, const char *out, struct host *host,
                     struct err *err)
{
    const struct plan *plan = NULL;
    if (self->machine && machine_is_foreign(self->machine))
        return err_set(err, -ENODEV,
                       "the machine is described by hwloc's variables; it can be drawn and planned "
                       "on, not run on");
    int rc = check_memory(self, err);
    if (rc == 0)
        rc = results_make_folder(out, err);
    if (rc == 0 && self->machine)
        rc = host_open(host, self->machine, largest(self, eal_bytes, &plan), out, err);
    return rc;
}

/** dir: [RESULTS_PATH_MAX] gets where the results of the last profile are. */
static int run_all(struct session *self, const struct command_line *line, char *dir)
{
    struct err err = {{0}};
    struct host host;
    if (open_host(self, line->out, &host, &err) < 0)
        return fprintf(stderr, "dawdle: error: %s\n", err.text), 3;
    const struct matrix_options options = {.out = line->out,
                                           .quiet = line->quiet,
                                           .threads = self->threads,
                                           .dir = dir,
                                           .dir_bytes = RESULTS_PATH_MAX};
    int code = 0;
    interrupt_watch();
    for (uint32_t i = 0; i < self->count && !interrupt_seen(); i++) {
        struct host *const its_host = is_live(self->sweep[i].written) ? &host : NULL;
        const int one = matrix_run(its_host, &self->sweep[i], &options);
        code = one ? one : code;
    }
    if (self->machine)
        host_close(&host);
    return code;
}

static int command_profiles(struct command_line *line)
{
    struct session *const self = calloc(1, sizeof(*self));
    char dir[RESULTS_PATH_MAX];
    if (!self)
        return complain("not enough memory"), 1;
    fold_seeds(line);
    int code = session_open(self, line);
    if (code == 0)
        code = line->dry_run ? dry_run(self) : run_all(self, line, dir);
    session_close(self);
    free(self);
    return code;
}

/** `<name>.tuned.yaml` unless --out says otherwise; `folder` is where it lies. */
static void tuned_path(const struct command_line *line, const struct experiment *e, char *path,
                       char *folder, size_t size)
{
    if (line->used & COMMAND_OUT)
        snprintf(path, size, "%s", line->out);
    else
        snprintf(path, size, "%s.tuned.yaml", e->name);
    snprintf(folder, size, "%s", path);
    char *const slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    else
        snprintf(folder, size, ".");
}

static int tune_planned(struct session *self, const struct command_line *line)
{
    struct err err = {{0}};
    struct host host;
    char path[EXPERIMENT_PATH_MAX], folder[EXPERIMENT_PATH_MAX];
    if (line->dry_run) {
        const int code = dry_run(self);
        if (code == 0 &&
            tune_print(&self->sweep[0].plan[0], self->tuned, self->threads, stdout, &err) < 0)
            return complain(err.text), 3;
        return code;
    }
    tuned_path(line, self->sweep[0].written, path, folder, sizeof(path));
    if (open_host(self, folder, &host, &err) < 0)
        return fprintf(stderr, "dawdle: error: %s\n", err.text), 3;
    const struct tune_options options = {
        .out = path, .quiet = line->quiet, .threads = self->threads};
    interrupt_watch();
    const int code =
        tune_run(self->machine ? &host : NULL, &self->sweep[0].plan[0], self->tuned, &options);
    if (self->machine)
        host_close(&host);
    return code;
}

static int command_tune(struct command_line *line)
{
    struct session *const self = calloc(1, sizeof(*self));
    struct tuned_file *const tuned = calloc(1, sizeof(*tuned));
    if (!self || !tuned)
        return free(self), free(tuned), complain("not enough memory"), 1;
    line->set[line->set_count++] =
        "train.tuned=";                      /* the old rates, stale or not, are no part of it */
    line->set[line->set_count++] = "sweep="; /* rates are those of the profile as it is written */
    self->tuned = tuned;
    int code = session_open(self, line);
    if (code == 0)
        code = tune_planned(self, line);
    session_close(self);
    free(self);
    free(tuned);
    return code;
}

/** What --like found out goes before the user's own --set, which win. */
static void fold_calibration(struct command_line *line, const struct calibration *found)
{
    memmove(line->set + found->sets, line->set, line->set_count * sizeof(line->set[0]));
    for (uint32_t i = 0; i < found->sets; i++)
        line->set[i] = found->set[i];
    line->set_count += found->sets;
}

static int imitate(struct session *self, const struct twin *twin, const struct command_line *line)
{
    struct err err = {{0}};
    char dir[RESULTS_PATH_MAX] = "";
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->sweep[i].values > 1)
            return complain("--like and --against take one experiment; take the sweep back with "
                            "--set sweep=");
        self->sweep[i].plan[0].common.imitated = &twin->host;
        if (twin_check(twin, self->sweep[i].written, &err) < 0)
            return complain(err.text);
    }
    if (line->like)
        calibrate_print(stdout, &twin->calibration, line->like);
    if (line->dry_run)
        return dry_run(self);
    const int code = run_all(self, line, dir);
    const bool complete = code == 0 || code == 4;
    if (complete && line->against && twin_compare(twin, dir, stdout, &err) < 0)
        return complain(err.text);
    return code;
}

/** `sim` with --like or --against. */
static int command_twin(struct command_line *line)
{
    struct err err = {{0}};
    struct session *const self = calloc(1, sizeof(*self));
    struct twin *const twin = calloc(1, sizeof(*twin));
    int code = 0;
    if (!self || !twin)
        code = (complain("not enough memory"), 1);
    else if (twin_open(twin, line->like, line->against, line->hindsight, &err) < 0)
        code = complain(err.text);
    if (code == 0) {
        fold_seeds(line);
        fold_calibration(line, &twin->calibration);
        code = session_open(self, line);
    }
    if (code == 0)
        code = imitate(self, twin, line);
    if (self)
        session_close(self);
    if (twin)
        twin_close(twin);
    free(twin);
    free(self);
    return code;
}

/** Not a result directory: say so, rather than that a profile is missing. */
static int check_result(const char *dir, char *profile, size_t size)
{
    char latest[4200];
    snprintf(profile, size, "%s/resolved.yaml", dir);
    if (access(profile, F_OK) == 0)
        return 0;
    snprintf(latest, sizeof(latest), "%s/latest/resolved.yaml", dir);
    fprintf(stderr, "dawdle: error: %s is no result directory: it holds no resolved.yaml", dir);
    if (access(latest, F_OK) == 0)
        fprintf(stderr, "; did you mean %s/latest?", dir);
    fputc('\n', stderr);
    return 2;
}

static int command_replay(struct command_line *line)
{
    const char *const dir = line->argument[1];
    char path[4200];
    struct command_line inner = *line;
    if (check_result(dir, path, sizeof(path)))
        return 2;
    struct session *const self = calloc(1, sizeof(*self));
    if (!self)
        return complain("not enough memory"), 1;
    inner.argument[1] = path;
    int code = session_open(self, &inner);
    const struct replay_options options = {.parameters = line->parameters};
    for (uint32_t v = 0; (code == 0 || v > 0) && v < self->sweep[0].values; v++) {
        char title[2 * EXPERIMENT_SWEEP_TEXT_MAX + 8];
        if (*sweep_title(self->sweep[0].experiment[v], title, sizeof(title)))
            printf("%s\n", title);
        const int one = replay_all(dir, &self->sweep[0].plan[v], &options, stdout);
        code = one > code ? one : code;
    }
    session_close(self);
    free(self);
    return code;
}

static int fuzz(const struct command_line *line)
{
    const struct fuzz_config config = {
        .from = line->fuzz_from, .seeds = line->fuzz, .policy = line->fuzz_policy};
    struct fuzz_result result;
    if (line->argument_count > 1 || line->fuzz == 0 || line->used != COMMAND_FUZZ)
        return complain("expected `sim --fuzz SEEDS [--from N] [--policy NAME]`, and nothing else");
    if (line->fuzz_policy && !policy_find(line->fuzz_policy))
        return complain("--policy: no such policy (see dawdle list policies)");
    interrupt_watch();
    const int code = fuzz_run(&config, stdout, &result);
    if (code == 3)
        return complain("no child process could be made for the scenarios"), 3;
    printf("%llu scenarios, %llu with parameters, %llu events: %u broke an invariant\n",
           (unsigned long long)result.seeds, (unsigned long long)result.values,
           (unsigned long long)result.events, result.findings);
    return code == 0 && result.seeds < config.seeds ? 5 : code;
}

static int command_sim(struct command_line *line)
{
    if (line->used & COMMAND_FUZZ)
        return fuzz(line);
    if (line->argument_count < 2)
        return complain("sim takes at least 1 arguments, 0 given (see dawdle --help)");
    force_virtual(line);
    if (line->against && line->argument_count > 2)
        return complain("--against compares one profile");
    return line->like || line->against || line->hindsight ? command_twin(line)
                                                          : command_profiles(line);
}

static int command_list(struct command_line *line)
{
    const char *const what = line->argument_count > 1 ? line->argument[1] : NULL;
    if (line->detailed)
        return list_print_long(stdout, stderr, what);
    return list_print(stdout, stderr, what);
}

static int command_help(struct command_line *line)
{
    return help_print(stdout, stderr, line->argument_count > 1 ? line->argument[1] : NULL);
}

static int command_doctor(struct command_line *line)
{
    const struct table_style style = table_style_of(stdout);
    const struct doctor_extra extra = {.dpdk_version = DAWDLE_DPDK_VERSION};
    return doctor_run(stdout, &style, line->json, &extra);
}

static int command_topo(struct command_line *line)
{
    struct session *const self = calloc(1, sizeof(*self));
    struct command_line shipped = *line;
    struct err err = {{0}};
    if (!self)
        return complain("not enough memory"), 1;
    if (shipped.argument_count == 1)
        shipped.argument[shipped.argument_count++] = "quickstart";
    int code = session_open(self, &shipped);
    if (code == 0 && !self->machine)
        code =
            complain("workers in virtual time are placed on no machine; a live profile is needed");
    for (uint32_t i = 0; i < self->count && code == 0; i++) {
        struct cell cell;
        if (cell_open(&cell, &self->sweep[i].plan[0].common, 0, 0, &err) < 0) {
            code = complain(err.text);
            break;
        }
        printf("%s\n", machine_summary(self->machine));
        place_draw(stdout, self->machine, &cell.graph, &cell.placement, COLUMNS);
        cell_close(&cell);
    }
    session_close(self);
    free(self);
    return code;
}

static int command_inject(struct command_line *line)
{
    if (strcmp(line->argument[1], "preview"))
        return complain("expected `inject preview PROFILE`");
    fold_seeds(line);
    struct sweep sweep = {0};
    struct err err = {{0}};
    const struct table_style style = table_style_of(stdout);
    int rc = load_swept(&sweep, line, line->argument[2]);
    const int code = rc < 0 ? 2 : 1;
    if (rc == 0 && line->csv && sweep.values > 1) {
        sweep_close(&sweep);
        return complain("--csv is for one experiment; take the sweep back with --set sweep=");
    }
    for (uint32_t v = 0; rc == 0 && v < sweep.values; v++) {
        char title[2 * EXPERIMENT_SWEEP_TEXT_MAX + 8];
        if (*sweep_title(sweep.experiment[v], title, sizeof(title)) && !line->csv)
            printf("%s\n", title);
        rc = line->csv ? preview_csv(stdout, sweep.experiment[v], &err)
                       : preview_print(stdout, &style, sweep.experiment[v], &err);
    }
    sweep_close(&sweep);
    return rc < 0 ? code : 0;
}

static const struct command table[] = {
    {"run", command_profiles, 1, COMMAND_ARGUMENTS_MAX,
     COMMAND_SET | COMMAND_OUT | COMMAND_SEED | COMMAND_DRY_RUN | COMMAND_QUIET | COMMAND_THREADS},
    {"sim", command_sim, 0, COMMAND_ARGUMENTS_MAX,
     COMMAND_SET | COMMAND_OUT | COMMAND_SEED | COMMAND_DRY_RUN | COMMAND_QUIET | COMMAND_THREADS |
         COMMAND_LIKE | COMMAND_AGAINST | COMMAND_HINDSIGHT | COMMAND_FUZZ},
    {"tune", command_tune, 1, 1,
     COMMAND_SET | COMMAND_OUT | COMMAND_DRY_RUN | COMMAND_QUIET | COMMAND_THREADS},
    {"replay", command_replay, 1, 1, COMMAND_PARAMETERS},
    {"list", command_list, 0, 1, COMMAND_LONG},
    {"topo", command_topo, 0, 1, COMMAND_SET},
    {"inject", command_inject, 2, 2, COMMAND_SET | COMMAND_SEED | COMMAND_CSV},
    {"doctor", command_doctor, 0, 0, COMMAND_JSON},
    {"help", command_help, 0, 1, 0},
};
#define COMMANDS (sizeof(table) / sizeof(table[0]))

/** Name of the first of these options. */
static const char *option_name(unsigned options)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{COMMAND_SET, "set"},
                 {COMMAND_OUT, "out"},
                 {COMMAND_SEED, "seed or --repeat"},
                 {COMMAND_DRY_RUN, "dry-run"},
                 {COMMAND_QUIET, "quiet"},
                 {COMMAND_JSON, "json"},
                 {COMMAND_THREADS, "threads"},
                 {COMMAND_LONG, "long"},
                 {COMMAND_FUZZ, "fuzz"},
                 {COMMAND_PARAMETERS, "parameters"},
                 {COMMAND_LIKE, "like"},
                 {COMMAND_AGAINST, "against"},
                 {COMMAND_HINDSIGHT, "hindsight"}};
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (options & names[i].bit)
            return names[i].name;
    return "csv";
}

static int unknown_command(const char *name)
{
    struct suggest near = {.typed = name};
    for (uint32_t i = 0; i < COMMANDS; i++)
        suggest_offer(&near, table[i].name);
    fprintf(stderr, "dawdle: error: unknown command '%s'", name);
    if (near.best)
        fprintf(stderr, "; did you mean '%s'?", near.best);
    fprintf(stderr, "\ndawdle: commands: run sim tune replay list topo inject doctor help (see "
                    "dawdle --help)\n");
    return 2;
}

int command_run(struct command_line *line)
{
    if (line->argument_count == 0)
        return complain("a command is needed: run sim tune replay list topo inject doctor help "
                        "(see dawdle --help)");
    for (uint32_t i = 0; i < COMMANDS; i++) {
        const struct command *const command = &table[i];
        if (strcmp(command->name, line->argument[0]))
            continue;
        const uint32_t arguments = line->argument_count - 1;
        if (arguments < command->arguments_min || arguments > command->arguments_max) {
            fprintf(stderr,
                    "dawdle: error: %s takes %s %u arguments, %u given (see dawdle --help)\n",
                    command->name, arguments < command->arguments_min ? "at least" : "at most",
                    arguments < command->arguments_min ? command->arguments_min
                                                       : command->arguments_max,
                    arguments);
            return 2;
        }
        if (line->used & ~command->options) {
            fprintf(stderr, "dawdle: error: %s does not use --%s\n", command->name,
                    option_name(line->used & ~command->options));
            return 2;
        }
        return command->run(line);
    }
    return unknown_command(line->argument[0]);
}
