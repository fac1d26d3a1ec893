/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The child writes where it is and what it finds into a page shared with its parent. When it dies, the parent takes the
 * seed and the last words from there and goes on with a new child behind that seed.
 */
#include "tests/random/fuzz.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/run/interrupt.h"
#include "tests/random/fuzz_seed.h"
#include "tests/random/scenario.h"
#include "tests/random/wire_world.h"

#define LOOK_US 2000u       /* how often the parent looks for its child and for a signal */
#define LOOKS_PER_LINE 100u /* of progress */
#define SEED_PATIENCE_S 60u /* of wall time, for one seed: some thousand times what it takes */

/** Shared with the child. */
struct page {
    _Atomic uint64_t next; /* seed that runs, or would be the next */
    uint64_t events, values;
    uint32_t findings;
    bool finished;
    _Atomic bool stop;           /* set by the parent: a signal may have reached it alone */
    struct fuzz_outcome outcome; /* of `next` */
    char last_words[160];        /* where the shadow was when the child died */
    struct {
        uint64_t seed;
        char what[512];
    } finding[FUZZ_FINDINGS_MAX];
};

static struct page *shared;

static void note(struct page *page, uint64_t seed, const char *scenario, const char *what)
{
    if (page->findings >= FUZZ_FINDINGS_MAX)
        return;
    page->finding[page->findings].seed = seed;
    snprintf(page->finding[page->findings].what, sizeof(page->finding[0].what), "%.127s: %.380s",
             scenario, what);
    page->findings++;
}

/** Not all of this is safe in a handler; what could go wrong is that the last words are missing. */
static void on_death(int signal_number)
{
    if (fuzz_seed_shadow)
        shadow_latest(fuzz_seed_shadow, shared->last_words, sizeof(shared->last_words));
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static uint32_t findings_max(const struct fuzz_config *config)
{
    return config->findings_max && config->findings_max < FUZZ_FINDINGS_MAX ? config->findings_max
                                                                            : FUZZ_FINDINGS_MAX;
}

static void work(const struct fuzz_config *config, const struct policy *policy, struct page *page)
{
    signal(SIGABRT, on_death);
    signal(SIGALRM, on_death);
    while (page->next < config->from + config->seeds && page->findings < findings_max(config)) {
        alarm(SEED_PATIENCE_S);
        page->last_words[0] = 0;
        if (config->wire)
            wire_world_seed(page->next, config->wire_plant, &page->outcome);
        else
            fuzz_seed(page->next, policy, config, &page->outcome);
        page->events += page->outcome.events;
        page->values += page->outcome.values;
        if (page->outcome.failure[0])
            note(page, page->next, page->outcome.scenario, page->outcome.failure);
        page->next++;
        if (interrupt_seen() || atomic_load(&page->stop))
            break;
    }
    page->finished = true;
}

/* ------------------------------------------------------------------------------------------------- the parent */

/** The line of what the child said that tells most. */
static void last_line(FILE *said, char *text, size_t size)
{
    static const char *const marks[] = {"CHECK failed", "ERROR:", "runtime error"};
    char line[400];
    text[0] = 0;
    rewind(said);
    while (fgets(line, sizeof(line), said)) {
        line[strcspn(line, "\n")] = 0;
        for (uint32_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
            if (strstr(line, marks[i]) && !text[0])
                snprintf(text, size, "%.290s", line);
    }
}

/** What the child said beside a CHECK: sanitizers tell more than fits in a line. */
static void relay(FILE *said)
{
    char text[4096];
    rewind(said);
    for (size_t n; (n = fread(text, 1, sizeof(text), said)) > 0;)
        fwrite(text, 1, n, stderr);
}

/** How the child died, as a finding of the seed it was at. */
static void bury(struct page *page, int status, FILE *said)
{
    char words[300], what[480];
    last_line(said, words, sizeof(words));
    if (!strstr(words, "CHECK failed"))
        relay(said);
    const char *const how =
        WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
            ? "hangs"
            : (WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "ended early");
    snprintf(what, sizeof(what), "after %s: %s", page->last_words, words[0] ? words : how);
    note(page, page->next, page->outcome.scenario, what);
    page->next++;
}

/** Wait for the child, and hand on the wish to stop; a signal sent a second time would kill it in the middle. */
static int await(const struct fuzz_config *config, pid_t child, struct page *page)
{
    int status = 0;
    uint32_t looks = 0;
    for (pid_t ended; (ended = waitpid(child, &status, WNOHANG)) <= 0;) {
        if (ended < 0 && errno != EINTR)
            break;
        if (interrupt_seen())
            atomic_store(&page->stop, true);
        if (config->progress && looks++ % LOOKS_PER_LINE == 0)
            fprintf(config->progress, "\r%llu of %llu scenarios ",
                    (unsigned long long)(page->next - config->from),
                    (unsigned long long)config->seeds);
        usleep(LOOK_US);
    }
    if (config->progress)
        fputs("\r\033[K", config->progress);
    return status;
}

static int spawn(const struct fuzz_config *config, const struct policy *policy, struct page *page)
{
    FILE *const said = tmpfile();
    if (!said)
        return -errno;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(fileno(said), STDERR_FILENO);
        work(config, policy, page);
        _exit(0);
    }
    if (child < 0) {
        fclose(said);
        return -errno;
    }
    const int status = await(config, child, page);
    if (page->finished)
        relay(said);
    else
        bury(page, status, said);
    fclose(said);
    return 0;
}

static void print_finding(const struct fuzz_config *config, uint64_t seed, const char *what,
                          FILE *out)
{
    fprintf(out, "seed %llu: %s; repeat: dawdle-fuzz 1 --from %llu", (unsigned long long)seed, what,
            (unsigned long long)seed);
    if (config->policy)
        fprintf(out, " --policy %s", config->policy);
    if (config->wire)
        fputs(" --wire", out);
    if (config->plant != PLANT_NONE)
        fprintf(out, " --plant %s", plant_name(config->plant));
    if (config->wire_plant != WIRE_PLANT_NONE)
        fprintf(out, " --plant %s", wire_plant_name(config->wire_plant));
    fputc('\n', out);
    fflush(out);
}

static int loop(const struct fuzz_config *config, const struct policy *policy, struct page *page,
                FILE *out)
{
    uint32_t printed = 0;
    int rc = 0;
    page->next = config->from;
    while (rc == 0 && !page->finished) {
        rc = spawn(config, policy, page);
        for (; printed < page->findings; printed++)
            print_finding(config, page->finding[printed].seed, page->finding[printed].what, out);
        if (page->findings >= findings_max(config) || page->next >= config->from + config->seeds)
            page->finished = true;
    }
    return rc;
}

int fuzz_run(const struct fuzz_config *config, FILE *out, struct fuzz_result *result)
{
    const struct policy *const policy = config->policy ? policy_find(config->policy) : NULL;
    *result = (struct fuzz_result){0};
    if (config->policy && !policy)
        return 2;
    struct page *const page =
        mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return 3;
    shared = page;
    const int rc = loop(config, policy, page, out);
    *result = (struct fuzz_result){.seeds = page->next - config->from,
                                   .events = page->events,
                                   .values = page->values,
                                   .findings = page->findings};
    if (page->findings > 0) {
        result->first_seed = page->finding[0].seed;
        snprintf(result->first, sizeof(result->first), "%s", page->finding[0].what);
    }
    munmap(page, sizeof(*page));
    return rc < 0 ? 3 : result->findings > 0 ? 4 : 0;
}
