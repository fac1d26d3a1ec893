/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A star around rank 0. Its reply to a round has, for each rank, whether it is gone and how long its word is, then the words.
 * The first word of a connection is the job's token; who cannot say it is sent away, whoever it is.
 */
#include "harness/launch/hub.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "harness/launch/stream.h"

#define LOOK_MS 100
/* Somebody who connects has so long to say who it is. */
#define KNOCK_MS 1000
/* A rank that has waited so long for rank 0, beyond what rank 0 waits for others, goes. */
#define GRACE_MS 10000

struct entry {
    uint32_t bytes, gone;
};

struct hub {
    uint32_t rank, ranks, round;
    bool (*stop)(void);
    uint32_t address; /* of rank 0 */
    uint16_t port;
    char place[HUB_PLACE_MAX];
    int listener;
    struct stream stream[HUB_RANKS_MAX]; /* of rank 0: to each; of others: [0] to rank 0 */
    struct hub_word word[HUB_RANKS_MAX];
    bool gone[HUB_RANKS_MAX];
};

static struct sockaddr_in socket_address(const struct hub *self)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(self->port),
                                .sin_addr = {.s_addr = self->address}};
}

static int listen_here(struct hub *self, char place[HUB_PLACE_MAX], struct err *err)
{
    const int one = 1;
    char host[INET_ADDRSTRLEN];
    struct sockaddr_in at = socket_address(self);
    socklen_t size = sizeof(at);
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self->listener < 0)
        return err_set(err, -errno, "cannot open a socket for other ranks: %s", strerror(errno));
    setsockopt(self->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(self->listener, (struct sockaddr *)&at, sizeof(at)) < 0 ||
        listen(self->listener, (int)self->ranks) < 0 ||
        getsockname(self->listener, (struct sockaddr *)&at, &size) < 0)
        return err_set(err, -errno,
                       "rank 0 cannot wait for the others at %s: %s (the address must be this "
                       "host's, and the port free)",
                       place, strerror(errno));
    inet_ntop(AF_INET, &at.sin_addr, host, sizeof(host));
    snprintf(place, HUB_PLACE_MAX, "%s:%u", host, ntohs(at.sin_port));
    return 0;
}

struct hub *hub_open(uint32_t rank, uint32_t ranks, char place[HUB_PLACE_MAX], bool (*stop)(void),
                     struct err *err)
{
    struct hub *const self = calloc(1, sizeof(*self));
    CHECK(ranks >= 1 && ranks <= HUB_RANKS_MAX && rank < ranks);
    if (!self)
        return err_set(err, -ENOMEM, "not enough memory to meet other ranks"), NULL;
    *self = (struct hub){.rank = rank, .ranks = ranks, .stop = stop, .listener = -1};
    for (uint32_t r = 0; r < ranks; r++)
        self->stream[r].fd = -1;
    int rc = stream_parse(place, &self->address, &self->port)
                 ? 0
                 : err_set(err, -EINVAL,
                           "'%s' does not say where rank 0 is: expected ADDRESS:PORT, as in "
                           "192.168.1.10:7000",
                           place);
    if (rc == 0 && rank == 0)
        rc = listen_here(self, place, err);
    if (rc < 0) {
        hub_close(self);
        return NULL;
    }
    memcpy(self->place, place, HUB_PLACE_MAX);
    return self;
}

/* ------------------------------------------------------------- meeting */

/** Whoever knocks says its number in its head, and the token behind it. False: it does not. */
static bool ask_token(struct hub *self, struct stream *guest, uint64_t *said)
{
    const uint64_t deadline_ms = stream_now_ms() + KNOCK_MS;
    int rc = 0;
    while (rc == 0 && stream_now_ms() < deadline_ms && !stream_is_stopped(self->stop)) {
        struct pollfd one = {.fd = guest->fd, .events = POLLIN};
        poll(&one, 1, LOOK_MS);
        rc = stream_receive(guest, STREAM_ANYBODY, 0, sizeof(*said));
    }
    if (rc != 1 || guest->head.bytes != sizeof(*said))
        return false;
    memcpy(said, guest->word, sizeof(*said));
    return true;
}

static void let_in(struct hub *self, int fd, uint64_t token)
{
    struct stream guest = {.fd = -1};
    uint64_t said = 0;
    stream_take(&guest, fd);
    const bool known = ask_token(self, &guest, &said) && said == token;
    const uint32_t rank = guest.head.rank;
    if (!known || rank == 0 || rank >= self->ranks || self->stream[rank].fd >= 0) {
        stream_close(&guest);
        return;
    }
    stream_next(&guest);
    self->stream[rank] = guest;
}

static uint32_t first_missing(const struct hub *self)
{
    for (uint32_t r = 1; r < self->ranks; r++)
        if (self->stream[r].fd < 0)
            return r;
    return self->ranks;
}

