#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draw each figure of small results, and hold it to them: well-formed, the same bytes each time, and what it shows
follows the figure of result.json that it is of.

Usage: figures.py DAWDLE SOURCE
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

dawdle, source = os.path.realpath(sys.argv[1]), Path(sys.argv[2])
SVG = "{http://www.w3.org/2000/svg}"
FIGURES = ["convergence", "percentiles", "parts", "waits", "staleness", "speedup", "sweep"]
bad = []


def expect(holds, complaint):
    if not holds:
        bad.append(complaint)


def run(*words, env=None):
    return subprocess.run([dawdle, *map(str, words)], capture_output=True, text=True, env=env)


def simulate(folder, *more):
    """a result of four policies, three seeds and 0.2 s"""
    ran = run("sim", "quickstart", "--repeat", "3", "--quiet", "--out", folder, "--set", "stop.time=200ms", "--set",
              "data.samples=2000", "--set", "checks=[]", *more)
    if ran.returncode != 0:
        sys.exit(f"no result to draw: {ran.stderr}")
    return folder / "quickstart" / "latest"


def draw(result, figure, *more):
    """the figure as bytes and as a tree"""
    ran = run("plot", result, "--figure", figure, *more)
    expect(ran.returncode == 0, f"{figure} {more}: exit code {ran.returncode}: {ran.stderr}")
    if ran.returncode != 0:
        return "", ET.Element("none")
    return ran.stdout, ET.fromstring(ran.stdout)


def texts(tree):
    return [t.text for t in tree.iter(SVG + "text")]


def refuses(code, words, *arguments, env=None):
    ran = run("plot", *arguments, env=env)
    expect(ran.returncode == code and ran.stdout == "" and words in ran.stderr and ran.stderr.count("\n") == 1,
           f"plot {arguments}: exit code {ran.returncode}, not {code}, or no \"{words}\" alone in: {ran.stderr}")


def check_each(plain, swept):
    for figure in FIGURES:
        result = swept if figure == "sweep" else plain
        for width, millimetres in (("single", "84mm"), ("double", "174mm")):
            text, tree = draw(result, figure, "--width", width)
            expect(tree.get("width") == millimetres, f"{figure} is {tree.get('width')} wide, not {millimetres}")
            expect(text == draw(result, figure, "--width", width)[0], f"{figure}: other bytes the second time")
            expect(len(text) < 300000, f"{figure} has {len(text)} bytes")
            names = texts(tree)
            for policy in ("allreduce", "dsgd", "adpsgd", "aau"):
                if (figure, policy) != ("speedup", "allreduce"):
                    expect(policy in names, f"{figure} --width {width}: no name of {policy} among {names}")
            sizes = [float(s) for s in re.findall(r"font-size:([\d.]+)px", text)]
            expect(sizes and min(sizes) >= 7 and max(sizes) <= 8, f"{figure}: text of {sizes} pt")


def change(result, folder, edit):
    """a copy of the result with an edited result.json"""
    copy = folder / "changed"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    document = json.loads((result / "result.json").read_text())
    edit(document)
    (copy / "result.json").write_text(json.dumps(document))
    return copy


def of_policy(document, policy):
    return [r for r in document["runs"] if r["policy"] == policy]


