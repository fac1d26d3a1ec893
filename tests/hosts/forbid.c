/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * forbid NAME… -- COMMAND…: run a command on a kernel that refuses these system calls with EPERM, as a container's seccomp
 * profile or a file system does.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned number;
} known[] = {
    {"symlink", SYS_symlink},   {"symlink", SYS_symlinkat}, {"link", SYS_link},
    {"link", SYS_linkat},       {"rename", SYS_rename},     {"rename", SYS_renameat},
    {"rename", SYS_renameat2},  {"chmod", SYS_chmod},       {"chmod", SYS_fchmod},
    {"chmod", SYS_fchmodat},    {"fsync", SYS_fsync},       {"io_uring", SYS_io_uring_setup},
    {"io_uring", SYS_io_uring_enter},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

/** From the next execve on. */
static int refuse(unsigned number)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
    int at = 1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return perror("forbid: no_new_privs"), 77;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
        int found = 0;
        for (unsigned i = 0; i < KNOWN; i++)
            if (strcmp(known[i].name, argv[at]) == 0) {
                found = 1;
                if (refuse(known[i].number) != 0)
                    return perror("forbid: seccomp"), 77;
            }
        if (!found)
            return fprintf(stderr, "forbid: what is %s?\n", argv[at]), 2;
    }
    if (at + 1 >= argc)
        return fprintf(stderr, "forbid: forbid NAME... -- COMMAND...\n"), 2;
    execvp(argv[at + 1], argv + at + 1);
    return perror(argv[at + 1]), 127;
}
