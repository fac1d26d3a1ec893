/* SPDX-License-Identifier: BSD-3-Clause */
/* Profiles: what loads, what the defaults are, and that the resolved echo loads again to the same experiment. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/profile/profile_text.h"
#include "harness/report/preview.h"
#include "tests/random/options.h"
#include "tests/unit/support_profile.h"

#define DESIGN "tests/profiles/design.yaml"

static struct experiment again;

TestSuite(profile, .init = profile_enter, .fini = profile_leave);

static char *print_resolved(const struct experiment *experiment)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    profile_write_resolved(out, experiment);
    fclose(out);
    return text;
}

static bool chooses(uint32_t policy, const char *option, const char *choice)
{
    const struct experiment_policy *const p = &loaded.policy[policy];
    return policy_chooses(p->row, &p->options, option, choice);
}

static void load_text(struct experiment *out, const char *text)
{
    char path[] = "/tmp/dawdle-profile-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    const int rc = profile_load(out, path, NULL, 0, &errors);
    unlink(path);
    char *report = print_errors();
    cr_assert_eq(rc, 0, "%s\n%s", report, text);
    free(report);
}

/** Pointers differ between two loads, and what they point at is compared by the echo; so does what was not written. */
static void forget_pointers(struct experiment *experiment)
{
    experiment->origins = NULL;
    memset(experiment->sweep.written, 0,
           sizeof(experiment->sweep.written)); /* a default is spelt */
    for (uint32_t i = 0; i < experiment->inject_count; i++) {
        experiment->inject[i].inject.workers = NULL;
        experiment->inject[i].inject.config.trace.seconds = NULL;
        experiment->inject[i].inject.config.sample.bin = NULL;
    }
}

/** Lines without their comment on the origin. */
static char *without_origins(char *text)
{
    char *to = text;
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n");
        const char *comment = memmem(line, length, " # ", 3);
        const char *stop = comment && line[0] != '#' ? comment : line + length;
        while (stop > line && stop[-1] == ' ')
            stop--;
        const size_t kept = (size_t)(stop - line);
        const char *next = line + length + (line[length] == '\n');
        memmove(to, line, kept);
        to += kept;
        *to++ = '\n';
        line = next;
    }
    *to = '\0';
    return text;
}

static void expect_round_trip(const char *path, const char *const *set, uint32_t set_count)
{
    load(path, set, set_count);
    char *first = print_resolved(&loaded);

    load_text(&again, first);
    char *second = print_resolved(&again);

    cr_expect_str_eq(without_origins(first), without_origins(second));
    struct profile_origins *a = loaded.origins, *b = again.origins;
    struct experiment copy = loaded, copy_again = again;
    forget_pointers(&copy);
    forget_pointers(&copy_again);
    for (size_t i = 0; i < sizeof(copy); i++)
        cr_assert_eq(((char *)&copy)[i], ((char *)&copy_again)[i], "%s: byte %zu differs", path, i);
    cr_expect(a != b);
    free(first);
    free(second);
    profile_free(&loaded);
    profile_free(&again);
}

