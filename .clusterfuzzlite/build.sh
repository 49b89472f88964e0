#!/bin/bash -eux
# SPDX-License-Identifier: GPL-2.0-only
# Called by OSS-Fuzz and ClusterFuzzLite, whose environment says how to build:
# CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE SANITIZER FUZZING_ENGINE ARCHITECTURE,
# and where: SRC WORK OUT. scripts/ossfuzz-check imitates it.
#
# usage: build.sh [TARGET...]    (default: all fuzz targets)
# HYPHEAP: a hypheap that is there already, else one is built.

source=$SRC/hypheap
build=$WORK/$FUZZING_ENGINE-$SANITIZER-$ARCHITECTURE

case $ARCHITECTURE in
x86_64 | aarch64) ;;
*)
	echo "no such architecture for a hypervisor of 64 bits: $ARCHITECTURE" >&2
	exit 2
	;;
esac

if [ $# -eq 0 ]; then
	for file in "$source"/fuzzers/engines/fuzz_*.c; do
		set -- "$@" "$(basename "$file" .c)"
	done
fi

# Flags and engine are the caller's; so is the optimization.
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None \
	-DHYPHEAP_ENGINE=external -DHYPHEAP_TESTS=OFF \
	-DHYPHEAP_LIB_FUZZING_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$build" --target "$@"

# What writes seeds runs here and now: no sanitizer, no engine, and not in $OUT.
if [ -z "${HYPHEAP-}" ]; then
	env -u CFLAGS -u CXXFLAGS -u LDFLAGS CC=clang \
		cmake -S "$source" -B "$WORK/tool" -G Ninja -DHYPHEAP_TESTS=OFF
	cmake --build "$WORK/tool" --target hypheap
	HYPHEAP=$WORK/tool/hypheap
fi

for target in "$@"; do
	cp "$build/$target" "$OUT/"
	python3 -B "$source/scripts/lib/ossfuzz_seeds.py" "$HYPHEAP" "$target" "$OUT"
done
