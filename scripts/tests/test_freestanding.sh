#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/freestanding: EL2's code compiles as such and leans on what is listed;
# another symbol, a libc header or floating point does not pass.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"

# freestanding STATUS WORDS ARGUMENT...
freestanding() {
	due=$1
	words=$2
	shift 2
	expect "$due" "$top/scripts/freestanding" --compiler clang "$@"
	says "$words"
}

# with TEXT: an alloc.c that has this, too
with() {
	{
		cat "$top/allocator/el2/alloc.c"
		printf '%s\n' "$1"
	} >"$work/alloc.c"
}

freestanding 0 'clang: 4 files in 5 ways'

with 'int printk(const char *); int extra(void); int extra(void) { return printk("x"); }'
freestanding 1 'needs printk, which interfaces does not list' --quick --alloc "$work/alloc.c"
# some compilers refuse it, some call a library
with 'double half(double); double half(double x) { return x / 2; }'
freestanding 1 'does not compile\|needs __' --quick --alloc "$work/alloc.c"
with '#include <stdio.h>'
freestanding 1 'does not compile' --quick --alloc "$work/alloc.c"

# what is listed must be needed
{
	cat "$top/allocator/el2/interfaces"
	echo backend_of_old
} >"$work/interfaces"
freestanding 1 'lists backend_of_old, which nothing needs' --quick \
	--interfaces "$work/interfaces"
freestanding 2 'no such file' --alloc "$work/none.c"