Test(profile, the_example_of_the_design_loads)
{
    load(DESIGN, NULL, 0);

    cr_expect_str_eq(loaded.name, "transient");
    cr_expect_eq(loaded.seed_count, 10u);
    cr_expect_eq(loaded.seed[9], 10u, "a count n means seeds 1..n");
    cr_expect_eq(loaded.workers.count, 8u);
    cr_expect_str_eq(loaded.workers.graph, "random");
    cr_expect_float_eq(loaded.workers.degree, 3.0, 0.0);
    cr_expect_eq(loaded.data.shards, SHARD_LABELS);
    cr_expect_eq(loaded.data.per_worker, 5u);
    cr_expect_float_eq(loaded.data.split[1], 0.1, 1e-15);
    cr_expect_str_eq(loaded.model.ops->name, "mlp");
    cr_expect_eq(loaded.model.hidden_count, 1u);
    cr_expect_float_eq(loaded.train.decay_factor, 0.95, 0.0);
    cr_expect_eq(loaded.compute.base_ns, 1000000u);
    cr_expect_float_eq(loaded.compute.jitter_cv, 0.05, 0.0);
    cr_expect_eq(loaded.policy_count, 3u);
    cr_expect(chooses(2, "release", "cluster"));
    cr_expect_eq(loaded.inject_count, 1u);
    cr_expect_eq(loaded.inject[0].inject.select, SELECT_PERCENT_EACH);
    cr_expect_eq(loaded.inject[0].inject.scope, SCOPE_COMPUTE);
    cr_expect_float_eq(loaded.inject[0].inject.config.factor, 10.0, 0.0);
    cr_expect_eq(loaded.stop.time_ns, 4000000000u);
    cr_expect(loaded.target.set);
    cr_expect_str_eq(loaded.target.relative_to, "allreduce");
    cr_expect_eq(loaded.check_count, 2u);
    cr_expect_str_eq(loaded.check[1], "tensors_unexplained == 0");
}

Test(profile, a_policy_keeps_its_own_rate_and_shares_the_common_one)
{
    load(DESIGN, NULL, 0);

    cr_expect_float_eq(loaded.policy[0].lr, 0.1, 0.0);
    cr_expect_not(loaded.policy[0].lr_own);
    cr_expect_float_eq(loaded.policy[2].lr, 0.1, 0.0);
    cr_expect(loaded.policy[2].lr_own);
    cr_expect(loaded.policy[2].lr_own);
    cr_expect_str_eq(loaded.policy[2].label, "aau", "the label defaults to the kind");
}

Test(profile, the_claim_is_the_first_comment_block)
{
    load(DESIGN, NULL, 0);

    cr_expect_str_eq(loaded.claim,
                     "Claim: with transient stragglers AAU waits less and computes more gradients "
                     "per second than any synchronous policy.\n"
                     "Refuted if its 95 % interval overlaps theirs. Which policy reaches the "
                     "target first is reported, not claimed.");
}

Test(profile, short_forms_and_defaults_make_three_lines_a_profile)
{
    load_text(&loaded, "workers: 2\npolicies: dsgd\nstop: 2s\n");

    cr_expect_eq(loaded.workers.count, 2u);
    cr_expect_float_eq(loaded.workers.degree, 1.0, 0.0, "two workers have one neighbour each");
    cr_expect_eq(loaded.policy_count, 1u);
    cr_expect_eq(loaded.stop.time_ns, 2000000000u);
    cr_expect_str_eq(loaded.edges, "handle");
    cr_expect_eq(loaded.seed_count, 3u);
    cr_expect_not(loaded.target.set);
}

Test(profile, aliases_and_merge_keys_are_expanded)
{
    load_text(&loaded, "stop: {time: 1s}\n"
                       "policies:\n"
                       "  - &base {kind: aau, lr: 0.5, release: pair}\n"
                       "  - {<<: *base, label: other, release: all}\n"
                       "  - {<<: [*base], label: third}\n");

    cr_expect_eq(loaded.policy_count, 3u);
    cr_expect_str_eq(loaded.policy[1].label, "other");
    cr_expect_float_eq(loaded.policy[1].lr, 0.5, 0.0);
    cr_expect(chooses(1, "release", "all"), "own keys win over merged ones");
    cr_expect(chooses(2, "release", "pair"));
}

Test(profile, set_reaches_into_short_forms_and_lists)
{
    const char *const set[] = {"model=softmax",          "policies.allreduce.lr=0.4",
                               "policies.2.release=all", "inject.0.select=all",
                               "seeds=[7, 9]",           "target=",
                               "data.split=[100%, 0, 0]"};
    load(DESIGN, set, COUNT(set));

    cr_expect_str_eq(loaded.model.ops->name, "softmax");
    cr_expect_eq(loaded.model.hidden_count, 0u);
    cr_expect_float_eq(loaded.policy[0].lr, 0.4, 0.0);
    cr_expect(chooses(2, "release", "all"));
    cr_expect(loaded.policy[2].lr_own, "its other keys stay");
    cr_expect_eq(loaded.inject[0].inject.select, SELECT_ALL);
    cr_expect_eq(loaded.seed_count, 2u);
    cr_expect_eq(loaded.seed[1], 9u);
    cr_expect_not(loaded.target.set, "an empty value takes the key back");
}

