#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# How well a simulation predicts live runs: calibrated on one policy without stragglers, compared with seven policies and
# three kinds of stragglers. Each kind is calibrated anew, because shared hosts change: the table says how much of the
# cores' time was others' while calibrating, and while the live runs that are predicted took place. `hindsight` is the same
# prediction given when others had the cores during the live run itself: the simulation's error without the host's.
# Arguments: the program, then --smoke for a tiny run in the ordinary suite, and --out DIR to keep the results.
set -eu
dawdle=$1
shift
time=2s
out=
while [ $# -gt 0 ]; do
  case $1 in
  --smoke) time=60ms ;;
  --out) out=$2 && shift ;;
  *) echo "twin.sh: unknown argument $1" >&2 && exit 2 ;;
  esac
  shift
done
if [ -z "$out" ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi
policies='allreduce dsgd adpsgd aau partial swarm local-sgd'
[ "$time" = 2s ] || policies='dsgd aau'

while read -r kind inject; do
  "$dawdle" run twin-calibrate --out "$out/$kind" --set stop.time=$time -q >/dev/null
  for policy in $policies; do
    here=$out/$kind/$policy
    set -- --set "policies=[$policy]" --set "inject.0=$inject" --set target= --set stop.time=$time -q
    "$dawdle" run twin --out "$here/live" "$@" >/dev/null
    set -- "$@" --like "$out/$kind/twin-calibrate/latest" --against "$here/live/twin/latest"
    "$dawdle" sim twin --out "$here/sim" "$@" >"$here/report"
    grep -q 'absolute errors' "$here/report"
    "$dawdle" sim twin --out "$here/hindsight" "$@" --hindsight >/dev/null
  done
done <<'EOF'
transient {select: {percent: 10%, each: iteration}, law: {kind: slowdown, factor: 10}}
permanent {select: {percent: 12.5%, each: run}, law: {kind: slowdown, factor: 3}}
heavy     {law: {kind: pareto, scale: 1ms, alpha: 1.3}}
EOF
sed -n '1,/stolen/p' "$here/report"

python3 - "$out" <<'PY'
import csv, glob, json, math, os, sys
out = sys.argv[1]
columns = ["iteration_s_predicted", "iteration_s_measured", "wait_share_predicted", "wait_share_measured"]
def stolen(path):
    runs = json.load(open(path + "/latest/result.json"))["runs"]
    return 100 * sum(r["stolen_share"] for r in runs) / len(runs)
def figures(path):
    row = next(csv.DictReader(open(path + "/twin/latest/twin.csv")))
    values = [float(row[c]) for c in columns]
    assert all(math.isfinite(x) for x in values) and values[1] > 0
    return values
print("%-10s %-10s %27s  %20s  %27s  %s" % ("stragglers", "policy", "mean iteration time", "with hindsight",
      "waiting share, hindsight", "stolen, %"))
print("%-21s %9s %9s %7s  %12s %7s  %9s %9s %7s  %s" % ("", "predicted", "measured", "error", "predicted", "error",
      "predicted", "measured", "points", "calibrating, live"))
errors, hindsight, points = [], [], []
for kind in ("transient", "permanent", "heavy"):
    for here in sorted(glob.glob("%s/%s/*/live" % (out, kind))):
        here = os.path.dirname(here)
        p, m, pw, mw = figures(here + "/sim")
        h, m, hw, mw = figures(here + "/hindsight")
        errors.append(abs(p / m - 1))
        hindsight.append(abs(h / m - 1))
        points.append(abs(hw - mw))
        print("%-10s %-10s %6.3f ms %6.3f ms %+6.1f%%  %9.3f ms %+6.1f%%  %8.1f%% %8.1f%% %+7.1f  %.1f, %.1f" % (kind,
              os.path.basename(here), 1e3 * p, 1e3 * m, 100 * (p / m - 1), 1e3 * h, 100 * (h / m - 1), 100 * hw,
              100 * mw, 100 * (hw - mw), stolen("%s/%s/twin-calibrate" % (out, kind)), stolen(here + "/live/twin")))
def say(what, values, unit):
    values = sorted(values)
    n = len(values)
    print("%-50s median %.1f %s, p90 %.1f %s over %d cells" % (what, 50 * (values[(n - 1) // 2] + values[n // 2]), unit,
          100 * values[math.ceil(0.9 * n - 1e-9) - 1], unit, n))
say("|error| of the mean iteration time", errors, "%")
say("|error| of the mean iteration time, hindsight", hindsight, "%")
say("|error| of the waiting share, hindsight", points, "points")
PY
