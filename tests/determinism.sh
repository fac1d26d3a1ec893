#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The same profiles through several builds of the program, with one and with two threads: the same bytes each time, in
# result.json (without wall times), iterations.csv, trace.pftrace and latency.hlog. One has every policy, one everything that
# can be injected.
# Arguments: programs.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_CACHE_HOME="$folder/cache"
number=0
for program in "$@"; do
    for threads in 1 2; do
        number=$((number + 1))
        for profile in determinism determinism-dawdle; do
            "$program" sim "$here/$profile.yaml" -q --threads $threads --out "$folder/$number" >"$folder/log" 2>&1 || {
                cat "$folder/log"
                echo "$program failed"
                exit 1
            }
        done
        digest=$(python3 - "$folder/$number" <<'PY'
import hashlib, json, sys
digest = hashlib.sha256()
for name, runs in (("determinism", 20), ("determinism-dawdle", 10)):
    folder = "%s/%s/latest" % (sys.argv[1], name)
    result = json.load(open(folder + "/result.json"))
    for key in ("id", "program"):
        result.pop(key, None)
    for run in result["runs"]:
        run.pop("wall", None)
    assert len(result["runs"]) >= runs and all(run["events"] > 100 for run in result["runs"])
    digest.update(json.dumps(result).encode())
    for file in ("/iterations.csv", "/trace.pftrace"):
        digest.update(open(folder + file, "rb").read())
    digest.update(b"".join(line for line in open(folder + "/latency.hlog", "rb") if not line.startswith(b"#")))
print(digest.hexdigest()[:16])
PY
)
        echo "$digest  $program, $threads threads"
        [ "$digest" = "${first:=$digest}" ] || exit 1
    done
done
