/* Dispatch, and the commands that are only a few lines; running profiles is matrix.c's business. */
#include "harness/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "harness/doctor.h"
#include "harness/environment.h"
#include "harness/experiment/help.h"
#include "harness/run/interrupt.h"
#include "harness/run/matrix.h"
#include "harness/preview.h"
#include "harness/experiment/profile.h"
#include "harness/results/results.h"
#include "harness/experiment/suggest.h"

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

static struct experiment *load(const struct command_line *line, const char *name)
{
    struct experiment *const e = calloc(1, sizeof(*e));
    struct profile_errors *const errors = calloc(1, sizeof(*errors));
    int rc = e && errors ? 0 : -ENOMEM;
    if (rc == 0)
        rc = profile_load(e, name, line->set, line->set_count, errors);
    if (rc < 0 && errors)
        profile_errors_print(errors, stderr);
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

/** Several profiles of one command line: all are loaded and planned before the first one starts. */
struct session {
    struct machine *machine;
    uint32_t count;
    struct experiment *experiment[COMMAND_ARGUMENTS_MAX];
    struct plan plan[COMMAND_ARGUMENTS_MAX];
    uint32_t planned;
};

static void session_close(struct session *self)
{
    for (uint32_t i = 0; i < self->planned; i++)
        plan_close(&self->plan[i]);
    for (uint32_t i = 0; i < self->count; i++)
        unload(self->experiment[i]);
    if (self->machine)
        machine_close(self->machine);
}

static int session_open(struct session *self, const struct command_line *line)
{
    struct err err = {{0}};
    bool bad = false;
    for (uint32_t i = 1; i < line->argument_count; i++) {
        self->experiment[self->count] = load(line, line->argument[i]);
        bad |= !self->experiment[self->count++];
    }
    if (bad)
        return 2;
    int rc = machine_open(&self->machine, &err);
    for (uint32_t i = 0; i < self->count && rc == 0; i++) {
        rc = plan_open(&self->plan[i], self->experiment[i], self->machine, &err);
        self->planned += rc == 0;
    }
    if (rc == 0)
        return 0;
    fprintf(stderr, "dawdle: error: %s\n", err.text);
    return rc == -EINVAL || rc == -ENODATA || rc == -ENOENT ? 2 : 3;
}

static int dry_run(const struct session *self)
{
    struct err err = {{0}};
    for (uint32_t i = 0; i < self->count; i++) {
        profile_write_resolved(stdout, self->experiment[i]);
        if (plan_print(&self->plan[i], stdout, &err) < 0) {
            fprintf(stderr, "dawdle: error: %s\n", err.text);
            return 3;
        }
    }
    return 0;
}

/** Refuse what would end in the kernel's out-of-memory killer. */
static int check_memory(const struct session *self, struct err *err)
{
    char text[64], needed[32], free_now[32];
    const char *const line = environment_field("/proc/meminfo", "MemAvailable", text, sizeof(text));
    const double available = strtod(line, NULL) * 1024;
    for (uint32_t i = 0; i < self->count; i++) {
        const double bytes =
            (double)self->plan[i].buffers_bytes + (double)self->plan[i].memory_bytes;
        if (available > 0 && bytes > available)
            return err_set(err, -ENOMEM,
                           "profile %s needs %s of memory, %s are available (fewer "
                           "judge.points or workers would need less)",
                           self->experiment[i]->name,
                           units_short_bytes(bytes, needed, sizeof(needed)),
                           units_short_bytes(available, free_now, sizeof(free_now)));
    }
    return 0;
}

static int run_all(struct session *self, const struct command_line *line)
{
    struct err err = {{0}};
    struct host host;
    size_t bytes = 0;
    if (machine_is_foreign(self->machine))
        return fprintf(stderr,
                       "dawdle: error: the machine is described by hwloc's variables; it can "
                       "be drawn and planned on, not run on\n"),
               3;
    for (uint32_t i = 0; i < self->count; i++)
        bytes = self->plan[i].memory_bytes > bytes ? self->plan[i].memory_bytes : bytes;
    if (check_memory(self, &err) < 0)
        return fprintf(stderr, "dawdle: error: %s\n", err.text), 3;
    if (results_make_folder(line->out, &err) < 0)
        return fprintf(stderr, "dawdle: error: %s\n", err.text), 3;
    if (host_open(&host, self->machine, bytes, line->out, &err) < 0)
        return fprintf(stderr, "dawdle: error: %s\n", err.text), 3;
    const struct matrix_options options = {.out = line->out, .quiet = line->quiet};
    int code = 0;
    interrupt_watch();
    for (uint32_t i = 0; i < self->count && !interrupt_seen(); i++) {
        const int one = matrix_run(&host, &self->plan[i], &options);
        code = one ? one : code;
    }
    host_close(&host);
    return code;
}

static int command_profiles(struct command_line *line)
{
    struct session *const self = calloc(1, sizeof(*self));
    if (!self)
        return complain("not enough memory"), 1;
    fold_seeds(line);
    int code = session_open(self, line);
    if (code == 0)
        code = line->dry_run ? dry_run(self) : run_all(self, line);
    session_close(self);
    free(self);
    return code;
}

static int command_list(struct command_line *line)
{
    return list_print(stdout, stderr, line->argument_count > 1 ? line->argument[1] : NULL);
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
    for (uint32_t i = 0; i < self->count && code == 0; i++) {
        struct cell cell;
        if (cell_open(&cell, &self->plan[i].common, 0, 0, &err) < 0) {
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
    struct experiment *const e = load(line, line->argument[2]);
    if (!e)
        return 2;
    struct err err = {{0}};
    const struct table_style style = table_style_of(stdout);
    const int rc =
        line->csv ? preview_csv(stdout, e, &err) : preview_print(stdout, &style, e, &err);
    unload(e);
    return rc < 0 ? 1 : 0;
}

static const struct command table[] = {
    {"run", command_profiles, 1, COMMAND_ARGUMENTS_MAX,
     COMMAND_SET | COMMAND_OUT | COMMAND_SEED | COMMAND_DRY_RUN | COMMAND_QUIET},
    {"list", command_list, 0, 1, 0},
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
    } names[] = {{COMMAND_SET, "set"},         {COMMAND_OUT, "out"},     {COMMAND_SEED, "seed or --repeat"},
                 {COMMAND_DRY_RUN, "dry-run"}, {COMMAND_QUIET, "quiet"}, {COMMAND_JSON, "json"}};
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
    fprintf(stderr, "\ndawdle: commands: run list topo inject doctor help (see dawdle --help)\n");
    return 2;
}

int command_run(struct command_line *line)
{
    if (line->argument_count == 0)
        return complain(
            "a command is needed: run list topo inject doctor help (see dawdle --help)");
    for (uint32_t i = 0; i < COMMANDS; i++) {
        const struct command *const command = &table[i];
        if (strcmp(command->name, line->argument[0]))
            continue;
        const uint32_t arguments = line->argument_count - 1;
        if (arguments < command->arguments_min || arguments > command->arguments_max) {
            fprintf(stderr, "dawdle: error: %s takes %s %u arguments, %u given (see dawdle --help)\n",
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
