/* SPDX-License-Identifier: BSD-3-Clause */
/* Under the closing table: for whom the workers of each policy waited, and which stragglers were found. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "harness/report/table.h"
#include "harness/report/table_line.h"

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
    table_line(out, style, INK_DIM, first ? head : "", line->text);
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

/** `aau: worker 4 61 %, 7 22 %; injected 70 %, computing 27 %, message under way 3 %`: what the peer did meanwhile */
static bool describe_waits(struct line *line, const struct record_run *run)
{
    static const char *const what[BLAME_COUNT] = {[BLAME_INJECTED] = "injected",
                                                  [BLAME_COMPUTING] = "computing",
                                                  [BLAME_HELD] = "waiting or off its core",
                                                  [BLAME_WIRE] = "message under way",
                                                  [BLAME_GONE] = "timer or end of run"};
    static const enum blame order[BLAME_COUNT] = {BLAME_INJECTED, BLAME_COMPUTING, BLAME_HELD,
                                                  BLAME_WIRE, BLAME_GONE};
    const double all = (double)run->part_ns[PART_WAIT];
    if (!(run->waits.share >= SHARE_SHOWN) || run->waits.senders == 0)
        return false;
    add(line, "%s: worker", run->policy);
    for (uint32_t k = 0; k < run->waits.senders && k < SENDERS_SHOWN; k++)
        if (k == 0 || (double)run->waits.sender[k].ns >= SHARE_SHOWN * all)
            add(line, "%s %u %.0f %%", k ? "," : "", run->waits.sender[k].sender,
                100 * (double)run->waits.sender[k].ns / all);
    const char *between = "; ";
    for (uint32_t i = 0; i < BLAME_COUNT; i++) {
        const double share = (double)run->waits.ns[order[i]] / all;
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

/** What was found in the runs of a policy with all seeds. */
struct tally {
    uint32_t hits, injected, unknown, wrong, found;
};

static struct tally tally_of(const struct record_run *run, uint32_t count, const char *policy)
{
    struct tally sum = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(run[i].policy, policy) != 0)
            continue;
        sum.hits += run[i].stragglers.hits;
        sum.injected += run[i].stragglers.injected;
        sum.unknown += run[i].stragglers.unknown;
        sum.wrong += run[i].stragglers.wrong;
        sum.found += run[i].stragglers.count;
    }
    return sum;
}

/** `; found 1 of 2, none wrongly; nothing can be said of 1 more (slowed by less than 1.4x)` */
static void describe_tally(struct line *line, const struct tally *sum,
                           const struct stragglers *first, const char *between)
{
    if (sum->injected > sum->unknown || sum->hits + sum->wrong > 0) {
        add(line, "%s found %u of %u, ", between, sum->hits, sum->injected - sum->unknown);
        if (sum->wrong == 0)
            add(line, "none wrongly");
        else
            add(line, "%u wrongly", sum->wrong);
        between = ";";
    }
    if (sum->unknown == 0)
        return;
    add(line, "%s nothing can be said of %u slowed on purpose", between, sum->unknown);
    if (first->doubt == STRAGGLERS_NO_DOUBT)
        add(line, " (by less than %.1fx, or too few gradients)", first->least);
}

/**
 * `dsgd: 4 (permanent, 2.3x) 7 (transient, 9.8x in 11 %); found 2 of 2, none wrongly`; the counts are of all seeds, the
 * rest of the first.
 */
static bool describe_stragglers(struct line *line, const struct record_run *run, uint32_t count,
                                const struct record_run *first)
{
    const struct tally sum = tally_of(run, count, first->policy);
    const struct stragglers *const seen = &first->stragglers;
    const bool everybody = seen->everybody.kind != STRAGGLER_NONE;
    const bool doubtful =
        seen->doubt == STRAGGLERS_NO_USUAL || (seen->doubt == STRAGGLERS_FEW && sum.injected > 0);
    const char *between = "";
    if (sum.found == 0 && sum.injected == 0 && !everybody && !doubtful)
        return false;
    add(line, "%s:", first->policy);
    if (doubtful) {
        add(line, " %s", stragglers_doubt_text[seen->doubt]);
        between = ";";
    }
    if (everybody) {
        add(line, "%s everybody now and then (%.1fx in %.0f %%)", between, seen->everybody.factor,
            100 * seen->everybody.share);
        between = ";";
    }
    if (seen->count > 0) {
        add(line, "%s", between);
        describe_kind(line, seen, STRAGGLER_PERMANENT);
        describe_kind(line, seen, STRAGGLER_TRANSIENT);
        between = ";";
    }
    describe_tally(line, &sum, seen, between);
    return true;
}

void table_waits(FILE *out, const struct table_style *style, const struct record_run *run,
                 uint32_t count, const struct summary *summary)
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
