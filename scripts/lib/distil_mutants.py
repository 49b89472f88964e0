# SPDX-License-Identifier: GPL-2.0-only
"""Which inputs notice a change to the allocator that the rest of the corpus does not."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import mutants_edits
from distil_inputs import FOLDERS_OF_BASE, chunks, write
from fuzz_error import Stop
from mutants_build import Builder

AT_ONCE = 64
SECONDS = 20  # of so many inputs, which take a tenth of one
ONE_SECONDS = 5


@dataclass
class Survivor:
    """killers: inputs, the smallest of which is enough. tried: with all there are."""
    id: str
    name: str  # of the object
    killer: object = None
    tried: bool = False


class Mutants:
    """The mutants that the base of the corpus leaves alive."""

    def __init__(self, top, scratch, jobs, say):
        self.top = top
        self.scratch = scratch / "mutants"
        self.jobs = jobs
        self.say = say
        self.survivors = []
        self.builder = None
        self.scratch.mkdir()

    def _score(self, base):
        """By scripts/mutants, which remembers what it has judged."""
        corpus = self.scratch / "corpus"
        corpus.mkdir()
        for folder in FOLDERS_OF_BASE:
            (corpus / folder).symlink_to(base / folder)
        score = self.scratch / "score.json"
        command = [self.top / "scripts/mutants", "--seconds", "0", "--corpus", corpus,
                   "--json", score]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                check=False)
        if not score.exists():
            raise Stop(2, f"scripts/mutants: exit status {result.returncode}")
        return score

    def find(self, base, score):
        """Those that survive the base: of @score, or after judging all of them."""
        score = score or self._score(base)
        try:
            judged = json.loads(score.read_text(encoding="utf-8"))
            alive = {m["id"] for m in judged["mutants"] if m["outcome"] == "survived"}
        except (ValueError, KeyError, TypeError) as error:
            raise Stop(2, f"{score}: not what scripts/mutants --json writes") from error
        if judged.get("interrupted"):
            raise KeyboardInterrupt
        if not alive:
            return
        self.builder = Builder(self.top)
        self.builder.prepare()
        mutants, _ = mutants_edits.find(self.builder.command, self.builder.folder,
                                        self.builder.source, self.builder.text,
                                        self.builder.work())
        known = {m.id: m for m in mutants if m.id in alive}
        if len(known) < len(alive):
            raise Stop(2, f"{score}: is of another allocator")
        self.survivors = [Survivor(m.id, self.builder.compile(m.apply(self.builder.text)))
                          for m in known.values()]

    def close(self):
        if self.builder:
            self.builder.clean()

    def judge(self, inputs, seconds):
        """Each survivor's killer among @inputs, the first in their order.

        Return: whether there was time for all.
        """
        folder = write(inputs, self.scratch / f"in-{time.monotonic_ns()}")
        end = time.monotonic() + seconds
        done = 0

        def one(survivor):
            survivor.killer, survivor.tried = None, False
            hypheap = self.builder.link(survivor.name, ["hypheap"])[0]
            for some in chunks(inputs, AT_ONCE):
                if time.monotonic() > end:
                    return
                survivor.killer = self._killer(hypheap, folder, some)
                if survivor.killer:
                    break
            survivor.tried = True

        with ThreadPoolExecutor(self.jobs) as pool:
            for _ in pool.map(one, self.survivors):
                done += 1
                killed = sum(bool(s.killer) for s in self.survivors)
                self.say(f"mutants: {done} of {len(self.survivors)} that survive, "
                         f"{killed} killed by an input")
        return all(s.tried for s in self.survivors)

    def _killer(self, hypheap, folder, some):
        failing = self._failing(hypheap, folder, some, SECONDS)
        if failing is None:
            for one in some:
                if self._failing(hypheap, folder, [one], ONE_SECONDS) != []:
                    return one
            return None
        return failing[0] if failing else None

    def _failing(self, hypheap, folder, some, seconds):
        """Which do not hold; None if the process did not come to its end."""
        try:
            result = subprocess.run([hypheap, "run", "--json", *(one.file for one in some)],
                                    cwd=folder, stdin=subprocess.DEVNULL, timeout=seconds,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                    check=False)
        except subprocess.TimeoutExpired:
            return None
        if result.returncode not in (0, 1):
            return None
        holds = {}
        for line in result.stdout.splitlines():
            document = json.loads(line)
            holds[document["file"]] = document.get("holds")
        return [one for one in some if holds[one.file] is False]
