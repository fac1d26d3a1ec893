/* SPDX-License-Identifier: BSD-3-Clause */
/* `runs`: the results that there are, the newest first. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/units.h"
#include "harness/command/command.h"
#include "harness/record/results.h"
#include "harness/record/results_read.h"

struct found {
    char path[RESULTS_PATH_MAX];
    char id[64], profile[64], clock[16], state[48];
    uint32_t policies, seeds, pass, checks;
    double bytes;
    bool newest; /* of its clock */
};

struct list {
    struct found *item; /* [count] owned */
    uint32_t count;
};

/** What the directory takes, one level of folders in it included. */
static double bytes_of(const char *path, bool deeper)
{
    double sum = 0;
    DIR *const dir = opendir(path);
    for (struct dirent *at; dir && (at = readdir(dir));) {
        char child[RESULTS_PATH_MAX + 300];
        struct stat status;
        snprintf(child, sizeof(child), "%s/%s", path, at->d_name);
        if (at->d_name[0] == '.' || lstat(child, &status) != 0)
            continue;
        if (S_ISDIR(status.st_mode))
            sum += deeper ? bytes_of(child, false) : 0;
        else
            sum += (double)status.st_size;
    }
    if (dir)
        closedir(dir);
    return sum;
}

/** Different values of `key` among the runs: they come in blocks. */
static uint32_t count_different(const json_t *runs, const char *key)
{
    uint32_t different = 0;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *const value = json_object_get(json_array_get(runs, i), key);
        bool known = false;
        for (size_t before = 0; before < i && !known; before++)
            known = json_equal(value, json_object_get(json_array_get(runs, before), key));
        different += !known;
    }
    return different;
}

static void copy_text(char *out, size_t size, const json_t *text)
{
    snprintf(out, size, "%s", json_is_string(text) ? json_string_value(text) : "?");
}

static void describe(struct found *out, const json_t *document)
{
    const json_t *const runs = json_object_get(document, "runs");
    const json_t *check;
    size_t i;
    const bool complete = json_is_true(json_object_get(document, "complete"));
    copy_text(out->id, sizeof(out->id), json_object_get(document, "id"));
    copy_text(out->profile, sizeof(out->profile), json_object_get(document, "profile"));
    copy_text(out->clock, sizeof(out->clock), json_object_get(json_array_get(runs, 0), "clock"));
    out->policies = count_different(runs, "policy");
    out->seeds = count_different(runs, "seed");
    json_array_foreach(json_object_get(document, "checks"), i, check)
    {
        out->pass += json_is_true(json_object_get(check, "pass"));
        out->checks++;
    }
    snprintf(out->state, sizeof(out->state), "%s",
             complete                                                 ? "complete"
             : json_is_true(json_object_get(document, "interrupted")) ? "interrupted"
             : strstr(out->path, "/.tmp-")                            ? "running, or killed"
                                                                      : "incomplete");
}

/** Folders without a result are none of ours. */
static int add(struct list *list, const char *path)
{
    struct err err = {{0}};
    json_t *document = NULL;
    if (results_read_document(path, &document, &err) < 0) {
        if (document || strstr(err.text, "No such file") == NULL)
            fprintf(stderr, "dawdle: warning: %s\n", err.text);
        json_decref(document);
        return 0;
    }
    struct found *const more = realloc(list->item, (list->count + 1) * sizeof(*more));
    if (more) {
        list->item = more;
        struct found *const out = &list->item[list->count++];
        *out = (struct found){.bytes = bytes_of(path, true)};
        snprintf(out->path, sizeof(out->path), "%s", path);
        describe(out, document);
    }
    json_decref(document);
    return more ? 0 : -ENOMEM;
}

/** All folders in `path`; links (`latest`) lead to what is there anyway. */
static int each_folder(struct list *list, const char *path,
                       int (*visit)(struct list *list, const char *path))
{
    int rc = 0;
    DIR *const dir = opendir(path);
    for (struct dirent *at; dir && rc == 0 && (at = readdir(dir));) {
        char child[RESULTS_PATH_MAX];
        struct stat status;
        if (!strcmp(at->d_name, ".") || !strcmp(at->d_name, "..") ||
            (size_t)snprintf(child, sizeof(child), "%s/%s", path, at->d_name) >= sizeof(child))
            continue;
        if (lstat(child, &status) == 0 && S_ISDIR(status.st_mode))
            rc = visit(list, child);
    }
    if (dir)
        closedir(dir);
    return rc;
}

static int add_profile(struct list *list, const char *path)
{
    return each_folder(list, path, add);
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct found *)b)->id, ((const struct found *)a)->id);
}

static void mark_newest(struct list *list, const char *clock)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (!strcmp(list->item[i].clock, clock)) {
            list->item[i].newest = true;
            return;
        }
}

static void print(const struct list *list)
{
    printf("  %-25s %-22s %-8s %8s %5s %8s %9s  %-12s %s\n", "result", "profile", "clock",
           "policies", "seeds", "checks", "size", "state", "folder");
    for (uint32_t i = 0; i < list->count; i++) {
        const struct found *const it = &list->item[i];
        char size[32], checks[24] = "none";
        if (it->checks > 0)
            snprintf(checks, sizeof(checks), "%u of %u", it->pass, it->checks);
        printf("%c %-25s %-22s %-8s %8u %5u %8s %9s  %-12s %s\n", it->newest ? '*' : ' ', it->id,
               it->profile, it->clock, it->policies, it->seeds, checks,
               units_short_bytes(it->bytes, size, sizeof(size)), it->state, it->path);
    }
    fputs("* the newest on its clock; checks: how many passed\n", stdout);
}

int command_runs(struct command_line *line)
{
    const char *const path = line->argument_count > 1 ? line->argument[1] : line->out;
    struct list list = {0};
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        fprintf(stderr, "dawdle: error: %s is no folder with results: nothing has been run there\n",
                path);
        return 2;
    }
    const int rc = each_folder(&list, path, add_profile);
    qsort(list.item, list.count, sizeof(*list.item), newest_first);
    mark_newest(&list, "live");
    mark_newest(&list, "virtual");
    if (rc == 0 && list.count > 0)
        print(&list);
    else if (rc == 0)
        printf("no results in %s\n", path);
    free(list.item);
    return rc < 0 ? (command_complain("not enough memory"), 1) : 0;
}
