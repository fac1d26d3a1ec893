/* SPDX-License-Identifier: BSD-3-Clause */
/* Links with both ends in this process: what is sent arrives as it was, or is counted; strangers are not heard. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/eal.h"
#include "net/ethdev.h"
#include "net/gate.h"
#include "net/link.h"

#define HEAD 54u

/* The two ends of a pair of processes, 0 and 1. */
struct pair {
    struct link *end[2];
};

static struct link *open_end(const char *name, uint32_t process, uint32_t payload_max)
{
    static const uint32_t other[2] = {1, 0};
    struct err err = {{0}};
    const struct link_ops *const ops = link_find(name);
    const struct link_config config = {.process = process,
                                       .peer_count = 1,
                                       .peers = &other[process],
                                       .run = 77,
                                       .interface = process ? "left" : "right",
                                       .payload_max = payload_max};
    cr_assert(ops);
    struct link *const link = ops->open(&config, &err);
    cr_assert(link, "%s", err.text);
    return link;
}

static struct pair open_pair(const char *name, uint32_t payload_max)
{
    struct pair pair;
    struct err err = {{0}};
    char address[LINK_ADDRESS_MAX];
    for (uint32_t i = 0; i < 2; i++)
        pair.end[i] = open_end(name, i, payload_max);
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t tries = 0;; tries++) {
            link_address(pair.end[1 - i], 0, address);
            const int rc = link_connect(pair.end[i], 0, address, &err);
            if (rc == 0)
                break;
            cr_assert(rc == -EAGAIN && tries < 2000, "%s", err.text);
            if (i == 0) { /* the client of a pair comes to its server */
                link_address(pair.end[0], 0, address);
                link_connect(pair.end[1], 0, address, &err);
            }
            usleep(1000);
        }
    return pair;
}

static struct eal eal;

static void start_dpdk(void)
{
    char dir[] = "/tmp/dawdle-link-XXXXXX";
    struct err err = {{0}};
    cr_assert(mkdtemp(dir));
    const struct eal_config config = {
        .memory_bytes = 1 << 20, .pool_bytes = 64 << 20, .runtime_dir = dir};
    cr_assert_eq(eal_start(&eal, &config, &err), 0, "%s", err.text);
    rmdir(dir);
}

static void stop_dpdk(void)
{
    eal_stop(&eal);
}

/*
 * A network of this process alone, of one cable. Whoever is not root may be so in a namespace: unshare -Urn test_unit_net.
 * (Not from within: Criterion's processes have a second thread.)
 */
static void start_network(void)
{
    if (unshare(CLONE_NEWNET) < 0 ||
        system(
            "ip link add left type veth peer name right && ip addr add 10.9.0.1/24 dev left && "
            "ip addr add 10.9.0.2/24 dev right && ip link set left up && ip link set right up && "
            "ip link set lo up") != 0)
        cr_skip_test("a network of one's own needs root (unshare -Urn) and iproute2");
    start_dpdk();
}

static void close_pair(struct pair *pair)
{
    link_close(pair->end[0]);
    link_close(pair->end[1]);
}

/* A frame of `bytes` payload, numbered: its bytes follow from the number. */
static struct link_out frame_of(uint8_t head[HEAD], uint8_t *body, uint32_t number, uint32_t bytes)
{
    memset(head, (int)number, HEAD);
    memcpy(head, &number, sizeof(number));
    for (uint32_t i = 0; i < bytes; i++)
        body[i] = (uint8_t)(number * 7 + i);
    return (struct link_out){head, body, HEAD, bytes};
}

static void expect_frame(const struct link_in *in, uint32_t number, uint32_t bytes)
{
    uint32_t found;
    cr_assert_eq(in->bytes, HEAD + bytes, "frame %u has %u bytes", number, in->bytes);
    memcpy(&found, in->at, sizeof(found));
    cr_expect_eq(found, number);
    cr_expect_eq((uintptr_t)(in->at + HEAD) % 32, 0, "payloads are aligned");
    for (uint32_t i = 0; i < bytes; i++)
        cr_assert_eq(in->at[HEAD + i], (uint8_t)(number * 7 + i), "byte %u of frame %u", i, number);
}

