/* SPDX-License-Identifier: BSD-3-Clause */
/* The format is NEP 1: a magic, a version, and a header padded to a multiple of 64 bytes, then the numbers. */
#include "harness/record/models_file.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "harness/record/stream.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the header says so");

static FILE *open_array(const char *path, const char *shape)
{
    char header[128];
    const char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0}; /* 118 bytes follow */
    FILE *const out = fopen(path, "we");
    if (!out)
        return NULL;
    const int used = snprintf(header, sizeof(header),
                              "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape);
    memset(header + used, ' ', sizeof(header) - (size_t)used);
    header[117] = '\n';
    fwrite(magic, 1, sizeof(magic), out);
    fwrite(header, 1, 118, out);
    return out;
}

int models_file_open(struct models_file *self, const char *folder, const char *policy,
                     uint64_t seed, uint32_t workers, uint32_t parameters, struct err *err)
{
    char shape[64], path[sizeof(self->path)];
    *self = (struct models_file){.parameters = parameters};
    snprintf(shape, sizeof(shape), "%u, %u", workers, parameters);
    snprintf(self->path, sizeof(self->path), "%s/%s-%llu.npy", folder, policy,
             (unsigned long long)seed);
    self->all = open_array(self->path, shape);
    snprintf(shape, sizeof(shape), "%u,", parameters);
    snprintf(path, sizeof(path), "%s/%s-%llu-mean.npy", folder, policy, (unsigned long long)seed);
    self->mean = self->all ? open_array(path, shape) : NULL;
    if (self->mean)
        return 0;
    const int rc =
        err_set(err, -errno, "cannot write %s: %s", self->all ? path : self->path, strerror(errno));
    if (self->all)
        fclose(self->all);
    self->all = NULL;
    return rc;
}

void models_file_mean(struct models_file *self, const float *model)
{
    fwrite(model, sizeof(*model), self->parameters, self->mean);
}

void models_file_row(struct models_file *self, const float *model)
{
    const float absent = (float)NAN;
    for (uint32_t d = 0; !model && d < self->parameters; d++)
        fwrite(&absent, sizeof(absent), 1, self->all);
    if (model)
        fwrite(model, sizeof(*model), self->parameters, self->all);
}

int models_file_close(struct models_file *self, struct err *err)
{
    int rc = 0;
    FILE *const file[] = {self->all, self->mean};
    for (uint32_t i = 0; i < 2; i++) {
        const int one = file[i] ? stream_flush(file[i]) : 0;
        if (file[i] && fclose(file[i]) != 0 && one == 0)
            rc = rc ? rc : -errno;
        rc = rc ? rc : one;
    }
    self->all = self->mean = NULL;
    return rc ? err_set(err, rc, "cannot write %s: %s", self->path, strerror(-rc)) : 0;
}
