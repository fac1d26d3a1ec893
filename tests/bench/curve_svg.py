#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draw a result as SVG: training loss against time per policy, and beside it where the time went.

Usage: curve_svg.py RESULT.json > FILE.svg     (the picture in README.md is made of a quickstart)

Loss is the mean model's, median over seeds with the range behind it, on a logarithmic axis that holds every value
drawn. Time is split as in `parts_ns`, the parts of all seeds added up.
"""
import html
import json
import math
import statistics
import sys

WIDTH, HEIGHT, TOP, BOTTOM, LEFT = 940, 350, 56, 48, 58
PLOT_RIGHT, BARS_LEFT, BARS_RIGHT = 486, 670, 920
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"]  # Okabe and Ito: safe for the colour-blind
PARTS = [("compute", "computing", "#4477aa"), ("injected", "delayed on purpose", "#ee8866"),
         ("wait", "waiting", "#bbbbbb"), (None, "everything else", "#44bb99")]


def curves(runs):
    """policy -> list of (time, [loss per seed]), without the points where nothing was judged"""
    out = {}
    for run in runs:
        for i, point in enumerate(run["points"]):
            if point["train_loss_mean_model"] is not None:
                rows = out.setdefault(run["policy"], {})
                rows.setdefault(i, []).append((point["time_s"], point["train_loss_mean_model"]))
    return {p: [(statistics.median(t for t, _ in at), [v for _, v in at]) for _, at in sorted(rows.items())]
            for p, rows in out.items()}


def round_ticks(low, high):
    """1, 2 and 5 times powers of ten that lie in [low, high]"""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [m * 10.0 ** d for d in decades for m in (1, 2, 5) if low <= m * 10.0 ** d <= high]


def axis_ticks(high):
    """0, a round step and its multiples up to high: at most six"""
    step = next(s for s in round_ticks(high / 1000, high * 10) if high / s <= 6)
    return [k * step for k in range(int(high / step + 1e-9) + 1)]


def text(x, y, words, anchor="start", fill="#333", more=""):
    print(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" {more}>{html.escape(words)}</text>')


def line(x1, y1, x2, y2, stroke="#ddd", more=""):
    print(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" {more}/>')


def draw_loss(data, colour, target):
    t_max = max(rows[-1][0] for rows in data.values())
    values = [v for rows in data.values() for _, at in rows for v in at] + ([target] if target else [])
    low, high = min(values) * 0.97, max(values) * 1.03
    bottom = HEIGHT - BOTTOM

    def x(t):
        return LEFT + t / t_max * (PLOT_RIGHT - LEFT)

    def y(v):
        return TOP + math.log(high / v) / math.log(high / low) * (bottom - TOP)

    for v in round_ticks(low, high):
        line(LEFT, y(v), PLOT_RIGHT, y(v))
        text(LEFT - 8, y(v) + 4, f"{v:g}", "end")
    for t in axis_ticks(t_max):
        line(x(t), bottom, x(t), bottom + 4, "#888")
        text(x(t), bottom + 18, f"{t:g}", "middle")
    line(LEFT, bottom, PLOT_RIGHT, bottom, "#888")
    text((LEFT + PLOT_RIGHT) / 2, HEIGHT - 10, "time since the start of training (s)", "middle")
    text(0, 0, "training loss of the mean model", "middle", more=f'transform="translate(14 {(TOP + bottom) / 2}) rotate(-90)"')
    if target:
        line(LEFT, y(target), PLOT_RIGHT, y(target), "#333", 'stroke-dasharray="5 4"')
        text(PLOT_RIGHT - 4, y(target) - 5, f"target {target:.3g}", "end", more='font-size="11"')
    ends = []
    for policy, rows in data.items():
        upper = " ".join(f"{x(t):.1f},{y(max(v)):.1f}" for t, v in rows)
        lower = " ".join(f"{x(t):.1f},{y(min(v)):.1f}" for t, v in reversed(rows))
        middle = " ".join(f"{x(t):.1f},{y(statistics.median(v)):.1f}" for t, v in rows)
        print(f'<polygon points="{upper} {lower}" fill="{colour[policy]}" opacity="0.15"/>'
              f'<polyline points="{middle}" fill="none" stroke="{colour[policy]}" stroke-width="2"/>')
        ends.append([y(statistics.median(rows[-1][1])), policy, statistics.median(rows[-1][1])])
    ends.sort()
    for i in range(1, len(ends)):  # labels at the curves' ends, pushed apart
        ends[i][0] = max(ends[i][0], ends[i - 1][0] + 15)
    shift = max(0, ends[-1][0] - bottom)
    for at, policy, value in ends:
        text(PLOT_RIGHT + 8, at - shift + 4, f"{policy} {value:.3f}", fill=colour[policy], more='font-weight="bold"')


def draw_parts(runs, policies, colour):
    bottom = HEIGHT - BOTTOM
    span = (bottom - TOP - 44) / len(policies)
    for k in range(5):
        at = BARS_LEFT + k / 4 * (BARS_RIGHT - BARS_LEFT)
        line(at, TOP, at, bottom - 44)
        text(at, bottom - 28, f"{25 * k}", "middle")
    text((BARS_LEFT + BARS_RIGHT) / 2, bottom - 10, "% of the workers' time", "middle")
    for i, policy in enumerate(policies):
        mine = [run for run in runs if run["policy"] == policy]
        whole = sum(run["total_ns"] for run in mine)
        left, rest = BARS_LEFT, 1.0
        text(BARS_LEFT - 6, TOP + (i + 0.5) * span + 4, policy, "end", colour[policy], 'font-weight="bold"')
        for name, _, fill in PARTS:
            share = sum(run["parts_ns"][name] for run in mine) / whole if name else max(rest, 0)
            rest -= share
            width = share * (BARS_RIGHT - BARS_LEFT)
            print(f'<rect x="{left:.1f}" y="{TOP + (i + 0.18) * span:.1f}" width="{width:.1f}" height="{0.64 * span:.1f}" '
                  f'fill="{fill}"/>')
            left += width
    for i, (_, words, fill) in enumerate(PARTS):
        at = BARS_LEFT - 60 + (i % 2) * 150
        down = bottom + 14 + (i // 2) * 18
        print(f'<rect x="{at}" y="{down - 10}" width="11" height="11" fill="{fill}"/>')
        text(at + 16, down, words)


def main():
    result = json.load(open(sys.argv[1]))
    runs = result["runs"]
    data = curves(runs)
    if not data:
        sys.exit("no losses in this result: nothing was judged")
    colour = {policy: COLOURS[i % len(COLOURS)] for i, policy in enumerate(data)}
    target = next((run["target_value"] for run in runs if run.get("target_value") is not None), None)
    seeds = len({run["seed"] for run in runs})
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">')
    print('<rect width="100%" height="100%" fill="white"/>')
    text(LEFT, 20, f"{result['profile']}: loss over time", fill="#111", more='font-size="14" font-weight="bold"')
    text(LEFT, 38, f"median of {seeds} seeds, range shaded, log axis" if seeds > 1 else "one seed, log axis", fill="#555")
    text(BARS_LEFT - 60, 20, "where the time went", fill="#111", more='font-size="14" font-weight="bold"')
    draw_loss(data, colour, target)
    draw_parts(runs, list(data), colour)
    print("</svg>")


main()
