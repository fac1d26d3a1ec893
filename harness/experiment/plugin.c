/* SPDX-License-Identifier: BSD-3-Clause */
/* dlopen, with every way in which it can fail turned into one sentence. */
#include "harness/experiment/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

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
    char missing[160] = "";
    const uint32_t *abi;
    find(self->library, "dawdle_abi", &abi, missing, sizeof(missing));
    find(self->library, "dawdle_open", begin, missing, sizeof(missing));
    find(self->library, "dawdle_close", &self->close, missing, sizeof(missing));
    find(self->library, "dawdle_init", &self->model.init, missing, sizeof(missing));
    find(self->library, "dawdle_gradient", &self->model.gradient, missing, sizeof(missing));
    find(self->library, "dawdle_evaluate", &self->model.evaluate, missing, sizeof(missing));
    if (missing[0])
        return err_set(err, -EINVAL, "model.path: %s lacks %s (see dawdle_plugin.h)", path,
                       missing);
    if (*abi != DAWDLE_PLUGIN_ABI)
        return err_set(err, -EINVAL, "model.path: %s was made for plug-in ABI %u, this is %u", path,
                       *abi, DAWDLE_PLUGIN_ABI);
    return 0;
}

int plugin_open(struct plugin *out, const char *path, const char *arguments, uint32_t features,
                uint32_t classes, uint32_t batch, struct err *err)
{
    char error[200] = "";
    open_function begin = NULL;
    const struct dawdle_shape shape = {
        .features = features, .classes = classes, .batch = batch, .arguments = arguments};
    *out = (struct plugin){0};
    out->library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!out->library)
        return err_set(err, -EINVAL, "model.path: %s", dlerror());
    int rc = find_all(out, path, &begin, err);
    if (rc == 0) {
        out->model.parameters = begin(&shape, &out->model.context, error, sizeof(error));
        error[sizeof(error) - 1] = '\0';
        if (out->model.parameters == 0 || out->model.parameters > PARAMETERS_MAX)
            rc = err_set(err, -EINVAL, "model.path: %s: %s", path,
                         error[0] ? error : "gave no sensible number of parameters");
    }
    if (rc < 0 && out->model.parameters > 0)
        out->close(out->model.context);
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
    self->close(self->model.context);
    dlclose(self->library);
    *self = (struct plugin){0};
}
