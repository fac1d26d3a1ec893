#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Hold the documents to what they promise: links and anchors exist, prose is readable, and profiles that they show load.

Usage: doc.py SOURCE DAWDLE
"""
import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

README_BYTES_MAX = 10 * 1024
PROSE_COLUMNS_MAX = 120

source, dawdle = Path(sys.argv[1]), sys.argv[2]
bad = []


def split(text):
    """lines of prose, with their numbers, and the blocks of code as (language, first line, text)"""
    prose, blocks, language, start, block = [], [], None, 0, []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            if language is None:
                language, start, block = line[3:].strip(), number, []
            else:
                blocks.append((language, start, "\n".join(block) + "\n"))
                language = None
        elif language is not None:
            block.append(line)
        else:
            prose.append((number, line))
    return prose, blocks


def anchor(heading):
    """as GitHub makes it: lower case, punctuation gone, a hyphen for each space"""
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).strip().lower()).replace(" ", "-")


def check_links(file, prose):
    for number, line in prose:
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, fragment = target.partition("#")
            there = (file.parent / path).resolve() if path else file
            if not there.exists():
                bad.append(f"{file}:{number}: {target}: no such file")
            elif fragment and fragment not in [anchor(line.lstrip("# ")) for _, line in split(there.read_text())[0]
                                               if line.startswith("#")]:
                bad.append(f"{file}:{number}: {target}: no such heading")


def check_profiles(file, blocks, folder):
    """A block of YAML with a name and policies is a whole profile: it must load. FOLDER is a data set of the reader's."""
    count = 0
    for language, number, text in blocks:
        if language != "yaml" or not re.search(r"^name:", text, re.M) or not re.search(r"^policies:", text, re.M):
            continue
        profile = folder / "shown.yaml"
        profile.write_text(text.replace("path: FOLDER", f"path: {folder}"))
        ran = subprocess.run([dawdle, "run", "--dry-run", str(profile)], capture_output=True, text=True)
        if ran.returncode != 0:
            bad.append(f"{file}:{number}: this profile does not load: {ran.stderr.strip()}")
        count += 1
    return count


def check_columns(folder):
    """results.md names every column of iterations.csv and points.csv, and no other"""
    ran = subprocess.run([dawdle, "sim", "quickstart", "--seed", "1", "--set", "stop.time=20ms", "--set", "data.samples=2000",
                          "--set", "checks=[]", "--out", str(folder / "runs")], capture_output=True, text=True)
    for file in ("iterations.csv", "points.csv"):
        rows = list((folder / "runs").glob("quickstart/*/" + file))
        if ran.returncode != 0 or not rows:
            bad.append(f"dawdle sim quickstart wrote no {file}: {ran.stderr.strip()}")
            continue
        section = (source / "harness/doc/results.md").read_text().split("## Columns of " + file)[1].split("\n## ")[0]
        named = [c for line in section.split("\n") if line.startswith("| `") for c in re.findall(r"`(\w+)`", line.split("|")[1])]
        header = rows[0].read_text().split("\n", 1)[0].split(",")
        if named != header:
            bad.append(f"harness/doc/results.md names the columns {named}, but {file} has {header}")


def check_reading(file):
    """Each `file.c` `function`, `function` of the paths through the code is there."""
    pieces = re.split(r"`([^`]+)`", file.read_text())
    code, named = None, 0
    for before, word in zip(pieces[0::2], pieces[1::2]):
        if re.fullmatch(r"[\w/]+\.[ch]", word):
            code = source / word
            if not code.exists():
                bad.append(f"{file}: {word}: no such file")
                code = None
        elif code and before.strip() in ("", ",") and re.fullmatch(r"\w+", word):
            named += 1
            if not re.search(rf"\b{word}\(", code.read_text()):
                bad.append(f"{file}: {word} is not in {code}")
        else:
            code = None
    if named < 30:
        bad.append(f"{file} names only {named} functions, so nothing was tried")


def save_npy(path, dtype, shape, data):
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)


def main():
    profiles = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = name
        save_npy(folder / "X.npy", "<f4", (2000, 2), struct.pack("<4000f", *(i % 7 for i in range(4000))))
        save_npy(folder / "y.npy", "<i4", (2000,), struct.pack("<2000i", *(i % 3 for i in range(2000))))
        check_columns(folder)
        check_reading(source / "harness/doc/reading.md")
        for file in [source / "README.md", source / "CONTRIBUTING.md", *sorted((source / "harness/doc").glob("*.md")),
                     *sorted((source / "core/policy").glob("*.md")), source / "harness/profiles/paper/RESULTS.md"]:
            prose, blocks = split(file.read_text())
            check_links(file, prose)
            profiles += check_profiles(file, blocks, folder)
            for number, line in prose:
                if len(line) > PROSE_COLUMNS_MAX and not line.startswith("|"):
                    bad.append(f"{file}:{number}: {len(line)} columns, at most {PROSE_COLUMNS_MAX}")
    size = (source / "README.md").stat().st_size
    if size > README_BYTES_MAX:
        bad.append(f"README.md has {size} bytes, at most {README_BYTES_MAX}: the rest belongs to harness/doc/")
    if profiles < 2:
        bad.append(f"only {profiles} whole profiles were found in the documents, so nothing was tried")
    for line in bad:
        print("doc:", line.replace(str(source) + "/", ""))
    print(f"doc: {profiles} profiles shown, {len(bad)} complaints")
    return 1 if bad else 0


sys.exit(main())
