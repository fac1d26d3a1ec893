/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/udp_frame.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Where things stand in a frame. */
enum {
    AT_TYPE = 12,
    AT_IP = 14,
    AT_IP_LENGTH = 16,
    AT_IP_PROTOCOL = 23,
    AT_IP_SUM = 24,
    AT_FROM = 26,
    AT_TO = 30,
    AT_PORTS = 34,
    AT_UDP_LENGTH = 38
};

static void put_16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t get_16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

void udp_frame_outer(uint8_t out[UDP_FRAME_OUTER], const struct udp_end *from,
                     const struct udp_end *to)
{
    static const uint8_t ip[] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17}; /* DF, 64 hops, UDP */
    memset(out, 0, UDP_FRAME_OUTER);
    memcpy(out, to->ethernet, 6);
    memcpy(out + 6, from->ethernet, 6);
    put_16(out + AT_TYPE, 0x0800);
    memcpy(out + AT_IP, ip, sizeof(ip));
    memcpy(out + AT_FROM, &from->address, 4);
    memcpy(out + AT_TO, &to->address, 4);
    memcpy(out + AT_PORTS, &from->port, 2);
    memcpy(out + AT_PORTS + 2, &to->port, 2);
}

void udp_frame_finish(uint8_t *frame, uint32_t bytes)
{
    uint32_t sum = 0;
    put_16(frame + AT_IP_LENGTH, bytes - AT_IP);
    put_16(frame + AT_UDP_LENGTH, bytes - AT_PORTS);
    for (uint32_t i = AT_IP; i < AT_PORTS; i += 2)
        sum += get_16(frame + i);
    sum = (sum & 0xFFFF) + (sum >> 16);
    put_16(frame + AT_IP_SUM, ~(sum + (sum >> 16)));
}

bool udp_frame_is_for(const uint8_t *frame, uint32_t bytes, const struct udp_end *to,
                      struct udp_end *from)
{
    if (bytes <= UDP_FRAME_OUTER || get_16(frame + AT_TYPE) != 0x0800 || frame[AT_IP] != 0x45 ||
        frame[AT_IP_PROTOCOL] != 17 || memcmp(frame + AT_TO, &to->address, 4) != 0 ||
        memcmp(frame + AT_PORTS + 2, &to->port, 2) != 0)
        return false;
    memcpy(&from->address, frame + AT_FROM, 4);
    memcpy(&from->port, frame + AT_PORTS, 2);
    return true;
}

uint32_t udp_frame_payload(const uint8_t *frame, uint32_t bytes)
{
    const uint32_t said = get_16(frame + AT_IP_LENGTH);
    return said > UDP_FRAME_IP_AND_UDP && said + AT_IP <= bytes ? said - UDP_FRAME_IP_AND_UDP : 0;
}

void udp_end_print(const struct udp_end *end, char *out, size_t bytes)
{
    const uint8_t *const e = end->ethernet;
    char host[INET_ADDRSTRLEN];
    snprintf(out, bytes, "%02x:%02x:%02x:%02x:%02x:%02x/%s:%u", e[0], e[1], e[2], e[3], e[4], e[5],
             inet_ntop(AF_INET, &end->address, host, sizeof(host)), ntohs(end->port));
}

bool udp_end_parse(const char *text, struct udp_end *out)
{
    char host[INET_ADDRSTRLEN];
    unsigned byte[6], port;
    int end = 0;
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x/%15[0-9.]:%5u%n", &byte[0], &byte[1], &byte[2],
               &byte[3], &byte[4], &byte[5], host, &port, &end) != 8)
        return false;
    for (uint32_t i = 0; i < 6; i++)
        out->ethernet[i] = (uint8_t)byte[i];
    out->port = htons((uint16_t)port);
    return !text[end] && port > 0 && port <= UINT16_MAX &&
           inet_pton(AF_INET, host, &out->address) == 1;
}
