/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of an entry of `policies:`: three that all have, and a row for each option of each policy, made from the tables
 * in core/policy when keys are first asked for. So a path may have several rows, which differ in `only`, or in what it means.
 */
#include <stddef.h>

#include "core/base/check.h"
#include "harness/experiment/experiment.h"
#include "harness/experiment/keys_rows.h"

#define A(field) KEYS_IN(struct experiment_policy, field)
#define OPTIONS_MAX 96u /* of all policies together */
#define CHOICES_MAX 192u

/* clang-format off */
struct key keys_policy_row[3 + OPTIONS_MAX] = {
    /* path, section, type, place, min, max, default, by, only, names, unit, help */
    {"kind", KEYS_POLICY, KEY_ROW, A(row), 0, 0, KEY_REQUIRED, NULL, NULL, &keys_policies,
     "name", "the algorithm"},
    {"label", KEYS_POLICY, KEY_WORD, A(label), 1, EXPERIMENT_NAME_MAX - 1, NULL, NULL, NULL, NULL,
     "word", "name in tables, checks and --set; default: the kind; must be unique"},
    {"lr", KEYS_POLICY, KEY_REAL, A(lr), 1e-9, 1e6, NULL, NULL, NULL, NULL,
     "", "its own learning rate; default: train.lr, and results say `lr: shared`"},
};
/* clang-format on */
uint32_t keys_policy_rows = 3;

static struct key_names names[OPTIONS_MAX];
static struct key_name name[CHOICES_MAX];
static uint32_t named, names_made;

static const struct key_names *make_names(const struct policy_option *option)
{
    const uint32_t count = policy_choices(option);
    CHECK(named + count <= CHOICES_MAX);
    struct key_names *const made = &names[names_made++];
    *made = (struct key_names){.one = option->unit, .fixed = &name[named], .fixed_count = count};
    for (uint32_t i = 0; i < count; i++)
        name[named++] = (struct key_name){option->choices[i].name, option->choices[i].help, NULL};
    return made;
}

static struct key make_key(const struct policy *row, const struct policy_option *option)
{
    static const enum key_type types[] = {
        [OPTION_COUNT] = KEY_U32, [OPTION_NS] = KEY_NS,         [OPTION_SHARE] = KEY_SHARE,
        [OPTION_BOOL] = KEY_BOOL, [OPTION_CHOICE] = KEY_CHOICE,
    };
    const bool choice = option->type == OPTION_CHOICE;
    return (struct key){
        .path = option->name,
        .section = KEYS_POLICY,
        .type = types[option->type],
        .place = {.offset = offsetof(struct experiment_policy, options) + option->offset,
                  .bytes = option->bytes},
        .min = option->min,
        .max = option->max,
        .fallback = option->fallback,
        .by = option->by ? option->by : "kind",
        .only = option->by ? option->only : row->name,
        .names = choice ? make_names(option) : NULL,
        .unit = choice ? "name" : option->unit,
        .help = option->help,
    };
}

void keys_policy_make(void)
{
    if (keys_policy_rows > 3)
        return;
    for (uint32_t i = 0; i < policy_count; i++)
        for (const struct policy_option *o = policy_table[i]->options; o && o->name; o++) {
            CHECK(keys_policy_rows < 3 + OPTIONS_MAX);
            keys_policy_row[keys_policy_rows++] = make_key(policy_table[i], o);
        }
}
