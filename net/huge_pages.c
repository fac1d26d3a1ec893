/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Free huge pages, from sysfs and from a trial mapping.
 *
 * The trial decides: mmap(MAP_HUGETLB) reserves its pages at once and fails when the pool, the overcommit limit or a
 * cgroup does not allow them. sysfs only supplies the words for the user. Pages are never reserved on the user's
 * behalf: taking memory away from the rest of the machine is not a decision for a benchmark.
 */
#include "net/huge_pages.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define POOLS "/sys/kernel/mm/hugepages"
#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

static uint64_t pool_number(const char *pool, const char *file)
{
    char path[384];
    unsigned long long value = 0;

    snprintf(path, sizeof(path), POOLS "/%s/%s", pool, file);
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return 0;
    if (fscanf(in, "%llu", &value) != 1)
        value = 0;
    fclose(in);
    return value;
}

static int can_map(size_t bytes, size_t page_bytes)
{
    const int size_flag = __builtin_ctzl(page_bytes) << MAP_HUGE_SHIFT;
    const size_t whole = (bytes + page_bytes - 1) & ~(page_bytes - 1);

    void *trial = mmap(NULL, whole, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size_flag, -1, 0);
    if (trial == MAP_FAILED)
        return 0;
    munmap(trial, whole);
    return 1;
}

/* What is missing, and the command that helps. sysctl reserves pages of the default size, 2 MiB on x86-64. */
static void say_lack(struct huge_pages *found, const char *pool, size_t kib, size_t needed)
{
    const unsigned long long all = pool_number(pool, "nr_hugepages");
    const unsigned long long unused = pool_number(pool, "free_hugepages");
    const unsigned long long wanted = all + (needed > unused ? needed - unused : 0);
    const int used =
        snprintf(found->why_not, sizeof(found->why_not),
                 "%llu of %llu huge pages of %zu KiB are free and %zu are needed: ", unused, all,
                 kib, needed);
    const char *const format = kib == 2048 ? "sudo sysctl vm.nr_hugepages=%llu"
                                           : "echo %llu | sudo tee " POOLS "/%.40s/nr_hugepages";
    snprintf(found->why_not + used, sizeof(found->why_not) - (size_t)used, format, wanted, pool);
}

/** Of the pool `hugepages-2048kB`; 0: no such name. */
static size_t pool_page_bytes(const char *name)
{
    size_t kib;
    if (sscanf(name, "hugepages-%zukB", &kib) != 1 || (kib & (kib - 1)) != 0)
        return 0;
    return kib * 1024;
}

struct huge_pages huge_pages_find(size_t bytes)
{
    struct huge_pages found = {.page_bytes = 0};
    size_t smallest = SIZE_MAX, named = SIZE_MAX;
    struct dirent *item;

    snprintf(found.why_not, sizeof(found.why_not), "this kernel has no huge pages");
    DIR *pools = opendir(POOLS);
    while (pools != NULL && (item = readdir(pools)) != NULL) {
        const size_t page_bytes = pool_page_bytes(item->d_name);
        if (page_bytes == 0 || page_bytes >= smallest)
            continue;
        /* The smallest page that fits wastes least; a pool of 1 GiB pages is the second choice. */
        if (can_map(bytes, page_bytes)) {
            smallest = page_bytes;
            found.page_bytes = page_bytes;
        } else if (found.page_bytes == 0 && page_bytes < named) {
            named = page_bytes; /* speak of the size that needs least */
            say_lack(&found, item->d_name, page_bytes / 1024,
                     (bytes + page_bytes - 1) / page_bytes);
        }
    }
    if (pools != NULL)
        closedir(pools);
    if (found.page_bytes != 0)
        found.why_not[0] = '\0';
    return found;
}
