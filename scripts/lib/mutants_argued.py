# SPDX-License-Identifier: GPL-2.0-only
"""The file of mutants that are called equivalent, each with an argument."""

import re
from dataclasses import dataclass

HEAD = re.compile(r"([0-9a-f]{8}) (\w+) (\w+): (\S.*)")
LIMIT = 5  # percent of the mutants


@dataclass
class Entry:
    line: int
    id: str
    function: str
    operator: str
    words: str
    argument: str = ""


def read(path):
    """(entries by id, what is wrong with the file itself)."""
    entries, wrong, entry = {}, [], None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        if line[0] in " \t":
            if entry:
                entry.argument += line.strip() + " "
            else:
                wrong.append(f"{path.name}:{number}: an argument for no mutant")
            continue
        head = HEAD.fullmatch(line.strip())
        if not head:
            wrong.append(f'{path.name}:{number}: not "ID FUNCTION OPERATOR: MUTATION"')
            entry = None
            continue
        entry = Entry(number, *head.groups())
        if entry.id in entries:
            wrong.append(f"{path.name}:{number}: {entry.id} once more")
        entries[entry.id] = entry
    wrong += [f"{path.name}:{entry.line}: {entry.id} has no argument"
              for entry in entries.values() if not entry.argument]
    return entries, wrong


def stale(path, entries, mutants, results):
    """Entries that no longer say what is so; of mutants that were not run, nothing."""
    known = {mutant.id: mutant for mutant in mutants}
    for entry in entries.values():
        at = f"{path.name}:{entry.line}: {entry.id}"
        mutant = known.get(entry.id)
        result = results.get(entry.id)
        if not mutant:
            yield f"{at}: there is no such mutant any more"
        elif (entry.function, entry.operator, entry.words) != \
                (mutant.function, mutant.operator, mutant.words):
            yield f"{at}: it is {mutant.function} {mutant.operator}: {mutant.words}"
        elif result and result.outcome == "killed":
            yield f"{at}: it is killed, by {result.verdict.signature or result.verdict.by}"
        elif result and result.outcome not in ("survived", "argued"):
            yield f"{at}: it needs no argument: {result.outcome}"


def too_many(argued, scored):
    if argued * 100 <= scored * LIMIT:
        return []
    return [f"{argued} of {scored} mutants are called equivalent: more than {LIMIT} %"]
