/* SPDX-License-Identifier: BSD-3-Clause */
/* The flag that loops look at, and who sets it. */
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
    struct sigaction old;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    /* A terminal that closes; nohup(1) sees to it that it is ignored. */
    if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
    action.sa_flags = SA_RESTART;
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* whoever reads the tables may go away; the results are written */
}

void interrupt_leave_to_parent(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

void interrupt_stop(void)
{
    atomic_store(&interrupt_flag, 1);
}

void interrupt_take_back(void)
{
    atomic_store(&interrupt_flag, 0);
}
