/* SPDX-License-Identifier: BSD-3-Clause */
/* A file that was there keeps what it has until the first run begins: a command that is refused destroys nothing. */
#include "harness/run/run_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/run/run_link.h"
#include "harness/run/run_threads.h"
#include "harness/version.h"

/** `a/run.pcapng` is a/run.3.pcapng of process 3, `a/run` is a/run.3. False: it is too long. */
static bool path_of(const struct run_capture *self, uint32_t process, char out[PATH_MAX])
{
    const char *const slash = strrchr(self->file, '/');
    const char *const name = slash ? slash + 1 : self->file;
    const char *const dot = strrchr(name, '.');
    const char *const suffix = dot && dot > name ? dot : name + strlen(name);
    return snprintf(out, PATH_MAX, "%.*s.%u%s", (int)(suffix - self->file), self->file, process,
                    suffix) < PATH_MAX;
}

/** A pipe would hold up whoever opens it until somebody reads. */
static int check_file(const char *path, struct err *err)
{
    struct stat info;
    const int file = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
    if (file < 0)
        return err_set(err, -errno, "--capture: cannot write %s: %s", path, strerror(errno));
    const bool regular = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
    close(file);
    return regular ? 0
                   : err_set(err, -ENODEV, "--capture: %s is no regular file, expected one", path);
}

int run_capture_check(const struct run_capture *self, uint32_t first, uint32_t end, struct err *err)
{
    char path[PATH_MAX];
    int rc = 0;
    if (!*self->file || self->file[strlen(self->file) - 1] == '/')
        return err_set(
            err, -EINVAL,
            "--capture: '%.64s' names no file, expected one as in --capture frames.pcapng",
            self->file);
    for (uint32_t p = first; p < end && rc == 0; p++)
        rc = path_of(self, p, path) ? check_file(path, err)
                                    : err_set(err, -EINVAL, "--capture: the path is too long");
    return rc;
}

int run_capture_open(struct run *run, uint32_t process, struct capture **out, struct err *err)
{
    const struct run_capture *const self = run->capture;
    const struct cell_common *const common = run->cell->common;
    char path[PATH_MAX], description[256];
    *out = NULL;
    /* a file that could not be written ends where it does */
    if (!self || !self->file || self->sum[process].error || !path_of(self, process, path))
        return 0;
    snprintf(description, sizeof(description), "profile %s, policy %s, seed %llu, process %u of %u",
             common->experiment->name, run->cell->policy->label,
             (unsigned long long)run->cell->seed, process, common->experiment->processes);
    const struct capture_config config = {.path = path,
                                          .from = self->sum[process].end,
                                          .interface = self->runs[process],
                                          .program = "dawdle " DAWDLE_VERSION,
                                          .name = run_link(common->experiment, common->ranks)->name,
                                          .description = description,
                                          .counts = &run->process[process].captured};
    *out = capture_open(&config, err);
    return *out ? 0 : -EIO;
}

void run_capture_add(const struct run *run, uint32_t first, uint32_t end)
{
    for (uint32_t p = first; p < end && run->capture; p++) {
        const struct capture_counts *const one = &run->process[p].captured;
        struct capture_counts *const sum = &run->capture->sum[p];
        sum->written += one->written;
        sum->dropped += one->dropped;
        sum->lost += one->lost;
        sum->error = one->error ? one->error : sum->error;
        if (one->end > sum->end) { /* else it came not so far as to begin it */
            sum->end = one->end;
            run->capture->runs[p]++;
        }
    }
}

static void say_faults(const struct run_capture *self, uint32_t process)
{
    const struct capture_counts *const sum = &self->sum[process];
    char path[PATH_MAX];
    path_of(self, process, path);
    if (sum->dropped > 0)
        fprintf(
            stderr,
            "dawdle: warning: %llu frames of process %u are not in %s: they came faster than it "
            "was written\n",
            (unsigned long long)sum->dropped, process, path);
    if (sum->error)
        fprintf(stderr, "dawdle: warning: %s ends early, %llu frames before its end: %s\n", path,
                (unsigned long long)sum->lost, strerror(sum->error));
}

/** Has anything of it been captured, or could it not? */
static bool is_used(const struct run_capture *self, uint32_t process)
{
    return self->sum[process].end != 0 || self->sum[process].error != 0;
}

void run_capture_say(const struct run_capture *self)
{
    uint64_t written = 0;
    uint32_t first = EXPERIMENT_PROCESSES_MAX, last = 0;
    char from[PATH_MAX], to[PATH_MAX];
    for (uint32_t p = EXPERIMENT_PROCESSES_MAX; self->file && p-- > 0;) {
        if (!is_used(self, p))
            continue;
        last = first == EXPERIMENT_PROCESSES_MAX ? p : last;
        first = p;
        written += self->sum[p].written;
        say_faults(self, p);
    }
    if (first == EXPERIMENT_PROCESSES_MAX || !path_of(self, first, from) ||
        !path_of(self, last, to))
        return;
    fprintf(stderr, "dawdle: captured %llu frames in %s%s%s\n", (unsigned long long)written, from,
            first < last ? " to " : "", first < last ? to : "");
}
