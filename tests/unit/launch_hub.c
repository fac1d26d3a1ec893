/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranks that say something in rounds, over the loopback interface; some are late, break off, or are nobody's. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/launch/hub.h"
#include "harness/launch/stream.h"

#define RANKS 4u
#define TOKEN UINT64_C(0x1234567890abcdef)
#define PATIENCE_MS 20000u

struct rank {
    uint32_t number;
    char place[HUB_PLACE_MAX];
    uint64_t token;
    bool (*stop)(void);
    struct hub *hub;
    void (*does)(struct rank *self);
    pthread_t thread;
    int rc;
    struct err err;
    uint32_t heard, gone; /* sums over the words of the last round */
    bool whole;
};

static void listen_to(struct rank *self, const struct hub_word *word)
{
    self->heard = self->gone = 0;
    self->whole = hub_is_whole(self->hub);
    for (uint32_t r = 0; r < RANKS; r++) {
        uint32_t value = 0;
        if (word[r].gone)
            self->gone |= 1u << r;
        if (word[r].bytes != sizeof(value))
            continue;
        memcpy(&value, word[r].data, sizeof(value));
        self->heard += value;
    }
}

static void say(struct rank *self, uint32_t value, bool gather, uint32_t patience_ms)
{
    const struct hub_word *word;
    self->rc = hub_round(self->hub, &value, sizeof(value), gather, patience_ms, &word, &self->err);
    if (self->rc == 0)
        listen_to(self, word);
}

static void *be_rank(void *argument)
{
    struct rank *const self = argument;
    if (!self->hub)
        self->hub = hub_open(self->number, RANKS, self->place, self->stop, &self->err);
    self->rc = self->hub ? hub_join(self->hub, self->token, PATIENCE_MS, &self->err) : -EINVAL;
    if (self->rc == 0)
        self->does(self);
    hub_close(self->hub);
    self->hub = NULL;
    return NULL;
}

/** Rank 0 listens before anybody knocks. */
static void open_stoppable(struct rank rank[RANKS], void (*does)(struct rank *self),
                           bool (*stop)(void))
{
    for (uint32_t r = 0; r < RANKS; r++)
        rank[r] = (struct rank){.number = r, .token = TOKEN, .stop = stop, .does = does};
    snprintf(rank[0].place, sizeof(rank[0].place), "127.0.0.1:0");
    rank[0].hub = hub_open(0, RANKS, rank[0].place, stop, &rank[0].err);
    cr_assert(rank[0].hub, "%s", rank[0].err.text);
    for (uint32_t r = 1; r < RANKS; r++)
        memcpy(rank[r].place, rank[0].place, sizeof(rank[0].place));
}

static void open_leader(struct rank rank[RANKS], void (*does)(struct rank *self))
{
    open_stoppable(rank, does, NULL);
}

static void run_all(struct rank rank[RANKS])
{
    for (uint32_t r = 0; r < RANKS; r++)
        cr_assert_eq(pthread_create(&rank[r].thread, NULL, be_rank, &rank[r]), 0);
    for (uint32_t r = 0; r < RANKS; r++)
        pthread_join(rank[r].thread, NULL);
}

static void three_rounds(struct rank *self)
{
    say(self, 1u << self->number, false, PATIENCE_MS);
    if (self->rc == 0 && self->heard == 15)
        say(self, 16u << self->number, true, PATIENCE_MS);
    if (self->rc == 0 && self->heard == (self->number == 0 ? 240u : 0u))
        say(self, self->number, false, PATIENCE_MS);
}

Test(hub, all_hear_what_all_say)
{
    struct rank rank[RANKS];
    open_leader(rank, three_rounds);
    run_all(rank);
    for (uint32_t r = 0; r < RANKS; r++) {
        cr_expect_eq(rank[r].rc, 0, "rank %u: %s", r, rank[r].err.text);
        cr_expect_eq(rank[r].heard, 6, "rank %u heard %u", r, rank[r].heard);
        cr_expect_eq(rank[r].gone, 0);
    }
}

