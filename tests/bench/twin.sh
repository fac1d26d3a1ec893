#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# How well a simulation predicts live runs of four policies: twelve profiles with emulated compute time and twelve with nothing but
# real gradients (six kinds of stragglers on two fleets each). Each is calibrated on a run of D-SGD without stragglers right
# before, because shared hosts change: a row whose real gradients took the live run a tenth more or less than when
# calibrating is marked, and a line says what the others come to. Predicted are the means of four runs with seeds that no
# live run used; beside the error stands that of a simulation that nothing calibrated, and how much the four differ (chance
# that no prediction can know: of heavy tails most of it). The table says how much of the cores' time was others'; goals
# hold on a host that is quiet.
# Arguments: the program, then --smoke for a tiny run in the ordinary suite, --real or --emulated for one half, and
# --out DIR to keep the results. All of it takes about 9 minutes on two cores.
set -eu
dawdle=$1
shift
scale=1
halves='emulated real'
out=
while [ $# -gt 0 ]; do
  case $1 in
  --smoke) scale=0 ;;
  --real) halves=real ;;
  --emulated) halves=emulated ;;
  --out) out=$2 && shift ;;
  *) echo "twin.sh: unknown argument $1" >&2 && exit 2 ;;
  esac
  shift
done
if [ -z "$out" ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi
policies='[allreduce, dsgd, adpsgd, aau]'
[ $scale = 1 ] || policies='[dsgd, aau]'

# half, fleet: what the live runs are, and how long
fleet() {
  case $1-$2 in
  emulated-ring) time=3s && set_fleet='workers={count: 8, graph: ring}|model={kind: mlp, hidden: [16]}|compute.base=1ms' ;;
  emulated-random) time=3s && set_fleet='workers={count: 6, graph: {kind: random, degree: 3}}|model={kind: mlp, hidden: [16]}|compute.base=2ms' ;;
  real-ring) time=1500ms && set_fleet='workers={count: 8, graph: ring}|model={kind: mlp, hidden: [64]}' ;;
  real-random) time=1500ms && set_fleet='workers={count: 4, graph: {kind: random, degree: 2}}|model={kind: mlp, hidden: [256]}' ;;
  esac
  [ $scale = 1 ] || time=60ms
}

# Delays are in multiples of a gradient, so the same list serves both halves. Who is slow for a whole run is named: in a random
# graph it matters which of them, and other seeds would draw others.
kinds() {
  cat <<'EOF'
none
permanent  {select: {workers: [1]}, law: {kind: slowdown, factor: 3}}
two        {select: {workers: [1, 2]}, law: {kind: slowdown, factor: 2}}
transient  {select: {percent: 10%, each: iteration}, law: {kind: slowdown, factor: 5}}
spells     {select: {workers: [0, 2]}, law: {kind: markov, factor: 3, slow: 10, fast: 30}}
tail       {law: {kind: exp, mean: 500us}}
EOF
}

calibrate() { # folder, and --set of the profile: the last ones take its stragglers and policies back
  folder=$1
  shift
  "$dawdle" run twin-calibrate --out "$folder/calibration" "$@" $real --set inject= --set policies=dsgd >/dev/null
}

simulate() { # half, fleet/kind, and the --set of that profile as arguments
  here=$out/$1/$2
  shift 2
  set -- --set "policies=$policies" --set target= -q "$@"
  calibrate "$here" "$@"
  "$dawdle" run twin --out "$here/live" "$@" $real >/dev/null
  "$dawdle" twin twin --out "$here/sim" "$@" --set 'model={kind: softmax}' \
    --like "$here/calibration/twin-calibrate/latest" --against "$here/live/twin/latest" >"$here/report"
  grep -q 'absolute errors' "$here/report"
}

