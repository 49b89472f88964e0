# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/smoke does: build, replay the corpus twice, fuzz, tell CI."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import command
import fuzz
import fuzz_build
import fuzz_children
import fuzz_finding
import fuzz_seeds
import smoke_junit
import smoke_replay
from fuzz_engines import LibFuzzer
from fuzz_error import Stop
from fuzz_live import short

TOP = Path(__file__).resolve().parents[2]
PAGES = 5  # HTML pages written, one a finding
# Ours in the folder of the results: an earlier run's go.
OURS = ("crashes", "log", "stats", "work")
JUNIT, SARIF = "junit.xml", "hypheap.sarif"

DESCRIPTION = """\
Smoke test for CI: builds, replays the corpus twice and compares the digests, then
fuzzes all targets with libFuzzer (ASan and UBSan) from a seed that the commit gives.
Writes JUnit XML, SARIF and, for what was found, input, text, report and HTML page."""

EPILOG = """\
exit status: 0 all holds; 1 a finding; 2 usage, bad input, a missing tool or a build
that fails; 3 a fault of the harness"""


class Seeded(LibFuzzer):
    """libFuzzer whose chance is given."""

    seed = 0

    def command(self, i):
        return super().command(i) + [f"-seed={self.seed}", "-timeout=10"]


def parse(argv):
    targets = sorted(p.stem for p in (TOP / "fuzzers/engines").glob("fuzz_*.c"))
    parser = argparse.ArgumentParser(
        prog="scripts/smoke", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, metavar="N",
                        help="for replay and fuzzing together, after building (default 60)")
    parser.add_argument("-o", "--output", type=Path, default=TOP / "build/smoke", metavar="DIR",
                        help=f"{JUNIT}, {SARIF}, crashes/ and log/ (default: build/smoke)")
    parser.add_argument("--target", action="append", metavar="NAME",
                        help="only this fuzz target; may be repeated (default: all)")
    parser.add_argument("--corpus", type=Path, default=TOP / "corpus", metavar="DIR",
                        help="what is replayed and begun with (default: corpus)")
    parser.add_argument("--seed", type=int, metavar="N",
                        help="instead of the commit's, 1 to 2^32 - 1")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N",
                        help="targets at a time (default: the cores)")
    parser.add_argument("--alloc", type=Path, metavar="FILE", help="another alloc.c to test")
    args = parser.parse_args(argv)

    if args.seconds < 1:
        parser.error(f"--seconds {args.seconds}: below 1")
    if args.jobs < 1:
        parser.error(f"--jobs {args.jobs}: below 1")
    if args.seed is not None and not 1 <= args.seed < 1 << 32:
        parser.error(f"--seed {args.seed}: not 1 to 2^32 - 1")
    if not args.corpus.is_dir():
        parser.error(f"--corpus {args.corpus}: not a folder")
    if args.alloc and not args.alloc.is_file():
        parser.error(f"--alloc {args.alloc}: no such file")
    for name in args.target or []:
        if name not in targets:
            parser.error(f"--target {name}: there are " + ", ".join(targets))
    args.target = list(dict.fromkeys(args.target or targets))
    return args


def commit():
    """The commit that is checked out, with -dirty behind it where that is not all."""
    try:
        result = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty",
                                 "--abbrev=40", "--match="], capture_output=True, text=True,
                                check=False)
    except FileNotFoundError as error:
        raise Stop(2, "git is missing: install it, or give --seed") from error
    if result.returncode:
        raise Stop(2, f"no commit to take the seed from (give --seed): {result.stderr.strip()}")
    return result.stdout.strip()


def prepare(out):
    out.mkdir(parents=True, exist_ok=True)
    held = fuzz.lock(out)
    for name in OURS:
        shutil.rmtree(out / name, ignore_errors=True)
    for name in (JUNIT, SARIF):
        (out / name).unlink(missing_ok=True)
    for name in ("crashes", "log", "stats"):
        (out / name).mkdir()
    fuzz.check_disk(out)
    return held


def build(args, log):
    """A Builds for each target, over the same folders."""
    builds = {target: fuzz_build.Builds(TOP, target, "libfuzzer", args.alloc)
              for target in args.target}
    every = fuzz_build.Builds(TOP, args.target[0], "libfuzzer", args.alloc)
    # hypheap with sanitizers, too: what only they see must be seen again
    every.wanted["libfuzzer"] = [*args.target, "hypheap"]
    every.build(log)
    return builds, every.folder("libfuzzer") / "hypheap"


# ---- replay ------------------------------------------------------------------


def replay(args, hypheap, suite, out):
    """Returns the exit status; what fails is in crashes/, with its report."""
    start = time.monotonic()
    cases = smoke_replay.replay(hypheap, args.corpus, args.seconds)
    taken = time.monotonic() - start
    failed = 0
    for case in cases:
        suite.case(case.name, failure=case.failure, error=case.error,
                   words=case.signature if case.failure else "")
        if case.status:
            print(f"FAILED {case.path}: {case.failure or case.error}")
            failed += 1
        if case.status in (1, 3):
            copy = out / "crashes" / ("corpus-" + case.name.replace("/", "-"))
            shutil.copyfile(case.path, copy)
            copy.with_name(copy.name + ".report").write_text(case.failure or case.error,
                                                             encoding="utf-8")
    suite.seconds = taken
    print(f"replayed {len(cases)} programs twice in {taken:.1f} s: "
          f"{failed} do not hold", flush=True)
    return max(case.status for case in cases)


# ---- fuzzing -----------------------------------------------------------------


