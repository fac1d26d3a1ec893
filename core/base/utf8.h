/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Characters of UTF-8 text, and the names of those that nobody sees, or takes for others: a no-break space, a zero
 * width space, a typographic quote, a full-width digit. Text copied from a web page or a word processor has them.
 */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_NAME_BYTES 64u

/** Bytes of the character at `at` (`left` bytes remain), or 0 if it is not UTF-8. Shortest form only, no surrogates. */
uint32_t utf8_decode(const char *at, size_t left, uint32_t *code);

/**
 * The first character of a text that deceives the eye. Returns its bytes and sets *offset to where it is, or 0: there is
 * none. name: [UTF8_NAME_BYTES] gets `U+00A0 (no-break space)`; *instead what belongs there, "" = nothing, " " = a
 * plain space or nothing.
 */
uint32_t utf8_deceiving(const char *text, size_t *offset, char *name, const char **instead);

/** Is the character one that leaves no mark of its own on a screen (spaces other than U+0020 included)? */
int utf8_is_invisible(uint32_t code);

#endif
