# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/crashbench does: from a crasher of each planted bug to its fix."""

import argparse
import json
import os
import shutil
import signal
import threading
from pathlib import Path

import bugbench_bug
import command
import crashbench_crasher as crasher
import crashbench_show
import fuzz_children
from bugbench_build import Clean, Patched
from crashbench_steps import minimise, reproduce, snippet

TOP = Path(__file__).resolve().parents[2]

DESCRIPTION = """\
Builds the allocator with each of the bugs in allocator/bugs/ in it, takes a
program that fails with it and is not small, and goes the way that its user goes:
  min        at most 12 operations, the same signature, and again itself
  repro      C that builds with the printed command, fails with the bug (exit
             status 1) and holds without it (0)
  selftest   the snippet for the kernel's self test compiles, or it is said why
             the self test cannot say it
The crasher is the first of these that fails with the bug's own signature:
  random     a random program of "hypheap stress"
  corpus     the longest seed of the corpus
  padded     the bug's own sequence, between random operations"""

EPILOG = """\
exit status: 0 all of that holds for each bug; 1 for one it does not; 2 usage or a
failed build"""


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/crashbench", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bugs", default="*", metavar="GLOB",
                        help="which: numbers or names, several with commas (default: all)")
    parser.add_argument("--from", dest="sources", default=",".join(crasher.SOURCES),
                        metavar="LIST", help="where crashers come from, in this order "
                        "(default: %(default)s)")
    parser.add_argument("--patches", type=Path, default=TOP / "allocator/bugs", metavar="DIR",
                        help="where the patches are (default: allocator/bugs)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)),
                        metavar="N", help="how many at a time (default: the cores)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the results for machines")
    parser.add_argument("--out", type=Path, default=TOP / "build/crashbench", metavar="DIR",
                        help="where builds and results are kept (default: build/crashbench)")
    args = parser.parse_args(argv)
    args.out = args.out.resolve()
    args.sources = [name for name in args.sources.split(",") if name]
    for name in args.sources:
        if name not in crasher.SOURCES:
            parser.error(f"--from {name}: there are {', '.join(crasher.SOURCES)}")
    if args.jobs < 1:
        parser.error(f"--jobs {args.jobs}: below 1")
    return args


class Bench:
    """All bugs, each on one core from its build to its reproducer."""

    def __init__(self, args):
        self.args = args
        self.bugs = bugbench_bug.read_all(args.patches, args.bugs)
        self.lock = threading.Lock()
        self.done = 0
        self.clean = Clean(TOP, "release", ["hypheap"], args.jobs)
        self.seeds = sorted((TOP / "corpus").rglob("*.ops"))

    def one(self, bug):
        patched = Patched(TOP, self.args.out, bug, 1, only_4k=True)
        hypheap = patched.build(self.clean, "hypheap")
        folder = self.args.out / "results" / bug.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "sequence.ops").write_text(bug.program, encoding="utf-8")
        entry = {"bug": bug.name, "what": bug.header["Bug"], "signature": bug.signature,
                 "shortest": bug.operations}
        entry["crasher"] = crasher.find(bug, hypheap, self.seeds, folder, self.args.sources)
        if entry["crasher"]:
            entry["min"] = minimise(hypheap, bug.signature, folder)
            if entry["min"]["ok"]:
                entry["repro"] = reproduce(hypheap, self.clean.binary("hypheap"), folder)
                entry["selftest"] = snippet(hypheap, TOP, patched.source, folder)
        entry["wrong"] = crashbench_show.wrong(entry)
        with self.lock:
            self.done += 1
            print(f"[{self.done}/{len(self.bugs)}] {crashbench_show.line(entry)}", flush=True)
        return entry

    def run(self):
        return {"version": 1, "bugs": command.each(self.args.jobs, self.one, self.bugs)}


def main(argv):
    args = parse(argv)
    fuzz_children.adopt_orphans()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    document = Bench(args).run()
    document["totals"] = crashbench_show.totals(document)
    print(crashbench_show.table(document))
    if args.json:
        args.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    wrong = [entry for entry in document["bugs"] if entry["wrong"]]
    for entry in wrong:
        print(f"WRONG {entry['bug']}: {entry['wrong']}")
    return 1 if wrong else 0


if __name__ == "__main__":
    command.run("crashbench", main, at_once=True)
