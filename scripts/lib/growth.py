# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/growth does: the same CPU time, spent by one worker or by several."""

import argparse
import bisect
import json
import os
import re
import resource
import shutil
import subprocess
import time
from pathlib import Path

import chart
import command
import fuzz_build
import fuzz_children
import fuzz_seeds
from fuzz_engines import LIBFUZZER_MOST, LibFuzzer
from fuzz_error import Stop

TOP = Path(__file__).resolve().parents[2]
REACHED = re.compile(r"INITED cov: (\d+) ft: (\d+)")

DESCRIPTION = """\
Fuzzes from the same corpus with 1, 2, 4... libFuzzer workers that share what they
find, each time for the same CPU time of all together, and measures what the inputs
kept up to each moment reach: edges and features, which are state too. Where the
lines of several workers lie on that of one, more machines are as good as more
time; where they rise no longer, neither helps."""

EPILOG = """\
Results go into DIR, and are kept: the same command goes on with what is missing.
exit status: 0 measured; 2 usage or a missing tool; 3 an engine failed. An input that
fails ends the measurement (2): coverage beyond a bug means nothing."""


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/growth", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2,4", metavar="A,B", help="default 1,2,4")
    parser.add_argument("--cpu-seconds", type=int, default=600, metavar="N",
                        help="CPU time of all workers of a run together (default 600)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N",
                        help="runs of each; the median is told (default 1)")
    parser.add_argument("--target", default="fuzz_host", metavar="NAME")
    parser.add_argument("--preset", default="libfuzzer-asan",
                        choices=("libfuzzer", "libfuzzer-asan", "libfuzzer-ubsan"))
    parser.add_argument("--corpus", type=Path, metavar="DIR", default=TOP / "corpus",
                        help="where to begin (default: corpus); an empty folder: from nothing")
    parser.add_argument("--out", type=Path, default=TOP / "build/growth", metavar="DIR",
                        help="default: build/growth")
    args = parser.parse_args(argv)
    try:
        args.workers = [int(word) for word in args.workers.split(",")]
    except ValueError:
        parser.error(f"--workers {args.workers}: not numbers")
    for name, value in (("--workers", min(args.workers)), ("--repeat", args.repeat),
                        ("--cpu-seconds", args.cpu_seconds)):
        if value < 1:
            parser.error(f"{name} {value}: below 1")
    if not (TOP / "fuzzers/engines" / f"{args.target}.c").is_file():
        parser.error(f"--target {args.target}: no such target")
    if not args.corpus.is_dir():
        parser.error(f"--corpus {args.corpus}: not a folder")
    return args


class Measured(LibFuzzer):
    """Keeps all that it finds: what was there at a moment is told by the files' times."""

    def __init__(self, preset, builds, target, out, seeds, jobs, words):
        self.preset = preset
        super().__init__(builds, target, out, seeds, jobs, words)

    def command(self, i):
        command = super().command(i)
        return [*command[:-2], "-reduce_inputs=0", *command[-2:]]

    def cpu(self):
        """Seconds of user and system time that its running processes have had."""
        return fuzz_children.core_seconds(*(process.pid for process in self.processes))


def moments(budget):
    """Fractions of the budget, each twice the one before: 1/32 ... 1."""
    return [budget / 2 ** i for i in range(5, -1, -1)]


def run(args, builds, folder, jobs):
    """Fuzzes until the CPU time is spent. Return: (time, CPU seconds) again and again."""
    out = folder / "run"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("crashes", "log", "stats"):
        (out / name).mkdir(parents=True)
    seeds = fuzz_seeds.collect(builds.hypheap, args.corpus, out / "seeds", args.target)
    words = fuzz_seeds.dictionary(builds.hypheap, out / "words.dict") \
        if args.target == "fuzz_text" else None
    engine = Measured(args.preset, builds, args.target, out, seeds, jobs, words)
    engine.start()
    begin, clock, lines = time.monotonic(), [(time.time(), 0.0)], time.monotonic() + 5
    try:
        while clock[-1][1] < args.cpu_seconds:
            time.sleep(0.05)
            engine.check()
            if engine.found():
                raise Stop(2, f"{engine.crashes(out)[0]} fails: nothing to measure")
            clock.append((time.time(), engine.cpu()))
            if time.monotonic() >= lines:
                lines += 5
                print(f"  {clock[-1][1]:.0f} of {args.cpu_seconds} CPU seconds, "
                      f"{engine.coverage()} edges", flush=True)
    finally:
        engine.stop()
    programs, ops = engine.counted()
    return engine, clock, {"seconds": time.monotonic() - begin, "programs": programs,
                           "operations": ops}


