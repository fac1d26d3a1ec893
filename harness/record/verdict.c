/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of result.json and of the table, which must be the same. */
#include "harness/record/verdict.h"

const char *verdict_name(enum claims_verdict verdict)
{
    static const char *const name[] = {"open", "held", "refuted"};
    return name[verdict];
}
