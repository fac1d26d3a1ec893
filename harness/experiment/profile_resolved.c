/* SPDX-License-Identifier: BSD-3-Clause */
/* The resolved profile: the claim at its head, and the table of keys once more. */
#include <string.h>

#include "harness/experiment/profile_private.h"
#include "harness/profile/profile_write.h"

static void write_claim(FILE *out, const char *claim)
{
    while (*claim) {
        const size_t length = strcspn(claim, "\n");
        fprintf(out, length ? "# %.*s\n" : "#\n", (int)length, claim);
        claim += length + (claim[length] == '\n');
    }
    fputc('\n', out);
}

/** file: that origins are of; NULL: without them. */
static void write_all(FILE *out, const struct experiment *x, const char *file)
{
    const struct profile_origins *origins = x->origins;
    profile_write_section(out, KEYS_PROFILE, x, file, origins->profile, 0);
    fputs("policies:\n", out);
    for (uint32_t i = 0; i < x->policy_count; i++)
        profile_write_section(out, KEYS_POLICY, &x->policy[i], file, origins->policy[i], 4);
    if (x->inject_count)
        fputs("inject:\n", out);
    for (uint32_t i = 0; i < x->inject_count; i++)
        profile_write_section(out, KEYS_INJECT, &x->inject[i], file, origins->inject[i], 4);
    if (x->fault_count)
        fputs("faults:\n", out);
    for (uint32_t i = 0; i < x->fault_count; i++)
        profile_write_section(out, KEYS_FAULT, &x->fault[i], file, origins->fault[i], 4);
}

void profile_write_resolved(FILE *out, const struct experiment *x)
{
    write_claim(out, x->claim);
    write_all(out, x, x->origins->file);
}

void profile_write_values(FILE *out, const struct experiment *x)
{
    write_all(out, x, NULL);
}