static int wait_for_all(struct hub *self, uint64_t token, uint64_t deadline_ms, struct err *err)
{
    while (first_missing(self) < self->ranks) {
        struct pollfd one = {.fd = self->listener, .events = POLLIN};
        if (stream_is_stopped(self->stop))
            return err_set(err, -EINTR, "interrupted while other ranks were missing");
        if (stream_now_ms() >= deadline_ms)
            return err_set(err, -ETIMEDOUT,
                           "rank %u of %u has not come to rank 0 at %s (is that address reachable "
                           "from its host, and was it started with the same job?)",
                           first_missing(self), self->ranks, self->place);
        if (poll(&one, 1, LOOK_MS) <= 0)
            continue;
        const int fd = accept(self->listener, NULL, NULL);
        if (fd >= 0)
            let_in(self, fd, token);
    }
    return 0;
}

/** Rank 0 may not be there yet. */
static int knock(struct hub *self, uint64_t deadline_ms, struct err *err)
{
    const struct sockaddr_in at = socket_address(self);
    for (;;) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0) {
            stream_take(&self->stream[0], fd);
            return 0;
        }
        const int code = errno;
        if (fd >= 0)
            close(fd);
        if (stream_is_stopped(self->stop))
            return err_set(err, -EINTR, "interrupted while rank 0 was missing");
        if (stream_now_ms() >= deadline_ms)
            return err_set(err, -ETIMEDOUT, "rank %u of %u cannot reach rank 0 at %s: %s",
                           self->rank, self->ranks, self->place, strerror(code));
        poll(NULL, 0, LOOK_MS);
    }
}

int hub_join(struct hub *self, uint64_t token, uint32_t patience_ms, struct err *err)
{
    const uint64_t deadline_ms = stream_now_ms() + patience_ms;
    if (self->rank == 0)
        return wait_for_all(self, token, deadline_ms, err);
    const int rc = knock(self, deadline_ms, err);
    if (rc < 0)
        return rc;
    const struct stream_head head = {
        .magic = STREAM_MAGIC, .rank = self->rank, .bytes = sizeof(token)};
    const int sent = stream_send(&self->stream[0], &head, &token, deadline_ms, self->stop);
    return sent == 0 ? 0
                     : err_set(err, sent, "rank 0 at %s ended the connection: %s", self->place,
                               strerror(-sent));
}

/* -------------------------------------------------------------- rank 0 */

static void lose(struct hub *self, uint32_t rank)
{
    stream_close(&self->stream[rank]);
    self->gone[rank] = true;
    self->word[rank] = (struct hub_word){.gone = true};
}

/** An empty word was heard, too. */
static struct hub_word word_of(const struct stream *stream)
{
    static const uint8_t nothing[1];
    return (struct hub_word){stream->word ? stream->word : nothing, stream->head.bytes, false};
}

/** Takes what has come. Returns from how many ranks a word is still missing. */
static uint32_t receive_all(struct hub *self)
{
    uint32_t missing = 0;
    for (uint32_t r = 1; r < self->ranks; r++) {
        struct stream *const stream = &self->stream[r];
        if (self->gone[r] || self->word[r].data)
            continue;
        const int rc = stream_receive(stream, r, self->round, HUB_WORD_MAX);
        if (rc == 1)
            self->word[r] = word_of(stream);
        else if (rc < 0)
            lose(self, r);
        missing += rc == 0;
    }
    return missing;
}

static void wait_readable(const struct hub *self)
{
    struct pollfd each[HUB_RANKS_MAX];
    uint32_t count = 0;
    for (uint32_t r = 0; r < self->ranks; r++)
        if (self->stream[r].fd >= 0 && !self->word[r].data)
            each[count++] = (struct pollfd){.fd = self->stream[r].fd, .events = POLLIN};
    poll(each, count, LOOK_MS);
}

/** Words of all but who is late. */
static int hear_all(struct hub *self, uint32_t patience_ms, struct err *err)
{
    const uint64_t deadline_ms = stream_now_ms() + patience_ms;
    while (receive_all(self) > 0) {
        if (stream_is_stopped(self->stop))
            return err_set(err, -EINTR, "interrupted while other ranks were busy");
        if (stream_now_ms() >= deadline_ms) {
            for (uint32_t r = 1; r < self->ranks; r++)
                if (!self->gone[r] && !self->word[r].data)
                    lose(self, r);
            return 0;
        }
        wait_readable(self);
    }
    return 0;
}

/** The reply as one word, owned by the caller. */
static uint8_t *pack(const struct hub *self, bool gather, uint32_t *bytes)
{
    struct entry entry[HUB_RANKS_MAX];
    size_t all = self->ranks * sizeof(*entry);
    for (uint32_t r = 0; r < self->ranks; r++) {
        entry[r] = (struct entry){gather ? 0 : self->word[r].bytes, self->gone[r]};
        all += entry[r].bytes;
    }
    uint8_t *const out = all <= HUB_WORD_MAX ? malloc(all) : NULL;
    if (!out)
        return NULL;
    size_t at = self->ranks * sizeof(*entry);
    memcpy(out, entry, at);
    for (uint32_t r = 0; r < self->ranks; r++) {
        if (entry[r].bytes > 0)
            memcpy(out + at, self->word[r].data, entry[r].bytes);
        at += entry[r].bytes;
    }
    *bytes = (uint32_t)all;
    return out;
}

