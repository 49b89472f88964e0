#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The harness for arm64: EL2's code as gcc compiles it, and the corpus under
# qemu-user with the digests of this machine. Skipped where the cross compiler,
# qemu or jemalloc for arm64 is missing.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)

# only this machine's own packages may be missing besides
if ! missing=$("$top/scripts/setup" --check --build-only --arm64 2>&1); then
	echo "SKIPPED, nothing was tried for arm64: $missing"
	echo "scripts/setup --arm64, or scripts/test --arm64, installs it"
	exit 77
fi

"$top/scripts/freestanding" --compiler gcc
cd "$top"
{
	cmake --preset arm64 && cmake --build --preset arm64 --target hypheap
} >build/arm64.log 2>&1 </dev/null || {
	echo "FAIL: the preset arm64 does not build"
	tail -n 30 build/arm64.log
	exit 1
}
# as clang compiles it, which puts the access checks into the allocator
{
	cmake --preset arm64 -DCMAKE_C_COMPILER=clang \
		-DCMAKE_C_COMPILER_TARGET=aarch64-linux-gnu -B build/arm64-clang &&
		cmake --build build/arm64-clang --target hypheap_allocator
} >build/arm64-clang.log 2>&1 </dev/null || {
	echo "FAIL: the preset arm64 does not build with clang"
	tail -n 30 build/arm64-clang.log
	exit 1
}
# Real mappings under qemu are left to "scripts/digests --arm64".
"$top/scripts/digests" --backend copy --hypheap release=build/release/hypheap \
	--hypheap arm64=build/arm64/hypheap
