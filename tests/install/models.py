# SPDX-License-Identifier: BSD-3-Clause
"""The final models that `output: {models: true}` keeps are what the evaluation saw, on both clocks. Argument: the program."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy
except ImportError:
    sys.exit(77)

program = os.path.realpath(sys.argv[1])
os.chdir(tempfile.mkdtemp())
policies = ["dsgd", "adpsgd", "allreduce", "sgp"]
bad = []
for command, clock in ("sim", "virtual"), ("run", "live"):
    done = subprocess.run(
        [program, command, "starter", "-q", "--set", "target=", "--set", "checks=", "--set", "seeds=1", "--set",
         f"policies={policies}".replace("'", ""), "--set", "stop=200ms", "--set", f"clock={clock}", "--set",
         "output.models=true"], capture_output=True, text=True)
    if done.returncode != 0:
        bad.append(f"{command}: exit code {done.returncode}: {done.stderr}")
        continue
    folder = Path("runs/starter/latest")
    for run in json.loads((folder / "result.json").read_text())["runs"]:
        policy = run["policy"]
        models = numpy.load(folder / f"models/{policy}-1.npy").astype(float)
        mean = numpy.load(folder / f"models/{policy}-1-mean.npy").astype(float)
        if models.shape != (8, 64 * 64 + 64 + 64 * 10 + 10) or mean.shape != models.shape[1:]:
            bad.append(f"{command} {policy}: shapes {models.shape} and {mean.shape}")
            continue
        distance = ((models - mean) ** 2).sum(1).mean()
        if abs(distance - run["consensus_distance"]) > 1e-6 + 1e-3 * distance:
            bad.append(f"{command} {policy}: distance {distance}, evaluated as {run['consensus_distance']}")
        if policy != "sgp" and abs(models.mean(0) - mean).max() > 1e-5:  # the mean of push-sum is weighted
            bad.append(f"{command} {policy}: the mean is another one")
refused = subprocess.run([program, "run", "null", "--set", "output.models=true"], capture_output=True, text=True)
if refused.returncode != 2 or "no parameters that could be kept" not in refused.stderr:
    bad.append(f"null: {refused.returncode} {refused.stderr}")
for one in bad:
    print(one)
sys.exit(1 if bad else 0)
