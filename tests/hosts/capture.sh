#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What `run --capture` writes, through the dissector that is shipped: every frame that a run has counted, at both of its ends,
# none of them malformed; and what is refused before anything starts.
set -u
. "$(dirname "$0")/lib.sh"

refused() { # code, what is said, options…
    wanted=$1 says=$2
    shift 2
    try "$program" run "$profile" -q --out "$work/none" "$@"
    expect_code "$wanted" "$*"
    expect_says err "$says" "$*"
    [ ! -e "$work/none" ] || fail "$*: what is refused before the start leaves a folder"
}
refused 2 "--capture is of frames between processes, and profile small has one process" --capture "$work/one.pcapng"
refused 2 "--capture is of frames between processes" --capture "$work/one.pcapng" --set clock=virtual
refused 2 "'' names no file" --capture= --set processes=2
refused 3 "cannot write $work/nowhere/a.0.pcapng: No such file or directory" --capture "$work/nowhere/a.pcapng" --set processes=2
mkfifo "$work/pipe.1"
refused 3 "$work/pipe.1" --capture "$work/pipe" --set processes=2
echo precious >"$work/old.0.pcapng"
refused 3 "there is no interface 'eth77'" --capture "$work/old.pcapng" --set processes=2 --set link=af_packet \
    --set link.interface=eth77
[ "$(cat "$work/old.0.pcapng")" = precious ] || fail "a command that is refused has emptied a file"
try "$program" sim "$profile" --capture "$work/one.pcapng"
expect_code 2 "a simulation that is captured"

. "$here/dissector.sh"
for link in memif udp; do
    what="a capture of $link"
    processes=3
    [ $link = memif ] || processes=2
    try "$program" run "$profile" -q --out "$work/out-$link" --set processes=$processes --set workers.count=6 \
        --set link=$link --set seeds=1 --set policies="[dsgd,agp]" --capture "$work/$link.pcapng"
    expect_code 0 "$what"
    expect_says err "frames in $work/$link.0.pcapng to $work/$link.$((processes - 1)).pcapng" "$what"
    expect_silent err "are not in" "$what"
    python3 "$here/captured.py" "$dissector" "$(latest "$work/out-$link")" "$work/$link".?.pcapng || fail "$what" "$work/err"
done
end
