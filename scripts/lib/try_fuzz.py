# SPDX-License-Identifier: GPL-2.0-only
"""Fuzzing for scripts/try-alloc: random programs, then libFuzzer's. What fails is told
by signature, with the smallest program of each."""

import json
import re
import shutil
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

import fuzz_children
import fuzz_seeds
from fuzz_engines import LIBFUZZER_OPTIONS
from fuzz_error import Stop, tail
from mutants_judge import json_lines
from try_run import BATCH_SECONDS, FILE_SECONDS, child

TARGET = "fuzz_host"  # which has the whole
CRASHES = 40  # of libFuzzer's, then it is enough
TRIAGE_SECONDS = 120
# Random programs, in turns: profile, operations each.
KINDS = (("heap", 64), ("host", 48), ("heap", 400))
LINE = re.compile(rb"^#\d+\s.*?cov: (\d+) ft: (\d+) corp: (\d+)/", re.M)
TOTAL = re.compile(rb"Loaded \d+ modules\s+\((\d+) inline 8-bit counters\)")


@dataclass
class Finding:
    """One bug. breaks: it fails at contract level as well."""
    signature: str
    count: int
    program: str
    report: str
    breaks: bool
    small: bool = True  # it was minimised


@dataclass
class Engine:
    """How much one of the two did."""
    name: str
    seconds: float = 0
    runs: int = 0
    ops: int = 0
    words: str = ""


@dataclass
class Fuzzed:
    level: str
    engines: list = field(default_factory=list)
    findings: list = field(default_factory=list)
    lost: list = field(default_factory=list)  # what failed once and not again, in words

    @property
    def breaks(self):
        return any(found.breaks for found in self.findings)


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def stress(hypheap, level, seconds, folder):
    """Random programs until the time is over; each kind until one fails."""
    came = Engine("random programs")
    began = time.monotonic()
    for seed, (profile, ops) in enumerate(KINDS, 1):
        command = [hypheap, "stress", "--runs=0", f"--seed={seed}", f"--ops={ops}",
                   f"--profile={profile}", f"--oracle={level}", "--json", "-o", folder]
        status, output, err = child(command, seconds / len(KINDS), fuzz_children.signal.SIGINT)
        document = json.loads(output.splitlines()[-1]) if output else {}
        came.runs += document.get("programs", 0)
        came.ops += document.get("ops", 0)
        if status not in (0, 1):
            raise Stop(3, f"hypheap stress ends with {status}: a fault of the harness\n"
                          + err.strip()[-1000:])
    came.seconds = time.monotonic() - began
    return came


class LibFuzzer:
    """Processes of the target, started again when one has found something."""

    def __init__(self, binary, level, work, crashes, jobs):
        self.binary, self.crashes, self.jobs = binary, crashes, jobs
        self.corpus = work / f"libfuzzer-{level}"  # is kept for the next time
        self.corpus.mkdir(exist_ok=True)
        self.logs = empty(work / "log")
        self.level = level
        self.covered, self.total = (0, 0), 0
        self.came = Engine("libFuzzer")

    def _start(self, number, seeds, seconds):
        env = fuzz_children.environment(
            HYPHEAP_LEVEL=self.level, HYPHEAP_STATS_FILE=str(self.logs / f"stats-{number}"))
        return fuzz_children.start(
            [self.binary, f"-artifact_prefix={self.crashes}/libfuzzer-",
             *LIBFUZZER_OPTIONS, "-reload=1",
             f"-max_total_time={max(1, int(seconds))}", self.corpus, seeds],
            self.logs / f"{number}.log", env)

    def run(self, seeds, seconds):
        began = time.monotonic()
        end = began + seconds
        running = {number: self._start(number, seeds, seconds) for number in range(self.jobs)}
        starts = 0
        try:
            while running and time.monotonic() < end + 5:
                time.sleep(0.2)
                for number, process in list(running.items()):
                    if process.poll() is None:
                        continue
                    del running[number]
                    self._read(number)
                    left = end - time.monotonic()
                    if not process.returncode or left < 1 or starts >= CRASHES:
                        continue
                    if not any(self.crashes.glob("libfuzzer-*")):
                        raise Stop(2, f"libFuzzer ended with {process.returncode}:\n"
                                      + tail(self.logs / f"{number}.log", 20))
                    starts += 1
                    running[number] = self._start(number, seeds, left)
        finally:
            fuzz_children.stop(list(running.values()))
        for number in running:
            self._read(number)
        self._count()
        self.came.seconds = time.monotonic() - began
        return self.came

    def _read(self, number):
        log = (self.logs / f"{number}.log").read_bytes()
        for match in TOTAL.finditer(log):
            self.total = int(match[1])
        for match in LINE.finditer(log):
            self.covered = max(self.covered, (int(match[1]), int(match[2])))

    def _count(self):
        for path in self.logs.glob("stats-*"):
            data = path.read_bytes()
            if len(data) >= 16:
                runs, ops = struct.unpack_from("=QQ", data)
                self.came.runs += runs
                self.came.ops += ops
        self.came.words = (f"{self.covered[0]} of {self.total or '?'} edges, "
                           f"{self.covered[1]} features")


