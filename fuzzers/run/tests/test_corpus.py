#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: test_corpus.py HYPHEAP CORPUS

Runs every program of the corpus and holds it to what corpus/README.md says:

  all      exit status 0; all files together are smaller than 2 MiB
  text     text and bytes say the same program: of one in some here, as asm and show
           have it; the test fuzz_text_corpus has all of them
  seeds    a comment first that tells the idea; most operations are executed;
           together they have every operation in every form, every kind of
           free! and of corrupt, every hypercall, and every page size
  known    the trace is NAME.trace, byte for byte
  found    named by content, and no larger than an engine takes; NAME.txt is refused
  README   the seeds and tests that its table of the series names are there
  seeds, known
           a comment "# -> RESULT, KEY=VALUE..." beside an operation is true;
           a program that corrupts says in a line "# corruption: OUTCOME" what
           that comes to

Exit status: 0 all is so; 1 it is not, with a line a problem; 2 usage.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SEEDS_LEAST = 40
EXECUTED_LEAST = 70  # percent of a seed's operations
TWO_WORDS = ("fail", "create", "trace", "shrink", "reclaim", "destroy")
PAGES = (4096, 16384, 65536)
FOLDERS = ("seeds", "known", "regress", "found")
BYTES_MOST = 2 << 20
ONE_BYTES_MOST = 64 << 10
AS_BYTES_ONE_IN = 16
ELSEWHERE = ("guest", "hyp")  # the trace has them only when they are not 0

MARK = re.compile(r"#\s*->(?P<claim>.*)$")
# RESULT[, KEY=VALUE...][: words]
CLAIM = re.compile(r"\s*(?P<result>[^,:]*[^,:\s])(?:,\s*(?P<census>\w+=\d+(?:\s+\w+=\d+)*))?"
                   r"\s*(?::.*)?$")


OUTCOME = re.compile(r"^#\s*corruption:\s*(\w+)$", re.M)


class Corpus:
    """The corpus, the program that runs it, and what is wrong."""

    def __init__(self, hypheap, folder, scratch):
        self.hypheap = hypheap
        self.folder = folder
        self.scratch = scratch
        self.problems = []

    def fails(self, path, what):
        name = path.relative_to(self.folder) if path else self.folder.name
        self.problems.append(f"{name}: {what}")

    def files(self, kind, suffix=".ops"):
        return sorted((self.folder / kind).glob("*" + suffix))

    def programs(self):
        return [path for kind in FOLDERS for path in self.files(kind)]

    def call(self, *args):
        return subprocess.run([self.hypheap, *args], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=240, check=False)

    def of_each(self, command, paths):
        """{path: what the command says of it}. To start a process takes far longer
        than a program; so one has many, unless one of them fails."""
        cores = os.cpu_count() or 1
        said = {}
        with ThreadPoolExecutor(cores) as threads:
            for some in threads.map(lambda share: self._of_share(command, share),
                                    [paths[at::cores] for at in range(cores)]):
                said.update(some)
        return said

    def _of_share(self, command, paths):
        if len(paths) > 1:
            result = self.call(*command, *paths)
            if not result.returncode:
                parts = sections(result.stdout)
                return {path: subprocess.CompletedProcess(result.args, 0, part, b"")
                        for path, part in zip(paths, parts, strict=True)}
        return {path: self.call(*command, path) for path in paths}


def sections(output):
    """Of several files: a line "== FILE" before each, or with --json a line each."""
    if output.startswith(b"{"):
        return output.splitlines()
    return re.split(rb"^== .*\n", output, flags=re.M)[1:]


@dataclass
class Step:
    """A line of a trace."""
    op: str
    result: str
    census: dict


def first_line(data):
    lines = data.decode(errors="replace").strip().splitlines()
    return lines[0] if lines else "(it said nothing)"


def pairs(text):
    return dict(word.split("=", 1) for word in text.split())


def steps_of(trace):
    """The steps of a trace; its last line is the digest."""
    lines = (line.split("\t") for line in trace.decode().splitlines()[:-1])
    return [Step(line[1], line[2], pairs(" ".join(line[3:]))) for line in lines]


