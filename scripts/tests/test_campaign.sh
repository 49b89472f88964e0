#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/campaign with engines that are not real and an allocator with a bug:
# nothing is lost whatever is killed, full, forbidden or damaged.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)

# the harness with scripts/tests/planted.c, which scripts/test has built
for preset in gcc dev; do
	buggy=$top/build/$preset/fuzzers/cli/hypheap_buggy
	[ ! -x "$buggy" ] || break
done
if [ ! -x "$buggy" ]; then
	cd "$top"
	cmake --preset dev >/dev/null
	cmake --build --preset dev --target hypheap_buggy >/dev/null
fi

HYPHEAP_BUGGY=$buggy exec python3 -B "$top/scripts/tests/test_campaign_cases.py" "$@"
