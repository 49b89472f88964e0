# SPDX-License-Identifier: GPL-2.0-only
"""The positive control: lies told to the builds that fuzz, and a planted bug that
each engine has to find. For scripts/selfcheck and scripts/fuzz."""

import fcntl
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import bugbench_bug
import bugbench_engines
from bugbench_build import Clean, Patched
from fuzz_error import Stop

TOP = Path(__file__).resolve().parents[2]
BUGS = TOP / "allocator/bugs"
# Two operations with large enough numbers, one signature; in the host's code,
# which is the same around any alloc.c.
BUG = "14-reclaim-in-one-call"
SECONDS = 60
SEED = 2
LIES_SECONDS = 120


@dataclass
class Lies:
    """What "hypheap selfcheck" came to."""

    caught: int
    oracles: int  # that caught some
    missed: list  # the lies that were not caught, in words
    untrue: str  # what the allocator fails with when nobody lies, "" if it does not
    off: int  # lies, where the allocator has another policy than the model

    def words(self):
        off = f" ({self.off} more are off)" if self.off else ""
        return f"{self.caught} lies caught by {self.oracles} oracles{off}"


@dataclass
class Checked:
    """What came of one engine."""

    engine: str
    bug: object
    lies: Lies
    found: object  # bugbench_engines.Result
    limit: int

    @property
    def planted(self):
        """Was it the planted bug that was found?"""
        return self.found.caught and self.found.signature == self.bug.signature

    @property
    def good(self):
        return self.planted and not self.lies.missed and not self.lies.untrue

    def wrong(self):
        """What is wrong, in words; "" if nothing is."""
        words = [f"{self.engine} misses a lie: {lie}" for lie in self.lies.missed[:3]]
        if len(self.lies.missed) > 3:
            words.append(f"and {len(self.lies.missed) - 3} more")
        if self.lies.untrue:
            words.append(f"{self.engine}: the allocator fails without a lie "
                         f"({self.lies.untrue})")
        if not self.planted:
            words.append(f"{self.engine} {self._found()}")
        return "; ".join(words)

    def _found(self):
        name = f"planted bug {self.bug.name}"
        if self.planted:
            return f"found {name} after {self.found.seconds:.1f} s, " \
                   f"{self.found.programs} programs"
        if self.found.caught:
            return f"found {self.found.signature}, not {name} ({self.bug.signature})"
        return f"did not find {name} in {self.limit} s, {self.found.programs} programs"

    def line(self):
        return f"{self.engine}: {self.lies.words()}; {self._found()}"

    def blind(self):
        """Can this engine's build not find bugs? One that finds another than the
        planted one can: the allocator has bugs of its own, or another policy."""
        reported = self.found.caught and "/" in self.found.signature
        return bool(self.lies.missed) or not reported


def summary(results):
    """All engines in one line."""
    lies = min((result.lies for result in results), key=lambda lies: lies.caught)
    found = [f"by {r.engine} in {r.found.seconds:.1f} s" if r.planted else
             f"not by {r.engine}, which found {r.found.signature or 'nothing'}"
             for r in results]
    number = results[0].bug.name.split("-")[0]
    return f"positive control: {lies.words()}; planted bug {number} found " + ", ".join(found)


def read_bug(pattern):
    bugs = bugbench_bug.read_all(BUGS, pattern)
    if len(bugs) != 1:
        raise Stop(2, f"--bug {pattern}: {len(bugs)} bugs, 1 expected")
    return bugs[0]


def tell_lies(hypheap):
    """Runs "hypheap selfcheck"."""
    try:
        done = subprocess.run([hypheap, "selfcheck", "--json"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace",
                              timeout=LIES_SECONDS, check=False)
    except subprocess.TimeoutExpired as late:
        raise Stop(3, f"{hypheap} selfcheck: still running after {LIES_SECONDS} s") from late
    try:
        said = json.loads(done.stdout) if done.returncode in (0, 1) else None
    except ValueError:
        said = None
    if not said:
        raise Stop(3, f"{hypheap} selfcheck: exit status {done.returncode}\n"
                      f"{done.stderr[-2000:]}")
    missed = [f"{lie['lie']} ({lie['why']})" for lie in said["lies"]
              if lie["end"] == "missed"]
    untrue = sorted({lie["got"] for lie in said["lies"] if lie["end"] == "untrue"})
    return Lies(said["caught"], said["oracles_that_caught"], missed, ", ".join(untrue),
                said["off"])


class Control:
    """The builds that fuzz, and beside them those with the bug in."""

    def __init__(self, builds, bug, seconds, jobs):
        self.builds = builds
        self.bug = bug
        self.target = bug.target
        self.seconds = seconds
        self.jobs = jobs
        self.work = builds.folder("selfcheck")
        self.work.mkdir(parents=True, exist_ok=True)
        self.engines = [name for name in ("libfuzzer", "afl") if name in builds.wanted]
        self.held = self._lock()
        self.patched = Patched(TOP, self.work, bug, jobs)

    def _lock(self):
        """One at a time in a folder, where it builds; others wait."""
        handle = open(self.work / "lock", "w", encoding="ascii")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another positive control in {self.work}", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        return handle

    def close(self):
        self.held.close()

    def _build(self, preset, target):
        clean = Clean(TOP, preset, [target], self.jobs, self.builds.folder(preset))
        return self.patched.build(clean, target)

    def _engine(self, name):
        if name == "libfuzzer":
            return bugbench_engines.LibFuzzer()
        return bugbench_engines.Afl(self.builds.folder("afl") / "hypheap_afl_mutator.so")

    def check(self, name):
        """Lies and the planted bug, for the engine NAME."""
        lies = tell_lies(self.builds.folder(name) / "hypheap")
        binaries = {name: self._build(name, self.target)}
        if name == "afl":  # what afl-fuzz found is replayed with this
            binaries["hypheap"] = self._build("release", "hypheap")
        found = self._engine(name).look(self.bug, binaries, SEED, self.seconds,
                                        self.work / "run" / name)
        return Checked(name, self.bug, lies, found, self.seconds)
