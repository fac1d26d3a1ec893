/* SPDX-License-Identifier: BSD-3-Clause */
/* What `help` and `list` say about keys, names and profiles. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/experiment/help.h"
#include "harness/profile/suggest.h"
#include "tests/unit/support_profile.h"

TestSuite(help, .init = profile_enter);

static int one_key(FILE *out, FILE *error_text, const char *key)
{
    (void)error_text;
    return help_keys(out, key) == 1 ? 0 : 2;
}

static int all_keys(FILE *out, FILE *error_text, const char *nothing)
{
    (void)error_text, (void)nothing;
    help_print(out);
    return 0;
}

static int one_name(FILE *out, FILE *error_text, const char *name)
{
    (void)error_text;
    return help_names(out, name) == 1 ? 0 : 2;
}

Test(help, every_name_that_can_be_listed_is_explained)
{
    for (uint32_t k = 0; list_kind(k); k++)
        for (uint32_t i = 0; i < keys_name_count(list_kind(k)); i++) {
            char *text = NULL;
            size_t bytes = 0;
            const char *const name = keys_name_at(list_kind(k), i).name;
            FILE *const out = open_memstream(&text, &bytes);
            cr_expect_gt(help_names(out, name), 0, "%s", name);
            fclose(out);
            cr_expect(strstr(text, name), "%s: %s", name, text);
            free(text);
        }
}

Test(help, a_metric_says_its_unit_and_what_it_needs)
{
    char *text = capture(one_name, "time_to_target_s", 0);

    cr_expect(strstr(text, "\n  unit   s\n"), "%s", text);
    cr_expect(strstr(text, "\n  needs  a `target:` in the profile\n"), "%s", text);
    free(text);
}

Test(help, one_key_is_shown_with_range_default_and_condition)
{
    char *text = capture(one_key, "workers.graph.degree", 0);

    cr_expect_str_eq(text, "workers.graph.degree\n"
                           "  mean number of neighbours; the default shrinks to what few workers "
                           "can have\n"
                           "  value    0 to 1023 neighbours\n"
                           "  default  3\n"
                           "  read     if workers.graph.kind is random\n");
    free(text);
}

Test(help, a_slip_is_answered_with_the_nearest_key)
{
    struct suggest path = {.typed = "polices.lr"}, leaf = {.typed = "degre"};

    help_suggest(&path);
    help_suggest(&leaf);

    cr_expect_str_eq(path.best, "policies.lr");
    cr_expect_str_eq(leaf.best, "workers.graph.degree");
}

Test(help, the_whole_list_names_every_section)
{
    char *text = capture(all_keys, NULL, 0);

    cr_expect(strstr(text, "\n  workers.count "));
    cr_expect(strstr(text, "\n  policies.release "));
    cr_expect(strstr(text, "\n  inject.law.factor "));
    cr_expect(strstr(text, "\n  faults.restart "));
    free(text);
}

Test(help, a_list_prints_names_and_refuses_unknown_kinds)
{
    char *edges = capture(list_print, "edges", 0);
    char *wrong = capture(list_print, "polcies", 2);

    cr_expect(strstr(edges, "\nnull           delivers nothing"), "%s", edges);
    cr_expect_str_eq(wrong,
                     "dawdle list: unknown kind 'polcies'; did you mean 'policies'? expected one "
                     "of: policies laws faults graphs models formats edges links "
                     "launchers metrics counters figures profiles\n");
    free(edges);
    free(wrong);
}

Test(help, the_list_of_laws_says_which_are_per_time_and_what_they_read)
{
    char *laws = capture(list_print, "laws", 0);

    cr_expect(
        strstr(laws, "\nslowdown       iteration  compute takes `factor` times as long [factor]\n"),
        "%s", laws);
    cr_expect(strstr(laws, "\npause          time       stands still"), "%s", laws);
    free(laws);
}

Test(help, keys_of_injection_say_when_they_are_read)
{
    char *loss = capture(one_key, "inject.link.loss", 0);
    char *hold = capture(one_key, "faults.for", 0);

    cr_expect(strstr(loss, "\n  read     if what is link\n"), "%s", loss);
    cr_expect(strstr(hold, "\n  read     if kind is pause or disk or slots\n"), "%s", hold);
    free(loss);
    free(hold);
}

static int print_long(FILE *out, FILE *error_text, const char *what)
{
    return list_print_long(out, error_text, what);
}

Test(help, the_long_list_of_policies_says_what_a_lost_message_breaks)
{
    char *policies = capture(print_long, "policies", 0);
    char *wrong = capture(print_long, "graphs", 2);

    cr_expect(strstr(policies, "\ndsgd\n  every round averages"), "%s", policies);
    cr_expect(strstr(policies, "  a lost message: the neighbourhood stalls"), "%s", policies);
    cr_expect(strstr(policies, "  matrix     doubly stochastic"), "%s", policies);
    cr_expect_str_eq(wrong, "dawdle list: --long is for `list policies` and `list profiles`\n");
    free(policies);
    free(wrong);
}

Test(help, without_a_kind_everything_is_listed)
{
    setenv("DAWDLE_PROFILES", "no/such/folder", 1);

    char *text = capture(list_print, NULL, 0);

    cr_expect(strstr(text, "\ngraphs:\n"), "%s", text);
    cr_expect(strstr(text, "\nprofiles:\ngallery/crash-rejoin     one worker"), "%s", text);
    free(text);
}

Test(help, profiles_of_the_user_come_before_the_shipped_ones)
{
    setenv("DAWDLE_PROFILES", "tests/profiles", 1);

    load("design", NULL, 0);

    cr_expect_str_eq(loaded.name, "transient");
    profile_free(&loaded);
}

Test(help, profiles_in_a_folder_are_called_by_both_names)
{
    char folder[] = "/tmp/dawdle-group-XXXXXX", path[64], command[64];
    cr_assert(mkdtemp(folder));
    snprintf(command, sizeof(command), "mkdir %s/group", folder);
    cr_assert_eq(system(command), 0);
    snprintf(command, sizeof(command), "touch %s/group/one.tuned.yaml", folder);
    cr_assert_eq(system(command), 0);
    snprintf(path, sizeof(path), "%s/group/one.yaml", folder);
    FILE *const file = fopen(path, "w");
    cr_assert(file && fputs("# Claim: one.\npolicies: dsgd\nstop: 1s\n", file) >= 0);
    fclose(file);
    setenv("DAWDLE_PROFILES", folder, 1);

    load("group/one", NULL, 0);
    char *const list = capture(list_print, "profiles", 0);

    cr_expect_str_eq(loaded.name, "one");
    cr_expect(strstr(list, "\ngroup/one "), "%s", list);
    cr_expect_null(strstr(list, "one.tuned"), "rates are no profile");
    profile_free(&loaded);
    free(list);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

Test(help, a_list_of_profiles_has_a_line_for_each)
{
    char folder[] = "/tmp/dawdle-list-XXXXXX", path[2][64];
    cr_assert(mkdtemp(folder));
    snprintf(path[0], sizeof(path[0]), "%s/one.yaml", folder);
    snprintf(path[1], sizeof(path[1]), "%s/two.yaml", folder);
    FILE *file = fopen(path[0], "w");
    cr_assert(file && fputs("# Claim (a): one waits\n# less (than two), always. It is short.\n#\n# "
                            "Refuted if not.\n",
                            file) >= 0);
    fclose(file);
    file = fopen(path[1], "w");
    cr_assert(file &&
              fputs("# Claim: one two three four five six seven eight nine ten eleven twelve "
                    "thirteen\n# fourteen fifteen sixteen seventeen eighteen nineteen.\n",
                    file) >= 0);
    fclose(file);
    setenv("DAWDLE_PROFILES", folder, 1);

    char *const list = capture(list_print, "profiles", 0);
    char *const detailed = capture(list_print_long, "profiles", 0);

    cr_expect(strstr(list, " one waits less, always\n"), "%s", list);
    cr_expect(strstr(list, "…\n"), "%s", list);
    for (const char *line = list; *line; line = strchr(line, '\n') + 1)
        cr_expect_leq(strcspn(line, "\n"), 110 + strlen("…") - 1, "%s", line);
    cr_expect(strstr(detailed, " Claim (a): one waits\n"), "%s", detailed);
    cr_expect(strstr(detailed, " Refuted if not.\n"), "%s", detailed);
    free(list);
    free(detailed);
    for (uint32_t i = 0; i < 2; i++)
        unlink(path[i]);
    rmdir(folder);
}
