#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draw the training-loss curves of a result as SVG: median over seeds, with the range behind it.

Usage: curve_svg.py RESULT.json > FILE.svg     (the picture in README.md is made of a quickstart)
"""
import json
import statistics
import sys

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 330, 62, 44, 150, 44
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"]  # Okabe and Ito: safe for the colour-blind


def curves(runs):
    """policy -> list of (time, [loss per seed])"""
    out = {}
    for run in runs:
        for i, point in enumerate(run["points"]):
            if point["train_loss_mean_model"] is not None:
                rows = out.setdefault(run["policy"], {})
                rows.setdefault(i, []).append((point["time_s"], point["train_loss_mean_model"]))
    return {p: [(statistics.median(t for t, _ in at), [v for _, v in at]) for _, at in sorted(rows.items())]
            for p, rows in out.items()}


def main():
    result = json.load(open(sys.argv[1]))
    data = curves(result["runs"])
    t_max = max(row[0] for rows in data.values() for row in rows)
    low = min(min(row[1]) for rows in data.values() for row in rows)
    high = max(statistics.median(row[1]) for rows in data.values() for row in rows[2:])

    def x(t):
        return LEFT + t / t_max * (WIDTH - LEFT - RIGHT)

    def y(v):
        return TOP + (high - min(v, high)) / (high - low) * (HEIGHT - TOP - BOTTOM)

    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">')
    print('<rect width="100%" height="100%" fill="white"/>')
    print(f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold" fill="#222">{result["profile"]}: '
          'training loss of the mean model over time, median and range over seeds</text>')
    for k in range(5):
        v = low + (high - low) * k / 4
        print(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="#ddd"/>'
              f'<text x="{LEFT - 8}" y="{y(v) + 4:.1f}" text-anchor="end" fill="#444">{v:.2f}</text>')
    for k in range(int(t_max * 2 + 0.01) + 1):
        print(f'<text x="{x(k / 2):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#444">{k / 2:g}</text>')
    print(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle" fill="#444">seconds</text>')
    ends = []
    for (policy, rows), colour in zip(data.items(), COLOURS):
        rows = rows[1:]
        upper = " ".join(f"{x(t):.1f},{y(max(v)):.1f}" for t, v in rows)
        lower = " ".join(f"{x(t):.1f},{y(min(v)):.1f}" for t, v in reversed(rows))
        line = " ".join(f"{x(t):.1f},{y(statistics.median(v)):.1f}" for t, v in rows)
        print(f'<polygon points="{upper} {lower}" fill="{colour}" opacity="0.15"/>'
              f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        ends.append([y(statistics.median(rows[-1][1])), policy, statistics.median(rows[-1][1]), colour])
    ends.sort()
    for i, end in enumerate(ends):  # labels at the curves' ends, pushed apart
        end[0] = max(end[0], ends[i - 1][0] + 15) if i else end[0]
    shift = max(0, ends[-1][0] - (HEIGHT - BOTTOM)) if ends else 0
    for at, policy, value, colour in ends:
        print(f'<text x="{WIDTH - RIGHT + 8}" y="{at - shift + 4:.1f}" fill="{colour}" font-weight="bold">{policy} {value:.3f}</text>')
    print("</svg>")


main()
