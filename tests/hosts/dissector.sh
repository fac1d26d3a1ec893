# SPDX-License-Identifier: BSD-3-Clause
# For captures that are looked at with the dissector that is shipped; sourced behind lib.sh.
command -v tshark >/dev/null || skip "tshark is not installed: no capture can be looked at"
# shellcheck disable=SC2034
dissector=$(cd "$here/../.." && pwd -P)/net/dawdle.lua

# Until tshark writes what it sees; its process is $shark.
sniff() { # interface, file, command that runs it there…
    interface=$1 file=$2
    shift 2
    "$@" tshark -B 64 -i "$interface" -w "$file" -q >/dev/null 2>"$file.log" &
    shark=$!
    for _ in $(seq 200); do [ -s "$file" ] && break; sleep 0.1; done
    sleep 0.5
}
