/* SPDX-License-Identifier: BSD-3-Clause */
/** The sections of a page, in the order in which it has them. Each prints nothing where the result has nothing for it. */
#ifndef HARNESS_PAGE_SECTIONS_H
#define HARNESS_PAGE_SECTIONS_H

#include "harness/page/page.h"

/** Who was first, by how much, how sure that is, and what it cost; claims and checks; warnings. */
void page_verdict(const struct page *self);

/** One row per policy: target, final quality, speed, waiting, traffic. */
void page_overview(const struct page *self);

/** Loss and accuracy against time, gradients and bytes; the speed-up at every level of the loss. */
void page_curves(const struct page *self);
void page_speedup(const struct page *self);

/** Where the time of workers went, for whom they waited, and whom their neighbours call slow. */
void page_parts(const struct page *self);
void page_waits(const struct page *self);

/** Latencies of every phase; staleness and age; requested delays against what was injected. */
void page_latency(const struct page *self);
void page_staleness(const struct page *self);
void page_injected(const struct page *self);

/** Workers over a stretch of time, with their delays and waits. */
void page_timeline(const struct page *self);

/** The host with its workers; everything that tells it from others; the profile. */
void page_machine(const struct page *self);
void page_environment(const struct page *self);
void page_profile(const struct page *self);

#endif
