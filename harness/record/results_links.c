/* SPDX-License-Identifier: BSD-3-Clause */
/* The same counts as JSON and in words, side by side, so that neither learns of a cause that the other lacks. */
#include "harness/record/results_links.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "harness/record/results_json_put.h"

static uint64_t sum_of(const uint64_t by[LINK_CAUSES])
{
    uint64_t sum = 0;
    for (uint32_t cause = 0; cause < LINK_CAUSES; cause++)
        sum += by[cause];
    return sum;
}

bool results_links_any(const struct counts_links *links)
{
    static const struct counts_links nothing;
    return memcmp(links, &nothing, sizeof(nothing)) != 0;
}

static json_t *by_cause(const uint64_t by[LINK_CAUSES])
{
    json_t *out = json_object();
    for (uint32_t cause = 0; cause < LINK_CAUSES; cause++)
        if (by[cause] > 0)
            put_count(out, link_cause_name[cause], by[cause]);
    return out;
}

json_t *results_links_json(const struct counts *count)
{
    json_t *out = json_object();
    put(out, "tensors_dropped", by_cause(count->links.dropped_by));
    put(out, "control_dropped", by_cause(count->links.control_dropped_by));
    put_counts(out, count, COUNTS_LINKS);
    return out;
}

/* ------------------------------------------------------------------------------------------------------- in words */

__attribute__((format(printf, 3, 4))) static void append(char *out, size_t size, const char *format,
                                                         ...)
{
    const size_t used = strlen(out);
    va_list args;
    va_start(args, format);
    vsnprintf(out + used, size - used, format, args);
    va_end(args);
}

static void append_dropped(char *out, size_t size, const char *what, const uint64_t by[LINK_CAUSES])
{
    const uint64_t sum = sum_of(by);
    const char *separator = " (";
    if (sum == 0)
        return;
    append(out, size, "%s%llu %s dropped", *out ? ", " : "", (unsigned long long)sum, what);
    for (uint32_t cause = 0; cause < LINK_CAUSES; cause++)
        if (by[cause] > 0) {
            append(out, size, "%s%llu %s", separator, (unsigned long long)by[cause],
                   link_cause_name[cause]);
            separator = ", ";
        }
    append(out, size, ")");
}

static void append_count(char *out, size_t size, uint64_t count, const char *what)
{
    if (count > 0)
        append(out, size, "%s%llu %s", *out ? ", " : "", (unsigned long long)count, what);
}

void results_links_text(const struct counts_links *links, char *out, size_t size)
{
    *out = 0;
    append_dropped(out, size, "tensors", links->dropped_by);
    append_dropped(out, size, "control messages", links->control_dropped_by);
    append_count(out, size, links->tensors_held + links->control_held, "held for good");
    append_count(out, size, links->resent, "sent again");
    append_count(out, size, links->duplicated, "sent twice");
    append_count(out, size, links->caught, "damaged and caught");
    append_count(out, size, links->corrupted - links->caught, "damaged and NOT caught");
}
