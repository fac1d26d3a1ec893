/* A union-find with path halving; the smaller id is the root, so equal knowledge is equal memory once compressed. */
#include "core/policy/pathsearch.h"

#include "core/base/check.h"

static void clear(struct pathsearch *self)
{
    self->components = self->workers;
    for (uint32_t i = 0; i < self->workers; i++)
        self->above[i] = i;
}

void pathsearch_init(struct pathsearch *self, uint32_t *above, uint32_t workers)
{
    *self = (struct pathsearch){.above = above, .workers = workers};
    clear(self);
}

static uint32_t find(struct pathsearch *self, uint32_t worker)
{
    CHECK(worker < self->workers);
    while (self->above[worker] != worker) {
        self->above[worker] = self->above[self->above[worker]];
        worker = self->above[worker];
    }
    return worker;
}

bool pathsearch_new(struct pathsearch *self, uint32_t a, uint32_t b)
{
    return find(self, a) != find(self, b);
}

bool pathsearch_join(struct pathsearch *self, uint32_t a, uint32_t b)
{
    const uint32_t x = find(self, a);
    const uint32_t y = find(self, b);
    if (x == y)
        return false;
    self->above[x > y ? x : y] = x > y ? y : x;
    self->components--;
    return true;
}

bool pathsearch_close(struct pathsearch *self)
{
    if (self->components > 1)
        return false;
    self->epoch++;
    clear(self);
    return true;
}

void pathsearch_adopt(struct pathsearch *self, uint32_t epoch)
{
    CHECK(epoch > self->epoch);
    self->epoch = epoch;
    clear(self);
}