Test(profile, later_sets_win)
{
    const char *const set[] = {"workers.count=4", "workers.count=5"};
    load(DESIGN, set, COUNT(set));

    cr_expect_eq(loaded.workers.count, 5u);
}

Test(profile, selected_workers_are_listed)
{
    const char *const set[] = {"inject.0.select={workers: [5, 2]}"};
    load(DESIGN, set, 1);

    const struct inject *inject = &loaded.inject[0].inject;
    cr_expect_eq(inject->select, SELECT_WORKERS);
    cr_expect_eq(inject->worker_count, 2u);
    cr_expect_eq(inject->workers[0], 5u);
    cr_expect_eq(inject->workers[1], 2u);
}

Test(profile, a_list_of_groups_hits_all_of_them)
{
    load("tests/profiles/inject_all.yaml", NULL, 0);

    const struct inject *const link = &loaded.inject[1].inject;
    cr_expect_eq(link->what, INJECT_LINK);
    cr_expect_eq(link->select, SELECT_WORKERS);
    cr_expect(link->by_group);
    cr_expect_eq(link->worker_count, 1u);
    cr_expect_eq(link->workers[0], 0u);
    cr_expect_eq(loaded.inject[3].inject.select, SELECT_PERCENT_ONCE);
    cr_expect(loaded.inject[3].inject.by_group);
}

Test(profile, a_schedule_may_be_written_as_a_map_from_times_to_scales)
{
    load("tests/profiles/inject_all.yaml", NULL, 0);

    const struct inject_when *const when = &loaded.inject[0].inject.when;
    cr_expect_eq(when->start_ns, 100000000u);
    cr_expect_eq(when->ramp_ns, 500000000u);
    cr_assert_eq(when->steps, 2u);
    cr_expect_eq(when->step[0].at_ns, 0u);
    cr_expect_float_eq(when->step[0].scale, 0.1, 1e-15);
    cr_expect_eq(when->step[1].at_ns, 1000000000u);
    cr_expect_float_eq(when->step[1].scale, 1.0, 0.0);
    cr_expect(loaded.inject[0].inject.one_draw);
    cr_expect_float_eq(loaded.inject[0].inject.half_life, 20.0, 0.0);
}

Test(profile, a_bad_link_needs_no_law)
{
    load("tests/profiles/inject_all.yaml", NULL, 0);

    const struct inject *const entry = &loaded.inject[1].inject;
    cr_expect_str_eq(entry->law->name, "none");
    cr_expect_eq(entry->link.edges, EDGES_ACROSS);
    cr_expect_float_eq(entry->link.bytes_per_s, 1e8, 0.0);
    cr_expect_eq(entry->link.bucket_bytes, 10000u);
    cr_expect_eq(entry->link.queue_bytes, 1048576u);
    cr_expect(entry->link.cut);
    cr_expect(entry->link.unreliable);
    cr_expect_not(loaded.inject[2].inject.link.unreliable, "messages are sent again by default");
    cr_expect_eq(loaded.inject[2].inject.link.resend_ns, 1000000u);
}

Test(profile, a_fault_is_set_by_its_kind)
{
    const char *const set[] = {"faults.slots.keep=3", "faults.pause.for=1s"};
    load("tests/profiles/inject_all.yaml", set, 2);

    struct fault fault[FAULT_SCHEDULE_MAX];
    cr_assert_eq(experiment_faults(&loaded, fault), 6u);
    cr_expect_eq(fault[0].kind, FAULT_SLOTS);
    cr_expect_eq(fault[0].keep, 3u);
    cr_expect_eq(loaded.fault[0].fault.notice_ns, 20000000u);
    cr_expect_eq(loaded.fault[2].fault.for_ns, 1000000000u);
    cr_expect_eq(loaded.fault[3].fault.disk, DISK_SHORT);
}

