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

/** A key on this list, or below it. */
static bool is_left_out(const struct key_section *section, const char *path)
{
    static const char *const profile[] = {
        "name",
        "seeds",
        "checks",
        "claims",
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

/** policy < policy_count: that policy's options; else the profile around the policies. */
static uint64_t digest(const struct experiment *x, uint32_t policy)
{
    const struct profile_origins *const origins = x->origins;
    char *text = NULL;
    size_t bytes = 0;
    FILE *const out = open_memstream(&text, &bytes);
    CHECK(out);
    if (policy < x->policy_count) {
        write_section(out, KEYS_POLICY, &x->policy[policy], origins->policy[policy]);
    } else {
        write_section(out, KEYS_PROFILE, x, origins->profile);
        for (uint32_t i = 0; i < x->inject_count; i++)
            write_section(out, KEYS_INJECT, &x->inject[i], origins->inject[i]);
        for (uint32_t i = 0; i < x->fault_count; i++)
            write_section(out, KEYS_FAULT, &x->fault[i], origins->fault[i]);
        fprintf(out, "metric=%s\n", target_metric_name(experiment_tuning_metric(x)));
    }
    CHECK(fclose(out) == 0);
    const uint64_t value = digest_bytes(DIGEST_START, text, bytes);
    free(text);
    return value;
}

uint64_t profile_digest(const struct experiment *experiment)
{
    return digest(experiment, UINT32_MAX);
}

uint64_t profile_digest_policy(const struct experiment *experiment, uint32_t policy)
{
    CHECK(policy < experiment->policy_count);
    return digest(experiment, policy);
}
