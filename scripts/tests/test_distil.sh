#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/distil on a mix of which one knows what must be kept: an input twice, one
# with bytes that do nothing, an afl-fuzz folder, a program that fails, text that is
# no program, a header of another version; and what is there already.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"
distil=$top/scripts/distil
hypheap=$top/build/release/hypheap

# one_line WORDS: that is all the last command said
one_line() {
	[ "$(wc -l <"$work/log")" -le "${2-1}" ] || fail "more than one line"
	grep -q -e "$1" "$work/log" || fail "it does not say: $1"
}

name() { sha256sum "$1" | cut -c 1-16; }

# kept FOLDER FILE...: the folder has the contents of these and no others
kept() {
	folder=$1
	shift
	for file; do
		case $file in
		*refused) echo "$(name "$file").txt" ;;
		*) name "$file" ;;
		esac
	done | sort >"$work/expected"
	(cd "$folder" && ls) | sort >"$work/actual"
	diff "$work/expected" "$work/actual" ||
		fail "$folder has not what is expected (<)"
}

cd "$work"
expect 0 "$distil" --help
expect 2 "$distil" none -o out
grep -q 'none: not a folder' log || fail "no word of the folder"
mkdir empty
: >file
expect 2 "$distil" empty -o file

# ---- its parts -------------------------------------------------------------

PYTHONPATH=$top/scripts/lib python3 -B - <<'END'
from collections import namedtuple
from distil import Measured
from distil_cover import cover
from distil_inputs import make
from distil_measure import read_notes

def of(size, *points):
    one = make(bytes([len(points)]) * size)
    return one, set(points)

# two small ones for one large one; of two that are alike the smaller
large, left, right, again = of(4000, 1, 2, 3, 4), of(10, 1, 2), of(11, 3, 4, 5), of(40, 5)
has = dict((large, left, right, again))
assert cover(list(has), has) == [right[0], left[0]], "not the small ones"
# what is taken first may be superfluous in the end
first, second, third = of(100, 1, 2, 3, 4), of(101, 1, 2, 5), of(102, 3, 4, 6)
has = dict((first, second, third))
assert set(cover(list(has), has)) == {second[0], third[0]}, "a superfluous one is kept"
nothing = of(3)
assert cover([nothing[0]], {nothing[0]: set()}) == []

# libFuzzer's notes: a file that ends the target has no FT
notes = "3\n0\n/x/a\n/x/b\n/x/c d\nSTARTED 0 4\nFT 0 3 8 17\nCOV 0 1\nSTARTED 1 4\n" \
    "STARTED 2 9\nFT 2 80\nCOV 2\n"
assert read_notes(notes) == {"a": {0, 1, 2}, "c d": {10}}, read_notes(notes)

# what is lost is told
Of = namedtuple("Of", "name edges")
targets = [Of("t", 10)]
one, other = Measured(targets), Measured(targets)
one.points["t"], one.mutants = {1, 2, 11}, {"m"}
other.points["t"] = {2}
assert list(one.lost(other)) == ["1 edges of t", "1 features of t", "1 mutants"]
assert not list(other.lost(one))
assert (one.edges(), one.features()) == (2, 1)
END

# ---- a mix -----------------------------------------------------------------

mkdir -p text mix/queue base/seeds
cat >text/heap.ops <<'END'
hypheap 1
topup 4
a = alloc 100
free a
END
cat >text/host.ops <<'END'
hypheap 1
create vm 0 2
destroy vm 0
END
printf '# expect: pages/alloc\nhypheap 1\na = alloc 1\n' >mix/fails
printf 'hypheap 1\nfrobnicate\n' >mix/refused

expect 2 "$distil" empty -o out --seconds 0
# what it says of its builds, then one line
one_line 'distil: .*empty: no inputs there' 3

for name in heap host; do
	"$hypheap" asm text/$name.ops -o $name
done
cp heap mix/one
cp heap mix/two
cp heap mix/padded
printf 123 >>mix/padded
cp host 'mix/queue/id:000000,orig:seed'
echo 'not an input' >mix/fuzzer_stats
{
	head -c 3 host
	printf '\007'
	tail -c +5 host
} >mix/another-version

expect 0 "$distil" mix -o out --seconds 0 --base base
grep -q '1 inputs do not hold' log || fail "it does not say what it left out"
kept out heap host mix/refused
before=$(awk '$1 == "before" { print $4, $5 }' log)
[ "$before" = "$(awk '$1 == "after" { print $4, $5 }' log)" ] ||
	fail "what it had before and has now is not the same"

# the same again, from what is there and one of the two
mkdir some
cp heap some/
expect 0 "$distil" some -o out --seconds 0 --base base
kept out heap host mix/refused

# what the base has need not be kept
cp text/heap.ops base/seeds/
expect 0 "$distil" mix -o less --seconds 0 --base base --target fuzz_corrupt
kept less host
echo "kept what must be kept, and nothing else"
