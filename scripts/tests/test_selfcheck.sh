#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/selfcheck refuses what it should, and finds the planted bug.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "FAIL: $*"
	tail -n 40 "$work/log"
	exit 1
}

# expect STATUS COMMAND...
expect() {
	expected=$1
	shift
	status=0
	"$@" >"$work/log" 2>&1 || status=$?
	[ "$status" -eq "$expected" ] ||
		fail "$*: exit status $status, expected $expected"
}

# says WORDS: the last command did
says() {
	grep -q -e "$1" "$work/log" || fail "it does not say: $1"
}

cd "$work"
expect 0 "$top/scripts/selfcheck" --help
says --seconds
expect 2 "$top/scripts/selfcheck" --engine none
expect 2 "$top/scripts/selfcheck" --seconds 0
expect 2 "$top/scripts/selfcheck" --bug 999
says 'no such patch'
expect 2 "$top/scripts/selfcheck" --bug 1
expect 2 "$top/scripts/selfcheck" file
expect 0 "$top/scripts/fuzz" --help
says --no-selfcheck

# one engine, twice: the second time there is nothing to build
for time in first second; do
	expect 0 "$top/scripts/selfcheck" --engine libfuzzer --seconds 120
	says '^libfuzzer: [0-9]* lies caught by 17 oracles; found planted bug'
	built=$(find "$top/build/selfcheck/builds" -name fuzz_host -printf '%T@')
	[ "$time" = first ] || [ "$built" = "$before" ] || fail "it was built again"
	before=$built
done
