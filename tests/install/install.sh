#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# An installed copy, moved to another prefix, with the sources and the build gone: it finds its profiles, its Python
# bridge and its header. Arguments: the program `meson`, the source folder, the build folder.
set -eu
meson=$1 source=$2 build=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if [ "${4:-}" != hidden ]; then
    prefix=$($meson introspect --buildoptions "$build" |
        python3 -c 'import json, sys; print(*(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')
    DESTDIR=$folder/dest $meson install -C "$build" --no-rebuild --quiet
    mv "$folder/dest$prefix" "$folder/moved"
    for page in man1/dawdle.1 man5/dawdle-profile.5; do
        [ ! -e "$build/harness/doc/${page#*/}" ] || [ -s "$folder/moved/share/man/$page" ] || {
            echo "made, but not installed: $page"
            exit 1
        }
    done
    unshare -rm true 2>/dev/null || { echo "skipped: this host gives ordinary users no mount namespace"; exit 77; }
    unshare -rm sh "$0" "$meson" "$source" "$build" hidden "$folder/moved"
    exit
fi

# In a mount namespace of its own: what is mounted here is seen by nobody else.
installed=$5
mount -t tmpfs none "$source"
[ ! -d "$build" ] || mount -t tmpfs none "$build"
[ -z "$(ls "$source")" ] || { echo "the sources are still there"; exit 1; }
cd "$folder" # of this namespace's own script, removed at its end

dawdle() {
    env -i PATH=/usr/bin:/bin HOME="$folder" XDG_CACHE_HOME="$folder/cache" DAWDLE_EAL=nohuge \
        "$installed/bin/dawdle" "$@" >log 2>&1 || {
        code=$?
        echo "dawdle $* gave $code:"
        cat log
        exit 1
    }
}
has() { # what the last command must have said
    grep -qE -e "$1" log || { echo "expected '$1' in:"; cat log; exit 1; }
}

dawdle --version
dawdle help stop.time
has '^stop.time$'
dawdle list profiles
has '^quickstart '
has '^gallery/production-trace '
small="--seed 1 --set stop.iterations=30 --set judge.points=3 --set data.samples=4000 --set checks=[] -q"
dawdle run quickstart --dry-run
dawdle sim quickstart $small --out quick
[ -s quick/quickstart/latest/result.json ]
dawdle sim gallery/production-trace --dry-run # reads a file beside the profile

if ldconfig -p | grep -q "lib$(basename "$(readlink /usr/bin/python3 || echo python3.11)").so.1.0" && /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
    dawdle sim plugin-python $small --out python
else
    echo "without libpython3.11 and numpy: not tried with Python"
fi

# The example in C, built from the installed header alone, as its head comment says.
export PKG_CONFIG_PATH="$installed/share/pkgconfig"
example=$(pkg-config --define-prefix --variable=exampledir dawdle-plugin)/softmax.c
[ -f "$example" ] || { echo "no example: $example"; exit 1; }
line=$(sed -n 's/^ \*   \(gcc .*\)$/\1/p' "$example" | sed 's/pkg-config/& --define-prefix/') # it was moved
cp "$example" .
eval "${line:?no line that builds it} -Wall -Wextra -Werror"
run=$(sed -n 's/^ \*   dawdle \(sim .*\)$/\1/p' "$example")
eval "dawdle ${run:?no line that runs it} --set stop.iterations=200 -q --out c"
accuracy=$(python3 -c 'import json, sys
runs = json.load(open("c/plugin-python/latest/result.json"))["runs"]
print(min(run["points"][-1]["heldout_accuracy_mean_model"] for run in runs))')
echo "the example in C: held-out accuracy at least $accuracy"
awk "BEGIN { exit !($accuracy > 0.5) }"

mv "$installed" "$folder/a prefix with spaces"
installed="$folder/a prefix with spaces"
dawdle sim plugin-python $small --set 'model={kind: plugin, path: dawdle_python.so, arguments: softmax.py}' --dry-run

# What is not for the program itself.
for file in share/dawdle/result.schema.json share/pkgconfig/dawdle-plugin.pc include/dawdle/dawdle_plugin.h; do
    [ -s "$installed/$file" ] || { echo "not installed: $file"; exit 1; }
done
