/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a tuned rate depends on, as one number: the resolved profile less the rates themselves, what only names or reports,
 * where files happen to lie, and keys that have their default.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/digest.h"
#include "harness/experiment/profile_private.h"
#include "harness/profile/profile_values.h"
#include "harness/profile/profile_write.h"

/** A key on this list, or below it. */
static bool is_left_out(const struct key_section *section, const char *path)
{
    static const char *const profile[] = {
        "name",
        "seeds",
        "checks",
        "claims",
        "output",
        "record",
        "target",
        "sweep",
        "train.lr",
        "train.tuned",
        "data.cache",
        "data.io",
        "data.prefetch",
        "judge.points",
        "policies",
        "inject",
        "faults",
        "judge.train_samples",
        "judge.local_samples",
        "judge.stolen",
    };
    if (section == KEYS_POLICY)
        return strcmp(path, "lr") == 0 || strcmp(path, "label") == 0;
    for (uint32_t i = 0; section == KEYS_PROFILE && i < sizeof(profile) / sizeof(profile[0]); i++) {
        const size_t length = strlen(profile[i]);
        if (strncmp(path, profile[i], length) == 0 && (path[length] == '\0' || path[length] == '.'))
            return true;
    }
    return false;
}

bool profile_digest_ignores(const char *path)
{
    const char *const leaf = strrchr(path, '.');
    const bool of_list = strncmp(path, "policies.", 9) == 0 || strncmp(path, "inject.", 7) == 0 ||
                         strncmp(path, "faults.", 7) == 0;
    if (!of_list)
        return is_left_out(KEYS_PROFILE, path);
    return path[0] == 'p' && is_left_out(KEYS_POLICY, leaf + 1);
}

/** As the value is printed, for one that is not a list. Returns `out`. */
static const char *print_value(const struct key *key, const void *field, char *out, size_t size)
{
    FILE *const text = fmemopen(out, size, "w");
    CHECK(text);
    profile_value_print(text, key, field);
    CHECK(fclose(text) == 0);
    return out;
}

/**
 * Does the key have its default? Then it says nothing, so that rates outlive the keys that later versions add. A list is
 * never taken for its default, nor is what an entry is about.
 */
static bool is_default(const struct key *key, const void *base)
{
    char value[2 * EXPERIMENT_PATH_MAX] = "", usual[2 * EXPERIMENT_PATH_MAX] = "";
    char why[PROFILE_WHY_BYTES];
    max_align_t field[EXPERIMENT_PATH_MAX / sizeof(max_align_t)] = {0};
    if (!key->fallback || key->fallback == KEY_REQUIRED || key->place.items_max > 0 ||
        key->place.bytes == 0 || strcmp(key->path, "what") == 0)
        return false;
    CHECK(key->place.bytes <= sizeof(field));
    CHECK(profile_value_parse(key, key->fallback, "", field, why) == 0);
    print_value(key, field, usual, sizeof(usual));
    print_value(key, (const char *)base + key->place.offset, value, sizeof(value));
    return strcmp(value, usual) == 0;
}

static void write_section(FILE *out, const struct key_section *section, const void *base,
                          const struct profile_origin *origin)
{
    for (uint32_t i = 0; i < keys_count(section); i++) {
        const struct key *const key = keys_at(section, i);
        if (origin[i].kind == ORIGIN_UNSET || is_left_out(section, key->path) ||
            is_default(key, base))
            continue;
        fprintf(out, "%s=", key->path);
        if (key->type == KEY_FILE) {
            const char *const path = (const char *)base + key->place.offset;
            const char *const slash = strrchr(path, '/');
            fputs(slash ? slash + 1 : path, out);
        } else {
            profile_write_value(out, key, base);
        }
        fputc('\n', out);
    }
}

static void write_injects(FILE *out, const struct experiment *x)
{
    for (uint32_t i = 0; i < x->inject_count; i++)
        write_section(out, KEYS_INJECT, &x->inject[i], x->origins->inject[i]);
}

static void write_faults(FILE *out, const struct experiment *x)
{
    for (uint32_t i = 0; i < x->fault_count; i++)
        write_section(out, KEYS_FAULT, &x->fault[i], x->origins->fault[i]);
}

static void write_around(FILE *out, const struct experiment *x)
{
    write_section(out, KEYS_PROFILE, x, x->origins->profile);
    write_injects(out, x);
    write_faults(out, x);
    fprintf(out, "metric=%s\n", target_metric_name(experiment_tuning_metric(x)));
}

/** What `write` says of the experiment; to be freed. */
static char *text_of(const struct experiment *x, void (*write)(FILE *, const struct experiment *))
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    CHECK(out);
    write(out, x);
    CHECK(fclose(out) == 0);
    return text;
}

uint64_t profile_digest(const struct experiment *experiment)
{
    char *const text = text_of(experiment, write_around);
    const uint64_t value = digest_bytes(DIGEST_START, text, strlen(text));
    free(text);
    return value;
}

uint64_t profile_digest_policy(const struct experiment *experiment, uint32_t policy)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    CHECK(out && policy < experiment->policy_count);
    write_section(out, KEYS_POLICY, &experiment->policy[policy],
                  experiment->origins->policy[policy]);
    CHECK(fclose(out) == 0);
    const uint64_t value = digest_bytes(DIGEST_START, text, bytes);
    free(text);
    return value;
}

static bool says_the_same(const struct experiment *a, const struct experiment *b,
                          void (*write)(FILE *, const struct experiment *))
{
    char *const one = text_of(a, write), *const other = text_of(b, write);
    const bool same = strcmp(one, other) == 0;
    free(one);
    free(other);
    return same;
}

/** With the shape of what was read from files, which may have changed under their names. */
static void write_disturbances(FILE *out, const struct experiment *x)
{
    write_injects(out, x);
    for (uint32_t i = 0; i < x->inject_count; i++) {
        const struct law_config *const law = &x->inject[i].inject.config;
        fprintf(out, "%u %u %.12g %u\n", law->trace.steps, law->trace.workers, law->trace.median_s,
                law->sample.count);
    }
}

bool profile_same_injects(const struct experiment *a, const struct experiment *b)
{
    return says_the_same(a, b, write_disturbances);
}

bool profile_same_faults(const struct experiment *a, const struct experiment *b)
{
    return says_the_same(a, b, write_faults);
}
