# SPDX-License-Identifier: GPL-2.0-only
"""Fuzz targets that scripts/bench compares: how each is run, and its rates.

Of one engine all have the same options, seed and inputs to begin with; only ours
have our mutator, but for the empty target, which is measured with it, too."""

import shutil
import time
from dataclasses import dataclass

import fuzz_children
import fuzz_engines
from fuzz_error import Stop, tail

HEADER, RECORD = 32, 8  # bytes of a program
OPS_LIBFUZZER = 64
POLL = 0.05  # seconds
PATIENCE = 20  # times as long by the clock, on a machine that does other work
SEED = 1


def program_bytes(ops):
    return HEADER + RECORD * ops


@dataclass(frozen=True)
class Subject:
    """A target by an engine. ops: that its inputs have room for, or begin with (AFL++)."""

    engine: str  # of bench_build.ENGINES
    target: str
    ops: int
    mutator: bool

    @property
    def key(self):
        return f"{self.engine} {self.target} {self.ops}{'m' if self.mutator else ''}"

    def others(self, target):
        """What it may be compared with: the same engine on target, the nearest first."""
        return [Subject(self.engine, target, ops, mutator)
                for mutator in (self.mutator, False) for ops in (self.ops, 64)]


def subjects(engines):
    """All that is measured, in this order, once a round."""
    for engine in engines:
        plain = engine in ("libfuzzer", "afl")
        ops = OPS_LIBFUZZER
        yield Subject(engine, "bench_empty", ops, False)
        if plain:
            yield Subject(engine, "bench_unchecked", ops, False)
        yield Subject(engine, "bench_naive", ops, False)
        if engine != "afl":
            yield Subject(engine, "fuzz_heap", ops, True)
            continue
        for ops in (64, 500):
            yield Subject(engine, "bench_empty", ops, True)
            yield Subject(engine, "fuzz_heap", ops, True)


class LibFuzzer(fuzz_engines.LibFuzzer):
    """Keeps its corpus in memory, and begins with none."""

    def __init__(self, builds, subject, out, seeds):
        self.preset = subject.engine
        self.subject = subject
        super().__init__(builds, subject.target, out, seeds, 1, None)

    def command(self, i):
        return [self.binary, f"-seed={SEED}", *fuzz_engines.LIBFUZZER_OPTIONS,
                f"-max_len={program_bytes(self.subject.ops)}", "-print_funcs=0",
                f"-artifact_prefix={self.artifacts}/libfuzzer-"]


class Afl(fuzz_engines.Afl):
    """Begins with programs of so many operations; none is trimmed."""

    def __init__(self, builds, subject, out, seeds):
        self.preset = subject.engine
        self.subject = subject
        super().__init__(builds, subject.target, out, seeds, 1, None, ["default"])

    def environment(self, i):
        env = super().environment(i)
        env["AFL_DISABLE_TRIM"] = "1"
        if not self.subject.mutator:
            del env["AFL_CUSTOM_MUTATOR_LIBRARY"], env["AFL_CUSTOM_MUTATOR_ONLY"]
        return env

    def command(self, i):
        return ["afl-fuzz", "-i", self.seeds / str(self.subject.ops), "-o", self.kept,
                "-t", "5000", "-s", str(SEED), "-G", str(program_bytes(self.subject.ops)),
                "--", self.binary]


def _sample(engine):
    """Core seconds, programs and operations up to now."""
    return (fuzz_children.core_seconds(engine.processes[0].pid), *engine.counted())


def _look(engine, seconds):
    """Samples at the begin and at the end of so many core seconds."""
    late = time.monotonic() + (seconds + 10) * PATIENCE
    begin = first = None
    while True:
        time.sleep(POLL)
        if not engine.running():
            status, said = engine.processes[0].returncode, tail(engine.logs[0], 15)
            raise Stop(2 if engine.found() else 3,
                       f"{engine.subject.key}: ended with {status}:\n{said}")
        now = _sample(engine)
        if begin is None:
            # a start is no part of a rate
            first = first or (now if now[1] else None)
            if first and now[0] >= first[0] + seconds / 4:
                begin = now
        elif now[0] >= begin[0] + seconds:
            return begin, now
        if time.monotonic() >= late:
            raise Stop(3, f"{engine.subject.key}: {now[1]} programs in {now[0]:.1f} s of a core, "
                          f"waited long enough:\n{tail(engine.logs[0], 15)}")


def measure(builds, subject, seconds, folder, seeds):
    """One run of so many core seconds. Return: rates by core second, as a dict."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("crashes", "log", "stats"):
        (folder / name).mkdir(parents=True)
    kind = Afl if subject.engine == "afl" else LibFuzzer
    engine = kind(builds, subject, folder, seeds)
    try:
        engine.start()
        begin, end = _look(engine, seconds)
    finally:
        engine.stop()
    core, programs, ops = (late - soon for soon, late in zip(begin, end))
    if not programs:
        raise Stop(3, f"{subject.key}: no program in {core:.1f} s")
    return {"exec_per_second": programs / core, "op_per_second": ops / core,
            "ops_per_exec": ops / programs}
