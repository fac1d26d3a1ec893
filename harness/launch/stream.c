/* SPDX-License-Identifier: BSD-3-Clause */
/* A word is a head and bytes. Its length is checked before room is made for it, and room is made as bytes arrive. */
#include "harness/launch/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Longest wait between two looks at `stop`. */
#define LOOK_MS 100
/* A word that is announced as a large one gets its room in steps, as it comes. */
#define ROOM_STEP (UINT32_C(1) << 20)

uint64_t stream_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool stream_parse(const char *place, uint32_t *address, uint16_t *port)
{
    char host[64];
    unsigned number;
    int end = 0;
    struct in_addr in;
    if (sscanf(place, "%63[0-9.]:%5u%n", host, &number, &end) != 2 || place[end] ||
        number > 65535 || inet_pton(AF_INET, host, &in) != 1)
        return false;
    *address = in.s_addr;
    *port = (uint16_t)number;
    return true;
}

void stream_take(struct stream *self, int fd)
{
    const int one = 1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    self->fd = fd;
    self->got = 0;
}

void stream_address(const struct stream *self, char out[16])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(at);
    getsockname(self->fd, (struct sockaddr *)&at, &size);
    inet_ntop(AF_INET, &at.sin_addr, out, 16);
}

void stream_close(struct stream *self)
{
    if (self->fd >= 0)
        close(self->fd);
    free(self->word);
    *self = (struct stream){.fd = -1};
}

static int make_room(struct stream *self, uint32_t bytes)
{
    if (bytes <= self->room)
        return 0;
    const uint32_t step = bytes - self->room < ROOM_STEP ? ROOM_STEP : bytes - self->room;
    uint8_t *const word = realloc(self->word, self->room + step);
    if (!word)
        return -ENOMEM;
    self->word = word;
    self->room += step;
    return 0;
}

static int read_some(struct stream *self, void *at, uint32_t bytes)
{
    const ssize_t n = recv(self->fd, at, bytes, 0);
    if (n == 0)
        return -ECONNRESET;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    self->got += (uint32_t)n;
    return 1;
}

static bool is_good(const struct stream_head *head, uint32_t rank, uint32_t round,
                    uint32_t bytes_max)
{
    const bool from = rank == STREAM_ANYBODY || head->rank == rank;
    return head->magic == STREAM_MAGIC && from && head->round == round && head->bytes <= bytes_max;
}

int stream_receive(struct stream *self, uint32_t rank, uint32_t round, uint32_t bytes_max)
{
    const uint32_t head_bytes = sizeof(self->head);
    while (self->got < head_bytes) {
        const int rc = read_some(self, (uint8_t *)&self->head + self->got, head_bytes - self->got);
        if (rc <= 0)
            return rc;
    }
    if (!is_good(&self->head, rank, round, bytes_max))
        return -EPROTO;
    while (self->got < head_bytes + self->head.bytes) {
        const uint32_t have = self->got - head_bytes, left = self->head.bytes - have;
        const uint32_t some = left < ROOM_STEP ? left : ROOM_STEP;
        int rc = make_room(self, have + some);
        if (rc == 0)
            rc = read_some(self, self->word + have, some);
        if (rc <= 0)
            return rc;
    }
    return 1;
}

void stream_next(struct stream *self)
{
    self->got = 0;
}

/** Until it takes bytes, or it is time to look elsewhere. */
static int wait_writable(const struct stream *self, uint64_t deadline_ms, bool (*stop)(void))
{
    struct pollfd one = {.fd = self->fd, .events = POLLOUT};
    if (stream_is_stopped(stop))
        return -EINTR;
    if (stream_now_ms() >= deadline_ms)
        return -ETIMEDOUT;
    poll(&one, 1, LOOK_MS);
    return 0;
}

static int send_bytes(struct stream *self, const uint8_t *at, size_t bytes, uint64_t deadline_ms,
                      bool (*stop)(void))
{
    while (bytes > 0) {
        const ssize_t n = send(self->fd, at, bytes, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        at += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t)n : 0;
        const int rc = bytes > 0 ? wait_writable(self, deadline_ms, stop) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

int stream_send(struct stream *self, const struct stream_head *head, const void *word,
                uint64_t deadline_ms, bool (*stop)(void))
{
    const int rc = send_bytes(self, (const uint8_t *)head, sizeof(*head), deadline_ms, stop);
    return rc < 0 ? rc : send_bytes(self, word, head->bytes, deadline_ms, stop);
}