/* Takes frames until there are `count`, or none comes for long. */
static uint32_t take(struct link *link, struct link_in *in, uint32_t count)
{
    uint32_t came = 0;
    for (uint32_t idle = 0; came < count && idle < 100000; idle++)
        came += link_receive(link, in + came, count - came);
    return came;
}

Test(link, table_names_each_row_once_and_says_what_it_is)
{
    uint32_t rows = 0;
    for (const struct link_ops *row; (row = link_at(rows)); rows++) {
        cr_expect_eq(link_find(row->name), row);
        cr_expect(row->help && *row->help && row->peers_max > 0);
        cr_expect(*link_bypass_name(row->bypass));
    }
    cr_expect_geq(rows, 2);
    cr_expect_null(link_find("pigeon"));
}

static void expect_every_size_both_ways(const char *name)
{
    static const uint32_t sizes[] = {0, 1, 8, 63, 64, 1000, 1344};
    struct pair pair = open_pair(name, 0);
    static uint8_t head[HEAD], body[2048];
    struct link_in in;
    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (uint32_t from = 0; from < 2; from++) {
            const struct link_out out = frame_of(head, body, i, sizes[i]);
            cr_assert_eq(link_send(pair.end[from], 0, &out, 1), 1);
            cr_assert_eq(take(pair.end[1 - from], &in, 1), 1, "%u bytes", sizes[i]);
            expect_frame(&in, i, sizes[i]);
            cr_expect_eq(in.peer, 0);
            link_release(pair.end[1 - from], &in, 1);
        }
    cr_expect_eq(pair.end[0]->counts.sent, 7);
    cr_expect_eq(pair.end[0]->counts.received, 7);
    close_pair(&pair);
}

static void expect_bursts_in_order(const char *name)
{
    struct pair pair = open_pair(name, 0);
    static uint8_t head[LINK_BURST][HEAD], body[LINK_BURST][1280];
    struct link_out out[LINK_BURST];
    struct link_in in[LINK_BURST];
    const uint32_t count =
        link_window(pair.end[0], 0) < LINK_BURST ? link_window(pair.end[0], 0) : LINK_BURST;
    for (uint32_t round = 0; round < 100; round++) {
        for (uint32_t i = 0; i < count; i++)
            out[i] = frame_of(head[i], body[i], i, i * 40);
        cr_assert_eq(link_send(pair.end[0], 0, out, count), count);
        cr_assert_eq(take(pair.end[1], in, count), count);
        for (uint32_t i = 0; i < count; i++)
            expect_frame(&in[i], i, i * 40);
        link_release(pair.end[1], in, count);
    }
    close_pair(&pair);
}

Test(link_udp, carries_frames_of_every_size_both_ways)
{
    expect_every_size_both_ways("udp");
}

Test(link_memif, carries_frames_of_every_size_both_ways, .init = start_dpdk, .fini = stop_dpdk)
{
    expect_every_size_both_ways("memif");
}

Test(link_af_packet, carries_frames_of_every_size_both_ways, .init = start_network,
     .fini = stop_dpdk)
{
    expect_every_size_both_ways("af_packet");
}

Test(link_af_packet, carries_bursts_in_order, .init = start_network, .fini = stop_dpdk)
{
    expect_bursts_in_order("af_packet");
}

Test(link_udp, carries_bursts_in_order)
{
    expect_bursts_in_order("udp");
}

Test(link_memif, carries_bursts_in_order, .init = start_dpdk, .fini = stop_dpdk)
{
    expect_bursts_in_order("memif");
}

Test(link_udp, takes_large_frames_where_they_are_asked_for)
{
    struct pair pair = open_pair("udp", HEAD + 16384);
    static uint8_t head[HEAD], body[16384];
    struct link_in in;
    const struct link_out out = frame_of(head, body, 3, 16384);
    cr_assert_eq(link_send(pair.end[0], 0, &out, 1), 1);
    cr_assert_eq(take(pair.end[1], &in, 1), 1);
    expect_frame(&in, 3, 16384);
    cr_expect_geq(link_window(pair.end[0], 0), 2);
    close_pair(&pair);
}

