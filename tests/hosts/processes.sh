#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A run whose workers are spread over processes of this host: it ends as a run of one, its account of messages and frames is
# whole, and nothing of it stays.
set -u
. "$(dirname "$0")/lib.sh"

for link in udp memif; do
    for processes in 2 3; do
        policies="allreduce dsgd aau asgd agp"
        [ $processes = 2 ] || policies="dsgd agp"
        for policy in $policies; do
            what="$policy, $processes processes over $link"
            out=$work/$link-$processes-$policy
            try "$program" run "$profile" -q --out "$out" --set policies="[$policy]" --set workers.count=6 \
                --set processes=$processes --set link=$link
            expect_code 0 "$what"
            expect_says out "between $processes processes over $link" "$what"
            expect_says out "every message sent is accounted for" "$what"
            python3 - "$out"/small/latest/result.json "$processes" <<'PY' || fail "$what: its frames do not add up"
import json, os, sys
for run in json.load(open(sys.argv[1]))["runs"]:
    frames = run["frames"]
    assert frames["processes"] == int(sys.argv[2]), frames
    assert frames["sent"] > 100 and frames["received"] > 100, frames
    assert frames["shared_cores"] == (int(sys.argv[2]) > len(os.sched_getaffinity(0))), frames
    assert frames["unexplained"] == 0 and frames["refused"] == 0, frames
PY
        done
    done
done

write_faults "$work/faults.yaml"
for link in udp memif; do
    try "$program" run "$work/faults.yaml" -q --out "$work/faults-$link" --set processes=3 --set link=$link
    expect_code 0 "faults of 3 processes over $link"
    expect_faults "$(latest "$work/faults-$link")" "faults of 3 processes over $link"
done
for bad in "kind: leave, workers: [1], at: 1ms" "kind: crash, workers: [1], at: 1ms, restart: 1ms" "kind: join, workers: [1], at: 1ms"; do
    try "$program" run "$profile" -q --out "$work/bad" --set processes=2 --set "faults=[{$bad}]"
    expect_code 2 "$bad"
    expect_says err "workers that leave, join or come back need processes: 1" "$bad"
done

try "$program" run "$profile" -q --out "$work/bad" --set processes=9
expect_code 2 "more processes than workers"
expect_says err "9 processes of 3 workers: some would have none" "more processes than workers"
try "$program" run "$profile" -q --out "$work/bad" --set processes=2 --set link=pigeon
expect_code 2 "an unknown link"
expect_says err "unknown link 'pigeon'" "an unknown link"
try "$program" run "$profile" -q --out "$work/bad" --set processes=2 --set link.kind=udp --set link.address=203.0.113.7
expect_code 3 "a foreign address"
expect_says err "cannot listen on 203.0.113.7" "a foreign address"
for bad in "link.kind=null:delivers nothing" "link.kind=af_packet:link.interface" \
    "link.address=nonsense:expected an IPv4 address"; do
    try "$program" run "$profile" -q --out "$work/none" --set processes=2 --set link=udp --set "${bad%%:*}"
    expect_code 2 "$bad"
    expect_says err "${bad#*:}" "$bad"
done
try "$program" run "$profile" -q --out "$work/none" --set processes=2 --set link=af_packet --set link.interface=eth77
expect_code 3 "an interface that is not there"
expect_says err "eth77" "an interface that is not there"
[ ! -e "$work/none" ] || fail "what is refused before the start leaves a folder"
try "$program" list links
expect_code 0 "the list of links"
expect_says out "memif" "the list of links"
end
