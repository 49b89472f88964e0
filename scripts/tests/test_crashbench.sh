#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/crashbench: the way from a crasher is gone to its end, and it is told
# where it cannot be.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"

# bench STATUS WORDS ARGUMENT...: it ends with STATUS and says WORDS
bench() {
	due=$1
	words=$2
	shift 2
	expect "$due" "$top/scripts/crashbench" --out "$work/out" "$@"
	says "$words"
}

# one that a self test can show, one of the host's that it cannot
bench 0 '^right  *2 of 2' --bugs 12c,16 --from corpus,padded --json "$work/json"
grep -q "^  *1 the shrinker is the host's kernel's\$" "$work/log"
python3 - "$work/json" <<'END'
import json, sys
bugs = {bug["bug"]: bug for bug in json.load(open(sys.argv[1]))["bugs"]}
for bug in bugs.values():
    assert bug["crasher"]["ops"] >= 2 * bug["shortest"] > 0, bug
    assert bug["min"]["ops"] <= bug["crasher"]["ops"] and bug["min"]["signature"], bug
    assert bug["repro"]["ok"] and bug["repro"]["says"], bug
assert bugs["12c-free-of-null"]["selftest"] == {"ok": True, "refused": None}
assert bugs["16-shrinker-never-stops"]["selftest"]["operation"].startswith("shrink")
END

# a crasher with a verdict that the bug does not have
mkdir "$work/bugs"
sed 's,^Oracle: .*,Oracle: wiped/hvc,' "$top"/allocator/bugs/16-*.patch >"$work/bugs/16-other.patch"
bench 1 'WRONG 16-other: no crasher with its signature' --patches "$work/bugs" \
	--from padded

bench 2 'no such patch' --bugs 99
bench 2 'there are random, corpus, padded' --from nowhere
