/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness/run/interrupt.h"

#include <signal.h>

_Atomic uint32_t interrupt_flag;

/* A lock-free atomic store is all that a handler may do here. */
static void on_signal(int number)
{
    (void)number;
    atomic_store(&interrupt_flag, 1);
}

void interrupt_watch(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}
