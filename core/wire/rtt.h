/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How long an answer takes, and for how long silence is no loss.
 *
 * A sample is the time since the frame left that the other end heard last, less what it held it: every frame says when it
 * left, also one that is sent again, so samples are never of the wrong copy.
 *
 * Source: V. Jacobson, M. Karels, "Congestion avoidance and control", SIGCOMM 1988; RFC 6298 (weights 1/8 and 1/4,
 *         first sample, back-off), with a floor of the link in place of its second.
 */
#ifndef CORE_WIRE_RTT_H
#define CORE_WIRE_RTT_H

#include <stdbool.h>
#include <stdint.h>

#define RTT_TIMEOUT_MAX_NS UINT64_C(100000000)

struct rtt {
    uint64_t
        floor_ns; /* least that is added to the smoothed time: what loops and kernels take to answer */
    uint64_t smoothed_ns; /* SRTT */
    uint64_t spread_ns;   /* RTTVAR */
    uint64_t least_ns;    /* of all samples */
    bool is_known;
};

void rtt_take(struct rtt *self, uint64_t sample_ns);

/**
 * Silence that asks for a PROBE: SRTT + max(4 RTTVAR, floor), doubled `tries` times to at most RTT_TIMEOUT_MAX_NS (but
 * never less than undoubled), and up to an eighth more as `draw` says, so that ends which fell silent together do not
 * ask together. Before the first sample four floors stand for it.
 */
uint64_t rtt_timeout(const struct rtt *self, uint32_t tries, uint64_t draw);

#endif
