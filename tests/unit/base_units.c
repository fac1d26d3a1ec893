/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/base/units.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/base/rng.h"

struct good {
    const char *text;
    uint64_t value;
};
struct bad {
    const char *text;
    int code;
    const char *why_has; /* a piece of the sentence */
};
typedef int (*parse_u64)(const char *text, uint64_t *value, const char **why);
typedef int (*parse_real)(const char *text, double *value, const char **why);

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static void expect_all(parse_u64 parse, const struct good *cases, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *why = "no reason given";
        uint64_t value = 12345;
        cr_expect_eq(parse(cases[i].text, &value, &why), 0, "%s: %s", cases[i].text, why);
        cr_expect_eq(value, cases[i].value, "%s gave %lu", cases[i].text, value);
    }
}

static void expect_refused(const struct bad *wanted, int rc, const char *why)
{
    cr_expect_eq(rc, wanted->code, "'%s' returned %d", wanted->text, rc);
    cr_assert_not_null(why, "'%s' gave no reason", wanted->text);
    cr_expect_not_null(strstr(why, wanted->why_has), "'%s': %s", wanted->text, why);
}

static void refuse_all(parse_u64 parse, const struct bad *cases, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *why = NULL;
        uint64_t value = 12345;
        const int rc = parse(cases[i].text, &value, &why);
        expect_refused(&cases[i], rc, why);
        cr_expect_eq(value, 12345u, "'%s' left the value alone", cases[i].text);
    }
}

static void refuse_all_real(parse_real parse, const struct bad *cases, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *why = NULL;
        double value = 12345.0;
        const int rc = parse(cases[i].text, &value, &why);
        expect_refused(&cases[i], rc, why);
        cr_expect_eq(value, 12345.0, "'%s' left the value alone", cases[i].text);
    }
}

Test(units, reads_times_exactly)
{
    const struct good cases[] = {
        {"0", 0},
        {"0s", 0},
        {"1ns", 1},
        {"50us", 50000},
        {"50\xc2\xb5s", 50000},
        {"50\xce\xbcs", 50000},
        {"1ms", 1000000},
        {"1.5ms", 1500000},
        {"0.000001ms", 1},
        {"2.500000000000000ms", 2500000},
        {"4s", 4000000000},
        {"1m30s", 90000000000},
        {"1h2m3s4ms5us6ns", 3723004005006},
        {"0.1h", 360000000000},
        {"1.5m0.5s", 90500000000},
        {"007ns", 7},
        {"5124095h34m33.709551615s", UINT64_MAX},
        {"18446744073709551615ns", UINT64_MAX},
    };
    expect_all(units_parse_ns, cases, COUNT(cases));
}

Test(units, refuses_times_with_a_reason)
{
    const struct bad cases[] = {
        {"", -EINVAL, "expected a number"},
        {"5", -EINVAL, "needs a unit"},
        {"1m30", -EINVAL, "needs a unit"},
        {"1m0", -EINVAL, "needs a unit"},
        {"ms", -EINVAL, "expected a number"},
        {"-1ms", -EINVAL, "negative"},
        {"1m-3s", -EINVAL, "negative"},
        {"5 ms", -EINVAL, "without spaces"},
        {" 5ms", -EINVAL, "expected a number"},
        {"5msx", -EINVAL, "expected a number"},
        {"5ms ", -EINVAL, "expected a number"},
        {"5days", -EINVAL, "unknown time unit"},
        {"5MS", -EINVAL, "unknown time unit"},
        {"1e3ms", -EINVAL, "unknown time unit"},
        {"1.ms", -EINVAL, "unknown time unit"},
        {".5ms", -EINVAL, "expected a number"},
        {"1.5.5ms", -EINVAL, "unknown time unit"},
        {"30s1m", -EINVAL, "go down"},
        {"1m1m", -EINVAL, "go down"},
        {"0.5ns", -EINVAL, "finer"},
        {"0.0000001ms", -EINVAL, "finer"},
        {"18446744073709551616ns", -ERANGE, "too large"},
        {"5124096h", -ERANGE, "too large"},
        {"5124095h35m", -ERANGE, "too large"},
        {"99999999999999999999999999ns", -ERANGE, "digits"},
    };
    refuse_all(units_parse_ns, cases, COUNT(cases));
}

Test(units, reads_sizes_in_powers_of_two_and_ten)
{
    const struct good cases[] = {
        {"0", 0},
        {"4096", 4096},
        {"500B", 500},
        {"64k", 65536},
        {"64KiB", 65536},
        {"64kB", 64000},
        {"2m", 2097152},
        {"2MiB", 2097152},
        {"2MB", 2000000},
        {"1g", 1073741824},
        {"1GiB", 1073741824},
        {"1GB", 1000000000},
        {"1.5KiB", 1536},
        {"18446744073709551615", UINT64_MAX},
    };
    expect_all(units_parse_bytes, cases, COUNT(cases));
}

