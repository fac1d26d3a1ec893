#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""embed.py NAME=FILE…: each file as a C string with its SHA-256; NAME= alone is an empty one. Prints C."""
import base64
import hashlib
import sys


def literal(data):
    """As numbers: compilers promise no room for strings of this length."""
    lines = [", ".join(str(b - 256 if b > 127 else b) for b in data[at:at + 32]) for at in range(0, len(data), 32)]
    return "".join(f"    {line},\n" for line in lines) + "    0,\n"


print('/* made by embed.py */\n#include "harness/page/assets.h"\n')
for argument in sys.argv[1:]:
    name, _, path = argument.partition("=")
    data = open(path, "rb").read() if path else b""
    if b"</script" in data.lower():
        sys.exit(f"{path}: ends a script element")
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    print(f'static const char {name}[] = {{\n{literal(data)}}};')
    print(f'const struct page_asset page_asset_{name} = {{{name}, "sha256-{digest}"}};')
