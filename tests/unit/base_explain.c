/* SPDX-License-Identifier: BSD-3-Clause */
/* What people write, and the sentence that tells them what to write instead. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/base/units.h"

struct slip {
    enum units_kind kind;
    const char *text, *sentence; /* NULL: the parser's own sentence is as good */
};

static int parse(enum units_kind kind, const char *text)
{
    uint64_t whole;
    double real;
    const char *why;
    switch (kind) {
    case UNITS_TIME:
        return units_parse_ns(text, &whole, &why);
    case UNITS_SIZE:
        return units_parse_bytes(text, &whole, &why);
    case UNITS_RATE:
        return units_parse_rate(text, &real, &why);
    case UNITS_SHARE:
        return units_parse_share(text, &real, &why);
    case UNITS_WHOLE:
        return units_parse_u64(text, &whole, &why);
    case UNITS_REAL:
        return units_parse_real(text, &real, &why);
    }
    return 0;
}

static void expect(const struct slip *slip, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char out[160] = "";
        cr_expect_neq(parse(slip[i].kind, slip[i].text), 0, "'%s' is refused", slip[i].text);
        const int found = units_explain(slip[i].kind, slip[i].text, out, sizeof(out));
        cr_expect_eq(found, slip[i].sentence != NULL, "'%s': %s", slip[i].text, out);
        cr_expect_str_eq(out, slip[i].sentence ? slip[i].sentence : "", "'%s'", slip[i].text);
    }
}

#define EXPECT(array) expect(array, (uint32_t)(sizeof(array) / sizeof((array)[0])))

Test(explain, names_the_unit_of_time_that_was_meant)
{
    const struct slip slips[] = {
        {UNITS_TIME, "1min", "unknown unit 'min'; use m"},
        {UNITS_TIME, "30sec", "unknown unit 'sec'; use s"},
        {UNITS_TIME, "2 seconds", "unknown unit 'seconds'; use s"},
        {UNITS_TIME, "5MS", "unknown unit 'MS'; use ms"},
        {UNITS_TIME, "10usec", "unknown unit 'usec'; use us"},
        {UNITS_TIME, "1m30sec", "unknown unit 'sec'; use s"},
        {UNITS_TIME, "2hours", "unknown unit 'hours'; use h"},
        {UNITS_TIME, "1d", "unknown unit 'd'; use h (24h are a day)"},
        {UNITS_TIME, "5msx", "unknown unit 'msx'; use ns, us, ms, s, m or h"},
        {UNITS_TIME, "1 ms", "no space before a unit: write 1ms"},
        {UNITS_TIME, "5", NULL},
        {UNITS_TIME, "1m30", NULL},
        {UNITS_TIME, "30s1m", NULL},
        {UNITS_TIME, "-1ms", NULL},
    };
    EXPECT(slips);
}

Test(explain, names_the_unit_of_a_size_or_rate_that_was_meant)
{
    const struct slip slips[] = {
        {UNITS_SIZE, "64K", "unknown unit 'K'; use kB (1000) or KiB (1024)"},
        {UNITS_SIZE, "1Mb", "unknown unit 'Mb'; use MB (1000^2) or MiB (1024^2)"},
        {UNITS_SIZE, "64kib", "unknown unit 'kib'; use KiB"},
        {UNITS_SIZE, "500bytes", "unknown unit 'bytes'; use B"},
        {UNITS_SIZE, "8Mbit", "unknown unit 'Mbit'; use MB (a size counts bytes)"},
        {UNITS_SIZE, "64 KiB", "no space before a unit: write 64KiB"},
        {UNITS_RATE, "1mbit", "unknown unit 'mbit'; use Mbit"},
        {UNITS_RATE, "1Mb", "unknown unit 'Mb'; use Mbit or MB"},
        {UNITS_RATE, "1Mb/s", "unknown unit 'Mb'; use Mbit or MB"},
        {UNITS_RATE, "10Gbps", "unknown unit 'Gbps'; use Gbit"},
        {UNITS_RATE, "10k", "unknown unit 'k'; use kbit or kB"},
        {UNITS_RATE, "10m", "unknown unit 'm'; use Mbit or MB"},
        {UNITS_RATE, "1,5Gbit", "the decimal sign is a point: write 1.5Gbit"},
        {UNITS_RATE, "-1bit", NULL},
    };
    EXPECT(slips);
}

Test(explain, shows_both_readings_of_a_share_without_its_sign)
{
    const struct slip slips[] = {
        {UNITS_SHARE, "1", "1% or 100%? a share needs its % sign"},
        {UNITS_SHARE, "0.5", "0.5% or 50%? a share needs its % sign"},
        {UNITS_SHARE, "1e-3", "0.001% or 0.1%? a share needs its % sign"},
        {UNITS_SHARE, "5", "a share needs its % sign: write 5%"},
        {UNITS_SHARE, "5 %", "no space before a unit: write 5%"},
        {UNITS_SHARE, "5pct", "unknown unit 'pct'; use %"},
        {UNITS_SHARE, "2,5%", "the decimal sign is a point: write 2.5%"},
        {UNITS_SHARE, "101%", NULL},
    };
    EXPECT(slips);
}

Test(explain, writes_numbers_the_way_they_are_read)
{
    const struct slip slips[] = {
        {UNITS_REAL, "0,1", "the decimal sign is a point: write 0.1"},
        {UNITS_REAL, "-0,25", "the decimal sign is a point: write 0.25"},
        {UNITS_REAL, "1,000", "a comma may mean two things: write 1000 or 1.000"},
        {UNITS_REAL, "1.000,5", "the decimal sign is a point: write 1000.5"},
        {UNITS_REAL, "10%", "takes no %: write 0.1"},
        {UNITS_REAL, "3x", "takes no unit, but 'x' follows the number"},
        {UNITS_WHOLE, "20,000", "digits stand without separators: write 20000"},
        {UNITS_WHOLE, "1,000,000", "digits stand without separators: write 1000000"},
        {UNITS_WHOLE, "20_000", "digits stand without separators: write 20000"},
        {UNITS_WHOLE, "20'000", "digits stand without separators: write 20000"},
        {UNITS_WHOLE, "20 000", "digits stand without separators: write 20000"},
        {UNITS_WHOLE, "1.000.000", "digits stand without separators: write 1000000"},
        {UNITS_WHOLE, "10k", "takes no unit: write 10000"},
        {UNITS_WHOLE, "2M", "takes no unit: write 2000000"},
        {UNITS_WHOLE, "1e3", "takes no exponent: write 1000"},
        {UNITS_WHOLE, "8ms", "takes no unit, but 'ms' follows the number"},
        {UNITS_TIME, "1e3ms", "takes no exponent: write 1000ms"},
        {UNITS_TIME, "1,5ms", "the decimal sign is a point: write 1.5ms"},
        {UNITS_TIME, "0,125ms", "the decimal sign is a point: write 0.125ms"},
        {UNITS_TIME, "1,500ms", "a comma may mean two things: write 1500ms or 1.500ms"},
        {UNITS_TIME, ".5ms", "write 0.5ms"},
        {UNITS_TIME, "1.ms", "write 1ms"},
        {UNITS_WHOLE, "1.5", NULL},
        {UNITS_WHOLE, "eight", NULL},
        {UNITS_REAL, "", NULL},
    };
    EXPECT(slips);
}