Test(units, refuses_sizes_with_a_reason)
{
    const struct bad cases[] = {
        {"", -EINVAL, "expected a number"},
        {"-1", -EINVAL, "negative"},
        {"64K", -EINVAL, "unknown size unit"},
        {"64kb", -EINVAL, "unknown size unit"},
        {"64KiBs", -EINVAL, "unknown size unit"},
        {"64 k", -EINVAL, "unknown size unit"},
        {"1k1k", -EINVAL, "unknown size unit"},
        {"0.5", -EINVAL, "finer"},
        {"0.3k", -EINVAL, "finer"},
        {"17179869184g", -ERANGE, "too large"},
        {"18446744073709551616", -ERANGE, "too large"},
    };
    refuse_all(units_parse_bytes, cases, COUNT(cases));
}

Test(units, reads_shares_with_their_sign)
{
    const struct {
        const char *text;
        double share;
    } cases[] = {{"10%", 0.1},     {"0", 0.0},      {"0%", 0.0},        {"0.0", 0.0},
                 {"100%", 1},      {"1e-1%", 1e-3}, {"2.5%", .025},     {"+.5%", 0.005},
                 {"33.3%", 0.333}, {"5%", 0.05},    {"12.5E0%", 0.125}, {"1%", 0.01}};
    for (uint32_t i = 0; i < COUNT(cases); i++) {
        const char *why = "no reason given";
        double share = -1.0;
        cr_expect_eq(units_parse_share(cases[i].text, &share, &why), 0, "%s: %s", cases[i].text,
                     why);
        cr_expect_eq(share, cases[i].share, "%s gave %g", cases[i].text, share);
    }
}

Test(units, refuses_shares_with_a_reason)
{
    const struct bad cases[] = {
        {"", -EINVAL, "expected a number"},
        {"5", -EINVAL, "needs its % sign"},
        {"1", -EINVAL, "needs its % sign"},
        {"0.5", -EINVAL, "needs its % sign"},
        {"1e-3", -EINVAL, "needs its % sign"},
        {"101%", -ERANGE, "at most 100%"},
        {"1e999%", -ERANGE, "too large"},
        {"-0.1", -EINVAL, "negative"},
        {"-5%", -EINVAL, "negative"},
        {"5%%", -EINVAL, "junk"},
        {"5 %", -EINVAL, "junk"},
        {"%", -EINVAL, "expected a number"},
        {"nan", -EINVAL, "expected a number"},
        {"inf", -EINVAL, "expected a number"},
        {"0x1p-1", -EINVAL, "decimal"},
        {"0.1x", -EINVAL, "junk"},
    };
    refuse_all_real(units_parse_share, cases, COUNT(cases));
}

Test(units, reads_back_every_share_that_it_spells)
{
    struct rng rng = rng_start(1, RNG_TEST, 0);
    char out[40];
    cr_expect_str_eq(units_format_share(0.1, out, sizeof(out)), "10%");
    cr_expect_str_eq(units_format_share(0.333, out, sizeof(out)), "33.3%");
    cr_expect_str_eq(units_format_share(0.0, out, sizeof(out)), "0%");
    cr_expect_str_eq(units_format_share(0.1234567890123, out, sizeof(out)), "12.34567890123%");
    for (uint32_t i = 0; i < 100000; i++) {
        const double share = (double)(rng_next(&rng) >> 11) * 0x1p-53;
        const char *why = "no reason given";
        double back = -1.0;
        cr_assert_eq(units_parse_share(units_format_share(share, out, sizeof(out)), &back, &why), 0,
                     "%s: %s", out, why);
        cr_assert_eq(back, share, "%.17g became %s became %.17g", share, out, back);
    }
}

Test(units, reads_rates_in_bits_or_bytes)
{
    const struct {
        const char *text;
        double bytes_per_s;
    } cases[] = {{"10Gbit", 1.25e9}, {"2.5Mbit/s", 312500},
                 {"8kbit", 1000},    {"1.5bit", 0.1875},
                 {"16bit/s", 2},     {"1GB/s", 1e9},
                 {"1MiB", 1048576},  {"500", 500},
                 {"1B/s", 1},        {"0", 0}};
    for (uint32_t i = 0; i < COUNT(cases); i++) {
        const char *why = "no reason given";
        double rate = -1.0;
        cr_expect_eq(units_parse_rate(cases[i].text, &rate, &why), 0, "%s: %s", cases[i].text, why);
        cr_expect_eq(rate, cases[i].bytes_per_s, "%s gave %g", cases[i].text, rate);
    }
    const struct bad wrong[] = {
        {"", -EINVAL, "number"},      {"10k", -EINVAL, "unit"},    {"1m/s", -EINVAL, "unit"},
        {"1mbit", -EINVAL, "junk"},   {"bit", -EINVAL, "number"},  {"-1bit", -EINVAL, "negative"},
        {"-1B", -EINVAL, "negative"}, {"1bit/h", -EINVAL, "unit"},
    };
    refuse_all_real(units_parse_rate, wrong, COUNT(wrong));
}

