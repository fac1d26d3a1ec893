/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Cache lines: their size, and fetching one for writing before it is needed.
 */
#ifndef NET_LINE_H
#define NET_LINE_H

#define LINE_BYTES 64u

/**
 * Ask for the line in exclusive state. Spelled out because __builtin_prefetch(p, 1) becomes a *read* prefetch at
 * -march=x86-64-v2; where prefetchw is not implemented, every x86-64 decodes it as a no-op.
 */
static inline void line_prefetch_write(const void *at)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)at));
#else
    __builtin_prefetch(at, 1, 3);
#endif
}

static inline void line_prefetch_read(const void *at)
{
    __builtin_prefetch(at, 0, 3);
}

#endif
