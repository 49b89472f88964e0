# SPDX-License-Identifier: GPL-2.0-only
"""A sample of small changes to an alloc.c: which of them does the harness notice?"""

import os
import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import mutants_edits
from mutants_build import Builder
from mutants_judge import Judge
from try_build import TOP

PROGRAM = "hypheap"
LEAST = 8  # are judged however slow the machine is
FEW = 8  # one program in so many comes first
OTHER_PAGES = re.compile(r"^heap .*\bpage=(?!4096\b|0x1000\b)", re.M)


@dataclass
class Sample:
    """survivors: (mutant, words). all: how many changes there are."""
    all: int = 0
    judged: int = 0
    killed: int = 0
    same: int = 0
    uncompiled: int = 0
    seconds: float = 0
    survivors: list = field(default_factory=list)
    oracles: dict = field(default_factory=dict)


class CorpusJudge(Judge):
    """The corpus alone, at one level, by the programs that hold without a change."""

    def prepare_level(self, level, holding):
        """Only the unit for pages of 4096 bytes is changed."""
        self.programs[level] = [path for path in self.files if str(path) in holding
                                and not OTHER_PAGES.search(path.read_text(encoding="utf-8"))]

    def replay(self, hypheap, part):
        """Most changes are noticed by the first few programs."""
        programs = self.programs[part]
        verdict = self._replay(hypheap, part, programs[::FEW])
        if verdict.killed:
            return verdict
        return self._replay(hypheap, part, [path for at, path in enumerate(programs) if at % FEW])


def sample(build, level, came, seconds, corpus):
    """Judges changes in a random order, always the same, until the time is over."""
    builder = Builder(TOP, build.source, build.root / "mutants", (PROGRAM,))
    try:
        builder.prepare()
        return _judge(builder, level, came, seconds, corpus)
    finally:
        builder.clean()


def _judge(builder, level, came, seconds, corpus):
    began = time.monotonic()
    mutants, _ = mutants_edits.find(builder.command, builder.folder, builder.source,
                                    builder.text, builder.work())
    mutants = [mutant for mutant in mutants if "selftest" not in mutant.function]
    random.Random(1).shuffle(mutants)
    judge = CorpusJudge(builder, corpus, threading.Event())
    judge.prepare_level(level, {path for path, document in came.documents.items()
                                if document["holds"]})
    result = Sample(all=len(mutants))
    seen, lock = {builder.original}, threading.Lock()

    def work(mutant):
        late = time.monotonic() - began
        if late > 5 * seconds or (late > seconds and result.judged >= LEAST):
            return
        name = builder.compile(mutant.apply(builder.text))
        with lock:
            if not name:
                result.uncompiled += 1
                return
            if name in seen:
                result.same += 1
                return
            seen.add(name)
        verdict = judge.replay(builder.link(name, [PROGRAM])[0], level)
        with lock:
            result.judged += 1
            result.killed += verdict.killed
            if verdict.killed:
                result.oracles[verdict.by] = result.oracles.get(verdict.by, 0) + 1
            else:
                result.survivors.append(mutant)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for future in [pool.submit(work, mutant) for mutant in mutants]:
            future.result()
    result.survivors.sort(key=lambda mutant: mutant.offset)
    result.seconds = time.monotonic() - began
    return result