static void large_words(struct rank *self)
{
    const uint32_t bytes = 3000001u * (self->number + 1);
    uint8_t *const mine = malloc(bytes);
    const struct hub_word *word;
    memset(mine, (int)(self->number + 1), bytes);
    self->rc = hub_round(self->hub, mine, bytes, false, PATIENCE_MS, &word, &self->err);
    for (uint32_t r = 0; r < RANKS && self->rc == 0; r++)
        if (word[r].bytes == 3000001u * (r + 1) && word[r].data[0] == r + 1 &&
            word[r].data[word[r].bytes - 1] == r + 1)
            self->heard++;
    free(mine);
}

Test(hub, words_may_be_large)
{
    struct rank rank[RANKS];
    open_leader(rank, large_words);
    run_all(rank);
    for (uint32_t r = 0; r < RANKS; r++)
        cr_expect_eq(rank[r].heard, RANKS, "rank %u: %s", r, rank[r].err.text);
}

static void two_breaks_off(struct rank *self)
{
    say(self, 1, false, PATIENCE_MS);
    if (self->number != 2)
        say(self, 1, false, PATIENCE_MS);
}

Test(hub, who_breaks_off_is_gone_for_all_in_the_same_round)
{
    struct rank rank[RANKS];
    open_leader(rank, two_breaks_off);
    run_all(rank);
    for (uint32_t r = 0; r < RANKS; r++)
        cr_expect_eq(rank[r].gone, r == 2 ? 0 : 1u << 2, "rank %u says %x", r, rank[r].gone);
    for (uint32_t r = 0; r < RANKS; r++)
        cr_expect_eq(rank[r].whole, r == 2, "the one that left heard of nobody who is gone");
    cr_expect_eq(rank[0].heard, RANKS - 1);
}

static void three_is_late(struct rank *self)
{
    say(self, 1, false, PATIENCE_MS);
    if (self->number == 3)
        usleep(1000000);
    say(self, 1, false, 300);
}

Test(hub, who_is_late_is_gone)
{
    struct rank rank[RANKS];
    open_leader(rank, three_is_late);
    run_all(rank);
    cr_expect_eq(rank[0].gone, 1u << 3);
    cr_expect_eq(rank[1].gone, 1u << 3);
    cr_expect_lt(rank[3].rc, 0, "the late rank learns that it is gone");
}

static void leader_goes(struct rank *self)
{
    say(self, 1, false, PATIENCE_MS);
    if (self->number != 0)
        say(self, 1, false, PATIENCE_MS);
}

Test(hub, without_rank_0_all_are_told)
{
    struct rank rank[RANKS];
    open_leader(rank, leader_goes);
    run_all(rank);
    for (uint32_t r = 1; r < RANKS; r++) {
        cr_expect_lt(rank[r].rc, 0);
        cr_expect(strstr(rank[r].err.text, "has gone"), "%s", rank[r].err.text);
    }
}

static _Atomic bool stopped;

static bool is_stopped(void)
{
    return atomic_load(&stopped);
}

/** All are told to stop while they wait for rank 3. */
static void stop_in_a_round(struct rank *self)
{
    hub_hold_on(self->hub);
    say(self, 1, false, PATIENCE_MS);
    atomic_store(&stopped, true);
    if (self->number == 3)
        usleep(300000);
    if (self->rc == 0)
        say(self, 1, false, PATIENCE_MS);
}

Test(hub, who_holds_on_ends_in_a_round)
{
    struct rank rank[RANKS];
    open_stoppable(rank, stop_in_a_round, is_stopped);
    run_all(rank);
    for (uint32_t r = 0; r < RANKS; r++) {
        cr_expect_eq(rank[r].rc, 0, "rank %u: %s", r, rank[r].err.text);
        cr_expect_eq(rank[r].heard, RANKS, "rank %u heard %u", r, rank[r].heard);
        cr_expect_eq(rank[r].gone, 0);
    }
}

static bool is_always_stopped(void)
{
    return true;
}

Test(hub, a_signal_ends_the_wait_for_others)
{
    struct rank self = {.token = TOKEN, .place = "127.0.0.1:0"};
    self.hub = hub_open(0, RANKS, self.place, is_always_stopped, &self.err);
    cr_assert(self.hub, "%s", self.err.text);
    cr_expect_eq(hub_join(self.hub, TOKEN, PATIENCE_MS, &self.err), -EINTR);
    cr_expect(strstr(self.err.text, "interrupted while other ranks were missing"), "%s",
              self.err.text);
    hub_close(self.hub);
}

