/* SPDX-License-Identifier: BSD-3-Clause */
/* Written by hand: there may be millions of rows, and printf would take longer than the run. */
#include "harness/record/results_csv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "harness/metric/summary.h"
#include "harness/record/stream.h"

/* Label, 64-bit numbers and parts of one row, with room to spare. */
#define ROW_BYTES_MAX 1024u

int results_csv_head(FILE *out)
{
    fputs("policy,seed,worker,iteration,start_ns,total_ns", out);
    for (uint32_t p = 0; p < PART_COUNT; p++)
        fprintf(out, ",%s_us", part_name[p]);
    fputs(",mixed_with,batch_loss,own_us\n", out);
    return stream_error(out);
}

static char *put_u64(char *at, uint64_t value)
{
    char digit[20];
    uint32_t n = 0;
    do {
        digit[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n)
        *at++ = digit[--n];
    return at;
}

static char *put_field(char *at, uint64_t value)
{
    *at++ = ',';
    return put_u64(at, value);
}

static char *put_tenths(char *at, uint32_t tenths)
{
    at = put_field(at, tenths / 10);
    *at++ = '.';
    *at++ = (char)('0' + tenths % 10);
    return at;
}

/* `policy,seed` (`policy@value,seed` where a key is swept), the same for all rows of a run. */
static size_t put_prefix(char *out, const struct record_run *run)
{
    char *at = out;
    char label[RECORD_LABEL_MAX];
    const bool quote = strpbrk(record_label(run, label), ",\"\r\n") != NULL;
    if (quote)
        *at++ = '"';
    for (const char *c = label; *c; c++) {
        if (*c == '"')
            *at++ = '"';
        *at++ = *c;
    }
    if (quote)
        *at++ = '"';
    return (size_t)(put_field(at, run->seed) - out);
}

int results_csv_rows(FILE *out, const struct record_run *run, const struct record_iteration *row,
                     uint64_t count)
{
    char line[ROW_BYTES_MAX];
    const size_t prefix = put_prefix(line, run);
    _Static_assert(2 * RECORD_LABEL_MAX + 7 * 21 + PART_COUNT * 13 + 32 < ROW_BYTES_MAX, "");
    for (uint64_t i = 0; i < count; i++) {
        const struct record_iteration *const r = &row[i];
        char *at = put_field(line + prefix, r->worker);
        at = put_field(at, r->iteration);
        at = put_field(at, r->start_ns);
        at = put_field(at, r->total_ns);
        for (uint32_t p = 0; p < PART_COUNT; p++)
            at = put_tenths(at, r->part_us10[p]);
        at = put_field(at, r->mixed_with);
        *at++ = ',';
        if (isfinite(r->batch_loss))
            at += snprintf(at, 24, "%.6g", (double)r->batch_loss);
        if (r->own_us10 > 0)
            at = put_tenths(at, r->own_us10);
        else
            *at++ = ',';
        *at++ = '\n';
        fwrite(line, 1, (size_t)(at - line), out);
    }
    return stream_error(out);
}

void results_csv_stolen_head(FILE *out)
{
    fputs("policy,seed,core,start_ns,length_ns\n", out);
}

int results_csv_stolen(FILE *out, const struct record_run *run)
{
    char line[ROW_BYTES_MAX];
    const size_t prefix = put_prefix(line, run);
    for (uint64_t i = 0; i < run->cores.stolen_count; i++) {
        const struct record_stolen *const r = &run->cores.stolen[i];
        char *at = put_field(line + prefix, r->core);
        at = put_field(at, r->start_ns);
        at = put_field(at, r->length_ns);
        *at++ = '\n';
        fwrite(line, 1, (size_t)(at - line), out);
    }
    return stream_error(out);
}

static void put_summary(FILE *out, const struct record_run *run)
{
    char line[ROW_BYTES_MAX];
    const int prefix = (int)put_prefix(line, run);
    for (uint32_t m = 0; m < METRICS; m++) {
        const double value = metric_of(run, (enum metric)m);
        if (!isnan(value))
            fprintf(out, "%.*s,%s,%.9g\n", prefix, line, metric_table[m].name, value);
    }
}

void results_csv_summary(FILE *out, const struct record_run *run, uint32_t count)
{
    fputs("policy,seed,metric,value\n", out);
    for (uint32_t i = 0; i < count; i++)
        put_summary(out, &run[i]);
}

static void put_value(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.9g", value);
    else
        fputc(',', out);
}

static void put_point(FILE *out, const struct record_point *at, bool judged)
{
    const double value[] = {at->train_loss_mean_model,       at->heldout_loss_mean_model,
                            at->heldout_accuracy_mean_model, at->train_loss_local_mean,
                            at->train_loss_local_worst,      at->consensus_distance};
    fprintf(out, ",%.9g,%" PRIu64 ",%" PRIu64, at->time_s, at->gradients, at->bytes);
    for (uint32_t i = 0; i < sizeof(value) / sizeof(value[0]); i++)
        put_value(out, judged ? value[i] : (double)NAN);
    fputc('\n', out);
}

void results_csv_points(FILE *out, const struct record_run *run, uint32_t count)
{
    fputs("policy,seed,step,time_s,gradients,bytes,train_loss_mean_model,heldout_loss_mean_model,"
          "heldout_accuracy_mean_model,train_loss_local_mean,train_loss_local_worst,"
          "consensus_distance\n",
          out);
    for (uint32_t i = 0; i < count; i++) {
        char line[ROW_BYTES_MAX];
        const int prefix = (int)put_prefix(line, &run[i]);
        for (uint32_t k = 0; k < run[i].point_count; k++) {
            fprintf(out, "%.*s,%u", prefix, line, k + 1);
            put_point(out, &run[i].point[k], run[i].judged);
        }
    }
}
