#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The arrows of the architecture: which room may include whom, who may use which library, and that the pure rooms use
# no clock, thread, file or allocator. Arguments: source root, build root.
set -u
root=$1 build=$2
cd "$root" || exit 1
bad=0
complain() {
    printf 'tidy: %s\n' "$*"
    bad=1
}

# room, then the prefixes it may include besides its own
while read -r room allowed; do
    set -- "$room"/*.[ch]
    [ -f "$1" ] || continue
    found=$(awk -v allowed="$room $allowed" -v shown="$allowed" '
        BEGIN { count = split(allowed, prefix, " ") }
        /^#include ".*"$/ {
            name = substr($0, 11, length($0) - 11)
            ok = 0
            for (i = 1; i <= count; i++)
                ok = ok || name == prefix[i] || index(name, prefix[i] "/") == 1
            if (!ok)
                print FILENAME " includes " name ": " substr(FILENAME, 1, match(FILENAME, "/[^/]*$") - 1) " may include only: " shown
        }' "$@")
    [ -z "$found" ] || complain "$found"
done <<'ARROWS'
core/base
core/learn core/base
core/inject core/base
core/policy core/base
core/drive core/policy core/inject core/base
core/worker core/drive core/policy core/learn core/inject core/base
core/wire core/base
core/sim core/drive core/policy core/learn core/inject core/base
core/sim/values core/sim/base/memory.h core/learn core/base
core/sim/base core/drive core/policy core/inject core/base
core/sim/wire core/sim/base core/sim/values/values.h core/drive core/inject core/base
core/sim/node core/sim/wire core/sim/base core/sim/values/values.h core/drive core/policy core/inject core/base
core/sim/plan core/sim/node core/sim/wire core/sim/base core/sim/values/values.h core/drive core/policy core/inject core/base
net core/wire core/worker/bridge.h core/worker/port.h core/inject core/base core/policy/policy.h
topo core/base
harness core net topo
harness/command core net topo harness
harness/profile core harness/places.h
harness/experiment core net topo harness/launch/launch.h harness/profile harness/metric harness/plugin/dawdle_plugin.h
harness/plugin dawdle_plugin.h
harness/metric core harness/profile
harness/record core harness/profile harness/metric harness/experiment harness/version.h
harness/report core harness/profile harness/metric harness/experiment harness/record
harness/page core/base core/drive harness/metric harness/record
harness/launch core/base
harness/run core net topo harness
harness/tune core net topo harness
ARROWS

# Within core/sim no file may need, by whatever way, a file that needs it.
circle=$(awk '/^#include "core\/sim\// {
        from = FILENAME
        sub(/\.[ch]$/, "", from)
        to = substr($2, 2, length($2) - 4)
        if (from != to)
            print from, to
    }' $(find core/sim -name '*.[ch]') | tsort 2>&1 >/dev/null)
[ -z "$circle" ] || complain "files of core/sim that need each other: $circle"

only_in() { # pattern, rooms…
    pattern=$1
    shift
    for file in $(grep -lE "^#include <$pattern" core/*/*.[ch] core/*/*/*.[ch] net/*.[ch] topo/*.[ch] harness/*.[ch] harness/*/*.[ch] 2>/dev/null); do
        room=${file%/*}
        case " $* " in *" $room "*) ;; *) complain "$file includes <$pattern…>, which belongs to: $*" ;; esac
    done
}
only_in 'rte_' net
only_in 'liburing' core/worker
only_in 'hwloc' topo
only_in '(jansson|libfyaml)' harness harness/profile harness/record harness/run harness/page
only_in 'pmix' harness/launch
only_in 'pthread' net core/worker topo harness harness/run harness/record
only_in 'time\.h' net core/worker topo harness harness/launch harness/run harness/record

# A file of tests that no program is built from passes for ever. (Without Criterion none is.)
if grep -q 'test_unit_base' "$build/build.ninja"; then
    built=$(grep -oE 'tests/(unit|trace|prop|live)/[a-z0-9_]+\.c' "$build/build.ninja" | sort -u)
    for file in tests/unit/*.c tests/trace/*.c tests/prop/*.c tests/live/*.c; do
        case "
$built
" in *"
$file
"*) ;; *) complain "$file is in no list of tests/meson.build" ;; esac
    done
fi

# What the objects of the pure rooms call. check.c and err.c may speak (that is what they are for).
impure='clock_gettime|gettimeofday|time|nanosleep|usleep|pthread_.*|rand|srand|random|malloc|calloc|realloc|free|open|read|write|fopen|printf|fprintf|puts'
for room in base learn inject policy drive wire sim; do
    set -- "$build"/core/$room/libcore_$room.a.p/*.o
    [ -f "$1" ] || { complain "no objects of core/$room in $build"; continue; }
    used=$(nm -uA "$@" | sed -E 's|^.*/([^/:]*): *[Uwv] ([^@]*).*|\1 calls \2|' | grep -vE '^(check|err)\.c\.o ' |
        grep -E " ($impure)\$")
    [ -z "$used" ] || complain "core/$room: $used"