static int answer_all(struct hub *self, bool gather, uint32_t patience_ms, struct err *err)
{
    struct stream_head head = {.magic = STREAM_MAGIC, .round = self->round};
    uint8_t *const reply = pack(self, gather, &head.bytes);
    if (!reply)
        return err_set(err, -ENOMEM, "not enough memory for what %u ranks say", self->ranks);
    const uint64_t deadline_ms = stream_now_ms() + patience_ms;
    for (uint32_t r = 1; r < self->ranks; r++) {
        /* who breaks off now is found gone in the next round, the same for all */
        if (!self->gone[r])
            stream_send(&self->stream[r], &head, reply, deadline_ms, NULL);
        stream_next(&self->stream[r]);
    }
    free(reply);
    return 0;
}

static int lead(struct hub *self, const void *mine, uint32_t bytes, bool gather,
                uint32_t patience_ms, struct err *err)
{
    for (uint32_t r = 0; r < self->ranks; r++)
        self->word[r] = (struct hub_word){.gone = self->gone[r]};
    self->word[0] = (struct hub_word){mine, bytes, false};
    const int rc = hear_all(self, patience_ms, err);
    return rc < 0 ? rc : answer_all(self, gather, patience_ms, err);
}

/* -------------------------------------------------------------- others */

/** Into words; rank 0 is taken at its word no more than anybody else. */
static int unpack(struct hub *self, struct err *err)
{
    const struct stream *const stream = &self->stream[0];
    struct entry entry[HUB_RANKS_MAX];
    size_t at = self->ranks * sizeof(*entry);
    if (stream->head.bytes < at)
        return err_set(err, -EPROTO, "rank 0 said something too short");
    memcpy(entry, stream->word, at);
    for (uint32_t r = 0; r < self->ranks; r++) {
        if (entry[r].bytes > stream->head.bytes - at)
            return err_set(err, -EPROTO, "rank 0 said something that does not add up");
        self->word[r] = (struct hub_word){stream->word + at, entry[r].bytes, entry[r].gone != 0};
        at += entry[r].bytes;
    }
    return 0;
}

static int lost_leader(const struct hub *self, int code, struct err *err)
{
    if (code == -EINTR)
        return err_set(err, code, "interrupted while rank 0 was busy");
    return err_set(err, code, "rank 0 at %s has gone: %s", self->place, strerror(-code));
}

static int follow(struct hub *self, const void *mine, uint32_t bytes, uint32_t patience_ms,
                  struct err *err)
{
    struct stream *const leader = &self->stream[0];
    const uint64_t deadline_ms = stream_now_ms() + patience_ms + GRACE_MS;
    const struct stream_head head = {
        .magic = STREAM_MAGIC, .rank = self->rank, .round = self->round, .bytes = bytes};
    stream_next(leader);
    int rc = stream_send(leader, &head, mine, deadline_ms, self->stop);
    if (rc < 0)
        return lost_leader(self, rc, err);
    while ((rc = stream_receive(leader, 0, self->round, HUB_WORD_MAX)) == 0) {
        struct pollfd one = {.fd = leader->fd, .events = POLLIN};
        if (stream_is_stopped(self->stop))
            return lost_leader(self, -EINTR, err);
        if (stream_now_ms() >= deadline_ms)
            return lost_leader(self, -ETIMEDOUT, err);
        poll(&one, 1, LOOK_MS);
    }
    return rc < 0 ? lost_leader(self, rc, err) : unpack(self, err);
}

int hub_round(struct hub *self, const void *mine, uint32_t bytes, bool gather, uint32_t patience_ms,
              const struct hub_word **out, struct err *err)
{
    CHECK(bytes <= HUB_WORD_MAX);
    self->round++;
    const int rc = self->rank == 0 ? lead(self, mine, bytes, gather, patience_ms, err)
                                   : follow(self, mine, bytes, patience_ms, err);
    *out = self->word;
    return rc;
}

void hub_hold_on(struct hub *self)
{
    self->stop = NULL;
}

bool hub_is_whole(const struct hub *self)
{
    bool whole = true;
    for (uint32_t r = 0; r < self->ranks; r++)
        whole &= !self->gone[r] && !self->word[r].gone;
    return whole;
}

void hub_address(const struct hub *self, char out[16])
{
    stream_address(&self->stream[self->rank == 0 ? 1 : 0], out);
}

void hub_close(struct hub *self)
{
    if (!self)
        return;
    for (uint32_t r = 0; r < self->ranks; r++)
        stream_close(&self->stream[r]);
    if (self->listener >= 0)
        close(self->listener);
    free(self);
}
