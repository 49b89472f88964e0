#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/bench --quick: each row is there and has a rate, the naive harness reaches the
# allocator, what was measured outlives Ctrl-C, and bad input is told.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"
bench=$top/scripts/bench

expect 0 "$bench" --quick --json "$work/json" --chart "$work/chart.svg"
says '^plain .* x1\.00 '
says '^  fuzz_heap + mutator, 500 ops '
python3 - "$work/json" <<'END'
import json, sys
document = json.load(open(sys.argv[1]))
ways = {row["way"]: row for row in document["ladder"]}
assert list(ways) == ["bare", "checks", "executor", "model", "twin", "all"], ways
for row in ways.values():
    assert row["build"] == "plain" and (row["ops"], row["live"], row["pages"]) == (64, 8, 16)
    assert 0 < row["ns"]["lowest"] <= row["ns"]["median"] <= row["ns"]["highest"], row
assert ways["bare"]["to_bare"] == 1 < ways["all"]["to_bare"], ways
rows = {(row["engine"], row["target"], row["ops"], row["our_mutator"]): row
        for row in document["engines"]}
assert set(rows) == {
    ("libfuzzer-both", "bench_empty", 64, False),
    ("libfuzzer-both", "bench_naive", 64, False),
    ("libfuzzer-both", "fuzz_heap", 64, True),
    ("afl", "bench_empty", 64, False), ("afl", "bench_unchecked", 64, False),
    ("afl", "bench_naive", 64, False),
    ("afl", "bench_empty", 64, True), ("afl", "fuzz_heap", 64, True),
    ("afl", "bench_empty", 500, True), ("afl", "fuzz_heap", 500, True)}, list(rows)
for key, row in rows.items():
    empty = key[1] == "bench_empty"
    assert row["exec_per_second"]["median"] > 0, row
    assert (row["op_per_second"]["median"] == 0) == empty, row
    assert (row["to_empty"] is None) == empty, row
    assert (row["to_naive"] is None) == (empty or key[1] == "bench_naive"), row
# the inputs are as long as they are said to be
assert rows["afl", "bench_naive", 64, False]["ops_per_exec"]["median"] > 32
assert 32 < rows["afl", "fuzz_heap", 64, True]["ops_per_exec"]["median"] <= 64
assert rows["afl", "fuzz_heap", 500, True]["ops_per_exec"]["median"] > 250
END
for chart in chart chart-engines; do
	grep -q '<svg' "$work/$chart.svg" || fail "$chart.svg is no picture"
done

# the allocator is what the naive harness reaches: the engine sees its edges
edges() {
	"$top/build/libfuzzer/$1" -seed=1 -runs=3000 -max_len=544 -len_control=0 \
		-detect_leaks=0 2>&1 | sed -n 's/.*DONE *cov: \([0-9]*\) .*/\1/p'
}
naive=$(edges bench_naive)
empty=$(edges bench_empty)
if [ "$naive" -le 200 ] || [ "$empty" -ge 10 ]; then
	fail "edges: naive $naive, empty $empty"
fi

# a seed is one run, wherever the stack begins: its depth is no feature
for object in "$top"/build/libfuzzer/allocator/hypheap_allocator_1[246].o; do
	if nm "$object" | grep -q '__sancov_lowest_stack'; then
		fail "$object tells the engine how deep its stack is"
	fi
done
nm "$top/build/libfuzzer/allocator/hypheap_allocator_12.o" | grep -q '__sancov_' ||
	fail 'the allocator tells the engine nothing'

# Ctrl-C: the rounds that are done
"$bench" --ladder plain --row 8,4,16 --rounds 1000 --engines none --json "$work/json" \
	>"$work/log" 2>&1 &
until grep -q '^\[round 2' "$work/log"; do
	kill -0 $! || fail 'it ended by itself'
	sleep 0.2
done
kill -TERM $!
status=0
wait $! || status=$?
[ "$status" -eq 2 ] || fail "interrupted: exit status $status, expected 2"
says '^plain .* x1\.00 '
says '^bench: interrupted$'
grep -q '"way": "all"' "$work/json" || fail 'interrupted: no JSON'

expect 2 "$bench" --engines libfuzzer,honggfuzz
says 'honggfuzz: there are libfuzzer, '
expect 2 "$bench" --ladder none --engines none
says 'nothing to measure'
expect 2 "$bench" --row 64,8
says 'not OPS,LIVE,PAGES'
expect 2 "$bench" --row 64,0,16
says '1 to 4096 live objects'
expect 2 "$bench" --rounds 0
says 'not above 0'
expect 2 "$bench" --seconds nan
says 'not above 0'
expect 2 "$bench" --json "$work/no/json"
says 'cannot be written'
expect 2 "$bench" surplus
says 'unrecognized arguments'