def operations_of(path):
    """The lines of a program that are operations."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if words and words[0] not in ("hypheap", "heap"):
            yield number, line


def differing_line(expect, actual):
    """Number and text of the first line that differs."""
    expect, actual = expect.splitlines(), actual.splitlines()
    for at in range(max(len(expect), len(actual))):
        one = expect[at] if at < len(expect) else b"(nothing)"
        two = actual[at] if at < len(actual) else b"(nothing)"
        if one != two:
            return at + 1, one.decode(), two.decode()
    return 0, "", ""


# ---- one program ------------------------------------------------------------

def lines_of(corpus, path, shown):
    """A program, text or bytes, as canonical text without its comments."""
    if shown.returncode:
        corpus.fails(path, f"show exits {shown.returncode}: {first_line(shown.stderr)}")
        return []
    return [line for line in shown.stdout.decode().splitlines() if not line.startswith("#")]


def check_as_bytes(corpus, path, lines):
    """Text to bytes and back is the same program."""
    copy = corpus.scratch / f"{path.parent.name}-{path.stem}"
    result = corpus.call("asm", path, "-o", copy)
    if result.returncode:
        corpus.fails(path, f"asm exits {result.returncode}: {first_line(result.stderr)}")
    elif lines_of(corpus, copy, corpus.call("show", copy)) != lines:
        corpus.fails(path, "show of asm is another program than show")


def show_all(corpus):
    """The canonical lines of every program."""
    shown = corpus.of_each(["show"], corpus.programs())
    lines = {path: lines_of(corpus, path, said) for path, said in shown.items()}
    for path in sorted(lines)[::AS_BYTES_ONE_IN]:
        check_as_bytes(corpus, path, lines[path])
    return lines


def check_claims(corpus, path, steps):
    """What the comments say comes, comes."""
    operations = list(operations_of(path))
    if len(operations) != len(steps):
        corpus.fails(path, f"{len(operations)} lines of operations, but {len(steps)} lines of trace; "
                           "one operation a line")
        return
    for (number, line), step in zip(operations, steps):
        mark = MARK.search(line)
        if not mark:
            continue
        claim = CLAIM.match(mark["claim"])
        if not claim:
            corpus.fails(path, f"line {number}: not \"RESULT[, KEY=VALUE...][: words]\": {line}")
            continue
        # the function that panics is the allocator's own affair
        result = "panic" if claim["result"] == "panic" and step.result.startswith("panic ") \
            else step.result
        if claim["result"] != result:
            corpus.fails(path, f"line {number}: says {claim['result']}, but is {step.result}")
        for key, value in pairs(claim["census"] or "").items():
            actual = step.census.get(key, "0" if key in ELSEWHERE else "(no such key)")
            if actual != value:
                corpus.fails(path, f"line {number}: says {key}={value}, but is {key}={actual}")


def says_outcome(path):
    """The outcome that a program which corrupts says; "" if it says none."""
    text = path.read_text()
    said = OUTCOME.search(text)
    return said[1] if said else "" if "corrupt " in text else None


def check_outcomes(corpus):
    """What corruption comes to is what the program says; without one it says nothing."""
    paths = [path for kind in ("seeds", "known") for path in corpus.files(kind)
             if says_outcome(path) is not None]
    for path, result in corpus.of_each(["run", "--json"], paths).items():
        outcome = json.loads(result.stdout).get("corruption", {}).get("outcome", "none")
        if not says_outcome(path):
            corpus.fails(path, f"no line \"# corruption: {outcome}\"")
        elif says_outcome(path) != outcome:
            corpus.fails(path, f"says corruption: {says_outcome(path)}, but is {outcome}")


def run_all(corpus):
    """The trace of every program that runs."""
    traces = {}
    for path, result in corpus.of_each(["run", "--trace"], corpus.programs()).items():
        if result.returncode:
            corpus.fails(path, f"run exits {result.returncode}: {first_line(result.stderr)}")
        else:
            traces[path] = result.stdout
    return traces


# ---- the folders ------------------------------------------------------------

def check_idea(corpus, path):
    """The first line says what the seed is about."""
    line = path.read_text().split("\n", 1)[0]
    if not re.match(r"#\s*\S.{10}", line):
        corpus.fails(path, "the first line is not a comment that tells the idea")


def check_executed(corpus, path, steps):
    skipped = sum(step.result == "skipped" for step in steps)
    executed = len(steps) - skipped
    if not steps or executed * 100 < EXECUTED_LEAST * len(steps):
        corpus.fails(path, f"executes {executed} of {len(steps)} operations; "
                           f"{EXECUTED_LEAST} % is the least")


def check_seeds(corpus, lines, traces):
    seeds = corpus.files("seeds")
    for path in seeds:
        check_idea(corpus, path)
        if path in traces:
            steps = steps_of(traces[path])
            check_executed(corpus, path, steps)
            check_claims(corpus, path, steps)
    if len(seeds) < SEEDS_LEAST:
        corpus.fails(None, f"{len(seeds)} seeds; {SEEDS_LEAST} are the least")
    check_everything_occurs(corpus, [line for path in seeds for line in lines[path]])


def check_table(corpus):
    """Seeds and tests that the README's table of the series names are there."""
    top = corpus.folder.parent
    readme = top / "README.md"
    rows = re.findall(r"^\| \d+ \|.*\|$", readme.read_text(), re.M) if readme.exists() else []
    for row in rows:
        _, number, _, _, seeds, tests, _ = (cell.strip() for cell in row.split("|"))
        for seed in re.findall(r"`([^`]+)`", seeds):
            if not list((corpus.folder / "seeds").glob(f"{seed}.ops")):
                corpus.fails(None, f"README, patch {number}: no seed {seed}")
        for test in re.findall(r"`((?:[\w/]+/)?test_[\w*]+)`", tests):
            if not list((top / "allocator/tests").glob(f"{test}.c")) + \
                    list((top / "allocator").glob(f"{test}.c")) + \
                    list((top / "model/tests").glob(f"{test}.c")) + list(top.glob(f"{test}.c")):
                corpus.fails(None, f"README, patch {number}: no test {test}")


