/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A loader on a file of pseudo-random bytes, and a kernel that misbehaves on demand.
 */
#ifndef TESTS_UNIT_SUPPORT_LOADER_H
#define TESTS_UNIT_SUPPORT_LOADER_H

#include "core/base/rng.h"
#include "core/worker/loader_internal.h"
#include "tests/unit/support_worker.h"

struct rig {
    struct loader_config config;
    struct loader *loader;
    unsigned char *content;
    size_t content_bytes;
    char path[1024];
    struct err err;
};

/** The file alone, for a loader that is not to open. */
void rig_file(struct rig *rig, size_t bytes);
/** loader_open's answer. */
int rig_open(struct rig *rig);
/** A loader in this very tier; the test is skipped, with the reason, where the host has none. */
void rig_make(struct rig *rig, struct loader_config config, size_t tail_bytes);
void rig_free(struct rig *rig);

/** Poll until a batch of the worker is there: 0, or the error that ended it. */
int rig_wait(struct rig *rig, uint32_t worker);
/** The batch that is there has the bytes of the file. */
void rig_expect_bytes(struct rig *rig, uint32_t worker);
/** Request a batch of worker 0, wait for it, and compare it with the file. */
void rig_read(struct rig *rig, const uint32_t *index);
/** The loader failed with this code and sentence, behind the path of the file. */
void rig_expect_error(struct rig *rig, int code, const char *text);

/** Record numbers of a batch: the first, the last, a pair of neighbours, a duplicate, the rest at random. */
void rig_draw(struct rng *rng, const struct loader_config *config, uint32_t *index);

/** A thousand records of 256 bytes, one worker; `impatient`: reads may fail for a millisecond. */
struct loader_config small_in(enum loader_tier tier);
struct loader_config impatient_in(enum loader_tier tier);

/** What goes wrong from use_faults() on. */
extern struct kernel_fault {
    int setup_code;       /* returned by every setup */
    unsigned flags_known; /* others are EINVAL, as on an older kernel */
    int register_code;
    int result; /* stands in for the next `results` results */
    unsigned results;
} fault;
void use_faults(void);

/** A test of the suite in each tier, which is *tier. Needs criterion/parameterized.h. */
#define IN_EACH_TIER(suite, name)                                                         \
    ParameterizedTestParameters(suite, name)                                              \
    {                                                                                     \
        static enum loader_tier each[] = {LOADER_DIRECT, LOADER_BUFFERED, LOADER_PREADV}; \
        return cr_make_param_array(enum loader_tier, each, 3);                            \
    }                                                                                     \
    ParameterizedTest(enum loader_tier *tier, suite, name)

#endif
