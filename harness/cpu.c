/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Refuses a processor that lacks what this was compiled for, before anything that was compiled for it runs: from
 * .preinit_array, that is before the constructors of the libraries (DPDK's use SSE4.2). An older processor would end
 * there with an illegal instruction and no word about it. Compiled for the oldest x86-64 (see meson.build): this file
 * itself must run everywhere, so it calls nothing but write, strlen and _exit.
 */
#include <string.h>
#include <unistd.h>

#define SAY "dawdle: error: this processor has no "
#define NO_REMEDY "; DPDK needs x86-64-v2 too: processors from about 2009 on\n"
#define REMEDY ", for which this program was compiled; build it with -Dmarch=x86-64-v2\n"

static const char *what_it_lacks(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("ssse3") || !__builtin_cpu_supports("sse4.2"))
        return "SSE4.2" NO_REMEDY;
    if (!__builtin_cpu_supports("popcnt"))
        return "POPCNT" NO_REMEDY;
    if (CPU_NEEDS_AVX2 && !__builtin_cpu_supports("avx2"))
        return "AVX2" REMEDY;
    if (CPU_NEEDS_AVX512 && !__builtin_cpu_supports("avx512f"))
        return "AVX-512" REMEDY;
    return NULL;
}

static void refuse(int argc, char **argv, char **environment)
{
    (void)argc, (void)argv, (void)environment;
    const char *const lacks = what_it_lacks();
    if (!lacks)
        return;
    (void)!write(STDERR_FILENO, SAY, sizeof(SAY) - 1);
    (void)!write(STDERR_FILENO, lacks, strlen(lacks));
    _exit(3);
}

__attribute__((section(".preinit_array"), used)) static void (*const at_start)(int, char **,
                                                                               char **) = refuse;
