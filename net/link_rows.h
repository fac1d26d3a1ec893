/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of net/links.c, each in a file of its own. */
#ifndef NET_LINK_ROWS_H
#define NET_LINK_ROWS_H

#include "net/link.h"

extern const struct link_ops link_memif, link_af_packet, link_udp, link_null;

#endif