Test(profile, the_resolved_echo_names_the_origin_of_each_value)
{
    const char *const set[] = {"workers.count=6"};
    load(DESIGN, set, 1);

    char *text = print_resolved(&loaded);

    cr_expect(strstr(text, "  count: 6                                       # --set\n"), "%s",
              text);
    cr_expect(strstr(text, "    degree: 3                                    # design.yaml:6\n"));
    cr_expect(strstr(text, "  prefetch: 4                                    # default\n"));
    free(text);
}

Test(profile, the_resolved_echo_loads_to_the_same_experiment)
{
    const char *const odd[] = {"compute.base=1234567ns",
                               "compute.jitter.cv=12.34567890123%",
                               "train.lr=0.30000000000000004",
                               "data.split=[70.00000001%, 10%, 19.99999999%]",
                               "data.samples=1000000000",
                               "policies.aau={kind: aau, label: aau-all, release: all}",
                               "inject.0={select: {workers: [1, 3]}, law: slowdown, mode: spin}",
                               "inject.0.law.factor=3.3333333333333335",
                               "checks=['wait_share <= 100%', \"rest_share < 5%\"]",
                               "stop={time: 1h0.5s, iterations: 12345678901}"};
    const char *const none[] = {
        "data=none", "model=none", "train=", "target=", "policies=dsgd", "compute={base: 0}"};
    const char *const simulated[] = {"clock=virtual",
                                     "checks=",
                                     "data.samples=200000",
                                     "workers={count: 131072, cores: 100000}",
                                     "compute={base: 2ms, core: 300us}",
                                     "links={latency: 7us, jitter: lognormal, bandwidth: 1.5bit}",
                                     "costs={iteration: 1us, apply: 2us, send: 3us, mix: 4us}"};
    expect_round_trip(DESIGN, NULL, 0);
    expect_round_trip(DESIGN, simulated, COUNT(simulated));
    expect_round_trip(DESIGN, odd, COUNT(odd));
    expect_round_trip("tests/profiles/bare_ok.yaml", none, COUNT(none));
    expect_round_trip("tests/profiles/trace_ok.yaml", NULL, 0);
    expect_round_trip("tests/profiles/empirical_ok.yaml", NULL, 0);
    expect_round_trip("tests/profiles/inject_all.yaml", NULL, 0);
}

Test(profile, virtual_time_has_its_own_keys)
{
    const char *const set[] = {"clock=virtual", "links={bandwidth: 10Gbit}", "workers.count=2000",
                               "compute.base=2ms"};
    load(DESIGN, set, COUNT(set));

    cr_expect_eq(loaded.clock, CLOCK_VIRTUAL);
    cr_expect_eq(loaded.workers.count, 2000u, "more than live");
    cr_expect_float_eq(loaded.links.bytes_per_s, 1.25e9, 0.0);
    cr_expect_eq(loaded.links.latency_ns, 1000u);
    cr_expect_float_eq(loaded.links.jitter_cv, 0.0, 0.0, "no jitter was asked for");
    cr_expect_eq(loaded.compute.core_ns, 2000000u, "the whole base by default");
    cr_expect_str_eq(loaded.edges, "", "edges are of live runs");
}

