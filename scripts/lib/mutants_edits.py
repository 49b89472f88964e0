# SPDX-License-Identifier: GPL-2.0-only
"""Every small change of an alloc.c that is worth to be noticed."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass

from mutants_tree import CHECKS, closing, constants, functions, tokens

OPERATORS = {
    "operator": "another operator, or one less",
    "constant": "a constant, one more or less",
    "condition": "a condition negated, or dropped: always, never, or a part of it",
    "statement": "a statement deleted",
    "arguments": "two arguments swapped",
    "return": "another value returned",
    "check": "a WARN_ON removed",
}

SWAPS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",), "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",),
    "%": ("*",), "<<": (">>",), ">>": ("<<",), "&": ("|",), "|": ("&",), "^": ("|", "&"),
    "&&": ("||",), "||": ("&&",), "+=": ("-=", "="), "-=": ("+=", "="),
    "|=": ("&=", "="), "&=": ("|=", "="), "^=": ("|=", "="), "<<=": (">>=",), ">>=": ("<<=",),
    "++": ("--",), "--": ("++",),
}
CASTS = ("ImplicitCastExpr", "ParenExpr", "ConstantExpr", "ExprWithCleanups")
PLAIN = ("BinaryOperator", "CompoundAssignOperator", "UnaryOperator", "CallExpr",
         "ContinueStmt", "BreakStmt", "GotoStmt", "ReturnStmt")


@dataclass
class Mutant:
    """An edit: at @offset of the file, @old becomes @new."""
    id: str
    function: str
    operator: str
    line: int
    offset: int
    old: str
    new: str
    words: str

    def apply(self, text):
        return text[:self.offset] + self.new + text[self.offset + len(self.old):]


def short(text, limit=60):
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= limit else text[:limit - 3] + "..."


def bare(node):
    """Without casts that are not written down, and parentheses."""
    while node.kind in CASTS and len(node.inner) == 1:
        node = node.inner[0]
    return node


class Edits:
    """Collects the edits of one file."""

    def __init__(self, text):
        self.text = text
        self.function = None
        self.found = {}

    # ---- what the operators call ------------------------------------------------

    def add(self, operator, begin, end, new):
        """Line numbers stay: a panic tells its own."""
        old = self.text[begin:end]
        new += "\n" * (old.count("\n") - new.count("\n"))
        if not self.function.body.begin < begin <= end <= self.function.end:
            return
        if re.sub(r"\s+", "", old) == re.sub(r"\s+", "", new):
            return
        key = (begin, old, new)
        # the first operator that makes it has it
        self.found.setdefault(key, (operator, self.function.name))

    def of(self, node):
        return self.text[node.begin:node.end]

    # ---- expressions ------------------------------------------------------------

    def binary(self, node):
        left, right = node.inner
        at = None
        if left.end is not None:
            match = re.compile(r"(?:\s|/\*.*?\*/)*" + re.escape(node.opcode), re.S).match(
                self.text, left.end)
            at = match and match.end() - len(node.opcode)
        if at is None:
            return
        for other in SWAPS.get(node.opcode, ()):
            self.add("operator", at, at + len(node.opcode), other)
        if node.opcode in ("&&", "||") and left.placed and right.placed:
            self.add("condition", left.begin, right.end, self.of(left))
            self.add("condition", left.begin, right.end, self.of(right))

    def unary(self, node):
        inner = node.inner[0]
        if node.begin is None or node.macro or not inner.placed:
            return
        if node.opcode in ("!", "~", "-"):
            self.add("operator", node.begin, node.begin + 1, "")
        if node.opcode in ("++", "--"):
            at = inner.end if node.begin == inner.begin else node.begin
            self.add("operator", at, at + 2, SWAPS[node.opcode][0])

    def call(self, node):
        arguments = node.inner[1:]
        for first, second in zip(arguments, arguments[1:]):
            if first.placed and second.placed and first.end <= second.begin:
                between = self.text[first.end:second.begin]
                self.add("arguments", first.begin, second.end,
                         self.of(second) + between + self.of(first))
        if bare(node.inner[0]).name in CHECKS and arguments and arguments[0].placed:
            self.check(node, arguments[0])

    def check(self, node, condition):
        self.add("check", node.begin, node.end, f"(void)({self.of(condition)})")
        self.add("condition", condition.begin, condition.end, f"!({self.of(condition)})")

    def condition(self, node, behind=r"\s*\)"):
        """Of a statement of the file, not of a macro's."""
        if not node.placed or not re.compile(behind).match(self.text, node.end):
            return
        for new in (f"!({self.of(node)})", "1", "0"):
            self.add("condition", node.begin, node.end, new)

    # ---- statements -------------------------------------------------------------

    def delete(self, node, last):
        """Up to its semicolon; what begins with a macro may be a lock."""
        if node.begin is None:
            return
        macro = re.compile(r"(\w+)\s*\(").match(self.text, node.begin)
        if node.kind == "DeclStmt" and not (macro and self.is_guard(macro)):
            return
        if node.kind == "ForStmt" and macro and self.is_guard(macro):
            self.add("statement", node.begin, closing(self.text, macro.end() - 1), "")
            return
        if node.kind == "ReturnStmt" and last:
            return
        if node.kind not in PLAIN + CASTS + ("DeclStmt", "StmtExpr"):
            return
        depth = 0
        for at, token in tokens(self.text, node.begin, self.function.end):
            depth += token in "([{"
            depth -= token in ")]}"
            if token == ";" and not depth:
                self.add("statement", node.begin, at + 1, ";")
                return

    @staticmethod
    def is_guard(macro):
        return macro.group(1) in ("guard", "scoped_guard")

    def returned(self, node):
        if not node.inner or not node.inner[0].placed:
            return
        value, kind = node.inner[0], self.function.returns
        old = self.of(value)
        if kind.endswith("*"):
            news = ["(void *)-1L" if old == "NULL" else "NULL"]
        elif kind in ("bool", "_Bool"):
            news = [f"!({old})", "1", "0"]
        elif kind.startswith(("struct", "union")):
            news = []
        elif kind.startswith("u") or kind == "size_t":
            news = ["0", f"({old}) + 1", f"({old}) - 1"]
        else:
            news = ["0", "-1"]
        for new in news:
            if new != old:
                self.add("return", value.begin, value.end, new)

    def constants(self, known):
        for at, token in tokens(self.text, self.function.body.begin, self.function.end):
            if token in ("true", "false"):
                self.add("constant", at, at + len(token), "false" if token == "true" else "true")
            elif token[0].isdigit() or token in known:
                for sign in "+-":
                    self.add("constant", at, at + len(token), f"({token} {sign} 1)")

    # ---- the walk ---------------------------------------------------------------

    def walk(self, node):
        inner = node.inner
        if node.kind in ("BinaryOperator", "CompoundAssignOperator"):
            self.binary(node)
        elif node.kind == "UnaryOperator":
            self.unary(node)
        elif node.kind == "CallExpr":
            self.call(node)
        elif node.kind == "ReturnStmt":
            self.returned(node)
        elif node.kind == "ConditionalOperator":
            self.condition(inner[0], r"\s*\?")
        elif node.kind in ("IfStmt", "WhileStmt") and not node.macro:
            self.condition(inner[0])
            for child in inner[1:]:
                self.delete(child, False)
        elif node.kind == "ForStmt" and len(inner) == 5 and not node.macro:
            self.condition(inner[2], r"\s*;")
            self.delete(inner[4], False)
        elif node.kind == "DoStmt" and len(inner) == 2 and not node.macro:
            self.condition(inner[1])
        elif node.kind == "CompoundStmt":
            for child in inner:
                last = node is self.function.body and child is inner[-1]
                self.delete(child, last)
        for child in inner:
            self.walk(child)


def find(command, folder, source, text, work):
    """All mutants of @source, in the order of the file, and its functions."""
    every = functions(command, folder, source, text, work)
    words = sorted({token for function in every
                    for _, token in tokens(text, function.body.begin, function.end)
                    if re.fullmatch(r"[A-Z_][A-Z0-9_]*", token)})
    known = constants(command, folder, words, work)
    edits = Edits(text)
    for function in every:
        edits.function = function
        edits.walk(function.body)
        edits.constants(known)

    mutants, seen = [], Counter()
    for (offset, old, new), (operator, function) in sorted(edits.found.items()):
        key = f"{function}\n{operator}\n{short(old, 1 << 20)}\n{short(new, 1 << 20)}"
        seen[key] += 1
        name = hashlib.sha256(f"{key}\n{seen[key]}".encode()).hexdigest()[:8]
        words = f"{short(old)} -> {short(new).strip(';') or 'nothing'}"
        mutants.append(Mutant(name, function, operator, text.count("\n", 0, offset) + 1,
                              offset, old, new, words))
    if len({mutant.id for mutant in mutants}) != len(mutants):
        raise AssertionError("two mutants with one id")
    return mutants, [function.name for function in every]
