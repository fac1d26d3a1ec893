#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# report.html of a real result: well-formed, nothing from outside, its scripts are those that its policy allows, and text of a
# profile stays text. Follows result.json; says what it cannot read.
set -u
. "$(dirname "$0")/../hosts/lib.sh"

cat >"$work/hostile.yaml" <<'YAML'
# Claim: </script><script>alert(1)</script> & "quotes" <b>are</b> only text.
name: hostile
clock: virtual
workers: {count: 6, graph: ring}
model: softmax
policies: [dsgd, aau]
seeds: 2
data: {format: synthetic, samples: 1000, features: 16, classes: 4}
compute: {base: 1ms}
inject:
  - {law: {kind: slowdown, factor: 5}, select: {workers: [1]}}
faults:
  - {kind: pause, workers: [3], at: 100ms, for: 80ms}
target: {metric: train_loss_mean_model, value: 1}
checks: ["wait_share(aau) < 99%"]
stop: {time: 300ms}
judge: {points: 6}
YAML
try "$program" sim "$work/hostile.yaml" -q --out "$work/runs"
expect_code 0 "the run"
expect_says out "report.html" "the run"
result=$(readlink -f "$work/runs/hostile/latest")

python3 - "$result/report.html" <<'PY' || fail "report.html"
import base64, hashlib, html.parser, json, re, sys
text = open(sys.argv[1], encoding="utf-8").read()

class Page(html.parser.HTMLParser):
    void = {"meta", "input", "br", "rect", "link", "img"}
    def __init__(self):
        super().__init__()
        self.open, self.scripts, self.policy, self.ids, self.links = [], [], None, set(), []
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in self.void:
            self.open.append(tag)
        if "id" in attrs:
            assert attrs["id"] not in self.ids, f"two elements are called {attrs['id']}"
            self.ids.add(attrs["id"])
        if tag == "script":
            self.scripts.append([attrs.get("type"), ""])
        if attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]
        for name in attrs:
            assert not name.startswith("on"), f"{tag} has a handler: {name}"
        for name in "href", "src":
            if name in attrs:
                self.links.append(attrs[name])
    def handle_startendtag(self, tag, attrs):
        pass
    def handle_endtag(self, tag):
        if tag not in self.void:
            assert self.open and self.open[-1] == tag, f"</{tag}> ends {self.open[-3:]}"
            self.open.pop()
    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data

page = Page()
page.feed(text)
page.close()
assert not page.open, page.open
assert all(link.startswith("#") and link[1:] in page.ids for link in page.links), page.links
assert "default-src 'none'" in page.policy, page.policy
run = [body for kind, body in page.scripts if kind is None]
data = [json.loads(body) for kind, body in page.scripts if kind == "application/json"]
assert run and data and len(page.scripts) == len(run) + len(data), [kind for kind, _ in page.scripts]
for body in run:
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.policy, "a script that its policy does not allow"
assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text
assert [series["label"] for series in data[0]] == ["dsgd", "aau"] and len(data[0][0]["runs"]) == 2
assert "waited for" in text.lower() and "<svg class=\"timeline\"" in text and 'class="fault"' in text
PY

# The list of results has it, and one that was cut short.
mkdir "$work/runs/hostile/.tmp-20200101T000000Z-00abcd"
sed 's/"complete": true/"complete": false/; s/"id": "[^"]*"/"id": "20200101T000000Z-00abcd"/' "$result/result.json" \
    >"$work/runs/hostile/.tmp-20200101T000000Z-00abcd/result.json"
try "$program" runs "$work/runs"
expect_code 0 "runs"
grep -qE '^\* [0-9TZ]+-[0-9a-f]+ +hostile +virtual +2 +2 +1 of 1 .* complete ' "$work/out" || fail "runs: the run is not there" "$work/out"
sed -n 3p "$work/out" | grep -q '^  20200101T000000Z-00abcd .* running, or killed' || fail "runs: what was cut short" "$work/out"
try "$program" runs "$work/none"
expect_code 2 "runs of no folder"
expect_says err "is no folder with results" "runs of no folder"

# What the page says is what result.json says.
sed -i 's/"gradients_per_s": {$/&/; s/"finding": "wait_share(aau) is [^"]*"/"finding": "altered 12.75 %"/' "$result/result.json"
try "$program" report "$result"
expect_code 0 "report"
grep -qF "altered 12.75 %" "$result/report.html" || fail "the page does not follow result.json"

# Cut short, of another version, or none.
cp -r "$result" "$work/short"
python3 - "$work/short/result.json" <<'PY'
import json, sys
result = json.load(open(sys.argv[1]))
result["complete"], result["summary"], result["runs"] = False, [], result["runs"][:1]
json.dump(result, open(sys.argv[1], "w"))
PY
try "$program" report "$work/short"
expect_code 0 "report of what was cut short"
grep -q "Incomplete" "$work/short/report.html" || fail "the page of what was cut short looks like a whole one"
mkdir "$work/later" "$work/half" "$work/empty"
printf '{"schema": 99, "complete": true, "runs": []}' >"$work/later/result.json"
head -c 500 "$result/result.json" >"$work/half/result.json"
for bad in "later|is of schema version 99" "half|result.json:" "empty|No such file" "none|No such file"; do
    try "$program" report "$work/${bad%|*}"
    expect_code 2 "report of ${bad%|*}"
    expect_says err "${bad#*|}" "report of ${bad%|*}"
done
for old in "$here"/../results/schema-*.json; do
    mkdir "$work/$(basename "$old")"
    cp "$old" "$work/$(basename "$old")/result.json"
    try "$program" report "$work/$(basename "$old")"
    expect_code 0 "report of $(basename "$old")"
done

end
