#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Do independent HdrHistogram readers find in our .hlog what we put in?
#   check.sh READER MAKE_LOG WORK_DIR     READER: java | npm
# Exit 0 agree, 1 differ, 77 the reader is not available here (with the reason).
set -eu
reader=$1 make_log=$2 work=$3/$1
here=$(cd "$(dirname "$0")" && pwd)
jar=${HDRHISTOGRAM_JAR:-/usr/share/java/hdrhistogram.jar}

skip() { echo "skipped: $1"; exit 77; }

mkdir -p "$work"
"$make_log" "$work/made.hlog" "$work/expected.csv"

case $reader in
java)
    command -v java >/dev/null || skip "no java"
    [ -r "$jar" ] || skip "no $jar (package libhdrhistogram-java)"
    java -cp "$jar" "$here/Read.java" "$work/made.hlog" >"$work/found.csv"
    ;;
npm)
    command -v node >/dev/null || skip "no node"
    command -v npm >/dev/null || skip "no npm"
    if [ ! -d "$work/node_modules/hdr-histogram-js" ]; then
        npm install --prefix "$work" --no-audit --no-fund --loglevel=error hdr-histogram-js@3.0.1 \
            >"$work/npm.log" 2>&1 || skip "npm cannot install hdr-histogram-js: $(tail -n 1 "$work/npm.log")"
    fi
    NODE_PATH="$work/node_modules" node "$here/read.js" "$work/made.hlog" >"$work/found.csv"
    ;;
*)
    echo "unknown reader $reader" >&2
    exit 2
    ;;
esac

# Tags and totals must be equal, values equivalent: within one bucket, 1/1024 of the value.
paste -d, "$work/expected.csv" "$work/found.csv" | awk -F, -v reader="$reader" '
    NF != 14 || $1 != $8 || $2 != $9 { print "line " NR " differs: " $0; bad++; next }
    {
        for (i = 3; i <= 7; i++) {
            gap = $i - $(i + 7)
            if (gap < 0) gap = -gap
            if (gap > 1 && gap * 1024 > $i) { print $1 " column " i ": ours " $i ", " reader " " $(i + 7); bad++ }
        }
    }
    END {
        if (NR == 0) { print "nothing was read"; exit 1 }
        print NR " histograms, " bad + 0 " differences between our percentiles and those of " reader
        exit bad > 0
    }'
