/* SPDX-License-Identifier: BSD-3-Clause */
/* The three standard streams at both ends of the program's life. */
#include "harness/command/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void streams_open(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* the lowest free descriptor is this one: those below are open by now */
        if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(3); /* no /dev/null, and nowhere to say so */
    }
    signal(SIGXFSZ, SIG_IGN);
}

int streams_close(int code, bool optional)
{
    errno = 0;
    const bool failed = fflush(stdout) != 0 || ferror(stdout);
    const int why = errno;
    if (!failed || why == EPIPE)
        return code;
    fprintf(stderr, "dawdle: %s: cannot write to standard output: %s%s\n",
            optional ? "warning" : "error", strerror(why ? why : EIO),
            optional ? " (the results are on disk)" : "");
    return code == 0 && !optional ? 3 : code;
}
