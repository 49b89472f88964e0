# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bugbench does: how soon is each planted bug found, and by what."""

import argparse
import fcntl
import hashlib
import json
import os
import signal
import threading
import time
from pathlib import Path

import bugbench_bug
import bugbench_engines as engines
import bugbench_show
import command
import fuzz_children
from bugbench_build import Clean, Patched
from bugbench_show import REPLAYS
from fuzz_error import Stop

TOP = Path(__file__).resolve().parents[2]
BUGS = TOP / "allocator/bugs"
WORK = TOP / "build/bugbench"
FUZZING = ("libfuzzer", "nostate", "bytes", "afl", "random", "uniform")

DESCRIPTION = """\
Builds the allocator with each of the bugs in allocator/bugs/ in it, and tells how
soon each is found. First the bug's own sequence is run: its oracle must object,
and nobody to the clean build. Then, each from nothing:
  libfuzzer  libFuzzer with our mutator, from an empty corpus
  nostate    the same, which is told edges only, no features of state
  bytes      libFuzzer on raw bytes
  afl        AFL++ with our mutator
  random     programs of the generator one after the other, no feedback
  uniform    the same, but all operations and sizes alike
  selftest   only the self test of the kernel
  corpus     the corpus replayed, no fuzzing
Each result is stored as it comes: run again, it goes on where it was."""

EPILOG = """\
exit status: 0 all is well; 1 a bug was missed by what must catch it: its oracle on
its own sequence, and libfuzzer if that was asked for; 2 usage or a failed build"""


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/bugbench", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="no fuzzing: own sequence, self test and corpus, with the "
                             "bug in the unit for 4K pages only")
    parser.add_argument("--bugs", default="*", metavar="GLOB",
                        help="which: numbers or names, several with commas (default: all)")
    parser.add_argument("--from", dest="folder", type=Path, default=BUGS, metavar="DIR",
                        help="where the patches are (default: allocator/bugs)")
    parser.add_argument("--engines", default=",".join(FUZZING + REPLAYS), metavar="LIST",
                        help="which of the above, with commas (default: all)")
    parser.add_argument("--seconds", type=int, default=60, metavar="N",
                        help="of one core, limit for each bug, engine and seed "
                             "(default 60)")
    parser.add_argument("--seeds", type=int, default=3, metavar="N",
                        help="times that each engine begins anew (default 3)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)),
                        metavar="N", help="how many at a time (default: the cores)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the results for machines")
    parser.add_argument("--chart", type=Path, metavar="FILE.svg",
                        help="bugs found over time, drawn by gnuplot")
    parser.add_argument("--out", type=Path, default=WORK, metavar="DIR",
                        help="where builds and results are kept (default: build/bugbench)")
    parser.add_argument("--again", action="store_true",
                        help="forget the results that are stored")
    args = parser.parse_args(argv)
    args.out = args.out.resolve()
    args.engines = [name for name in args.engines.split(",") if name]
    for name in args.engines:
        if name not in FUZZING + REPLAYS:
            parser.error(f"--engines {name}: there are {', '.join(FUZZING + REPLAYS)}")
    if args.quick:
        args.engines = [name for name in args.engines if name in REPLAYS]
    for name in ("seconds", "seeds", "jobs"):
        if getattr(args, name) < 1:
            parser.error(f"--{name} {getattr(args, name)}: below 1")
    return args


