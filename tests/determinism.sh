#!/bin/sh
# The same profile through several builds of the program, with one and with two threads: the same bytes each time, in
# result.json (without wall times), iterations.csv and latency.hlog. Arguments: programs.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_CACHE_HOME="$folder/cache"
number=0
for program in "$@"; do
    for threads in 1 2; do
        number=$((number + 1))
        "$program" sim "$here/determinism.yaml" -q --threads $threads --out "$folder/$number" >"$folder/log" 2>&1 || {
            cat "$folder/log"
            echo "$program failed"
            exit 1
        }
        digest=$(python3 - "$folder/$number/determinism/latest" <<'PY'
import hashlib, json, sys
folder = sys.argv[1]
result = json.load(open(folder + "/result.json"))
for key in ("id", "program"):
    result.pop(key, None)
for run in result["runs"]:
    run.pop("wall", None)
assert len(result["runs"]) > 20 and all(run["events"] > 100 for run in result["runs"])
digest = hashlib.sha256(json.dumps(result).encode())
digest.update(open(folder + "/iterations.csv", "rb").read())
digest.update(b"".join(line for line in open(folder + "/latency.hlog", "rb") if not line.startswith(b"#")))
print(digest.hexdigest()[:16])
PY
)
        echo "$digest  $program, $threads threads"
        [ "$digest" = "${first:=$digest}" ] || exit 1
    done
done
