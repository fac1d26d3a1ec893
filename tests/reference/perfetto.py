# SPDX-License-Identifier: BSD-3-Clause
"""trace.pftrace has every iteration, part, fault, hole and evaluation of the files beside it, as protoc reads it.

Arguments: the program, perfetto.proto, a virtual profile with faults.
"""
import collections
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

PARTS = ["load", "compute", "injected", "publish", "wait", "mix", "judge", "held", "rest"]
CATEGORY = dict(zip(PARTS, ["work", "work", "injected", "work", "wait", "work", "overhead", "overhead", "overhead"]))
STATE_CLEARED, NEEDS_STATE = 1, 2


def unpacked(trace):
    """The packets that chunks hold, one behind the other; each chunk as small as Perfetto wants it."""
    def varint(data, at):
        value = shift = 0
        while True:
            value |= (data[at] & 0x7f) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                return value, at
    out, at = [], 0
    while at < len(trace):
        assert trace[at] == 0x0a, "a packet of Trace"
        length, begin = varint(trace, at + 1)
        assert length < 512 << 10
        assert trace[begin:begin + 2] == b"\x92\x03", "field 50, compressed_packets"
        packed, inner = varint(trace, begin + 2)
        assert inner + packed == begin + length
        out.append(zlib.decompress(trace[inner:inner + packed]))
        at = begin + length
    return b"".join(out)


def decode(proto, data):
    """The text that protoc makes of it, as nested dicts of lists. A field without a name is not ours."""
    text = subprocess.run(["protoc", "--proto_path", str(proto.parent), "--decode=perfetto.protos.Trace", proto.name],
                          input=data, capture_output=True, check=True).stdout.decode()
    stack = [collections.defaultdict(list)]
    for line in text.splitlines():
        line = line.strip()
        if line == "}":
            stack.pop()
        elif line.endswith(" {"):
            stack.append(collections.defaultdict(list))
            stack[-2][line[:-2]].append(stack[-1])
        else:
            name, value = line.split(": ", 1)
            stack[-1][name].append(json.loads(value) if value[0] == '"' else value)
        assert not re.match(r"\d", line), f"unknown field: {line}"
    return stack[0]["packet"]


class Trace:
    """Tracks with their slices, moments and values, checked as a viewer has to."""

    def __init__(self, packets):
        names = {key: {} for key in ("event_categories", "event_names", "debug_annotation_names")}
        self.track, self.slices, self.moments, self.values = {}, [], [], collections.defaultdict(list)
        stack, last, pids = collections.defaultdict(list), {}, set()
        assert int(packets[0]["sequence_flags"][0]) == STATE_CLEARED and packets[0]["first_packet_on_sequence"]
        for number, packet in enumerate(packets):
            assert packet["trusted_packet_sequence_id"] == ["1"]
            for data in packet["interned_data"]:
                assert number == 0, "names are told once"
                for key, table in names.items():
                    table.update((int(entry["iid"][0]), entry["name"][0]) for entry in data[key])
            for of in packet["track_descriptor"]:
                uuid = int(of["uuid"][0])
                assert uuid not in self.track and 0 < uuid < 2 ** 31
                parent = int(of["parent_uuid"][0]) if of["parent_uuid"] else None
                assert parent is None or self.track[parent]["process"], "the process comes first"
                of["parent"] = parent
                for process in of["process"]:
                    assert process["pid"] == [str(uuid)]
                for thread in of["thread"]:
                    assert thread["tid"] == [str(uuid)] and thread["pid"] == [str(parent)]
                self.track[uuid] = of
            for event in packet["track_event"]:
                uuid, at = int(event["track_uuid"][0]), int(packet["timestamp"][0])
                assert uuid in self.track and packet["sequence_flags"] == [str(NEEDS_STATE)]
                kind = event["type"][0]
                what = {"track": uuid, "at": at, "depth": len(stack[uuid])}
                for iid in event["name_iid"]:
                    what["name"] = names["event_names"][int(iid)]
                    what["category"], = [names["event_categories"][int(c)] for c in event["category_iids"]]
                for note in event["debug_annotations"]:
                    value, = note["uint_value"] + note["double_value"] + note["string_value"]
                    what[names["debug_annotation_names"][int(note["name_iid"][0])] + "="] = value
                if kind == "TYPE_COUNTER":
                    assert self.track[uuid]["counter"]
                    self.values[uuid].append((at, float(event["double_counter_value"][0])))
                    continue
                assert at >= last.get(uuid, 0), "time goes on along a track"
                last[uuid] = at
                if kind == "TYPE_SLICE_BEGIN":
                    what["parent"] = stack[uuid][-1] if stack[uuid] else None
                    stack[uuid].append(what)
                elif kind == "TYPE_SLICE_END":
                    assert stack[uuid], "an end without a begin"
                    stack[uuid][-1]["end"] = at
                    self.slices.append(stack[uuid].pop())
                else:
                    assert kind == "TYPE_INSTANT" and "name" in what
                    self.moments.append(what)
        assert not any(stack.values()), "a begin without an end"

    def process(self, name):
        found, = [u for u, of in self.track.items() if of["process"] and of["process"][0]["process_name"] == [name]]
        return found

    def within(self, process):
        return {uuid for uuid, of in self.track.items() if of["parent"] == process}

    def thread(self, process, name):
        return {u for u in self.within(process) if [t["thread_name"] for t in self.track[u]["thread"]] == [[name]]}