def reached(args, builds, folder, names, corpus):
    """Edges and features of these inputs, by a process that has no memory of others."""
    at = folder / "moment"
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir()
    for name in names:
        os.link(corpus / name, at / name)
    result = subprocess.run(
        [builds.folder(args.preset) / args.target, "-runs=0", f"-max_len={LIBFUZZER_MOST}",
         "-detect_leaks=0", at, folder / "run/seeds"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        cwd=folder, check=False)
    shutil.rmtree(at)
    match = REACHED.search(result.stdout)
    if result.returncode or not match:
        raise Stop(3, f"{args.target} -runs=0 ended with {result.returncode}:\n"
                      f"{result.stdout[-2000:]}")
    return int(match.group(1)), int(match.group(2))


def measure(args, builds, folder, jobs):
    """One run as a dict: at each moment CPU seconds, edges, features, files."""
    engine, clock, document = run(args, builds, folder, jobs)
    times = [at for at, _ in clock]
    files = []
    for entry in os.scandir(engine.corpus):
        i = min(bisect.bisect_left(times, entry.stat().st_mtime), len(clock) - 1)
        files.append((clock[i][1], entry.name))
    points = []
    for moment in [0.0, *moments(args.cpu_seconds)]:
        names = [name for cpu, name in files if cpu <= moment and moment]
        if moment == args.cpu_seconds:
            names = [name for _, name in files]
        points.append([moment, *reached(args, builds, folder, names, engine.corpus),
                       len(names)])
    shutil.rmtree(folder)
    return {**document, "workers": jobs, "points": points}


def median_points(runs):
    """Of several runs, at each moment."""
    middle = []
    for rows in zip(*(one["points"] for one in runs)):
        middle.append([sorted(row[i] for row in rows)[len(rows) // 2] for i in range(4)])
    return middle


def table(results):
    """For each moment what it comes to with so many workers; then what flattens."""
    rows = [["CPU seconds"] + [f"{jobs} worker{'s' * (jobs > 1)}: edges features"
                               for jobs in results]]
    lines = {jobs: median_points(runs) for jobs, runs in results.items()}
    for i, point in enumerate(next(iter(lines.values()))):
        rows.append([f"{point[0]:.1f}"] + [f"{line[i][1]} {line[i][2]}"
                                           for line in lines.values()])
    rows.append(["last doubling"] + [
        f"+{100 * (line[-1][1] / max(line[-2][1], 1) - 1):.1f} % "
        f"+{100 * (line[-1][2] / max(line[-2][2], 1) - 1):.1f} %" for line in lines.values()])
    rates = []
    for runs in results.values():
        spent = sum(run["points"][-1][0] for run in runs)
        rates.append(f"{sum(run['programs'] for run in runs) / spent:.0f}")
    rows.append(["programs/CPU s", *rates])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths))
                     for row in rows)


def draw(args, results):
    """Two charts: edges and features over the CPU time of all workers."""
    for i, what in ((1, "edges"), (2, "features")):
        lines = {f"{jobs} workers": [(point[0], point[i]) for point in median_points(runs)
                                     if point[0]] for jobs, runs in results.items()}
        chart.draw(args.out / f"{args.target}-{what}.svg", lines, style="linespoints",
                   xlabel="CPU seconds of all workers together", ylabel=what,
                   settings=["set logscale x 2"])


def main(argv):
    args = parse(argv)
    fuzz_children.adopt_orphans()
    fuzz_build.setup(TOP)
    builds = fuzz_build.Builds(TOP, args.target, "none", None)
    builds.wanted[args.preset] = [args.target]
    args.out.mkdir(parents=True, exist_ok=True)
    args.out = args.out.resolve()
    builds.build(args.out)
    key = f"{args.target}-{args.preset}-{args.cpu_seconds}"
    results = {}
    for jobs in args.workers:
        results[jobs] = []
        for number in range(1, args.repeat + 1):
            kept = args.out / f"{key}-{jobs}-{number}.json"
            if not kept.exists():
                print(f"{jobs} workers, run {number} of {args.repeat}", flush=True)
                document = measure(args, builds, args.out / "work", jobs)
                kept.write_text(json.dumps(document), encoding="ascii")
            results[jobs].append(json.loads(kept.read_text(encoding="ascii")))
    print(table(results))
    draw(args, results)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"charts in {args.out}; {used.ru_utime + used.ru_stime:.0f} CPU seconds used now")
    return 0


if __name__ == "__main__":
    command.run("growth", main, "interrupted; what is measured is kept")