Test(profile, a_rate_is_read_in_bits_or_bytes)
{
    const struct {
        const char *text;
        double bytes_per_s;
    } rates[] = {{"10Gbit", 1.25e9}, {"2.5Mbit/s", 312500}, {"8kbit", 1000},
                 {"16bit/s", 2},     {"1GB/s", 1e9},        {"1MiB", 1048576},
                 {"500", 500},       {"1B/s", 1},           {"0", 0}};
    for (uint32_t i = 0; i < COUNT(rates); i++) {
        char bandwidth[64];
        snprintf(bandwidth, sizeof(bandwidth), "links.bandwidth=%s", rates[i].text);
        const char *const set[] = {"clock=virtual", bandwidth};
        load(DESIGN, set, COUNT(set));
        cr_expect_float_eq(loaded.links.bytes_per_s, rates[i].bytes_per_s, 0.0, "%s",
                           rates[i].text);
        profile_free(&loaded);
    }
}

static void expect_pathsearch(const char *choice)
{
    const struct policy_options options = experiment_options(&loaded, 2);
    cr_expect(policy_chooses(loaded.policy[2].row, &options, "pathsearch", choice), "%s", choice);
}

Test(profile, pathsearch_is_an_oracle_only_where_messages_would_flood)
{
    const char *const set[] = {"clock=virtual", "workers.count=1000"};
    load(DESIGN, set, COUNT(set));
    options_change(loaded.policy[2].row, &loaded.policy[2].options, "pathsearch: auto");

    expect_pathsearch("messages");
    loaded.workers.count = 1001;
    expect_pathsearch("oracle");
    loaded.clock = CLOCK_LIVE;
    expect_pathsearch("messages");
}

Test(profile, every_shipped_profile_is_resolved_into_one_that_loads)
{
    const char *const mnist = "data.path=tests/profiles", *const plugin = "model.path=README.md";
    char *name[64];
    const uint32_t count = profile_text_shipped(name, COUNT(name));
    for (uint32_t i = 0; i < count; i++) {
        const char *const set = strcmp(name[i], "mnist") == 0           ? mnist
                                : strcmp(name[i], "plugin-python") == 0 ? plugin
                                                                        : NULL;
        expect_round_trip(name[i], &set, set ? 1 : 0);
        free(name[i]);
    }
    cr_expect_geq(count, 24u);
}

Test(profile, jitter_may_follow_any_law_of_delays)
{
    const char *const exponential = "compute.jitter={law: {kind: exp, mean: 200us}}";
    load("quickstart", &exponential, 1);

    cr_expect_eq(loaded.compute.jitter, JITTER_LAW);
    cr_expect_str_eq(loaded.compute.jitter_law.law->name, "exp");
    cr_expect_eq(loaded.compute.jitter_law.config.mean_ns, 200000u);
    cr_expect_float_eq(loaded.compute.jitter_cv, 0.0, 0.0);
    profile_free(&loaded);
    expect_round_trip("quickstart", &exponential, 1);
}

Test(profile, paths_are_relative_to_the_profile_and_stored_absolute)
{
    load("tests/profiles/trace_ok.yaml", NULL, 0);

    const char *path = loaded.inject[0].trace_path;
    cr_expect_eq(path[0], '/');
    cr_expect(strstr(path, "/tests/profiles/trace_ok.csv"), "%s", path);
    cr_expect_eq(loaded.inject[0].inject.config.trace.workers, 1u);
    cr_expect_float_eq(loaded.inject[0].inject.config.trace.seconds[0], 0.5, 0.0);
}

Test(profile, a_trace_is_rescaled_unless_it_says_otherwise)
{
    char text[512];
    const char *const set[] = {"inject.0.law.rescale=false"};
    load("tests/profiles/trace_ok.yaml", NULL, 0);
    cr_expect_not(loaded.inject[0].inject.config.absolute);
    preview_describe(&loaded.inject[0], text, sizeof(text));
    cr_expect(strstr(text, " (its median 500 ms becomes compute.base), "), "%s", text);
    profile_free(&loaded);

    load("tests/profiles/trace_ok.yaml", set, 1);
    cr_expect(loaded.inject[0].inject.config.absolute);
    preview_describe(&loaded.inject[0], text, sizeof(text));
    cr_expect(strstr(text, " (median 500 ms), "), "%s", text);
}