def check_known(corpus, traces):
    for path in corpus.files("known"):
        if path not in traces:
            continue
        trace = traces[path]
        check_claims(corpus, path, steps_of(trace))
        pinned = path.with_suffix(".trace")
        if not pinned.exists():
            corpus.fails(path, f"{pinned.name} is missing")
        elif pinned.read_bytes() != trace:
            number, expect, actual = differing_line(pinned.read_bytes(), trace)
            corpus.fails(pinned, f"line {number}: \"{expect}\", but the run says \"{actual}\"")
    for pinned in corpus.files("known", ".trace"):
        if not pinned.with_suffix(".ops").exists():
            corpus.fails(pinned, "a trace without a program")


def check_found(corpus):
    """What fuzzing found: programs hold, text that is none is refused."""
    found = corpus.files("found", "")
    for path in found:
        data = path.read_bytes()
        if path.stem != hashlib.sha256(data).hexdigest()[:16] or path.suffix not in ("", ".txt"):
            corpus.fails(path, "not named by its content")
        if len(data) > ONE_BYTES_MOST:
            corpus.fails(path, f"{len(data)} bytes; {ONE_BYTES_MOST} are the most")
    programs = [path for path in found if not path.suffix]
    for path, result in corpus.of_each(["run", "--json"], programs).items():
        if result.returncode:
            corpus.fails(path, f"run exits {result.returncode}: {first_line(result.stdout)}")
    texts = [path for path in found if path.suffix == ".txt"]
    said = corpus.call("show", *texts).stderr.decode(errors="replace") if texts else ""
    for path in texts:
        if said.count(f"hypheap: {path}:") != 1:
            corpus.fails(path, "not refused in one line that names it")


def check_size(corpus):
    size = sum(path.stat().st_size for path in corpus.folder.rglob("*") if path.is_file())
    if size >= BYTES_MOST:
        corpus.fails(None, f"{size} bytes; less than {BYTES_MOST} is what it may have")


# ---- what must occur --------------------------------------------------------

def op_words(corpus):
    """The words of all operations, from the grammar in the help."""
    text = corpus.call("help", "ops").stdout.decode()
    # what a line says is indented below it
    grammar = re.findall(r"^(\S.*)\n[ ]{4}\S", text, re.M)
    words = {line.removeprefix("SLOT = ").split()[0] for line in grammar}
    words -= {"hypheap", "heap", "#", "at"}
    return words


def kinds_of(corpus, start, word):
    """The kinds of free! or corrupt, from what is said to one that is none."""
    path = corpus.scratch / "kinds.ops"
    path.write_text(f"hypheap 1\n{start} none\n")
    match = re.search(word + r" has ([a-z, ]+)", corpus.call("show", path).stderr.decode())
    return set(match[1].replace(",", " ").split()) if match else set()


