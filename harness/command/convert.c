/* SPDX-License-Identifier: BSD-3-Clause */
/* .pdf and .png are made by rsvg-convert, a program of its own: nothing of it has to be linked, or be there. */
#include "harness/command/convert.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIXELS_PER_INCH "300"
#define POINTS_PER_INCH "72"

extern char **environ;

static const char *kind_of(const char *path)
{
    static const char *const kinds[] = {"svg", "pdf", "png"};
    const char *const slash = strrchr(path, '/'), *const dot = strrchr(path, '.');
    for (size_t i = 0; dot && (!slash || dot > slash + 1) && i < 3; i++)
        if (strcasecmp(dot + 1, kinds[i]) == 0)
            return kinds[i];
    return NULL;
}

int convert_check(const char *path, struct err *err)
{
    if (kind_of(path))
        return 0;
    return err_set(err, -EINVAL, "--out %.256s: expected a file that ends in .svg, .pdf or .png",
                   path);
}

/** rsvg-convert reads `in` and writes `path`. 0, or -errno. */
static int run_converter(const char *kind, FILE *in, const char *path, struct err *err)
{
    char *const dpi = strcmp(kind, "pdf") == 0 ? POINTS_PER_INCH : PIXELS_PER_INCH;
    char *const words[] = {"rsvg-convert", "--format", (char *)kind, "--dpi-x",    dpi,
                           "--dpi-y",      dpi,        "--output",   (char *)path, NULL};
    posix_spawn_file_actions_t files;
    pid_t child;
    int status = 0;
    setenv("SOURCE_DATE_EPOCH", "0",
           0); /* or a PDF would say when it was made, and never be the same */
    int rc = -posix_spawn_file_actions_init(&files);
    if (rc == 0) {
        rc = -posix_spawn_file_actions_adddup2(&files, fileno(in), STDIN_FILENO);
        if (rc == 0)
            rc = -posix_spawnp(&child, words[0], &files, NULL, words, environ);
        posix_spawn_file_actions_destroy(&files);
    }
    if (rc == -ENOENT)
        return err_set(err, -ENOPKG,
                       "a .%s is made by rsvg-convert, which is not here: apt-get install "
                       "librsvg2-bin, or give --out a name that ends in .svg",
                       kind);
    if (rc < 0)
        return err_set(err, rc, "cannot start rsvg-convert: %s", strerror(-rc));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return err_set(err, -EIO, "rsvg-convert could not make the .%s; its words are above", kind);
}

static int convert(const char *kind, const char *svg, size_t bytes, const char *path,
                   struct err *err)
{
    FILE *const in = tmpfile();
    if (!in)
        return err_set(err, -errno, "no temporary file: %s", strerror(errno));
    int rc = fwrite(svg, 1, bytes, in) == bytes && fflush(in) == 0 ? 0 : -EIO;
    rewind(in); /* the child reads from where the parent is */
    if (rc < 0)
        err_set(err, rc, "cannot write a temporary file: %s", strerror(errno));
    else
        rc = run_converter(kind, in, path, err);
    fclose(in);
    return rc;
}

static int write_plain(const char *svg, size_t bytes, const char *path, struct err *err)
{
    FILE *const out = fopen(path, "we");
    if (!out)
        return err_set(err, -errno, "cannot write %.256s: %s", path, strerror(errno));
    const size_t written = fwrite(svg, 1, bytes, out);
    if (fclose(out) == 0 && written == bytes)
        return 0;
    return err_set(err, -EIO, "cannot write %.256s: %s", path, strerror(errno));
}

int convert_write(const char *path, const char *svg, size_t bytes, struct err *err)
{
    char part[PATH_MAX];
    const char *const kind = kind_of(path);
    if ((size_t)snprintf(part, sizeof(part), "%s.%d.part", path, (int)getpid()) >= sizeof(part))
        return err_set(err, -ENAMETOOLONG, "the path of --out is too long");
    int rc = write_plain(svg, bytes, part, err);
    if (rc == 0 && strcmp(kind, "svg") != 0)
        rc = convert(kind, svg, bytes, part, err);
    if (rc == 0 && rename(part, path) != 0)
        rc = err_set(err, -errno, "cannot write %.256s: %s", path, strerror(errno));
    if (rc < 0)
        unlink(part);
    return rc;
}
