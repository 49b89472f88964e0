# SPDX-License-Identifier: GPL-2.0-only
"""The planted bugs: patches with a header that says what must come of them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from fuzz_error import Stop

KEYS = ("Bug", "Stands for", "Oracle", "Class", "Sequence")
CLASSES = ("heap", "host", "hostile", "cpus")
NAME = re.compile(r"^(\d\d[a-z]?)-([a-z0-9-]+)$")


@dataclass
class Bug:
    """One patch. What it touches is relative to the project's folder."""

    path: Path
    name: str
    header: dict
    program: str
    diff: str
    files: dict = field(default_factory=dict)  # path: lines of the new text it is about

    @property
    def signature(self):
        return self.header["Oracle"]

    @property
    def kind(self):
        return self.header["Class"]

    @property
    def target(self):
        """The fuzz target whose programs can reach it."""
        return "fuzz_heap" if self.kind == "heap" else "fuzz_host"

    @property
    def profile(self):
        return "heap" if self.kind == "heap" else "host"

    @property
    def operations(self):
        """Operations in its sequence."""
        lines = re.split(r"[;\n]", self.program)
        lines = [line.split("#")[0].strip() for line in lines]
        return sum(1 for line in lines
                   if line and not re.match(r"(hypheap|heap)\b", line))


def _split(path, text):
    header, separator, diff = text.partition("\n---\n")
    if not separator:
        raise Stop(2, f"{path}: no line --- between header and diff")
    return header, diff


def _header(path, text):
    """Key: value; what is indented goes on with the value."""
    found = {}
    key = None
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"([A-Z][a-z ]*): ?(.*)$", line)
        if match:
            key = match[1]
            if key not in KEYS or key in found:
                raise Stop(2, f"{path}:{number}: {key}: unknown or twice")
            found[key] = match[2]
        elif line[:1] in (" ", "\t") and key:
            found[key] += "\n" + line.strip()
        elif line:
            raise Stop(2, f"{path}:{number}: neither a key nor more of one")
    missing = [key for key in KEYS if not found.get(key)]
    if missing:
        raise Stop(2, f"{path}: header lacks {', '.join(missing)}")
    if found["Class"] not in CLASSES:
        raise Stop(2, f"{path}: Class: {found['Class']}: there are {', '.join(CLASSES)}")
    return {key: value.strip() if key == "Sequence" else " ".join(value.split())
            for key, value in found.items()}


def _files(diff):
    """Which lines of the patched files the patch is about. What it only takes out
    shows in the line that comes instead."""
    files = {}
    lines = None
    for line in diff.split("\n"):
        if line.startswith("+++ "):
            lines = files.setdefault(line[4:].split("\t")[0].removeprefix("b/"), set())
            continue
        match = re.match(r"@@ -\d+(?:,\d+)? \+(\d+)", line)
        if match:
            at, taken = int(match[1]), False
        elif lines is None or line.startswith("---"):
            continue
        elif line.startswith("-"):
            taken = True
        elif line.startswith("+"):
            lines.add(at)
            at, taken = at + 1, False
        elif line.startswith(" "):
            if taken:
                lines.add(at)
            at, taken = at + 1, False
    return files


def read(path):
    """The bug in the file PATH."""
    match = NAME.match(path.stem)
    if not match:
        raise Stop(2, f"{path}: the name is not NN-name.patch")
    head, diff = _split(path, path.read_text(encoding="utf-8"))
    header = _header(path, head)
    bug = Bug(path, path.stem, header, header["Sequence"] + "\n", diff, _files(diff))
    if not bug.files:
        raise Stop(2, f"{path}: the diff changes no file")
    return bug


def read_all(folder, pattern="*"):
    """All of FOLDER whose name, or its number, fits PATTERN; commas part several."""
    bugs = {}
    for part in pattern.split(","):
        for glob in (part, part + "-*", part + "*"):
            paths = sorted(folder.glob(glob + ".patch"))
            if paths:
                bugs.update((path, None) for path in paths)
                break
        else:
            raise Stop(2, f"--bugs {part}: no such patch in {folder}")
    return [read(path) for path in sorted(bugs)]
