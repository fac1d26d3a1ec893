/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * By hand, or by whatever can set variables (ssh, systemd, a script): DAWDLE_RANK of DAWDLE_RANKS, and DAWDLE_HUB, the
 * address:port at which rank 0 waits. DAWDLE_JOB names the job, so that two of them never mix.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/launch/launch_rows.h"

/** False: it is missing, or no number in [from, to]. */
static bool number(const char *variable, uint32_t from, uint32_t to, uint32_t *out)
{
    const char *const text = getenv(variable);
    char *end = NULL;
    errno = 0;
    const unsigned long value = text ? strtoul(text, &end, 10) : 0;
    if (!text || end == text || *end || *text == '-' || errno || value < from || value > to)
        return false;
    *out = (uint32_t)value;
    return true;
}

/** 64-bit FNV-1a. */
static uint64_t token_of(const char *job)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *job; job++)
        hash = (hash ^ (uint8_t)*job) * UINT64_C(0x100000001b3);
    return hash;
}

static int find(struct launch *self, struct err *err)
{
    const char *const job = getenv("DAWDLE_JOB");
    if (!getenv("DAWDLE_RANKS") && !getenv("DAWDLE_RANK"))
        return 0;
    if (!number("DAWDLE_RANKS", 1, HUB_RANKS_MAX, &self->ranks))
        return err_set(err, -EINVAL, "DAWDLE_RANKS must be a number from 1 to %u", HUB_RANKS_MAX);
    if (!number("DAWDLE_RANK", 0, self->ranks - 1, &self->rank))
        return err_set(err, -EINVAL, "DAWDLE_RANK must be a number from 0 to %u (DAWDLE_RANKS - 1)",
                       self->ranks - 1);
    if (self->ranks > 1 && !getenv("DAWDLE_HUB"))
        return err_set(err, -EINVAL,
                       "DAWDLE_HUB must say where rank 0 waits for the others: ADDRESS:PORT");
    self->token = token_of(job ? job : "");
    return 1;
}

static int place(char place[HUB_PLACE_MAX], struct err *err)
{
    if (snprintf(place, HUB_PLACE_MAX, "%s", getenv("DAWDLE_HUB")) >= (int)HUB_PLACE_MAX)
        return err_set(err, -EINVAL, "DAWDLE_HUB is too long: expected ADDRESS:PORT");
    return 0;
}

/** Everybody knows already. */
static int share(const struct launch *self, char text[LAUNCH_TEXT_MAX], struct err *err)
{
    char at[HUB_PLACE_MAX];
    const int rc = place(at, err);
    snprintf(text, LAUNCH_TEXT_MAX, "%s %" PRIx64, at, self->token);
    return rc;
}

const struct launch_ops launch_manual = {
    .name = "manual",
    .help = "variables DAWDLE_RANK, DAWDLE_RANKS and DAWDLE_HUB (ADDRESS:PORT of rank 0)",
    .find = find,
    .place = place,
    .share = share,
};
