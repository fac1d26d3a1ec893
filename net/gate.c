/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate is an event of the interrupt thread's own epoll set whose callback waits. Closed means that the callback has
 * been entered; open, that it was entered twice since: what was pending at the first pass has been served before the
 * second.
 *
 * The functions for interrupt handles of one's own are experimental in DPDK 22.11; no other file uses them.
 */
#define ALLOW_EXPERIMENTAL_API
#include "net/gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_interrupts.h>

#include "core/base/check.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct rte_intr_handle *handle;
    int event;
    uint64_t entered; /* passes of the callback */
    bool installed, closed;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .event = -1};

static void stand(void *context)
{
    uint64_t rung;
    (void)context;
    pthread_mutex_lock(&gate.lock);
    const ssize_t bytes =
        read(gate.event, &rung, sizeof(rung)); /* else it would be entered for ever */
    (void)bytes;
    gate.entered++;
    pthread_cond_broadcast(&gate.changed);
    while (gate.closed)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static int install(struct err *err)
{
    gate.event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    gate.handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
    if (gate.event < 0 || !gate.handle)
        return err_set(err, -ENOMEM, "no event for DPDK's interrupt thread: %s", strerror(errno));
    if (rte_intr_fd_set(gate.handle, gate.event) < 0 ||
        rte_intr_type_set(gate.handle, RTE_INTR_HANDLE_EXT) < 0)
        return err_set(err, -EIO, "DPDK takes no event for its interrupt thread: %s",
                       rte_strerror(rte_errno));
    const int rc = rte_intr_callback_register(gate.handle, stand, NULL);
    return rc < 0 ? err_set(err, rc, "DPDK's interrupt thread takes no callback: %s", strerror(-rc))
                  : 0;
}

int gate_install(struct err *err)
{
    if (gate.installed)
        return 0;
    const int rc = install(err);
    gate.installed = rc == 0;
    if (rc == 0)
        return 0;
    rte_intr_instance_free(gate.handle);
    if (gate.event >= 0)
        close(gate.event);
    gate.handle = NULL;
    gate.event = -1;
    return rc;
}

/** With the lock: rings, and waits until the callback was entered once more. */
static void ring_and_wait(void)
{
    static const uint64_t one = 1;
    const uint64_t before = gate.entered;
    CHECK(write(gate.event, &one, sizeof(one)) == sizeof(one));
    while (gate.entered == before)
        pthread_cond_wait(&gate.changed, &gate.lock);
}

void gate_close(void)
{
    if (!gate.installed || gate.closed)
        return;
    pthread_mutex_lock(&gate.lock);
    gate.closed = true;
    ring_and_wait();
    pthread_mutex_unlock(&gate.lock);
}

void gate_open(void)
{
    if (!gate.installed || !gate.closed)
        return;
    pthread_mutex_lock(&gate.lock);
    gate.closed = false;
    pthread_cond_broadcast(&gate.changed);
    ring_and_wait(); /* the pass that stood here had more to serve … */
    ring_and_wait(); /* … and so may the next, of what came meanwhile */
    pthread_mutex_unlock(&gate.lock);
}

bool gate_is_closed(void)
{
    return gate.closed;
}
