#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Plug-ins that end badly, in C and in Python: the message names them, no run looks as if all were well.
# Arguments: the program, the broken plug-in, the folder of dawdle_python.so.
set -u
program=$1 broken=$(realpath "$2") python=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME="$work/cache" DAWDLE_EAL=nohuge
failures=0
ulimit -c 0

fail() { # sentence
    echo "FAIL: $1"
    sed 's/^/    /' "$work/out" "$work/err"
    failures=$((failures + 1))
}

profile() { # path, arguments
    cat >"$work/p.yaml" <<YAML
name: p
seeds: 1
workers: {count: 3, graph: ring}
data: {format: synthetic, samples: 1000, features: 16, classes: 4}
model: {kind: plugin, path: $1, arguments: $2}
train: {lr: 0.1}
compute: {base: 200us}
policies: [dsgd, aau]
stop: {time: 60s}
judge: {points: 2}
YAML
}

try() { # clock, options…
    clock=$1
    shift
    code=0
    timeout 100 "$program" "$clock" "$work/p.yaml" --out "$work/runs" "$@" >"$work/out" 2>"$work/err" || code=$?
}

expect() { # wanted code, words, what
    [ "$code" = "$1" ] || fail "$3: exit code $code, expected $1"
    [ "$(grep -cF "$2" "$work/err")" = 1 ] || fail "$3: '$2' is not said once"
}

for clock in run sim; do
    for way in "crash:139:crashed (segmentation fault) in dawdle_gradient" "divide:136:crashed (arithmetic error) in dawdle_gradient" \
        "recurse:139:crashed (segmentation fault) in dawdle_gradient" "abort:134:aborted the program in dawdle_gradient" \
        "exit:1:ended the program in dawdle_gradient"; do
        profile "$broken" "${way%%:*}"
        rest=${way#*:}
        try $clock
        expect "${rest%%:*}" "dawdle: error: the plug-in $broken ${rest#*:}" "$clock, ${way%%:*}"
    done
    # Long before the minute is over.
    profile "$broken" give-up
    try $clock
    expect 1 "dawdle: error: the plug-in $broken failed: it gave up" "$clock, give-up"
    profile "$broken" count
    try $clock --set 'stop={iterations: 200}'
    expect 1 "samples were classified correctly" "$clock, more correct than there are"
    if [ $clock = run ]; then # the same failure while what was recorded is computed again
        profile "$broken" late
        try run --set 'stop={iterations: 100}'
        [ "$code" = 0 ] || fail "run, late: exit code $code"
        sed -i 's/arguments: late/arguments: give-up/' "$work"/runs/p/latest/resolved.yaml
        code=0
        "$program" replay "$work/runs/p/latest" --parameters >"$work/out" 2>"$work/err" || code=$?
        expect 1 "failed: it gave up" "replay, give-up"
    fi
    profile "$broken" nan
    try $clock --set 'stop={iterations: 200}'
    [ "$code" = 0 ] || fail "$clock, nan: exit code $code"
    grep -q diverged "$work/out" || fail "$clock, nan: nothing is said of divergence"
done

if ldconfig -p | grep -q libpython3.11.so.1.0 && /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
    cp "$python/softmax.py" "$work/raises.py"
    cat >>"$work/raises.py" <<'PY'

calls = 0
good = gradient
def gradient(*arguments):
    global calls
    calls += 1
    if calls > 50:
        raise ValueError("this is the reason")
    return good(*arguments)
PY
    sed 's/raise ValueError.*/return None/' "$work/raises.py" >"$work/none.py"
    sed 's/raise ValueError.*/raise SystemExit("this is the reason")/' "$work/raises.py" >"$work/exits.py"
    for clock in run sim; do
        for script in raises exits none; do
            profile "$python/dawdle_python.so" "$work/$script.py"
            try $clock --set train.batch=8
            expect 1 "failed: a function of the script raised an exception (see above)" "$clock, $script.py"
            [ $script = none ] || grep -q '^[A-Za-z]*: this is the reason' "$work/err" || fail "$clock, $script.py: why?"
            [ $script = none ] || [ "$(grep -c '^Traceback' "$work/err")" = 1 ] || fail "$clock, $script.py: not one traceback"
        done
    done
else
    echo "no libpython3.11 or numpy: scripts are not tried"
fi
[ "$failures" -eq 0 ]
