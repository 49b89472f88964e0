# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bench does: how fast it is, beside nothing, a naive harness and itself."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import bench_build
import bench_engines
import bench_show
import command
import fuzz_build
import fuzz_children
from fuzz_error import Stop

TOP = Path(__file__).resolve().parents[2]
WORK = TOP / "build/bench"
ROWS = "64,8,16 256,64,1024 0,8,16"
INNER = 3  # rounds within one run of "hypheap bench"

DESCRIPTION = """\
Measures in turns, round by round, and prints medians with their spread and ratios:
  ladder   "hypheap bench" in builds without and with sanitizers: what the allocator
           costs bare, and with each part of the harness
  engines  fuzz targets by libFuzzer and AFL++, by second of a core: an empty one, a
           naive harness (fuzzers/naive/: bytes become calls, nobody looks at what
           comes of it), and ours with all oracles. bench_unchecked is the naive one
           over an allocator whose loads and stores are not checked
All targets of an engine have the same options, seed and first inputs, and inputs of
the same length. Only ours have our mutator; under AFL++ the empty target is measured
with it as well. libFuzzer begins with no input, AFL++ with random programs."""

EPILOG = """\
Builds what it needs: build/release, libfuzzer, libfuzzer-asan, afl and
build/bench/. CPU time is counted, of all processes; on a machine that does other
work only ratios mean something.
exit status: 0 measured; 2 usage, a missing tool or a failed build, or an input that
fails; 3 a fault of an engine or of this script. Ctrl-C: 2, and what was measured by
then is printed and written"""


def _names(parser, option, text, known):
    names = [] if text == "none" else text.split(",")
    for name in names:
        if name not in known:
            parser.error(f"{option} {name}: there are {', '.join(known)}; or none")
    return list(dict.fromkeys(names))


def _row(parser, text):
    try:
        ops, live, pages = (int(word) for word in text.split(","))
    except ValueError:
        parser.error(f"--row {text}: not OPS,LIVE,PAGES")
    if not (0 <= ops <= 65536 and 1 <= live <= 4096 and 1 <= pages <= 32768):
        parser.error(f"--row {text}: at most 65536 operations, 1 to 4096 live objects, "
                     "1 to 32768 pages")
    return ops, live, pages


def _writable(parser, option, path):
    if path and (path.is_dir() or not os.access(path.resolve().parent, os.W_OK)):
        parser.error(f"{option} {path}: cannot be written")


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="does it work? one short round; of the builds those for "
                             "testing and fuzzing")
    parser.add_argument("--ladder", metavar="LIST",
                        help=f"builds: {','.join(bench_build.LADDER)}, or none (default: all)")
    parser.add_argument("--row", action="append", dest="rows", metavar="OPS,LIVE,PAGES",
                        help="of the ladder: operations a program, live objects, pages of "
                             f"heap; 0 operations: a reset. Several are allowed (default: {ROWS})")
    parser.add_argument("--engines", metavar="LIST",
                        help=f"{','.join(bench_build.ENGINES)}, or none (default: all)")
    parser.add_argument("--rounds", type=int, metavar="N", help="default 3")
    parser.add_argument("--seconds", type=float, metavar="N",
                        help="of a core, for each target and round (default 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures for machines")
    parser.add_argument("--chart", type=Path, metavar="FILE.svg",
                        help="drawn by gnuplot; of the engines FILE-engines.svg")
    args = parser.parse_args(argv)
    args.ladder = _names(parser, "--ladder",
                         args.ladder or ("plain" if args.quick else ",".join(bench_build.LADDER)),
                         bench_build.LADDER)
    args.engines = _names(parser, "--engines",
                          args.engines or ("libfuzzer-both,afl" if args.quick
                                           else ",".join(bench_build.ENGINES)),
                          bench_build.ENGINES)
    args.rows = [_row(parser, text)
                 for text in args.rows or ROWS.split()[:1 if args.quick else None]]
    for name, usual, quick in (("rounds", 3, 1), ("seconds", 2.0, 0.3)):
        value = getattr(args, name)
        if value is not None and not 0 < value < 1e6:
            parser.error(f"--{name} {value}: not above 0")
        if value is None:
            setattr(args, name, quick if args.quick else usual)
    if not args.ladder and not args.engines:
        parser.error("--ladder none --engines none: nothing to measure")
    _writable(parser, "--json", args.json)
    _writable(parser, "--chart", args.chart)
    if args.chart and not shutil.which("gnuplot"):
        parser.error("--chart needs gnuplot (package gnuplot-nox)")
    return args


