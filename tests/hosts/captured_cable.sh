#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Two hosts that are network namespaces, with tshark listening at both ends of the cable between them: udp and af_packet carry
# what the run has counted and what `--capture` has written, whole, and with checksums that are right.
set -u
if [ "${3-}" != inside ]; then
    unshare -Urn true 2>/dev/null || {
        echo "this host gives no network namespace to ordinary users"
        exit 77
    }
    exec unshare -Urn sh "$0" "$1" "$2" inside
fi
. "$(dirname "$0")/lib.sh"
. "$here/dissector.sh"
. "$here/cable.sh"
plug_cable
trap 'rm -rf "$work"; kill $there 2>/dev/null' EXIT

# A cable that is none lets the kernel leave out what a real one needs: as `ethtool -K here0 tx off`.
sum_checksums() { # interface, command that runs it elsewhere…
    interface=$1
    shift
    "$@" python3 - "$interface" <<'PY'
import array, fcntl, socket, struct, sys
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
value = array.array("B", struct.pack("II", ETHTOOL_STXCSUM, 0))
request = struct.pack("16sP16x", sys.argv[1].encode(), value.buffer_info()[0])
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), SIOCETHTOOL, request)
PY
}
sum_checksums here0 env || skip "this kernel does not sum checksums for a cable that is none"
sum_checksums there0 on_other_host

export DAWDLE_RANKS=2 DAWDLE_HUB=10.99.7.1:7100
for link in udp af_packet; do
    mine="--set link.address=10.99.7.1" its="--set link.address=10.99.7.2"
    [ $link = udp ] || mine="--set link.interface=here0" its="--set link.interface=there0"
    set -- run "$profile" -q --out "$work/$link" --set seeds=1 --set policies="[dsgd,agp]" --set workers.count=4 --set link.kind=$link \
        --set stop.iterations=150 --capture "$work/$link.pcapng"
    sniff here0 "$work/$link.here" env
    here_shark=$shark
    sniff there0 "$work/$link.there" nsenter -t $there -n # no function: signals are for tshark itself
    there_shark=$shark
    # shellcheck disable=SC2086
    DAWDLE_RANK=1 on_other_host timeout 120 "$program" "$@" $its >"$work/1.out" 2>"$work/1.err" &
    other=$!
    # shellcheck disable=SC2086
    DAWDLE_RANK=0 timeout 120 "$program" "$@" $mine >"$work/0.out" 2>"$work/0.err"
    code=$?
    wait $other || code="$code, $?"
    sleep 1
    kill -INT $here_shark $there_shark
    wait $here_shark $there_shark
    [ "$code" = 0 ] || {
        cat "$work/1.err"
        fail "two hosts over $link end with $code" "$work/0.err"
        continue
    }
    # Each host's frames at the other end of the cable: those of af_packet pass what listens at their own.
    python3 "$here/captured.py" "$dissector" "$(latest "$work/$link")" "$work/$link.0.pcapng" "$work/$link.1.pcapng" \
        --cable "$work/$link.there" "$work/$link.here" || fail "two hosts over $link" "$work/$link.here.log"
done
end
