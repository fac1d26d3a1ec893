#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What --version says of a clone, a changed clone, a release, and sources that nothing is known about.
# Arguments: the program, version.sh, the number, the source folder.
set -eu
dawdle=$1 script=$2 number=$3 source=$4
for line in "CITATION.cff:^version: $number\$" "CHANGELOG.md:^## .*\<$number\>"; do
    grep -q "${line#*:}" "$source/${line%%:*}" || { echo "${line%%:*} does not name $number"; exit 1; }
done
"$dawdle" --version | grep -qE "^dawdle $number( \([0-9a-f]{7,}(-dirty)?\))?\$" || {
    "$dawdle" --version
    exit 1
}

command -v git >/dev/null || { echo "skipped: no git"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
mkdir -p "$folder/a clone/harness"
cp "$script" "$folder/a clone/harness/version.sh"
cd "$folder/a clone"

expect() { # what DAWDLE_VERSION must be, why
    harness/version.sh 1.2.3 version.h
    grep -qxF "#define DAWDLE_VERSION \"$1\"" version.h || {
        echo "$2: expected $1, got: $(grep define.DAWDLE version.h)"
        exit 1
    }
}
commit() { git add harness && git commit -qm c; }

git init -q ..
touch ../a && git -C .. add a && git -C .. commit -qm c
expect "1.2.3" "sources inside another project's clone"
git init -q .
commit
hash=$(git rev-parse --short=7 HEAD)
expect "1.2.3 ($hash)" "a clone"
git tag v9
expect "1.2.3 ($hash)" "a clone with tags"
echo >>harness/version.sh
expect "1.2.3 ($hash-dirty)" "a changed clone"
mkdir -p ../dist/harness
MESON_SOURCE_ROOT=$PWD MESON_DIST_ROOT=$folder/dist harness/version.sh --dist
git checkout -q harness
git clone -q --depth 1 "file://$PWD" ../shallow
cd ../shallow
expect "1.2.3 ($hash)" "a shallow clone"
cp harness/version.sh ../dist/harness
cd ../dist
expect "1.2.3 ($hash)" "a release: what was committed"

cp -p version.h before
touch -d 2001-01-01 version.h
expect "1.2.3 ($hash)" "the same again"
[ -n "$(find version.h ! -newermt 2001-01-02)" ] || { echo "an unchanged version.h is rewritten: all is built again"; exit 1; }
rm harness/commit
expect "1.2.3" "sources that nothing is known about"
