#include <string.h>

#include "core/base/units.h"
#include "harness/preview.h"

static void append(char *out, size_t size, const char *text)
{
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "%s", text);
}

/* Is `key` among the law's parameters? They are listed by name, with or without their unit. */
static bool reads(const struct law *law, const char *key)
{
    const size_t length = strlen(key);
    const char *at = law->parameters;
    while (at && (at = strstr(at, key))) {
        const bool starts = at == law->parameters || at[-1] == ' ';
        if (starts && (at[length] == '\0' || at[length] == ' ' || at[length] == '_'))
            return true;
        at += length;
    }
    return false;
}

static void describe_parameters(const struct experiment_inject *entry, char *out, size_t size)
{
    const struct law *const law = entry->inject.law;
    const struct law_config *const config = &entry->inject.config;
    const struct {
        const char *key;
        uint64_t ns;
    } times[] = {{"shift", config->shift_ns},
                 {"mean", config->mean_ns},
                 {"scale", config->scale_ns},
                 {"median", config->median_ns},
                 {"p99", config->p99_ns}};
    char number[64];
    char word[96];
    append(out, size, law->name);
    if (reads(law, "factor")) {
        snprintf(word, sizeof(word), " factor %g", config->factor);
        append(out, size, word);
    }
    for (uint32_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (!reads(law, times[i].key))
            continue;
        units_format_ns(times[i].ns, number, sizeof(number));
        snprintf(word, sizeof(word), " %s %s", times[i].key, number);
        append(out, size, word);
    }
    if (reads(law, "alpha")) {
        snprintf(word, sizeof(word), " alpha %g", config->alpha);
        append(out, size, word);
    }
    const char *const path = *entry->trace_path ? entry->trace_path : entry->sample_path;
    if (*path) {
        const char *slash = strrchr(path, '/');
        append(out, size, " ");
        append(out, size, slash ? slash + 1 : path);
    }
}

const char *preview_describe(const struct experiment_inject *entry, char *out, size_t size)
{
    const struct inject *const inject = &entry->inject;
    char whom[96];
    *out = '\0';
    describe_parameters(entry, out, size);
    if (inject->select == SELECT_PERCENT_EACH)
        snprintf(whom, sizeof(whom), "%g %% of workers anew each iteration (transient)",
                 100 * inject->share);
    else if (inject->select == SELECT_PERCENT_ONCE)
        snprintf(whom, sizeof(whom), "%g %% of workers drawn once (permanent)",
                 100 * inject->share);
    else if (inject->select == SELECT_WORKERS)
        snprintf(whom, sizeof(whom), "%u named worker%s (permanent)", inject->worker_count,
                 inject->worker_count == 1 ? "" : "s");
    else
        snprintf(whom, sizeof(whom), "every worker, every iteration");
    append(out, size, ", ");
    append(out, size, whom);
    append(out, size, inject->scope == SCOPE_COMPUTE ? ", scope compute" : ", scope process");
    append(out, size, inject->mode == INJECT_PARK ? ", park" : ", spin");
    return out;
}
