/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A signal handler may do little: the sentence is put together with memcpy and written with one write(). Each thread that
 * enters a plug-in has a stack for handlers of its own, as the usual end of deep recursion is that the other one is full.
 */
#include "harness/experiment/plugin_guard.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STACK_BYTES 16384u
#define TEXT_BYTES 1400u

static _Thread_local const char *inside_path, *inside_function;
static _Thread_local bool is_prepared;
static _Thread_local _Alignas(16) char stack[STACK_BYTES];

static size_t add(char *text, size_t used, const char *word)
{
    const size_t length = strlen(word), room = TEXT_BYTES - used;
    const size_t taken = length < room ? length : room;
    memcpy(text + used, word, taken);
    return used + taken;
}

static void say(const char *what)
{
    char text[TEXT_BYTES];
    size_t used = add(text, 0, "dawdle: error: the plug-in ");
    used = add(text, used, inside_path);
    used = add(text, used, " ");
    used = add(text, used, what);
    used = add(text, used, " in ");
    used = add(text, used, inside_function);
    used = add(text, used, "\n");
    const ssize_t written = write(STDERR_FILENO, text, used);
    (void)written;
}

static const char *crash_text(int number)
{
    switch (number) {
    case SIGSEGV:
        return "crashed (segmentation fault)";
    case SIGBUS:
        return "crashed (bus error)";
    case SIGFPE:
        return "crashed (arithmetic error)";
    case SIGILL:
        return "crashed (illegal instruction)";
    default:
        return "aborted the program";
    }
}

/*
 * Then the default: the instruction that is repeated ends the program, and a core file shows it. Threads that crash at the
 * same time let the first one finish its sentence.
 */
static void on_crash(int number)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (inside_path && atomic_flag_test_and_set(&said))
        for (;;)
            pause();
    if (inside_path)
        say(crash_text(number));
    signal(number, SIG_DFL);
}

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

void plugin_guard_watch(void)
{
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, NULL);
}

/**
 * Did this thread end the program by calling exit() inside a plug-in? A second thread that does the same takes the next
 * handler, and may not reach the end of the list while the first one writes: the program would end with the plug-in's code.
 */
static void on_end(void)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (!inside_path)
        return;
    if (atomic_flag_test_and_set(&said))
        for (;;)
            pause();
    say("ended the program");
    _exit(1);
}

/** Threads that leave signals to others would die of these without a word. A handler of the end for each that may call it. */
static void prepare_thread(void)
{
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof(stack)};
    sigset_t set;
    sigaltstack(&own, NULL);
    sigemptyset(&set);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaddset(&set, signals[i]);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    atexit(on_end);
    is_prepared = true;
}

void plugin_guard_enter(const char *path, const char *function)
{
    if (!is_prepared)
        prepare_thread();
    inside_function = function;
    inside_path = path;
}

void plugin_guard_leave(void)
{
    inside_path = NULL;
}
