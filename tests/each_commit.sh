#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Does every commit after the one that .ci/built names build? A history that does not cannot be searched for where something
# broke. The oldest first; at most 30 of them and 4 minutes: what is left out is said. .ci/built moves on by hand.
set -u
commits_max=30 seconds_max=240
cd "$(dirname "$0")/.." || exit 1
git rev-parse --git-dir >/dev/null 2>&1 || {
    echo "no history here: nothing to build"
    exit 0
}
built=$(cat .ci/built)
git merge-base --is-ancestor "$built" HEAD 2>/dev/null || {
    echo "commit $built of .ci/built is not in this history (a shallow clone, or rewritten): nothing was built"
    exit 0
}
tree=$(mktemp -d)
trap 'git worktree remove --force "$tree/source" >/dev/null 2>&1; rm -rf "$tree"' EXIT
trap 'exit 130' INT TERM HUP
git worktree add --quiet --detach "$tree/source" "$built" || {
    echo "no second working tree can be made here: nothing was built"
    exit 0
}
begin=$(date +%s) count=0 bad=0 left=0
for commit in $(git rev-list --reverse "$built"..HEAD); do
    if [ $count -ge $commits_max ] || [ $(($(date +%s) - begin)) -ge $seconds_max ]; then
        left=$((left + 1))
        continue
    fi
    count=$((count + 1))
    git -C "$tree/source" checkout --quiet --detach "$commit" || exit 1
    [ -f "$tree/build/build.ninja" ] ||
        meson setup "$tree/build" "$tree/source" --buildtype=plain -Doptimization=0 -Dtests=disabled >"$tree/log" 2>&1
    ninja --quiet -C "$tree/build" harness/dawdle >"$tree/log" 2>&1 || {
        bad=$((bad + 1))
        git log -1 --format='does not build: %h %s' "$commit"
        grep -m 3 -E 'error|FAILED' "$tree/log"
    }
done
echo "$count commits after $(git log -1 --format=%h "$built"): $bad do not build, $left left out"
[ $bad = 0 ]
