/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NumPy's .npy, version 1.0: magic, version, a 16-bit little-endian header length, then a Python dictionary with the
 * keys descr, fortran_order and shape, padded so that the data start on a multiple of 64.
 *
 * The dictionary is read as what numpy writes, not as Python: quoted strings, True/False, one tuple of integers; keys in
 * any order, each exactly once.
 *
 * Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/worker/dataset_internal.h"

#define MAGIC_BYTES 6u
#define FIXED_BYTES 10u /* magic, version, length */

/* A cursor over the dictionary; `end` is one past it. */
struct text {
    const char *path;
    const unsigned char *bytes;
    size_t at, end;
    struct err *err;
};

static int expected(const struct text *text, const char *what)
{
    if (text->at >= text->end)
        return err_set(text->err, -EINVAL, "%s: offset %zu: expected %s, the header ends here",
                       text->path, text->at, what);
    const unsigned char found = text->bytes[text->at];
    if (isprint(found))
        return err_set(text->err, -EINVAL, "%s: offset %zu: expected %s, found '%c'", text->path,
                       text->at, what, found);
    return err_set(text->err, -EINVAL, "%s: offset %zu: expected %s, found byte 0x%02x", text->path,
                   text->at, what, found);
}

static void skip_blanks(struct text *text)
{
    while (text->at < text->end && (text->bytes[text->at] == ' ' || text->bytes[text->at] == '\n'))
        text->at++;
}

/* Take `c` if it is next. */
static bool take(struct text *text, char c)
{
    skip_blanks(text);
    if (text->at >= text->end || text->bytes[text->at] != (unsigned char)c)
        return false;
    text->at++;
    return true;
}

static bool take_word(struct text *text, const char *word)
{
    const size_t length = strlen(word);
    skip_blanks(text);
    if (text->end - text->at < length || memcmp(text->bytes + text->at, word, length) != 0)
        return false;
    text->at += length;
    return true;
}

