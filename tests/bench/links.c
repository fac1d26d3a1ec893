/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Half a round trip between two pinned processes (threads, for `ring`), one way of carrying messages at a time:
 *
 *   links ring             two rings of the fabric in one process: what a control message costs without a wire
 *   links unix             sockets of the kernel (AF_UNIX, messages), polled
 *   links LINK             a row of `dawdle list links`: bare frames, and with the protocol (control, tensors)
 *
 * One line per figure: way, bytes, ns (median over batches). links.sh repeats and interleaves them, and compares. With `--interface
 * A,B` the ends use these; with `--netns PID` the second end is in that process' network namespace. Prints only.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_clock.h"
#include "core/base/check.h"
#include "core/wire/frame.h"
#include "net/channel_ring.h"
#include "net/eal.h"
#include "net/fabric.h"
#include "net/link.h"
#include "net/spread.h"

#define BATCHES 21u

#define POOL_BYTES ((size_t)96 << 20)
#define PATIENCE 20000000u /* looks until a message counts as lost */

static struct {
    uint32_t side;  /* 0 measures */
    int peer;       /* socket to the other process */
    uint32_t share; /* of the usual number of messages, in thousandths */
    const char *interface[2], *address[2];
    const char *netns;
    const struct link_ops *link;
    struct bench_clock clock;
} own;

/** A way: send a message of `bytes`; has one come? */
struct way {
    void *context;
    void (*send)(void *context, uint32_t bytes);
    bool (*receive)(void *context, uint32_t bytes);
};

