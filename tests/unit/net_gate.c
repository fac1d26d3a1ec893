/* SPDX-License-Identifier: BSD-3-Clause */
/* The death of a peer over shared memory: whoever is left goes on, finds silence, and closes in good order. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net/eal.h"
#include "net/link.h"

#define ROUNDS 8

static struct eal eal;

static struct link *connect_end(uint32_t process, uint64_t run, const char *dir)
{
    static const uint32_t other[2] = {1, 0};
    struct err err = {{0}};
    char address[LINK_ADDRESS_MAX];
    const struct eal_config config = {
        .memory_bytes = 1 << 20, .pool_bytes = 16 << 20, .runtime_dir = dir};
    const struct link_config ends = {
        .process = process, .peer_count = 1, .peers = &other[process], .run = run};
    if (eal_start(&eal, &config, &err) < 0)
        return NULL;
    struct link *const link = link_find("memif")->open(&ends, &err);
    if (!link)
        return NULL;
    link_address(link, 0, address); /* both ends of a pair have the same */
    for (uint32_t tries = 0; tries < 5000; tries++) {
        if (link_connect(link, 0, address, &err) == 0)
            return link;
        usleep(1000);
    }
    fprintf(stderr, "%s\n", err.text);
    return NULL;
}

static double now_s(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

static bool is_told(int told)
{
    struct pollfd word = {.fd = told, .events = POLLIN};
    return told >= 0 && poll(&word, 1, 0) > 0;
}

/**
 * Sends and receives for so long, or until somebody tells it something; says so to `tell` once its peer was heard.
 * Returns the frames that came, ever.
 */
static uint64_t exchange(struct link *link, double seconds, int tell, int told)
{
    static uint8_t head[54], body[4096];
    const struct link_out out = {head, body, sizeof(head), sizeof(body)};
    struct link_in in[LINK_BURST];
    const double end = now_s() + seconds;
    while (now_s() < end && !is_told(told)) {
        link_send(link, 0, &out, 1);
        const uint32_t came = link_receive(link, in, LINK_BURST);
        link_release(link, in, came);
        if (came > 0 && tell >= 0) {
            cr_assert_eq(write(tell, "x", 1), 1);
            tell = -1;
        }
    }
    return link->counts.received;
}

static pid_t start(uint32_t process, uint64_t run, const char *dir, int tell, int told)
{
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct link *const link = connect_end(process, run, dir);
    if (!link)
        _exit(2);
    if (told < 0) { /* the one that is killed */
        exchange(link, 60, tell, -1);
        _exit(3);
    }
    exchange(link, 60, tell, told);
    const uint64_t before = exchange(link, 0.02, -1, -1); /* its peer is dead from here on */
    const bool silent = exchange(link, 0.02, -1, -1) == before;
    link_close(link);
    eal_stop(&eal);
    _exit(silent ? 0 : 5);
}

/* Rounds alternate which end of the pair dies, in the middle of its bursts. */
Test(gate, lets_a_process_survive_the_death_of_its_peer, .timeout = 60)
{
    char dir[] = "/tmp/dawdle-gate-XXXXXX";
    cr_assert(mkdtemp(dir));
    for (uint32_t round = 0; round < ROUNDS; round++) {
        int heard[2], dead[2], status;
        char word[2];
        cr_assert(pipe(heard) == 0 && pipe(dead) == 0);
        const uint64_t run = (uint64_t)getpid() << 8 | round;
        const pid_t victim = start(round & 1, run, dir, heard[1], -1);
        const pid_t survivor = start(1 - (round & 1), run, dir, heard[1], dead[0]);
        cr_assert(victim > 0 && survivor > 0);
        cr_assert_eq(read(heard[0], word, 1) + read(heard[0], word, 1), 2, "both have heard");
        usleep(1000 * (round % 5));
        kill(victim, SIGKILL);
        cr_assert_eq(waitpid(victim, &status, 0), victim);
        cr_assert_eq(write(dead[1], "x", 1), 1);
        cr_assert_eq(waitpid(survivor, &status, 0), survivor);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "round %u: status %x", round,
                  (unsigned)status);
        close(heard[0]), close(heard[1]), close(dead[0]), close(dead[1]);
    }
    cr_expect_eq(rmdir(dir), 0, "nothing of a killed process stays: %s", strerror(errno));
}
