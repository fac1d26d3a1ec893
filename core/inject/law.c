/* The table of delay laws. Adding one: a file, a row here, its keys in struct law_config, and a test. */
#include "core/inject/law.h"

#include <stddef.h>
#include <string.h>

#include "core/inject/law_rows.h"

static const char *none_check(const struct law_config *config)
{
    (void)config;
    return NULL;
}

static uint64_t none_ns(const struct law_config *config, const struct law_draw *draw)
{
    (void)config, (void)draw;
    return 0;
}

// clang-format off
const struct law law_table[] = {
    /* name         help                                                parameters     check                  delay_ns            shorten                piece  inverts */
    {"none",        "no injected delay (control)",                      "",            none_check,            none_ns,            NULL,                  NULL,  false},
    {"slowdown",    "compute takes `factor` times as long",             "factor",      law_slowdown_check,    law_slowdown_ns,    NULL,                  NULL,  false},
    {"shifted-exp", "a constant plus an exponential delay",             "mean shift",  law_exponential_check, law_exponential_ns, NULL,                  NULL,  true},
    {"pareto",      "heavy tail: P(delay > t) = (scale/t)^alpha",       "scale alpha", law_pareto_check,      law_pareto_ns,      NULL,                  NULL,  true},
    {"lognormal",   "lognormal delay by its median and 99th percentile", "median p99", law_lognormal_check,   law_lognormal_ns,   NULL,                  NULL,  true},
    {"trace",       "replay measured compute times from a CSV file",    "file",        law_trace_check,       law_trace_ns,       law_trace_shorten,     NULL,  false},
    {"empirical",   "draw measured compute times, of a run or a file",  "from policy", law_empirical_check,   law_empirical_ns,   law_empirical_shorten, NULL,  true},
};
// clang-format on

const uint32_t law_count = sizeof(law_table) / sizeof(law_table[0]);

const struct law *law_find(const char *name)
{
    for (uint32_t i = 0; i < law_count; i++)
        if (strcmp(law_table[i].name, name) == 0)
            return &law_table[i];
    return NULL;
}
