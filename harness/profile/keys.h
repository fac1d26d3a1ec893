/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Tables of keys: what drives parsing, range errors, defaults, `help KEY` and the resolved echo of a YAML file. Which keys
 * there are is said by whoever has them (harness/experiment/keys_tables.h): every function is given its section.
 *
 * Paths are dotted and relative to the section. A row says where its value goes in a struct of the caller's.
 */
#ifndef HARNESS_PROFILE_KEYS_H
#define HARNESS_PROFILE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/profile/suggest.h"

struct profile_tree;
struct profile_node;

enum key_type {
    KEY_U32,
    KEY_U64,
    KEY_NS,      /* uint64_t, written with a unit */
    KEY_SHARE,   /* double in [0, 1], written 10% or 0.1 */
    KEY_BYTES,   /* uint64_t, written 64KiB or 1MB */
    KEY_RATE,    /* double, bytes per second, written 10Gbit or 1GB/s */
    KEY_REAL,    /* double */
    KEY_BOOL,    /* true | false */
    KEY_TEXT,    /* char[]: any one line */
    KEY_WORD,    /* char[]: letters, digits, . _ + -: safe in paths, tags and checks */
    KEY_FILE,    /* char[]: a file or folder that can be read; stored absolute */
    KEY_LIBRARY, /* the same for a shared object; a bare name is looked for beside the program too */
    KEY_FOLDER,  /* char[]: may not exist yet; stored absolute */
    KEY_NAME,    /* char[]: one of `names` */
    KEY_CHOICE,  /* enum: index in `names` */
    KEY_ROW,     /* pointer: row of the table behind `names` */
    KEY_SEEDS,   /* a count n (seeds 1..n) or a list of seeds */
};

/** One name of a set, with the row behind it where there is one. */
struct key_name {
    const char *name, *help;
    const void *row;
};

/** A set of valid names: a table of another room, or a fixed list. */
struct key_names {
    const char *one, *many; /* "graph", "graphs"; many is also what `dawdle list` calls it */
    uint32_t (*count)(void);
    struct key_name (*at)(uint32_t index);
    /** Does row `index` read the key with this last part? For keys that depend on the row (degree, law parameters). */
    bool (*reads)(uint32_t index, const char *leaf);
    const struct key_name *fixed; /* instead of count/at */
    uint32_t fixed_count;
    const char *later,
        *later_why; /* a name of the design that this build does not have, and what to say */
};

/** Where the value goes in its section's struct. */
struct key_place {
    uint32_t offset, bytes;        /* bytes of one value; 0 = checked, not stored */
    uint32_t count_offset;         /* lists: uint32_t with the number of items */
    uint32_t items_min, items_max; /* items_max 0 = not a list */
    bool counted;
};

/** Marks in `fallback` and `only`. */
extern const char KEY_REQUIRED[]; /* fallback: there is no default */
extern const char KEY_PRESENT[];  /* only: applies if `by` stands in the profile at all */

struct key {
    const char *path;
    const struct key_section *section;
    enum key_type type;
    struct key_place place;
    double min, max; /* of the value, in its unit; of the length, for texts */
    const char
        *fallback;  /* default as text, items of lists split by ','; NULL = unset; KEY_REQUIRED */
    const char *by; /* the key that decides whether this one is read; NULL = always read */
    const char *
        only; /* its names, space-separated; NULL = ask names->reads; "!name" = all (that read it) but that */
    const struct key_names *names;
    const char *unit;
    const char *help;
};

/** A table of keys: those of a profile, or of each entry of one of its lists. */
struct key_section {
    const char *name;  /* of that list; "": the profile itself */
    const char *title; /* for help */
    const struct key *row;
    const uint32_t *rows;
    void (*make)(void); /* completes the rows when they are first asked for; NULL: they are */
    const struct key_section
        *part; /* [parts] the lists in it whose entries have keys of their own */
    uint32_t parts;
    const char *such_as; /* said of an entry of that list that is no map */
    /** Write out what a map leaves unsaid: an entry (path ""), or the group at `path` in it. May be NULL. */
    void (*spell)(struct profile_tree *tree, const char *path, struct profile_node *map);
};

#define KEYS_MAX 288u /* rows at most, for arrays indexed by their number */

/** Rows of a section: keys_at of 0 to keys_count - 1. */
uint32_t keys_count(const struct key_section *section);
const struct key *keys_at(const struct key_section *section, uint32_t number);
uint32_t keys_number(const struct key *key);

uint32_t keys_name_count(const struct key_names *names);
struct key_name keys_name_at(const struct key_names *names, uint32_t index);
/** Index of `name`, or UINT32_MAX. */
uint32_t keys_name_find(const struct key_names *names, const char *name);

/** First row with this path, or NULL. (A path may have several rows with different `only`.) */
const struct key *keys_find(const struct key_section *section, const char *path);

/** Is there a key with this path, or one below it? */
bool keys_exists(const struct key_section *section, const char *path);
bool keys_is_group(const struct key_section *section, const char *path);

/** The section of the entries of the list at `path`; NULL: it is no such list. */
const struct key_section *keys_part(const struct key_section *section, const char *path);

/** The child that a bare value of group `path` stands for (`graph: ring` is `graph: {kind: ring}`), or NULL. */
const char *keys_main(const struct key_section *section, const char *path);

/** Offer the names of all children of group `path` ("" = top). */
void keys_offer_children(const struct key_section *section, const char *path,
                         struct suggest *nearest);

/** The full path of the only key whose last part is `leaf`, or NULL if there is none or several. */
const char *keys_elsewhere(const struct key_section *section, const char *leaf);

/** Is `word` one of these words, separated by spaces? An empty one is none. */
bool keys_has_word(const char *words, const char *word);

/** Does the row apply when the deciding key has the name `kind`? For rows with `by` and not KEY_PRESENT. */
bool keys_applies(const struct key *key, const struct key_names *kinds, const char *kind);

/** Names of `by` (what decides about the keys with the path of `key`) for which one of them is read: "partial, epidemic". */
void keys_readers(const struct key *key, const struct key *by, char *out, uint32_t bytes);

/**
 * ` factor 10 once true`: the keys below `group` ("" = all) of the section whose struct is at `base`, less those that do
 * not apply there or say nothing (0, false, no text). Files without their folder. Appends to `out`.
 */
void keys_describe(const struct key_section *section, const char *group, const void *base,
                   char *out, uint32_t bytes);

/** Last part of a path. */
const char *keys_leaf(const char *path);

#endif
