#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What the harness itself costs per iteration and worker: null model, null delay, null edge; and with the journal, which
# the profile leaves out. Arguments: the program, then --smoke for a tiny run in the ordinary suite.
set -eu
dawdle=$1
time=1s
[ "${2:-}" = --smoke ] && time=20ms
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for record in false true; do
    "$dawdle" run null --out "$out" --set stop.time=$time --set record=$record -q >/dev/null
    python3 - "$out"/null/latest/result.json $record <<'PY'
import json, sys
runs = json.load(open(sys.argv[1]))["runs"]
for run in runs:
    at = run["iteration_ns"]
    mean = run["total_ns"] / max(run["iterations"], 1)
    print("harness cost%s: seed %d, %d workers, %d iterations: mean %.0f ns, p50 %d, p99 %d, p99.9 %d ns"
          % (" with journal" if sys.argv[2] == "true" else "", run["seed"], run["workers"], run["iterations"], mean,
             at["p50"], at["p99"], at["p999"]))
    assert run["iterations"] > 0
PY
done
