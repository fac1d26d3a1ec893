/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/learn/model.h"
#include "harness/experiment/plugin.h"

static const char *path_of(const char *name)
{
    static char path[1024];
    const char *const folder = getenv("DAWDLE_TEST_TMP");
    cr_assert(folder, "DAWDLE_TEST_TMP names the build folder of the tests");
    snprintf(path, sizeof(path), "%s/plugins/%s.so", folder, name);
    return path;
}

static int open_plugin(struct plugin *out, const char *name, const char *arguments, struct err *err)
{
    return plugin_open(out, path_of(name), arguments, 3, 2, 4, err);
}

Test(plugin, becomes_a_model_like_any_other)
{
    struct plugin plugin;
    struct err err = {{0}};
    cr_assert_eq(open_plugin(&plugin, "plugin_linear", "", &err), 0, "%s", err.text);
    struct model_config model = {.ops = model_find("plugin"),
                                 .features = 3,
                                 .classes = 2,
                                 .batch = 2,
                                 .plugin = &plugin.model};
    cr_assert_eq(model_plan(&model), 0);
    cr_assert_eq(model.dim, 16, "three parameters and padding");
    _Alignas(64) float param[16] = {0}, out[16];
    const float x[6] = {1, 2, 3, 4, 5, 6};
    const uint8_t label[2] = {1, 0};
    struct gradient gradient;
    memset(out, 0x55, sizeof(out));

    gradient_begin(&gradient, &model, param, x, label, out, NULL);
    const bool finished = gradient_slice(&gradient);

    cr_expect(finished);
    cr_expect_float_eq(gradient.loss, 0.5f, 1e-6f, "errors -1 and 0");
    cr_expect_float_eq(out[0], -1.0f, 1e-6f);
    cr_expect_float_eq(out[2], -3.0f, 1e-6f);
    for (uint32_t i = 3; i < 16; i++)
        cr_expect_eq(out[i], 0.0f, "padding %u", i);
    double loss = 0;
    uint32_t correct = 0;
    model.ops->evaluate(&model, param, x, label, 2, NULL, &loss, &correct);
    cr_expect_float_eq(loss, 1.0, 1e-6);
    cr_expect_eq(correct, 1);
    plugin_close(&plugin);
}

static void expect_refusal(const char *name, const char *arguments, const char *sentence)
{
    struct plugin plugin;
    struct err err = {{0}};
    cr_expect_eq(open_plugin(&plugin, name, arguments, &err), -EINVAL);
    cr_expect(strstr(err.text, sentence), "got: %s", err.text);
    cr_expect_null(plugin.library, "nothing stays loaded");
}

Test(plugin, without_a_symbol_is_refused_by_name)
{
    expect_refusal("plugin_no_gradient", "", "lacks dawdle_gradient");
}

Test(plugin, of_another_abi_is_refused)
{
    expect_refusal("plugin_other_abi", "", "plug-in ABI 99, this is 1");
}

Test(plugin, that_refuses_is_quoted)
{
    expect_refusal("plugin_linear", "refuse", "it was told to refuse");
}

Test(plugin, that_is_not_there_is_refused)
{
    expect_refusal("nothing_here", "", "cannot open shared object file");
}
