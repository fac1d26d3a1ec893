/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PMI-1, the text protocol of MPICH's mpiexec (hydra): lines over the socket that PMI_FD names. Six of its commands are
 * enough, and no library is needed. Slurm's plug-in for PMI-2 answers it, too, where it is what a rank begins with.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/launch/launch_rows.h"

#define LINE_MAX_BYTES 1024
#define PATIENCE_MS 60000
#define KEY "dawdle-hub"

static int descriptor = -1;

static uint32_t number(const char *variable)
{
    const char *const text = getenv(variable);
    const long value = text ? strtol(text, NULL, 10) : 0;
    return value > 0 && value < UINT32_MAX ? (uint32_t)value : 0;
}

static int broken(struct err *err)
{
    return err_set(err, -EIO, "the launcher that PMI_FD names does not answer as PMI-1 has it");
}

/** One line, without its end. */
static int read_line(char line[LINE_MAX_BYTES], struct err *err)
{
    size_t used = 0;
    while (used + 1 < LINE_MAX_BYTES) {
        struct pollfd one = {.fd = descriptor, .events = POLLIN};
        if (poll(&one, 1, PATIENCE_MS) <= 0 || read(descriptor, line + used, 1) != 1)
            return broken(err);
        if (line[used] == '\n') {
            line[used] = 0;
            return 0;
        }
        used++;
    }
    return broken(err);
}

/** Sends a command, and reads the answer, which must begin with `wanted`. */
__attribute__((format(printf, 4, 5))) static int ask(char line[LINE_MAX_BYTES], const char *wanted,
                                                     struct err *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int bytes = vsnprintf(line, LINE_MAX_BYTES, format, arguments);
    va_end(arguments);
    if (bytes <= 0 || bytes >= LINE_MAX_BYTES || write(descriptor, line, (size_t)bytes) != bytes ||
        read_line(line, err) < 0 || strncmp(line, wanted, strlen(wanted)) != 0)
        return broken(err);
    return 0;
}

/** Of " name=value" in an answer. False: it is not there, or too long. */
static bool value_of(const char *line, const char *name, char *out, size_t size)
{
    const char *at = line;
    const size_t length = strlen(name);
    while ((at = strstr(at, name)) && !(at > line && at[-1] == ' ' && at[length] == '='))
        at++;
    if (!at)
        return false;
    at += length + 1;
    const size_t bytes = strcspn(at, " ");
    if (bytes >= size)
        return false;
    memcpy(out, at, bytes);
    out[bytes] = 0;
    return true;
}

static int find(struct launch *self, struct err *err)
{
    char line[LINE_MAX_BYTES];
    const uint32_t ranks = number("PMI_SIZE");
    if (!getenv("PMI_FD") || ranks <= 1)
        return 0;
    descriptor = (int)number("PMI_FD");
    self->ranks = ranks;
    self->rank = number("PMI_RANK");
    self->one_host = number("MPI_LOCALNRANKS") == ranks;
    if (self->rank >= ranks)
        return err_set(err, -EINVAL, "PMI_RANK is not below PMI_SIZE, which is %u", ranks);
    const int rc =
        ask(line, "cmd=response_to_init", err, "cmd=init pmi_version=1 pmi_subversion=1\n");
    return rc < 0 ? rc : 1;
}

/** Values have no spaces in this protocol. */
static void swap(char *text, char from, char to)
{
    for (; *text; text++)
        *text = *text == from ? to : *text;
}

static int exchange(const struct launch *self, char text[LAUNCH_TEXT_MAX], struct err *err)
{
    char line[LINE_MAX_BYTES], space[256];
    int rc = ask(line, "cmd=my_kvsname", err, "cmd=get_my_kvsname\n");
    if (rc == 0 && !value_of(line, "kvsname", space, sizeof(space)))
        rc = broken(err);
    swap(text, ' ', '/');
    if (rc == 0 && self->rank == 0)
        rc = ask(line, "cmd=put_result rc=0", err, "cmd=put kvsname=%s key=" KEY " value=%s\n",
                 space, text);
    if (rc == 0)
        rc = ask(line, "cmd=barrier_out", err, "cmd=barrier_in\n");
    if (rc == 0 && self->rank > 0) {
        rc = ask(line, "cmd=get_result rc=0", err, "cmd=get kvsname=%s key=" KEY "\n", space);
        if (rc == 0 && !value_of(line, "value", text, LAUNCH_TEXT_MAX))
            rc = broken(err);
    }
    swap(text, '/', ' ');
    return rc;
}

static int share(const struct launch *self, char text[LAUNCH_TEXT_MAX], struct err *err)
{
    char line[LINE_MAX_BYTES];
    struct err ignored;
    const int rc = exchange(self, text, err);
    if (rc == 0) /* a launcher that hangs up without an answer has let us go as well */
        ask(line, "cmd=finalize_ack", &ignored, "cmd=finalize\n");
    close(descriptor);
    return rc;
}

const struct launch_ops launch_pmi = {
    .name = "pmi",
    .help = "mpiexec of MPICH, srun --mpi=pmi2 of Slurm",
    .find = find,
    .share = share,
};