static int parse_descr(struct text *text, struct dataset_head *head)
{
    static const struct {
        const char *word;
        enum dataset_type type;
    } row[] = {
        {"'|u1'", DATASET_TYPE_U8},  {"'<u1'", DATASET_TYPE_U8},  {"'|i1'", DATASET_TYPE_I8},
        {"'<i4'", DATASET_TYPE_I32}, {"'<i8'", DATASET_TYPE_I64}, {"'<f4'", DATASET_TYPE_F32},
    };
    for (uint32_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (take_word(text, row[i].word)) {
            head->type = row[i].type;
            return 0;
        }
    size_t length = 0;
    while (text->at + length < text->end && length < 16 &&
           isprint(text->bytes[text->at + length]) && text->bytes[text->at + length] != ',')
        length++;
    return err_set(text->err, -EINVAL,
                   "%s: offset %zu: expected '|u1', '|i1', '<i4', '<i8' or '<f4', found %.*s",
                   text->path, text->at, (int)length, (const char *)text->bytes + text->at);
}

static int parse_order(struct text *text)
{
    if (take_word(text, "False"))
        return 0;
    if (take_word(text, "True"))
        return err_set(
            text->err, -EINVAL,
            "%s: offset %zu: expected C order (fortran_order False), found Fortran order; "
            "save numpy.ascontiguousarray(array)",
            text->path, text->at - 4);
    return expected(text, "True or False");
}

static int parse_dimension(struct text *text, struct dataset_head *head)
{
    const size_t begin = text->at;
    const uint64_t most = head->dims == 0 ? DATASET_SAMPLES_MAX : DATASET_FEATURES_MAX;
    uint64_t value = 0;

    if (text->at >= text->end || !isdigit(text->bytes[text->at]))
        return expected(text, "a dimension");
    for (; text->at < text->end && isdigit(text->bytes[text->at]) && value <= most; text->at++)
        value = value * 10 + (uint64_t)(text->bytes[text->at] - '0');
    if (head->dims == 0 && value > most)
        return err_set(text->err, -EINVAL,
                       "%s: offset %zu: expected at most %u samples, found more", text->path, begin,
                       DATASET_SAMPLES_MAX);
    if (head->dims == 0)
        head->rows = value;
    else if (value < 1 || (head->columns *= value) > DATASET_FEATURES_MAX)
        return err_set(text->err, -EINVAL,
                       "%s: offset %zu: expected 1 to %u values per sample, found %s", text->path,
                       begin, DATASET_FEATURES_MAX, value < 1 ? "none" : "more");
    head->dims++;
    return 0;
}

static int parse_shape(struct text *text, struct dataset_head *head)
{
    if (!take(text, '('))
        return expected(text, "'('");
    head->columns = 1;
    while (!take(text, ')')) {
        skip_blanks(text);
        int rc = parse_dimension(text, head);
        if (rc < 0)
            return rc;
        if (!take(text, ',') && !(text->at < text->end && text->bytes[text->at] == ')'))
            return expected(text, "',' or ')'");
    }
    if (head->dims == 0)
        return err_set(text->err, -EINVAL,
                       "%s: offset %zu: expected an array, found a single value (shape ())",
                       text->path, text->at - 1);
    return 0;
}

static int parse_dictionary(struct text *text, struct dataset_head *head)
{
    static const char *const key[] = {"'descr'", "'fortran_order'", "'shape'"};
    unsigned seen = 0;

    if (!take(text, '{'))
        return expected(text, "'{'");
    while (!take(text, '}')) {
        uint32_t k = 0;
        while (k < 3 && (seen >> k & 1 || !take_word(text, key[k])))
            k++;
        if (k == 3)
            return expected(
                text, seen == 7 ? "'}'" : "one of the keys descr, fortran_order, shape, each once");
        seen |= 1u << k;
        if (!take(text, ':'))
            return expected(text, "':'");
        const int rc = k == 0   ? parse_descr(text, head)
                       : k == 1 ? parse_order(text)
                                : parse_shape(text, head);
        if (rc < 0)
            return rc;
        if (!take(text, ',') && !(text->at < text->end && text->bytes[text->at] == '}'))
            return expected(text, "',' or '}'");
    }
    for (uint32_t k = 0; k < 3; k++)
        if (!(seen >> k & 1))
            return err_set(text->err, -EINVAL,
                           "%s: offset %zu: expected the key %s in the header, found none",
                           text->path, text->at - 1, key[k]);
    skip_blanks(text);
    return text->at == text->end ? 0 : expected(text, "blanks up to the data");
}

int dataset_npy_parse(const char *path, const unsigned char *bytes, size_t count,
                      struct dataset_head *head, struct err *err)
{
    if (count < FIXED_BYTES)
        return err_set(err, -EINVAL,
                       "%s: offset 0: expected a .npy header, the file has only %zu bytes", path,
                       count);
    if (memcmp(bytes, "\x93NUMPY", MAGIC_BYTES) != 0)
        return err_set(
            err, -EINVAL,
            "%s: offset 0: expected the .npy magic 93 4e 55 4d, found %02x %02x %02x %02x", path,
            bytes[0], bytes[1], bytes[2], bytes[3]);
    if (bytes[6] != 1 || bytes[7] != 0)
        return err_set(err, -EINVAL, "%s: offset 6: expected .npy version 1.0, found %u.%u", path,
                       bytes[6], bytes[7]);
    const size_t end = FIXED_BYTES + ((size_t)bytes[8] | (size_t)bytes[9] << 8);
    if (end > count)
        return err_set(
            err, -EINVAL,
            "%s: offset 8: expected the header to end by %zu, found a length that ends at %zu",
            path, count, end);

    struct text text = {.path = path, .bytes = bytes, .at = FIXED_BYTES, .end = end, .err = err};
    *head = (struct dataset_head){.base_bytes = end};
    return parse_dictionary(&text, head);
}

size_t dataset_npy_head(char out[128], const char *descr, uint32_t rows, uint32_t columns)
{
    char shape[32];

    if (columns > 0)
        snprintf(shape, sizeof(shape), "(%u, %u)", rows, columns);
    else
        snprintf(shape, sizeof(shape), "(%u,)", rows);
    memcpy(out, "\x93NUMPY\x01\x00\x76\x00", FIXED_BYTES); /* 0x76 = 128 - 10 */
    const int used =
        snprintf(out + FIXED_BYTES, 128 - FIXED_BYTES,
                 "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    CHECK(used > 0 && used < 117);
    memset(out + FIXED_BYTES + used, ' ', 128 - FIXED_BYTES - (size_t)used);
    out[127] = '\n';
    return 128;
}

/* X.npy -> y.npy, X_train.npy -> y_train.npy. */
static bool labels_name(const char *features, uint32_t number, char out[DATASET_PATH_MAX])
{
    if (number > 0 || dataset_path(out, NULL, "%s", features) < 0)
        return false;
    char *slash = strrchr(out, '/');
    char *name = slash ? slash + 1 : out;
    if ((name[0] != 'X' && name[0] != 'x') || isalnum((unsigned char)name[1]))
        return false;
    name[0] = 'y';
    return true;
}

static const char *const usual[] = {"X.npy", "x.npy", "X_train.npy", "x_train.npy", NULL};
const struct dataset_pair dataset_npy_pair = {
    .parse = dataset_npy_parse, .usual = usual, .labels = labels_name};

int dataset_npy_open(struct dataset *out, const struct dataset_config *config, struct err *err)
{
    return dataset_pair_open(out, config, &dataset_npy_pair, err);
}
