/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A link around another one, that hands each frame which was sent or received to a capture as well (capture.h). Where nothing is
 * captured there is none of it.
 *
 * Frames are written with Ethernet, IPv4 and UDP headers that name processes, made up and the same for all links: memif has no
 * headers, those of udp are the kernel's, and tools know nothing else to tell two ends by. Process P is 198.18.P/256.P%256
 * (addresses for measuring devices, RFC 2544), port 17495 ("DW"), 02:44:57:00:P/256:P%256; checksums are right.
 *
 * A frame that was sent bears the time before it was given to the link, one that came the time after it was taken from it.
 */
#ifndef NET_LINK_CAPTURE_H
#define NET_LINK_CAPTURE_H

#include "net/capture.h"
#include "net/link.h"

/**
 * Takes over `inner`, which was opened with `config`; borrows `to` until it is closed. Returns a link, or NULL with a sentence:
 * then `inner` is closed.
 */
struct link *link_capture_open(struct link *inner, const struct link_config *config,
                               struct capture *to, struct err *err);

#endif
