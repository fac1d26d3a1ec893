# SPDX-License-Identifier: BSD-3-Clause
# What the tests of strange hosts share; sourced. The caller has the program in $1 and a folder of helpers in $2.
program=$(readlink -f "$1")
# shellcheck disable=SC2034
tools=${2-}
here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME="$work/cache" DAWDLE_EAL=nohuge
unset DAWDLE_LOADER
profile=$here/small.yaml
failures=0

fail() { # sentence
    echo "FAIL: $1"
    [ -z "${2-}" ] || sed 's/^/    /' "$2"
    failures=$((failures + 1))
}

# Run a command line; its exit code goes to $code, what it prints to $work/out and $work/err.
try() {
    code=0
    timeout 120 "$@" >"$work/out" 2>"$work/err" || code=$?
}

expect_code() { # wanted, what
    [ "$code" = "$1" ] || fail "$2: exit code $code, expected $1" "$work/err"
}

expect_says() { # file, text, what
    grep -qF -- "$2" "$work/$1" || fail "$3: '$2' is not said" "$work/$1"
}

expect_silent() { # file, text, what
    ! grep -qF -- "$2" "$work/$1" || fail "$3: '$2' is said" "$work/$1"
}

end() {
    [ "$failures" -eq 0 ]
    exit
}