Test(link_udp, counts_what_the_kernel_dropped_and_loses_no_other)
{
    struct pair pair = open_pair("udp", 0);
    const uint32_t count = 40000;
    static uint8_t head[HEAD], body[1344];
    struct link_in in[LINK_BURST];
    for (uint32_t i = 0; i < count; i++) {
        const struct link_out out = frame_of(head, body, i, 1344);
        cr_assert_eq(link_send(pair.end[0], 0, &out, 1), 1);
    }
    uint32_t came = 0, got;
    while ((got = link_receive(pair.end[1], in, LINK_BURST)) > 0)
        came += got;
    cr_expect_lt(came, count, "more than any buffer holds");
    cr_expect_geq(came, link_window(pair.end[1], 0), "a window fits");
    /* The count comes with a frame that was not dropped. */
    const struct link_out last = frame_of(head, body, 1, 8);
    cr_assert_eq(link_send(pair.end[0], 0, &last, 1), 1);
    cr_assert_eq(take(pair.end[1], in, 1), 1);
    cr_expect_eq(pair.end[1]->counts.overflow, count - came);
    close_pair(&pair);
}

Test(link_udp, hears_nobody_but_its_peer)
{
    struct pair pair = open_pair("udp", 0);
    char address[LINK_ADDRESS_MAX];
    struct link_in in;
    link_address(pair.end[1], 0, address);
    char *const colon = strchr(address, ':');
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    *colon = '\0';
    cr_assert_eq(inet_pton(AF_INET, address, &to.sin_addr), 1);
    const int stranger = socket(AF_INET, SOCK_DGRAM, 0);
    cr_assert_eq(sendto(stranger, "boo", 3, 0, (struct sockaddr *)&to, sizeof(to)), 3);
    cr_expect_eq(take(pair.end[1], &in, 1), 0);
    close(stranger);
    close_pair(&pair);
}

Test(link_udp, counts_a_frame_that_is_too_long)
{
    struct pair pair = open_pair("udp", 2048);
    struct link *const narrow = open_end("udp", 1, 256);
    struct err err = {{0}};
    char address[LINK_ADDRESS_MAX];
    static uint8_t head[HEAD], body[1024];
    struct link_in in;
    link_address(narrow, 0, address);
    cr_assert_eq(link_connect(pair.end[0], 0, address, &err), 0);
    link_address(pair.end[0], 0, address);
    cr_assert_eq(link_connect(narrow, 0, address, &err), 0);
    struct link_out out = frame_of(head, body, 1, 1024);
    cr_assert_eq(link_send(pair.end[0], 0, &out, 1), 1);
    out.body_bytes = 100;
    cr_assert_eq(link_send(pair.end[0], 0, &out, 1), 1);
    cr_assert_eq(take(narrow, &in, 1), 1);
    cr_expect_eq(in.bytes, HEAD + 100);
    cr_expect_eq(narrow->counts.malformed, 1);
    link_close(narrow);
    close_pair(&pair);
}

Test(link_udp, sends_on_when_its_peer_is_gone)
{
    struct pair pair = open_pair("udp", 0);
    static uint8_t head[HEAD], body[64];
    const struct link_out out = frame_of(head, body, 1, 64);
    struct link_in in;
    link_close(pair.end[1]);
    for (uint32_t i = 0; i < 100; i++)
        cr_assert_eq(link_send(pair.end[0], 0, &out, 1), 1, "frame %u", i);
    cr_expect_eq(link_receive(pair.end[0], &in, 1), 0);
    link_close(pair.end[0]);
}

Test(link_udp, refuses_what_is_no_address)
{
    static const char *const wrong[] = {"",
                                        "1.2.3.4",
                                        "1.2.3.4:",
                                        "1.2.3.4:0",
                                        "1.2.3.4:65536",
                                        "1.2.3.4:7x",
                                        "localhost:7",
                                        "1.2.3:7",
                                        ":7",
                                        "1.2.3.4:-7",
                                        "1111.2222.3333.4444:7"};
    struct link *const link = open_end("udp", 0, 0);
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct err err = {{0}};
        cr_expect_eq(link_connect(link, 0, wrong[i], &err), -EINVAL, "%s", wrong[i]);
        cr_expect(strstr(err.text, "expected IPv4:port"), "%s", err.text);
    }
    link_close(link);
}