def rows_of(folder, name, policy, seed):
    path = folder / name
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return [row for row in csv.DictReader(file) if (row["policy"], row["seed"]) == (policy, seed)]


def tenths(text):
    whole, tenth = text.split(".")
    return (int(whole) * 10 + int(tenth)) * 100


def check_iterations(trace, process, rows, central):
    seen = [s for s in trace.slices if trace.track[s["track"]]["parent"] == process and s["category"] in
            ("iteration", *CATEGORY.values())]
    whole = collections.defaultdict(list)
    inside = collections.defaultdict(dict)
    for piece in seen:
        if piece["name"] == "iteration":
            assert piece["depth"] == 0
            whole[piece["track"]].append(piece)
        else:
            assert piece["depth"] == 1 and piece["parent"]["name"] == "iteration"
            assert piece["category"] == CATEGORY[piece["name"]] and piece["end"] > piece["at"]
            inside[id(piece["parent"])][piece["name"]] = (piece["at"], piece["end"])
    expected = collections.defaultdict(list)
    for row in rows:
        expected[int(row["worker"])].append(row)
    assert len(rows) == sum(map(len, whole.values())) > 0
    for worker, of in expected.items():
        track, = trace.thread(process, f"worker {worker}" + (" (server)" if central and worker == 0 else ""))
        assert len(of) == len(whole[track])
        for row, piece in zip(of, whole[track]):
            when = int(row["start_ns"]), int(row["total_ns"])
            assert (piece["at"], piece["end"] - piece["at"]) == when, (row, piece)
            assert piece["iteration="] == row["iteration"] and piece["mixed_with="] == row["mixed_with"]
            loss = piece.get("batch_loss=")
            if row["batch_loss"] == "":
                assert loss is None
            else:
                assert abs(float(loss) - float(row["batch_loss"])) <= 1e-5 * abs(float(loss))
            at = piece["at"]
            for part in PARTS:
                length = tenths(row[part + "_us"])
                begin, end = inside[id(piece)].get(part, (at, at))
                assert (begin, end) == (at, at + length), (part, row, inside[id(piece)])
                at = end
            assert at <= piece["end"]


