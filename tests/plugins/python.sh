#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A workload in Python, virtual and live: it learns, and as the built-in model of the same kind does.
# Argument: the program.
set -eu
dawdle=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_CACHE_HOME="$folder" DAWDLE_EAL=nohuge
skip() {
    echo "skipped: $*"
    exit 77
}
library=lib$(basename "$(readlink /usr/bin/python3 || echo python3.11)")
ldconfig -p | grep -q "$library.so.1.0" || skip "no $library (package $library)"
/usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "no numpy for /usr/bin/python3 (package python3-numpy)"

/usr/bin/python3 "$(dirname "$dawdle")/plugin/softmax.py"

accuracy() { # folder: held-out accuracy of the last run of the profile
    /usr/bin/python3 -c 'import json, sys
runs = json.load(open(sys.argv[1] + "/plugin-python/latest/result.json"))["runs"]
print(*(run["points"][-1]["heldout_accuracy_mean_model"] for run in runs))' "$1"
}
small="--set stop.iterations=100 --set compute.base=500us -q"
"$dawdle" sim plugin-python $small --out "$folder/python" >"$folder/log" || { cat "$folder/log"; exit 1; }
"$dawdle" sim plugin-python $small --set 'model={kind: softmax}' --out "$folder/built-in" >"$folder/log" || { cat "$folder/log"; exit 1; }
"$dawdle" run plugin-python $small --set stop.time=10s --out "$folder/live" >"$folder/log" || { cat "$folder/log"; exit 1; }
echo "python: $(accuracy "$folder/python"); built in: $(accuracy "$folder/built-in"); live: $(accuracy "$folder/live")"
{ accuracy "$folder/python"; accuracy "$folder/built-in"; accuracy "$folder/live"; } | awk '
    NR == 1 { for (i = 1; i <= NF; i++) want[i] = $i }
    { for (i = 1; i <= NF; i++) { d = $i - want[i]; if (d < -0.15 || d > 0.15) bad = 1 } }
    END { exit bad || NR != 3 }'
