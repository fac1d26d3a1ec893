/* SPDX-License-Identifier: BSD-3-Clause */
/* Which link a profile means, and what this host would refuse it, asked before anything starts. */
#include "harness/run/run_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const struct link_ops *run_link(const struct experiment *e, const struct ranks *ranks)
{
    const bool walls = ranks && !ranks_share_host(ranks);
    return link_find(strcmp(e->link.kind, "auto") == 0 ? (walls ? "udp" : "memif") : e->link.kind);
}

/** Only who has an address can listen at it. */
static int check_address(const char *address, struct err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    if (!*address || inet_pton(AF_INET, address, &at.sin_addr) != 1)
        return 0;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int rc = fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return rc == 0 ? 0
                   : err_set(err, rc,
                             "cannot listen on %s: %s; link.address must be one of this host's "
                             "(see ip address)",
                             address, strerror(-rc));
}

int run_check_link(const struct experiment *e, const struct ranks *ranks, struct err *err)
{
    const struct link_ops *const link = run_link(e, ranks);
    char why[256];
    if (link->why_not(why, sizeof(why)))
        return err_set(err, -ENODEV, "link %s cannot be used here: %s", link->name, why);
    if (*e->link.interface && if_nametoindex(e->link.interface) == 0)
        return err_set(err, -ENODEV, "there is no interface '%s' for link %s (see ip link)",
                       e->link.interface, link->name);
    return check_address(e->link.address, err);
}
