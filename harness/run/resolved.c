/* SPDX-License-Identifier: BSD-3-Clause */
/* The tuned rates go with the result: its resolved profile reads them from its own folder, also after a move. */
#include "harness/run/resolved.h"

#include <string.h>

#include "harness/experiment/profile.h"

static void write_resolved(FILE *out, void *experiment)
{
    profile_write_resolved(out, experiment);
}

static void copy_file(FILE *out, void *path)
{
    char bytes[4096];
    FILE *const in = fopen(path, "re");
    for (size_t n; in && (n = fread(bytes, 1, sizeof(bytes), in)) > 0;)
        fwrite(bytes, 1, n, out);
    if (in)
        fclose(in);
}

int resolved_write(struct results *results, struct experiment *e, struct err *err)
{
    char kept[EXPERIMENT_PATH_MAX];
    int rc = 0;
    memcpy(kept, e->train.tuned, sizeof(kept));
    if (kept[0]) {
        rc = results_write(results, "tuned.yaml", copy_file, kept, err);
        snprintf(e->train.tuned, sizeof(e->train.tuned), "tuned.yaml");
    }
    if (rc == 0)
        rc = results_write(results, "resolved.yaml", write_resolved, e, err);
    memcpy(e->train.tuned, kept, sizeof(kept));
    return rc;
}
