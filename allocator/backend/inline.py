#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: inline.py UNIT.ll OUT.ll

Tells each check of a load, a call of hyp_load4() or hyp_load8() in LLVM's text of a
unit, what is known when it is made: access_load4(address, offset, known), see inline.c.
The address is a pointer and offset bytes more; known is what the last check of an address
with the same pointer returned, if on every way here that check was made and then nothing
but loads and stores. If there is none: access_load4_first(address, offset).

What is known ends where a loop begins, so that each round of it has a check that
counts: a walk in circles is to come to an end. But a walk goes on with the chunk whose
header it has just checked, and counted: that much is handed on (choose()).
"""

import re
import sys

VALUE = r'%(?:[\w.$-]+|"[^"]*")'
CHECK = re.compile(rf"^  (?:tail )?call void @hyp_load([48])(?:_noabort)?\(i64 ({VALUE})\)(.*)$")
CALL = re.compile(rf"^  (?:{VALUE} = )?(?:(?:tail|musttail|notail) )?(?:call|invoke|callbr)\b")
# calls after which a check would say what it said before
QUIET = re.compile(r"@(?:hyp_(?:load|store)|backend_(?:cpus?|phys_to_virt|virt_to_phys)\b|"
                   r"hyp_handle_no_return\b|__asan_handle_no_return\b|"
                   r"llvm\.(?:dbg|lifetime|assume|[us](?:max|min)\.|fsh[lr]\.|ct(?:lz|tz|pop)\.|"
                   r"bswap\.|[us](?:add|sub|mul)\.with\.overflow\.|experimental\.noalias)|"
                   r"__ubsan_handle_|__sanitizer_cov_|__cmplog_)")
ADDRESS = re.compile(rf"^  ({VALUE}) = ptrtoint .*? ({VALUE}) to i64(?:,|$)")
MEMBER = re.compile(rf"^  ({VALUE}) = getelementptr (?:inbounds )?(.*)$")
TYPE = re.compile(rf"^({VALUE}) = type (.*)$")
PHI = re.compile(rf"^  ({VALUE}) = phi .*?(\[ .*)$")
WAY = re.compile(r'\[ ([^,]+), (%(?:([\w.$-]+)|"([^"]*)")) \]')
LABEL = re.compile(r'^(?:([\w.$-]+)|"([^"]*)"):')
TERMINATOR = re.compile(r"^  (?:br|switch|ret|unreachable|indirectbr|resume|invoke|callbr)\b")
TARGET = re.compile(r'label %(?:([\w.$-]+)|"([^"]*)")')


class Unknown(Exception):
    """A type or an index that is not looked into."""


def parts(text):
    """What is between the commas that are in no brackets."""
    found, depth, begin = [], 0, 0
    for i, letter in enumerate(text + ","):
        depth += (letter in "([{<") - (letter in ")]}>")
        if letter == "," and not depth:
            found.append(text[begin:i].strip())
            begin = i + 1
    return found


class Types:
    """Where members lie. text: of the unit, whose types have names."""

    def __init__(self, text):
        self.named = dict(TYPE.findall(line)[0] for line in text.split("\n") if TYPE.match(line))

    def inner(self, name):
        """The type itself; its members, or the one of its elements and how many."""
        while name in self.named:
            name = self.named[name]
        if name.startswith("[") and not name.endswith("*"):
            count, element = name[1:-1].split(" x ", 1)
            return name, [element.strip()], int(count)
        if name.startswith("{") and not name.endswith("*"):
            return name, [part for part in parts(name[1:-1]) if part], None
        return name, None, None

    def size(self, name):
        """Bytes and alignment."""
        name, members, count = self.inner(name)
        if name.endswith("*") or name == "ptr":
            return 8, 8
        if re.fullmatch(r"i(8|16|32|64)", name):
            return (int(name[1:]) // 8,) * 2
        if members is None:
            raise Unknown(name)
        if count is not None:
            size, align = self.size(members[0])
            return count * size, align
        end, most = 0, 1
        for member in members:
            size, align = self.size(member)
            end = -(-end // align) * align + size
            most = max(most, align)
        return -(-end // most) * most, most

    def member(self, name, i):
        """The type of a member or element, and where it begins."""
        _, members, count = self.inner(name)
        if members is None:
            raise Unknown(name)
        if count is not None:
            return members[0], i * self.size(members[0])[0]
        at = 0
        for member in members[:i + 1]:
            size, align = self.size(member)
            at = -(-at // align) * align
            begin, at = at, at + size
        return members[i], begin

    def offset(self, name, indices):
        at = indices[0] * self.size(name)[0]
        for i in indices[1:]:
            name, more = self.member(name, i)
            at += more
        return at


class Block:
    """Lines [first, end) of a function; to: names of the blocks that may follow."""

    def __init__(self, first):
        self.first = first
        self.end = first
        self.to = []
        self.before = []
        self.known = []  # at its end: (value, pointer), the last one last


def blocks_of(lines):
    """By name, in the order of the text; the first is where the function begins."""
    blocks = {"": Block(0)}
    block = blocks[""]
    for i, line in enumerate(lines):
        label = LABEL.match(line)
        if label:
            name = label.group(1) or label.group(2)
            # of the first block a label is a name that nothing jumps to
            block = blocks[name] = Block(i)
        block.end = i + 1
    for block in blocks.values():
        last = next((i for i in range(block.end - 1, block.first - 1, -1)
                     if TERMINATOR.match(lines[i])), block.end)
        words = " ".join(lines[last:block.end])
        block.to = [a or b for a, b in TARGET.findall(words)]
    # control falls from nothing but the first, which may have a label of its own
    names = list(blocks)
    if not blocks[""].to and blocks[""].end <= 1 and len(names) > 1:
        blocks[""].to = [names[1]]
    return blocks


def in_order(blocks):
    """Names of the blocks that can be reached, each after one it is reached from."""
    seen, done = {""}, []
    stack = [("", iter(blocks[""].to))]
    while stack:
        name, to = stack[-1]
        for follows in to:
            if follows not in seen:
                seen.add(follows)
                stack.append((follows, iter(blocks[follows].to)))
                break
        else:
            done.append(name)
            stack.pop()
    return done[::-1]


def made_of(lines, types):
    """For each value that is a pointer and some bytes: that pointer, and how many."""
    found = {}
    for line in lines:
        address, member = ADDRESS.match(line), MEMBER.match(line)
        if address:
            found[address.group(1)] = (address.group(2), 0)
        elif member:
            name, pointer, *indices = [part for part in parts(member.group(2))
                                       if not part.startswith("!")]
            try:
                found[member.group(1)] = (
                    pointer.rsplit(" ", 1)[1],
                    types.offset(name, [int(index.rsplit(" ", 1)[1]) for index in indices]))
            except (Unknown, ValueError):
                pass
    return found


class Function:
    """Lines of a function's body, and what is known in each of its blocks."""

    def __init__(self, lines, types):
        self.lines = lines
        self.steps = made_of(lines, types)
        self.blocks = blocks_of(lines)
        self.order = in_order(self.blocks)
        self.place = {name: i for i, name in enumerate(self.order)}
        for name in self.order:
            for follows in self.blocks[name].to:
                self.blocks[follows].before.append(name)
        self.chosen = {}  # by line of a phi: the phi of what is known of its value

    def place_of(self, value):
        """The pointer that an address is made of, and how many bytes behind it."""
        at = 0
        for _ in range(64):  # in code that nothing reaches it may go in circles
            value, more = self.steps.get(value, (value, 0))
            at += more
        return value, at

    def begins_with(self, name):
        """What is known where a block begins, on whichever way."""
        before = self.blocks[name].before
        # from a block that is not done yet: a loop begins here
        if not before or any(self.place[one] >= self.place[name] for one in before):
            return []
        ways = [self.blocks[one].known for one in before]
        return [fact for fact in ways[0] if all(fact in way for way in ways[1:])]

    def rewritten(self):
        """The lines, with what is known; leaves in each block what is at its end."""
        out = list(self.lines)
        for name in self.order:
            block = self.blocks[name]
            known = self.begins_with(name)
            for i in range(block.first, block.end):
                line = self.lines[i]
                check = CHECK.match(line)
                if i in self.chosen:
                    value, pointer, ways = self.chosen[i]
                    out[i] = f"  {value} = phi i64 {ways}\n{line}"
                    known.append((value, pointer))
                elif check:
                    size, at, rest = check.groups()
                    pointer, offset = self.place_of(at)
                    fact = next((value for value, of in known if of == pointer), None)
                    out[i] = (f"  %known.{i} = call i64 @access_load{size}{'' if fact else '_first'}"
                              f"(i64 {at}, i64 {offset}{f', i64 {fact}' if fact else ''}){rest}")
                    if not fact:
                        known.append((f"%known.{i}", pointer))
                elif CALL.match(line) and not QUIET.search(line):
                    known = []
            block.known = known
        return out

    def choose(self):
        """
        Of a pointer that is one of others, by the way here: what is known of those.
        Of others that are no such pointers themselves: what is known of one of them where
        a loop begins anew is by a check that this round made, and counted.
        """
        phis = {i: PHI.match(line) for i, line in enumerate(self.lines) if PHI.match(line)}
        values = {phi.group(1) for phi in phis.values()}
        for i, phi in phis.items():
            ways = []
            for value, label, name, quoted in WAY.findall(phi.group(2)):
                # a first block without a label has a number here, and none there
                before = self.blocks.get(name or quoted, self.blocks[""])
                facts = before.known
                ways.append((next((known for known, of in facts
                                   if of == value and value not in values), "0"), label))
            if any(fact != "0" for fact, _ in ways):
                words = ", ".join(f"[ {fact}, {label} ]" for fact, label in ways)
                self.chosen[i] = (f"%known.{i}", phi.group(1), words)


def rewrite(lines, types):
    """The lines of a function's body, with what is known."""
    function = Function(lines, types)
    function.rewritten()
    function.choose()
    return function.rewritten()


def rewrite_unit(text):
    types = Types(text)
    out, body = [], None
    for line in text.split("\n"):
        if body is None:
            out.append(line)
            if line.startswith("define ") and line.endswith("{"):
                body = []
        elif line == "}":
            out += rewrite(body, types)
            out.append(line)
            body = None
        else:
            body.append(line)
    out += [f"declare i64 @access_load{size}{rest}"
            for size in (4, 8) for rest in ("(i64, i64, i64)", "_first(i64, i64)")]
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(rewrite_unit(text))


if __name__ == "__main__":
    main()
