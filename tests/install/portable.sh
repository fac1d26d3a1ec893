#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A program built for x86-64-v2 runs on any: wider vectors only in the functions that are chosen at run time. Where qemu
# is there, an old processor is tried (it runs) and one that is too old (it is refused with a sentence).
# Argument: the program.
set -eu
dawdle=$1
wide=$(objdump -d --no-show-raw-insn "$dawdle" | awk '
    /^[0-9a-f]+ <.*>:$/ { name = substr($2, 2, length($2) - 3) }
    $2 ~ /^(v[a-z0-9]+|pdep|pext|mulx|lzcnt|andn|bextr|bls[a-z]+|s[ah][lr]x|rorx)$/ { uses[name]++ }
    END { for (name in uses) print name }')
found=0
for name in $wide; do
    case $name in
    gemm_tile_unit_8* | gemm_tile_unit_16*) found=$((found + 1)) ;;
    *)
        echo "$name uses what x86-64-v2 does not have"
        exit 1
        ;;
    esac
done
[ $found -ge 2 ] || { echo "no wide vectors at all: does this test still see them?"; exit 1; }

command -v qemu-x86_64 >/dev/null || { echo "no qemu-x86_64: not tried on other processors"; exit 0; }
qemu-x86_64 -cpu Nehalem "$dawdle" --version
code=0
said=$(qemu-x86_64 -cpu core2duo "$dawdle" --version 2>&1) || code=$?
echo "$said"
[ $code -eq 3 ] && [ "$said" = "dawdle: error: this processor has no SSE4.2; DPDK needs x86-64-v2 too: processors from about 2009 on" ]
