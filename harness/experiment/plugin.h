/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Loading a workload: a shared object with the functions of harness/plugin/dawdle_plugin.h.
 */
#ifndef HARNESS_EXPERIMENT_PLUGIN_H
#define HARNESS_EXPERIMENT_PLUGIN_H

#include <stdatomic.h>

#include "core/base/err.h"
#include "core/learn/model_plugin.h"

/** Must not move while it is open. */
struct plugin {
    struct model_plugin model;   /* its functions call the foreign ones, and watch them */
    struct model_plugin foreign; /* as found in the object */
    void *library;
    void (*close)(void *context);
    const char *(*failure)(void *context); /* NULL: it exports none */
    const char *path;                      /* borrowed */
    _Atomic int failed;                    /* 0 no, 1 somebody is writing `why`, 2 yes */
    char why[240];
};

/**
 * 0, or -EINVAL with `err`: no such file, no shared object, a missing symbol (all of them are named), another ABI, or what
 * the plug-in itself says. Nothing stays loaded then. path: borrowed until plugin_close.
 */
int plugin_open(struct plugin *out, const char *path, const char *arguments, uint32_t features,
                uint32_t classes, uint32_t batch, struct err *err);

/** Why what it computed is worthless, once it failed; else NULL. */
const char *plugin_failure(const struct plugin *self);

/** Whom to call, on any thread, when a plug-in fails, so that nobody computes on; NULL: nobody. */
void plugin_on_failure(void (*stop)(void));

/** Accepts a zeroed struct. */
void plugin_close(struct plugin *self);

#endif
