#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/campaign with a real engine, on the builds of test_fuzz.sh: a planted
# bug is told, minimised, with its page, and no process is left.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"

mkdir "$work/empty"
# the hook ends the campaign when there is a corpus too: some seconds, or --seconds
cat >"$work/hook" <<END
touch '$work/told'
until [ "\$(find '$work/campaign/corpus/fuzz_heap' -type f | wc -l)" -gt 10 ]; do
	sleep 0.5
done
kill \$(cat '$work/pid')
END
"$top/scripts/campaign" start -d "$work/campaign" --kinds both --jobs 1 \
	--targets fuzz_heap --alloc "$top/scripts/tests/planted.c" \
	--corpus "$work/empty" --selfcheck true --seconds 300 \
	--hook "sh '$work/hook'" \
	>"$work/log" 2>&1 &
echo $! >"$work/pid"
wait $! || fail "it ended with $?"
[ -e "$work/told" ] || fail 'nothing was found'

# what is not zeroed is an allocation, or a large page that goes to the host; what else
# it leads to may have been found as well
finding=$(dirname "$(find "$work/campaign/findings" -path '*/zeroed-*/finding.json' |
	head -n 1)")
case ${finding##*/} in
zeroed-*) ;;
*) fail "found something else: $(ls "$work/campaign/findings")" ;;
esac
for file in min.ops report.html report.txt input; do
	[ -s "$finding/$file" ] || fail "no $file"
done
grep -q '^# signature: \(zeroed\|wiped\)/' "$finding/min.ops" || fail 'another program'
[ "$(find "$work/campaign/corpus/fuzz_heap" -type f | wc -l)" -gt 10 ] ||
	fail 'no corpus'
"$top/scripts/campaign" status -d "$work/campaign" --json >"$work/status"
python3 - "$work/status" <<'END' || fail "$(cat "$work/status")"
import json
import sys

status = json.load(open(sys.argv[1], encoding="utf-8"))
assert status["programs"] > 10 and status["operations"] > 10, status
row = status["targets"]["fuzz_heap"]
assert row["edges"] > 100 and row["features"] > row["edges"], row
assert status["findings"], status
END
if grep -lqs "HYPHEAP_CAMPAIGN=$work" /proc/[0-9]*/environ; then
	fail 'a process is left'
fi
echo 'found, told, and a corpus kept'
