#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Configuring for another processor or another system ends with a sentence.
# Arguments: the program `meson`, the source folder.
set -eu
meson=$1 source=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for host in linux/aarch64 linux/x86 freebsd/x86_64 darwin/x86_64; do
    system=${host%/*} family=${host#*/}
    cat >"$folder/cross" <<END
[binaries]
c = 'cc'
[host_machine]
system = '$system'
cpu_family = '$family'
cpu = '$family'
endian = 'little'
END
    rm -rf "$folder/build"
    if $meson setup --cross-file "$folder/cross" "$folder/build" "$source" >"$folder/log" 2>&1; then
        echo "$host was accepted"
        exit 1
    fi
    grep -q "ERROR: .*Dawdle runs on Linux on x86-64 processors only .*; this is $system on $family\$" "$folder/log" || {
        cat "$folder/log"
        echo "$host: no sentence"
        exit 1
    }
done
