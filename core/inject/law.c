/* SPDX-License-Identifier: BSD-3-Clause */
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
    /* name          help                                                      parameters                       check                   delay_ns             shorten                piece                inverts */
    {"none",         "no injected delay (control)",                            "",                              none_check,             none_ns,             NULL,                  NULL,                false},
    {"slowdown",     "compute takes `factor` times as long",                   "factor",                        law_slowdown_check,     law_slowdown_ns,     NULL,                  NULL,                false},
    {"const",        "the same delay each time",                               "delay",                         law_const_check,        law_const_ns,        NULL,                  NULL,                false},
    {"uniform",      "any delay from low to high",                             "low high",                      law_uniform_check,      law_uniform_ns,      NULL,                  NULL,                true},
    {"normal",       "normal delay, given that it is not negative",            "mean sd",                       law_normal_check,       law_normal_ns,       NULL,                  NULL,                true},
    {"lognormal",    "lognormal delay by its median and 99th percentile",      "median p99",                    law_lognormal_check,    law_lognormal_ns,    NULL,                  NULL,                true},
    {"exp",          "exponential delay",                                      "mean",                          law_exp_check,          law_exp_ns,          NULL,                  NULL,                true},
    {"shifted-exp",  "a constant plus an exponential delay",                   "mean shift",                    law_shifted_exp_check,  law_shifted_exp_ns,  NULL,                  NULL,                true},
    {"weibull",      "P(delay > t) = exp(-(t/scale)^shape)",                   "scale shape",                   law_weibull_check,      law_weibull_ns,      NULL,                  NULL,                true},
    {"gamma",        "sum of `shape` exponential delays of mean `scale`",      "scale shape",                   law_gamma_check,        law_gamma_ns,        NULL,                  NULL,                true},
    {"pareto",       "heavy tail: P(delay > t) = (scale/t)^alpha",             "scale alpha",                   law_pareto_check,       law_pareto_ns,       NULL,                  NULL,                true},
    {"paretonormal", "netem's: 1/4 normal, 3/4 Pareto, by mean and deviation", "mean sd",                       law_paretonormal_check, law_paretonormal_ns, NULL,                  NULL,                true},
    {"bimodal",      "high with probability `share`, else low",                "low high share",                law_bimodal_check,      law_bimodal_ns,      NULL,                  NULL,                true},
    {"markov",       "`factor` times as long for spells of iterations",        "factor slow fast",              law_markov_check,       law_markov_ns,       NULL,                  NULL,                false},
    {"fail-slow",    "`factor` times as long for episodes, Poisson in time",   "factor every shortest longest", law_fail_slow_check,    NULL,                NULL,                  law_fail_slow_piece, false},
    {"pause",        "stands still for `length` of every `every`",             "every length aligned",          law_pause_check,        NULL,                NULL,                  law_pause_piece,     false},
    {"duty",         "runs for `share` of each period",                        "period share aligned",          law_duty_check,         NULL,                NULL,                  law_duty_piece,      false},
    {"ramp",         "up to `factor` times as long and back in each period",   "period factor aligned",         law_ramp_check,         NULL,                NULL,                  law_ramp_piece,      false},
    {"trace",        "replay compute times; their median becomes compute.base", "file once rescale",             law_trace_check,        law_trace_ns,        law_trace_shorten,     NULL,                false},
    {"empirical",    "draw measured compute times, of a run or a file",        "from policy",                   law_empirical_check,    law_empirical_ns,    law_empirical_shorten, NULL,                true},
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

const char *law_per(const struct law *law)
{
    return law->piece ? "time" : "iteration";
}