class Bench:
    """What is to be measured, and what was."""

    def __init__(self, args):
        self.args = args
        self.builds = bench_build.BenchBuilds(TOP, args.ladder, args.engines)
        self.ladder = {}  # (build, row): {way: [ns of each round]}
        self.engines = {}  # subject: [rates of each round]

    def build(self):
        fuzz_build.setup(TOP)
        WORK.mkdir(parents=True, exist_ok=True)
        self.builds.build(WORK)

    def _hypheap(self, build, *words):
        result = subprocess.run([self.builds.folder(build) / "hypheap", *words],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, check=False,
                                start_new_session=True)
        if result.returncode:
            raise Stop(2 if result.returncode in (1, 2) else 3,
                       f"{build}: hypheap {' '.join(words)} ended with {result.returncode}:\n"
                       f"{result.stderr[-2000:]}")
        return result.stdout

    def climb(self, build, row):
        """One round of the ladder in one build."""
        document = json.loads(self._hypheap(
            build, "bench", f"--row={','.join(map(str, row))}", f"--rounds={INNER}", "--json"))
        ways = self.ladder.setdefault((build, row), {})
        for way in bench_show.WAYS:
            found = document["rows"][0][way]
            ways.setdefault(way, []).append(found["ns_per_op" if row[0] else "ns_per_program"])

    def seeds(self, folder):
        """Random programs for AFL++ to begin with: FOLDER/<operations>."""
        for ops in {subject.ops for subject in bench_engines.subjects(self.args.engines)}:
            self._hypheap("plain", "gen", "--seed=1", "--count=16", f"--ops={ops}",
                          "-o", str(folder / str(ops)))
        return folder

    def run(self):
        subjects = list(bench_engines.subjects(self.args.engines))
        with tempfile.TemporaryDirectory(prefix="run-", dir=WORK) as name:
            work = Path(name)
            seeds = self.seeds(work / "seeds")
            for number in range(1, self.args.rounds + 1):
                for row in self.args.rows if self.args.ladder else ():
                    self._say(number, f"ladder {row[0]},{row[1]},{row[2]}: "
                                      f"{', '.join(self.args.ladder)}")
                    for build in self.args.ladder:
                        self.climb(build, row)
                for subject in subjects:
                    rates = bench_engines.measure(self.builds, subject, self.args.seconds,
                                                  work / "engine", seeds)
                    self.engines.setdefault(subject, []).append(rates)
                    self._say(number, f"{subject.engine}, {subject.target}: "
                                      f"{rates['exec_per_second']:.0f} exec/s")

    def _say(self, number, text):
        print(f"[round {number}/{self.args.rounds}] {text}", flush=True)

    def document(self):
        """All figures, as --json writes them."""
        return {"version": 1, "quick": self.args.quick, "rounds": self.args.rounds,
                "seconds": self.args.seconds,
                "ladder": list(bench_show.ladder_rows(self.ladder)),
                "engines": list(bench_show.engine_rows(self.engines))}

    def tell(self):
        document = self.document()
        print("\n" + bench_show.tables(document), flush=True)
        if self.args.json:
            self.args.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        if self.args.chart:
            for path in bench_show.charts(document, self.args.chart):
                print(f"chart: {path}")


def main(argv):
    bench = Bench(parse(argv))
    bench.build()
    try:
        bench.run()
    except KeyboardInterrupt:
        if bench.ladder or bench.engines:
            bench.tell()
        raise
    bench.tell()
    return 0


def interrupted(number, frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    fuzz_children.adopt_orphans()
    signal.signal(signal.SIGTERM, interrupted)
    command.run("bench", main)
