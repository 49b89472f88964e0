# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/distil does: keep few small inputs, and lose nothing."""

import argparse
import os
import shutil
import sys
from pathlib import Path

import command
import distil_inputs
import fuzz_build
from distil_cover import cover
from distil_inputs import Input
from distil_measure import Target
from distil_mutants import Mutants

TOP = Path(__file__).resolve().parents[2]
TARGETS = ("fuzz_corrupt", "fuzz_text")
DESCRIPTION = """\
Of all inputs below the folders keeps a few small ones, so that with the base of the
corpus (seeds/, known/, regress/) they still have all that the inputs have together:

  edges      of the allocator, and with fuzz_text of the reader of programs
  features   of state, which the fuzz targets tell the engines beside the edges
  mutants    of the allocator that the base leaves alive, and an input kills

The folders may be a libFuzzer corpus, what afl-fuzz writes, or a folder of programs in
bytes or text. What does not hold is left out. OUT is replaced; what was in it is one
more input. Each file is named by its content; text that is no program, and is refused
as it must be, gets the ending .txt. In the end all is measured again.
"""
EPILOG = """\
The same inputs give the same files, unless the time for mutants was too short, which is
said. Ctrl-C leaves OUT as it was until all is measured, and from then on with what is
known by then.

exit status: 0 nothing was lost; 1 something was; 2 usage, bad input, interrupted
early. Example: after scripts/fuzz
  scripts/distil build/fuzz/libfuzzer build/fuzz/afl -o corpus/found
"""


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def positive(text):
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def parse(argv):
    parser = argparse.ArgumentParser(prog="scripts/distil", description=DESCRIPTION,
                                     epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="IN_DIR")
    parser.add_argument("-o", dest="out", type=Path, required=True, metavar="OUT_DIR")
    parser.add_argument("--base", type=Path, default=TOP / "corpus", metavar="DIR",
                        help="the corpus that is there anyway (default: corpus); "
                             "none: a folder without programs")
    parser.add_argument("--seconds", type=positive, default=600, metavar="N",
                        help="for trying inputs on mutants; 0: not at all (default 600)")
    parser.add_argument("--score", type=Path, metavar="FILE",
                        help="what scripts/mutants --seconds 0 --json FILE said of the base and "
                             "this allocator; else scripts/mutants is run")
    parser.add_argument("--target", action="append", choices=TARGETS, metavar="NAME",
                        help="that measures, may be repeated (default: fuzz_corrupt, which "
                             "runs every program, and fuzz_text)")
    parser.add_argument("--jobs", type=positive, default=os.cpu_count(), metavar="N")
    args = parser.parse_args(argv)
    for folder in args.folders:
        if not folder.is_dir():
            parser.error(f"{folder}: not a folder")
    if args.out.exists() and not args.out.is_dir():
        parser.error(f"-o {args.out}: not a folder")
    if args.score and not args.score.is_file():
        parser.error(f"--score {args.score}: no such file")
    if not args.base.is_dir():
        parser.error(f"--base {args.base}: not a folder")
    args.out = args.out.resolve()
    args.targets = list(dict.fromkeys(args.target or TARGETS))
    args.jobs = args.jobs or 1
    return args


def build(args, scratch):
    """The programs that measure: hypheap, and fuzz targets."""
    fuzz_build.setup(TOP)
    builds = fuzz_build.Builds(TOP, args.targets[0], "libfuzzer", None)
    builds.wanted["libfuzzer"] = args.targets
    builds.build(scratch)
    return builds.hypheap, [builds.folder("libfuzzer") / name for name in args.targets]


class Measured:
    """What inputs have together: counters by target, and mutants."""

    def __init__(self, targets):
        self.targets = targets
        self.points = {target.name: set() for target in targets}
        self.mutants = set()

    def add(self, one):
        for name, points in one.points.items():
            self.points[name] |= points
        self.mutants |= one.mutants
        return self

    def edges(self):
        return sum(sum(point < target.edges for point in self.points[target.name])
                   for target in self.targets)

    def features(self):
        return sum(sum(point >= target.edges for point in self.points[target.name])
                   for target in self.targets)

    def lost(self, other):
        """What this has and the other has not, in words."""
        for target in self.targets:
            gone = self.points[target.name] - other.points[target.name]
            edges = sum(point < target.edges for point in gone)
            if edges:
                yield f"{edges} edges of {target.name}"
            if len(gone) - edges:
                yield f"{len(gone) - edges} features of {target.name}"
        if self.mutants - other.mutants:
            yield f"{len(self.mutants - other.mutants)} mutants"


