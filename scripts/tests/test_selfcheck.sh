#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/selfcheck refuses what it should, and finds the planted bug.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"

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