/** Says what is no word, or a word that is none of this job's, and stays until it is sent away. */
static void intrude(const char *place, const struct stream_head *head, uint64_t token)
{
    struct stream stream = {.fd = -1};
    struct sockaddr_in at = {.sin_family = AF_INET};
    uint8_t byte;
    uint16_t port;
    cr_assert(stream_parse(place, &at.sin_addr.s_addr, &port));
    at.sin_port = htons(port);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    stream.fd = fd;
    stream_send(&stream, head, &token, stream_now_ms() + 1000, NULL);
    cr_expect_leq(recv(fd, &byte, 1, 0), 0, "it is answered");
    close(fd);
}

static const struct stream_head honest = {
    .magic = STREAM_MAGIC, .rank = 1, .bytes = sizeof(uint64_t)};

static void *intruders(void *place)
{
    struct stream_head head = honest;
    intrude(place, &head, TOKEN + 1);
    head.magic = 7;
    intrude(place, &head, TOKEN);
    head = honest;
    head.rank = RANKS;
    intrude(place, &head, TOKEN);
    head = honest;
    head.rank = 0;
    intrude(place, &head, TOKEN);
    head = honest;
    head.round = 1;
    intrude(place, &head, TOKEN);
    head = honest;
    head.bytes = 1;
    intrude(place, &head, TOKEN);
    return NULL;
}

Test(hub, strangers_are_sent_away)
{
    struct rank rank[RANKS];
    pthread_t thread;
    open_leader(rank, three_rounds);
    cr_assert_eq(pthread_create(&rank[0].thread, NULL, be_rank, &rank[0]), 0);
    cr_assert_eq(pthread_create(&thread, NULL, intruders, rank[0].place), 0);
    pthread_join(thread, NULL);
    for (uint32_t r = 1; r < RANKS; r++)
        cr_assert_eq(pthread_create(&rank[r].thread, NULL, be_rank, &rank[r]), 0);
    for (uint32_t r = 0; r < RANKS; r++) {
        pthread_join(rank[r].thread, NULL);
        cr_expect_eq(rank[r].heard, 6, "rank %u heard %u: %s", r, rank[r].heard, rank[r].err.text);
    }
}

Test(hub, a_word_without_end_is_refused)
{
    struct stream_head head = {.magic = STREAM_MAGIC, .rank = 5, .round = 9, .bytes = 101};
    struct stream in = {.fd = -1}, out = {.fd = -1};
    int pair[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    stream_take(&in, pair[0]);
    stream_take(&out, pair[1]);
    cr_assert_eq(send(pair[1], &head, sizeof(head), 0), (ssize_t)sizeof(head));
    cr_expect_eq(stream_receive(&in, 5, 9, 100), -EPROTO);
    cr_expect_null(in.word, "nothing is allocated for it");
    stream_close(&in);
    stream_close(&out);
}

Test(hub, a_missing_rank_is_named)
{
    struct rank rank[RANKS];
    open_leader(rank, three_rounds);
    cr_expect_eq(hub_join(rank[0].hub, TOKEN, 50, &rank[0].err), -ETIMEDOUT);
    cr_expect(strstr(rank[0].err.text, "rank 1 of 4 has not come to rank 0 at 127.0.0.1:"), "%s",
              rank[0].err.text);
    hub_close(rank[0].hub);
}

Test(hub, places_are_checked)
{
    static const char *const wrong[] = {"",          "1.2.3.4",        "1.2.3.4:",    "1.2.3:5",
                                        "host:7000", "1.2.3.4:70000",  "1.2.3.4:5x",  ":7000",
                                        "::1:7000",  "1.2.3.4.5:7000", "300.0.0.1:1", "1.2.3.4:-1"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint32_t address;
        uint16_t port;
        cr_expect_not(stream_parse(wrong[i], &address, &port), "'%s' is taken", wrong[i]);
    }
}
