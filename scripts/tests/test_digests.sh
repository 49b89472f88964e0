#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/digests: what the presets built says the same on both backends, and a
# difference of a compiler or a backend that is planted shows up.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"

# digests STATUS ARGUMENT...
digests() {
	due=$1
	shift
	expect "$due" "$top/scripts/digests" "$@"
}

# planted NAME PRESET LIBRARY SOURCE SED: the hypheap of a preset with one file
# changed, in $work/NAME.
planted() {
	build=$top/build/$2
	changed=$work/$1.c
	sed "$5" "$top/$4" >"$changed"
	! cmp -s "$changed" "$top/$4" || fail "$1: sed changes nothing in $4"
	(
		set -x
		cd "$build"
		cp "$3" "$work/$1.a"
		# as the file itself is compiled, in its folder
		unit=$(ninja -t targets all |
			sed -n "s|^\(${3%/*}/CMakeFiles/hypheap_[^:]*/${4#"${3%/*}/"}.o\):.*|\1|p")
		command=$(ninja -t commands "$unit" | tail -n 1)
		object=$work/$(basename "$4").o
		eval "$(printf '%s' "$command" | sed "s| -o [^ ]*| -o $object|
			s|-MF [^ ]*|-MF /dev/null|
			s| -c [^ ]*| -iquote $top/$(dirname "$4") -c $changed|")" &&
			ar r "$work/$1.a" "$object" &&
			eval "$(ninja -t commands hypheap | tail -n 1 |
				sed "s| $3| $work/$1.a|g; s| -o hypheap | -o $work/$1 |")"
	) >"$work/log" 2>&1 || fail "$1 does not build"
}

for preset in release gcc; do
	[ -x "$top/build/$preset/hypheap" ] ||
		fail "build/$preset has no hypheap: scripts/test builds it"
done

digests 0 --quick --json "$work/quick.json"
says 'all equal'
grep -q '"equal": true' "$work/quick.json" || fail "the JSON does not say so"
says '^gcc mmu  *equal  *equal  *equal'

# In which order are a call's arguments computed? clang and gcc differ.
order='s|^static uint64_t add_deferred|static uint64_t two; static uint64_t next(void) { return two = two * 3 + 1; }\nstatic uint64_t less(uint64_t a, uint64_t b) { return a - b; }\n&|
s|hash = add(hash, actual->need);|two = 1; hash = add(hash, less(next(), next()));|'
planted clang release fuzzers/run/libhypheap_run.a fuzzers/run/digest.c "$order"
planted gcc gcc fuzzers/run/libhypheap_run.a fuzzers/run/digest.c "$order"
digests 1 --hypheap "clang=$work/clang" --hypheap "gcc=$work/gcc"
says '^clang mmu  *equal  *equal  *equal'
says '^gcc copy  *[1-9][0-9]* differ'
says 'first: corpus/.*, line'

# A backend that is right for pages of 4096 bytes only.
planted small release allocator/libhypheap_allocator.a allocator/backend/mmu.c \
	's|(off_t)page << backend.shift;|(off_t)page << 12;|'
digests 1 --hypheap "small=$work/small"
says '^small copy  *equal  *equal  *equal'
says '^small mmu  *equal .*differ'

# bad input
digests 2 --hypheap "none=$work/none"
says 'no such file'
digests 2 --hypheap none
says 'is not NAME=FILE'
