#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Writes version.h: the number, and the commit where there is one to name: from `git describe` in a clone, from the file
# `commit` beside this one in a release (`meson dist` puts it there), else none. Touches the file only when it changes.
#   version.sh NUMBER OUTPUT        for the build
#   version.sh --dist               for `meson dist`, which packs what is committed
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)

commit() { # options of git describe…
    if [ -f "$here/commit" ]; then
        cat "$here/commit"
    elif [ -e "${here%/*}/.git" ]; then # not that of a folder above, which is another project's
        GIT_OPTIONAL_LOCKS=0 git -c safe.directory='*' -C "$here" describe --always --exclude='*' --abbrev=7 "$@" \
            2>/dev/null || true # no git here: the number has to do
    fi
}

if [ "$1" = --dist ]; then
    here=$MESON_SOURCE_ROOT/harness
    commit >"$MESON_DIST_ROOT/harness/commit"
    exit
fi

name=$(commit --dirty)
text="/* SPDX-License-Identifier: BSD-3-Clause */
/* Written by version.sh: the number, and the commit that this was built from if it is known. */
#ifndef HARNESS_VERSION_H
#define HARNESS_VERSION_H

#define DAWDLE_VERSION \"$1${name:+ ($name)}\"

#endif"
if [ ! -f "$2" ] || [ "$(cat "$2")" != "$text" ]; then
    printf '%s\n' "$text" >"$2"
fi
