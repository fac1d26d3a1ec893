#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Where results go: no symbolic links, no room, no rights. What was measured is shown, the reason is named, and the exit
# code is that of the checks as long as the results are whole.
set -u
. "$(dirname "$0")/lib.sh"

expect_whole() { # folder, what
    grep -q '"complete": true' "$1"/result.json || fail "$2: result.json is not complete"
}

for clock in run sim; do
    out=$work/$clock
    try "$tools/forbid" symlink link chmod fsync -- "$program" $clock "$profile" -q --out "$out"
    expect_code 0 "$clock without symbolic links"
    expect_says err "warning: $out/small/latest does not point to these results: Operation not permitted" "$clock without symbolic links"
    expect_whole "$out"/small/2* "$clock without symbolic links"

    try "$tools/forbid" symlink -- "$program" $clock "$profile" -q --out "$out" --set 'checks=["incomplete > 0"]'
    expect_code 4 "$clock, a check fails and there are no symbolic links"

    mkdir -p "$work/dir/small/latest"
    try "$program" $clock "$profile" -q --out "$work/dir"
    expect_code 0 "$clock, latest is a folder"
    expect_says err "latest is no symbolic link and was left as it is" "$clock, latest is a folder"
    mkdir -p "$work/file/small" && echo mine >"$work/file/small/latest"
    try "$program" $clock "$profile" -q --out "$work/file"
    expect_code 0 "$clock, latest is a file"
    grep -q mine "$work/file/small/latest" || fail "$clock: a file named latest is gone"

    try "$tools/forbid" rename -- "$program" $clock "$profile" -q --out "$work/rename"
    expect_code 3 "$clock without rename"
    expect_says err "result.json: Operation not permitted" "$clock without rename"

    (umask 027 && "$program" $clock "$profile" -q --out "$work/mode" >/dev/null 2>&1)
    mode=$(stat -L -c %a "$work/mode/small/latest")
    [ "$mode" = 750 ] || fail "$clock: with umask 027 the results have mode $mode"
    rm -rf "$work/mode"
done

# One reason each, in one sentence; live runs show what they measured before the disk was full.
expect_reason() { # reason, what
    expect_code 3 "$2"
    [ "$(grep -c '^dawdle: error: ' "$work/err")" = 1 ] || fail "$2: not one error" "$work/err"
    grep -q "^dawdle: error: .*: $1\$" "$work/err" || fail "$2: the reason is not '$1'" "$work/err"
}

for clock in run sim; do
    (ulimit -f 2 && exec timeout 100 "$program" $clock "$profile" -q --out "$work/limit$clock" >"$work/out" 2>"$work/err")
    code=$?
    expect_reason "File too large" "$clock, files of 1 KiB"
done

try sh -c "ulimit -n 8 && exec $program run $profile -q --out $work/few"
expect_code 3 "eight descriptors"
expect_says err "open files, the limit here is 8 (raise it with ulimit -n)" "eight descriptors"
try sh -c "ulimit -Sn 8 && exec $program run $profile -q --out $work/soft"
expect_code 0 "eight descriptors, which may be raised"

unshare -Urm true 2>/dev/null || {
    echo "no user namespaces here: full disks are not tried"
    [ "$failures" -eq 0 ] && exit 77
    exit 1
}
"$program" sim "$profile" -q --out "$work/warm" >/dev/null 2>&1 # the data set is made
mkdir "$work/disk"
for kib in 4 24 48 100; do
    for clock in run sim; do
        try unshare -Urm sh -c "mount -t tmpfs -o size=${kib}k none $work/disk && exec $program $clock $profile -q --out $work/disk"
        expect_reason "No space left on device" "$clock, $kib KiB"
    done
done
try unshare -Urm sh -c "mount -t tmpfs -o size=100k none $work/disk && exec $program run $profile --set record=false -q --out $work/disk"
expect_reason "No space left on device" "100 KiB, without journals"
expect_says out "gradients/s" "100 KiB: the table of what ran"
try unshare -Urm sh -c "mount -t tmpfs none $work/disk && mount -o remount,ro $work/disk && exec $program run $profile -q --out $work/disk"
expect_reason "Read-only file system" "a read-only disk"
end