Test(units, reads_whole_numbers)
{
    const struct good cases[] = {{"0", 0}, {"42", 42}, {"18446744073709551615", UINT64_MAX}};
    expect_all(units_parse_u64, cases, COUNT(cases));

    const struct bad wrong[] = {
        {"", -EINVAL, "number"},   {"-1", -EINVAL, "negative"},
        {"+1", -EINVAL, "number"}, {"1.5", -EINVAL, "whole"},
        {"1.0", -EINVAL, "whole"}, {"0x10", -EINVAL, "whole"},
        {"1 ", -EINVAL, "whole"},  {"1e3", -EINVAL, "whole"},
        {" 1", -EINVAL, "number"}, {"18446744073709551616", -ERANGE, "too large"},
    };
    refuse_all(units_parse_u64, wrong, COUNT(wrong));
}

Test(units, reads_real_numbers)
{
    const char *why = NULL;
    double value = 0.0;
    cr_expect_eq(units_parse_real("-1.25e-3", &value, &why), 0);
    cr_expect_eq(value, -1.25e-3);

    const struct bad wrong[] = {
        {"", -EINVAL, "number"},     {"1.5x", -EINVAL, "junk"},   {"nan", -EINVAL, "number"},
        {"-inf", -EINVAL, "number"}, {"1e999", -ERANGE, "large"}, {" 1", -EINVAL, "number"},
        {"0x10", -EINVAL, "number"}, {"1e", -EINVAL, "junk"},     {"--1", -EINVAL, "number"},
    };
    refuse_all_real(units_parse_real, wrong, COUNT(wrong));
}

Test(units, spells_times_short_and_exactly)
{
    const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1ns"},
        {1500, "1.5us"},
        {1500000, "1.5ms"},
        {1000001, "1.000001ms"},
        {4000000000, "4s"},
        {59999999999, "59.999999999s"},
        {60000000000, "1m"},
        {90000000000, "1m30s"},
        {3600000000000, "1h"},
        {3600000000001, "1h1ns"},
        {5400000000000, "1h30m"},
        {UINT64_MAX, "5124095h34m33.709551615s"},
    };
    for (uint32_t i = 0; i < COUNT(cases); i++) {
        char out[40];
        cr_expect_str_eq(units_format_ns(cases[i].ns, out, sizeof(out)), cases[i].text);
    }
}

Test(units, reads_back_every_time_that_it_spells)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct rng rng = rng_start(seed, RNG_TEST, 0);
        for (uint32_t i = 0; i < 20; i++) {
            uint64_t ns = rng_next(&rng) >> rng_below(&rng, 64);
            uint64_t round_to = 1; /* people write round numbers */
            for (uint32_t zeros = rng_below(&rng, 12); zeros > 0; zeros--)
                round_to *= 10;
            ns -= ns % round_to;
            char out[40];
            const char *why = "no reason given";
            uint64_t back = ~ns;
            const int rc = units_parse_ns(units_format_ns(ns, out, sizeof(out)), &back, &why);
            cr_expect_eq(rc, 0, "seed %lu: %s: %s", seed, out, why);
            cr_expect_eq(back, ns, "seed %lu: %lu became %s became %lu", seed, ns, out, back);
        }
    }
}

Test(units, cuts_a_spelling_to_the_room_it_has)
{
    char out[4];

    cr_expect_str_eq(units_format_ns(90000000000, out, sizeof(out)), "1m3");
}

Test(units, shows_three_digits_to_people)
{
    const struct {
        double value;
        const char *ns, *bytes;
    } cases[] = {
        {0, "0 ns", "0 B"},
        {999.4, "999 ns", "999 B"},
        {999.6, "1 us", "0.976 KiB"},
        {1234, "1.23 us", "1.21 KiB"},
        {1536, "1.54 us", "1.5 KiB"},
        {4718592, "4.72 ms", "4.5 MiB"},
        {999999, "1 ms", "977 KiB"},
        {1048575, "1.05 ms", "1 MiB"},
        {-1234, "-1.23 us", "-1.21 KiB"},
        {2e12, "2000 s", "1.82 TiB"},
        {(double)NAN, "n/a", "n/a"},
        {HUGE_VAL, "n/a", "n/a"},
    };
    for (uint32_t i = 0; i < COUNT(cases); i++) {
        char out[32];
        cr_expect_str_eq(units_short_ns(cases[i].value, out, sizeof(out)), cases[i].ns);
        cr_expect_str_eq(units_short_bytes(cases[i].value, out, sizeof(out)), cases[i].bytes);
    }
}
