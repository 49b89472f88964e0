# SPDX-License-Identifier: GPL-2.0-only
"""Figures out of what llvm-cov exports.

Lines are counted from the regions of each function and not taken from llvm-cov:
clang puts a gap of count 0 between a statement that may panic, BUG_ON() or
WARN_ON(), and the next one, and llvm-cov then calls that next line not reached
though it was. Here a line counts as often as the most frequent region that any
word in it is innermost in. Lines of only braces, else, comments, or of the
preprocessor have no count; a macro counts where it is used.

A panic leaves functions in their middle. What stands behind the call that did
not come back counts as if it had.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from fuzz_error import Stop

CODE, EXPANSION, SKIPPED = 0, 1, 2  # kinds of region; 3 is a gap
KINDS = ("lines", "branches", "regions", "functions")
NO_CODE = re.compile(
    r"(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<string>\"(?:\\.|[^\"\\\n])*\")|"
    r"(?P<directive>^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*)|(?P<other>\belse\b)", re.S | re.M)


@dataclass
class Share:
    """So many of so many."""
    reached: int = 0
    all: int = 0

    @property
    def percent(self):
        return 100.0 * self.reached / self.all if self.all else 100.0

    def add(self, other):
        self.reached += other.reached
        self.all += other.all

    def as_json(self):
        return {"reached": self.reached, "all": self.all, "percent": round(self.percent, 2)}


@dataclass
class Line:
    """A line with code."""
    number: int
    text: str  # without what is around it
    function: str
    count: int
    dark: set = field(default_factory=set)  # columns, from 0, that were not reached


@dataclass
class Branch:
    """A condition, or a macro that has one, and how often it was what."""
    line: int
    column: int
    true: Line  # named and counted as lines are
    false: Line


@dataclass
class Source:
    """A file of the allocator."""
    name: str  # below allocator/
    text: list  # its lines
    lines: dict = field(default_factory=dict)  # number: Line
    branches: list = field(default_factory=list)
    shares: dict = field(default_factory=dict)  # kind: Share

    def items(self):
        """All that can be reached: lines, and the outcomes of conditions on lines that are."""
        items = list(self.lines.values())
        for branch in self.branches:
            line = self.lines.get(branch.line)
            if not line or line.count:
                items += [branch.true, branch.false]
        return sorted(items, key=lambda item: item.number)

    def unreached(self):
        return [item for item in self.items() if not item.count]


def _code_only(text):
    """The same text with blanks for all that is no code."""
    def blank(match):
        if match["string"]:
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])
    return NO_CODE.sub(blank, text).split("\n")


def _paint(code, regions):
    """(line, column) of each word's letter: count of the innermost region there."""
    painted = {}
    # of two that begin together the one that ends first is the inner one
    regions = sorted(regions, key=lambda r: (r[0], r[1], -r[2], -r[3]))
    for first, left, last, right, count, _, _, kind in regions:
        for number in range(first, last + 1):
            text = code[number - 1]
            begin = left - 1 if number == first else 0
            end = right - 1 if number == last else len(text)
            for column in range(begin, min(end, len(text))):
                if text[column].isalnum() or text[column] == "_":
                    painted[number, column] = None if kind == SKIPPED else count
    return painted


def _add_function(source, code, function):
    regions = [r for r in function["regions"] if r[5] == 0 and r[7] in (CODE, EXPANSION, SKIPPED)]
    name = function["name"].rsplit(":", 1)[-1]
    counts, dark = {}, {}
    for (number, column), count in _paint(code, regions).items():
        if count is None:
            continue
        counts[number] = max(counts.get(number, 0), count)
        if not count:
            dark.setdefault(number, set()).add(column)
    for number, count in counts.items():
        line = source.lines.get(number)
        if line:  # compiled more than once, and not the same each time
            line.count += count
            line.dark &= dark.get(number, set())
        else:
            source.lines[number] = Line(number, source.text[number - 1].strip(), name, count,
                                        dark.get(number, set()))
    for branch in function.get("branches", []):
        place = _place(function, branch)
        text = _text(source, place)
        source.branches.append(Branch(place[0], place[1], *(
            Line(place[0], f"never {what}: {text}", name, count)
            for what, count in (("true", branch[4]), ("false", branch[5])))))


def _place(function, region):
    """Where a region stands in the file itself: that of the macro which it is in."""
    while region[5 if len(region) == 8 else 6]:
        file = region[5 if len(region) == 8 else 6]
        region = next(r for r in function["regions"] if r[7] == EXPANSION and r[6] == file)
    return region[:4]


def _text(source, place):
    first, left, last, right = place
    lines = source.text[first - 1:last]
    lines[-1] = lines[-1][:right - 1]
    lines[0] = lines[0][left - 1:]
    return " ".join(" ".join(lines).split())


def _check_functions(source, code, functions):
    """Two static functions of one name, in files of one name, are one for llvm-cov."""
    known = {function["regions"][0][0] for function in functions}
    for number, line in enumerate(code, 1):
        if line.startswith("{") and number not in known:
            raise Stop(2, f"{source.name}:{number}: llvm-cov does not know this function: it is "
                          f"not compiled, or another {Path(source.name).name} has one of its "
                          "name")


def read(export, folder, below):
    """The sources in the folders @below of @folder, from llvm-cov's export.

    Regions and branches are llvm-cov's own figures.
    """
    data = export["data"][0]
    sources, codes = {}, {}
    for entry in data["files"]:
        path = Path(entry["filename"])
        if not any(path.is_relative_to(folder / name) for name in below):
            continue
        if not entry["summary"]["functions"]["count"]:
            continue
        # llvm-cov's columns are bytes
        text = path.read_bytes().decode("latin-1")
        source = Source(str(path.relative_to(folder)), text.split("\n"))
        for kind in ("branches", "regions", "functions"):
            summary = entry["summary"][kind]
            source.shares[kind] = Share(summary["covered"], summary["count"])
        sources[entry["filename"]] = source
        codes[entry["filename"]] = _code_only(text)
    functions = {name: [] for name in sources}
    for function in data["functions"]:
        if function["filenames"][0] in functions:
            functions[function["filenames"][0]].append(function)
    for name, source in sources.items():
        _check_functions(source, codes[name], functions[name])
        for function in functions[name]:
            _add_function(source, codes[name], function)
        reached = sum(line.count > 0 for line in source.lines.values())
        source.shares["lines"] = Share(reached, len(source.lines))
    return sorted(sources.values(), key=lambda source: source.name)


def total(sources):
    """The shares of all."""
    shares = {kind: Share() for kind in KINDS}
    for source in sources:
        for kind in KINDS:
            shares[kind].add(source.shares[kind])
    return shares
