#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# links.sh PROGRAM [--smoke]: half round trips of all ways that work here, interleaved, medians over rounds with their
# spread, and what MPI takes for the same where it is installed (mpicc of Open MPI and of MPICH).
set -u
program=$1 smoke=${2-}
here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rounds=${LINKS_ROUNDS:-7}
[ -z "$smoke" ] || rounds=1
: >"$work/figures"

mpi() { # name, compiler, launcher…: half round trips of MPI_Send and MPI_Recv
    name=$1 compiler=$2
    shift 2
    [ -z "$smoke" ] && command -v "$compiler" >/dev/null || return 0
    [ -x "$work/$name" ] || "$compiler" -O2 -o "$work/$name" "$here/links_mpi.c" 2>"$work/error" || return 0
    "$@" -n 2 "$work/$name" "$name" >>"$work/figures" 2>"$work/error" || cat "$work/error" >&2
}

# Two hosts that are namespaces, for af_packet and udp over the same virtual cable.
cable() {
    . "$here/../hosts/cable.sh"
    plug_cable
    trap 'rm -rf "$work"; kill $there 2>/dev/null' EXIT
    for way in af_packet udp; do
        "$program" $way --netns $there --interface here0,there0 --address 10.99.7.1,10.99.7.2 $smoke 2>"$work/error" |
            sed "s/^/cable: /" || cat "$work/error" >&2
    done
}
if [ "$smoke" = --inside ]; then
    smoke=${3-}
    cable
    exit
fi

for round in $(seq $rounds); do
    for way in ring unix memif udp; do
        "$program" $way $smoke >>"$work/figures" 2>"$work/error" || {
            code=$?
            [ $code = 77 ] && cat "$work/error" && exit 77
            cat "$work/error" >&2
        }
    done
    unshare -Urn sh "$0" "$program" --inside $smoke >>"$work/figures" 2>"$work/error" || cat "$work/error" >&2
    mpi openmpi mpicc.openmpi mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to core
    mpi mpich mpicc.mpich mpiexec.mpich -bind-to core
done

python3 - "$work/figures" <<'PY'
import statistics, sys
ways = {}
for line in open(sys.argv[1]):
    name, size, ns = line.rstrip("\n").split("\t")
    ways.setdefault((name, int(size)), []).append(float(ns))
print(f"{'half a round trip':24}{'bytes':>9}{'median ns':>12}{'min..max':>24}{'core-s per':>14}{'core-s':>10}")
print(f"{'':24}{'':>9}{'':>12}{'':>24}{'M messages':>14}{'per GiB':>10}")
for (name, size), ns in ways.items():
    spread = f"{min(ns):.0f}..{max(ns):.0f}"
    # both ends are busy for the whole of each message's way
    core_ns = 2 * statistics.median(ns)
    print(f"{name:24}{size:9}{statistics.median(ns):12.0f}{spread:>24}{core_ns / 1e3:14.2f}{core_ns / size * 2**30 / 1e9:10.2f}")

def ratio(a, b):
    """Round by round: the ways of one round are seconds apart."""
    if a not in ways or b not in ways:
        return
    of = [x / y for x, y in zip(ways[a], ways[b])]
    print(f"{a[0]} / {b[0]}, {a[1]} bytes: {statistics.median(of):.2f} ({min(of):.2f}..{max(of):.2f})")
print()
ratio(("memif control", 64), ("ring", 64))
ratio(("memif frames", 64), ("ring", 64))
ratio(("memif frames", 64), ("unix", 64))
for peer in ("mpich", "openmpi"):
    ratio(("memif frames", 4096), (peer, 4096))
    ratio(("memif tensor", 4096), (peer, 4096))
    ratio(("memif tensor", 1048576), (peer, 1048576))
ratio(("cable: af_packet frames", 64), ("cable: udp frames", 64))
ratio(("cable: af_packet control", 64), ("cable: udp control", 64))
ratio(("cable: af_packet tensor", 1048576), ("cable: udp tensor", 1048576))
PY
