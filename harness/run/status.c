/* SPDX-License-Identifier: BSD-3-Clause */
/* See status.h. A run has no place where it could say how far it is, so a thread rewrites the line twice a second. */
#include "harness/run/status.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "harness/report/table_grid.h"

#define PATIENCE_S 2.0 /* without a word */
#define PAUSE_S 5.0    /* between two plain lines about one step, or many */
#define LINES_MAX 40u  /* of more steps not each one gets a plain line */
#define REWRITE_MS 500

struct status_ticker {
    pthread_t thread;
    pthread_mutex_t lock; /* of all of struct status, and of the line */
    pthread_cond_t end;
    bool ended;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/** Seconds that are left, from what steps took so far; 0: nobody knows. */
static double left_s(const struct status *self, double now)
{
    const double mean = self->done ? (self->step_began_s - self->began_s) / self->done : 0;
    const double step = mean > 0 ? mean : self->expected_s;
    const double left = step * (self->all - self->done) - (now - self->step_began_s);
    return step > 0 && left > 0 ? left : 0;
}

/** `40 s`, `12 min`, `3.5 h`: nobody waits for tenths of a second. */
static const char *about(double seconds, char out[32])
{
    if (seconds < 90)
        snprintf(out, 32, "%.0f s", seconds);
    else if (seconds < 90 * 60)
        snprintf(out, 32, "%.0f min", seconds / 60);
    else
        snprintf(out, 32, "%.1f h", seconds / 3600);
    return out;
}

/** `head`, what is left, and `text`, cut where the terminal ends. */
static void rewrite(struct status *self, const char *head, double left, const char *text)
{
    char line[400], time[32];
    snprintf(line, sizeof(line), "dawdle: %s%s%s%s%s%s", head, left > 0 ? ", about " : "",
             left > 0 ? about(left, time) : "", left > 0 ? " left" : "", *text ? ": " : "", text);
    fprintf(stderr, "\r\033[K%.*s", (int)table_style_of(stderr).width - 1, line);
    self->shown = true;
}

static void erase(struct status *self)
{
    if (self->shown)
        fputs("\r\033[K", stderr);
    self->shown = false;
}

static void tick(struct status *self)
{
    char head[80], time[32];
    const double now = now_s();
    if (now - self->began_s < PATIENCE_S)
        return;
    const double left = left_s(self, now);
    snprintf(head, sizeof(head), "[%u/%u]%s%s", self->done, self->all, left > 0 ? "" : " since ",
             left > 0 ? "" : about(now - self->began_s, time));
    rewrite(self, head, left, self->text);
}

static void *ticker(void *context)
{
    struct status *const self = context;
    struct status_ticker *const its = self->ticker;
    pthread_mutex_lock(&its->lock);
    while (!its->ended) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += REWRITE_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&its->end, &its->lock, &until) == ETIMEDOUT)
            tick(self);
    }
    pthread_mutex_unlock(&its->lock);
    return NULL;
}

void status_open(struct status *self, uint32_t all, double expected_s, bool quiet)
{
    const double now = now_s();
    *self = (struct status){.quiet = quiet,
                            .terminal = isatty(STDERR_FILENO),
                            .all = all,
                            .expected_s = expected_s,
                            .began_s = now,
                            .step_began_s = now};
    if (quiet || !self->terminal)
        return;
    struct status_ticker *const its =
        calloc(1, sizeof(*its)); /* without one there is less to see */
    if (!its)
        return;
    pthread_mutex_init(&its->lock, NULL);
    pthread_cond_init(&its->end, NULL);
    self->ticker = its;
    if (pthread_create(&its->thread, NULL, ticker, self) == 0)
        return;
    free(its);
    self->ticker = NULL;
}

void status_step(struct status *self, bool keep, const char *format, ...)
{
    va_list args;
    const double now = now_s();
    if (self->quiet)
        return;
    if (self->ticker)
        pthread_mutex_lock(&self->ticker->lock);
    self->done++;
    va_start(args, format);
    vsnprintf(self->text, sizeof(self->text), format, args);
    va_end(args);
    self->step_began_s = now;
    if (keep || (!self->terminal && (self->all <= LINES_MAX || self->done == self->all ||
                                     now - self->said_s >= PAUSE_S))) {
        erase(self);
        fprintf(stderr, "dawdle: [%u/%u] %s\n", self->done, self->all, self->text);
        self->said_s = now;
        *self->text = '\0';
    }
    if (self->ticker) {
        tick(self);
        pthread_mutex_unlock(&self->ticker->lock);
    }
}

void status_share(struct status *self, const char *doing, uint64_t done, uint64_t all)
{
    const double now = now_s();
    char text[200];
    if (self->began_s <= 0) {
        self->began_s = now;
        self->terminal = isatty(STDERR_FILENO);
    }
    const double pause = self->terminal ? REWRITE_MS * 1e-3 : PAUSE_S;
    if (self->quiet || now - self->began_s < PATIENCE_S || now - self->said_s < pause)
        return;
    self->said_s = now;
    snprintf(text, sizeof(text), "%s: %.0f %%", doing, 100.0 * (double)done / (double)all);
    if (self->terminal)
        rewrite(self, text, done ? (now - self->began_s) * (double)(all - done) / (double)done : 0,
                "");
    else
        fprintf(stderr, "dawdle: %s\n", text);
}

void status_print(struct status *self, FILE *out, const char *text)
{
    if (self->ticker)
        pthread_mutex_lock(&self->ticker->lock);
    erase(self);
    fputs(text, out);
    fflush(out);
    if (self->ticker)
        pthread_mutex_unlock(&self->ticker->lock);
}

void status_close(struct status *self)
{
    struct status_ticker *const its = self->ticker;
    if (its) {
        pthread_mutex_lock(&its->lock);
        its->ended = true;
        pthread_cond_signal(&its->end);
        pthread_mutex_unlock(&its->lock);
        pthread_join(its->thread, NULL);
        pthread_cond_destroy(&its->end);
        pthread_mutex_destroy(&its->lock);
        free(its);
    }
    erase(self);
    self->ticker = NULL;
}
