# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/compare-alloc does: the same random programs through two allocators, an
operation at a time in both, and a table of what they need for them."""

import argparse
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import command
import coverage_html
import fuzz_build
import fuzz_children
import try_build
import try_page
from fuzz_error import Stop
from try_build import TOP
from try_known import without_place

SHOWN = 5  # programs whose parting is told
# What the host gives and gets is what the two may differ in; so are places.
PAGES = ("topup", "reclaim", "shrink", "poke", "hvc", "at ")

DESCRIPTION = """\
Runs the same random programs through two allocators side by side, one operation at
a time, at contract level: where do the results that a client sees part, and what do
the two need for the same live objects? jemalloc's pages for them stand beside.
Allocations go through the request loop, so that who needs more pages asks for more."""

EPILOG = """\
exit status: 0 a client sees no difference; 1 results part, or one of the two breaks
the contract; 2 bad usage, or one cannot be built; 3 a fault of the harness"""


@dataclass
class Step:
    """One operation in one allocator: what hypheap_lockstep prints of it."""
    number: int
    op: str
    result: str
    objects: int
    bytes: int
    mapped: int
    spare: int
    stranded: int
    topups: int
    jemalloc: int

    @staticmethod
    def read(words):
        number, op, result, *counts = words
        return Step(int(number), op, result, *map(int, counts))

    def seen(self):
        """What a client can tell apart."""
        if self.op.startswith(PAGES) and not self.result.startswith("panic"):
            return "pages"
        return re.sub(r" need=\d+", "", without_place(self.result.split(" / ")[0]))


class Side:
    """One allocator at work."""

    def __init__(self, name, binary, args):
        self.name = name
        self.child = subprocess.Popen(
            [binary, str(args.seed), str(args.runs), str(args.ops), args.profile, str(args.page)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def line(self):
        line = self.child.stdout.readline()
        if not line:
            raise Stop(3, f"{self.name}: ended with {self.child.wait()} in the middle")
        kind, *words = line.rstrip("\n").split("\t")
        return kind, words

    def tell(self, word):
        self.child.stdin.write(word + "\n")
        self.child.stdin.flush()

    def end(self):
        """To the end of a program that is of no more interest."""
        kind, words = self.line()
        while kind != "end":
            self.tell("skip")
            kind, words = self.line()
        return words[0]


@dataclass
class Books:
    """Figures of one allocator, over the operations that both did alike."""
    steps: int = 0
    topups: int = 0
    peak: int = 0  # pages, summed over programs
    mapped: int = 0
    stranded: int = 0
    stranded_peak: int = 0
    too_big: int = 0
    waste: float = 0.0  # of mapped bytes that no object has
    with_objects: int = 0
    breaches: Counter = field(default_factory=Counter)

    def note(self, step, page):
        self.steps += 1
        self.topups += step.topups
        self.mapped += step.mapped
        self.stranded += step.stranded
        self.too_big += step.result.startswith("E2BIG")
        if step.objects and step.mapped:
            self.with_objects += 1
            self.waste += 1 - min(1, step.bytes / (step.mapped * page))


@dataclass
class Comparison:
    names: tuple
    page: int
    programs: int = 0
    alike: int = 0
    jemalloc: int = 0  # pages, summed over steps
    jemalloc_peak: int = 0
    live: int = 0  # bytes, summed over steps
    books: list = field(default_factory=lambda: [Books(), Books()])
    parted: list = field(default_factory=list)  # (program, steps of both, last ones alike)
    parts: Counter = field(default_factory=Counter)

    @property
    def steps(self):
        return self.books[0].steps

    def rows(self):
        """(what, first, second, jemalloc)."""
        steps, programs = max(self.steps, 1), max(self.programs, 1)
        one, two = self.books

        def row(words, value, form="{:.2f}", beside=""):
            return (words, form.format(value(one)), form.format(value(two)), beside)

        yield row("mapped pages, mean", lambda b: b.mapped / steps,
                  beside=f"{self.jemalloc / steps:.2f}")
        yield row("mapped pages, peak, mean of the programs", lambda b: b.peak / programs,
                  beside=f"{self.jemalloc_peak / programs:.2f}")
        yield row("mapped bytes that no object has, mean %",
                  lambda b: 100 * b.waste / max(b.with_objects, 1), "{:.1f}")
        yield row("stranded pages, mean", lambda b: b.stranded / steps)
        yield row("stranded pages, most at once", lambda b: b.stranded_peak, "{}")
        yield row("top-ups that calls asked for", lambda b: b.topups, "{}")
        yield row("-E2BIG", lambda b: b.too_big, "{}")
        yield row("programs that break the contract", lambda b: sum(b.breaches.values()), "{}")


def run_program(sides, compare):
    """Step by step until the program ends or the two part."""
    heads = [side.line() for side in sides]
    if heads[0] != heads[1] or heads[0][0] != "program":
        raise Stop(3, f"the two are not in step: {heads}")
    index, page = int(heads[0][1][0]), int(heads[0][1][2])
    compare.programs += 1
    past, peaks, jemalloc = [], [0, 0], 0
    while True:
        came = [side.line() for side in sides]
        ends = [kind == "end" for kind, _ in came]
        if any(ends):
            break
        steps = [Step.read(words) for _, words in came]
        if steps[0].seen() != steps[1].seen():
            compare.parts[steps[0].op.split("=")[-1].split()[0], steps[0].seen(),
                          steps[1].seen()] += 1
            compare.parted.append((index, steps, past[-4:]))
            for side in sides:
                side.tell("skip")
            break
        for at, (books, step) in enumerate(zip(compare.books, steps)):
            books.note(step, page)
            books.stranded_peak = max(books.stranded_peak, step.stranded)
            peaks[at] = max(peaks[at], step.mapped)
        compare.jemalloc += steps[0].jemalloc / page
        compare.live += steps[0].bytes
        jemalloc = max(jemalloc, steps[0].jemalloc / page)
        past.append(steps)
        for side in sides:
            side.tell("next")
    for at, (side, (kind, words)) in enumerate(zip(sides, came)):
        verdict = words[0] if kind == "end" else side.end()
        if verdict != "holds":
            compare.books[at].breaches[verdict] += 1
        compare.books[at].peak += peaks[at]
    compare.jemalloc_peak += jemalloc
    compare.alike += all(ends)


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/compare-alloc", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs=2, metavar="FILE", help="an alloc.c")
    parser.add_argument("--runs", type=int, default=500, metavar="N",
                        help="programs (default 500)")
    parser.add_argument("--ops", type=int, default=64, metavar="N",
                        help="operations of each (default 64)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    parser.add_argument("--profile", choices=("heap", "host"), default="heap")
    parser.add_argument("--page", type=int, choices=(4096, 16384, 65536), default=4096)
    parser.add_argument("-o", type=Path, dest="out", metavar="OUT.html", help="as a page, too")
    parser.add_argument("--binaries", type=Path, nargs=2, metavar="FILE",
                        help="two hypheap_lockstep that are built already")
    args = parser.parse_args(argv)
    for name, least in (("runs", 1), ("ops", 1), ("seed", 0)):
        if getattr(args, name) < least:
            parser.error(f"--{name} {getattr(args, name)}: below {least}")
    if args.out and not args.out.absolute().parent.is_dir():
        parser.error(f"-o {args.out}: no such folder")
    return args


def binaries(args):
    """Two programs, and what is held as long as they run."""
    if args.binaries:
        for path in args.binaries:
            if not os.access(path, os.X_OK):
                raise Stop(2, f"--binaries {path}: no such program")
        return args.binaries, []
    fuzz_build.setup(TOP)
    for path in args.files:
        try_build.check(path)
    jobs = len(os.sched_getaffinity(0))
    builds = [try_build.Build(path, jobs, lambda words: print(words, file=sys.stderr, flush=True))
              for path in args.files]
    held = [build.lock() for build in {build.root: build for build in builds}.values()]
    return [build.make("release", "hypheap_lockstep") / "hypheap_lockstep"
            for build in builds], held


def names_of(files):
    """As short as tells them apart."""
    stems = [path.stem for path in files]
    return tuple(stems) if stems[0] != stems[1] else tuple(map(try_page.short, files))


def compare_all(args):
    paths, held = binaries(args)
    compare = Comparison(names_of(args.files), args.page)
    sides = [Side(name, path, args) for name, path in zip(compare.names, paths)]
    for _ in range(args.runs):
        run_program(sides, compare)
    for side in sides:
        side.child.stdin.close()
        side.child.wait()
    for handle in held:
        handle.close()
    return compare


def show(compare):
    rows = [("", *compare.names, "jemalloc"), *compare.rows()]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print("  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in
                                                     zip(row[1:], widths[1:])]).rstrip())
    print(f"(over {compare.steps} operations of {compare.programs} programs that both did alike, "
          f"{compare.live / max(compare.steps, 1) / compare.page:.2f} pages of live bytes on average)")
    for (op, first, second), count in compare.parts.most_common():
        print(f"results part in {count} programs at {op}: {compare.names[0]} {first}, "
              f"{compare.names[1]} {second}")
    for index, steps, past in compare.parted[:SHOWN]:
        print(f"program {index}, operation {steps[0].number}: {steps[0].op}")
        for name, step in zip(compare.names, steps):
            print(f"  {name}: {step.result}, {step.mapped} pages mapped, {step.spare} spare")
    for name, books in zip(compare.names, compare.books):
        for signature, count in books.breaches.most_common():
            print(f"{name} breaks the contract in {count} programs: {signature}")


def page(compare, args):
    rows = list(compare.rows())
    parted = []
    for index, steps, past in compare.parted[:SHOWN]:
        lines = [(*(str(s.number) for s in pair[:1]), pair[0].op, pair[0].result, pair[1].result,
                  str(pair[0].mapped), str(pair[1].mapped)) for pair in (*past, steps)]
        parted.append(try_page.note(f"program {index}")
                      + try_page.table(("", "operation", *compare.names, "pages", "pages"),
                                       lines, (0, 4, 5)))
    body = [
        try_page.note(f"{compare.steps} operations of {compare.programs} programs that both did "
                      f"alike: seed {args.seed}, profile {args.profile}, pages of {args.page} "
                      f"bytes. In {compare.programs - compare.alike} programs the results that a "
                      "client sees part; from there on nothing is counted."),
        try_page.section("What they need for the same objects", try_page.table(
            ("", *compare.names, "jemalloc"), rows, (1, 2, 3))),
        try_page.section("Where results part", try_page.table(
            ("operation", *compare.names, "programs"),
            [(*key, count) for key, count in compare.parts.most_common()], (3,))
            if compare.parts else try_page.note("Nowhere."), *parted),
    ]
    return coverage_html.page(" and ".join(compare.names), "\n".join(body), try_page.STYLE)


def main(argv):
    args = parse(argv)
    fuzz_children.adopt_orphans()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    compare = compare_all(args)
    show(compare)
    if args.out:
        args.out.write_text(page(compare, args), encoding="utf-8")
        print(f"page: {args.out}")
    broken = any(books.breaches for books in compare.books)
    return 1 if compare.parted or broken else 0


if __name__ == "__main__":
    command.run("compare-alloc", main)
