#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/mutants refuses what it should, kills what everybody sees, remembers it,
# and does not believe an argument that is stale.
set -eu

# shellcheck source=lib/test.sh
. "$(dirname -- "$0")/../lib/test.sh"

# mutants STATUS ARGUMENT...
mutants() {
	due=$1
	shift
	expect "$due" "$top/scripts/mutants" "$@"
}

has() {
	grep -qE -- "$1" "$work/log" || fail "no line with: $1"
}

cd "$work"
mutants 0 --help
has --seconds
mutants 2 --seconds -1
mutants 2 --sample 0
mutants 2 --arguments "$work/none"
mutants 2 --corpus "$work"
mutants 2 --only no_such_function
mutants 2 --show ffffffff

# each operator has found something, and no mutant is told twice
mutants 0 --list
for operator in operator constant condition statement arguments return check; do
	has "^alloc\.c:[0-9]+ [0-9a-f]{8} [a-z_]+ $operator: "
done
[ -z "$(cut -d ' ' -f 2 log | sort | uniq -d)" ] || fail "an id twice"
# in an argument of a macro, a lock, and a check that goes
has ' heap_free operator: < -> <=$'
has ' heap_free statement: guard\(hyp_spinlock\)'
has ' heap_free check: WARN_ON\(!chunk_is_used\(chunk\)\) -> \(void\)\(!chunk'

# what a walk needs is missed at once; what nobody compiles is not counted
: >none
mutants 0 --only chunk_hash --seconds 0 --arguments none --json doc
has '^total .* 100\.0 %$'
python3 - doc <<'EOF'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    doc = json.load(file)
total = doc["total"]
assert doc["errors"] == [] and total["killed"] > 5 and total["not compiled"] > 3, total
for mutant in doc["mutants"]:
    killed = mutant["outcome"] == "killed"
    assert killed == bool(mutant["parts"]), mutant
    assert killed == bool(mutant["verdict"] and mutant["verdict"]["by"]), mutant
EOF

# the change that is shown is the one that is meant
id=$(sed -n 's/.*"id": "\([0-9a-f]*\)".*/\1/p' doc | head -n 1)
mutants 0 --show "$id"
has '^- ' && has '^\+ '

# a survivor is told, until it is argued for
mutants 1 --only chunk_prev --seconds 0 --arguments none
has '^survived:$' && has 'chunk_prev condition: !chunk->prev -> 0$'
mutants 0 --only chunk_prev --seconds 0
has '^argued to be equivalent:$' && has ' 0 survived, 1 argued'

# stale: killed, gone, another one, without an argument, twice; what was written by
# hand is enough for that
mkdir corpus
ln -s "$top/corpus/seeds" corpus/seeds
stale() {
	mutants 1 --only chunk_prev --seconds 0 --arguments argued --corpus corpus
	has "^error: argued:[0-9]+: $1"
}
"$top/scripts/mutants" --only chunk_prev --list | cut -d ' ' -f 2- >all
survivor=$(grep 'condition: !chunk->prev -> 0$' all)
printf '%s\n\tBecause.\n%s\n\tBecause.\n' "$survivor" \
	"$(grep -v 'condition: !chunk->prev -> 0$' all | grep 'operator: ' |
		head -n 1)" >argued
stale '[0-9a-f]{8}: it is killed, by '
printf '%s\n\tBecause.\nffffffff chunk_prev check: x -> y\n\tBecause.\n' \
	"$survivor" >argued
stale 'ffffffff: there is no such mutant'
printf '%s\n\tBecause.\n' "$survivor" | sed '1s/-> 0/-> 1/' >argued
stale '[0-9a-f]{8}: it is chunk_prev condition: .* -> 0'
printf '%s\n' "$survivor" >argued
stale '[0-9a-f]{8} has no argument'
printf '%s\n\tBecause.\n' "$survivor" "$survivor" >argued
stale '[0-9a-f]{8} once more'

# an id stays when something else changes
python3 -B - "$top" <<'EOF'
import json
import sys
from pathlib import Path

top = Path(sys.argv[1])
sys.path.insert(0, str(top / "scripts/lib"))
import mutants_edits
from mutants_build import Builder

work = Path.cwd()
builder = Builder(top)
builder.text = builder.source.read_text(encoding="utf-8")
command = builder.compile_command()

def ids(text):
    (work / "alloc.c").write_text(text, encoding="utf-8")
    (work / "overlay.yaml").write_text(json.dumps({
        "version": 0, "use-external-names": False, "roots": [
            {"type": "file", "name": str(builder.source),
             "external-contents": str(work / "alloc.c")}]}), encoding="utf-8")
    overlaid = command[:-1] + ["-ivfsoverlay", str(work / "overlay.yaml"), command[-1]]
    found = mutants_edits.find(overlaid, builder.folder, builder.source, text, work)[0]
    return {mutant.id: mutant for mutant in found}

before = ids(builder.text)
line = "\tunsigned long mark;\n"
changed = "/* one line more */\n" + builder.text.replace(
    line, line + "\n\theap->start *= 77;\n", 1)
after = ids(changed)
assert set(before) < set(after), set(before) - set(after)
assert {after[name].function for name in set(after) - set(before)} == {"chunk_create"}
for name, mutant in before.items():
    assert after[name].words == mutant.words and after[name].line > mutant.line
EOF
echo "kills, survivors, arguments and ids are as they should be"
