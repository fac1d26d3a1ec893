/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PMIx: Open MPI's mpirun, and Slurm's srun --mpi=pmix. The library is let go before anything is trained: a client that
 * dies unfinalized makes some launchers kill the whole job, and a run shall outlive its members.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/launch/launch_rows.h"

#if DAWDLE_PMIX
#include <pmix.h>

#define KEY "dawdle.hub"

static pmix_proc_t self_proc;

static int complain(struct err *err, const char *what, pmix_status_t status)
{
    return err_set(err, -EIO, "PMIx cannot %s: %s", what, PMIx_Error_string(status));
}

/** A number that the job has; 0: it does not say. */
static uint32_t of_job(const char *key)
{
    pmix_value_t *value = NULL;
    pmix_proc_t job;
    uint32_t out = 0;
    PMIX_PROC_CONSTRUCT(&job);
    PMIX_LOAD_PROCID(&job, self_proc.nspace, PMIX_RANK_WILDCARD);
    if (PMIx_Get(&job, key, NULL, 0, &value) == PMIX_SUCCESS && value->type == PMIX_UINT32)
        out = value->data.uint32;
    if (value)
        PMIX_VALUE_RELEASE(value);
    return out;
}

static int find(struct launch *self, struct err *err)
{
    if (!getenv("PMIX_RANK"))
        return 0;
    const pmix_status_t status = PMIx_Init(&self_proc, NULL, 0);
    if (status == PMIX_ERR_UNREACH)
        return 0; /* left over in the environment: nobody is there */
    if (status != PMIX_SUCCESS)
        return complain(err, "reach its launcher", status);
    self->rank = self_proc.rank;
    self->ranks = of_job(PMIX_JOB_SIZE);
    self->one_host = of_job(PMIX_LOCAL_SIZE) == self->ranks;
    if (self->ranks > 1)
        return 1;
    PMIx_Finalize(NULL, 0);
    return self->ranks == 1 ? 0 : err_set(err, -EIO, "PMIx does not say how many ranks there are");
}

static int publish(const char *text, struct err *err)
{
    pmix_value_t value;
    char copy[LAUNCH_TEXT_MAX];
    snprintf(copy, sizeof(copy), "%s", text);
    value.type = PMIX_STRING;
    value.data.string = copy;
    pmix_status_t status = PMIx_Put(PMIX_GLOBAL, KEY, &value);
    if (status == PMIX_SUCCESS)
        status = PMIx_Commit();
    return status == PMIX_SUCCESS ? 0 : complain(err, "publish where rank 0 is", status);
}

static int learn(char text[LAUNCH_TEXT_MAX], struct err *err)
{
    pmix_value_t *value = NULL;
    pmix_proc_t leader;
    PMIX_PROC_CONSTRUCT(&leader);
    PMIX_LOAD_PROCID(&leader, self_proc.nspace, 0);
    const pmix_status_t status = PMIx_Get(&leader, KEY, NULL, 0, &value);
    if (status != PMIX_SUCCESS)
        return complain(err, "say where rank 0 is", status);
    const bool known = value->type == PMIX_STRING && value->data.string;
    if (known)
        snprintf(text, LAUNCH_TEXT_MAX, "%s", value->data.string);
    PMIX_VALUE_RELEASE(value);
    return known ? 0 : err_set(err, -EPROTO, "PMIx says something else than where rank 0 is");
}

static int share(const struct launch *self, char text[LAUNCH_TEXT_MAX], struct err *err)
{
    bool collect = true;
    pmix_info_t info;
    int rc = self->rank == 0 ? publish(text, err) : 0;
    PMIX_INFO_CONSTRUCT(&info);
    PMIX_INFO_LOAD(&info, PMIX_COLLECT_DATA, &collect, PMIX_BOOL);
    const pmix_status_t status = rc == 0 ? PMIx_Fence(NULL, 0, &info, 1) : PMIX_SUCCESS;
    if (status != PMIX_SUCCESS)
        rc = complain(err, "bring all ranks together", status);
    if (rc == 0 && self->rank > 0)
        rc = learn(text, err);
    PMIx_Finalize(NULL, 0);
    return rc;
}
#else
static int find(struct launch *self, struct err *err)
{
    (void)self;
    if (!getenv("PMIX_RANK") || !getenv("PMIX_NAMESPACE"))
        return 0;
    return err_set(err, -ENOSYS,
                   "a launcher with PMIx (mpirun, srun) started this process, and this program was "
                   "built without it: install libpmix-dev and build again");
}

static int share(const struct launch *self, char text[LAUNCH_TEXT_MAX], struct err *err)
{
    (void)self;
    (void)text;
    return err_set(err, -ENOSYS, "built without PMIx");
}
#endif

const struct launch_ops launch_pmix = {
    .name = "pmix",
    .help = "mpirun of Open MPI, srun --mpi=pmix of Slurm",
    .find = find,
    .share = share,
};