Test(link_udp, names_what_is_wrong_with_its_configuration)
{
    static const uint32_t peer = 1;
    static const struct {
        const char *address;
        uint32_t payload_max;
        const char *says;
    } wrong[] = {{"eth0", 0, "'eth0' is no IPv4 address"},
                 {"203.0.113.1", 0, "link.address must be one of this host"},
                 {NULL, 70000, "holds at most 65000 bytes"}};
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct err err = {{0}};
        const struct link_config config = {.peer_count = 1,
                                           .peers = &peer,
                                           .address = wrong[i].address,
                                           .payload_max = wrong[i].payload_max};
        cr_expect_null(link_find("udp")->open(&config, &err));
        cr_expect(strstr(err.text, wrong[i].says), "%s", err.text);
    }
}

Test(link_null, takes_everything_and_delivers_nothing)
{
    struct pair pair = open_pair("null", 0);
    static uint8_t head[HEAD], body[64];
    const struct link_out out = frame_of(head, body, 1, 64);
    struct link_in in;
    for (uint32_t i = 0; i < 10; i++)
        cr_expect_eq(link_send(pair.end[0], 0, &out, 1), 1);
    cr_expect_eq(link_receive(pair.end[1], &in, 1), 0);
    cr_expect_eq(pair.end[0]->counts.sent, 10);
    close_pair(&pair);
}

Test(link_memif, takes_large_frames_and_small_ones_after_them, .init = start_dpdk,
     .fini = stop_dpdk)
{
    struct pair pair = open_pair("memif", 0);
    static uint8_t head[HEAD], body[16384];
    struct link_in in;
    for (uint32_t i = 0; i < 200; i++) {
        const uint32_t bytes = i % 3 == 0 ? 16384 : i % 3 == 1 ? 10 : 513;
        const struct link_out out = frame_of(head, body, i, bytes);
        cr_assert_eq(link_send(pair.end[i % 2], 0, &out, 1), 1);
        cr_assert_eq(take(pair.end[1 - i % 2], &in, 1), 1);
        expect_frame(&in, i, bytes);
        link_release(pair.end[1 - i % 2], &in, 1);
    }
    close_pair(&pair);
}

Test(link_memif, refuses_frames_that_find_no_room_and_keeps_the_others, .init = start_dpdk,
     .fini = stop_dpdk)
{
    struct pair pair = open_pair("memif", 0);
    static uint8_t head[HEAD], body[64];
    struct link_in in[LINK_BURST];
    uint32_t taken = 0, came = 0, got;
    for (uint32_t i = 0; i < 200; i++) {
        const struct link_out out = frame_of(head, body, taken, 64);
        taken += link_send(pair.end[0], 0, &out, 1);
    }
    cr_expect_geq(taken, link_window(pair.end[0], 0), "a window fits");
    cr_expect_lt(taken, 200);
    cr_expect_eq(pair.end[0]->counts.refused, 200 - taken);
    while ((got = take(pair.end[1], in, 8)) > 0) {
        for (uint32_t i = 0; i < got; i++)
            expect_frame(&in[i], came + i, 64);
        came += got;
        link_release(pair.end[1], in, got);
    }
    cr_expect_eq(came, taken);
    close_pair(&pair);
}

Test(link_memif, holds_the_interrupt_thread_while_it_is_connected, .init = start_dpdk,
     .fini = stop_dpdk)
{
    struct pair pair = open_pair("memif", 0);
    cr_expect(gate_is_closed());
    gate_open();
    cr_expect_not(gate_is_closed());
    gate_close();
    gate_close();
    cr_expect(gate_is_closed());
    close_pair(&pair);
}

