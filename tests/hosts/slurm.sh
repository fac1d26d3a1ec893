#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Ranks that srun starts on two nodes of a Slurm that is made for this test and gone with it. They end with one result that
# is whole, over what carries parameters between hosts; when a rank is killed, or all are told to stop, what was measured
# is kept.
set -u
export TMPDIR=/tmp # names of sockets are at most 107 bytes long
if [ "${3-}" != inside ]; then
    [ "$(id -u)" = 0 ] || {
        echo "only root can start a Slurm of its own, and this is another user"
        exit 77
    }
    for command in munged slurmctld slurmd srun; do
        command -v $command >/dev/null || {
            echo "$command is not installed: ranks that srun starts cannot be tried"
            exit 77
        }
    done
    # Whatever happens, what was started and mounted ends with the first process of these namespaces: this script.
    set -- unshare -m -n -u -p -f --mount-proc --kill-child sh "$0" "$1" "${2-}" inside
    unshare -m -n -u -p -f --mount-proc ip link add name probe type bridge 2>/dev/null || {
        echo "this host gives root no namespaces, or no bridge in them"
        exit 77
    }
    exec "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$here/cluster.sh"
trap 'stop_cluster; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

start_cluster || {
    tail -n 20 "$slurm"/*.log
    skip "a Slurm of two nodes does not start on this host"
}
srun --mpi=list 2>&1 | grep -qw pmix || skip "this Slurm has no plug-in for PMIx"

# ------------------------------------------------------------- results
ranks() { # plug-in, folder, arguments…
    mpi=$1 out=$work/$2
    shift 2
    try srun -N2 -n2 --mpi="$mpi" "$program" run "$profile" -q --out "$out" --set workers.count=4 "$@"
}
carries() { # plug-in, link of the profile, what then carries parameters
    what="srun --mpi=$1, link $2"
    # a hundred frames and more, also where two hosts share two cores
    ranks "$1" "$1-$3" --set policies="[dsgd,agp]" --set link="$2" --set stop.iterations=150
    expect_code 0 "$what"
    [ "$(find "$out/small" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ] || fail "$what: not one result" "$work/err"
    expect_whole "$(latest "$out")" 2 "$3" "$what"
}
carries pmix auto udp
carries pmix "{kind: af_packet, interface: eth0}" af_packet
carries pmi2 udp udp

ranks none none
expect_code 3 "srun --mpi=none"
expect_says err "whose launcher does not bring them together" "srun --mpi=none"
[ ! -e "$work/none" ] || fail "srun --mpi=none leaves results"

# -------------------------------------------------------------- deaths
# The process that Slurm itself has started as that rank, when its child, which trains, has been there for so long.
rank_process() { # rank, seconds
    python3 - "$1" "$2" <<'PY'
import glob, sys, time
def read(path):
    try:
        return open(path).read()
    except OSError:
        return ""
def of_rank(at):
    parent = read(f"{at}/stat").rpartition(")")[2].split()[1:2]
    return (read(f"{at}/comm") == "dawdle\n" and f"SLURM_PROCID={sys.argv[1]}" in read(f"{at}/environ").split("\0")
            and read(f"/proc/{parent[0]}/comm") == "slurmstepd\n")
def trains(at):
    return read(f"{at}/task/{at.split('/')[2]}/children") != ""
end = time.monotonic() + 60
while not (found := [at for at in glob.glob("/proc/[0-9]*") if of_rank(at) and trains(at)]):
    assert time.monotonic() < end, "nobody trains"
    time.sleep(0.05)
time.sleep(float(sys.argv[2]))
assert trains(found[0]), "the run is over already"
print(found[0].split("/")[2])
PY
}
# While they train; a slow host begins later. Slurm's exit code is the highest one.
interrupted() { # folder, command… that is given the process of rank 1
    folder=$1
    shift
    for delay in 2 5 12; do
        rm -rf "${work:?}/$folder"
        ranks pmix "$folder" --set workers.graph=complete --set policies="[aau]" --set stop="{time: $((2 * delay))s}" &
        trial=$!
        victim=$(rank_process 1 $delay 2>"$work/victim") && "$@" "$victim"
        wait $trial
        [ -n "$victim" ] && ! grep -q "had not begun" "$work/err" && return
    done
    fail "$folder: no run was met while it trained" "$work/victim"
}

what="kill -9 of rank 1"
interrupted killed kill -9
expect_says err "n2: task 1: Killed" "$what"
expect_says err "n1: task 0: Exited with exit code 5" "$what"
expect_says err "process 1 has gone with rank 1 (n2): its workers count as crashed" "$what"
python3 - "$work/killed/small/latest/result.json" <<'PY' || fail "$what: its result" "$work/err"
import json, sys
result = json.load(open(sys.argv[1]))
run = result["runs"][0]
assert not result["complete"] and run["drained"]
assert run["frames"]["lost"] == 1 and run["frames"]["unexplained"] == 0, run["frames"]
assert run["tensors_unexplained"] == run["control_unexplained"] == run["loans"] == 0
assert {fault["worker"] for fault in run["faults"] if fault["kind"] == "crash"} == {2, 3}, run["faults"]
assert all(worker["iterations"] > 0 for worker in run["per_worker"][:2]), run["per_worker"]
PY
try "$program" replay "$work/killed/small/latest" --parameters
expect_code 5 "$what: its replay"
expect_says out "nothing was recorded of worker 2" "$what: its replay"

# scancel sends SIGTERM to all processes of a job; a time limit that is reached does so twice.
what="scancel"
cancel() { # a process of it
    scancel --signal=TERM "$(squeue -h -o %i)" && scancel "$(squeue -h -o %i)"
}
interrupted cancelled cancel
expect_says err "n1: task 0: Exited with exit code 5" "$what"
expect_says err "n2: task 1: Exited with exit code 5" "$what"
expect_says err "what was measured is kept" "$what"
python3 - "$work/cancelled/small/latest/result.json" <<'PY' || fail "$what: its result" "$work/err"
import json, sys
result = json.load(open(sys.argv[1]))
assert result["interrupted"] and not result["complete"] and len(result["runs"]) == 1
run = result["runs"][0]
assert run["drained"] and run["tensors_unexplained"] == run["frames"]["unexplained"] == run["frames"]["lost"] == 0, run
PY
try "$program" replay "$work/cancelled/small/latest" --parameters
expect_code 5 "$what: its replay" # seed 2 was not begun
expect_says out "identical parameters" "$what: its replay"

# ----------------------------------------------------------- what stays
stop_cluster
python3 - <<'PY' >"$work/out" 2>&1 || fail "processes are left" "$work/out"
import os, time
def left():
    """All that runs in this namespace of processes, but for the script and this."""
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            status = open(f"/proc/{number}/status").read()
        except OSError:
            continue
        if int(number) not in (1, os.getpid()) and "State:\tZ" not in status:
            yield status.split("\n")[0]
end = time.monotonic() + 10
while list(left()) and time.monotonic() < end:
    time.sleep(0.1)
assert not list(left()), list(left())
PY
end
