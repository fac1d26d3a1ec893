#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The tests. Ends in a table of where the time went, and one line `N passed, N failed, N skipped`.
#   run.sh             the release build with every suite that needs no more than a compiler, Criterion and Python
#   run.sh --all       what CI runs: that, the readers of histograms by others (Java, JavaScript), sanitizer builds, a short
#                      fuzzing of the parsers, a clang build, the same virtual run through all of them, a policy added by
#                      its recipe, and a build of each new commit
#   … --strict         a skip that tests/skips.txt does not list counts as failed
set -u
root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root" || exit 1
passed=0 failed=0 skipped=0
before=$(date +%s) table=
all=no strict=
# With debugging information ccache takes the folder for a part of what is compiled: a fresh clone would find nothing.
export CCACHE_NOHASHDIR=1
for option in "$@"; do
    case $option in
    --all) all=yes ;;
    --strict) strict=--strict ;;
    *)
        echo "dawdle test: unknown option '$option'; expected --all or --strict" >&2
        exit 2
        ;;
    esac
done

spent() { # title: a line of the table, for what was done since the one before
    now=$(date +%s)
    table="$table$(printf '%6d s  %s' $((now - before)) "$1")
"
    before=$now
}

configure() { # folder, options…
    folder=$1
    shift
    again=
    [ -f "$folder/build.ninja" ] && again=--reconfigure # it may have been set up without the test packages
    # shellcheck disable=SC2086
    meson setup $again "$folder" "$@" >"$folder.log" 2>&1 || {
        cat "$folder.log"
        failed=$((failed + 1))
        return 1
    }
}

step() { # title, folder, test arguments…: builds what those tests need, and counts them
    title=$1 folder=$2
    shift 2
    printf '\n== %s\n' "$title"
    rm -f "$folder/meson-logs/testlog.json" # where the build fails there is none to count
    meson test -C "$folder" --print-errorlogs "$@"
    # shellcheck disable=SC2086
    python3 tests/count.py "$folder" tests/skips.txt $strict >"$folder/counts" || echo "0 1 0 0" >"$folder/counts"
    read -r new_passed new_failed new_skipped seconds <"$folder/counts"
    passed=$((passed + new_passed)) failed=$((failed + new_failed)) skipped=$((skipped + new_skipped))
    spent "$title; $seconds s of it the tests"
    table="$table$(sed -n '2,$s/^/          /p' "$folder/counts")
"
}

check() { # title, command…: counts as one test
    title=$1
    printf '\n== %s\n' "$title"
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    spent "$title"
}

everything_else() {
    configure build-asan --buildtype=debugoptimized -Doptimization=1 -Dtests=enabled -Db_sanitize=address,undefined -Db_lundef=false &&
        step "address and undefined-behaviour sanitizers, a tenth of the seeds (tests/prop/seeds.h)" build-asan --suite pure &&
        check "the program under the sanitizers" ninja --quiet -C build-asan harness/dawdle
    configure build-tsan --buildtype=debugoptimized -Doptimization=1 -Dtests=enabled -Db_sanitize=thread -Db_lundef=false &&
        step "thread sanitizer" build-tsan --suite race
    CC=clang configure build-fuzz --buildtype=debugoptimized -Doptimization=1 -Dtests=disabled -Dfuzz=true \
        -Db_sanitize=address,undefined -Db_lundef=false && step "fuzzing of the parsers" build-fuzz --suite fuzz
    CC=clang configure build-clang --buildtype=release -Dtests=disabled -Dwerror=true &&
        check "clang, no warnings" ninja --quiet -C build-clang
    configure build-plain --buildtype=plain -Doptimization=0 -Dtests=disabled &&
        check "gcc without optimisation" ninja --quiet -C build-plain harness/dawdle
    check "the same bytes from gcc and clang, optimised or not, with 1 and 2 threads" tests/determinism.sh \
        build/harness/dawdle build-clang/harness/dawdle build-plain/harness/dawdle build-asan/harness/dawdle
    check "a policy is added by its recipe" tests/add_policy.sh
    check "each new commit builds" tests/each_commit.sh
}

configure build --buildtype=release -Dtests=enabled && check "everything, release build" ninja --quiet -C build
if [ $all = yes ]; then
    step "all suites" build
    everything_else
else
    step "all suites but the readers of histograms" build --no-suite readers
fi

printf '\n== where the time went\n%s' "$table" | grep .
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
