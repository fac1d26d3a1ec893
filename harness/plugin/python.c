/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plug-in whose functions are written in Python: `model: {kind: plugin, path: …/dawdle_python.so, arguments: mine.py}`.
 *
 * It starts one interpreter in the process and lets the script fill a table of function pointers through ctypes; from
 * then on Dawdle calls those pointers, and ctypes takes the interpreter's lock in each call. So gradients of several
 * workers run one after the other, however many cores there are: good for trying a workload, not for speed.
 *
 * libpython is opened at run time, with the few functions that are needed declared by hand: neither building Dawdle nor
 * running it without this plug-in needs Python. It is that of /usr/bin/python3, for which the system's numpy was built;
 * DAWDLE_PYTHON names another.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/plugin/dawdle_plugin.h"

const uint32_t dawdle_abi = DAWDLE_PLUGIN_ABI;

/** What the script fills in, through ctypes.Structure with the same fields. */
struct table {
    uint32_t (*open)(const struct dawdle_shape *shape);
    void (*init)(uint64_t seed, float *param);
    float (*gradient)(const float *param, const float *x, const uint8_t *label, uint32_t count,
                      float *gradient);
    void (*evaluate)(const float *param, const float *x, const uint8_t *label, uint32_t count,
                     double *loss_sum, uint32_t *correct);
};

static struct table table;
static int started;
static volatile int32_t
    raised; /* set by Python, through ctypes, when a function of the script raised an exception */

struct python {
    int (*is_initialized)(void);
    void (*initialize)(int signals);
    int (*run)(const char *text);
    int (*ensure)(void);
    void (*release)(int state);
    void *(*save_thread)(void);
};

/* /usr/bin/python3 -> python3.11 on the systems that we know; libpython3.11.so.1.0 goes with it. */
static const char *library_name(char *out, size_t size)
{
    char target[64];
    const char *const chosen = getenv("DAWDLE_PYTHON");
    const ssize_t n = readlink("/usr/bin/python3", target, sizeof(target) - 1);
    if (chosen && *chosen)
        return chosen;
    target[n > 0 ? n : 0] = '\0';
    const char *const slash = strrchr(target, '/');
    const char *const name = slash ? slash + 1 : target;
    snprintf(out, size, "lib%s.so.1.0", strncmp(name, "python3.", 8) ? "python3.11" : name);
    return out;
}

static int load(struct python *out, char *error, uint32_t error_bytes)
{
    static const char *const names[] = {"Py_IsInitialized",   "Py_InitializeEx",
                                        "PyRun_SimpleString", "PyGILState_Ensure",
                                        "PyGILState_Release", "PyEval_SaveThread"};
    void *function[6];
    char name[80];
    /* global: numpy's own modules look for the interpreter's symbols */
    void *const library = dlopen(library_name(name, sizeof(name)), RTLD_NOW | RTLD_GLOBAL);
    if (!library)
        return snprintf(error, error_bytes,
                        "%s (Debian, Ubuntu: package libpython3.N; see DAWDLE_PYTHON)", dlerror()),
               -1;
    for (unsigned i = 0; i < 6; i++) {
        function[i] = dlsym(library, names[i]);
        if (!function[i])
            return snprintf(error, error_bytes, "libpython has no %s", names[i]), -1;
    }
    memcpy(out, function, sizeof(function));
    return 0;
}
_Static_assert(sizeof(struct python) == 6 * sizeof(void *), "one pointer per name");

/* A script named without a folder may also lie where this object lies. */
static int script_beside(const char *name, char *out, size_t size)
{
    Dl_info info;
    if (!dladdr(&dawdle_abi, &info) || !strrchr(info.dli_fname, '/'))
        return 0;
    const int folder = (int)(strrchr(info.dli_fname, '/') - info.dli_fname);
    return (size_t)snprintf(out, size, "%.*s/%s", folder, info.dli_fname, name) < size;
}

/*
 * What a callback raises has nowhere to go: Python would print it on each call, and return 0, a perfect loss. The hook
 * prints the first, and sets `raised`.
 */
static const char hook[] =
    "import sys, ctypes, traceback\n"
    "def dawdle_hook(what, old=sys.unraisablehook, raised=ctypes.c_int32.from_address(%llu),\n"
    "                show=traceback.print_exception):\n"
    "    if 'ctypes callback' not in (what.err_msg or ''):\n"
    "        return old(what)\n"
    "    if not raised.value:\n"
    "        raised.value = 1\n"
    "        show(what.exc_type, what.exc_value, what.exc_traceback)\n"
    "sys.unraisablehook = dawdle_hook\n"
    "del dawdle_hook\n";

static int watch_exceptions(const struct python *python)
{
    char text[sizeof(hook) + 32];
    snprintf(text, sizeof(text), hook, (unsigned long long)(uintptr_t)&raised);
    return python->run(text);
}

/* The script is run once; it must call install(address of the table). */
static int run_script(const struct python *python, const char *path)
{
    char text[1400], beside[1200];
    const char *const name = path;
    if (!strchr(path, '/') && access(path, R_OK) != 0 &&
        script_beside(path, beside, sizeof(beside)))
        path = beside;
    for (const char *c = path; *c; c++)
        if (*c == '\'' || *c == '\\' || (unsigned char)*c < ' ')
            return -1;
    const int n = snprintf(text, sizeof(text),
                           "import runpy, sys\n"
                           "sys.argv = ['%s']\n"
                           "runpy.run_path('%s')['install'](%llu)\n",
                           name, path, (unsigned long long)(uintptr_t)&table);
    return n > 0 && (size_t)n < sizeof(text) ? python->run(text) : -1;
}

static int is_whole(const struct table *of)
{
    return of->open && of->init && of->gradient && of->evaluate;
}

uint32_t dawdle_open(const struct dawdle_shape *shape, void **context, char *error,
                     uint32_t error_bytes)
{
    struct python python;
    *context = &table;
    if (!shape->arguments[0])
        return snprintf(error, error_bytes, "model.arguments must name a Python script"), 0;
    if (load(&python, error, error_bytes) < 0)
        return 0;
    if (!started && !python.is_initialized()) {
        python.initialize(0);
        python.save_thread(); /* nobody holds the lock from now on */
        started = 1;
    }
    const int state = python.ensure();
    const int failed = watch_exceptions(&python) || run_script(&python, shape->arguments);
    python.release(state);
    if (failed || !is_whole(&table))
        return snprintf(error, error_bytes, "%s did not install its functions (see above)",
                        shape->arguments),
               0;
    const uint32_t parameters = table.open(shape);
    if (parameters == 0)
        snprintf(error, error_bytes, "%s: open() returned no number of parameters",
                 shape->arguments);
    return parameters;
}

/* The interpreter stays: numpy cannot be loaded twice into one process. */
void dawdle_close(void *context)
{
    (void)context;
}

const char *dawdle_failure(void *context)
{
    (void)context;
    return raised ? "a function of the script raised an exception (see above)" : NULL;
}

void dawdle_init(void *context, uint64_t seed, float *param)
{
    (void)context;
    if (!raised)
        table.init(seed, param);
}

float dawdle_gradient(void *context, const float *param, const float *x, const uint8_t *label,
                      uint32_t count, float *gradient)
{
    (void)context;
    return raised ? 0 : table.gradient(param, x, label, count, gradient);
}

void dawdle_evaluate(void *context, const float *param, const float *x, const uint8_t *label,
                     uint32_t count, double *loss_sum, uint32_t *correct)
{
    (void)context;
    if (!raised)
        table.evaluate(param, x, label, count, loss_sum, correct);
}
