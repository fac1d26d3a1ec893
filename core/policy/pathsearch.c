/* SPDX-License-Identifier: BSD-3-Clause */
/* A union-find with path halving; the smaller id is the root, so equal knowledge is equal memory once compressed. */
#include "core/policy/pathsearch.h"

#include "core/base/check.h"

#define GIVEN_UP (1u << 31)
#define TOUCHED (1u << 31)

static void begin(struct pathsearch *self, uint32_t epoch)
{
    self->epoch = epoch;
    self->components = self->present;
    self->untouched = self->present;
}

void pathsearch_init(struct pathsearch *self, struct pathsearch_place *place, uint32_t workers,
                     bool by_vertex)
{
    *self = (struct pathsearch){.place = place,
                                .workers = workers,
                                .present = workers,
                                .components = workers,
                                .untouched = workers,
                                .parts = 1,
                                .by_vertex = by_vertex};
    for (uint32_t i = 0; i < workers; i++)
        place[i] = (struct pathsearch_place){.above = i, .present = 1};
}

static bool is_present(const struct pathsearch_place *place)
{
    return (place->life & (GIVEN_UP | 1u)) == 0;
}

/* Nobody has touched it in this epoch yet: then it is alone. */
static struct pathsearch_place *place_of(struct pathsearch *self, uint32_t worker)
{
    CHECK(worker < self->workers);
    struct pathsearch_place *place = &self->place[worker];
    if (place->epoch != self->epoch) {
        place->epoch = self->epoch;
        place->above = worker;
        place->present = is_present(place);
    }
    return place;
}

static uint32_t find(struct pathsearch *self, uint32_t worker)
{
    struct pathsearch_place *place = place_of(self, worker);
    while (place->above != worker) {
        /* what stands above somebody was touched in this epoch */
        place->above = self->place[place->above].above;
        worker = place->above;
        place = &self->place[worker];
    }
    return worker;
}

static bool apart(struct pathsearch *self, uint32_t a, uint32_t b)
{
    return find(self, a) != find(self, b);
}

/* Whoever stands below somebody was touched when it came there. */
static bool touched(struct pathsearch *self, uint32_t worker)
{
    const struct pathsearch_place *const place = place_of(self, worker);
    return place->above != worker || (place->present & TOUCHED) != 0;
}

static void touch(struct pathsearch *self, uint32_t worker)
{
    if (touched(self, worker))
        return;
    self->place[worker].present |= TOUCHED;
    self->untouched -= is_present(&self->place[worker]);
}

/* Workers of this root's component that are there. */
static uint32_t present_in(const struct pathsearch_place *root)
{
    return root->present & ~TOUCHED;
}

bool pathsearch_reached(const struct pathsearch *self)
{
    return self->untouched <= self->lonely;
}

bool pathsearch_new(struct pathsearch *self, uint32_t a, uint32_t b)
{
    if (!apart(self, a, b))
        return false;
    return !self->by_vertex || pathsearch_reached(self) || !touched(self, a) || !touched(self, b);
}

bool pathsearch_join(struct pathsearch *self, uint32_t a, uint32_t b)
{
    const uint32_t x = find(self, a);
    const uint32_t y = find(self, b);
    if (x == y)
        return false;
    touch(self, x);
    touch(self, y);
    struct pathsearch_place *const root = &self->place[x > y ? y : x];
    struct pathsearch_place *const leaf = &self->place[x > y ? x : y];
    leaf->above = x > y ? y : x;
    self->components -= present_in(root) > 0 && present_in(leaf) > 0;
    root->present += present_in(leaf);
    return true;
}

bool pathsearch_close(struct pathsearch *self)
{
    if (self->components > self->parts)
        return false;
    begin(self, self->epoch + 1);
    return true;
}

void pathsearch_adopt(struct pathsearch *self, uint32_t epoch)
{
    CHECK(epoch > self->epoch);
    begin(self, epoch);
}

/* ------------------------------------------------------------------------------------------------- who is there */

uint32_t pathsearch_life(const struct pathsearch *self, uint32_t worker)
{
    CHECK(worker < self->workers);
    return self->place[worker].life & ~GIVEN_UP;
}

bool pathsearch_present(const struct pathsearch *self, uint32_t worker)
{
    CHECK(worker < self->workers);
    return is_present(&self->place[worker]);
}

static void set_life(struct pathsearch *self, uint32_t worker, uint32_t life)
{
    struct pathsearch_place *const root = &self->place[find(self, worker)];
    const bool was = is_present(&self->place[worker]);
    self->place[worker].life = life;
    const bool is = is_present(&self->place[worker]);
    const bool counts = !touched(self, worker);
    if (was == is)
        return;
    if (is) {
        self->present++;
        self->untouched += counts;
        self->components += present_in(root) == 0;
        root->present++;
    } else {
        self->present--;
        self->untouched -= counts;
        root->present--;
        self->components -= present_in(root) == 0;
    }
}

bool pathsearch_live(struct pathsearch *self, uint32_t worker, uint32_t life)
{
    CHECK(life < GIVEN_UP);
    if (life <= pathsearch_life(self, worker))
        return false;
    set_life(self, worker, life);
    return true;
}

uint32_t pathsearch_give_up(struct pathsearch *self, uint32_t self_id)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->workers; i++) {
        if (!pathsearch_present(self, i) || !apart(self, self_id, i))
            continue;
        set_life(self, i, self->place[i].life | GIVEN_UP);
        count++;
    }
    return count;
}

void pathsearch_heard(struct pathsearch *self, uint32_t worker)
{
    CHECK(worker < self->workers);
    if (self->place[worker].life & GIVEN_UP)
        set_life(self, worker, pathsearch_life(self, worker));
}

void pathsearch_expect_all(struct pathsearch *self)
{
    for (uint32_t i = 0; i < self->workers; i++)
        pathsearch_heard(self, i);
}
