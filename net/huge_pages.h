/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Are there huge pages for this many bytes, right now? Asked before the EAL starts, because it may start only once.
 */
#ifndef NET_HUGE_PAGES_H
#define NET_HUGE_PAGES_H

#include <stddef.h>

struct huge_pages {
    size_t page_bytes; /* the size that fits; 0 when none does */
    char why_not[256]; /* one sentence without a full stop, with the remedy; empty when one fits */
};

/**
 * Find a huge page size of which `bytes` can be mapped by this process now (tried with a mapping that is given back
 * at once, so that container limits count as well as free pages). Reserves nothing and changes no system setting.
 */
struct huge_pages huge_pages_find(size_t bytes);

#endif
