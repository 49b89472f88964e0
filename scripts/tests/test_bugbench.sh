#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/bugbench --quick: planted bugs are seen by the oracles they name, and
# it is told if one is not, or if a patch is none.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"
bugs=$top/allocator/bugs
mkdir "$work/bugs"

# quick STATUS ARGUMENT...
quick() {
	due=$1
	shift
	expect "$due" "$top/scripts/bugbench" --quick --out "$work/out" "$@"
}

# one bug in each place that may have one: EL2, the host, a header, the backend
quick 0 --bugs 03,16,15,22b --json "$work/json"
says '^03-least-of-8 .* zeroed/alloc  *EINVAL'
says '^22b-shared-page-donated .* result/hvc  *missed'
says '^caught  *4/4'
python3 - "$work/json" <<'END'
import json, sys
bugs = {bug["bug"]: bug for bug in json.load(open(sys.argv[1]))["bugs"]}
assert len(bugs) == 4, bugs
three = bugs["03-least-of-8"]
assert three["sequence"] == {"signature": "zeroed/alloc", "clean": "holds", "ok": True}
assert three["engines"]["selftest"][0]["caught"], three
assert three["engines"]["corpus"][0]["caught"], three
assert not bugs["22b-shared-page-donated"]["engines"]["selftest"][0]["caught"]
END

# the generator alone, and how many programs that takes
expect 0 "$top/scripts/bugbench" --out "$work/out" --bugs 03,26 --engines random \
	--seeds 3 --json "$work/json"
says '^caught  *2/2  *2/2$'
typical=$(python3 - "$work/json" <<'END'
import json, statistics, sys
medians = []
for bug in json.load(open(sys.argv[1]))["bugs"]:
    runs = bug["engines"]["random"]
    assert [run["seed"] for run in runs] == [1, 2, 3] and all(run["caught"] for run in runs)
    medians.append(sorted(run["programs"] for run in runs)[1])
print(f"{statistics.geometric_mean(medians):.3g}")
END
)
says "^programs  *$typical\$"

# another verdict than the one that is due is none
sed 's,^Oracle: .*,Oracle: place/alloc,' "$bugs"/16-*.patch >"$work/bugs/01-other.patch"
quick 1 --from "$work/bugs"
says 'MISSED 01-other: its own sequence gives result/shrink, not place/alloc'

# nor is a bug that is none
sed -e 's,^+	return freed;,+	return freed ? freed : SHRINK_STOP; /* the same */,' \
	"$bugs"/16-*.patch >"$work/bugs/01-other.patch"
quick 1 --from "$work/bugs"
says 'MISSED 01-other: its own sequence gives holds, not result/shrink'

# nor one that the clean build does not come out of as it should
sed 's,^  shrink 1,  # expect: result/shrink\n  shrink 1,' \
	"$bugs"/16-*.patch >"$work/bugs/01-other.patch"
quick 1 --from "$work/bugs"
says 'the clean build: status 1'

sed '/^Oracle/d' "$bugs"/16-*.patch >"$work/bugs/01-other.patch"
quick 2 --from "$work/bugs"
says 'header lacks Oracle'
sed 's,return freed ? freed,return lost ? lost,' "$bugs"/16-*.patch >"$work/bugs/01-other.patch"
quick 2 --from "$work/bugs"
says 'FAILED'

quick 2 --bugs 99
says 'no such patch'
