/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/policy/journal.h"
#include "core/policy/rows.h"
#include "tests/random/options.h"

#define ENTRIES 200u

static struct rng rng;
static struct actions actions;

static uint64_t some(uint32_t bits)
{
    const uint64_t draw = rng_next(&rng);
    return draw >> (64 - 1 - draw % bits); /* all lengths of varints */
}

static struct event any_event(uint32_t i)
{
    struct event event = {.kind = (uint8_t)(i % (EV_WAKE + 1)),
                          .type = (uint8_t)some(8),
                          .now_ns = 1000u * i + some(9),
                          .tag = some(64),
                          .peer = (uint32_t)some(10),
                          .version = (uint32_t)some(32)};
    if (event.kind == EV_TENSOR) {
        event.handle = some(64);
        event.degree = (uint32_t)some(10);
        event.incarnation = (uint16_t)some(16);
    }
    for (uint32_t k = 0; event.kind == EV_CONTROL && k < STEP_WORDS; k++)
        event.word[k] = (uint32_t)some(32);
    return event;
}

static void any_actions(uint32_t i)
{
    static uint32_t peers[3] = {1, 2, 5};
    static struct mix_term term;
    term = (struct mix_term){.handle = some(64), .peer = 2, .weight = i};
    actions.count = 0;
    if (i % 3 == 0)
        actions_push(&actions, (struct action){.kind = ACT_APPLY, .round = i});
    if (i % 2 == 0)
        actions_push(&actions,
                     (struct action){.kind = ACT_SEND, .tag = i, .peers = peers, .count = 3});
    actions_push(&actions, (struct action){.kind = ACT_MIX, .terms = &term, .count = 1});
}

/* Entries as they were, for comparison. */
static struct event written[ENTRIES];
static uint32_t digest[ENTRIES];
static uint8_t memory[ENTRIES * JOURNAL_ENTRY_MAX];

static size_t write_all(void)
{
    struct journal journal;
    rng = rng_start(7, RNG_TEST, 0);
    journal_init(&journal, memory, sizeof(memory));
    for (uint32_t i = 0; i < ENTRIES; i++) {
        written[i] = any_event(i);
        any_actions(i);
        digest[i] = journal_digest(&actions);
        journal_add(&journal, &written[i], &actions, 0.5f + (float)i);
    }
    cr_assert_not(journal.full);
    cr_assert_eq(journal.entries, ENTRIES);
    return journal.used;
}

Test(journal, gives_back_every_event_as_it_was)
{
    struct journal_reader reader = {.data = memory, .size = write_all()};

    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct journal_entry entry;
        cr_assert_eq(journal_next(&reader, &entry), 1, "entry %u", i);
        cr_assert(memcmp(&entry.event, &written[i], sizeof(entry.event)) == 0, "entry %u", i);
        cr_assert_eq(entry.actions, digest[i]);
        cr_assert_eq(entry.rate, i % 3 == 0 ? 0.5f + (float)i : 0.0f, "entry %u", i);
    }
    struct journal_entry none;
    cr_expect_eq(journal_next(&reader, &none), 0);
}

Test(journal, finds_every_flipped_bit_at_the_entry_that_holds_it)
{
    const size_t used = write_all();
    size_t begin[ENTRIES + 1];
    struct journal_reader whole = {.data = memory, .size = used};
    struct journal_entry entry;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        begin[i] = whole.at;
        cr_assert_eq(journal_next(&whole, &entry), 1);
    }
    begin[ENTRIES] = used;

    for (uint32_t i = 0; i < ENTRIES; i++)
        for (size_t bit = 8 * begin[i]; bit < 8 * begin[i + 1]; bit++) {
            memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
            struct journal_reader reader = {.data = memory, .size = used};
            int rc = 1;
            while (rc == 1)
                rc = journal_next(&reader, &entry);
            cr_assert_eq(rc, -EBADMSG, "bit %zu", bit);
            cr_assert_eq(reader.entries, i, "bit %zu of entry %u", bit, i);
            memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
}

Test(journal, is_damaged_when_it_is_cut_inside_an_entry)
{
    const size_t used = write_all();
    for (size_t size = used - 20; size < used; size++) {
        struct journal_reader reader = {.data = memory, .size = size};
        struct journal_entry entry;
        int rc = 1;
        while (rc == 1)
            rc = journal_next(&reader, &entry);
        cr_expect_eq(rc, reader.at == size ? 0 : -EBADMSG, "cut at %zu", size);
    }
}

Test(journal, stops_when_it_is_full_and_says_so)
{
    struct journal journal;
    const struct event event = {.kind = EV_TIMER};
    actions.count = 0;
    journal_init(&journal, memory, 2 * JOURNAL_ENTRY_MAX);

    for (uint32_t i = 0; i < 100; i++)
        journal_add(&journal, &event, &actions, 0);

    cr_expect(journal.full);
    cr_expect_leq(journal.used, 2 * JOURNAL_ENTRY_MAX);
    cr_expect_lt(journal.entries, 100);
}

Test(journal, tells_actions_apart_that_differ_in_one_field)
{
    uint32_t peers[2] = {1, 2};
    struct mix_term term = {.handle = 9, .peer = 1, .weight = 3};
    const struct action send = {.kind = ACT_SEND, .tag = 4, .peers = peers, .count = 2};
    const struct action mix = {.kind = ACT_MIX, .terms = &term, .count = 1, .degree = 2};
    actions.count = 0;
    actions_push(&actions, send);
    actions_push(&actions, mix);
    const uint32_t before = journal_digest(&actions);

    peers[1] = 3;
    cr_expect_neq(journal_digest(&actions), before, "another peer");
    peers[1] = 2;
    term.weight = 4;
    cr_expect_neq(journal_digest(&actions), before, "another weight");
    term.weight = 3;
    term.base = 1;
    cr_expect_neq(journal_digest(&actions), before, "another base");
    term.base = 0;
    actions.item[0].tag = 5;
    cr_expect_neq(journal_digest(&actions), before, "another tag");
    actions.item[0].tag = 4;
    cr_expect_eq(journal_digest(&actions), before, "as it was");
}

Test(journal, tells_configurations_apart)
{
    const uint32_t peers[2] = {1, 2};
    struct policy_config config = {.workers = 3, .peer_count = 2, .peers = peers, .seed = 1};
    const uint64_t before = journal_digest_config(0, &policy_swift, &config);

    config.options = options_read(&policy_swift, "steps: 1");
    cr_expect_neq(journal_digest_config(0, &policy_swift, &config), before);
    config.options = (struct policy_options){0};
    config.seed = 2;
    cr_expect_neq(journal_digest_config(0, &policy_swift, &config), before);
}
