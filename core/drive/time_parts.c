/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/drive/time_parts.h"

const char *const part_name[PART_COUNT] = {
    [PART_LOAD] = "load",       [PART_COMPUTE] = "compute", [PART_INJECTED] = "injected",
    [PART_PUBLISH] = "publish", [PART_WAIT] = "wait",       [PART_MIX] = "mix",
    [PART_JUDGE] = "judge",     [PART_HELD] = "held",       [PART_REST] = "rest",
};
