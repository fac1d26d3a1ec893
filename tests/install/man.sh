#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The manual pages say all that the program knows: each key, option, command and variable of its environment; what they
# show can be run; and the formatter has nothing to complain of.
# Arguments: the program, the source folder, dawdle.1, dawdle-profile.5.
set -eu
dawdle=$1 source=$2 page1=$3 page5=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0
complain() {
    echo "$*"
    bad=1
}

plain() { # as the reader sees it, on one line
    sed 's/\\f[BIR]//g; s/\\-/-/g; s/\\&//g; s/\\(aq/'"'"'/g; s/\\\././g' "$1"
}
plain "$page1" >"$folder/1"
plain "$page5" >"$folder/5"
has() { # page, words, what they are
    grep -qF -e "$2" "$folder/$1" || complain "$3 is not in the page of section $1: $2"
}

count=0
for key in $("$dawdle" help | awk '/^  [a-z]/ && $1 != "key" { print $1 }'); do
    has 5 "$key" "a key"
    count=$((count + 1))
done
[ $count -gt 100 ] || complain "only $count keys"
for option in $("$dawdle" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -e '--[a-z-]+'); do
    has 1 "$option" "an option"
done
for command in $("$dawdle" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
    has 1 "$command" "a command"
done
for name in $(grep -rhoE 'getenv\("(DAWDLE_[A-Z_]+|NO_COLOR|XDG_CACHE_HOME)"\)' "$source/core" "$source/net" "$source/topo" "$source/harness" |
    grep -oE '[A-Z_]{4,}' | sort -u); do
    has 1 "$name" "a variable"
done

# The example of the page, and what it claims.
awk '/^```$/ { on = !on; next } on' "$source/harness/doc/dawdle-profile.5.scd" >"$folder/example.yaml"
"$dawdle" sim "$folder/example.yaml" -q --seed 1 --out "$folder/runs" >"$folder/log" 2>&1 || {
    cat "$folder/log"
    complain "the example of dawdle-profile(5) fails"
}

if command -v groff >/dev/null; then
    for page in "$page1" "$page5"; do
        groff -K utf8 -man -ww -Tutf8 -z "$page" 2>"$folder/log" || true
        [ ! -s "$folder/log" ] || complain "$page: $(head -n 3 "$folder/log")"
    done
fi
exit $bad
