/* SPDX-License-Identifier: BSD-3-Clause */
/* Rank 0 opens its hub, and the launcher carries the address and a random token to the others. */
#include "harness/launch/launch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "harness/launch/launch_rows.h"

/* All ranks of a job have started within this. */
#define JOIN_MS 60000u

/* By hand comes first: who sets variables means it, also below another launcher. */
static const struct launch_ops *const rows[] = {&launch_manual, &launch_pmix, &launch_pmi, NULL};

const struct launch_ops *launch_at(uint32_t index)
{
    return rows[index];
}

/** The first address that other hosts may reach. */
static int own_place(const struct launch *self, char place[HUB_PLACE_MAX], struct err *err)
{
    struct ifaddrs *all = NULL;
    char host[INET_ADDRSTRLEN] = "";
    snprintf(place, HUB_PLACE_MAX, "127.0.0.1:0");
    if (self->one_host)
        return 0;
    if (getifaddrs(&all) < 0)
        return err_set(err, -errno, "cannot list this host's addresses: %s", strerror(errno));
    for (const struct ifaddrs *i = all; i && !*host; i = i->ifa_next) {
        const struct sockaddr_in *const in = (const void *)i->ifa_addr;
        if (in && in->sin_family == AF_INET && (i->ifa_flags & IFF_UP) &&
            !(i->ifa_flags & IFF_LOOPBACK))
            inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
    }
    freeifaddrs(all);
    if (!*host)
        return err_set(err, -EADDRNOTAVAIL,
                       "this host has no IPv4 address at which other hosts could reach rank 0");
    snprintf(place, HUB_PLACE_MAX, "%s:0", host);
    return 0;
}

static int lead(struct launch *self, const struct launch_ops *row, bool (*stop)(void),
                struct err *err)
{
    char place[HUB_PLACE_MAX], text[LAUNCH_TEXT_MAX];
    int rc = row->place ? row->place(place, err) : own_place(self, place, err);
    if (rc == 0 && self->token == 0 &&
        getrandom(&self->token, sizeof(self->token), 0) != (ssize_t)sizeof(self->token))
        rc = err_set(err, -errno, "this host gives no random token for a job: %s", strerror(errno));
    if (rc < 0)
        return rc;
    self->hub = hub_open(0, self->ranks, place, stop, err);
    if (!self->hub)
        return -EADDRNOTAVAIL;
    snprintf(text, sizeof(text), "%s %" PRIx64, place, self->token);
    return row->share(self, text, err);
}

static int follow(struct launch *self, const struct launch_ops *row, bool (*stop)(void),
                  struct err *err)
{
    char text[LAUNCH_TEXT_MAX] = "", place[HUB_PLACE_MAX];
    const int rc = row->share(self, text, err);
    if (rc < 0)
        return rc;
    if (sscanf(text, "%63s %" SCNx64, place, &self->token) != 2)
        return err_set(err, -EPROTO, "launcher %s does not say where rank 0 is", row->name);
    self->hub = hub_open(self->rank, self->ranks, place, stop, err);
    return self->hub ? 0 : -EINVAL;
}

static const struct launch_ops *find(struct launch *self, int *rc, struct err *err)
{
    for (uint32_t i = 0; rows[i]; i++) {
        *rc = rows[i]->find(self, err);
        if (*rc != 0)
            return rows[i];
    }
    return NULL;
}

static int check_ranks(const struct launch *self, struct err *err)
{
    if (self->ranks > HUB_RANKS_MAX)
        return err_set(err, -EINVAL, "%u ranks are too many: %u at most", self->ranks,
                       HUB_RANKS_MAX);
    return 0;
}

int launch_open(struct launch *out, bool (*stop)(void), struct err *err)
{
    int rc = 0;
    *out = (struct launch){.ranks = 1};
    const struct launch_ops *const row = find(out, &rc, err);
    if (rc > 0)
        rc = check_ranks(out, err);
    if (rc < 0 || !row || out->ranks <= 1)
        return rc;
    out->launcher = row->name;
    rc = out->rank == 0 ? lead(out, row, stop, err) : follow(out, row, stop, err);
    if (rc == 0)
        rc = hub_join(out->hub, out->token, JOIN_MS, err);
    if (rc < 0)
        launch_close(out);
    return rc;
}

void launch_close(struct launch *self)
{
    hub_close(self->hub);
    self->hub = NULL;
}
