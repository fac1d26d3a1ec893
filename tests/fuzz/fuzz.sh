#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A short search, bounded and the same every time: fixed random seed, nothing kept between runs except an input that
# fails. Run in the source root. Arguments: fuzzer, number of inputs, folder for failing ones, seeds (files, folders).
set -u
fuzzer=$1 runs=$2 failing=$3
shift 3
seeds=$(find "$@" -type f ! -name '*.expected' ! -name '*.set' | LC_ALL=C sort | paste -sd , -)
[ -n "$seeds" ] || { echo "no seeds in $*"; exit 1; }
# libFuzzer ends a failed search with 77, which meson takes for "skipped".
exec "$fuzzer" -seed=1 -runs="$runs" -max_total_time=20 -max_len=4096 -timeout=10 -error_exitcode=1 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$failing/$(basename "$fuzzer")-" -seed_inputs="$seeds"
