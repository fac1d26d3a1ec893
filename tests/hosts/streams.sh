#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Missing standard streams: no message ends up in a file of results, and a lost output is an error.
set -u
. "$(dirname "$0")/lib.sh"

# Every line of the CSV has the columns of its head, and the log nothing but comments, its head and intervals.
expect_clean() { # folder, what
    [ -f "$1/iterations.csv" ] || fail "$2: no results"
    awk -F, 'NR == 1 { n = NF } NF != n { bad = 1; print } END { exit bad || NR < 100 }' "$1/iterations.csv" >"$work/bad" ||
        fail "$2: iterations.csv has other lines than its own" "$work/bad"
    ! grep -avE '^(#|"StartTimestamp"|Tag=)' "$1/latency.hlog" >"$work/bad" || fail "$2: latency.hlog has other lines" "$work/bad"
    [ ! -f "$1/stolen.csv" ] || awk -F, 'NF != 5 { exit 1 }' "$1/stolen.csv" || fail "$2: stolen.csv has other lines"
}

for clock in run sim; do
    "$program" $clock "$profile" --out "$work/e$clock" >/dev/null 2>&-
    code=$?
    expect_code 0 "$clock without stderr"
    expect_clean "$work/e$clock/small/latest" "$clock without stderr"

    "$program" $clock "$profile" --out "$work/o$clock" 2>"$work/err" >&-
    code=$?
    expect_code 0 "$clock without stdout"
    expect_says err "cannot write to standard output: Bad file descriptor (the results are on disk)" "$clock without stdout"
    expect_clean "$work/o$clock/small/latest" "$clock without stdout"

    "$program" $clock "$profile" --out "$work/n$clock" <&- >&- 2>&-
    expect_clean "$work/n$clock/small/latest" "$clock without any"
done

for command in 'list' 'help' 'doctor' '--help' '--version' "sim $profile --dry-run" "topo $profile"; do
    "$program" $command 2>"$work/err" >&-
    code=$?
    expect_code 3 "$command without stdout"
    expect_says err "error: cannot write to standard output: Bad file descriptor" "$command without stdout"
    "$program" $command 2>"$work/err" >/dev/full
    code=$?
    expect_code 3 "$command to a full device"
    expect_says err "error: cannot write to standard output: No space left on device" "$command to a full device"
done

"$program" tune "$profile" -q --set clock=virtual --out "$work/t.yaml" >/dev/null 2>&-
grep -q '^dawdle:' "$work/t.yaml" && fail "tune without stderr: messages in its file" "$work/t.yaml"
end