def check_follows(plain, swept, folder):
    """One figure of result.json is another: so is the picture, where it shows it and nowhere else."""
    def later_loss(document):
        for r in of_policy(document, "aau"):
            r["points"][-1]["train_loss_mean_model"] = 50.0

    def wait(document):
        for r in of_policy(document, "dsgd"):
            r["parts_ns"] = dict.fromkeys(r["parts_ns"], 0) | {"wait": 81, "compute": 19}

    def whom(document):
        for r in document["runs"]:
            r["wait_matrix"], r["wait_matrix_rest_s"] = [[3, 5, 0.5 * r["duration_s"]]], 0

    def stale(document):
        for r in of_policy(document, "adpsgd"):
            r["staleness"] |= {"mean": 12.0, "p50": 11, "p99": 30, "max": 37}

    def slow(document):
        for r in of_policy(document, "aau"):
            r["iteration_ns"] |= {"p50": 5 * 10**9, "p99": 6 * 10**9, "p999": 7 * 10**9, "max": 8 * 10**9}

    def swept_metric(document):
        for s in document["summary"]:
            s["metrics"]["gradients_per_s"] |= {"median": 123456.0, "min": 123456.0, "max": 123456.0}

    def late(document):
        for r in of_policy(document, "aau"):
            for p in r["points"]:
                p["time_s"] *= 100

    for result, figure, edit, before, after in (
            (plain, "convergence", later_loss, None, "10"), (plain, "parts", wait, None, "81"),
            (plain, "waits", whom, None, "50 % of the time of the one that waits"),
            (plain, "staleness", stale, None, "max 37"),
            (plain, "percentiles", slow, "iteration time (ms)", "iteration time (s)"),
            (swept, "sweep", swept_metric, None, "100000"), (plain, "speedup", late, None, "0.01")):
        options = ["--metric", "gradients_per_s"] if figure == "sweep" else []
        same = draw(change(result, folder, lambda d: None), figure, *options)[1]
        other = draw(change(result, folder, edit), figure, *options)[1]
        expect(after in texts(other) and after not in texts(same),
               f"{figure} does not follow: no {after} in {texts(other)}")
        expect(before is None or before in texts(same), f"{figure}: no {before} in {texts(same)}")


def check_hostile(plain, folder):
    """Names come from profiles: they are text, whatever they hold."""
    name = "<script>&\"'\u0001]]>--"

    def edit(document):
        for r in of_policy(document, "aau") + [s for s in document["summary"] if s["policy"] == "aau"]:
            r["policy"] = name

    def lengthen(document):
        for r in of_policy(document, "aau"):
            r["policy"] = 30 * "\u00e9m"
            r["points"][3]["train_loss_mean_model"] = 1e308

    long = change(plain, folder, lengthen)
    for figure in FIGURES[:-1]:
        sizes = [float(r.get(side)) for r in draw(long, figure)[1].iter(SVG + "rect") for side in ("width", "height")]
        expect(all(s >= 0 for s in sizes), f"{figure} of a long name has areas of {sorted(sizes)[:3]} pt")
    hostile = change(plain, folder, edit)
    for figure in FIGURES[:-1]:
        text, tree = draw(hostile, figure)
        expect(name.replace("\u0001", "\ufffd") in texts(tree), f"{figure}: {texts(tree)}")
        expect("<script" not in text, f"{figure} lets a name be markup")


def check_large(plain, folder):
    """A million points are drawn as many as show."""
    def edit(document):
        run = document["runs"][0]
        run["points"] = [{"time_s": i / 1e6, "train_loss_mean_model": 1 + i % 7} for i in range(1000000)]
        document["runs"] = [run]

    text, _ = draw(change(plain, folder, edit), "convergence")
    expect(len(text) < 200000 and "<!-- 1000000 points, thinned" in text, f"a million points are {len(text)} bytes")


def check_choice(plain, swept):
    names = texts(draw(plain, "convergence", "--only", "aau,dsgd")[1])
    expect("aau" in names and "dsgd" in names and "adpsgd" not in names, f"--only aau,dsgd: {names}")
    same = [re.findall(r'fill="(#\w+)" stroke="\1"', draw(plain, "convergence", *more)[0])[-1]
            for more in (["--only", "aau"], ["--only", "aau,allreduce"])]
    expect(same[0] == same[1], f"the colour of a policy hangs on what else is drawn: {same}")
    names = texts(draw(swept, "convergence", "--only", "20%")[1])
    expect("aau@20%" in names and "aau@5%" not in names, f"--only 20%: {names}")
    one, all_of_them = (draw(plain, "convergence", *more)[0] for more in (["--seed", "2"], []))
    expect(one != all_of_them and "one seed" in one, "--seed 2 draws more than seed 2")
    names = texts(draw(plain, "percentiles", "--metric", "handle")[1])
    expect(any(n.startswith("sent to seen") for n in names) and not any(n.startswith("iteration") for n in names),
           f"--metric handle: {names}")


