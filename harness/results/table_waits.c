/* SPDX-License-Identifier: BSD-3-Clause */
/* Under the closing table: for whom the workers of each policy waited, and which stragglers were found. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "harness/results/table.h"

#define SENDERS_SHOWN 3u
#define FOUND_SHOWN 3u /* of each kind */
#define SHARE_SHOWN 0.005

/** A line of text that is put together. */
struct line {
    char text[512];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(self->text + self->used, sizeof(self->text) - self->used, format, args);
    va_end(args);
    self->used += n > 0 ? (size_t)n : 0;
    if (self->used >= sizeof(self->text))
        self->used = sizeof(self->text) - 1;
}

static void say(FILE *out, const struct table_style *style, bool first, const char *head,
                const struct line *line)
{
    char padded[32];
    snprintf(padded, sizeof(padded), " %-13s", first ? head : "");
    table_ink(out, style, INK_DIM, padded);
    fprintf(out, "%s\n", line->text);
}

/** The first run of the policy; `count` runs in any order of policies. */
static const struct record_run *first_of(const struct record_run *run, uint32_t count,
                                         const char *policy)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(run[i].policy, policy) == 0)
            return &run[i];
    return NULL;
}

/** `aau: worker 4 61 %, 7 22 %; injected 70 %, computing 27 %, on the wire 3 %` */
static bool describe_waits(struct line *line, const struct record_run *run)
{
    static const char *const what[BLAME_COUNT] = {[BLAME_INJECTED] = "injected",
                                                  [BLAME_COMPUTING] = "computing",
                                                  [BLAME_HELD] = "held",
                                                  [BLAME_WIRE] = "on the wire",
                                                  [BLAME_GONE] = "timer or stop"};
    static const enum blame order[BLAME_COUNT] = {BLAME_INJECTED, BLAME_COMPUTING, BLAME_HELD,
                                                  BLAME_WIRE, BLAME_GONE};
    const double all = (double)run->part_ns[PART_WAIT];
    if (!(run->wait_share >= SHARE_SHOWN) || run->sender_count == 0)
        return false;
    add(line, "%s: worker", run->policy);
    for (uint32_t k = 0; k < run->sender_count && k < SENDERS_SHOWN; k++)
        if (k == 0 || (double)run->sender[k].ns >= SHARE_SHOWN * all)
            add(line, "%s %u %.0f %%", k ? "," : "", run->sender[k].sender,
                100 * (double)run->sender[k].ns / all);
    const char *between = "; ";
    for (uint32_t i = 0; i < BLAME_COUNT; i++) {
        const double share = (double)run->wait_ns[order[i]] / all;
        if (share < SHARE_SHOWN)
            continue;
        add(line, "%s%s %.0f %%", between, what[order[i]], 100 * share);
        between = ", ";
    }
    return true;
}

/** Those of one kind: each, or, of more than are shown, how many there are and how slow. */
static void describe_kind(struct line *line, const struct stragglers *found,
                          enum straggler_kind kind)
{
    uint32_t count = 0;
    double least = (double)INFINITY, most = 0;
    for (uint32_t i = 0; i < found->count; i++) {
        if (found->found[i].kind != kind)
            continue;
        count++;
        least = fmin(least, found->found[i].factor);
        most = fmax(most, found->found[i].factor);
    }
    if (count > FOUND_SHOWN) {
        add(line, " %u workers (%s, %.1fx..%.1fx)", count, straggler_kind_name[kind], least, most);
        return;
    }
    for (uint32_t i = 0; i < found->count; i++) {
        const struct straggler *const s = &found->found[i];
        if (s->kind != kind)
            continue;
        add(line, " %u (%s, %.1fx", s->worker, straggler_kind_name[kind], s->factor);
        if (kind == STRAGGLER_TRANSIENT)
            add(line, " in %.0f %%", 100 * s->share);
        add(line, ")");
    }
}

/** `dsgd: 4 (permanent, 2.3x) 7 (transient, 9.8x in 11 %); found 2 of 2, none wrongly`; the counts are of all seeds. */
static bool describe_stragglers(struct line *line, const struct record_run *run, uint32_t count,
                                const struct record_run *first)
{
    uint32_t hits = 0, injected = 0, wrong = 0, found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(run[i].policy, first->policy) != 0)
            continue;
        hits += run[i].stragglers.hits;
        injected += run[i].stragglers.injected;
        wrong += run[i].stragglers.wrong;
        found += run[i].stragglers.count;
    }
    if (found == 0 && injected == 0)
        return false;
    add(line, "%s:", first->policy);
    describe_kind(line, &first->stragglers, STRAGGLER_PERMANENT);
    describe_kind(line, &first->stragglers, STRAGGLER_TRANSIENT);
    add(line, "%s found %u of %u, ", first->stragglers.count ? ";" : "", hits, injected);
    if (wrong == 0)
        add(line, "none wrongly");
    else
        add(line, "%u wrongly", wrong);
    return true;
}

void table_waits(FILE *out, const struct table_style *style, const struct record_run *run,
                 uint32_t count, const struct results_summary *summary)
{
    const char *const head = summary->seeds > 1 ? "wait, seed 1" : "waited for";
    bool first = true;
    for (uint32_t p = 0; p < summary->policy_count; p++) {
        struct line line = {.used = 0};
        const struct record_run *const one = first_of(run, count, summary->policy[p].policy);
        if (!one || !describe_waits(&line, one))
            continue;
        say(out, style, first, head, &line);
        first = false;
    }
    first = true;
    for (uint32_t p = 0; p < summary->policy_count; p++) {
        struct line line = {.used = 0};
        const struct record_run *const one = first_of(run, count, summary->policy[p].policy);
        if (!one || !describe_stragglers(&line, run, count, one))
            continue;
        say(out, style, first, "detected", &line);
        first = false;
    }
}
