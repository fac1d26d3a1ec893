# SPDX-License-Identifier: BSD-3-Clause
# What the tests of strange hosts share; sourced. The caller has the program in $1 and a folder of helpers in $2.
program=$(readlink -f "$1")
# shellcheck disable=SC2034
tools=${2-}
here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME="$work/cache" DAWDLE_EAL=nohuge
unset DAWDLE_LOADER
profile=$here/small.yaml
failures=0

fail() { # sentence
    echo "FAIL: $1"
    [ -z "${2-}" ] || sed 's/^/    /' "$2"
    failures=$((failures + 1))
}

# Run a command line; its exit code goes to $code, what it prints to $work/out and $work/err.
try() {
    code=0
    timeout 120 "$@" >"$work/out" 2>"$work/err" || code=$?
}

expect_code() { # wanted, what
    [ "$code" = "$1" ] || fail "$2: exit code $code, expected $1" "$work/err"
}

expect_says() { # file, text, what
    grep -qF -- "$2" "$work/$1" || fail "$3: '$2' is not said" "$work/$1"
}

expect_silent() { # file, text, what
    ! grep -qF -- "$2" "$work/$1" || fail "$3: '$2' is said" "$work/$1"
}

# Of a run on several ranks: all of it is accounted for, and every worker replays.
expect_whole() { # result folder, ranks, link, what
    python3 - "$1/result.json" "$2" "$3" <<'PY' || fail "$4: its account is not whole" "$work/err"
import json, sys
result = json.load(open(sys.argv[1]))
assert result["complete"], "incomplete"
for run in result["runs"]:
    frames = run["frames"]
    assert frames["processes"] == int(sys.argv[2]) and frames["link"] == sys.argv[3], frames
    assert 0 < frames["received"] <= frames["sent"], frames
    assert frames["unexplained"] == 0 and frames["refused"] == 0, frames
    assert run["tensors_unexplained"] == 0 and run["control_unexplained"] == 0, run["tensors_unexplained"]
    assert all(worker["iterations"] > 0 for worker in run["per_worker"]), "a worker did nothing"
PY
    try "$program" replay "$1" --parameters
    expect_code 0 "$4: its replay"
}

latest() { # folder of results
    readlink -f "$1"/small/latest
}

skip() { # reason
    echo "$1"
    exit 77
}

end() {
    [ "$failures" -eq 0 ]
    exit
}
