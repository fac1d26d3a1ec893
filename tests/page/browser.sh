#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# report.html in a real browser, from a file and without a network: curves are drawn, nothing is refused or complained of.
set -u
. "$(dirname "$0")/../hosts/lib.sh"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "no Chromium here"
timeout 60 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/browser" --dump-dom \
    about:blank >"$work/dom" 2>"$work/log" && grep -q '<html' "$work/dom" || skip "this Chromium does not start here"

try "$program" sim quickstart -q --out "$work/runs" --set seeds=2 --set stop.time=300ms
page=$(readlink -f "$work/runs/quickstart/latest/report.html")
for width in 1400 400; do
    timeout 100 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/browser" \
        --host-resolver-rules='MAP * ~NOTFOUND' --window-size=$width,2000 --virtual-time-budget=4000 --enable-logging=stderr \
        --dump-dom "file://$page" >"$work/dom" 2>"$work/log" || fail "the browser ended with $?" "$work/log"
    ! grep -E 'CONSOLE|Refused to|ERR_' "$work/log" >"$work/said" || fail "$width pixels: the console is not silent" "$work/said"
    grep -q '<canvas' "$work/dom" || fail "$width pixels: no curve is drawn"
    for policy in allreduce dsgd adpsgd aau; do
        grep -q "class=\"key\" style=\"[^\"]*\"></i>$policy" "$work/dom" || fail "$width pixels: no curve of $policy"
    done
    ! grep -q '<fieldset class="choices" hidden' "$work/dom" || fail "$width pixels: there is nothing to choose"
done
end
