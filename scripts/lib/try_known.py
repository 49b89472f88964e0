# SPDX-License-Identifier: GPL-2.0-only
"""Which documented behaviours of corpus/known an allocator has, whatever its policy.

A case says in a line "# shows: 9 mapped, 10" which operations of its trace are the
behaviour: by their results and, where it is named, by a figure of the trace. "mapped"
asks whether there are any, "host" how many, "+spare" how many more than before the
operation. What comes before them sets the scene."""

import re
from dataclasses import dataclass

import mutants_claims

SHOWS, DIFFERS, UNTOLD = "shows it", "does not", "cannot be told"
MARK = re.compile(r"^# shows: (.*)$", re.M)
TELLING = re.compile(r"(\d+)((?: (?:mapped|host|\+\w+))*)$")


@dataclass
class Known:
    """A documented behaviour. why: of DIFFERS and UNTOLD, in words."""
    name: str
    words: str
    state: str
    why: str = ""


def without_place(result):
    """Where memory was got, and in which function a panic was, is left out."""
    return re.sub(r"^panic \w+", "panic", re.sub(r"@\d+", "memory", result))


def outcome(result):
    """Of what kind, for an operation that only sets the scene."""
    result = re.sub(r"\d+ pages|empty", "pages", without_place(result))
    return re.sub(r" need=0\b", " without a request", re.sub(r" need=[1-9]\d*", "", result))


def comment(text):
    """What a program says of itself at its head."""
    words = []
    for line in text.splitlines():
        if line.startswith(("# shows:", "# corruption:")):
            continue
        if line.startswith("# "):
            words.append(line[2:])
        elif words:
            break
    return " ".join(words)


def telling(text):
    """{operation from 0: figures}: what the program says are its behaviour."""
    mark = MARK.search(text)
    if not mark:
        return {}
    found = {}
    for part in mark[1].split(","):
        match = TELLING.match(part.strip())
        if not match:
            raise ValueError(f"\"# shows: {mark[1]}\": \"{part.strip()}\" is no operation of "
                             "the trace with figures")
        found[int(match[1]) - 1] = match[2].split()
    return found


def figure(name, steps, at):
    """What the name of a figure asks, of dictionaries of a trace's counts."""
    value = int(steps[at].get(name.lstrip("+"), 0))
    if name.startswith("+"):
        return value - int(steps[at - 1].get(name[1:], 0) if at else 0)
    return "some" if value and name == "mapped" else value


def scene(claims, trace, shows):
    """Why the operations that are the behaviour cannot be judged; "" if they can."""
    for at, (_, expect, _) in enumerate(claims[:max(shows) + 1]):
        if at >= len(trace):
            return f"it ends before operation {at + 1}"
        actual = trace[at]["result"]
        if actual == "skipped" != expect:
            return (f"operation {at + 1} is skipped: what comes of it cannot be followed without "
                    "the prediction")
        if actual == "EOPNOTSUPP" != expect:
            return f"it has nothing for operation {at + 1}, {trace[at]['op']}"
        if at not in shows and outcome(actual) != outcome(expect):
            return (f"already operation {at + 1} comes to {without_place(actual)}, "
                    f"not {without_place(expect)}")
    return ""


def judge(claims, trace, shows):
    """(state, why) of what an allocator did in a case, at contract level."""
    if not shows:
        return UNTOLD, "it is about where chunks lie, which only the exact level sees"
    why = scene(claims, trace, shows)
    if why:
        return UNTOLD, why
    documented = [counts for _, _, counts in claims]
    for at, names in shows.items():
        words = f"operation {at + 1} ({trace[at]['op']})"
        # what other CPUs did in between stands behind a slash
        left, right = (re.sub(r" need=[1-9]\d*", "", without_place(result.split(" / ")[0]))
                       for result in (claims[at][1], trace[at]["result"]))
        if left != right:
            return DIFFERS, f"{words}: {right}, documented {left}"
        for name in names:
            left, right = (figure(name, steps, at) for steps in (documented, trace))
            if left != right:
                return DIFFERS, f"{words}: {name}={right}, documented {left}"
    return SHOWS, ""


def known(corpus, replays):
    """Each case that has a trace."""
    for path in sorted((corpus / "known").glob("*.ops")):
        trace = path.with_suffix(".trace")
        if not trace.exists() or str(path) not in replays["contract"].documents:
            continue
        text = path.read_text(encoding="utf-8")
        claims = mutants_claims.of_trace(trace)
        exact, contract = (replays[level].documents.get(str(path), {})
                           for level in ("exact", "contract"))
        if exact.get("holds") and not mutants_claims.Claims(claims, None).broken(exact):
            state, why = SHOWS, ""
        elif not contract.get("holds") or "trace" not in contract:
            state, why = UNTOLD, contract.get("signature") or "it does not hold at contract level"
        else:
            state, why = judge(claims, contract["trace"], telling(text))
        yield Known(path.stem, comment(text), state, why)
