#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Enumerators that nobody emits: a header declares them, a `case` may wait for them, but no code says them.

Usage: enumerators.py SOURCE
"""
import re
import sys
from pathlib import Path

# What counts the others, and what only tests draw from.
NO_WORDS = re.compile(r"_(COUNT|COUNTS|KINDS|CAUSES|CLASSES|SECTIONS|HISTS|MAX|NONE)$|^RNG_TEST$")
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.S)

source = Path(sys.argv[1])
declared, said, count = {}, set(), 0
for room in ("core", "net", "topo", "harness"):
    for file in sorted(source.glob(f"{room}/**/*.[ch]")):
        text = COMMENT_OR_TEXT.sub(" ", file.read_text())
        for body in re.findall(r"\benum(?:\s+\w+)?\s*\{([^}]*)\}", text):
            for piece in body.split(",")[1:]:  # the first one is what zeroed memory says
                name = piece.split("=")[0].strip()
                if file.suffix == ".h" and re.fullmatch(r"[A-Z][A-Z0-9_]+", name):
                    declared.setdefault(name, file)
        text = re.sub(r"\benum(?:\s+\w+)?\s*\{[^}]*\}", " ", text)
        text = re.sub(r"\bcase\s+\w+\s*:", " ", text)
        said.update(re.findall(r"\b[A-Z][A-Z0-9_]+\b", text))
        count += 1
idle = [f"{file.relative_to(source)}: nobody says {name}" for name, file in declared.items()
        if name not in said and not NO_WORDS.search(name)]
for line in idle:
    print("enumerators:", line)
if count < 100 or len(declared) < 100:
    idle.append("")
    print(f"enumerators: only {len(declared)} in {count} files were found, so nothing was looked at")
sys.exit(1 if idle else 0)