done

# What nobody but a test calls is no part of the program: a function that a header declares and no indented line names.
# Those that stay let tests look inside: the scalar of a vector kernel, a gradient's loss, the reader of what is written for
# others to read, and what random scenarios (tests/random) ask by name. What core/wire offers
# beyond its first user (all is quiet, clocks of other hosts) is looked at by its own tests.
looked_at='kernels_exp values_loss hlog_decode policy_find model_find sim_now_ns gate_is_closed'
idle=$(find core net topo harness -name '*.[ch]' ! -name dawdle_plugin.h -print0 | xargs -0 awk '
    FILENAME ~ /\.h$/ && FILENAME !~ /^core\/wire\// && /^[a-z].*[a-z0-9_]\(/ && !/^(static|typedef|return)/ {
        name = substr($0, 1, index($0, "(") - 1)
        sub(/.*[^a-z0-9_]/, "", name)
        where[name] = FILENAME
    }
    /^[ \t]/ && !/^ \*/ {
        for (line = $0; match(line, /[a-z_][a-z0-9_]*/); line = substr(line, RSTART + RLENGTH))
            used[substr(line, RSTART, RLENGTH)] = 1
    }
    END { for (name in where) if (!(name in used)) print where[name] ":" name }')
for one in $idle; do
    case " $looked_at " in *" ${one##*:} "*) ;; *) complain "${one%:*}: nothing but tests calls ${one##*:}" ;; esac
done

# How much a reader has to hold at once. The share of functions with more than ten paths is a ratchet: it may only fall.
paths_max=20 lines_max=60 tangled_permille_max=10 file_lines_max=400
sources=$(find core net topo harness tests/random -name '*.c' | sort)
for file in $sources; do
    lines=$(wc -l <"$file")
    [ "$lines" -le $file_lines_max ] || complain "$file has $lines lines, at most $file_lines_max"
done
if command -v pmccabe >/dev/null 2>&1; then
    # It takes _Alignas for a name, and then counts nothing of the file.
    shape=$({
        # shellcheck disable=SC2046
        pmccabe $(grep -L '_Alignas' $sources)
        for file in $(grep -l '_Alignas' $sources); do
            sed 's/_Alignas([0-9]*)//' "$file" | pmccabe | sed "s|stdin(|$file(|"
        done
    } | awk -F'\t' -v paths="$paths_max" -v lines="$lines_max" -v permille="$tangled_permille_max" '
            { count++; tangled += $2 > 10 }
            $2 > paths { print $6 " has " $2 " paths, at most " paths }
            $5 > lines { print $6 " has " $5 " lines, at most " lines }
            END {
                if (count < 2000)
                    print "only " count " functions were found, so their shape was not looked at"
                if (tangled * 1000 > count * permille)
                    print tangled " of " count " functions have more than 10 paths, at most " permille " in 1000"
            }')
    [ -z "$shape" ] || complain "$shape"
else
    echo "tidy: pmccabe is not installed, so the shape of functions is not looked at"
fi

# Nothing half-finished, nothing of one machine.
marks=$(grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' core net topo harness --include='*.[ch]')
[ -z "$marks" ] || complain "marks of unfinished work: $marks"

# Every source names its licence in its first three lines; a profile, whose first comment is its claim, in its last.
licence='SPDX-License-Identifier: BSD-3-Clause'
nameless=$(git ls-files '*.c' '*.h' '*.sh' '*.py' '*.js' '*.java' '*.awk' '*meson.build' dawdle .ci/run 2>/dev/null |
    xargs -r awk -v id="$licence" 'FNR == 1 && NR > 1 && !has { print last }
        FNR == 1 { has = 0; last = FILENAME } FNR <= 3 && index($0, id) { has = 1 } END { if (!has) print last }')
[ -z "$nameless" ] || complain "files that do not name their licence: $(echo $nameless)"
for file in $(git ls-files 'harness/profiles/*.yaml' 2>/dev/null); do
    tail -n 1 "$file" | grep -qF "$licence" || complain "$file does not name its licence"
done

[ $bad = 0 ] && echo "tidy: the arrows hold"
exit $bad
