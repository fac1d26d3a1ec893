#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# One run on several ranks of this host, started by hand. It ends with one result, its account is whole, each worker's decisions
# replay; whoever cannot start says why on all ranks; those that are left when one is killed go on.
set -u
. "$(dirname "$0")/lib.sh"

# Each rank by hand: all with the same arguments, which may hold $rank. Exit codes go to $codes, output to $work/N.out, N.err.
port=$((20000 + $$ % 20000))
ranks() { # count, arguments…
    count=$1 pids='' codes=''
    shift
    port=$((port + 1))
    for rank in $(seq 0 $((count - 1))); do
        on_rank "$rank" env DAWDLE_RANK="$rank" DAWDLE_RANKS="$count" DAWDLE_HUB="${hub:-127.0.0.1}:$port" DAWDLE_JOB="$$" \
            timeout 120 "$program" "$@" >"$work/$rank.out" 2>"$work/$rank.err" &
        pids="$pids $!"
    done
    for pid in $pids; do
        code=0
        wait "$pid" || code=$?
        codes="$codes$code "
    done
}
on_rank() { # rank, command…
    shift
    "$@"
}

for case in "2 memif" "3 udp"; do
    count=${case% *} link=${case#* }
    ranks "$count" run "$profile" -q --out "$work/hand-$link" --set policies="[dsgd,aau,adpsgd]" --set workers.count=6 \
        --set link.kind="$link"
    [ "$codes" = "$(printf '0 %.0s' $(seq "$count"))" ] || fail "$count ranks over $link end with $codes" "$work/0.err"
    expect_whole "$(latest "$work/hand-$link")" "$count" "$link" "$count ranks over $link"
done

write_faults "$work/faults.yaml"
ranks 3 run "$work/faults.yaml" -q --out "$work/faults"
[ "$codes" = "0 0 0 " ] || fail "faults on 3 ranks end with $codes" "$work/0.err"
expect_faults "$(latest "$work/faults")" "faults on 3 ranks"

# ----------------------------------------------------------- refusals
refused() { # wanted code, sentence, what
    for file in "$work"/[01].err; do
        grep -qF -- "$2" "$file" || fail "$3: '$2' is not said by all" "$file"
    done
    [ "$codes" = "$1 $1 " ] || fail "$3: exit codes $codes" "$work/0.err"
}
ranks 2 run "$profile" -q --out "$work/none" --set workers.count=4 --set link.kind=udp --set link.address=203.0.113.9
refused 3 "cannot listen on 203.0.113.9" "an address of nobody"
mkdir -p "$work/by-rank/0" "$work/by-rank/1"
cp "$profile" "$work/by-rank/0/p.yaml"
sed 's/^seeds: .*/seeds: [7]/' "$profile" >"$work/by-rank/1/p.yaml"
on_rank() {
    cd "$work/by-rank/$1" || exit 9
    shift
    "$@"
}
ranks 2 run p.yaml -q --out "$work/none"
refused 3 "rank 1 ($(hostname)) has another profile" "another profile on one of them"
on_rank() {
    shift
    "$@"
}
ranks 2 run "$profile" -q --out "$work/none" --set workers.count=1
refused 2 "2 processes of 1 workers" "more ranks than workers"
for processes in 1 3; do
    ranks 2 run "$profile" -q --out "$work/none" --set workers.count=4 --set processes=$processes
    refused 2 "processes: $processes cannot be dealt evenly to 2 ranks" "$processes processes of 2 ranks"
done
for bad in "DAWDLE_RANKS=99 DAWDLE_RANK=0|DAWDLE_RANKS must be" "DAWDLE_RANKS=2 DAWDLE_RANK=2|DAWDLE_RANK must be" \
    "DAWDLE_RANKS=2 DAWDLE_RANK=0|DAWDLE_HUB must say" \
    "DAWDLE_RANKS=2 DAWDLE_RANK=0 DAWDLE_HUB=here|expected ADDRESS:PORT"; do
    # shellcheck disable=SC2086
    try env ${bad%|*} "$program" run "$profile" -q --out "$work/none"
    expect_code 3 "$bad"
    expect_says err "${bad#*|}" "$bad"
done
[ ! -e "$work/none/small" ] || fail "what is refused before the start leaves results"

# -------------------------------------------------------------- deaths
# A worker process or a whole rank is killed while it trains. The others go on without it, unless it was rank 0's: then all end
# with one sentence that names it.
killed() { # worker|rank, number, link
    what="kill -9 of the $1 of rank $2 over $3"
    rm -rf "$work/killed"
    python3 - "$program" "$profile" "$work" "$@" <<'PY' >"$work/out" 2>"$work/err" || fail "$what" "$work/err"
import json, os, signal, subprocess, sys, time
program, profile, work, whom, victim, link = sys.argv[1:]
victim = int(victim)
port = 20000 + os.getpid() % 20000
def child(rank):
    with open(f"/proc/{rank.pid}/task/{rank.pid}/children") as file:
        return [int(pid) for pid in file.read().split()]
def run(delay):
    """What each rank said, when one was killed so long after its child was there."""
    ranks = []
    for rank in range(3):
        environment = dict(os.environ, DAWDLE_RANK=str(rank), DAWDLE_RANKS="3", DAWDLE_HUB=f"127.0.0.1:{port}")
        ranks.append(subprocess.Popen(
            [program, "run", profile, "-q", "--out", f"{work}/killed/{rank}", "--set", "workers={count: 6, graph: complete}",
             "--set", "policies=[aau]", "--set", f"seeds={1 if whom == 'worker' else 2}",
             "--set", f"stop={{time: {2 * delay}s}}", "--set", f"link.kind={link}"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
    end = time.monotonic() + 30
    while not child(ranks[victim]) and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(delay + (os.getpid() % 10) * 0.05)
    workers = [pid for rank in ranks for pid in child(rank)]
    os.kill(child(ranks[victim])[0] if whom == "worker" else ranks[victim].pid, signal.SIGKILL)
    said = [rank.communicate(timeout=60)[1] for rank in ranks]
    time.sleep(0.2)
    left = [pid for pid in workers
            if os.path.exists(f"/proc/{pid}") and "State:\tZ" not in open(f"/proc/{pid}/status").read()]
    assert not left, ("worker processes that are left", left)
    left = [os.path.join(at, name) for at, _, names in os.walk(f"{work}/killed") for name in names
            if name.startswith("dawdle-")]
    assert not left, left
    return [rank.returncode for rank in ranks], said
for delay in 1.5, 4, 10:
    codes, said = run(delay)
    if not any("had not begun" in words for words in said):
        break # else this host is slow: nobody trained yet
for number, words in enumerate(said):
    if whom == "rank" and number == victim:
        continue
    if victim > 0:
        assert codes[number] == (0 if whom == "worker" and number > 0 else 5), (number, codes, words)
        assert f"process {victim} " in words and "its workers count as crashed" in words, (number, words)
    elif whom == "worker":
        assert codes[number] == 3 and "process 0 was killed by signal 9" in words, (number, codes, words)
    else:
        assert codes[number] == 5, (number, codes, words)
        assert "rank 0 at" in words and f"what this rank has measured is in {work}/killed/{number}/" in words, words
if victim > 0:
    result = json.load(open(f"{work}/killed/0/small/latest/result.json"))
    run, gone = result["runs"][0], {2 * victim, 2 * victim + 1}
    assert whom == "worker" or not result["complete"]
    assert run["frames"]["lost"] == 1 and run["drained"], run["frames"]
    assert run["frames"]["unexplained"] == run["tensors_unexplained"] == run["control_unexplained"] == run["loans"] == 0
    assert {fault["worker"] for fault in run["faults"] if fault["kind"] == "crash"} == gone, run["faults"]
    assert all(worker["iterations"] > 0 for worker in run["per_worker"] if worker["worker"] not in gone)
PY
    if [ "$2" = 0 ]; then
        [ "$1" = worker ] || gathered
        return
    fi
    try "$program" replay "$work/killed/0/small/latest" --parameters
    [ "$1" = rank ] || {
        expect_code 0 "$what: its replay"
        return
    }
    expect_code 5 "$what: its replay"
    expect_says out "nothing was recorded of worker $((2 * $2))" "$what: its replay"
}

# What the ranks have left becomes one result; whoever gives something else than that is told so.
gathered() {
    try "$program" gather -q --out "$work/gathered" "$work/killed/1/small" "$work/killed/2/small/"part-*
    expect_code 5 "gather"
    python3 - "$work/gathered/small/latest/result.json" <<'PY' || fail "gather" "$work/err"
import json, sys
result = json.load(open(sys.argv[1]))
run = result["runs"][0]
assert not result["complete"] and run["interrupted"] and not run["drained"]
assert run["frames"]["processes"] == 3 and run["frames"]["lost"] == 1 and run["frames"]["sent"] > 100, run["frames"]
assert run["frames"]["unexplained"] == run["tensors_unexplained"] == run["control_unexplained"] == 0, run["frames"]
assert {fault["worker"] for fault in run["faults"] if fault["kind"] == "crash"} == {0, 1}, run["faults"]
work = [worker["iterations"] for worker in run["per_worker"]]
assert work[:2] == [0, 0] and all(work[2:]), work
assert run["gradients"] >= sum(work) and run["points"][-1]["time_s"] > 0.5, run["points"]
assert run["diverged"] == 0, run["diverged"]
PY
    try "$program" replay "$work/gathered/small/latest"
    expect_code 5 "the replay of what was gathered"
    expect_says out "nothing was recorded of worker 0" "the replay of what was gathered"
    part=$(echo "$work/killed/1/small/"part-*)
    cp -r "$part" "$work/part-broken"
    printf '\377' | dd of="$work/part-broken/rank.part" bs=1 seek=3000 conv=notrunc 2>/dev/null
    cp -r "$part" "$work/part-other"
    sed -i 's/^seeds: .*/seeds: [77]/' "$work/part-other/resolved.yaml"
    for bad in "$work/none-such|cannot read" "$work/by-rank|is no part of a run and has none in it" "$part $part|is of rank 1, which is there already" \
        "$work/part-broken|is damaged" "$work/part-other|the profile is not the one that the ranks had"; do
        # shellcheck disable=SC2086
        try "$program" gather -q --out "$work/bad" ${bad%|*}
        expect_code 2 "gather of ${bad%|*}"
        expect_says err "${bad#*|}" "gather of ${bad%|*}"
    done
    [ ! -e "$work/bad/small" ] || fail "gather of what is no part leaves results"
}
killed worker 1 memif
killed worker 2 udp
killed worker 0 udp
killed rank 2 udp
killed rank 1 memif
killed rank 0 memif

end
