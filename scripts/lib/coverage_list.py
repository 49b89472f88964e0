# SPDX-License-Identifier: GPL-2.0-only
"""The list of what the corpus cannot reach, and what is wrong with it.

	el2/alloc.c heap_map: why not
		return -EINVAL;
		2 of 3: goto out;
		never true: ret < 0
	el2/pkvm.c refuse: why not
		*

A line is named by its function and text, so that the list survives edits; "2 of 3"
where the function has that text more than once; "never" is an outcome of a condition
on a line that is reached, or of a macro there; * is the whole function.
"""

import re
from collections import Counter
from dataclasses import dataclass

from fuzz_error import Stop

HEAD = re.compile(r"(?P<file>\S+) (?P<function>\w+): (?P<reason>\S.*)$")
ORDINAL = re.compile(r"(?P<at>\d+) of (?P<of>\d+): (?P<text>.*)$")
ALL = "*"
NO_REASON = "?"


@dataclass(frozen=True)
class Name:
    """How the list names a line."""
    file: str
    function: str
    text: str
    at: int = 1
    of: int = 1

    def __str__(self):
        return f"{self.at} of {self.of}: {self.text}" if self.of > 1 else self.text


def read(path):
    """(comment at the head, {Name: reason})."""
    comment, entries, head = [], {}, None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path.name}:{number}"
        if not line.strip() or line.startswith("#"):
            if not entries and not head:
                comment.append(line)
            continue
        if not line.startswith("\t"):
            head = HEAD.match(line)
            if not head:
                raise Stop(2, f'{where}: not "FILE FUNCTION: REASON": {line}')
            if head["reason"] == NO_REASON:
                raise Stop(2, f"{where}: {head['function']} has no reason")
            continue
        if not head:
            raise Stop(2, f"{where}: a line of no function: {line.strip()}")
        text, at, of = line.strip(), 1, 1
        match = ORDINAL.match(text)
        if match:
            text, at, of = match["text"], int(match["at"]), int(match["of"])
        name = Name(head["file"], head["function"], text, at, of)
        if name in entries:
            raise Stop(2, f"{where}: listed twice: {name}")
        entries[name] = head["reason"]
    return comment, entries


def names(source):
    """(Name, item) of each line with code and outcome of a condition."""
    items, seen = source.items(), {}
    same = Counter((item.function, item.text) for item in items)
    for item in items:
        key = (item.function, item.text)
        seen[key] = seen.get(key, 0) + 1
        yield Name(source.name, *key, seen[key], same[key]), item


def _functions(source):
    """{function: its lines}."""
    functions = {}
    for _, line in sorted(source.lines.items()):
        functions.setdefault(line.function, []).append(line)
    return functions


def key_of(source, item):
    """What reasons are kept by."""
    return source.name, item.number, item.text


def _why_stale(name, source, reached):
    """Why an entry is wrong, or None. @reached: {Name: count} of the file's lines."""
    if not source:
        return "there is no such file"
    lines = _functions(source).get(name.function)
    if not lines:
        return "there is no such function"
    if name.text == ALL:
        seen = [line.number for line in lines if line.count]
        return f"line {seen[0]} of it is reached" if seen else None
    if name in reached:
        return "it is reached" if reached[name] else None
    others = [other.of for other in reached if other.function == name.function
              and other.text == name.text]
    if others:
        return f"{name.function} has {others[0]} of these"
    return f"{name.function} has no such line"


def judge(sources, entries):
    """({key_of(): reason} of what is listed, unlisted (source, item)s, stale messages)."""
    by_name = {source.name: source for source in sources}
    reasons, unlisted, stale = {}, [], []
    reached = {}
    for source in sources:
        reached[source.name] = {}
        for name, item in names(source):
            reached[source.name][name] = item.count
            if item.count:
                continue
            reason = entries.get(name) or entries.get(Name(source.name, item.function, ALL))
            if reason:
                reasons[key_of(source, item)] = reason
            else:
                unlisted.append((source, item))
    for name in entries:
        why = _why_stale(name, by_name.get(name.file), reached.get(name.file, {}))
        if why:
            stale.append(f"{name.file} {name.function}: {name}: {why}")
    return reasons, unlisted, stale


def write(sources, comment, entries):
    """The list that these sources need, as text; reasons are kept where there are some."""
    out = list(comment)
    for source in sources:
        names_of = {}
        for name, item in names(source):
            if not item.count:
                names_of.setdefault(item.function, []).append(name)
        for function, lines in _functions(source).items():
            dark = names_of.get(function, [])
            whole = Name(source.name, function, ALL)
            if not any(line.count for line in lines):
                reason = entries.get(whole) or NO_REASON
                out += [f"{source.name} {function}: {reason}", f"\t{ALL}"]
                continue
            last = None
            for name in dark:
                reason = entries.get(name) or NO_REASON
                if reason != last:
                    out.append(f"{source.name} {function}: {reason}")
                    last = reason
                out.append(f"\t{name}")
    return "\n".join(out)
