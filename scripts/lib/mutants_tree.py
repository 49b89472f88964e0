# SPDX-License-Identifier: GPL-2.0-only
"""The compiler's syntax tree of an alloc.c, its nodes with places in the text."""

import json
import re
import subprocess
from dataclasses import dataclass, field

from fuzz_error import Stop

# Macros whose argument is then an ordinary expression of the file.
CHECKS = ("WARN_ON", "BUG_ON")

TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
    r"""|[A-Za-z_]\w*|\d\w*|<<=|>>=|->|\+\+|--|<<|>>|&&|\|\||[-+*/%&|^=!<>]=|\S""", re.S)


@dataclass
class Node:
    """begin and end: offsets in the text, end behind the last character; or None
    where a macro of another file has it. macro: it begins with what a macro made."""
    kind: str
    begin: int
    end: int
    opcode: str
    type: str
    name: str
    macro: bool
    inner: list = field(default_factory=list)

    @property
    def placed(self):
        return self.begin is not None and self.end is not None and self.begin < self.end


@dataclass
class Function:
    name: str
    returns: str
    begin: int
    end: int
    body: Node


def tokens(text, begin=0, end=None):
    """(offset, token), without comments."""
    for match in TOKEN.finditer(text, begin, len(text) if end is None else end):
        if not match.group().startswith(("//", "/*")):
            yield match.start(), match.group()


def closing(text, opening):
    """Behind the bracket that closes the one at @opening."""
    depth = 0
    for at, token in tokens(text, opening):
        depth += token in "([{"
        depth -= token in ")]}"
        if not depth:
            return at + len(token)
    return None


def _prelude(text):
    """What the file includes, and then the checks as functions."""
    lines = re.findall(r"^#include <[^>]*>", text, re.M)
    for name in CHECKS:
        lines += [f"#undef {name}", f"int {name}(int);"]
    return "\n".join(lines) + "\n"


class _Reader:
    """clang tells a file only where it is another than that of the place before."""

    def __init__(self, source, text):
        self.source = str(source)
        self.text = text
        self.file = ""

    def _bare(self, place):
        if "offset" not in place:
            return None
        self.file = place.get("file", self.file)
        return (place["offset"], place["tokLen"]) if self.file == self.source else None

    def place(self, place):
        """(offset, length of the token, is it a macro's name) or None."""
        if "expansionLoc" not in place:
            bare = self._bare(place)
            return bare and (*bare, False)
        spelling = self._bare(place["spellingLoc"])
        expansion = self._bare(place["expansionLoc"])
        if place["expansionLoc"].get("isMacroArgExpansion") and spelling:
            return (*spelling, False)
        return expansion and (*expansion, True)

    def end(self, place):
        """Behind the token; behind the arguments of a macro."""
        if not place:
            return None
        end = place[0] + place[1]
        if place[2]:
            after = re.compile(r"\s*\(").match(self.text, end)
            if after:
                return closing(self.text, after.end() - 1)
        return end

    def node(self, raw):
        if "loc" in raw:
            self.place(raw["loc"])
        begin = self.place(raw.get("range", {}).get("begin", {}))
        end = self.place(raw.get("range", {}).get("end", {}))
        name = raw.get("name") or raw.get("referencedDecl", {}).get("name", "")
        node = Node(raw.get("kind", ""), begin and begin[0], self.end(end),
                    raw.get("opcode", ""), raw.get("type", {}).get("qualType", ""), name,
                    bool(begin and begin[2]))
        if "referencedDecl" in raw and "loc" in raw["referencedDecl"]:
            self.place(raw["referencedDecl"]["loc"])
        node.inner = [self.node(child) for child in raw.get("inner", [])]
        return node


def functions(command, folder, source, text, work):
    """Every function of @source with a body; @command compiles what includes it."""
    prelude = work / "prelude.h"
    prelude.write_text(_prelude(text), encoding="utf-8")
    run = subprocess.run([*command, "-w", "-include", str(prelude), "-fsyntax-only",
                          "-Xclang", "-ast-dump=json"], cwd=folder, capture_output=True,
                         stdin=subprocess.DEVNULL, check=False)
    if run.returncode:
        raise Stop(2, f"{source} does not compile:\n" + run.stderr.decode(errors="replace"))

    reader = _Reader(source, text)
    found = []
    for raw in json.loads(run.stdout)["inner"]:
        node = reader.node(raw)
        body = node.inner[-1] if node.inner else None
        if node.kind == "FunctionDecl" and body and body.kind == "CompoundStmt" \
                and node.placed and body.placed and text[body.begin] == "{":
            found.append(Function(node.name, node.type.split("(")[0].strip(), node.begin,
                                  node.end, body))
    return found


def constants(command, folder, names, work):
    """Those of @names that are macros with an integer for a value."""
    probe = work / "probe.h"
    probe.write_text("".join(f"#ifdef {name}\nenum {{ probe_{name} = ({name}) }};\n#endif\n"
                             for name in names), encoding="utf-8")
    # its last line: a function of the unit would know the macro, too
    shared = [*command, "-w", "-fsyntax-only", "-ferror-limit=0", "-x", "c"]
    unit = work / "probe.c"
    unit.write_text(f'#include "{command[-1]}"\n#include "{probe}"\n', encoding="utf-8")
    shared.remove(command[-1])
    run = subprocess.run([*shared, str(unit)], cwd=folder, capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, check=False)
    bad = {int(line) for line in re.findall(r"probe\.h:(\d+):\d+: error", run.stderr)}
    macros = subprocess.run([*shared, str(unit), "-E", "-dM"], cwd=folder, text=True,
                            capture_output=True, stdin=subprocess.DEVNULL, check=False)
    known = set(re.findall(r"^#define (\w+) ", macros.stdout, re.M))
    return {name for i, name in enumerate(names) if 3 * i + 2 not in bad and name in known}
