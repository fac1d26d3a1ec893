/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A tree of YAML into structs, as a table of keys says: short forms spelled out, unknown keys refused, values parsed or
 * defaulted, each with the place that it came from.
 */
#ifndef HARNESS_PROFILE_PROFILE_FILL_H
#define HARNESS_PROFILE_PROFILE_FILL_H

#include "harness/profile/keys.h"
#include "harness/profile/profile_tree.h"

enum origin_kind { ORIGIN_UNSET, ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_SET, ORIGIN_OTHER };

/** Where one value comes from; a section has one per row. */
struct profile_origin {
    enum origin_kind kind;
    uint32_t line, column; /* ORIGIN_FILE */
    const char *other;     /* ORIGIN_OTHER: what to call it */
};

/** A file being read. */
struct profile_reader {
    struct profile_errors *errors;
    struct profile_tree tree;
    struct profile_node *root; /* a map */
    struct profile_source source;
    const char *folder; /* of the file: paths inside are relative to it */
};

/** Place of a node, or of the file as a whole for NULL. */
struct profile_mark profile_place(const struct profile_reader *reader,
                                  const struct profile_node *node);

/** Spell out short forms and refuse unknown keys, all through `node` (a map of this section). */
void profile_normalise(struct profile_reader *reader, const struct key_section *section,
                       struct profile_node *node);

/** The same for the list of entries of `section`, which names it. One bare value or map is a list of one. How many entries. */
uint32_t profile_normalise_list(struct profile_reader *reader, const struct key_section *section,
                                uint32_t least, uint32_t most);

/** Every row of the section into the struct at `base`. `map` as normalised; origin: [rows]. */
void profile_fill(struct profile_reader *reader, const struct key_section *section,
                  struct profile_node *map, void *base, struct profile_origin *origin);

/**
 * Does `map` (of group path `group`) hold a misspelt `leaf`? That one was refused already; that the right name is
 * missing is no news.
 */
bool profile_misspelt(const struct key_section *section, const struct profile_node *map,
                      const char *group, const char *leaf);

/** Key `node` of the map at `path` stands in no table: says so, with what was meant where that is plain. */
void profile_refuse_unknown(struct profile_reader *reader, const struct key_section *section,
                            const char *path, struct profile_node *map,
                            const struct profile_node *node);

#endif
