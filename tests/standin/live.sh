#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every policy once, live, for races. Argument: the program.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
XDG_CACHE_HOME=$out "$1" run quickstart --out "$out/runs" --repeat 1 --set stop.time=300ms --set data.samples=20000 \
    --set 'checks=[]' --set target= >"$out/table" || {
    rc=$?
    cat "$out/table"
    exit $rc
}
grep -E '^ (allreduce|dsgd|adpsgd|aau) ' "$out/table" | head -4