static void await(const struct way *way, uint32_t bytes)
{
    for (uint32_t looks = 0; !way->receive(way->context, bytes); looks++)
        if (looks > PATIENCE) {
            fprintf(stderr, "links: a message of %u bytes never came\n", bytes);
            exit(1);
        }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** Both sides call it; side 0 prints. */
static void play(const char *name, const struct way *way, uint32_t bytes, uint32_t messages,
                 uint32_t side)
{
    double ns[BATCHES];
    const uint32_t each = messages * own.share / 1000 / BATCHES + 1;
    for (uint32_t b = 0; b < BATCHES; b++) {
        const uint64_t from = bench_clock_start();
        for (uint32_t i = 0; i < each; i++) {
            if (side == 0)
                way->send(way->context, bytes);
            await(way, bytes);
            if (side == 1)
                way->send(way->context, bytes);
        }
        ns[b] = (double)(bench_clock_end() - from) * own.clock.ns_per_cyc / (2.0 * each);
    }
    qsort(ns, BATCHES, sizeof(*ns), by_value);
    if (side == 0)
        printf("%s\t%u\t%.1f\n", name, bytes, ns[BATCHES / 2]);
    fflush(stdout);
}

/* --------------------------------------------------------------- rings */

struct ring_end {
    struct channel_ring *out, *in;
    unsigned core;
    uint32_t side;
};

static void ring_send(void *context, uint32_t bytes)
{
    const struct port_message message = {.tag = bytes};
    CHECK(channel_ring_push(((struct ring_end *)context)->out, &message));
}

static bool ring_receive(void *context, uint32_t bytes)
{
    struct port_message message;
    (void)bytes;
    return channel_ring_pop(((struct ring_end *)context)->in, &message, 1) == 1;
}

static void *ring_play(void *argument)
{
    struct ring_end *const self = argument;
    const struct way way = {self, ring_send, ring_receive};
    bench_clock_pin(self->core);
    play("ring", &way, 64, 200000, self->side);
    return NULL;
}

static void measure_rings(const unsigned core[2])
{
    const size_t bytes = (channel_ring_bytes_of_messages(8) + 63) / 64 * 64;
    struct channel_ring *const a = channel_ring_init(aligned_alloc(64, bytes), 8);
    struct channel_ring *const b = channel_ring_init(aligned_alloc(64, bytes), 8);
    struct ring_end end[2] = {{.out = a, .in = b, .core = core[0], .side = 0},
                              {.out = b, .in = a, .core = core[1], .side = 1}};
    pthread_t other;
    CHECK(pthread_create(&other, NULL, ring_play, &end[1]) == 0);
    ring_play(&end[0]);
    pthread_join(other, NULL);
}

/* --------------------------------------------------------- AF_UNIX */

static uint8_t buffer[1 << 20];

static void unix_send(void *context, uint32_t bytes)
{
    while (send(*(int *)context, buffer, bytes, MSG_DONTWAIT) != (ssize_t)bytes)
        ;
}

static bool unix_receive(void *context, uint32_t bytes)
{
    return recv(*(int *)context, buffer, sizeof(buffer), MSG_DONTWAIT) == (ssize_t)bytes;
}

/* ----------------------------------------------------------- a bare link */

static void swap(const void *mine, void *its, size_t bytes)
{
    CHECK(write(own.peer, mine, bytes) == (ssize_t)bytes);
    CHECK(read(own.peer, its, bytes) == (ssize_t)bytes);
}

static void complain(const char *what, const struct err *err)
{
    fprintf(stderr, "links: %s: %s\n", what, err->text);
    exit(1);
}

static void link_bytes(void *context, uint32_t bytes)
{
    struct link *const link = context;
    const uint32_t head = bytes < FRAME_HEAD_BYTES ? bytes : FRAME_HEAD_BYTES;
    const struct link_out frame = {
        .head = buffer, .head_bytes = head, .body = buffer, .body_bytes = bytes - head};
    while (link_send(link, 0, &frame, 1) != 1)
        ;
}

static bool link_came(void *context, uint32_t bytes)
{
    struct link *const link = context;
    struct link_in in;
    if (link_receive(link, &in, 1) != 1)
        return false;
    CHECK(in.bytes == bytes);
    memcpy(buffer, in.at, bytes);
    link_release(link, &in, 1);
    return true;
}

static void measure_link(uint64_t run)
{
    const uint32_t other = 1 - own.side;
    char mine[LINK_ADDRESS_MAX] = "", its[LINK_ADDRESS_MAX];
    char name[64];
    struct err err = {{0}};
    const struct link_config config = {.process = own.side,
                                       .peer_count = 1,
                                       .peers = &other,
                                       .run = run,
                                       .interface = own.interface[own.side],
                                       .address = own.address[own.side]};
    struct link *const link = own.link->open(&config, &err);
    if (!link)
        complain(own.link->name, &err);
    link_address(link, 0, mine);
    swap(mine, its, sizeof(mine));
    int rc;
    while ((rc = link_connect(link, 0, its, &err)) == -EAGAIN)
        usleep(1000);
    if (rc < 0)
        complain("cannot connect", &err);
    swap(mine, its, 1);
    const struct way way = {link, link_bytes, link_came};
    snprintf(name, sizeof(name), "%s frames", own.link->name);
    play(name, &way, 64, 50000, own.side);
    if (link->payload_max >= 4096)
        play(name, &way, 4096, 20000, own.side);
}

/* ------------------------------------------------------ with the protocol */

/** One worker of two, each in a process of its own. */
struct end {
    struct fabric fabric;
    struct spread *spread;
    struct arena arena;
    struct slots slots;
    uint32_t version;
    _Atomic uint64_t settled;
    struct port *port;
};

static const uint16_t apart[] = {0, 1};
static const uint32_t peer_begin[] = {0, 1, 2}, peers[] = {1, 0};

static void whole(uint32_t dim, uint32_t slice, uint32_t slices, uint32_t *begin, uint32_t *last)
{
    (void)slice;
    (void)slices;
    *begin = 0;
    *last = dim;
}

static void turn(struct end *self)
{
    struct bridge *const bridge = spread_bridge(self->spread);
    bridge->turn(bridge, bench_clock_end());
}

static void control_send(void *context, uint32_t bytes)
{
    struct end *const self = context;
    struct port_message old;
    const struct port_message message = {.type = 1, .tag = bytes};
    while (self->port->ops->send(self->port, own.side, 0, &message, &old) != PORT_OK)
        turn(self);
    turn(self);
}

static bool control_came(void *context, uint32_t bytes)
{
    struct end *const self = context;
    struct port_arrival in;
    (void)bytes;
    turn(self);
    return self->port->ops->poll(self->port, own.side, &in, 1) == 1;
}

static void tensor_send(void *context, uint32_t bytes)
{
    struct end *const self = context;
    struct port_message old;
    uint32_t slot;
    (void)bytes;
    while ((slot = slots_take(&self->slots)) == SLOTS_NONE) {
        turn(self);
        self->port->ops->reclaim(self->port, own.side, &self->slots);
    }
    const slots_handle handle = slots_seal(&self->slots, slot, ++self->version);
    self->port->ops->stamp(self->port, own.side, slot, handle);
    const struct port_message message = {.is_tensor = 1, .handle = handle, .slices = 1};
    slots_lend(&self->slots, slot, 0);
    slots_drop(&self->slots, slot);
    while (self->port->ops->send(self->port, own.side, 0, &message, &old) != PORT_OK)
        turn(self);
    turn(self);
}

/** Read as an average reads it: every line. */
static bool tensor_came(void *context, uint32_t bytes)
{
    struct end *const self = context;
    struct port_arrival in;
    static volatile float sink __attribute__((unused));
    turn(self);
    if (self->port->ops->poll(self->port, own.side, &in, 1) != 1)
        return false;
    const float *const vector =
        self->port->ops->view(self->port, own.side, in.edge, in.message.handle);
    float sum = 0;
    for (uint32_t d = 0; d < bytes / sizeof(float); d += 16)
        sum += vector[d];
    sink = sum;
    self->port->ops->release(self->port, own.side, in.edge, in.message.handle);
    self->port->ops->reclaim(self->port, own.side, &self->slots);
    return true;
}

static void open_end(struct end *self, uint32_t bytes, uint64_t run)
{
    struct err err = {{0}};
    struct fabric_config config = {.workers = 2,
                                   .peer_begin = peer_begin,
                                   .peers = peers,
                                   .tensors = FABRIC_EXACT,
                                   .exact_depth = 2,
                                   .control_depth = 8,
                                   .slots = 8,
                                   .dim = bytes / (uint32_t)sizeof(float),
                                   .process = apart,
                                   .bodies = 12};
    const size_t area = fabric_bytes(&config);
    arena_init(&self->arena, aligned_alloc(64, (area + 63) / 64 * 64), area);
    memset(self->arena.base, 1, area);
    config.memory = &self->arena;
    CHECK(fabric_init(&self->fabric, &config, &err) == 0);
    self->port = &self->fabric.port;
    slots_init(&self->slots, calloc(1, slots_bytes(8, 1)), 8, 1, 1);
    const struct spread_config spread = {.fabric = &self->fabric,
                                         .processes = 2,
                                         .process = own.side,
                                         .tensors = STREAM_EXACT,
                                         .link = own.link,
                                         .interface = own.interface[own.side],
                                         .address = own.address[own.side],
                                         .run = run,
                                         .ns_per_cyc = own.clock.ns_per_cyc,
                                         .range = whole,
                                         .settled = &self->settled};
    self->spread = spread_open(&spread, &err);
    if (!self->spread)
        complain(own.link->name, &err);
}

static void join_ends(struct end *self)
{
    struct err err = {{0}};
    char mine[LINK_ADDRESS_MAX] = "", its[LINK_ADDRESS_MAX];
    int rc;
    spread_address(self->spread, 0, mine);
    swap(mine, its, sizeof(mine));
    while ((rc = spread_connect(self->spread, 0, its, &err)) == -EAGAIN)
        usleep(1000);
    if (rc < 0)
        complain("cannot connect", &err);
    swap(mine, its, 1);
    spread_start(self->spread, bench_clock_end());
    for (uint32_t both = 0; both < 1000; both += spread_is_open(self->spread))
        turn(self);
}

/** The last message may still be on its way when its sender has handed it in. */
static void linger(struct end *self)
{
    char byte = 0;
    if (own.side == 0)
        CHECK(write(own.peer, &byte, 1) == 1);
    while (own.side == 1 && recv(own.peer, &byte, 1, MSG_DONTWAIT) != 1)
        turn(self);
}

static void measure_protocol(uint32_t bytes, uint32_t messages, uint64_t run)
{
    struct end *const self = calloc(1, sizeof(*self));
    char name[64];
    CHECK(self);
    open_end(self, bytes, run);
    join_ends(self);
    const struct way control = {self, control_send, control_came};
    const struct way tensor = {self, tensor_send, tensor_came};
    snprintf(name, sizeof(name), "%s control", own.link->name);
    if (bytes == 4096) {
        play(name, &control, 64, 50000, own.side);
        linger(self);
    }
    snprintf(name, sizeof(name), "%s tensor", own.link->name);
    play(name, &tensor, bytes, messages, own.side);
    linger(self);
    /* left open: both ends of a memif port must not be closed at the same moment, and the process ends anyway */
}

/* ----------------------------------------------------------------- both ends */

static void start_dpdk(void)
{
    static struct eal eal;
    char dir[] = "/tmp/dawdle-links-XXXXXX";
    struct err err = {{0}};
    CHECK(mkdtemp(dir));
    const struct eal_config config = {
        .memory_bytes = 1, .pool_bytes = POOL_BYTES, .runtime_dir = dir};
    if (eal_start(&eal, &config, &err) < 0)
        complain("cannot start DPDK", &err);
    rmdir(dir);
}

static void enter_netns(void)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%s/ns/net", own.netns);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && setns(fd, CLONE_NEWNET) == 0);
    close(fd);
}

