#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What ./dawdle says and does where packages are missing, the clone cannot be written to, or the system is another one:
# in a world of stand-ins for the system's tools. Argument: the script.
set -eu
# Nobody who may write everywhere is stopped by modes: in a mount namespace the clone is mounted read-only.
if [ "${2:-}" != inside ] && unshare -rm true 2>/dev/null; then
    exec unshare -rm sh "$0" "$1" inside
fi
folder=$(mktemp -d)
trap 'umount "$clone" 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
clone="$folder/a clone"
mkdir -p "$clone/tests" "$folder/bin"
cp "$1" "$clone/dawdle"
for tool in sh cat chmod cksum cut dirname grep head mkdir readlink sed tr; do
    ln -s "$(command -v $tool)" "$folder/bin/$tool"
done
stand_in() { # name, what it does
    printf '#!/bin/sh\n%s\n' "$2" >"$folder/bin/$1"
    chmod +x "$folder/bin/$1"
}
stand_in id 'echo 1000'
stand_in ninja 'echo "ninja $*" >>"$LOG"'
stand_in meson 'echo "meson $*" >>"$LOG"; mkdir -p "$2/harness"; : >"$2/build.ninja"; cat "$PROGRAM" >"$2/harness/dawdle"; chmod +x "$2/harness/dawdle"'
stand_in program 'echo "program: $*"'
echo 'echo "run.sh $*"' >"$clone/tests/run.sh"

try() { # expected code, arguments…: output in $said, what the stand-ins did in $did
    code=0 expected=$1
    shift
    : >"$folder/log"
    said=$(env -i PATH="$folder/bin" HOME="$folder/home" LOG="$folder/log" PROGRAM="$folder/bin/program" "$clone/dawdle" "$@" 2>&1) || code=$?
    did=$(cat "$folder/log")
    [ $code -eq "$expected" ] || { echo "./dawdle $* gave $code, expected $expected: $said"; exit 1; }
}
expect() { # text, pattern
    printf '%s\n' "$1" | grep -qE -e "$2" || { echo "expected '$2' in: $1"; exit 1; }
}
expect_not() {
    ! printf '%s\n' "$1" | grep -qE -e "$2" || { echo "did not expect '$2' in: $1"; exit 1; }
}

# Another system: it says once what is needed, builds, and goes on.
try 0 run quickstart
expect "$said" 'not a Debian system: please install the equivalents of: .*libdpdk-dev'
expect "$said" '^program: run quickstart$'
expect "$did" "^meson setup $clone/build $clone"
try 0 run quickstart
expect_not "$said" 'not a Debian system'
expect_not "$did" meson

# Debian, everything there.
stand_in apt-get 'echo "apt-get $*" >>"$LOG"'
stand_in dpkg-query 'shift 3; for package in "$@"; do echo "install ok installed"; done'
try 0 list
expect_not "$did" apt-get
try 0 test
expect "$said" '^run.sh $'

# Something missing, and nobody to install it. A library from elsewhere is as good.
stand_in dpkg-query 'shift 3; for package in "$@"; do case $package in libdpdk-dev | zlib1g-dev | clang) ;; *) echo "install ok installed" ;; esac; done'
stand_in pkg-config '[ "$2" = zlib ]'
try 3 run quickstart
expect "$said" 'there is no sudo .*: libdpdk-dev $'
expect "$said" 'as root: apt-get install --no-install-recommends libdpdk-dev $'
expect_not "$said" 'program:'
try 3 test --all
expect "$said" 'apt-get install .* libdpdk-dev clang'
try 3 test
expect_not "$said" clang

# sudo that installs, and one that does not.
stand_in sudo '"$@"'
try 0 run quickstart
expect "$said" '\+ sudo apt-get install -y --no-install-recommends libdpdk-dev'
expect "$did" '^apt-get install -y'
stand_in sudo 'exit 1'
try 3 run quickstart
expect "$said" 'could not install: libdpdk-dev'

# A clone that cannot be written to.
stand_in sudo '"$@"'
rm -rf "$clone/build"
if [ "${2:-}" = inside ]; then
    mount --bind "$clone" "$clone" && mount -o remount,bind,ro "$clone"
else
    chmod a-w "$clone"
fi
if [ -w "$clone" ]; then
    echo "root without a mount namespace: no clone is read-only"
    exit
fi
try 0 list
expect "$said" "$clone cannot be written to; building in $folder/home/.cache/dawdle/build-[0-9]+"
expect "$said" '^program: list$'
try 0 list
expect_not "$said" 'cannot be written'
try 3 test
expect "$said" 'cannot be written to; copy it'