Test(link_memif, refuses_an_end_of_another_run, .init = start_dpdk, .fini = stop_dpdk)
{
    static const char *const wrong[] = {"", "memif:4e:0-1:16512", "memif:4d:0-2:16512",
                                        "memif:4d:0-1:2048", "127.0.0.1:7"};
    struct link *const link = open_end("memif", 0, 0);
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct err err = {{0}};
        cr_expect_eq(link_connect(link, 0, wrong[i], &err), -EINVAL, "%s", wrong[i]);
        cr_expect(strstr(err.text, "expected 'memif:4d:0-1:16512'"), "%s", err.text);
    }
    link_close(link);
}

Test(link_af_packet, is_deaf_for_the_kernel_and_for_strangers, .init = start_network,
     .fini = stop_dpdk)
{
    struct pair pair = open_pair("af_packet", 0);
    static uint8_t head[HEAD], body[8];
    const struct link_out out = frame_of(head, body, 1, sizeof(body));
    char line[256], address[LINK_ADDRESS_MAX];
    unsigned long long no_ports = 1;
    struct link_in in;
    for (uint32_t i = 0; i < 10; i++)
        cr_assert_eq(link_send(pair.end[0], 0, &out, 1), 1);
    for (uint32_t i = 0; i < 10; i++) {
        cr_assert_eq(take(pair.end[1], &in, 1), 1);
        link_release(pair.end[1], &in, 1);
    }
    FILE *const counts = fopen("/proc/net/snmp", "r");
    cr_assert(counts);
    while (fgets(line, sizeof(line), counts))
        sscanf(line, "Udp: %*u %llu", &no_ports);
    fclose(counts);
    cr_expect_eq(no_ports, 0, "the kernel would have answered %llu times", no_ports);
    /* The same frame from another port of the same host is none of the peer's. */
    link_address(pair.end[1], 0, address);
    const int stranger = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1))};
    cr_assert_eq(inet_pton(AF_INET, "10.9.0.1", &to.sin_addr), 1);
    cr_assert_eq(setsockopt(stranger, SOL_SOCKET, SO_BINDTODEVICE, "right", 6), 0);
    sendto(stranger, body, sizeof(body), 0, (struct sockaddr *)&to, sizeof(to));
    cr_expect_eq(take(pair.end[1], &in, 1), 0);
    close(stranger);
    close_pair(&pair);
}

Test(link_af_packet, names_what_is_wrong_with_its_interface, .init = start_network,
     .fini = stop_dpdk)
{
    static const uint32_t peer = 1;
    static const struct {
        const char *set_up, *interface;
        uint32_t payload_max;
        const char *says;
    } wrong[] = {
        {"true", NULL, 0, "needs link.interface"},
        {"true", "eth7", 0, "no interface 'eth7'"},
        {"true", "left", 9000,
         "interface left carries packets of 1500 bytes, and frames of 9000 need 9028"},
        {"ip link set left down", "left", 0, "interface left is down: ip link set left up"},
        {"ip link set left up; ip addr flush dev left", "left", 0,
         "interface left has no IPv4 address"},
    };
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct err err = {{0}};
        const struct link_config config = {.peer_count = 1,
                                           .peers = &peer,
                                           .interface = wrong[i].interface,
                                           .payload_max = wrong[i].payload_max};
        cr_assert_eq(system(wrong[i].set_up), 0);
        cr_expect_null(link_find("af_packet")->open(&config, &err));
        cr_expect(strstr(err.text, wrong[i].says), "%s", err.text);
    }
}

Test(link_af_packet, takes_large_frames_where_the_network_does, .init = start_network,
     .fini = stop_dpdk)
{
    cr_assert_eq(system("ip link set left mtu 9000 && ip link set right mtu 9000"), 0);
    struct pair pair = open_pair("af_packet", HEAD + 8896);
    static uint8_t head[HEAD], body[8896];
    struct link_in in;
    for (uint32_t i = 0; i < 20; i++) {
        const struct link_out out = frame_of(head, body, i, i % 2 ? 8896 : 20);
        cr_assert_eq(link_send(pair.end[i % 2], 0, &out, 1), 1);
        cr_assert_eq(take(pair.end[1 - i % 2], &in, 1), 1);
        expect_frame(&in, i, i % 2 ? 8896 : 20);
        link_release(pair.end[1 - i % 2], &in, 1);
    }
    close_pair(&pair);
}
