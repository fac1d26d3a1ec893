#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Does a policy take no more than CONTRIBUTING.md says? Adds one (a copy of swift under another name) to a copy of the tree by
# that recipe alone, builds it, and runs what the table gives every policy: lists, a profile, random scenarios, faults.
set -eu
cd "$(dirname "$0")/.."
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 130' INT TERM HUP
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z
else
    find . -path './build*' -prune -o -path ./runs -prune -o -type f -print0
fi | tar --null -T - -cf - | tar -xf - -C "$tree"
cd "$tree"

# 1. its file, 2. its row, 3. its lines for meson, 4. its trace, 5. its line in FAULTS.md, 6. its line in a profile
sed -e 's/policy_swift/policy_swallow/' -e 's/"swift"/"swallow"/' -e 's/it takes silence/a copy takes silence/' \
    -e 's/^    uint32_t steps;.*$/&\n    uint32_t rest;/' \
    -e 's/^    POLICY_OPTION_STEPS(.*),$/&\n    {.name = "rest", .type = OPTION_COUNT, POLICY_OPTION_AT(struct swift_options, rest), .max = 9,\n     .fallback = "3", .unit = "steps", .help = "an option of its own", .draw = {0, 9, 0}},/' \
    core/policy/swift.c >core/policy/swallow.c
sed -i 's/^    ROW(swift) \\$/&\n    ROW(swallow) \\/' core/policy/rows.h
sed -i "s/^  'swift.c',$/&\n  'swallow.c',/" core/policy/meson.build
sed 's/policy_swift/policy_swallow/g' tests/trace/policy_swift.c >tests/trace/policy_swallow.c
sed -i "/'trace\/policy'/,/\]\]/s/'swift'\]/'swift', 'swallow']/" tests/meson.build
sed -i 's/^| swift |.*$/&\n| swallow | refused | refused | – | as swift |/' core/policy/FAULTS.md
cat >profile.yaml <<'PROFILE'
name: swallow
clock: virtual
seeds: 2
workers: {count: 8, graph: ring}
model: none
data: none
compute: {base: 1ms}
policies: [swallow, {kind: swallow, label: rarely, steps: 3, rest: 5}]
stop: {iterations: 100}
PROFILE

say() { # what, command…: its output only where it fails
    echo "$1"
    shift
    "$@" >log 2>&1 || {
        tail -n 40 log
        exit 1
    }
}

export CCACHE_BASEDIR="$tree" CCACHE_NOHASHDIR=1 # the same bytes as of the tree itself
say "configure" meson setup build -Dtests=enabled
say "build" ninja -C build harness/dawdle tests/random/dawdle-fuzz tests/test_trace_policy tests/test_unit_harness \
    tests/test_prop_sim
export DAWDLE_TEST_TMP="$tree/build" DAWDLE_SOURCE="$tree"
say "its trace" build/tests/test_trace_policy --filter 'policy_swallow/*'
say "the list" sh -c 'build/harness/dawdle list policies | grep -q "^swallow "'
say "its options" sh -c 'build/harness/dawdle help policies.steps | grep -q "or swallow" &&
    build/harness/dawdle help policies.rest | grep -q "0 to 9 steps"'
say "a profile" build/harness/dawdle sim profile.yaml -q --out runs
say "its echo" grep -q "rest: 5" runs/swallow/latest/resolved.yaml
say "random scenarios" build/tests/random/dawdle-fuzz --policy swallow -q 300
say "errors that list all policies" build/tests/test_unit_harness --filter 'profile_errors/*'
say "faults and drains" build/tests/test_prop_sim --filter 'sim_@(faults|drain)/*'
