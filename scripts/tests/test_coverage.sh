#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/coverage: the corpus reaches every line that is not listed, and it is
# told if it does not: a smaller corpus, a list that is stale, one that is short.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"
coverage=$top/scripts/coverage

# reached KEY: how many lines of alloc.c, or all, by the last --json
reached() {
	python3 -c '
import json, sys
alloc = json.load(open(sys.argv[1]))["files"][0]
assert alloc["name"] == "allocator/el2/alloc.c"
print(alloc["lines"][sys.argv[2]])' "$work/json" "$1"
}

cd "$work"
expect 0 "$coverage" --help
says --unique
expect 2 "$coverage" --corpus "$work/none"
expect 2 "$coverage" --jobs 0
expect 2 "$coverage" --json "$work/none/json"

# the corpus of the project
expect 0 "$coverage" --html html --json json
says '^el2/pkvm.c '
says '^host/host.c '
[ -s html/index.html ] || fail "no HTML"
grep -q 'hyp_spinlock' html/el2-alloc.c.html || fail "no source in the HTML"
all=$(reached all)
full=$(reached reached)

# one program, of pages that are no usual ones: some lines, not all
mkdir one
cp "$top/corpus/seeds/page-64k-reclaim.ops" one/
expect 1 "$coverage" --corpus one --html html --json json --unique
says '^NOT REACHED, and not listed: '
says ' page-64k-reclaim.ops: el2/alloc.c:'
some=$(reached reached)
if [ "$some" -lt 100 ] || [ "$some" -ge "$full" ] || [ "$full" -gt "$all" ]; then
	fail "one program reaches $some lines, the corpus $full of $all"
fi

# its bytes say the same
mkdir bytes
"$top/build/coverage/hypheap" asm one/page-64k-reclaim.ops -o bytes/input
expect 1 "$coverage" --corpus bytes --html html --json json
[ "$(reached reached)" -eq "$some" ] || fail "as bytes it is another program"

# what it would need to be listed
"$coverage" --corpus one --list >needed 2>log || fail "--list"
sed 's/: ?$/: because/' needed >listed
expect 0 "$coverage" --corpus one --html html --unreachable listed
expect 2 "$coverage" --corpus one --html html --unreachable needed
says 'has no reason'

# a list that is wrong: heap_map() is there and reached
for line in '*' 'int gone;' 'while (mark < end) {'; do
	cp listed wrong
	printf 'el2/alloc.c heap_map: because\n\t%s\n' "$line" >>wrong
	expect 1 "$coverage" --corpus one --html html --unreachable wrong
	says '^STALE in wrong: el2/alloc.c heap_map: '
done

# a list that is short by a line
sed '0,/^\t1 of/{/^\t1 of/d}' listed >short
[ $(($(wc -l <short) + 1)) -eq "$(wc -l <listed)" ] || fail "not one line less"
expect 1 "$coverage" --corpus one --html html --unreachable short
says '^NOT REACHED, and not listed: 1$'

# what is no program, and what does not hold, is told
printf 'hypheap 1\nnonsense\n' >one/bad.ops
expect 2 "$coverage" --corpus one --html html --unreachable listed
says '^cannot be run: one/bad.ops: '
printf '# expect: pages/alloc\nhypheap 1\ntopup 1\n' >one/bad.ops
expect 1 "$coverage" --corpus one --html html --unreachable listed
says '^does not hold: hypheap run one/bad.ops'
echo "the corpus reaches $full of $all lines of alloc.c, one program $some"
