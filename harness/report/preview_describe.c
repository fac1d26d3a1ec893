/* SPDX-License-Identifier: BSD-3-Clause */
/* One line per entry of a profile's `inject:` and `faults:`. The ordering of policies depends on each word of it. */
#include <string.h>

#include "core/base/units.h"
#include "harness/experiment/keys_tables.h"
#include "harness/report/preview.h"

static void append(char *out, size_t size, const char *text)
{
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "%s", text);
}

/** A trace in a profile speaks of its own seconds; what they become is said here. */
static void describe_trace(const struct law_config *config, char *out, size_t size)
{
    char text[96], median[32];
    if (!config->trace.seconds)
        return;
    units_short_ns(config->trace.median_s * 1e9, median, sizeof(median));
    snprintf(text, sizeof(text),
             config->absolute ? " (median %s)" : " (its median %s becomes compute.base)", median);
    append(out, size, text);
}

/** `link: normal mean 1ms sd 100us edges out loss 1%`; what is delayed is said where it is not the gradient. */
static void describe_what(const struct experiment_inject *entry, char *out, size_t size)
{
    const struct inject *const inject = &entry->inject;
    const bool link = inject->what == INJECT_LINK;
    if (inject->what != INJECT_COMPUTE) {
        append(out, size, keys_name_at(&keys_whats, inject->what).name);
        append(out, size, ":");
    }
    if (!link || strcmp(inject->law->name, "none") != 0) {
        append(out, size, *out ? " " : "");
        append(out, size, inject->law->name);
        keys_describe(KEYS_INJECT, "law", entry, out, (uint32_t)size);
        describe_trace(&inject->config, out, size);
    }
    if (link)
        keys_describe(KEYS_INJECT, "link", entry, out, (uint32_t)size);
}

static void describe_drawn(const struct experiment_inject *entry, char *out, size_t size)
{
    const struct inject *const inject = &entry->inject;
    const bool once = inject->select == SELECT_PERCENT_ONCE || inject->select == SELECT_COUNT_ONCE;
    const bool share =
        inject->select == SELECT_PERCENT_ONCE || inject->select == SELECT_PERCENT_EACH;
    const char *const of = inject->by_group ? "groups" : "workers";
    char number[64];
    snprintf(number, sizeof(number), share ? "%g %% of " : "%.0f ",
             share ? 100 * inject->share : (double)inject->count);
    append(out, size, number);
    append(out, size, of);
    append(out, size, once ? " drawn once (permanent)" : " anew each iteration (transient)");
}

static void describe_whom(const struct experiment_inject *entry, char *out, size_t size)
{
    const struct inject *const inject = &entry->inject;
    char text[96];
    if (entry->select == EXPERIMENT_SELECT_CPUKIND) {
        append(out, size, "whoever is on ");
        append(out, size, keys_name_at(&keys_cpukinds, entry->cpukind).name);
        append(out, size, " cores (permanent)");
    } else if (inject->select == SELECT_WORKERS) {
        snprintf(text, sizeof(text), "%u named %s%s (permanent)", inject->worker_count,
                 inject->by_group ? "group" : "worker", inject->worker_count == 1 ? "" : "s");
        append(out, size, text);
    } else if (inject->select == SELECT_ALL) {
        append(out, size, "every worker, every iteration");
    } else {
        describe_drawn(entry, out, size);
    }
}

static void describe_how(const struct experiment_inject *entry, char *out, size_t size)
{
    const struct inject *const inject = &entry->inject;
    char words[256] = "";
    if (inject->one_draw)
        append(out, size, ", one draw per group");
    if (inject->half_life > 0.0) {
        append(out, size, ", correlation");
        keys_describe(KEYS_INJECT, "correlation", entry, out, (uint32_t)size);
    }
    keys_describe(KEYS_INJECT, "when", entry, words, sizeof(words));
    if (*words) {
        append(out, size, ", when");
        append(out, size, words);
    }
    append(out, size, ", per ");
    append(out, size, inject->what == INJECT_LINK ? "message" : law_per(inject->law));
    if (inject->what != INJECT_COMPUTE && inject->what != INJECT_NODE)
        return; /* the worker itself answers */
    const bool process = inject->scope == SCOPE_PROCESS || inject->what == INJECT_NODE;
    append(out, size, process ? ", scope process" : ", scope compute");
    append(out, size, inject->mode == INJECT_PARK ? ", sleeping" : ", busy-waiting");
}

const char *preview_describe(const struct experiment_inject *entry, char *out, size_t size)
{
    *out = '\0';
    describe_what(entry, out, size);
    append(out, size, ", ");
    describe_whom(entry, out, size);
    describe_how(entry, out, size);
    return out;
}

const char *preview_describe_fault(const struct experiment_fault *entry, char *out, size_t size)
{
    snprintf(out, size, "%s", keys_name_at(&keys_faults, entry->fault.kind).name);
    keys_describe(KEYS_FAULT, "", entry, out, (uint32_t)size);
    return out;
}
