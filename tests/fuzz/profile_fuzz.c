/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes profiles: the last byte says how many lines before it are --set, the rest is the profile; a profile that ends
 * in a newline has none. Whatever the bytes, loading returns, and a profile that loads must load again from its own echo.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/check.h"
#include "harness/experiment/profile.h"

static struct experiment loaded;
static struct profile_errors errors;

/** Load from memory through a file without a name on disk. */
static int load_bytes(const void *bytes, size_t size, const char *const *set, uint32_t set_count)
{
    const int fd = memfd_create("profile", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(write(fd, bytes, size) == (ssize_t)size);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const int rc = profile_load(&loaded, path, set, set_count, &errors);
    close(fd);
    return rc;
}

static void print_nowhere(FILE *sink)
{
    profile_errors_print(&errors, sink);
    profile_errors_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    char *text = malloc(size);
    CHECK(text);
    memcpy(text, data, size - 1);
    text[size - 1] = '\0';

    const char *set[4];
    uint32_t set_count = 0;
    size_t length = size - 1;
    while (set_count < data[size - 1] % 5u && length > 0) {
        char *newline = memrchr(text, '\n', length);
        if (!newline)
            break;
        *newline = '\0';
        set[set_count++] = newline + 1;
        length = (size_t)(newline - text);
    }

    FILE *sink = fopen("/dev/null", "w");
    CHECK(sink);
    if (load_bytes(text, length, set, set_count) == 0) {
        char *echo = NULL;
        size_t echo_bytes = 0;
        FILE *out = open_memstream(&echo, &echo_bytes);
        CHECK(out);
        profile_write_resolved(out, &loaded);
        fclose(out);
        profile_free(&loaded);
        const int rc = load_bytes(echo, echo_bytes, NULL, 0);
        if (rc)
            profile_errors_print(&errors, stderr);
        CHECK(rc == 0);
        profile_free(&loaded);
        free(echo);
    }
    print_nowhere(sink);
    fclose(sink);
    free(text);
    return 0;
}
