#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/ossfuzz-check, of one target: it builds as the service would and the
# conditions hold; they do not with a tool left in $OUT, a file that is missing, one
# too many, a target that is none, or a sanitizer missing from our own functions.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"
check=$top/scripts/ossfuzz-check

# judged STATUS ARGUMENT...
judged() {
	due=$1
	shift
	expect "$due" "$check" "$@"
}

# refuses WORDS: bad/ does not pass, and it is told why
refuses() {
	judged 1 --judge bad --engine libfuzzer --sanitizer address --target fuzz_text
	grep -q "^BAD BUILD libfuzzer, address: $1" log || fail "it does not say: $1"
}

# bad: a fresh copy of what passed
bad() {
	rm -rf bad
	cp -r good bad
}

cd "$work"
judged 0 --help
judged 2 --target fuzz_none
judged 2 --judge "$work/none" --engine afl --sanitizer address
judged 2 --judge "$work"
judged 2 --engine none

# seeds come from a hypheap that is there; the whole check builds its own
hypheap=$top/build/release/hypheap
[ -x "$hypheap" ] || fail "no build/release/hypheap: run scripts/test"
judged 0 --engine libfuzzer --sanitizer address --target fuzz_text \
	--hypheap "$hypheap" -o "$work/build"
grep -Eq 'fuzz_text: [0-9]{4,} calls to __asan\*, [0-9]{2,} of them ours' log ||
	fail "it counts no calls"
mv build/libfuzzer-address/out good
flags=$(sed -n 's/^CMAKE_C_FLAGS:STRING=//p' \
	build/libfuzzer-address/work/*/CMakeCache.txt)

bad
cp /bin/true bad/tool
refuses 'tool is an executable'
bad
rm bad/fuzz_text.dict
refuses 'fuzz_text.dict is missing'
bad
: >bad/notes
refuses 'notes belongs to no target'
bad
cp /bin/true bad/fuzz_text
refuses 'fuzz_text has no LLVMFuzzerTestOneInput'

# variant FLAGS...: the target again, with other flags, linked as before
variant() {
	rm -rf variant
	CC=clang CXX=clang++ CFLAGS="$*" CXXFLAGS="$flags -static-libstdc++" \
		cmake -S "$top" -B variant -G Ninja -DCMAKE_BUILD_TYPE=None \
		-DHYPHEAP_ENGINE=external -DHYPHEAP_TESTS=OFF >log 2>&1 ||
		fail "cmake"
	cmake --build variant --target fuzz_text >log 2>&1 || fail "variant: $*"
	bad
	cp variant/fuzz_text bad/
}

# the run-time library has hundreds of calls, our functions none
variant -O1 -gline-tables-only -fsanitize=fuzzer-no-link
refuses 'fuzz_text has no call to __asan\* in our own'
echo "the build passes; what the service would refuse is refused"
