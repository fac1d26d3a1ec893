/* SPDX-License-Identifier: BSD-3-Clause */
/* What a command line means to the profile, and the errors that concern the line itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/command/command.h"
#include "harness/experiment/profile.h"

int command_complain(const char *text)
{
    fprintf(stderr, "dawdle: error: %s\n", text);
    return 2;
}

/** --seed and --repeat are short for the profile's `seeds`. */
void command_fold_seeds(struct command_line *line)
{
    const uint32_t count = line->repeat ? line->repeat : 1;
    const bool has_seed = command_used(line, COMMAND_SEED);
    if (!has_seed && !line->repeat)
        return;
    if (!has_seed) {
        snprintf(line->seed_set, sizeof(line->seed_set), "seeds=%u", count);
    } else {
        size_t used = (size_t)snprintf(line->seed_set, sizeof(line->seed_set), "seeds=[");
        for (uint32_t i = 0; i < count && used + 16 < sizeof(line->seed_set); i++)
            used += (size_t)snprintf(line->seed_set + used, sizeof(line->seed_set) - used, "%s%u",
                                     i ? ", " : "", line->seed + i);
        snprintf(line->seed_set + used, sizeof(line->seed_set) - used, "]");
    }
    line->set[line->set_count++] = line->seed_set;
}

/** The profile with all values of its sweep; sweep_close is due even after an error, which was printed. */
int command_load(struct sweep *out, const struct command_line *line, const char *name)
{
    struct profile_errors *const errors = calloc(1, sizeof(*errors));
    if (!errors)
        return -ENOMEM;
    const int rc = sweep_load(out, name, line->set, line->set_count, errors);
    profile_errors_print(errors, stderr);
    profile_errors_free(errors);
    free(errors);
    return rc;
}
