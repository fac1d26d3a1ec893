#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What the environment says: launchers that start several processes, hwloc's variables, no HOME, no /sys. Each is one
# sentence that names the variable or the folder.
set -u
. "$(dirname "$0")/lib.sh"

# Launchers. Only the first process speaks, all end with 3, and nothing is written.
for size in OMPI_COMM_WORLD_SIZE=2 PMI_SIZE=4 MV2_COMM_WORLD_SIZE=2 SLURM_STEP_NUM_TASKS=8 FLUX_JOB_SIZE=2 PMIX_RANK=1 \
    'SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_NTASKS=2'; do
    for command in run sim tune; do
        # shellcheck disable=SC2086
        try env $size "$program" $command "$profile" --out "$work/ranks"
        expect_code 3 "$command with $size"
        [ "$(grep -c . "$work/err")" = 1 ] || fail "$command with $size: not one sentence" "$work/err"
        sentence="this is work for one"
        [ $command = run ] && sentence="whose launcher does not bring them together"
        expect_says err "$sentence" "$command with $size"
    done
done
try env OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=1 "$program" run "$profile" --out "$work/ranks"
expect_code 3 "the second process"
[ ! -s "$work/err" ] || fail "the second process speaks too" "$work/err"
[ ! -e "$work/ranks" ] || fail "something was written by one of several processes"

# One process, and shells of allocations; commands that compute nothing go anywhere.
for size in OMPI_COMM_WORLD_SIZE=1 SLURM_NTASKS=8 'SLURM_NTASKS=8 SLURM_PROCID=0' 'SLURM_STEP_ID=4294967290 SLURM_PROCID=0
 SLURM_STEP_NUM_TASKS=1 SLURM_NTASKS=8' PMIX_RANK=0; do
    # shellcheck disable=SC2086
    try env $size "$program" sim "$profile" -q --out "$work/one"
    expect_code 0 "sim with $size"
done
try env OMPI_COMM_WORLD_SIZE=2 "$program" sim "$profile" --dry-run
expect_code 0 "--dry-run under mpirun"
try env OMPI_COMM_WORLD_SIZE=2 "$program" list policies
expect_code 0 "list under mpirun"

# hwloc's variables.
try env HWLOC_XMLFILE="$here/../machines/two-socket.xml" "$program" run "$profile" --out "$work/hwloc"
expect_code 3 "HWLOC_XMLFILE"
expect_says err "HWLOC_XMLFILE describes a machine" "HWLOC_XMLFILE"
expect_says err "HWLOC_THISSYSTEM=1" "HWLOC_XMLFILE"
try env HWLOC_SYNTHETIC="core:2 pu:1" "$program" run "$profile" --out "$work/hwloc"
expect_says err "HWLOC_SYNTHETIC describes a machine" "HWLOC_SYNTHETIC"
try env HWLOC_COMPONENTS=stop "$program" run "$profile" --out "$work/hwloc"
expect_code 3 "HWLOC_COMPONENTS"
expect_says err "it is told where to look by HWLOC_COMPONENTS" "HWLOC_COMPONENTS"

# Without HOME the cache is the user's own; a folder of that name that somebody else can write to is not used.
user=$(id -u)
own=/var/tmp/dawdle-cache-$user
if [ -e "$own" ]; then
    echo "there is a $own already: the cache without HOME is not tried"
else
    try env -u HOME -u XDG_CACHE_HOME "$program" sim "$profile" -q --out "$work/home"
    expect_code 0 "without HOME"
    [ "$(stat -c %a "$own")" = 700 ] || fail "without HOME: $own is not for its user alone"
    chmod 777 "$own"
    try env -u HOME -u XDG_CACHE_HOME "$program" sim "$profile" -q --out "$work/home"
    expect_code 3 "a cache that everybody can write to"
    expect_says err "$own is no folder that only this user can write to" "a cache that everybody can write to"
    rm -rf "$own"
    ln -s "$work" "$own"
    try env -u HOME -u XDG_CACHE_HOME "$program" sim "$profile" -q --out "$work/home"
    expect_code 3 "a cache that is a link"
    rm -f "$own"
fi

unshare -Urm true 2>/dev/null && {
    try unshare -Urm sh -c "mount -t tmpfs none /sys && exec $program run $profile -q --out $work/sys"
    expect_code 3 "no /sys"
    expect_says err "/sys/devices/system/cpu is missing" "no /sys"
    expect_says err "dawdle sim" "no /sys"
}
end
