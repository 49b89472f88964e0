#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/bisect-step with git bisect, on a history made for it: a bug that came
# in a known commit, and others that do not build, fail differently or cannot
# read the program.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"

# the sources as they are now, committed or not, as the first version
mkdir "$work/history"
cd "$top"
git ls-files --cached --others --exclude-standard | while read -r file; do
	[ ! -f "$file" ] || printf '%s\n' "$file"
done | tar -c -T - | tar -x -C "$work/history"

cd "$work/history"
git init -q .
git config user.name nobody
git config user.email nobody@localhost
git config commit.gpgsign false
alloc=allocator/el2/alloc.c

# commit TEXT: the allocator changes with each
commit() {
	printf '/* %s */\n' "$1" >>$alloc
	git add -A
	git commit -q -m "$1"
	git rev-parse HEAD
}

good=$(commit "holds")
printf '#error\n' >>$alloc
commit "does not build" >/dev/null
sed -i '/^#error$/d' $alloc
commit "holds again" >/dev/null
cp $alloc "$work/alloc.c"
sed -i 's/\*size + HDR_SIZE > heap_size/*size > 64 && heap_size/' $alloc
commit "fails in another way" >/dev/null
cp "$work/alloc.c" $alloc
commit "holds once more" >/dev/null
sed -i '/push_hyp_memcache(&heap->mc, page, hyp_virt_to_phys);/d' $alloc
bug=$(commit "loses a page")
bad=$(commit "still does")

# the bug that is meant: a page that could not be mapped is lost
cp "$top/scripts/bisect-step" "$work/step"
printf '# signature: pages/alloc\nhypheap 1\n# expect: pages/alloc\n%s\n' \
	'topup 4; fail map 1; a = alloc 100' >"$work/crash.ops"

expect 255 "$work/step"
expect 255 "$work/step" "$work/none"
expect 255 "$work/step" --alloc x "$work/crash.ops"
expect 0 "$work/step" --help

# a dozen builds, of which only what they do counts
printf '#!/bin/sh\nexec "$@" -O0 -g0\n' >"$work/quick"
chmod +x "$work/quick"
export CMAKE_C_COMPILER_LAUNCHER="$work/quick"

git bisect start "$bad" "$good" >"$work/log" 2>&1
expect 0 git bisect run "$work/step" "$work/crash.ops"
grep -q "^$bug is the first bad commit" "$work/log" ||
	fail "git bisect found another commit than $bug"
git bisect reset >/dev/null 2>&1

# each answer by itself
git checkout -q "$good"
expect 0 "$work/step" "$work/crash.ops"
printf 'hypheap 1\nfrobnicate\n' >"$work/new.ops"
expect 125 "$work/step" "$work/new.ops"
grep -q 'cannot be read' "$work/log" || fail "it does not say why"
git checkout -q "$bug"
expect 1 "$work/step" "$work/crash.ops"
sed -i 's/pages/owner/' "$work/crash.ops"
expect 125 "$work/step" "$work/crash.ops"
grep -q 'it fails with pages/alloc, not owner/alloc' "$work/log" ||
	fail "it does not say which failure came"
expect 1 "$work/step" --any "$work/crash.ops"
printf '#error\n' >>$alloc
expect 125 "$work/step" "$work/crash.ops"

# an allocator that lies elsewhere
printf 'hypheap 1\ntopup 4; a = alloc 6000\n' >"$work/zero.ops"
git checkout -q -f "$good"
expect 0 "$work/step" "$work/zero.ops"
expect 1 "$work/step" --source . --alloc scripts/tests/planted.c "$work/zero.ops"
echo "git bisect finds the commit, over versions that cannot be tested"
