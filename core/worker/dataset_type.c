/* SPDX-License-Identifier: BSD-3-Clause */
/* Elements of foreign array files as numbers. Only at set-up: byte by byte, in either order of bytes. */
#include <math.h>
#include <string.h>

#include "core/worker/dataset_internal.h"

static uint64_t load(const unsigned char *at, uint32_t bytes, bool big_endian)
{
    uint64_t word = 0;
    for (uint32_t i = 0; i < bytes; i++)
        word |= (uint64_t)at[big_endian ? bytes - 1 - i : i] << (8 * i);
    return word;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction. */
static double half(uint64_t word)
{
    const int exponent = (int)(word >> 10 & 31);
    const double fraction = (double)(word & 1023) / 1024.0;
    double value;
    if (exponent == 31)
        value = word & 1023 ? (double)__builtin_nanf("") : HUGE_VAL;
    else if (exponent == 0)
        value = fraction * 0x1p-14;
    else
        value = (1.0 + fraction) * (double)(1u << exponent) * 0x1p-15;
    return word >> 15 ? -value : value;
}

static double real(uint64_t word, uint32_t bytes)
{
    if (bytes == 2)
        return half(word);
    double value;
    if (bytes == 4) {
        const uint32_t bits = (uint32_t)word;
        float narrow;
        memcpy(&narrow, &bits, sizeof(narrow));
        value = (double)narrow;
    } else {
        memcpy(&value, &word, sizeof(value));
    }
    return value;
}

void dataset_type_decode(struct dataset_type type, const unsigned char *from, size_t count,
                         double *out)
{
    const uint32_t unused = 64 - 8u * type.bytes;
    for (size_t i = 0; i < count; i++) {
        const uint64_t word = load(from + i * type.bytes, type.bytes, type.big_endian);
        switch ((enum dataset_kind)type.kind) {
        case DATASET_BOOL:
            out[i] = word != 0;
            break;
        case DATASET_UNSIGNED:
            out[i] = (double)word;
            break;
        case DATASET_SIGNED:
            out[i] = (double)((int64_t)(word << unused) >> unused);
            break;
        case DATASET_REAL:
            out[i] = real(word, type.bytes);
            break;
        }
    }
}
