/* SPDX-License-Identifier: BSD-3-Clause */
/* What is made once and kept in the cache. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support_dataset.h"

TestSuite(dataset_cache, .fini = support_clean);

/* Doubles: 2 x 3, which must be converted. */
static const char *write_doubles(void)
{
    const double values[2][3] = {{1.5, -2.0, 0.25}, {4.0, 5.0, 6.0}};
    support_write_array("y.npy", "|u1", "(2,)", "\0\1", 2);
    return support_write_array("X.npy", "<f8", "(2, 3)", values, sizeof(values));
}

static struct dataset_config with_cache(const char *format, const char *path)
{
    return (struct dataset_config){.format = format, .path = path, .cache = support_path("cache")};
}

static void expect_points(const struct dataset_config *config, char path[DATASET_PATH_MAX])
{
    struct dataset data;
    float out[3];
    support_open(&data, config);
    for (uint32_t i = 0; i < 2; i++) {
        support_read(&data, i, out);
        cr_expect_arr_eq(out, support_points[i], sizeof(out));
    }
    if (path)
        memcpy(path, data.path, DATASET_PATH_MAX);
    dataset_close(&data);
}

/* Entries of the cache folder; those that are being made as well. */
static uint32_t entries(const char *folder)
{
    uint32_t count = 0;
    DIR *const open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open));)
        count += entry->d_name[0] != '.';
    if (open)
        closedir(open);
    return count;
}

Test(dataset_cache, opens_packed_idx_through_the_cache)
{
    struct dataset data;
    float out[4];
    char cache[1024];
    snprintf(cache, sizeof(cache), "%s/a/b", support_path("cache"));
    struct dataset_config config = with_cache("idx", support_write_mnist(true));
    config.cache = cache;

    support_open(&data, &config);

    cr_expect(strncmp(data.path, cache, strlen(cache)) == 0, "%s lies in the cache", data.path);
    cr_expect_eq(data.element, DATASET_U8);
    cr_expect_eq(data.record_bytes, 4u);
    cr_expect_eq(data.samples, 3u);
    cr_expect_arr_eq(data.label, support_digits, 3);
    support_read(&data, 1, out);
    cr_expect_arr_eq(out, ((const float[4]){204 / 255.0f, 1.0f, 0.0f, 1 / 255.0f}), sizeof(out));
    dataset_close(&data);
}

Test(dataset_cache, makes_a_copy_once_and_again_when_the_source_changes)
{
    char first[DATASET_PATH_MAX], second[DATASET_PATH_MAX];
    struct stat before, after;
    const char *const x = write_doubles();
    const struct dataset_config config = with_cache("npy", x);
    expect_points(&config, first);
    cr_assert_eq(stat(first, &before), 0);

    expect_points(&config, second);
    cr_expect_str_eq(first, second);
    cr_assert_eq(stat(second, &after), 0);
    cr_expect_eq(before.st_ino, after.st_ino, "it is the same file");

    const struct timespec later[2] = {{.tv_sec = 2000000000}, {.tv_sec = 2000000000}};
    cr_assert_eq(utimensat(AT_FDCWD, x, later, 0), 0);
    expect_points(&config, second);
    cr_expect_str_neq(first, second);
}

static void flip_a_bit(const char *path)
{
    unsigned char byte;
    const int fd = open(path, O_RDWR);
    cr_assert_eq(pread(fd, &byte, 1, DATASET_NPY_HEAD_BYTES + 1), 1);
    byte ^= 0x10;
    cr_assert_eq(pwrite(fd, &byte, 1, DATASET_NPY_HEAD_BYTES + 1), 1);
    close(fd);
}
static void cut_short(const char *path)
{
    cr_assert_eq(truncate(path, DATASET_NPY_HEAD_BYTES + 5), 0);
}
static void become_a_pipe(const char *path)
{
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkfifo(path, 0644), 0);
}
static void become_a_folder(const char *path)
{
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkdir(path, 0755), 0);
}
static void vanish(const char *path)
{
    cr_assert_eq(unlink(path), 0);
}

Test(dataset_cache, makes_again_what_is_no_longer_as_it_was_written)
{
    static const struct {
        const char *what;
        void (*spoil)(const char *path);
    } row[] = {{"a flipped bit", flip_a_bit},
               {"cut short", cut_short},
               {"a pipe", become_a_pipe},
               {"a folder", become_a_folder},
               {"gone", vanish}};
    const struct dataset_config config = with_cache("npy", write_doubles());
    char path[DATASET_PATH_MAX], digest[DATASET_PATH_MAX];
    expect_points(&config, path);
    snprintf(digest, sizeof(digest), "%.*s/digest", (int)(strrchr(path, '/') - path), path);

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        row[i].spoil(path);
        expect_points(&config, NULL);
        if (row[i].spoil == flip_a_bit || row[i].spoil == cut_short)
            continue;
        row[i].spoil(digest);
        expect_points(&config, NULL);
    }
    cr_expect_eq(entries(config.cache), 1u, "nothing else is left");
}

