/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/record/verdict.h"

const char *verdict_name(enum claims_verdict verdict)
{
    static const char *const name[] = {"open", "held", "refuted"};
    return name[verdict];
}