def sort_out(hypheap, level, seeds, crashes):
    """A seed that fails is a finding, and nothing to begin with."""
    paths = sorted(seeds.iterdir())
    output = child([hypheap, "run", "--json", f"--oracle={level}", *paths], BATCH_SECONDS)[1]
    holding = {document["file"] for document in json_lines(output) if document["holds"]}
    for path in paths:
        if str(path) not in holding:
            path.rename(crashes / f"seed-{path.name}")


def explain(hypheap, group, level):
    path = group["minimised"] or group["smallest"]
    shown = child([hypheap, "show", path], FILE_SECONDS)[1]
    report = child([hypheap, "run", f"--oracle={level}", path], FILE_SECONDS)[1]
    status = 1 if level == "contract" else child(
        [hypheap, "run", "--oracle=contract", path], FILE_SECONDS)[0]
    return Finding(group["signature"], group["events"], shown, report.strip(), status != 0,
                   bool(group["minimised"]))


def triage(hypheap, came, crashes, small):
    """The failing programs by signature."""
    status, output, err = child([hypheap, "triage", "--min", "--json", f"--oracle={came.level}",
                                 "-o", small, crashes], TRIAGE_SECONDS,
                                fuzz_children.signal.SIGINT)
    try:
        document = json.loads(output)
    except ValueError as error:
        raise Stop(3, f"hypheap triage ends with {status}: {err.strip()[-500:]}") from error
    came.findings = [explain(hypheap, group, came.level) for group in document["groups"]]
    known = {str(group["smallest"]) for group in document["groups"]}
    count = sum(found.count for found in came.findings)
    if document["files"] > count:
        came.lost.append(f"{document['files'] - count} inputs failed under libFuzzer's sanitizers "
                         f"or for their time, and not when they were run again ({crashes})")
    return known


def fuzz(build, hypheap, level, seconds, corpus, work):
    """Half of the time random programs, half of it libFuzzer."""
    came = Fuzzed(level)
    crashes = empty(work / f"crashes-{level}")
    folder = build.make("libfuzzer", TARGET)
    build.say(f"fuzzing, {level}: random programs, {seconds / 2:.0f} s")
    came.engines.append(stress(hypheap, level, seconds / 2, crashes))
    seeds = fuzz_seeds.collect(hypheap, corpus, empty(work / "seeds"), TARGET).folder
    sort_out(hypheap, level, seeds, crashes)
    build.say(f"fuzzing, {level}: libFuzzer, {seconds / 2:.0f} s")
    engine = LibFuzzer(folder / TARGET, level, work, crashes, build.jobs)
    came.engines.append(engine.run(seeds, seconds / 2))
    if any(Path(crashes).iterdir()):
        triage(hypheap, came, crashes, work / f"small-{level}")
    return came
