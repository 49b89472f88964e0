#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/fuzz refuses what it should, and with each engine finds a planted bug,
# says how to see it again, and leaves no process behind.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"

cd "$work"
expect 0 "$top/scripts/fuzz" --help
grep -q -- --seconds log || fail "--help does not tell of --seconds"
expect 2 "$top/scripts/fuzz" --seconds -1
expect 2 "$top/scripts/fuzz" --target none
expect 2 "$top/scripts/fuzz" --corpus "$work/none"
expect 2 "$top/scripts/fuzz" --alloc "$work/none.c"
expect 2 "$top/scripts/fuzz" --engine none

# what does not hold among its seeds is named, also when the process that asks dies
mkdir seeds
for name in 1 2 3 fails-a 5 6 fails-b dies 9; do
	echo "$name" >"seeds/$name"
done
cat >hypheap <<'EOF'
#!/bin/sh
status=0
for file; do
	case $file in
	*/dies) kill -9 $$ ;;
	*/fails*) holds=false status=1 ;;
	*/*) holds=true ;;
	*) continue ;;
	esac
	echo "{\"file\": \"$file\", \"holds\": $holds}"
done
exit $status
EOF
chmod +x hypheap
python3 -B - "$top" >named <<'EOF'
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1] + "/scripts/lib")
import fuzz_seeds

seeds = fuzz_seeds.Seeds(Path("seeds"), 9)
print(*(path.name for path in fuzz_seeds.failing(Path("hypheap").absolute(), seeds)))
EOF
[ "$(cat named)" = "dies fails-a fails-b" ] || fail "named: $(cat named)"

mkdir empty
for engine in libfuzzer afl; do
	out=$work/$engine
	# a target that begins with nothing when the corpus is empty
	expect 1 "$top/scripts/fuzz" --engine "$engine" --seconds 120 --jobs 1 \
		--target fuzz_heap --no-selfcheck \
		--alloc "$top/scripts/tests/planted.c" --corpus "$work/empty" \
		--out "$out"
	grep -q '^positive control: left out' log || fail "$engine: it is not said"
	grep -q '^FOUND zeroed/' log || fail "$engine found something else"
	grep '^replay: ' log | head -n 1 | sed 's/^replay: //' >replay
	[ -s replay ] || fail "$engine: no replay command"
	crash=$(find "$out/crashes" -name "$engine-crash-*" ! -name '*.*' |
		head -n 1)
	[ -s "$crash.ops" ] || fail "$engine: no text beside the input"
	[ -s "$crash.report" ] || fail "$engine: no report beside the input"
	expect 1 sh ./replay
	grep -q 'signature: zeroed/' log || fail "$engine: another replay"

	# all that it starts names the folder
	if grep -lq "$out" /proc/[0-9]*/cmdline 2>/dev/null; then
		fail "$engine: a process is left"
	fi
done
echo "both engines find the planted bug"