class Distil:
    def __init__(self, args, hypheap, targets, scratch):
        self.args = args
        self.hypheap = hypheap
        self.scratch = scratch
        self.targets = [Target(binary, scratch, args.jobs, say) for binary in targets]
        self.mutants = None
        self.partly = False  # not all inputs were tried on all mutants

    def measure(self, inputs):
        """Fills in their points. Text is not what is run, but what is read."""
        for target in self.targets:
            some = [one for one in inputs
                    if target.name == "fuzz_text" or not distil_inputs.is_text(one.data)]
            for one, points in target.measure(some).items():
                one.points[target.name] = points

    def measure_base(self):
        programs, texts = distil_inputs.base(self.hypheap, self.args.base, self.scratch)
        together = Measured(self.targets)
        for target in self.targets:
            some = texts if target.name == "fuzz_text" else programs
            # nothing, at least: it tells how many edges there are
            for points in target.measure(some or [distil_inputs.make(b"\n")]).values():
                together.points[target.name] |= points if some else set()
        return together

    def kill(self, chosen, inputs):
        """Of the mutants that the base leaves alive: killed by a chosen input, or else
        by one of those that are there already, or else by the smallest."""
        self.mutants = Mutants(TOP, self.scratch, self.args.jobs, say)
        self.mutants.find(self.args.base.resolve(), self.args.score)
        if not self.mutants.survivors:
            return
        rest = sorted(set(inputs) - set(chosen), key=lambda one: (not one.was_there, one.key()))
        self.partly = not self.mutants.judge(
            [one for one in [*chosen, *rest] if not one.refused], self.args.seconds)
        for survivor in self.mutants.survivors:
            if survivor.killer:
                survivor.killer.mutants.add(survivor.id)

    def choose(self, inputs, base):
        """Return: those to keep, and whether Ctrl-C was pressed."""
        def has():
            return {one: {(name, point) for name, points in one.points.items()
                          for point in points - base.points[name]} |
                         {("mutant", name) for name in one.mutants} for one in inputs}

        chosen, interrupted = cover(inputs, has()), False
        if self.args.seconds:
            try:
                self.kill(chosen, inputs)
            except KeyboardInterrupt:
                interrupted = self.partly = True
        if not self.partly:
            return cover(inputs, has()), False
        say("not all inputs were tried on all mutants: what was there stays")
        return [one for one in inputs
                if one in chosen or one.mutants or one.was_there], interrupted

    def measure_again(self, base):
        """What was written, from the files."""
        again = [distil_inputs.make(path.read_bytes(), path.suffix == ".txt")
                 for path in distil_inputs.files_below(self.args.out)]
        self.measure(again)
        after = Measured(self.targets).add(base)
        for one in again:
            after.add(one)
        if self.mutants and self.mutants.survivors:
            self.mutants.judge([one for one in again if not one.refused], self.args.seconds)
            after.mutants = {s.id for s in self.mutants.survivors if s.killer}
        return after


def row(what, files, size, measured):
    print(f"{what:<8} {files:>8} {size:>10} {measured.edges():>8} {measured.features():>9} "
          f"{len(measured.mutants):>8}")


def distil(args, scratch):
    hypheap, targets = build(args, scratch)
    work = Distil(args, hypheap, targets, scratch)
    inputs, files, size = distil_inputs.collect(hypheap, args.folders, args.out, scratch)
    hold = distil_inputs.holding(hypheap, inputs, scratch, args.jobs, say)
    if len(hold) < len(inputs):
        say(f"{len(inputs) - len(hold)} inputs do not hold and are left out")
    base = work.measure_base()
    work.measure(hold)
    kept, interrupted = work.choose(hold, base)
    before = Measured(work.targets).add(base)
    for one in hold:
        before.add(one)
    distil_inputs.replace(kept, args.out)
    after = before if interrupted else work.measure_again(base)
    if work.mutants:
        work.mutants.close()

    print(f"{'':<8} {'files':>8} {'bytes':>10} {'edges':>8} {'features':>9} {'mutants':>8}")
    row("base", "", "", base)
    row("before", files, size, before)
    row("after", len(kept), sum(len(one.data) for one in kept), after)
    if interrupted:
        print("interrupted: not measured again")
        return 2
    lost = list(before.lost(after))
    for words in lost:
        print(f"lost: {words}")
    return 1 if lost else 0


def main(argv):
    args = parse(argv)
    scratch = distil_inputs.scratch_folder(TOP)
    try:
        return distil(args, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    command.run("distil", main, "interrupted, OUT_DIR is as it was")