def check_run(trace, run, folder, clock):
    policy, seed = run["policy"], str(run["seed"])
    if run["sweep"]:
        policy += "@" + run["sweep"]["value"]
    process = trace.process(f"{policy}, seed {seed}")
    rows = rows_of(folder, "iterations.csv", policy, seed)
    check_iterations(trace, process, rows, run["workers"] != run["workers_computing"])
    about, = [m for m in trace.moments if m["track"] == process]
    assert about["name"] == "about this run" and about["drawn="] == "all of them"
    assert (about["policy="], about["seed="], about["clock="]) == (policy, seed, clock)
    assert int(about["iterations_logged="]) == len(rows) == run["iterations_logged"]

    faults = [s for s in trace.slices if s["category"] == "fault" and trace.track[s["track"]]["parent"] == process]
    assert len(faults) == len(run.get("faults", []))
    for fault in run.get("faults", []):
        piece, = [s for s in faults if (s["name"], s["worker="]) == (fault["kind"], str(fault["worker"]))]
        until = run["duration_s"] if fault["back_s"] is None else fault["back_s"]
        assert abs(piece["at"] - fault["at_s"] * 1e9) < 2 and abs(piece["end"] - until * 1e9) < 2
        assert ("end=" in piece) == (fault["back_s"] is None)
        noticed = [m["at"] for m in trace.moments if m["track"] == piece["track"]]
        assert len(noticed) == (fault["noticed_s"] is not None), (fault, noticed)
        assert all(abs(at - fault["noticed_s"] * 1e9) < 2 for at in noticed)

    holes = rows_of(folder, "stolen.csv", policy, seed)
    drawn = [s for s in trace.slices if s["category"] == "stolen" and trace.track[s["track"]]["parent"] == process]
    cores = [(trace.track[s["track"]]["thread"][0]["thread_name"][0], s["at"], s["end"] - s["at"]) for s in drawn]
    assert sorted(cores) == sorted((f"core {h['core']}, taken by others", int(h["start_ns"]), int(h["length_ns"]))
                                   for h in holes)
    points = rows_of(folder, "points.csv", policy, seed)
    for name, column in (("training loss (nats)", "train_loss_mean_model"),
                         ("held-out loss (nats)", "heldout_loss_mean_model"),
                         ("held-out accuracy", "heldout_accuracy_mean_model"),
                         ("consensus distance", "consensus_distance")):
        tracks = [u for u in trace.within(process) if trace.track[u]["name"] == [name]]
        values = trace.values[tracks[0]] if tracks else []
        wanted = [(float(p["time_s"]) * 1e9, float(p[column])) for p in points if p[column]]
        assert len(values) == len(wanted) > 0
        for (at, value), (time, other) in zip(values, wanted):
            assert abs(at - time) <= 1 + 1e-8 * time and abs(value - other) <= 1e-8 * abs(other)
    return len(rows), len(holes), len(faults)


def main():
    program, proto, profile = (Path(os.path.realpath(argument)) for argument in sys.argv[1:4])
    if not shutil.which("protoc"):
        print("needs protoc (package protobuf-compiler)")
        sys.exit(77)
    os.chdir(tempfile.mkdtemp())
    sums = collections.Counter()
    for clock, line in (("virtual", ["sim", profile]),
                        ("virtual", ["sim", profile, "--set", "sweep={key: train.batch, values: [4, 8]}", "--set",
                                     "faults=", "--set", "inject=", "--set", "policies=[asgd, allreduce]"]),
                        ("live", ["run", "starter", "--set", "seeds=1", "--set", "stop=300ms", "--set", "target=",
                                  "--set", "checks=", "--set", "clock=live", "--set", "policies=[dsgd, asgd]"])):
        done = subprocess.run([program, *line, "-q", "--out", clock], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        name = "starter" if clock == "live" else profile.stem
        folder = Path(clock) / name / "latest"
        data = (folder / "trace.pftrace").read_bytes()
        trace = Trace(decode(proto, unpacked(data)))
        result = json.loads((folder / "result.json").read_text())
        total = 0
        for run in result["runs"]:
            rows, holes, faults = check_run(trace, run, folder, clock)
            total += rows
            sums.update({f"{clock} rows": rows, f"{clock} holes": holes, f"{clock} faults": faults})
        assert len([t for t in trace.track.values() if t["process"]]) == len(result["runs"]) > 1
        assert result["trace"] == {"iterations_drawn": total, "iterations_left_out": 0}
    print(dict(sums))
    assert sums["virtual faults"] >= 3 and sums["virtual rows"] > 5000 and sums["live rows"] > 16

    done = subprocess.run([program, "sim", profile, "-q", "--out", "off", "--set", "output.trace=false"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = Path("off") / profile.stem / "latest"
    assert not (folder / "trace.pftrace").exists() and json.loads((folder / "result.json").read_text())["trace"] is None


main()
