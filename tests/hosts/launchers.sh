#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Ranks that a cluster's launcher starts: they find each other through it, and end with one result that is whole.
set -u
. "$(dirname "$0")/lib.sh"

for launcher in "mpirun.openmpi --allow-run-as-root --oversubscribe" "mpiexec.mpich"; do
    name=${launcher%% *}
    command -v "$name" >/dev/null || skip "$name is not installed: ranks that it starts cannot be tried"
    # shellcheck disable=SC2086
    try $launcher -n 2 "$program" run "$profile" -q --out "$work/$name" --set policies="[dsgd,agp]" --set workers.count=4
    expect_code 0 "$launcher"
    expect_whole "$(latest "$work/$name")" 2 memif "$launcher"
done
end
