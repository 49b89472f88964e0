#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# test_afl.sh TARGET MUTATOR FOLDER: does afl-fuzz call our mutator? TARGET is
# fuzzed for seconds with MUTATOR ("": with none, to see that this test fails).
set -eu

target=$1
mutator=$2
folder=$3

if ! command -v afl-fuzz >/dev/null; then
	echo "afl-fuzz is missing: run scripts/setup" >&2
	exit 1
fi
if [ ! -x "$target" ]; then
	echo "$target is not built: run scripts/setup, then configure again" >&2
	exit 1
fi

rm -rf "$folder"
mkdir -p "$folder/in"
echo input >"$folder/in/input"

for name in $(env | sed -n 's/^\(AFL_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done
if [ -n "$mutator" ]; then
	export AFL_CUSTOM_MUTATOR_LIBRARY="$mutator" AFL_CUSTOM_MUTATOR_ONLY=1
fi
status=0
AFL_NO_UI=1 AFL_DEBUG=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_NO_COLOR=1 \
	AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_FORKSRV_INIT_TMOUT=30000 \
	timeout -k 5 60 afl-fuzz -s 1 -V 4 -t 5000 -i "$folder/in" \
	-o "$folder/out" -- "$target" >"$folder/log" 2>&1 || status=$?

# The name of an input that was kept says who made it.
queue="$folder/out/default/queue"
if [ "$status" -ne 0 ] || [ ! -d "$queue" ]; then
	tail -n 20 "$folder/log"
	echo "afl-fuzz ended with $status"
	exit 1
fi
count() { find "$queue" -type f -name "$1" | wc -l; }
all=$(count 'id:*,src:*')
ours=$(count 'id:*,src:*,hypheap-*')
spliced=$(count 'id:*,hypheap-splice-*')
trimmed=$(grep -ac '\[Custom Trimming\] START' "$folder/log" || true)
echo "kept $all inputs, $ours of them the mutator's, $spliced spliced;" \
	"$trimmed trimmed by it"

# Neither the input it started from nor AFL++'s own makes a program's header.
headers=0
for file in "$queue"/id:*,src:*; do
	[ -f "$file" ] || continue
	case $(head -c 3 "$file" | tr -d '\0') in
	HYP) headers=$((headers + 1)) ;;
	esac
done

if [ "$ours" -eq 0 ] || [ "$headers" -eq 0 ]; then
	echo "the mutator was never called"
	exit 1
fi
[ "$ours" -eq "$all" ] || { echo "not all inputs are the mutator's"; exit 1; }
[ "$spliced" -gt 0 ] || { echo "the mutator never spliced"; exit 1; }
[ "$trimmed" -gt 0 ] || { echo "the mutator never trimmed"; exit 1; }
rm -rf "$folder"
