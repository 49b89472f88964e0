# SPDX-License-Identifier: GPL-2.0-only
"""Replays a corpus, and adds up what each program has reached."""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field

from fuzz_error import Stop

AT_ONCE = 200  # programs between two merges, so that the disk does not fill up
RUN_SECONDS = 120
TOGETHER = 25  # programs of one process; if not all hold, each has its own


@dataclass
class Outcome:
    """What came of the corpus."""
    programs: int = 0
    failing: list = field(default_factory=list)  # paths: a verdict
    bad: list = field(default_factory=list)  # (path, what hypheap says)
    died: list = field(default_factory=list)  # (path, how): a fault of the harness
    lines: dict = field(default_factory=dict)  # path: what it reaches, if asked for


def programs(corpus):
    """Text programs and byte files, by the same rule as scripts/fuzz."""
    found = sorted(path for path in corpus.rglob("*") if path.is_file()
                   and not path.name.startswith(".") and path.suffix in (".ops", ".bin", ""))
    if not found:
        raise Stop(2, f"{corpus}: no programs there")
    return found


def _tool(command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    words = result.stderr.decode(errors="replace").strip()
    if result.returncode or "mismatched" in words:
        lines = words.splitlines() or [f"exit status {result.returncode}"]
        raise Stop(2, f"{command[0]} {command[1]}: {lines[0]}")
    return result.stdout


class Replay:
    """The instrumented hypheap, and a folder for what it writes."""

    def __init__(self, hypheap, folder, jobs, options=()):
        self.hypheap = hypheap
        self.options = options
        self.folder = folder
        self.jobs = jobs
        self.merged = folder / "all.profdata"
        self.outcome = Outcome()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def _raw(self, number):
        return self.folder / f"{number}.profraw"

    def _run(self, number, *paths):
        path = paths[0]
        env = {**os.environ, "LLVM_PROFILE_FILE": str(self._raw(number))}
        try:
            result = subprocess.run([self.hypheap, "run", *self.options, *paths],
                                    stdin=subprocess.DEVNULL, capture_output=True,
                                    timeout=RUN_SECONDS, env=env,
                                    check=False)
        except subprocess.TimeoutExpired:
            return path, None, ""
        words = (result.stderr or result.stdout).decode(errors="replace").strip().splitlines()
        first = words[0] if words else ""
        if result.returncode in (0, 1) and (first.startswith("LLVM Profile Error")
                                            or not self._raw(number).exists()):
            raise Stop(2, f"{path}: its profile was not written: {first or 'no reason given'}")
        return path, result.returncode, first

    def _note(self, path, status, words):
        if status is None:
            self.outcome.died.append((path, f"not done after {RUN_SECONDS} s"))
        elif status < 0:
            self.outcome.died.append((path, f"hypheap died of signal {-status}"))
        elif status == 1:
            self.outcome.failing.append(path)
        elif status == 2:
            self.outcome.bad.append((path, words))
        elif status:
            self.outcome.died.append((path, f"exit status {status}: {words}"))

    def _merge(self, raws):
        raws = [raw for raw in raws if raw.exists()]
        if raws:
            new = self.folder / "new.profdata"
            old = [self.merged] if self.merged.exists() else []
            _tool(["llvm-profdata", "merge", "-sparse", "-o", new, *old, *raws])
            new.replace(self.merged)

    def export(self, profile):
        """What llvm-cov knows, from a profile."""
        return json.loads(_tool(["llvm-cov", "export", "-format=text", self.hypheap,
                                 f"-instr-profile={profile}"]))

    def run(self, paths, look, say):
        """All of @paths. @look, unless None: what to keep of each one's export."""
        def together(first):
            """Return: whether all hold, and what they reached is there."""
            some = range(first, min(first + TOGETHER, len(part)))
            if look or self._run(first, *(part[number] for number in some))[1] != 0:
                self._raw(first).unlink(missing_ok=True)
                return some
            return ()

        def one(number):
            path = part[number]
            came = self._run(number, path)
            if look and self._raw(number).exists():
                own = self.folder / f"{number}.profdata"
                _tool(["llvm-profdata", "merge", "-sparse", "-o", own, self._raw(number)])
                self.outcome.lines[path] = look(self.export(own))
                own.unlink()
            return came

        pool = concurrent.futures.ThreadPoolExecutor(self.jobs)
        try:
            for first in range(0, len(paths), AT_ONCE):
                part = paths[first:first + AT_ONCE]
                left = [number for some in pool.map(together, range(0, len(part), TOGETHER))
                        for number in some]
                for came in pool.map(one, left):
                    self._note(*came)
                raws = [self._raw(number) for number in range(len(part))]
                self._merge(raws)
                for raw in raws:
                    raw.unlink(missing_ok=True)
                if first + AT_ONCE < len(paths):
                    say(f"{first + AT_ONCE} of {len(paths)} programs")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        self.outcome.programs = len(paths)
        if not self.merged.exists():
            raise Stop(3, "no program left a profile")
        self._check_copies()
        return self.outcome

    def _check_copies(self):
        """The target is compiled once a page size, and one function's counts are summed.

        That needs copies of equal shape: of one that differs llvm-cov sees nothing.
        """
        shown = _tool(["llvm-profdata", "show", "--all-functions", self.merged]).decode()
        seen = set()
        for name in re.findall(r"^  (\S.*):\n    Hash: ", shown, re.M):
            if name in seen:
                raise Stop(2, f"{name.rsplit(':', 1)[-1]}: differs between page sizes, "
                              "llvm-cov cannot add that up")
            seen.add(name)