def check_several(plain, swept):
    ran = run("plot", plain, swept, "--only", "aau,aau@20%", "--figure", "parts")
    expect(ran.returncode == 0 and ET.fromstring(ran.stdout) is not None, f"two results: {ran.stderr}")
    ran = run("plot", plain, plain, "--figure", "convergence")
    expect(ran.returncode == 0, f"the same result twice: {ran.stderr}")


def check_refusals(plain, swept, folder):
    empty = folder / "empty"
    empty.mkdir()
    refuses(2, "there is no such folder", folder / "nowhere")
    refuses(2, "it holds no result.json", empty)
    refuses(2, "did you mean", plain.parent)
    refuses(2, "unknown figure 'wait'; did you mean 'waits'?", plain, "--figure", "wait")
    refuses(2, "expected one of: convergence", plain, "--figure", "xyzzy")
    refuses(2, "neither single", plain, "--width", "3")
    refuses(2, "ends in .svg, .pdf or .png", plain, "--out", folder / "x.jpg")
    refuses(2, "nothing can be written", plain, "--out", plain / "result.json" / "x.svg")
    refuses(2, "sweeps no key", plain, "--figure", "sweep")
    refuses(2, "did you mean 'adpsgd'?", plain, "--only", "adpsg")
    refuses(2, "did you mean 'wait_share'?", swept, "--figure", "sweep", "--metric", "wait_shar")
    refuses(2, "did you mean 'handle'?", plain, "--figure", "percentiles", "--metric", "handel")
    refuses(2, "does not use --metric", plain, "--figure", "parts", "--metric", "handle")
    refuses(2, "no run of seed 99", plain, "--seed", "99")
    text = (plain / "result.json").read_text()
    (empty / "result.json").write_text(text[:len(text) // 2])
    refuses(2, "result.json:", empty)
    refuses(2, "is half-written", change(plain, folder, lambda d: d.update(complete=False)))
    refuses(2, "no such latency", change(plain, folder, lambda d: [r.pop("iteration_ns") for r in d["runs"]]),
            "--figure", "percentiles", "--metric", "iteration")
    refuses(3, "apt-get install librsvg2-bin", plain, "--out", folder / "x.pdf", env={"PATH": str(folder)})
    expect(not list(folder.glob("x.*")), f"a refusal left {list(folder.glob('x.*'))}")


def check_files(plain, folder):
    ran = run("plot", plain, "--out", folder / "y.svg")
    expect(ran.returncode == 0 and (folder / "y.svg").read_text() == draw(plain, "convergence")[0], ran.stderr)
    if not shutil.which("rsvg-convert"):
        return
    for kind, magic in (("pdf", b"%PDF"), ("png", b"\x89PNG")):
        made = []
        for i in range(2):
            ran = run("plot", plain, "--out", folder / f"{i}.{kind}")
            expect(ran.returncode == 0, ran.stderr)
            made.append((folder / f"{i}.{kind}").read_bytes() if ran.returncode == 0 else b"")
        expect(made[0].startswith(magic) and made[0] == made[1], f"{kind}: none, or other bytes the second time")
        if kind == "pdf":
            box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", made[0])
            expect(box and abs(float(box[1]) - 84 * 72 / 25.4) < 1, f"a pdf of other width than 84 mm: {box}")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = simulate(folder / "plain")
        swept = simulate(folder / "swept", "--set", "sweep={key: inject.0.select.percent, values: [5%, 20%]}")
        check_each(plain, swept)
        check_follows(plain, swept, folder)
        check_hostile(plain, folder)
        check_large(plain, folder)
        check_choice(plain, swept)
        check_several(plain, swept)
        check_refusals(plain, swept, folder)
        check_files(plain, folder)
    listed = [line.split()[0] for line in run("list", "figures").stdout.splitlines()]
    expect(listed == FIGURES, f"list figures: {listed}")
    for line in bad:
        print("figures:", line)
    return 1 if bad else 0


sys.exit(main())