enum part { FRAMES, SMALL, LARGE, PARTS };

static void measure_part(const char *what, enum part part, uint64_t run)
{
    if (own.link && own.link->needs_dpdk)
        start_dpdk();
    if (!own.link) {
        const struct way way = {&own.peer, unix_send, unix_receive};
        play(what, &way, 64, 50000, own.side);
        play(what, &way, 4096, 50000, own.side);
    } else if (part == FRAMES)
        measure_link(run);
    else if (part == SMALL)
        measure_protocol(4096, 20000, run);
    else
        measure_protocol(1 << 20, 400, run);
    swap("", &(char){0}, 1); /* the other one may still wait for an answer */
}

/** Both ends are new processes for each part: what one leaves open is not in the way of the next. */
static void measure_ends(const char *what, const unsigned core[2], enum part part)
{
    int pair[2];
    pid_t child[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    fflush(stdout);
    for (uint32_t side = 0; side < 2; side++) {
        child[side] = fork();
        if (child[side] != 0)
            continue;
        own.side = side;
        own.peer = pair[side];
        close(pair[1 - side]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bench_clock_pin(core[side]);
        if (side == 1 && own.netns)
            enter_netns();
        measure_part(what, part, (uint64_t)getppid() << 8 | part);
        fflush(stdout);
        _exit(0);
    }
    close(pair[0]);
    close(pair[1]);
    for (uint32_t side = 0; side < 2; side++)
        waitpid(child[side], NULL, 0);
}

int main(int argc, char **argv)
{
    unsigned core[2];
    const char *const what = argc > 1 ? argv[1] : "";
    own.share = 1000;
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "--smoke"))
            own.share = 1;
        else if (!strcmp(argv[i], "--netns") && i + 1 < argc)
            own.netns = argv[++i];
        else if (!strcmp(argv[i], "--interface") && i + 1 < argc) {
            own.interface[0] = strtok(argv[++i], ",");
            own.interface[1] = strtok(NULL, ",");
        } else if (!strcmp(argv[i], "--address") && i + 1 < argc) {
            own.address[0] = strtok(argv[++i], ",");
            own.address[1] = strtok(NULL, ",");
        }
    }
    own.link = link_find(what);
    if (!own.link && strcmp(what, "ring") != 0 && strcmp(what, "unix") != 0) {
        fprintf(stderr, "links: ring, unix, or a row of `dawdle list links` is expected\n");
        return 2;
    }
    if (!bench_clock_cores(core, 2)) {
        fprintf(stderr, "links: two cores are needed\n");
        return 77;
    }
    own.clock = bench_clock_calibrate(20);
    if (strcmp(what, "ring") == 0)
        measure_rings(core);
    for (uint32_t part = 0; part < (own.link ? PARTS : 1) && strcmp(what, "ring") != 0; part++)
        measure_ends(what, core, (enum part)part);
    return 0;
}
