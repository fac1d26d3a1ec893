#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Count what `meson test` ran in a build folder: tests of Criterion programs one by one, every other test as one.

    count.py BUILD SKIPS [--strict]

Prints `passed failed skipped seconds`, and below them what took longest. What was skipped, and why, goes to stderr; with
--strict a skip that SKIPS does not list counts as failed, so that a feature that broke cannot hide behind one. SKIPS: a
name (with * and ?) and a reason a line.
"""
import fnmatch
import json
import os
import sys

LONGEST = 12  # as many of the tests that take 5 s are printed


def expected(path):
    lines = (line.split("#")[0].split() for line in open(path))
    return [words[0] for words in lines if words]


def criterion(test):
    """(passed, failed, [(name, reason)]) of a program's own report, or None."""
    for word in test["command"]:
        if word.startswith("--json="):
            path = word[len("--json="):]
            if not os.path.exists(path) or os.path.getmtime(path) < test["starttime"] - 1:
                return None  # it ended before it could report
            report = json.load(open(path))
            skips = [(suite["name"] + "::" + t["name"], "; ".join(t["messages"]))
                     for suite in report["test_suites"] for t in suite["tests"] if t["status"] == "SKIPPED"]
            return report["passed"], report["failed"] + report["errored"], skips
    return None


def main(build, skips_file, strict):
    known = expected(skips_file)
    passed = failed = 0
    skips = []
    took = []
    begin, end = float("inf"), 0
    for line in open(os.path.join(build, "meson-logs", "testlog.json")):
        test = json.loads(line)
        begin = min(begin, test["starttime"])
        end = max(end, test["starttime"] + test["duration"])
        took.append((test["duration"], test["name"]))
        report = criterion(test)
        if report:
            passed += report[0]
            failed += report[1] or test["result"] not in ("OK", "SKIP")
            skips += report[2]
        elif test["result"] == "OK":
            passed += 1
        elif test["result"] == "SKIP":
            said = (test.get("stdout") or "").strip().splitlines()
            skips.append((test["name"], said[-1] if said else "no reason given"))
        else:
            failed += 1
    unexpected = 0
    for name, reason in skips:
        hit = any(fnmatch.fnmatchcase(name, pattern) for pattern in known)
        unexpected += not hit
        print("%s: %s: %s" % ("skipped" if hit or not strict else "FAILED, for it must not be skipped here", name, reason),
              file=sys.stderr)
    if strict:
        failed += unexpected
    print(passed, failed, len(skips) - unexpected * strict, round(max(end - begin, 0)))
    for seconds, name in sorted(took, reverse=True)[:LONGEST]:
        if seconds >= 5:
            print("%6.0f s  %s" % (seconds, name))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:] == ["--strict"])
