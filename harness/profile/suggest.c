/* SPDX-License-Identifier: BSD-3-Clause */
/* Nearest names for error messages. Three rows of the edit-distance table are enough for swaps. */
#include "harness/profile/suggest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static int lower(char c)
{
    return tolower((unsigned char)c);
}

uint32_t suggest_distance(const char *a, const char *b)
{
    const uint32_t rows = (uint32_t)strnlen(a, SUGGEST_MAX + 1);
    const uint32_t columns = (uint32_t)strnlen(b, SUGGEST_MAX + 1);
    if (rows > SUGGEST_MAX || columns > SUGGEST_MAX)
        return SUGGEST_MAX;

    uint32_t table[3][SUGGEST_MAX + 1];
    for (uint32_t j = 0; j <= columns; j++)
        table[0][j] = j;
    for (uint32_t i = 1; i <= rows; i++) {
        uint32_t *row = table[i % 3];
        const uint32_t *above = table[(i - 1) % 3];
        const uint32_t *two_above = table[(i + 1) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= columns; j++) {
            const uint32_t replace = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            row[j] = least(replace, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return table[rows % 3][columns];
}

void suggest_offer(struct suggest *self, const char *candidate)
{
    const size_t typed = strlen(self->typed);
    const size_t length = strlen(candidate);
    uint32_t distance = suggest_distance(self->typed, candidate);
    const uint32_t near = length >= 6 ? (uint32_t)length / 3 : length >= 3 ? 1 + (length > 3) : 1;
    if (typed >= 3 && typed < length && strncasecmp(self->typed, candidate, typed) == 0)
        distance = least(distance, near);
    if (distance > near || (self->best && distance >= self->distance))
        return;
    self->best = candidate;
    self->distance = distance;
}
