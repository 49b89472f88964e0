#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: inline.py UNIT.ll OUT.ll

Tells each check of a load, a call of hyp_load4() or hyp_load8() in LLVM's text of a
unit, what is known when it is made: access_load4(address, known), see inline.c. Known
is what the last check of the same pointer returned, if on every way here that check was
made and then nothing but loads and stores; if there is none, access_load4_first(address).
A hint is all it is: the check looks whether its address is beside the known one.

What is known ends where a loop begins, so that each round of it has a check that
counts: a walk in circles is to come to an end.
"""

import re
import sys

VALUE = r'%(?:[\w.$-]+|"[^"]*")'
CHECK = re.compile(rf"^  (?:tail )?call void @hyp_load([48])(?:_noabort)?\(i64 ({VALUE})\)(.*)$")
CALL = re.compile(rf"^  (?:{VALUE} = )?(?:(?:tail|musttail|notail) )?(?:call|invoke|callbr)\b")
# calls after which a check would say what it said before
QUIET = re.compile(r"@(?:hyp_(?:load|store)|backend_(?:count_call|cpus?|phys_to_virt|virt_to_phys)\b|"
                   r"hyp_handle_no_return\b|__asan_handle_no_return\b|"
                   r"llvm\.(?:dbg|lifetime|assume|[us](?:max|min)\.|fsh[lr]\.|ct(?:lz|tz|pop)\.|"
                   r"bswap\.|[us](?:add|sub|mul)\.with\.overflow\.|experimental\.noalias)|"
                   r"__ubsan_handle_|__sanitizer_cov_|__cmplog_)")
# what a value is made of: the address of a pointer, a member of what is pointed to
MADE_OF = re.compile(rf"^  ({VALUE}) = (?:ptrtoint .*? ({VALUE}) to i64|"
                     rf"getelementptr (?:inbounds )?[^,]+, [^,]+? ({VALUE}),)")
LABEL = re.compile(r'^(?:([\w.$-]+)|"([^"]*)"):')
TERMINATOR = re.compile(r"^  (?:br|switch|ret|unreachable|indirectbr|resume|invoke|callbr)\b")
TARGET = re.compile(r'label %(?:([\w.$-]+)|"([^"]*)")')


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


def rewrite(lines):
    """The lines of a function's body, with what is known."""
    made_of = {}
    for line in lines:
        made = MADE_OF.match(line)
        if made:
            made_of[made.group(1)] = made.group(2) or made.group(3)

    def pointer(value):
        for _ in range(64):  # in code that nothing reaches it may go in circles
            value = made_of.get(value, value)
        return value

    blocks = blocks_of(lines)
    order = in_order(blocks)
    place = {name: i for i, name in enumerate(order)}
    for name in order:
        for follows in blocks[name].to:
            blocks[follows].before.append(name)

    out = list(lines)
    checks = 0
    for name in order:
        block = blocks[name]
        known = []
        # from a block that is not done yet: a loop begins here
        if block.before and all(place[before] < place[name] for before in block.before):
            ways = [blocks[before].known for before in block.before]
            known = [fact for fact in ways[0] if all(fact in way for way in ways[1:])]
        for i in range(block.first, block.end):
            check = CHECK.match(lines[i])
            if check:
                size, at, rest = check.groups()
                fact = next((value for value, of in reversed(known) if of == pointer(at)), None)
                value = f"%known.{checks}"
                checks += 1
                call = f"(i64 {at}, i64 {fact})" if fact else f"_first(i64 {at})"
                out[i] = f"  {value} = call i64 @access_load{size}{call}{rest}"
                known.append((value, pointer(at)))
            elif CALL.match(lines[i]) and not QUIET.search(lines[i]):
                known = []
        block.known = known
    return out


def rewrite_unit(text):
    out, body = [], None
    for line in text.split("\n"):
        if body is None:
            out.append(line)
            if line.startswith("define ") and line.endswith("{"):
                body = []
        elif line == "}":
            out += rewrite(body)
            out.append(line)
            body = None
        else:
            body.append(line)
    out += [f"declare i64 @access_load{size}{rest}"
            for size in (4, 8) for rest in ("(i64, i64)", "_first(i64)")]
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
