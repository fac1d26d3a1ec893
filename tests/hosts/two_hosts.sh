#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# One run on two hosts that are network namespaces with a virtual cable between them, and that have clocks of their own as far
# as they can tell: over udp, which `auto` takes between hosts, and over af_packet.
set -u
if [ "${3-}" != inside ]; then
    unshare -Urn true 2>/dev/null || {
        echo "this host gives no network namespace to ordinary users"
        exit 77
    }
    exec unshare -Urn sh "$0" "$1" "$2" inside
fi
. "$(dirname "$0")/lib.sh"
. "$here/cable.sh"
plug_cable
trap 'rm -rf "$work"; kill $there 2>/dev/null' EXIT

# What tells hosts apart: with another one, rank 1 counts as a host whose clock has nothing to do with ours.
echo 01234567-89ab-cdef-0123-456789abcdef >"$work/boot"
foreign() { # command…: on another host, with another clock
    # shellcheck disable=SC2016
    on_other_host unshare -m sh -c 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"' "$work/boot" "$@"
}

export DAWDLE_RANKS=2 DAWDLE_HUB=10.99.7.1:7100
for link in auto af_packet; do
    mine= its=
    [ $link = auto ] || mine="--set link.interface=here0" its="--set link.interface=there0"
    out=$work/two-$link
    # a hundred frames and more, also where two hosts share two cores
    set -- run "$profile" -q --out "$out" --set policies="[dsgd,aau,agp]" --set workers.count=4 --set link.kind=$link \
        --set stop.iterations=150
    # shellcheck disable=SC2086
    DAWDLE_RANK=1 foreign timeout 120 "$program" "$@" $its >"$work/1.out" 2>"$work/1.err" &
    other=$!
    # shellcheck disable=SC2086
    DAWDLE_RANK=0 timeout 120 "$program" "$@" $mine >"$work/0.out" 2>"$work/0.err"
    code=$?
    wait $other || code="$code, $?"
    carried=$link
    [ $link = auto ] && carried=udp
    [ "$code" = 0 ] || {
        cat "$work/1.err"
        fail "two hosts over $link end with $code" "$work/0.err"
        continue
    }
    expect_whole "$(latest "$out")" 2 $carried "two hosts over $link"
    # Stamps of another clock that were taken as they are would be off by the hours between the starts of two hosts.
    python3 - "$out/small/latest/result.json" <<'PY' || fail "two hosts over $link: their times"
import json, sys
for run in json.load(open(sys.argv[1]))["runs"]:
    assert run["frames"]["clocks"] == 2, run["frames"]
    assert run["handle_ns"]["p50"] < 1e9, (run["policy"], run["handle_ns"])
    for worker in run["per_worker"]:
        assert 0 < worker["total_ns"] < 1.01e9 * run["duration_s"] + 50e6, (worker, run["duration_s"])
PY
done
end
