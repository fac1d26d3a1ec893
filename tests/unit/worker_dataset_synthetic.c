/* SPDX-License-Identifier: BSD-3-Clause */
/* Synthetic data. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support_dataset.h"

TestSuite(dataset_synthetic, .fini = support_clean);

/* synthetic */

static struct dataset_config clusters(void)
{
    return (struct dataset_config){.format = "synthetic",
                                   .cache = support_path("cache"),
                                   .samples = 4000,
                                   .classes = 5,
                                   .features = 16,
                                   .separation = 3,
                                   .seed = 1};
}

static float *read_all(const struct dataset *data)
{
    float *all = malloc(sizeof(float) * data->samples * data->features);
    uint32_t *index = malloc(sizeof(*index) * data->samples);
    for (uint32_t i = 0; i < data->samples; i++)
        index[i] = i;
    cr_assert_eq(dataset_read(data, index, data->samples, all, NULL), 0);
    free(index);
    return all;
}

static uint64_t hash(const void *bytes, size_t count)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++)
        sum = (sum ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
    return sum;
}

Test(dataset_synthetic, makes_synthetic_data_that_are_the_same_everywhere)
{
    struct dataset data;
    struct err err = {0};
    const struct dataset_config config = clusters();

    cr_assert_eq(dataset_open(&data, &config, &err), 0, "%s", err.text);

    float *all = read_all(&data);
    cr_expect_eq(data.samples, 4000u);
    cr_expect_eq(data.features, 16u);
    cr_expect_eq(data.classes, 5u);
    cr_expect_eq(hash(all, 4000 * 16 * sizeof(float)), 0xf505c9edf8d48957u, "%llx",
                 (unsigned long long)hash(all, 4000 * 16 * sizeof(float)));
    cr_expect_eq(hash(data.label, 4000), 0x5413141f57871f3du, "%llx",
                 (unsigned long long)hash(data.label, 4000));
    free(all);
    dataset_close(&data);
}

Test(dataset_synthetic, has_as_much_noise_and_separation_as_asked_for)
{
    enum { CLASSES = 5, DIM = 64, SAMPLES = 20000 };
    static double mean[CLASSES][DIM];
    uint32_t count[CLASSES] = {0};
    struct dataset data;
    struct dataset_config config = clusters();
    config.samples = SAMPLES;
    config.features = DIM;
    cr_assert_eq(dataset_open(&data, &config, NULL), 0);
    float *all = read_all(&data);

    double square = 0;
    for (uint32_t s = 0; s < SAMPLES; s++) {
        count[data.label[s]]++;
        for (uint32_t i = 0; i < DIM; i++) {
            mean[data.label[s]][i] += (double)all[s * DIM + i];
            square += (double)all[s * DIM + i] * (double)all[s * DIM + i];
        }
    }
    double between = 0;
    for (uint32_t a = 0; a < CLASSES; a++)
        for (uint32_t b = 0; b < a; b++)
            for (uint32_t i = 0; i < DIM; i++) {
                const double apart = mean[a][i] / count[a] - mean[b][i] / count[b];
                between += apart * apart / (CLASSES * (CLASSES - 1) / 2);
            }

    /* 1/5 of 20000 each, sigma 57: 300 is five sigma. */
    for (uint32_t c = 0; c < CLASSES; c++)
        cr_expect(count[c] > 3700 && count[c] < 4300, "class %u has %u samples", c, count[c]);
    /* Squared distance 9, give or take the random angles between five directions in 64 dimensions. */
    cr_expect(between > 7 && between < 11, "mean squared distance of class means is %g", between);
    /* E|x|^2 = 64 noise + 4.5 mean + 9 offset, where the third cluster of odd classes lies further out (18). */
    cr_expect(square / SAMPLES > 64 + 11 && square / SAMPLES < 64 + 18, "mean square is %g",
              square / SAMPLES);
    free(all);
    dataset_close(&data);
}

Test(dataset_synthetic, makes_synthetic_data_once_per_set_of_parameters)
{
    struct dataset first, again, other;
    struct dataset_config config = clusters();
    struct stat before, after;
    cr_assert_eq(dataset_open(&first, &config, NULL), 0);
    cr_assert_eq(stat(first.path, &before), 0);

    cr_assert_eq(dataset_open(&again, &config, NULL), 0);
    cr_assert_eq(stat(again.path, &after), 0);
    cr_expect_eq(before.st_ino, after.st_ino, "the same file");

    config.seed = 2;
    cr_assert_eq(dataset_open(&other, &config, NULL), 0);
    cr_expect_str_neq(first.path, other.path);
    cr_expect_neq(memcmp(first.label, other.label, 4000), 0);
    dataset_close(&first);
    dataset_close(&again);
    dataset_close(&other);
}

Test(dataset_synthetic, may_be_made_by_many_at_once)
{
    const struct dataset_config config = clusters();
    struct dataset data;
    int status, failures = 0;

    for (int child = 0; child < 4; child++)
        if (fork() == 0)
            _exit(dataset_open(&data, &config, NULL) != 0);
    while (wait(&status) > 0)
        failures += status != 0;

    cr_expect_eq(failures, 0);
    cr_assert_eq(dataset_open(&data, &config, NULL), 0);
    char *name = strrchr(data.path, '/');
    *name = '\0';
    char whole[2048];
    snprintf(whole, sizeof(whole), "%s/X.npy", data.path);
    cr_expect_eq(unlink(whole), 0);
    snprintf(whole, sizeof(whole), "%s/y.npy", data.path);
    cr_expect_eq(unlink(whole), 0);
    snprintf(whole, sizeof(whole), "%s/digest", data.path);
    cr_expect_eq(unlink(whole), 0);
    cr_expect_eq(rmdir(data.path), 0);
    cr_expect_eq(rmdir(config.cache), 0, "no temporary folder is left: %s", strerror(errno));
    dataset_close(&data);
}

Test(dataset_synthetic, refuses_synthetic_parameters_out_of_range)
{
    struct dataset_config config = clusters();

    config.samples = 0;
    support_expect_refusal(&config, -EINVAL, "",
                           "synthetic data: expected 1 to 2147483647 samples, found 0");
    config = clusters();
    config.features = 0;
    support_expect_refusal(&config, -EINVAL, "",
                           "synthetic data: expected 1 to 1048576 features, found 0");
    config = clusters();
    config.classes = 1;
    support_expect_refusal(&config, -EINVAL, "",
                           "synthetic data: expected 2 to 256 classes, found 1");
    config = clusters();
    config.separation = -1;
    support_expect_refusal(&config, -EINVAL, "",
                           "synthetic data: expected a separation from 0 to 1e6, found -1");
    config = clusters();
    config.cache = "";
    support_expect_refusal(&config, -EINVAL, "",
                           "synthetic data: a cache folder is needed and none is set");
}
