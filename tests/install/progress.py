# SPDX-License-Identifier: BSD-3-Clause
"""How far a long command is: one rewritten line with the time that is left on a terminal, plain lines elsewhere, nothing with
--quiet. Argument: the program."""
import os
import pty
import re
import subprocess
import sys
import tempfile
import time

program = os.path.realpath(sys.argv[1])
os.chdir(tempfile.mkdtemp())
sim = [program, "sim", "quickstart", "--set", "policies=dsgd", "--set", "target=", "--set", "checks=",
       "--repeat", "6"]
bad = []


def on_terminal(command):
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execv(command[0], command)
    text = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        text += more
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        bad.append(f"{command}: exit code {code}: {text.decode(errors='replace')}")
    return text.decode(errors="replace")


began = time.monotonic()
text = on_terminal(sim + ["--set", "stop=2s"])
took = time.monotonic() - began
lines = text.split("\r\033[K")
if took > 4 and not any(re.match(r"dawdle: \[\d/6\], about \d+ s left: dsgd", line) for line in lines):
    bad.append(f"no rewritten line with the time that is left: {lines[:5]}")
if any("\n" in line for line in lines[1:-1]):  # the table follows the last
    bad.append("the line is not rewritten in its place")
if "\r\033[K" in on_terminal(sim + ["-q", "--set", "stop=20ms"]):
    bad.append("--quiet does not silence it")

plain = subprocess.run(sim + ["--set", "stop=20ms"], capture_output=True, text=True)
if "\033" in plain.stderr or plain.stderr.count("\ndawdle: [") != 5:
    bad.append(f"not a plain line per run: {plain.stderr}")
for one in bad:
    print(one)
sys.exit(1 if bad else 0)
