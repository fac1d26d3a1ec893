#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What the command line answers: the help of each command, the error of each slip, and the completion of a shell.
# Argument: the program.
set -u
dawdle=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
bad=0
complain() {
    echo "$*"
    bad=1
}

says() { # exit code, words, arguments…
    code=$1 words=$2
    shift 2
    "$dawdle" "$@" >text 2>&1
    got=$?
    [ $got = "$code" ] || complain "dawdle $*: exit code $got, not $code"
    grep -qF -e "$words" text || complain "dawdle $*: no \"$words\" in: $(cat text)"
}

for command in $("$dawdle" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
    says 0 "Usage: dawdle $command" "$command" --help
    says 0 "Usage: dawdle $command" help "$command"
    for option in $("$dawdle" "$command" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -e '--[a-z-]+'); do
        case $option in --set | --out | --like | --against | --from) argument=x ;; *) argument=1 ;; esac
        "$dawdle" "$command" "$option" $argument $argument $argument --help >text 2>&1 ||
            complain "$command does not know its $option: $(cat text)"
    done
done
says 0 "law slowdown" help slowdown
says 0 "metric wait_share" help wait_share
says 0 "policy aau" help aau
says 0 "fault crash" help crash
says 0 "  default  " help workers.count
says 0 "needs" list metrics
says 2 "unknown word 'wait_shar'; did you mean 'wait_share'?" help wait_shar
says 2 "a command is needed" -q
says 2 "unknown command 'simm'; did you mean 'sim'?" simm
says 2 "unknown option '--quite'; did you mean '--quiet'?" run --quite quickstart
says 2 "unknown option '-x'" run -x quickstart
says 2 "--set needs an argument" run quickstart --set
says 2 "topo does not use --quiet" topo -q
says 2 "dawdle twin" sim quickstart --like runs
says 2 "twin needs a live run" twin quickstart
says 2 "dawdle-fuzz" sim --fuzz
says 2 "'0' is not a number from 1 to" sim -t0 quickstart
says 2 "takes at least 1 argument, 0 given: dawdle run PROFILE" run
says 2 "expected one of: bash zsh" completion fish
says 0 "first.yaml: a copy of the profile starter" new first
says 0 "" sim first.yaml --dry-run
grep -q '^# SPDX' first.yaml && complain "a profile of one's own has our licence"
cp first.yaml kept.yaml
says 2 "first.yaml exists and is left as it is" new first
cmp -s first.yaml kept.yaml || complain "new has changed a file that was there"
says 2 "no/such/first.yaml No such file or directory" new no/such/first
says 2 "names no file" new ''
says 2 "did you mean 'starter'?" new second --from startr
says 2 "was taken back" new second.yaml --from gallery/production-trace
[ ! -e second.yaml ] || complain "a profile that does not load was left"
says 0 "gallery/crash-rejoin" new third --from gallery/crash-rejoin
[ "$("$dawdle" list metrics | cat | head -n 1 | cut -c 1-6)" = metric ] || complain "a pipe does not get the text"

if command -v bash >/dev/null; then
    cat >complete.bash <<'END'
source <("$1" completion bash)
compopt() { :; }
offers() { # word that must be offered, words of the line…
    wanted=$1
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _dawdle
    for one in "${COMPREPLY[@]}"; do [ "$one" = "$wanted" ] && return; done
    echo "completing $*: no $wanted among ${COMPREPLY[*]}"
    exit 1
}
offers sim "$1" s
offers --quiet "$1" run --q
offers quickstart "$1" run quick
offers workers.count= "$1" run quickstart --set workers.c
offers wait_share "$1" help wait_sh
offers metrics "$1" list m
offers starter "$1" new x --from sta
offers waits "$1" plot x --figure wa
offers zsh "$1" completion z
END
    bash complete.bash "$dawdle" || bad=1
fi
if command -v zsh >/dev/null; then
    "$dawdle" completion zsh >_dawdle
    zsh -n _dawdle || complain "zsh cannot read its completion"
fi
exit $bad
