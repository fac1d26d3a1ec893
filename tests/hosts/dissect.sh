#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What a capture of a run shows through the dissector that is shipped: every frame that the run has counted, none of them
# malformed; and of frames that were changed on purpose each one is found. No root is needed: the capture is of a network
# namespace's own loopback interface.
set -u
. "$(dirname "$0")/lib.sh"
dissector=$(cd "$here/../.." && pwd -P)/net/dawdle.lua
command -v tshark >/dev/null || skip "tshark is not installed: no capture can be looked at"
unshare -Urn true 2>/dev/null || skip "this host gives no network namespace to ordinary users"

# shellcheck disable=SC2016
unshare -Urn sh -c '
    ip link set lo up
    tshark -B 64 -i lo -w "$3/run.pcapng" -q >/dev/null 2>"$3/tshark" &
    shark=$!
    for i in $(seq 100); do [ -s "$3/run.pcapng" ] && break; sleep 0.1; done
    sleep 0.5
    "$1" run "$2" -q --out "$3/dissect" --set processes=2 --set link=udp --set seeds=1 --set policies="[dsgd,aau,agp]"
    code=$?
    sleep 1
    kill -INT $shark
    wait $shark
    exit $code' sh "$program" "$profile" "$work" >"$work/out" 2>"$work/err"
code=$?
expect_code 0 "a run that is captured"

look() { # file, filter: how many frames it shows
    tshark -X lua_script:"$dissector" -r "$1" -Y "$2" 2>"$work/err" | wc -l
}
sent=$(python3 -c 'import json, sys
print(sum(run["frames"]["sent"] for run in json.load(open(sys.argv[1]))["runs"]))' "$work/dissect/small/latest/result.json")
seen=$(look "$work/run.pcapng" dawdle)
[ "$seen" -gt 500 ] && [ "$seen" = "$sent" ] || fail "$seen frames are seen, the run has counted $sent" "$work/tshark"
bad="dawdle.fault || dawdle.checksum_bad || _ws.malformed || _ws.lua.error"
[ "$(look "$work/run.pcapng" "dawdle && ($bad)")" = 0 ] || fail "sound frames are called malformed"
for kind in 1 2 3 4 7; do
    [ "$(look "$work/run.pcapng" "dawdle.type == $kind")" -gt 0 ] || fail "no frame of type $kind is seen"
done

# One byte of each frame, behind the two by which it is known, is another one now.
flipped=$(python3 - "$work/run.pcapng" "$work/flipped.pcapng" <<'PY'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
at, frames = 0, 0
while at < len(data):
    kind, length = struct.unpack_from("<II", data, at)
    if kind == 6:  # an enhanced packet block: its packet begins 28 bytes behind
        captured = struct.unpack_from("<I", data, at + 20)[0]
        start = at + 28 + 42
        if captured > 42 + 54 and data[start:start + 2] == b"DW":
            spot = start + 3 + frames * 7919 % (captured - 42 - 3)
            data[spot] ^= 1 << frames % 8
            frames += 1
    at += length
open(sys.argv[2], "wb").write(data)
print(frames)
PY
)
found=$(look "$work/flipped.pcapng" "dawdle && ($bad)")
[ "$flipped" -gt 300 ] && [ "$found" = "$flipped" ] || fail "of $flipped changed frames $found are found"
end
