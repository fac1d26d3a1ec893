#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A plug-in is promised arrays of 64-byte lines: one that insists on them, planned, simulated, live and replayed.
# Arguments: the program, the plug-in.
set -eu
dawdle=$1
plugin=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_CACHE_HOME="$folder" DAWDLE_EAL=nohuge
cat >"$folder/aligned.yaml" <<END
clock: virtual
workers: {count: 3, graph: {kind: ring}}
compute: {base: 1ms}
model: {kind: plugin, path: $(realpath "$plugin")}
train: {lr: 0.001, batch: 7}
stop: {iterations: 30, time: 10s}
seeds: [1]
policies: [{kind: dsgd}, {kind: sgp}, {kind: agp}]
END
try() {
    "$@" >"$folder/log" 2>&1 || { code=$?; echo "$* gave $code"; cat "$folder/log"; exit 1; }
}
try "$dawdle" sim "$folder/aligned.yaml" --dry-run
try "$dawdle" sim "$folder/aligned.yaml" --out "$folder/virtual"
try "$dawdle" run "$folder/aligned.yaml" --set clock=live --out "$folder/live"
try "$dawdle" replay "$folder"/live/aligned/latest --parameters
