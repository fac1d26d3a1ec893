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
    assert frames["sent"] > 100 and frames["received"] > 100, frames
    assert frames["unexplained"] == 0 and frames["refused"] == 0, frames
    assert run["tensors_unexplained"] == 0 and run["control_unexplained"] == 0, run["tensors_unexplained"]
    work = [worker["iterations"] for worker in run["per_worker"]]
    assert all(work), ("a worker did nothing", run["policy"], work, run["duration_s"])
PY
    try "$program" replay "$1" --parameters
    expect_code 0 "$4: its replay"
}

# A profile with faults of workers of several processes: $1 is where to write it.
write_faults() {
    cat >"$1" <<'YAML'
name: small
seeds: 1
workers: {count: 6, graph: complete}
data: {format: synthetic, samples: 1000, features: 16, classes: 4}
model: {kind: softmax}
compute: {base: 500us}
policies: [dsgd, aau, adpsgd]
faults:
  - {kind: crash, workers: [3], at: 200ms, notice: 20ms}
  - {kind: pause, workers: [5], at: 100ms, for: 50ms}
  - {kind: slots, workers: [4], at: 300ms, for: 50ms, keep: 1}
  - {kind: disk, workers: [1], at: 200ms, for: 200ms, error: eio}
stop: {time: 800ms}
judge: {points: 2}
YAML
}

# All of them happened when they should, whoever had the worker, and everything is accounted for.
expect_faults() { # result folder, what
    python3 - "$1/result.json" <<'PY' || fail "$2: faults" "$work/err"
import json, sys
for run in json.load(open(sys.argv[1]))["runs"]:
    at = {(fault["kind"], fault["worker"]): fault for fault in run["faults"]}
    assert set(at) == {("crash", 3), ("pause", 5), ("slots", 4), ("disk", 1)}, run["faults"]
    assert 0.2 <= at["crash", 3]["at_s"] < at["crash", 3]["noticed_s"], at
    assert 0.1 <= at["pause", 5]["at_s"] < at["pause", 5]["back_s"], at
    assert run["tensors_unexplained"] == run["control_unexplained"] == run["frames"]["unexplained"] == 0, run["policy"]
    assert run["frames"]["lost"] == 0 and run["drained"] and run["loans"] == 0, run["policy"]
PY
    try "$program" replay "$1" --parameters
    expect_code 0 "$2: its replay"
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