Test(dataset_cache, replaces_what_is_no_folder)
{
    const struct dataset_config config = with_cache("npy", write_doubles());
    char path[DATASET_PATH_MAX];
    struct stat info;
    expect_points(&config, path);
    char *const name = strrchr(path, '/');
    *name = '\0';
    char moved[DATASET_PATH_MAX + 8];
    snprintf(moved, sizeof(moved), "%s.old", path);

    cr_assert_eq(rename(path, moved), 0);
    cr_assert_eq(mkfifo(path, 0644), 0);
    expect_points(&config, NULL);
    cr_assert_eq(stat(path, &info), 0);
    cr_expect(S_ISDIR(info.st_mode));
}

Test(dataset_cache, says_what_to_remove_when_it_cannot_replace)
{
    const struct dataset_config config = with_cache("npy", write_doubles());
    char path[DATASET_PATH_MAX], mine[DATASET_PATH_MAX + 8];
    struct dataset data;
    struct err err = {0};
    expect_points(&config, path);
    flip_a_bit(path);
    *strrchr(path, '/') = '\0';
    snprintf(mine, sizeof(mine), "%s/mine", path);
    support_write(mine, "", 0);

    cr_expect_eq(dataset_open(&data, &config, &err), -ENOTEMPTY, "%s", err.text);

    cr_expect_not_null(strstr(err.text, "cannot put "), "%s", err.text);
    cr_expect_not_null(strstr(err.text, ": Directory not empty; remove it"), "%s", err.text);
    cr_expect_eq(entries(config.cache), 1u, "nothing else is left");
}

Test(dataset_cache, may_be_made_by_many_at_once)
{
    struct dataset data;
    const struct dataset_config config = with_cache("npy", write_doubles());
    int status, failures = 0;

    for (int child = 0; child < 4; child++)
        if (fork() == 0)
            _exit(dataset_open(&data, &config, NULL) != 0);
    while (wait(&status) > 0)
        failures += status != 0;

    cr_expect_eq(failures, 0);
    expect_points(&config, NULL);
    cr_expect_eq(entries(config.cache), 1u, "nothing in the making is left");
}

Test(dataset_cache, sweeps_what_a_killed_run_left_and_nothing_else)
{
    const struct dataset_config config = with_cache("npy", write_doubles());
    const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    char left[1100], fresh[1100], owned[1100], mine[1100], file[1200];
    cr_assert_eq(mkdir(config.cache, 0755), 0);
    snprintf(left, sizeof(left), "%s/making-aaaaaa", config.cache);
    snprintf(fresh, sizeof(fresh), "%s/making-bbbbbb", config.cache);
    snprintf(owned, sizeof(owned), "%s/making-cccccc", config.cache);
    snprintf(mine, sizeof(mine), "%s/mine", config.cache);
    snprintf(file, sizeof(file), "%s/X.npy", left);
    cr_assert_eq(mkdir(left, 0700) | mkdir(fresh, 0700) | mkdir(owned, 0700) | mkdir(mine, 0700),
                 0);
    support_write(file, "half", 4);
    cr_assert_eq(utimensat(AT_FDCWD, left, old, 0), 0);
    cr_assert_eq(utimensat(AT_FDCWD, owned, old, 0), 0);
    cr_assert_eq(utimensat(AT_FDCWD, mine, old, 0), 0);
    const int lock = open(owned, O_RDONLY | O_DIRECTORY);
    cr_assert_eq(flock(lock, LOCK_EX), 0);

    expect_points(&config, NULL);

    cr_expect_neq(access(left, F_OK), 0, "its owner is gone");
    cr_expect_eq(access(fresh, F_OK), 0, "its owner may be about to lock it");
    cr_expect_eq(access(owned, F_OK), 0, "its owner lives");
    cr_expect_eq(access(mine, F_OK), 0, "not ours");
    close(lock);
}

static int stop_at_once(void *context, const char *doing, const char *path, uint64_t done,
                        uint64_t all)
{
    (void)path;
    cr_expect_leq(done, all);
    snprintf(context, 32, "%s", doing);
    return 1;
}

Test(dataset_cache, leaves_nothing_when_it_is_interrupted)
{
    char doing[32] = "";
    const struct dataset_watch watch = {.step = stop_at_once, .context = doing};
    struct dataset_config config = with_cache("npy", write_doubles());
    struct err err = {0};
    struct dataset data;
    config.watch = &watch;

    cr_expect_eq(dataset_open(&data, &config, &err), -EINTR);
    cr_expect_str_eq(doing, "converting");
    cr_expect_eq(rmdir(config.cache), 0, "the cache is empty: %s", strerror(errno));

    struct dataset_config synthetic = with_cache("synthetic", "");
    synthetic.samples = synthetic.classes = synthetic.features = 10;
    synthetic.watch = &watch;
    cr_expect_eq(dataset_open(&data, &synthetic, &err), -EINTR);
    cr_expect_str_eq(err.text, "synthetic data: interrupted while making it");
    cr_expect_eq(rmdir(config.cache), 0, "the cache is empty: %s", strerror(errno));
}

