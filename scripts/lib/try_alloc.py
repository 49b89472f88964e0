# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/try-alloc does: build an alloc.c that a user brings, hold it against the
specification and the contract, fuzz and mutate it, and write one page."""

import argparse
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import command
import coverage_figures
import coverage_replay
import fuzz_build
import fuzz_children
import try_build
import try_fuzz
import try_known
import try_mutants
import try_page
import try_run
from try_build import TOP

DESCRIPTION = """\
Builds an alloc.c of the series, unedited and in a folder of its own, and tells what
it is: its self test, the corpus at exact and at contract level, random programs and
libFuzzer, small changes to it, coverage, speed beside ours. One page of HTML has it
all."""

EPILOG = """\
exit status: 0 it keeps the contract; 1 it does not; 2 bad usage, or it cannot be
built: what is missing is listed; 3 a fault of the harness"""


@dataclass
class Result:
    """All that was found. level: the strictest one that the corpus holds at."""
    source: Path
    probe: object
    replays: dict = field(default_factory=dict)
    selftest: str = ""
    divergence: object = None
    breach: object = None
    parted: tuple = (0, None)
    known: list = field(default_factory=list)
    fuzzed: list = field(default_factory=list)
    mutants: object = None
    coverage: object = None
    speed: tuple = None

    @property
    def level(self):
        exact = self.replays["exact"]
        return "exact" if exact.holds == len(exact.documents) else "contract"

    @property
    def contract_holds(self):
        came = self.replays["contract"]
        return came.holds == len(came.documents) and not any(run.breaks for run in self.fuzzed)

    def known_in(self, state):
        return sum(case.state == state for case in self.known)

    def selftest_words(self):
        if not self.probe.selftest:
            return "it brings none"
        return "passes" if self.selftest == "ok" else f"fails: {self.selftest}"

    def facts(self):
        yield "file", try_page.short(self.source)
        yield "dialect", self.probe.words().split(": ", 1)[1]
        yield "self test", self.selftest_words()
        if self.speed:
            theirs, ours = self.speed
            yield "speed", (f"{theirs / ours:.2f} of the time of ours: {theirs:.0f} against "
                            f"{ours:.0f} ns an operation, without oracles, in turns")

    def summary(self):
        exact, contract = self.replays["exact"], self.replays["contract"]
        yield ("keeps the contract" if self.contract_holds else "BREAKS THE CONTRACT") + \
            f": {contract.holds} of {len(contract.documents)} programs of the corpus hold" + \
            "".join(f", fuzzing ({run.level}): {found.signature}" for run in self.fuzzed
                    for found in run.findings)
        yield f"like the specification: {exact.holds} of {len(exact.documents)} programs"
        for run in self.fuzzed:
            yield (f"fuzzed at level {run.level}: " + "; ".join(
                f"{engine.name} {engine.runs} programs, {engine.ops} operations, "
                f"{engine.seconds:.0f} s" for engine in run.engines)
                + f": {len(run.findings) or 'no'} bug{'s' * (len(run.findings) != 1)} found")
        yield f"self test: {self.selftest_words()}"
        if self.known:
            yield (f"documented behaviours, of {len(self.known)}: " + ", ".join(
                f"{self.known_in(state)} {words}" for state, words in (
                    (try_known.SHOWS, "shown"), (try_known.DIFFERS, "not"),
                    (try_known.UNTOLD, "cannot be told"))))
        if self.coverage:
            yield f"coverage: {self.coverage.shares['lines'].percent:.1f} % of its lines"
        if self.mutants and self.mutants.judged:
            yield (f"changes noticed: {self.mutants.killed} of {self.mutants.judged} tried, of "
                   f"{self.mutants.all}")


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/try-alloc", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE", help="the alloc.c")
    parser.add_argument("-o", type=Path, dest="out", metavar="OUT.html",
                        help="the page (default: beside its build, build/try/*/report.html)")
    parser.add_argument("--seconds", type=int, default=30, metavar="N",
                        help="for fuzzing, half of them random programs, half libFuzzer, and "
                             "as many for changes (default 30; 0: neither)")
    parser.add_argument("--corpus", type=Path, default=TOP / "corpus", metavar="DIR")
    parser.add_argument("--no-coverage", action="store_true", help="saves a build")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N",
                        help="processes (default: the cores)")
    args = parser.parse_args(argv)
    if args.seconds < 0:
        parser.error(f"--seconds {args.seconds}: below 0")
    if args.jobs < 1:
        parser.error(f"--jobs {args.jobs}: below 1")
    if not (args.corpus / "seeds").is_dir():
        parser.error(f"--corpus {args.corpus}: no folder with seeds/ in it")
    if args.out and not args.out.absolute().parent.is_dir():
        parser.error(f"-o {args.out}: no such folder")
    return args


def say(words):
    """Progress, apart from the summary."""
    print(words, file=sys.stderr, flush=True)


def cover(build, result, corpus, jobs):
    folder = build.make("coverage", "hypheap")
    paths = [Path(path) for path in result.replays["contract"].documents]
    say(f"replaying {len(paths)} programs for coverage")
    replay = coverage_replay.Replay(folder / "hypheap", build.root / "profiles", jobs,
                                    (f"--oracle={result.level}",))
    replay.run(paths, None, say)
    sources = coverage_figures.read(replay.export(replay.merged), build.source.parent,
                                    (build.source.name,))
    return sources[0] if sources else None


def judge(args, found, build, ours):
    """Everything but the page."""
    result = Result(build.source, found)
    theirs_folder = build.make("release", "hypheap")
    ours_folder = theirs_folder
    if not build.ours:
        with ours.lock(wait=True):
            ours_folder = ours.make("release", "hypheap")
    theirs, sound = theirs_folder / "hypheap", ours_folder / "hypheap"
    work = build.root / "work"
    work.mkdir(exist_ok=True)

    paths = try_run.programs(args.corpus)
    for level in ("exact", "contract"):
        say(f"replaying {len(paths)} programs, {level}")
        result.replays[level] = try_run.replay(theirs, level, paths)
    if found.selftest:
        result.selftest = try_run.selftest(theirs, work)
    say("looking for the smallest program that differs")
    result.divergence = try_run.diverge(theirs, sound, result.replays["exact"], work)
    result.breach = try_run.diverge(theirs, sound, result.replays["contract"], work)
    result.parted = try_run.parted(theirs, sound, result.replays["contract"],
                                   try_run.replay(sound, "contract", paths))
    result.known = list(try_known.known(args.corpus, result.replays))
    result.speed = try_run.speed(theirs, sound)
    if args.seconds:
        levels = ["contract"] if result.level == "contract" else ["exact", "contract"]
        result.fuzzed = [try_fuzz.fuzz(build, theirs, level, args.seconds / len(levels),
                                       args.corpus, work) for level in levels]
        say(f"changes to {build.source.name}, {args.seconds} s")
        result.mutants = try_mutants.sample(build, result.level, result.replays[result.level],
                                            args.seconds, args.corpus)
    if not args.no_coverage:
        result.coverage = cover(build, result, args.corpus, args.jobs)
    return result


def main(argv):
    args = parse(argv)
    fuzz_children.adopt_orphans()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = try_build.check(args.file)
    say(found.words())
    fuzz_build.setup(TOP)
    build = try_build.Build(args.file, args.jobs, say)
    with build.lock():
        result = judge(args, found, build, try_build.Build(try_build.OURS, args.jobs, say))
    out = args.out or build.root / "report.html"
    out.write_text(try_page.report(result), encoding="utf-8")
    for line in result.summary():
        print(line)
    print(f"report: {out}")
    return 0 if result.contract_holds else 1


if __name__ == "__main__":
    command.run("try-alloc", main)
