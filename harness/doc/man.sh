#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A manual page from its source, with what the program says of itself in the places @commands@, @options@ and @keys@.
# Arguments: scdoc, the program, the source, the page.
set -eu
scdoc=$1 dawdle=$2 source=$3 page=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

escape() { sed 's/[\\*_]/\\&/g'; }

# "  run PROFILE…            run profiles" between "Commands:" and the next blank line
commands() {
    COLUMNS=1000 "$dawdle" --help | sed -n '/^Commands:/,/^$/s/^  //p' | escape |
        sed -E 's/^(([^ ]+ )*[^ ]+)  +(.*)$/*\1*\n\t\3\n/'
}

# "  -o, --out=DIR              text", its text on one line
options() {
    COLUMNS=1000 "$dawdle" --help | sed -n 's/^  *\(-.*\)$/\1/p' | escape |
        sed -E 's/^((-., )?--[^ ]+)  +(.*)$/*\1*\n\t\3\n/'
}

# The blocks of `dawdle help --long`: a key, what it is for, "value …", "default …", "read …", and the names it knows.
keys() {
    "$dawdle" help --long | escape | awk '
        /^Keys of / { printf "# %s\n\n", toupper($0); next }
        /^[^ ]/ { printf "*%s*\n", $0; after = "\t"; next }
        /^$/ { print "\n"; next }
        /^  (value|default|read)  / { split($0, word); sub(/^ +[a-z]+ +/, ""); printf "++\n%s: %s", word[1], $0; next }
        /^    / { sub(/^ +/, ""); sub(/  +/, ": "); printf "++\n- %s", $0; next }
        { sub(/^ +/, ""); printf "%s%s", after, $0; after = "++\n" }
        END { print "" }'
}

while IFS= read -r line; do
    case $line in
    @commands@ | @options@ | @keys@)
        line=${line#@}
        "${line%@}"
        ;;
    *) printf '%s\n' "$line" ;;
    esac
done <"$source" >"$folder/page"
"$scdoc" <"$folder/page" >"$page"
