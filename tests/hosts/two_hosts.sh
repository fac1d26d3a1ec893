#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Two hosts that are network namespaces with a virtual cable between them; no root is needed. Called by ranks.sh.
#   two_hosts.sh PROGRAM PROFILE FOLDER
set -u
[ "${4-}" = inside ] || exec unshare -Urn sh "$0" "$@" inside
program=$1 profile=$2 work=$3 failures=0

sleep 200 & # first of this namespace to be killed at the end, so that nothing outlives it
keeper=$!
unshare -n sleep 200 &
there=$!
trap 'kill $keeper $there 2>/dev/null' EXIT
while [ "$(readlink /proc/$there/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add here0 type veth peer name there0
ip link set there0 netns $there
ip addr add 10.99.7.1/24 dev here0
ip link set here0 up
ip link set lo up
nsenter -t $there -n ip addr add 10.99.7.2/24 dev there0
nsenter -t $there -n ip link set there0 up
nsenter -t $there -n ip link set lo up

# What tells hosts apart: with another one, rank 1 counts as a host whose clock has nothing to do with ours.
echo 01234567-89ab-cdef-0123-456789abcdef >"$work/boot"
foreign() { # command…: on another host, with another clock
    # shellcheck disable=SC2016
    nsenter -t $there -n unshare -m sh -c 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"' "$work/boot" "$@"
}

export DAWDLE_RANKS=2 DAWDLE_HUB=10.99.7.1:7100
for link in auto af_packet; do
    here= there_too=
    [ $link = auto ] || here="--set link.interface=here0" there_too="--set link.interface=there0"
    out=$work/two-$link
    set -- run "$profile" -q --out "$out" --set policies="[dsgd,aau,agp]" --set workers.count=4 --set link.kind=$link
    # shellcheck disable=SC2086
    DAWDLE_RANK=1 foreign timeout 120 "$program" "$@" $there_too >"$work/1.out" 2>"$work/1.err" &
    other=$!
    # shellcheck disable=SC2086
    DAWDLE_RANK=0 timeout 120 "$program" "$@" $here >"$work/0.out" 2>"$work/0.err"
    code=$?
    wait $other || code="$code, $?"
    carried=$link
    [ $link = auto ] && carried=udp
    if [ "$code" != 0 ] || ! grep -qE "frames.* between 2 processes over $carried" "$work/0.out" ||
        ! grep -qF "every message sent is accounted for" "$work/0.out"; then
        echo "FAIL: two hosts over $link: $code"
        cat "$work/0.err" "$work/1.err"
        failures=$((failures + 1))
    fi
    # Stamps of another clock that were taken as they are would be off by the hours between the starts of two hosts.
    python3 - "$out/small/latest/result.json" <<'PY' || failures=$((failures + 1))
import json, sys
for run in json.load(open(sys.argv[1]))["runs"]:
    assert run["frames"]["clocks"] == 2, run["frames"]
    assert run["handle_ns"]["p50"] < 1e9, (run["policy"], run["handle_ns"])
    for worker in run["per_worker"]:
        assert 0 < worker["total_ns"] < 1.01e9 * run["duration_s"] + 50e6, (worker, run["duration_s"])
PY
    "$program" replay "$out/small/latest" --parameters >"$work/replay" 2>&1 || {
        echo "FAIL: replay of two hosts over $link"
        cat "$work/replay"
        failures=$((failures + 1))
    }
done
[ $failures -eq 0 ]
