/* SPDX-License-Identifier: BSD-3-Clause */
/* The one-slot channel: newest wins, nothing is lost without being handed back, nothing is ever torn. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>

#include "net/mailbox.h"

#define MESSAGES 200000u

/* Every field follows from the number, so that a torn message cannot look whole. */
static struct port_message numbered(uint64_t number)
{
    struct port_message m = {
        .sent_cyc = ~number, .tag = number, .handle = number * 3, .is_tensor = 1};
    for (uint32_t i = 0; i < PORT_WORDS; i++)
        m.word[i] = (uint32_t)number + i;
    return m;
}

static int whole(const struct port_message *m)
{
    for (uint32_t i = 0; i < PORT_WORDS; i++)
        if (m->word[i] != (uint32_t)m->tag + i)
            return 0;
    return m->sent_cyc == ~m->tag && m->handle == m->tag * 3;
}

Test(mailbox, is_empty_at_first)
{
    struct mailbox box;
    struct port_message got;
    mailbox_init(&box);

    cr_expect_not(mailbox_ready(&box));
    cr_expect_not(mailbox_take(&box, &got));
}

Test(mailbox, delivers_a_message_once)
{
    struct mailbox box;
    struct port_message got = {0}, old;
    const struct port_message sent = numbered(7);
    mailbox_init(&box);

    const bool superseded = mailbox_send(&box, &sent, &old);

    cr_expect_not(superseded);
    cr_expect(mailbox_ready(&box));
    cr_assert(mailbox_take(&box, &got));
    cr_expect_arr_eq(&got, &sent, sizeof(sent));
    cr_expect_not(mailbox_take(&box, &got), "a message is read once");
}

Test(mailbox, hands_back_the_unread_message_it_replaces)
{
    struct mailbox box;
    struct port_message got, old = {0};
    mailbox_init(&box);
    cr_assert_not(mailbox_send(&box, &(struct port_message){.tag = 1, .handle = 11}, &old));

    const bool superseded =
        mailbox_send(&box, &(struct port_message){.tag = 2, .handle = 22}, &old);

    cr_expect(superseded);
    cr_expect_eq(old.handle, 11u, "the loan of message 1 goes back to its sender");
    cr_assert(mailbox_take(&box, &got));
    cr_expect_eq(got.handle, 22u);
    cr_expect_not(mailbox_send(&box, &(struct port_message){.tag = 3}, &old),
                  "message 2 was read and must not be handed back");
}

Test(mailbox, never_touches_the_cell_of_a_reader_that_stopped)
{
    struct mailbox box;
    struct port_message got, old;
    mailbox_init(&box);
    struct port_message m = numbered(1);
    mailbox_send(&box, &m, &old);
    cr_assert(mailbox_take(&box, &got));
    const struct port_message *held = &box.cell[box.front];

    for (uint64_t i = 2; i < 1000; i++) {
        m = numbered(i);
        mailbox_send(&box, &m, &old);
    }

    cr_expect_eq(held->tag, 1u);
    cr_expect(whole(held));
    cr_assert(mailbox_take(&box, &got));
    cr_expect_eq(got.tag, 999u, "and then it gets the newest");
}

struct race {
    struct mailbox box;
    _Atomic int sender_done;
    uint64_t superseded, torn_back;                  /* the sender's */
    uint64_t delivered, torn, backwards, last_taken; /* the reader's */
};

static void *send_all(void *arg)
{
    struct race *race = arg;
    struct port_message old;

    for (uint64_t i = 1; i <= MESSAGES; i++) {
        const struct port_message m = numbered(i);
        if (mailbox_send(&race->box, &m, &old)) {
            race->superseded++;
            race->torn_back += !whole(&old);
        }
        if (i % 64 == 0) /* give the reader of a crowded machine a turn */
            sched_yield();
    }
    atomic_store_explicit(&race->sender_done, 1, memory_order_release);
    return NULL;
}

static void *take_all(void *arg)
{
    struct race *race = arg;
    struct port_message got;

    for (;;) {
        const int done = atomic_load_explicit(&race->sender_done, memory_order_acquire);
        if (mailbox_take(&race->box, &got)) {
            race->delivered++;
            race->torn += !whole(&got);
            race->backwards += got.tag <= race->last_taken;
            race->last_taken = got.tag;
        } else if (done) {
            return NULL;
        }
    }
}

Test(mailbox, between_two_threads_accounts_for_every_message_and_never_goes_back)
{
    static struct race race;
    pthread_t sender, reader;
    mailbox_init(&race.box);

    cr_assert_eq(pthread_create(&reader, NULL, take_all, &race), 0);
    cr_assert_eq(pthread_create(&sender, NULL, send_all, &race), 0);
    pthread_join(sender, NULL);
    pthread_join(reader, NULL);

    cr_expect_eq(race.delivered + race.superseded, MESSAGES, "%lu delivered, %lu superseded",
                 race.delivered, race.superseded);
    cr_expect_eq(race.torn, 0u);
    cr_expect_eq(race.torn_back, 0u);
    cr_expect_eq(race.backwards, 0u);
    cr_expect_eq(race.last_taken, MESSAGES, "the last one published is never superseded");
}
