/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dlopen, with every way in which it can fail turned into one sentence; and between Dawdle and the foreign functions, who
 * is to blame when they crash, and whether what they say can be true.
 */
#include "harness/experiment/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "harness/experiment/plugin_guard.h"
#include "harness/plugin/dawdle_plugin.h"

#define PARAMETERS_MAX (1u << 30)

/* POSIX wants dlsym to give functions; ISO C has no cast for it, so the bytes are copied. */
static void find(void *library, const char *name, void *function, char *missing, size_t size)
{
    void *const symbol = dlsym(library, name);
    const size_t used = strlen(missing);
    memcpy(function, &symbol, sizeof(symbol));
    if (!symbol)
        snprintf(missing + used, size - used, "%s%s", used ? ", " : "", name);
}

typedef uint32_t (*open_function)(const struct dawdle_shape *, void **, char *, uint32_t);

static int find_all(struct plugin *self, const char *path, open_function *begin, struct err *err)
{
    char missing[160] = "", optional[32] = "";
    const uint32_t *abi;
    find(self->library, "dawdle_abi", &abi, missing, sizeof(missing));
    find(self->library, "dawdle_open", begin, missing, sizeof(missing));
    find(self->library, "dawdle_close", &self->close, missing, sizeof(missing));
    find(self->library, "dawdle_init", &self->foreign.init, missing, sizeof(missing));
    find(self->library, "dawdle_gradient", &self->foreign.gradient, missing, sizeof(missing));
    find(self->library, "dawdle_evaluate", &self->foreign.evaluate, missing, sizeof(missing));
    find(self->library, "dawdle_failure", &self->failure, optional, sizeof(optional));
    if (missing[0])
        return err_set(err, -EINVAL, "model.path: %s lacks %s (see dawdle_plugin.h)", path,
                       missing);
    if (*abi != DAWDLE_PLUGIN_ABI)
        return err_set(err, -EINVAL, "model.path: %s was made for plug-in ABI %u, this is %u", path,
                       *abi, DAWDLE_PLUGIN_ABI);
    return 0;
}

static void (*on_failure)(void);

void plugin_on_failure(void (*stop)(void))
{
    on_failure = stop;
}

/** Threads may fail at the same time; the first one's reason stays. */
__attribute__((format(printf, 2, 3))) static void fail(struct plugin *self, const char *format, ...)
{
    int none = 0;
    va_list args;
    if (!atomic_compare_exchange_strong(&self->failed, &none, 1))
        return;
    va_start(args, format);
    vsnprintf(self->why, sizeof(self->why), format, args);
    va_end(args);
    atomic_store(&self->failed, 2);
    if (on_failure)
        on_failure();
}

static void look(struct plugin *self)
{
    const char *const why = self->failure ? self->failure(self->foreign.context) : NULL;
    plugin_guard_leave();
    if (why)
        fail(self, "%s", why);
}

static void watched_init(void *context, uint64_t seed, float *param)
{
    struct plugin *const self = context;
    plugin_guard_enter(self->path, "dawdle_init");
    self->foreign.init(self->foreign.context, seed, param);
    look(self);
}

static float watched_gradient(void *context, const float *param, const float *x,
                              const uint8_t *label, uint32_t count, float *gradient)
{
    struct plugin *const self = context;
    plugin_guard_enter(self->path, "dawdle_gradient");
    const float loss =
        self->foreign.gradient(self->foreign.context, param, x, label, count, gradient);
    look(self);
    return loss;
}

static void watched_evaluate(void *context, const float *param, const float *x,
                             const uint8_t *label, uint32_t count, double *loss_sum,
                             uint32_t *correct)
{
    struct plugin *const self = context;
    plugin_guard_enter(self->path, "dawdle_evaluate");
    self->foreign.evaluate(self->foreign.context, param, x, label, count, loss_sum, correct);
    look(self);
    if (*correct > count)
        fail(self, "dawdle_evaluate says that %u of %u samples were classified correctly", *correct,
             count);
}

const char *plugin_failure(const struct plugin *self)
{
    return atomic_load(&self->failed) == 2 ? self->why : NULL;
}

int plugin_open(struct plugin *out, const char *path, const char *arguments, uint32_t features,
                uint32_t classes, uint32_t batch, struct err *err)
{
    char error[200] = "";
    open_function begin = NULL;
    const struct dawdle_shape shape = {
        .features = features, .classes = classes, .batch = batch, .arguments = arguments};
    *out = (struct plugin){.path = path};
    plugin_guard_watch();
    plugin_guard_enter(path, "its start");
    out->library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    plugin_guard_leave();
    if (!out->library)
        return err_set(err, -EINVAL, "model.path: %s", dlerror());
    int rc = find_all(out, path, &begin, err);
    if (rc == 0) {
        plugin_guard_enter(path, "dawdle_open");
        out->model.parameters = begin(&shape, &out->foreign.context, error, sizeof(error));
        plugin_guard_leave();
        error[sizeof(error) - 1] = '\0';
        out->model.context = out;
        out->model.init = watched_init;
        out->model.gradient = watched_gradient;
        out->model.evaluate = watched_evaluate;
        if (out->model.parameters == 0 || out->model.parameters > PARAMETERS_MAX)
            rc = err_set(err, -EINVAL, "model.path: %s: %s", path,
                         error[0] ? error : "gave no sensible number of parameters");
    }
    if (rc < 0 && out->model.parameters > 0)
        out->close(out->foreign.context);
    if (rc < 0) {
        dlclose(out->library);
        *out = (struct plugin){0};
    }
    return rc;
}

void plugin_close(struct plugin *self)
{
    if (!self->library)
        return;
    self->close(self->foreign.context);
    dlclose(self->library);
    *self = (struct plugin){0};
}
