# SPDX-License-Identifier: BSD-3-Clause
# captured.py DISSECTOR RESULT FILE… [--cable FILE…]: are these the captures of a run by `dawdle run --capture`, one FILE for each
# process in order? Frames are read by tshark with the dissector that is shipped, all checksums looked at. Behind --cable, what
# listened where the frames of process 0 came out, then those of process 1. Ends with the first sentence that does not hold.
import json
import subprocess
import sys

BAD = " || ".join(["dawdle.fault", "dawdle.checksum_bad", "_ws.malformed", "_ws.lua.error", "ip.checksum.status == Bad",
                   "udp.checksum.status == Bad"])
FIELDS = {"from": "dawdle.from", "session": "dawdle.session", "counter": "dawdle.counter", "kind": "dawdle.type",
          "chunk": "dawdle.length", "resent": "dawdle.flags.resent", "direction": "frame.packet_flags_direction",
          "run": "frame.interface_id", "at": "frame.time_epoch", "address": "ip.src", "ip_sum": "ip.checksum.status",
          "udp_sum": "udp.checksum.status"}
IN, OUT, DATA, GOOD, NOT_PRESENT = 1, 2, 3, "1", "3"
dissector = sys.argv[1]


def tshark(path, *options):
    command = ["tshark", "-X", "lua_script:" + dissector, "-o", "udp.try_heuristic_first:TRUE", "-o",
               "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-r", path, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def check(holds, sentence):
    if not holds:
        sys.exit("FAIL: " + sentence)


def read(path):
    bad = tshark(path, "-Y", BAD)
    check(not bad, f"{path}: sound frames are called malformed: {bad[:3]}")
    options = [option for field in FIELDS.values() for option in ("-e", field)]
    rows = [dict(zip(FIELDS, line.split("\t"))) for line in tshark(path, "-T", "fields", *options)]
    for row in rows:
        row["direction"] = int(row["direction"] or "0", 0)
        row["frame"] = tuple(row[name] for name in ("from", "session", "counter", "kind", "chunk"))
    return rows


def frames(rows):
    return sorted(row["frame"] for row in rows)


def check_sums(path, rows, udp_sum):
    check(all(row["ip_sum"] == GOOD and row["udp_sum"] == udp_sum for row in rows), f"{path}: checksums")


split = sys.argv.index("--cable") if "--cable" in sys.argv else len(sys.argv)
files, cables = sys.argv[3:split], sys.argv[split + 1:]
with open(sys.argv[2] + "/result.json") as file:
    runs = [run["frames"] for run in json.load(file)["runs"]]
count = {name: sum(run[name] for run in runs) for name in ("sent", "received", "refused", "resent", "captured")}
check(count["sent"] > 300, f"hardly any frames: {count}")

captured = [read(path) for path in files]
sent, received = {}, {}
for process, (path, rows) in enumerate(zip(files, captured)):
    check(all(row["from"] for row in rows), f"{path}: frames that are none of ours")
    check_sums(path, rows, NOT_PRESENT)
    for row in rows:
        out = int(row["from"]) == process
        check(row["direction"] == (OUT if out else IN), f"{path}: the direction of {row}")
        check(row["address"] == "198.18.0." + row["from"], f"{path}: the address of {row}")
        (sent if out else received)[row["frame"]] = row
    for run in range(len(runs)):
        check(sum(row["kind"] == str(DATA) and row["run"] == str(run) for row in rows) > 10, f"{path}: run {run} has no data")
check(len(sent) == count["sent"], f"{len(sent)} frames went out, the runs have counted {count}")
check(len(received) == count["received"] + count["refused"], f"{len(received)} frames came, the runs have counted {count}")
check(sum(map(len, captured)) == count["captured"], f"{sum(map(len, captured))} frames are in files, the runs say {count}")
resent = sum(row["resent"] in ("1", "True") for row in sent.values())
check(resent == count["resent"], f"{resent} frames went again, the runs have counted {count}")
for frame, row in received.items():
    check(frame in sent, f"{row} came, and nobody sent it")
    check(sent[frame]["at"] <= row["at"], f"{row} came before it was sent at {sent[frame]['at']}")

for process, path in enumerate(cables):
    rows = [row for row in read(path) if row["from"] == str(process)]
    check_sums(path, rows, GOOD if runs[0]["link"] == "udp" else NOT_PRESENT)
    mine = [row for row in captured[process] if row["direction"] == OUT]
    check(frames(rows) == frames(mine), f"{path}: {len(rows)} frames on the cable, {len(mine)} written by process {process}")
    its = [row["frame"] for row in captured[1 - process] if row["direction"] == IN]
    check(set(its) <= set(frames(rows)), f"{path}: frames came that are not on the cable")
