#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/smoke refuses what it should, holds on the corpus, and says of a planted
# bug, found by fuzzing or by a program, what CI needs: status, JUnit, SARIF, pages.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"

# smoke STATUS ARGUMENT...
smoke() {
	due=$1
	shift
	expect "$due" "$top/scripts/smoke" "$@"
}

# results FOLDER FAILURES RESULTS...: junit.xml has so many failures (of replay, of
# fuzz), hypheap.sarif these results, and each its page.
results() {
	python3 -B - "$@" <<'END' || fail "results of $*"
import json, sys
from pathlib import Path
from xml.etree import ElementTree

folder, replay, fuzz, signatures = Path(sys.argv[1]), *sys.argv[2:4], sys.argv[4:]
root = ElementTree.parse(folder / "junit.xml").getroot()
suites = {suite.get("name"): suite for suite in root}
assert set(suites) == {"replay", "fuzz"}, suites
for name, failures in (("replay", replay), ("fuzz", fuzz)):
    cases = suites[name].findall("testcase")
    assert int(suites[name].get("tests")) == len(cases) > 0, name
    assert suites[name].get("failures") == failures, (name, suites[name].attrib)
    assert suites[name].get("errors") == "0", name
assert int(root.get("failures")) == int(replay) + int(fuzz), root.attrib
assert {p.get("name") for p in root.iter("property")} == {"commit", "seed", "seconds"}
run = json.loads((folder / "hypheap.sarif").read_text())["runs"][0]
said = [r["partialFingerprints"]["hypheapSignature/v1"] for r in run["results"]]
assert sorted(said) == sorted(signatures), said
pages = list((folder / "crashes").glob("*.html"))
assert bool(pages) == bool(signatures), pages
for page in pages:
    assert any(signature in page.read_text() for signature in signatures), page
END
}

cd "$work"
smoke 0 --help
grep -q 'exit status' log || fail "--help does not tell of the exit status"
smoke 2 --seconds 0
smoke 2 --target fuzz_none
smoke 2 --corpus "$work/none"
smoke 2 --seed 0
smoke 2 --alloc "$work/none.c"

# what holds: programs that the bug planted below does not touch, and our own code;
# one allocator for all, so that there is one build
planted=$top/scripts/tests/planted.c
mkdir clean-corpus
cp "$top"/corpus/seeds/misuse-*.ops clean-corpus/
smoke 0 --seconds 6 --target fuzz_text --alloc "$planted" --corpus clean-corpus \
	-o clean
grep -q '^commit [0-9a-f]*.*, seed [0-9]*$' log || fail "no seed"
grep -q '^fuzz_text: [0-9.]*[kM]* programs, .* 0 findings$' log || fail "not fuzzed"
results clean 0 0

# what does not hold is told for the corpus, and that it ends there
mkdir corpus
printf 'hypheap 1\n# expect: pages/alloc\ntopup 1\n' >corpus/unmet.ops
smoke 1 --seconds 10 --target fuzz_text --alloc "$planted" --corpus corpus -o unmet
python3 -B - unmet/junit.xml <<'END'
import sys
from xml.etree import ElementTree
root = ElementTree.parse(sys.argv[1]).getroot()
assert (root.get("failures"), root.get("skipped")) == ("1", "1"), root.attrib
END
printf 'hypheap 1\nnonsense\n' >corpus/unmet.ops
smoke 2 --seconds 10 --target fuzz_text --alloc "$planted" --corpus corpus -o unmet

# a planted bug: a program of the corpus meets it, or fuzzing from nothing does
printf 'hypheap 1\ntopup 4; a = alloc 6000\n' >corpus/unmet.ops
smoke 1 --seconds 60 --target fuzz_heap --alloc "$planted" --corpus corpus -o met
results met 1 0 zeroed/alloc
printf 'hypheap 1\ntopup 1\n' >corpus/unmet.ops
smoke 1 --seconds 60 --target fuzz_heap --alloc "$planted" --corpus corpus -o found
grep -q '^FOUND zeroed/' log || fail "fuzzing found something else"
results found 0 1 "$(sed -n 's/^FOUND \(zeroed[^:]*\):.*/\1/p' log | head -n 1)"
grep -q 'signature: zeroed/' found/crashes/*.report || fail "no report"
[ -s "$(find found/crashes -name 'fuzz_heap-*.ops')" ] || fail "no text"

# again into the same folder: nothing of before is left
printf 'hypheap 1\ntopup 4; a = alloc 6000\n' >corpus/unmet.ops
smoke 1 --seconds 60 --target fuzz_heap --alloc "$planted" --corpus corpus -o found
results found 1 0 zeroed/alloc
echo "smoke holds on the corpus, and tells of a planted bug"
