#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# test_feedback.sh libfuzzer|afl TARGET FOLDER: two inputs run the same code over
# heaps of different shapes. Does the engine keep both, and only one of them when
# HYPHEAP_FEATURES=off?
set -eu

engine=$1
target=$2
folder=$3

for name in $(env | sed -n 's/^\(AFL_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done
if [ ! -x "$target" ]; then
	echo "$target is not built: run scripts/setup, then configure again" >&2
	exit 1
fi

# kept FEATURES: of 3 inputs, of which two are alike, how many are kept
kept() {
	rm -rf "$folder"
	mkdir -p "$folder/in" "$folder/out"
	printf 1 >"$folder/in/one"
	printf 2 >"$folder/in/two"
	printf 11 >"$folder/in/one-more"
	case $engine in
	libfuzzer)
		HYPHEAP_FEATURES=$1 "$target" -merge=1 "$folder/out" \
			"$folder/in" >"$folder/log" 2>&1
		;;
	afl)
		HYPHEAP_FEATURES=$1 AFL_ALLOW_TMP=1 afl-cmin \
			-i "$folder/in" -o "$folder/out" -- "$target" \
			>"$folder/log" 2>&1
		;;
	esac || {
		tail -n 20 "$folder/log" >&2
		exit 1
	}
	find "$folder/out" -type f | wc -l
}

with=$(kept on)
without=$(kept off)
echo "$engine keeps $with of 3 inputs with features of state, $without without"
[ "$with" -eq 2 ] && [ "$without" -eq 1 ] || exit 1
rm -rf "$folder"
