/* SPDX-License-Identifier: BSD-3-Clause */
/* `plot`: result directories become a figure. It is drawn in memory first, so that an error leaves no file behind. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/command/command.h"
#include "harness/command/convert.h"
#include "harness/command/output.h"
#include "harness/report/figure.h"

static int refuse(int rc, const struct err *err)
{
    command_complain(err->text);
    return rc == -ENOMEM ? 1 : rc == -ENOPKG || rc == -EIO || rc == -ENOSPC ? 3 : 2;
}

static int read_width(const char *text, bool *wide, struct err *err)
{
    *wide = text && strcmp(text, "double") == 0;
    if (!text || *wide || strcmp(text, "single") == 0)
        return 0;
    return err_set(err, -EINVAL, "--width: '%.64s' is neither single (84 mm) nor double (174 mm)",
                   text);
}

/** All that the command line can be wrong in, before anything is read. */
static int read_options(const struct command_line *line, const struct figure_row **row,
                        struct figure_options *out, struct err *err)
{
    *out = (struct figure_options){.only = line->only,
                                   .metric = line->metric,
                                   .one_seed = command_used(line, COMMAND_SEED),
                                   .seed = line->seed};
    *row = figure_find(line->figure ? line->figure : "convergence", err);
    if (!*row)
        return -EINVAL;
    int rc = read_width(line->width, &out->wide, err);
    if (rc == 0 && command_used(line, COMMAND_OUT))
        rc = convert_check(line->out, err);
    if (rc == 0 && command_used(line, COMMAND_OUT)) {
        char folder[4096];
        output_folder_of(line->out, folder, sizeof(folder));
        rc = output_check_folder(folder, err);
    }
    return rc;
}

/** runs/NAME holds results, and is none. */
static void hint_latest(const char *dir, struct err *err)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/result.json", dir);
    if (access(path, F_OK) == 0)
        return;
    snprintf(path, sizeof(path), "%s/latest/result.json", dir);
    const bool latest = access(path, F_OK) == 0;
    err_set(err, 0, "%.256s is no result directory: %s%s%.128s%s", dir,
            access(dir, F_OK) == 0 ? "it holds no result.json" : "there is no such folder",
            latest ? "; did you mean " : "", latest ? dir : "", latest ? "/latest?" : "");
}

static int read_all(const struct command_line *line, struct results_runs *result, uint32_t count,
                    struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        rc = results_runs_read(line->argument[1 + i], &result[i], err);
        if (rc == -ENOENT)
            hint_latest(line->argument[1 + i], err);
        if (rc == 0 && result[i].interrupted)
            fprintf(stderr, "dawdle: warning: %s was interrupted: some of its runs are missing\n",
                    result[i].dir);
    }
    return rc;
}

static int put(const struct command_line *line, const char *svg, size_t bytes, struct err *err)
{
    if (command_used(line, COMMAND_OUT))
        return convert_write(line->out, svg, bytes, err);
    if (fwrite(svg, 1, bytes, stdout) == bytes && fflush(stdout) == 0)
        return 0;
    return err_set(err, -EIO, "cannot write to standard output: %s", strerror(errno));
}

static int draw(const struct command_line *line, const struct figure_row *row,
                const struct figure_options *options, const struct results_runs *result,
                uint32_t count, struct err *err)
{
    char *svg = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&svg, &bytes);
    if (!out)
        return err_set(err, -ENOMEM, "not enough memory for the figure");
    int rc = figure_draw(row, result, count, options, out, err);
    if (fclose(out) != 0 && rc == 0)
        rc = err_set(err, -ENOMEM, "not enough memory for the figure");
    if (rc == 0)
        rc = put(line, svg, bytes, err);
    free(svg);
    return rc;
}

int command_plot(struct command_line *line)
{
    const uint32_t count = line->argument_count - 1;
    const struct figure_row *row;
    struct figure_options options;
    struct err err = {.text = ""};
    int rc = read_options(line, &row, &options, &err);
    if (rc < 0)
        return refuse(rc, &err);
    struct results_runs *const result = calloc(count, sizeof(*result));
    if (!result)
        return command_complain("not enough memory"), 1;
    rc = read_all(line, result, count, &err);
    if (rc == 0)
        rc = draw(line, row, &options, result, count, &err);
    for (uint32_t i = 0; i < count; i++)
        results_runs_free(&result[i]);
    free(result);
    return rc < 0 ? refuse(rc, &err) : 0;
}