Test(dataset_cache, writes_nothing_for_a_draft)
{
    float out[3];
    struct dataset data;
    struct dataset_config config = with_cache("npy", write_doubles());
    config.draft = true;

    support_open(&data, &config);
    cr_expect(data.draft);
    cr_expect_eq(data.samples, 2u);
    cr_expect_eq(data.record_bytes, 12u);
    cr_expect_arr_eq(data.label, "\0\1", 2);
    support_read(&data, 1, out);
    cr_expect_arr_eq(out, ((const float[3]){0, 0, 0}), sizeof(out));
    dataset_close(&data);
    cr_expect_neq(access(config.cache, F_OK), 0, "there is no cache");

    config.draft = false;
    expect_points(&config, NULL);
    config.draft = true;
    expect_points(&config, NULL); /* what is there is used */
}

Test(dataset_cache, refuses_what_the_disk_has_no_room_for)
{
    struct dataset data;
    struct err err = {0};
    struct dataset_config config = with_cache("synthetic", "");
    config.samples = DATASET_SAMPLES_MAX;
    config.features = DATASET_FEATURES_MAX; /* 8 PiB */
    config.classes = 2;

    for (int draft = 0; draft < 2; draft++) {
        config.draft = draft;
        cr_expect_eq(dataset_open(&data, &config, &err), -ENOSPC);
        cr_expect_eq(strncmp(err.text, "synthetic data: needs ", 22), 0, "%s", err.text);
        cr_expect_not_null(strstr(err.text, " are free; use fewer data.samples, or another folder"),
                           "%s", err.text);
    }
    cr_expect_eq(entries(config.cache), 0u, "nothing was begun");
}

Test(dataset_cache, names_the_file_of_the_user)
{
    unsigned char bytes[256], once[256];
    const char *const x = support_path("images-idx3-ubyte.gz");
    support_write_gzip(x, bytes, (unsigned)support_put_images(bytes));
    FILE *const file = fopen(x, "r");
    const size_t length = fread(once, 1, sizeof(once), file);
    fclose(file);
    const struct dataset_config config = with_cache("idx", x);

    support_write_gzip(x, once, (unsigned)length);
    support_expect_refusal(&config, -EINVAL, x,
                           ": expected an IDX file; the file is gzip data inside gzip data: unpack "
                           "it once with gunzip");

    support_write_gzip(support_path("labels-idx1-ubyte.gz"), bytes,
                       (unsigned)support_put_labels(bytes));
    support_write_gzip(x, bytes, (unsigned)support_put_images(bytes) - 2);
    support_expect_refusal(&config, -EINVAL, x,
                           ": offset 16: expected 3 x 4 values of 1 bytes up to 28, the file ends "
                           "at 26, unpacked");
    memset(bytes, 0, sizeof(bytes));
    support_write_gzip(x, bytes, (unsigned)support_put_images(bytes) + 1);
    support_expect_refusal(&config, -EINVAL, x,
                           ": offset 16: expected 3 x 4 values of 1 bytes up to 28, the file ends "
                           "at 29, unpacked");
    cr_expect_eq(entries(config.cache), 0u, "nothing is left in the cache");
}

Test(dataset_cache, refuses_broken_gzip)
{
    unsigned char bytes[256];
    char want[128];
    const char *const x = support_write_mnist(true);
    const struct dataset_config config = with_cache("idx", x);
    FILE *const file = fopen(x, "r");
    const size_t length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);

    support_write(x, bytes, length - 6);
    snprintf(want, sizeof(want), ": broken gzip data at offset %zu: unexpected end of file",
             length - 6);
    support_expect_refusal(&config, -EINVAL, x, want);

    bytes[length - 8] ^= 1; /* the checksum */
    support_write(x, bytes, length);
    snprintf(want, sizeof(want), ": broken gzip data at offset %zu: incorrect data check",
             length - 4);
    support_expect_refusal(&config, -EINVAL, x, want);
    cr_expect_eq(entries(config.cache), 0u, "nothing is left in the cache");
}

Test(dataset_cache, needs_a_cache_folder_for_packed_files)
{
    const char *path = support_write_mnist(true), *file = support_path("file");
    support_write(file, "", 0);

    support_expect_refusal(&(struct dataset_config){.format = "idx", .path = path}, -EINVAL, path,
                           ": a cache folder is needed and none is set");
    char below[1100];
    snprintf(below, sizeof(below), "%s/x", file);
    support_expect_refusal(
        &(struct dataset_config){.format = "idx", .path = path, .cache = below}, -ENOTDIR, below,
        ": cannot create the cache folder: Not a directory (choose another one with "
        "data.cache or XDG_CACHE_HOME)");
}
