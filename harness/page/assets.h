/* SPDX-License-Identifier: BSD-3-Clause */
/** Scripts and styles of the page, made by embed.py at build time. */
#ifndef HARNESS_PAGE_ASSETS_H
#define HARNESS_PAGE_ASSETS_H

struct page_asset {
    const char *text;
    const char *hash; /* as a content security policy names it */
};

extern const struct page_asset page_asset_style, page_asset_script;
/** dygraphs (MIT, (c) Dan Vanderkam and others); empty where it was not there at build time. */
extern const struct page_asset page_asset_charts, page_asset_charts_style;

#endif
