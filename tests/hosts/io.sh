#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# How data are read: one choice for all runs of a matrix, and the table says which where it is not the best there is.
set -u
. "$(dirname "$0")/lib.sh"

expect_one_tier() { # folder, tier or '' for any, what
    python3 - "$1/small/latest/result.json" "$2" <<'PY' >"$work/tiers" 2>&1 || fail "$3: runs read differently" "$work/tiers"
import json, sys
runs = json.load(open(sys.argv[1]))["runs"]
found = {(run["loader_tier"], run["loader_reason"]) for run in runs}
print(*found, sep="\n")
assert len(runs) == 4 and len(found) == 1
assert sys.argv[2] in ("", found.pop()[0])
PY
}

try "$tools/forbid" io_uring -- "$program" run "$profile" -q --out "$work/forbidden"
expect_code 0 "without io_uring"
expect_says out "data read by preadv (io_uring: not permitted, most likely by a container's seccomp filter)" "without io_uring"
expect_one_tier "$work/forbidden" preadv "without io_uring"

# Nearly what the disk can do: asked for each run anew, the answers differ.
for base in 0 20us 60us 200us 500us; do
    try "$program" run "$profile" -q --set compute.base=$base --out "$work/auto$base"
    expect_code 0 "compute.base $base"
    expect_one_tier "$work/auto$base" '' "compute.base $base"
done
try "$program" run "$profile" -q --set data.io=preadv --out "$work/named"
expect_one_tier "$work/named" preadv "data.io preadv"
expect_silent out "data read by" "data.io preadv, which was asked for"
end
