#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""No struct has more members than a reader can hold at once: those of a subject belong in a struct of their own.

Counted are the declarators at the top level of each named struct of a header: `a, b` are two, a nested struct or union is
one, whatever is in it. Argument: the source root.
"""
import pathlib
import re
import sys

MOST = 40
# Those that are larger may only shrink.
LARGER = {"aau": 42, "sim": 84, "sim_node": 64}


def bare(text):
    """Without comments, directives and attributes."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", " ", text, flags=re.M)
    return re.sub(r"_Alignas\([^()]*\)|__attribute__\(\(.*?\)\)", " ", text)


def body(text, start):
    """What stands between the brace at `start` and the one that closes it."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[start + 1:at]
    raise ValueError("a brace is not closed")


def members(inside):
    """Declarators at the top level: no comma or semicolon within brackets of any kind counts."""
    depth, count, some = 0, 0, False
    for letter in inside:
        depth += (letter in "{([") - (letter in "})]")
        if depth == 0 and letter in ",;":
            count += some
            some = False
        elif not letter.isspace():
            some = True
    return count


def main(root):
    found, bad = {}, False
    for room in ("core", "net", "topo", "harness", "tests/random"):
        for path in sorted((root / room).rglob("*.h")):
            text = bare(path.read_text())
            for match in re.finditer(r"\bstruct (\w+)\s*\{", text):
                found[match.group(1)] = (members(body(text, match.end() - 1)), path.relative_to(root))
    if len(found) < 200:
        print(f"only {len(found)} structs were found, so they were not looked at")
        bad = True
    for name, (count, path) in sorted(found.items()):
        most = LARGER.get(name, MOST)
        if count > most:
            print(f"{path}: struct {name} has {count} members, at most {most}")
            bad = True
    return bad


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