class Run:
    """One target's share."""

    def __init__(self, target, builds, out, args):
        self.target = target
        self.builds = builds
        work = out / "work" / target
        for name in ("log", "stats", "crashes"):
            (work / name).mkdir(parents=True)
        seeds = fuzz_seeds.collect(builds.hypheap, args.corpus, work / "seeds", target)
        words = None
        if target == "fuzz_text":
            words = fuzz_seeds.dictionary(builds.hypheap, work / "words.dict")
        self.engine = Seeded(builds, target, work, seeds, 1, words)
        self.engine.seed = args.seed
        self.crashes = []
        self.error = ""
        self.started = self.seconds = 0.0

    def start(self):
        self.started = time.monotonic()
        self.engine.start()

    def over(self, share):
        """True once its time is over, it found something or ended by itself."""
        self.seconds = time.monotonic() - self.started
        try:
            self.engine.check()
        except Stop as stop:
            self.error = f"HARNESS BUG: {stop.text}"
        return self.error or self.seconds >= share or self.engine.found()

    def stop(self, out):
        self.engine.stop()
        programs, ops = self.engine.counted()
        for crash in self.engine.crashes(self.engine.artifacts):
            copy = out / "crashes" / f"{self.target}-{crash.name}"
            shutil.copyfile(crash, copy)
            self.crashes.append(copy)
        if not programs and not self.crashes and not self.error:
            self.error = "HARNESS BUG: it ran no program at all"
        shutil.copyfile(self.engine.logs[0], out / "log" / f"{self.target}.log")
        print(f"{self.target}: {short(programs)} programs, {short(ops)} operations in "
              f"{self.seconds:.0f} s, coverage {self.engine.coverage()}, "
              f"{len(self.crashes)} findings", flush=True)


def fuzz_all(runs, jobs, seconds, out):
    """All targets, jobs at a time, with the same share of the seconds each."""
    jobs = min(jobs, len(runs))
    share = seconds * jobs / len(runs)
    waiting, going = list(runs), []
    try:
        while waiting or going:
            while waiting and len(going) < jobs:
                run = waiting.pop(0)
                going.append(run)
                run.start()
            for run in [run for run in going if run.over(share)]:
                going.remove(run)
                run.stop(out)
            time.sleep(0.1)
    finally:
        for run in going:
            run.engine.stop()


def tell(run, suite):
    """Explains what a target found; returns the exit status."""
    failure, status = "", 0
    if run.crashes:
        status = fuzz_finding.report(run.crashes, run.builds)
        reports = [crash.with_name(crash.name + ".report") for crash in run.crashes]
        failure = "\n".join(p.read_text(encoding="utf-8", errors="replace") for p in reports)
        failure = failure.strip() or f"{len(run.crashes)} findings without a report"
    if run.error:
        print(f"{run.target}: {run.error}")
        status = 3
    suite.case(run.target, run.seconds, failure=failure, error=run.error)
    return status


# ---- what was found ----------------------------------------------------------


def _is_program(path):
    """Neither what is written beside an input, nor what is none of the allocator's."""
    beside = path.suffix and path.with_suffix("").exists()
    return not beside and path.suffix not in (".report", ".html") and \
        not path.name.startswith("fuzz_text-")


def sarif_and_pages(hypheap, out):
    """Always SARIF, also an empty one: that is what closes an alert."""
    result = subprocess.run([hypheap, "triage", f"--sarif={out / SARIF}", "crashes"], cwd=out,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            errors="replace", check=False)
    (out / "log/triage").write_text(result.stdout + result.stderr, encoding="utf-8")
    if result.returncode not in (0, 1) or not (out / SARIF).exists():
        print(f"HARNESS BUG: hypheap triage ends with {result.returncode}: "
              f"{result.stderr.strip()}")
        return 3
    inputs = [path for path in sorted((out / "crashes").iterdir()) if _is_program(path)]
    for path in inputs[:PAGES]:
        subprocess.run([hypheap, "report", path, "-o", f"{path}.html"], check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    return result.returncode


def smoke(args, out, runs, sanitized):
    begin = time.monotonic()
    hypheap = runs[0].builds.hypheap
    replayed, fuzzed = smoke_junit.Suite("replay"), smoke_junit.Suite("fuzz")
    status = replay(args, hypheap, replayed, out)
    if status:
        for target in args.target:
            fuzzed.case(target, skipped="not fuzzed: the corpus does not hold")
    else:
        left = args.seconds - (time.monotonic() - begin)
        if left < 0.5 * len(runs) / min(args.jobs, len(runs)):
            raise Stop(2, f"--seconds {args.seconds}: nothing left to fuzz with")
        fuzz_all(runs, args.jobs, left, out)
        status = max(tell(run, fuzzed) for run in runs)
    took = time.monotonic() - begin
    status = max(status, sarif_and_pages(sanitized, out))
    for name in ("work", "stats"):
        shutil.rmtree(out / name, ignore_errors=True)
    smoke_junit.write(out / JUNIT, [replayed, fuzzed],
                      {"commit": args.commit, "seed": args.seed, "seconds": args.seconds})
    print(f"{'holds' if not status else 'DOES NOT HOLD'} after {took:.0f} s "
          f"(--seconds {args.seconds}); results in {out}", flush=True)
    return status


def main(argv):
    args = parse(argv)
    fuzz_children.adopt_orphans()
    fuzz_build.setup(TOP)
    args.commit = "(--seed was given)" if args.seed else commit()
    args.seed = args.seed or int(args.commit[:8], 16) or 1
    out = args.output.resolve()
    held = prepare(out)
    builds, sanitized = build(args, out / "log")
    print("preparing seeds", flush=True)
    runs = [Run(target, builds[target], out, args) for target in args.target]
    print(f"commit {args.commit}, seed {args.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(2))
    status = smoke(args, out, runs, sanitized)
    held.close()

    return status


if __name__ == "__main__":
    command.run("smoke", main)
