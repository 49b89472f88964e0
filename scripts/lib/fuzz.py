# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/fuzz does: set up, build, fuzz with both engines, report."""

import argparse
import fcntl
import os
import shutil
import signal
import time
from pathlib import Path

import command
import fuzz_build
import fuzz_children
import fuzz_finding
import fuzz_live
import fuzz_seeds
import selfcheck_control
from fuzz_engines import Afl, LibFuzzer
from fuzz_error import Stop

TOP = Path(__file__).resolve().parents[2]
DISK_LEAST = 100 << 20  # bytes that must stay free

DESCRIPTION = """\
Sets up what is missing, builds, and fuzzes the allocator with libFuzzer and
AFL++ side by side. Keeps what it learned and goes on from there next time."""

EPILOG = """\
exit status: 0 nothing found; 1 something was found (report and replay command
are printed); 2 usage, a missing tool or a full disk; 3 a fault of the harness"""


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, metavar="N",
                        help="how long to fuzz, 0: until Ctrl-C (default 60)")
    parser.add_argument("--engine", choices=("both", "libfuzzer", "afl"), default="both")
    parser.add_argument("--target", default="fuzz_host", metavar="NAME",
                        help="fuzz target (default fuzz_host)")
    parser.add_argument("--corpus", type=Path, default=TOP / "corpus", metavar="DIR",
                        help="where to begin: text programs (.ops) and byte files "
                             "(.bin or no extension); default: corpus")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="where it keeps what it learns (default: build/fuzz)")
    parser.add_argument("--jobs", type=int, metavar="N",
                        default=len(os.sched_getaffinity(0)),
                        help="processes, shared by the engines (default: the cores)")
    parser.add_argument("--alloc", type=Path, metavar="FILE",
                        help="another alloc.c to test, built apart from the others")
    parser.add_argument("--no-selfcheck", dest="selfcheck", action="store_false",
                        help="leave the positive control out: scripts/selfcheck")
    args = parser.parse_args(argv)

    if args.seconds < 0:
        parser.error(f"--seconds {args.seconds}: below 0")
    if args.jobs < 1:
        parser.error(f"--jobs {args.jobs}: below 1")
    if not args.target.startswith("fuzz_"):
        args.target = "fuzz_" + args.target
    if not (TOP / "fuzzers/engines" / (args.target + ".c")).is_file():
        targets = sorted(p.stem for p in (TOP / "fuzzers/engines").glob("fuzz_*.c"))
        parser.error(f"--target {args.target}: there are " + ", ".join(targets))
    if not args.corpus.is_dir():
        parser.error(f"--corpus {args.corpus}: not a folder")
    if args.alloc and not args.alloc.is_file():
        parser.error(f"--alloc {args.alloc}: no such file")
    return args


def lock(out):
    """One run at a time in a folder: the engines would write into each other's."""
    handle = open(out / "lock", "w", encoding="ascii")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Stop(2, f"{out}: another run uses this folder") from error
    return handle


def check_disk(out):
    free = shutil.disk_usage(out).free
    if free < DISK_LEAST:
        raise Stop(2, f"{out}: disk full: {free >> 20} MiB free, "
                      f"{DISK_LEAST >> 20} MiB needed")


def make_engines(args, builds, out, seeds, words):
    jobs = {"libfuzzer": args.jobs, "afl": args.jobs}
    if args.engine == "both":
        jobs["libfuzzer"] = max(1, args.jobs // 2)
        jobs["afl"] = max(1, args.jobs - jobs["libfuzzer"])
    else:
        jobs = {args.engine: args.jobs}

    engines = []
    if "libfuzzer" in jobs:
        engines.append(LibFuzzer(builds, args.target, out, seeds, jobs["libfuzzer"], words))
    if "afl" in jobs:
        engines.append(Afl(builds, args.target, out, seeds, jobs["afl"], words))
    return engines


def watch(engines, live, out, seconds, stopped):
    """Until the time is over, something is found, or an engine ends by itself."""
    start = time.monotonic()
    tick = 0
    while not stopped:
        now = time.monotonic() - start
        if seconds and now >= seconds:
            return
        live.update(engines, now)
        for engine in engines:
            engine.check()
        if any(engine.found() for engine in engines):
            return
        if tick % 10 == 9:
            check_disk(out)
            exchange(engines)
        tick += 1
        time.sleep(0.5)


def exchange(engines):
    """libFuzzer reads its folder again and again; AFL++ reads that one itself."""
    by_name = {engine.name: engine for engine in engines}
    if len(by_name) == 2:
        by_name["libfuzzer"].take(by_name["afl"].discoveries())


def fuzz(args, builds, out):
    """Prints live lines and the summary. Returns the failing inputs."""
    seeds = fuzz_seeds.collect(builds.hypheap, args.corpus, out / "seeds", args.target)
    text = args.target == "fuzz_text"
    words = fuzz_seeds.dictionary(builds.hypheap, out / "words.dict") if text else None
    failed = [] if text else fuzz_seeds.failing(builds.hypheap, seeds)
    if failed:
        print(f"of the {seeds.count} inputs to begin with, {len(failed)} fail")
        kept = [out / "crashes" / f"seed-{path.name}" for path in failed]
        for path, copy in zip(failed, kept):
            shutil.copyfile(path, copy)
        return kept

    engines = make_engines(args, builds, out, seeds, words)
    exchange(engines)
    live = fuzz_live.Live(args.seconds)
    stopped = []
    handler = lambda number, frame: stopped.append(number)
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
    error = None
    try:
        for engine in engines:
            engine.start()
        watch(engines, live, out, args.seconds, stopped)
    except Stop as stop:
        error = stop
    finally:
        for engine in engines:
            engine.stop()
        fuzz_children.kill_all()
    live.end()
    exchange(engines)

    crashes = [crash for engine in engines for crash in engine.crashes(out / "crashes")]
    live.summary(engines, out, interrupted=bool(stopped))
    if error and not crashes:
        raise error
    return crashes


def prove(builds, bug, jobs):
    """The positive control: before a farm says that there is nothing, it must have
    shown that it would find something."""
    farm = selfcheck_control.Control(builds, bug, selfcheck_control.SECONDS, jobs)
    results = [farm.check(name) for name in farm.engines]
    farm.close()
    print(selfcheck_control.summary(results), flush=True)
    blind = [result.wrong() for result in results if result.blind()]
    if blind:
        raise Stop(3, "this farm cannot find bugs: " + "; ".join(blind))
    for failure in {result.lies.untrue for result in results} - {""}:
        print(f"no lie was told where the allocator fails without one: {failure}")


def main(argv):
    args = parse(argv)
    fuzz_children.adopt_orphans()
    fuzz_build.setup(TOP)
    bug = selfcheck_control.read_bug(selfcheck_control.BUG) if args.selfcheck else None
    builds = fuzz_build.Builds(TOP, args.target, args.engine, args.alloc,
                               control=bug.target if bug else None)
    out = (args.out or builds.folder("fuzz")).resolve()
    for name in ("crashes", "log", "stats"):
        (out / name).mkdir(parents=True, exist_ok=True)
    held = lock(out)
    check_disk(out)
    builds.build(out / "log")
    if bug:
        prove(builds, bug, args.jobs)
    else:
        print("positive control: left out (--no-selfcheck)", flush=True)
    crashes = fuzz(args, builds, out)
    held.close()

    return fuzz_finding.report(crashes, builds) if crashes else 0


if __name__ == "__main__":
    command.run("fuzz", main, "interrupted before fuzzing began")