for half in $halves; do
  for fleet in ring random; do
    fleet $half $fleet
    set --
    old=$IFS && IFS='|'
    for value in $set_fleet; do set -- "$@" --set "$value"; done
    IFS=$old
    set -- "$@" --set stop.time=$time
    real= # the calibration says what is simulated instead
    [ $half = emulated ] || real='--set compute.base=0 --set compute.jitter=none'
    kinds | while read -r kind inject; do
      [ $scale = 1 ] || [ $kind = permanent ] || continue
      list=inject=[]
      [ $kind = none ] || list="inject=[$inject]"
      simulate $half $fleet/$kind "$@" --set "$list"
    done
    [ $scale = 1 ] || break
  done
done

python3 - "$out" <<'PY'
import csv, glob, json, math, sys
out = sys.argv[1]
goals = {"emulated": (1, 5), "real": (10, 20)}
def stolen(path):
    runs = json.load(open(path + "/latest/result.json"))["runs"]
    return 100 * sum(r["stolen_share"] for r in runs) / len(runs)
def gradient(path, policy=None):
    runs = json.load(open(path + "/latest/result.json"))["runs"]
    took = [r["costs_ns"]["gradient"] for r in runs if policy in (None, r["policy"])]
    return sum(took) / len(took)
def number(text):
    return float(text) if text else math.nan
def summary(values):
    values = sorted(abs(v) for v in values if math.isfinite(v))
    n = len(values)
    if n == 0:
        return "-"
    return "median %4.1f %%, p90 %4.1f %% (%d)" % (100 * (values[(n - 1) // 2] + values[n // 2]) / 2,
                                                   100 * values[math.ceil(0.9 * n - 1e-9) - 1], n)
for half in ("emulated", "real"):
    rows = []
    for path in sorted(glob.glob("%s/%s/*/*/sim/twin/latest/twin.csv" % (out, half))):
        fleet, kind = path.split("/")[-6:-4]
        base = "%s/%s/%s/%s" % (out, half, fleet, kind)
        before, live = base + "/calibration/twin-calibrate", base + "/live/twin"
        theft = "%.1f, %.1f" % (stolen(before), stolen(live))
        for row in csv.DictReader(open(path)):
            speed = gradient(live, row["policy"]) / gradient(before)
            row.update(fleet=fleet, kind=kind, stolen=theft, speed=speed, steady=half == "emulated" or abs(speed - 1) < 0.1)
            assert number(row["iteration_s_measured"]) > 0 and number(row["iteration_s_predicted"]) > 0
            rows.append(row)
    if not rows:
        continue
    print("\n%s compute: mean iteration time" % half)
    print("%-8s %-10s %-10s %9s %6s %9s %7s %7s  %s" % ("fleet", "stragglers", "policy", "predicted", "+-", "measured",
          "error", "plain", "waiting share predicted, measured; stolen calibrating, live, %; gradient live to calibrating"))
    for r in rows:
        plain = number(r["plain_error"])
        print("%-8s %-10s %-10s %6.3f ms %5.1f%% %6.3f ms %+6.1f%% %7s  %.1f %%, %.1f %%; %s; %.2f%s" % (r["fleet"], r["kind"],
              r["policy"], 1e3 * number(r["iteration_s_predicted"]), 100 * number(r["iteration_spread"]),
              1e3 * number(r["iteration_s_measured"]), 100 * number(r["iteration_error"]),
              "%+.1f%%" % (100 * plain) if math.isfinite(plain) else "-", 100 * number(r["wait_share_predicted"]),
              100 * number(r["wait_share_measured"]), r["stolen"], r["speed"], "" if r["steady"] else " *"))
    print("%-12s %-32s %s" % ("|error|", "calibrated", "plain"))
    for policy in sorted(set(r["policy"] for r in rows)) + ["all"]:
        mine = [r for r in rows if policy in ("all", r["policy"])]
        print("%-12s %-32s %s" % (policy, summary([number(r["iteration_error"]) for r in mine]),
              summary([number(r["plain_error"]) for r in mine])))
    steady = [r for r in rows if r["steady"]]
    if len(steady) < len(rows):
        print("%-12s %-32s %s" % ("all but *", summary([number(r["iteration_error"]) for r in steady]),
              summary([number(r["plain_error"]) for r in steady])))
    print("goal: median %d %%, p90 %d %%, on a quiet host" % goals[half])
PY