class Bench:
    """The clean builds, the bugs, and what is known of them."""

    def __init__(self, args):
        self.args = args
        self.bugs = bugbench_bug.read_all(args.folder, args.bugs)
        self.clean = {}
        self.lock = threading.Lock()
        self.coverage = threading.Lock()
        self.done = 0
        self.start = time.monotonic()
        self.results = {bug.name: {"engines": {}} for bug in self.bugs}
        self.kinds = {"libfuzzer": engines.LibFuzzer(), "nostate": engines.NoState(),
                      "bytes": engines.Bytes(),
                      "afl": engines.Afl(TOP / "build/afl/hypheap_afl_mutator.so"),
                      "random": engines.Random(), "uniform": engines.Uniform(),
                      "selftest": engines.SelfTest(),
                      "corpus": engines.Corpus(TOP / "corpus")}

    def build_clean(self):
        wanted = {"release": {"hypheap"}}
        for name in self.args.engines:
            kind = self.kinds[name]
            if kind.preset in ("libfuzzer", "afl"):
                wanted.setdefault(kind.preset, set()).update(b.target for b in self.bugs)
            if kind.preset == "afl":
                wanted["afl"].add("hypheap_afl_mutator")
        if set(self.args.engines) & {"libfuzzer", "nostate", "bytes", "afl"}:
            wanted["coverage"] = {"hypheap"}
        for preset, targets in wanted.items():
            self.say(f"building {preset}: {' '.join(sorted(targets))}")
            self.clean[preset] = Clean(TOP, preset, sorted(targets), self.args.jobs)

    def say(self, text):
        with self.lock:
            print(text, flush=True)

    # ---- one bug -------------------------------------------------------------

    def sequence(self, bug, binary, folder):
        """The bug's own sequence: its oracle objects, and nobody without the bug."""
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / "sequence.ops"
        program.write_text(bug.program, encoding="utf-8")
        said = []
        for each in (binary, self.clean["release"].binary("hypheap")):
            _, status, text = engines.run([each, "run", program], engines.GRACE, folder)
            found = engines.SIGNATURE.search(text)
            said.append(found[1] if found else "holds" if status == 0
                        else f"status {status}")
        return {"signature": said[0], "clean": said[1],
                "ok": said[0] == bug.signature and said[1] == "holds"}

    def prepare(self, bug):
        """Builds and runs its own sequence. Return: the folder for its results."""
        patched = Patched(TOP, self.args.out, bug, 1, self.args.quick)
        hypheap = patched.build(self.clean["release"], "hypheap")
        stamp = hashlib.sha256(hypheap.read_bytes())
        stamp.update(bug.path.read_bytes())
        folder = self.args.out / "results" / f"{bug.name}-{stamp.hexdigest()[:12]}"
        result = self.results[bug.name]
        result["sequence"] = self.sequence(bug, hypheap, folder)
        note = result["sequence"]
        mark = "" if note["ok"] else f"  EXPECTED {bug.signature}, clean build {note['clean']}"
        self.progress(f"{bug.name}: own sequence: {note['signature']}{mark}")
        return patched, folder

    def look(self, bug, patched, folder, name, seed):
        """One engine, one seed; from the store if it is there."""
        kind = self.kinds[name]
        seconds = self.args.seconds if kind.seeded else 0
        store = folder / f"{name}-{seed}-{seconds}.json"
        if store.is_file() and not self.args.again:
            result = json.loads(store.read_text(encoding="ascii"))
            self.progress(None)
        else:
            result = self.look_now(bug, patched, folder, name, seed)
            store.with_suffix(".tmp").write_text(json.dumps(result), encoding="ascii")
            store.with_suffix(".tmp").rename(store)
            end = f"{result['signature']} after {result['seconds']:.1f} s" \
                if result["caught"] else "missed"
            self.progress(f"{bug.name}: {name} {seed}: {end}, {result['programs']} programs")
        with self.lock:
            self.results[bug.name]["engines"].setdefault(name, []).append(
                {"seed": seed, **result})

    def look_now(self, bug, patched, folder, name, seed):
        kind = self.kinds[name]
        binaries = {"hypheap": patched.build(self.clean["release"], "hypheap")}
        if kind.preset != "hypheap":
            binaries[kind.preset] = patched.build(self.clean[kind.preset], bug.target)
        work = folder / f"{name}-{seed}"
        result = kind.look(bug, binaries, seed, self.args.seconds, work)
        if result.caught:
            result.reached = result.triggered = True
        elif hasattr(kind, "kept"):
            self.come_near(bug, patched, binaries, kind.kept(work), work, result)
        return result.as_json()

    def come_near(self, bug, patched, binaries, kept, work, result):
        """What was missed: was it not reached, or without effect, or not noticed?"""
        result.triggered = engines.triggered(
            self.clean["release"].binary("hypheap"), binaries["hypheap"], kept, work)
        result.reached = result.triggered
        if not result.triggered:
            with self.coverage:
                covered = patched.build(self.clean["coverage"], "hypheap")
            result.reached = engines.reached(covered, patched.source, bug.files, kept, work)

    # ---- all of them ---------------------------------------------------------

    def total(self):
        each = 1 + sum(self.args.seeds if self.kinds[name].seeded else 1
                       for name in self.args.engines)
        return each * len(self.bugs)

    def progress(self, text):
        with self.lock:
            self.done += 1
            if text:
                taken = time.monotonic() - self.start
                left = taken / self.done * (self.total() - self.done)
                print(f"[{self.done}/{self.total()}, {taken:.0f} s, {left:.0f} s to go] {text}",
                      flush=True)

    def all_of(self, bug):
        """One bug on one core, from its build to its last engine."""
        patched, folder = self.prepare(bug)
        for name in self.args.engines:
            seeds = self.args.seeds if self.kinds[name].seeded else 1
            for seed in range(1, seeds + 1):
                self.look(bug, patched, folder, name, seed)

    def run(self):
        self.build_clean()
        command.each(self.args.jobs, self.all_of, self.bugs)

    def document(self):
        """All results, as --json writes them."""
        bugs = []
        for bug in self.bugs:
            result = self.results[bug.name]
            bugs.append({"bug": bug.name, "what": bug.header["Bug"], "oracle": bug.signature,
                         "class": bug.kind, "operations": bug.operations, **result})
        return {"version": 1, "quick": self.args.quick, "seconds": self.args.seconds,
                "seeds": self.args.seeds, "engines": self.args.engines, "bugs": bugs}


def lock(out):
    """One run at a time in a folder: they would write into each other's."""
    out.mkdir(parents=True, exist_ok=True)
    handle = open(out / "lock", "w", encoding="ascii")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Stop(2, f"{out}: another scripts/bugbench runs there") from error
    return handle


def missed(document):
    """Bugs that were missed by what must catch them."""
    for entry in document["bugs"]:
        if not entry["sequence"]["ok"]:
            yield f"{entry['bug']}: its own sequence gives {entry['sequence']['signature']}, " \
                  f"not {entry['oracle']}; the clean build: {entry['sequence']['clean']}"
        runs = entry["engines"].get("libfuzzer", [])
        if runs and not any(run["caught"] for run in runs):
            yield f"{entry['bug']}: libfuzzer missed it with every seed"


def main(argv):
    args = parse(argv)
    fuzz_children.adopt_orphans()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    held = lock(args.out)
    bench = Bench(args)
    bench.run()
    held.close()
    document = bench.document()
    print(bugbench_show.table(document))
    if args.json:
        args.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if args.chart:
        bugbench_show.chart(document, args.chart)
    wrong = list(missed(document))
    for line in wrong:
        print(f"MISSED {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    command.run("bugbench", main, "interrupted; what was found so far is stored",
                at_once=True)
