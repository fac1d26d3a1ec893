#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Signals end a matrix in good order: what was measured is written and tagged, the table says that it is not whole, and
# checks that cannot be decided are open, not failed.
set -u
. "$(dirname "$0")/lib.sh"

# Start in the background (a script's children ignore SIGINT, Python gives it back), wait for the first run, send.
send() { # signal, arguments…
    signal=$1
    shift
    python3 - "$signal" "$@" <<'PY' >"$work/out" 2>"$work/err"
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
child = subprocess.Popen(sys.argv[2:], stderr=subprocess.PIPE, text=True)
for line in child.stderr:
    sys.stderr.write(line)
    if "[1/" in line:
        child.send_signal(getattr(signal, sys.argv[1]))
        break
sys.stderr.write(child.stderr.read())
sys.exit(child.wait())
PY
    code=$?
}

many="--set seeds=60 --set stop.iterations=600 --set checks=[incomplete==0,gradients_per_s(dsgd)>0,gradients_per_s(aau)>0]"
for clock in run sim; do
    for signal in SIGINT SIGTERM SIGHUP; do
        # shellcheck disable=SC2086
        send $signal "$program" $clock "$profile" $many --out "$work/$clock$signal"
        what="$clock, $signal"
        expect_code 5 "$what"
        expect_says out "INTERRUPTED after" "$what"
        expect_says out "of 120 runs" "$what"
        expect_says out "OPEN" "$what"
        expect_silent out "FAIL" "$what"
        expect_says err "of 120 runs; what was measured is kept" "$what"
        python3 - "$work/$clock$signal/small/latest/result.json" <<'PY' || fail "$what: result.json" "$work/out"
import json, sys
result = json.load(open(sys.argv[1]))
assert result["complete"] is False and result["interrupted"] is True
assert 1 <= len(result["runs"]) < 120
assert [c["pass"] for c in result["checks"]] == [None, None, None], result["checks"]
PY
    done
done

# Of several ranks all end with it, whoever gets the signal: a person sends it to one of them, a launcher to all, and
# Slurm twice to every process of them where a job's time is up.
for whom in 0,1,2 0 2 all-twice; do
    what="SIGTERM to ranks $whom"
    # shellcheck disable=SC2086
    set -- "$whom" "$program" run "$profile" $many --set workers.count=6 --out "$work/ranks-$whom"
    python3 - "$@" <<'PY' >"$work/out" 2>"$work/err"
import os, signal, subprocess, sys, time
port = 20000 + os.getpid() % 20000
ranks = [subprocess.Popen(sys.argv[2:], stderr=subprocess.PIPE, text=True, start_new_session=True,
                          env=dict(os.environ, DAWDLE_RANK=str(rank), DAWDLE_RANKS="3", DAWDLE_HUB=f"127.0.0.1:{port}"))
         for rank in range(3)]
for line in ranks[0].stderr:
    sys.stderr.write(line)
    if "[1/" in line:
        for number in sys.argv[1].split(",") if sys.argv[1] != "all-twice" else []:
            ranks[int(number)].send_signal(signal.SIGTERM)
        for rank in ranks * 2 if sys.argv[1] == "all-twice" else []:
            os.killpg(rank.pid, signal.SIGTERM)
            time.sleep(0.05)
        break
for rank in ranks:
    sys.stderr.write(rank.communicate()[1])
codes = [rank.returncode for rank in ranks]
print("codes", codes)
sys.exit(5 if codes == [5, 5, 5] else f"exit codes {codes}")
PY
    code=$?
    expect_code 5 "$what"
    expect_says out "INTERRUPTED after" "$what"
    expect_says err "of 120 runs; what was measured is kept" "$what"
    python3 - "$work/ranks-$whom/small/latest/result.json" <<'PY' || fail "$what: result.json" "$work/out"
import json, sys
result = json.load(open(sys.argv[1]))
assert result["complete"] is False and result["interrupted"] is True
assert 1 <= len(result["runs"]) < 120
for run in result["runs"]:
    frames = run["frames"]
    assert run["drained"] and frames["lost"] == frames["unexplained"] == run["tensors_unexplained"] == 0, run
PY
    [ "$(find "$work/ranks-$whom/small" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ] ||
        fail "$what: not one result" "$work/err"
done

what="nohup"
python3 - "$program" run "$profile" --out "$work/nohup" <<'PY' >"$work/out" 2>"$work/err"
import signal, subprocess, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
child = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True)
for line in child.stderr:
    sys.stderr.write(line)
    if "[1/" in line:
        child.send_signal(signal.SIGHUP)
        break
sys.stderr.write(child.stderr.read())
sys.exit(child.wait())
PY
code=$?
expect_code 0 "$what"
expect_silent out "INTERRUPTED" "$what"

# A reader that has seen enough of the tables costs no results.
"$program" sim "$profile" -q --out "$work/head" 2>"$work/err" | head -1 >/dev/null
grep -q '"complete": true' "$work/head/small/latest/result.json" || fail "| head: no results" "$work/err"
end