def op_forms(corpus):
    """All forms of the operations that have several, from the grammar in the help."""
    text = corpus.call("help", "ops").stdout.decode()
    grammar = re.findall(r"^(\S.*)\n[ ]{4}\S", text, re.M)
    forms = set()
    for line in grammar:
        before, _, deferred = line.rpartition(": ")
        for form in (deferred if before else line).split(" | "):
            words = [word for word in form.split() if word.islower()]
            if before:  # at unlock N: alloc, free, ... PAGES; at donate N: poke
                moment = before.split()[1]
                forms |= {f"at {moment} {kind}" for kind in re.split(r",\s*|\s+or\s+|\s+", form)
                          if kind.islower()}
            elif " | " in line and words[0] in TWO_WORDS:
                forms.add(" ".join(words[:2]))
    return forms


def form_of(words):
    """The form of an operation: its word, with the next if that says which it is."""
    if words[0] == "at":
        inner = words[3:]
        return f"at {words[1]} {(inner[2] if inner[1:2] == ['='] else inner[0])}"
    if words[0] in TWO_WORDS and len(words) > 1:
        return " ".join(words[:1 if words[1].isdigit() else 2])
    return words[0]


def hypercalls(corpus):
    """Number and name of every hypercall, from the table in the help."""
    text = corpus.call("help", "ops").stdout.decode()
    return dict(re.findall(r"^ +(\d+) (\w+) +\d  ?\S", text, re.M))


def check_hypercalls(corpus, ops):
    names = hypercalls(corpus)
    said = {op[1] for op in ops if op and op[0] == "hvc"}
    for name in sorted(set(names.values()) - said):
        corpus.fails(None, f"no seed has hvc {name}")
    if not any(word.isdigit() and word not in names for word in said):
        corpus.fails(None, "no seed has a hypercall that is unknown")
    if len(names) < 16:
        corpus.fails(None, f"the help has {len(names)} hypercalls")


def check_everything_occurs(corpus, lines):
    forms = {form_of(line.split()) for line in lines if line.split()}
    for form in sorted(op_forms(corpus) - forms):
        corpus.fails(None, f"no seed has {form}")
    lines = [re.sub(r"^at \w+ \d+: ", "", line) for line in lines]
    ops = [re.sub(r"^\w+ = ", "", line).split() for line in lines]
    occur = {op[0] for op in ops if op}
    kinds = {op[1] for op in ops if op and op[0] == "free!"}
    damages = {(op[2] if op[1] != "free" else op[3]) for op in ops if op and op[0] == "corrupt"}
    pages = {int(word[5:]) for op in ops if op and op[0] == "heap"
             for word in op if word.startswith("page=")}
    words, all_kinds = op_words(corpus), kinds_of(corpus, "free!", "free!")
    all_damages = kinds_of(corpus, "corrupt a", "corrupt")

    if not words or not all_kinds or not all_damages:
        corpus.fails(None, "hypheap does not tell its operations and the kinds of free! and corrupt")
    check_hypercalls(corpus, ops)
    for what, must, have in (("operation", words, occur), ("free!", all_kinds, kinds), ("corrupt", all_damages, damages),
                             ("page size", set(PAGES), pages)):
        for word in sorted(must - have):
            corpus.fails(None, f"no seed has {what} {word}")


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Corpus(sys.argv[1], Path(sys.argv[2]).resolve(), Path(scratch))
        for kind in FOLDERS:
            if not (corpus.folder / kind).is_dir():
                corpus.fails(None, f"{kind}/ is missing")
        lines, traces = show_all(corpus), run_all(corpus)
        check_seeds(corpus, lines, traces)
        check_known(corpus, traces)
        check_outcomes(corpus)
        check_found(corpus)
        check_size(corpus)
        check_table(corpus)

    for problem in corpus.problems:
        print(f"FAIL {problem}")
    counts = [f"{len(corpus.files(kind, '.ops' if kind != 'found' else ''))} {kind}"
              for kind in FOLDERS]
    print(f"{', '.join(counts)}: {len(corpus.problems)} problems")
    return 1 if corpus.problems else 0


if __name__ == "__main__":
    sys.exit(main())
