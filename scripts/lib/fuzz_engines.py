# SPDX-License-Identifier: GPL-2.0-only
"""The two engines: how each is started, watched and asked what it found."""

import hashlib
import os
import re
import shutil
import struct
import subprocess
import time

import fuzz_children
from fuzz_build import level_options
from fuzz_error import Stop, tail

LIBFUZZER_LINE = re.compile(rb"^#\d+\s.*?cov: (\d+) ft: (\d+) corp: (\d+)/", re.M)
LIBFUZZER_TOTAL = re.compile(rb"Loaded \d+ modules\s+\((\d+) inline 8-bit counters\)")


HANG_SECONDS = 30


def _files(folder):
    try:
        return {entry.name for entry in os.scandir(folder) if entry.is_file()}
    except FileNotFoundError:
        return set()


def _changed(path):
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


class Engine:
    """Processes of one engine on one target. With a file of words the inputs are
    text, which the engine's own mutations are for, and not programs in bytes."""

    name = ""
    preset = ""

    def __init__(self, builds, target, out, seeds, jobs, words, names=None):
        """names: of the processes, for their logs and counters."""
        names = names or [f"{self.name}-{i}" for i in range(jobs)]
        self.binary = builds.folder(self.preset) / target
        self.mutator = builds.folder(self.preset) / "hypheap_afl_mutator.so"
        self.target = target
        self.out = out
        self.seeds = seeds
        self.jobs = jobs
        self.words = words
        self.processes = []
        self.started = 0.0
        self.logs = [out / "log" / f"{name}.log" for name in names]
        self.stats = [out / "stats" / name for name in names]
        self.kept = out / self.name / target
        self.kept.mkdir(parents=True, exist_ok=True)
        for path in self.stats:
            path.unlink(missing_ok=True)

    def environment(self, i):
        return fuzz_children.environment(("AFL_",), HYPHEAP_STATS_FILE=str(self.stats[i]))

    def start(self):
        self.started = time.time()
        for i in range(self.jobs):
            process = fuzz_children.start(self.command(i), self.logs[i], self.environment(i))
            self.processes.append(process)

    def stop(self):
        fuzz_children.stop(self.processes)

    def running(self):
        return any(process.poll() is None for process in self.processes)

    def check(self):
        """An engine ends by itself only when it has found something, or cannot go on."""
        for process, log in zip(self.processes, self.logs):
            if process.poll() is not None and not self.found():
                raise Stop(2, f"{self.name} ended with {process.returncode} ({log}):\n"
                              f"{tail(log, 20)}")

    def counted(self):
        """Programs and operations run so far, as the fuzz targets count them."""
        programs = ops = 0
        for path in self.stats:
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            if len(data) >= 16:
                programs += struct.unpack_from("=Q", data, 0)[0]
                ops += struct.unpack_from("=Q", data, 8)[0]
        return programs, ops


LIBFUZZER_MOST = 4096  # bytes of an input
# From the first program on they may be long. A feature is rare, for its schedule, up
# to so many times: each one costs time with every program (README, "How fast it is").
# Of an option that is given twice, the later counts.
LIBFUZZER_OPTIONS = (f"-max_len={LIBFUZZER_MOST}", "-len_control=0",
                     "-entropic_feature_frequency_threshold=16", "-timeout=25",
                     "-rss_limit_mb=2560", "-detect_leaks=0")


class LibFuzzer(Engine):
    name = "libfuzzer"
    preset = "libfuzzer"

    def __init__(self, builds, target, out, seeds, jobs, words, names=None):
        super().__init__(builds, target, out, seeds, jobs, words, names)
        self.corpus = self.kept / "corpus"
        self.corpus.mkdir(exist_ok=True)
        self.before = len(_files(self.corpus))
        self.artifacts = out / "crashes"
        self.old = _files(self.artifacts)
        self.read = [0] * jobs
        self.covered = [(0, 0)] * jobs
        self.total = 0

    def command(self, i):
        return [self.binary, f"-artifact_prefix={self.artifacts}/libfuzzer-",
                *LIBFUZZER_OPTIONS, "-reload=1", "-print_final_stats=1",
                *([f"-dict={self.words}"] if self.words else []),
                self.corpus, self.seeds.folder]

    def found(self):
        return any(process.poll() not in (None, 0) for process in self.processes) and \
            bool(self._artifacts())

    def _artifacts(self):
        kinds = ("libfuzzer-crash-", "libfuzzer-timeout-", "libfuzzer-oom-", "libfuzzer-leak-")
        return sorted(name for name in _files(self.artifacts) - self.old
                      if name.startswith(kinds) and "." not in name)

    def crashes(self, folder):
        return [folder / name for name in self._artifacts()]

    def coverage(self):
        """Edges covered / edges there are; the best of the processes."""
        for i, log in enumerate(self.logs):
            try:
                with open(log, "rb") as handle:
                    handle.seek(self.read[i])
                    data = handle.read()
            except FileNotFoundError:
                continue
            whole = data.rfind(b"\n") + 1
            self.read[i] += whole
            for match in LIBFUZZER_TOTAL.finditer(data[:whole]):
                self.total = int(match.group(1))
            for match in LIBFUZZER_LINE.finditer(data[:whole]):
                self.covered[i] = (int(match.group(1)), int(match.group(2)))
        return f"{max(self.covered)[0]}/{self.total or '?'}"

    def size(self):
        return len(_files(self.corpus))

    def take(self, inputs):
        """Inputs of another engine; named by content, as libFuzzer names its own."""
        for path in inputs:
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            if len(data) > 4096:
                continue
            name = self.corpus / hashlib.sha1(data).hexdigest()
            if not name.exists():
                temporary = self.out / "stats" / "taken"
                temporary.write_bytes(data)
                temporary.rename(name)


class Afl(Engine):
    name = "afl"
    preset = "afl"

    def __init__(self, builds, target, out, seeds, jobs, words, names=None):
        super().__init__(builds, target, out, seeds, jobs, words, names)
        self.names = names or ["main"] + [f"more{i}" for i in range(1, jobs)]
        self.given = set()
        self.foreign = out / "libfuzzer" / target / "corpus"
        self.foreign.mkdir(parents=True, exist_ok=True)
        self._forget_unfinished()
        self.before = self.size()
        self.hypheap = builds.hypheap
        self.old = {(name, kind): _files(self.kept / name / kind)
                    for name in self.names for kind in ("crashes", "hangs")}
        self.hangs = []
        self.crashed = []

    def _forget_unfinished(self):
        """A start that never came to a queue is nothing to go on from. One that was
        cut off while it resumed has its queue in _resume."""
        for name in self.names:
            folder = self.kept / name
            if not _files(folder / "queue") and not _files(folder / "_resume"):
                shutil.rmtree(folder, ignore_errors=True)

    def environment(self, i):
        env = super().environment(i)
        if not self.words:
            env.update(AFL_CUSTOM_MUTATOR_LIBRARY=str(self.mutator),
                       AFL_CUSTOM_MUTATOR_ONLY="1")
        env.update(
            AFL_AUTORESUME="1", AFL_IMPORT_FIRST="1", AFL_SYNC_TIME="1",
            AFL_SKIP_CPUFREQ="1", AFL_NO_AFFINITY="1", AFL_NO_UI="1", AFL_NO_COLOR="1",
            AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_NO_CRASH_README="1",
            AFL_FORKSRV_INIT_TMOUT="30000", AFL_FAST_CAL="1")
        if i > 1:  # main never trims, one does
            env["AFL_DISABLE_TRIM"] = "1"
        return env

    def command(self, i):
        command = ["afl-fuzz", "-i", self.seeds.folder, "-o", self.kept, "-t", "5000"]
        if i:
            command += ["-S", self.names[i]]
        else:
            command += ["-M", self.names[i], "-F", self.foreign, "-F", self.seeds.folder]
        if self.words:
            command += ["-x", self.words]
        return command + ["--", self.binary]

    def _new(self, kind):
        for name in self.names:
            folder = self.kept / name / kind
            for entry in sorted(_files(folder) - self.old[name, kind]):
                if entry.startswith("id:"):
                    self.old[name, kind].add(entry)
                    yield folder / entry

    def check(self):
        """Slow is not hung: what took too long must fail when nothing else counts."""
        for path in self._new("hangs"):
            try:
                run = [self.binary] if self.words else [self.hypheap, "run", *level_options()]
                result = subprocess.run([*run, path], timeout=HANG_SECONDS,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, check=False)
                if result.returncode:
                    self.hangs.append(path)
            except subprocess.TimeoutExpired:
                self.hangs.append(path)
        super().check()

    def found(self):
        self.crashed.extend(self._new("crashes"))
        return bool(self.crashed or self.hangs)

    def crashes(self, folder):
        """Copies beside libFuzzer's: AFL++ moves its own away at the next start."""
        self.found()
        copies = []
        for kind, paths in (("crash", self.crashed), ("timeout", self.hangs)):
            for path in paths:
                data = path.read_bytes()
                copy = folder / f"afl-{kind}-{hashlib.sha1(data).hexdigest()}"
                copy.write_bytes(data)
                if copy not in copies:
                    copies.append(copy)
        return copies

    def coverage(self):
        """In its first minute afl-fuzz tells only what it began with: "158+/1207"."""
        best = total = 0
        newest = 0.0
        for name in self.names:
            values = self._stats(name)
            total = max(total, int(values.get("total_edges", 0)))
            best = max(best, int(values.get("edges_found", 0)), self._plotted(name))
            for file in ("fuzzer_stats", "plot_data"):
                newest = max(newest, _changed(self.kept / name / file))
        now = time.time()
        stale = self.running() and now - self.started < 65 and newest < now - 10
        return f"{best}{'+' if stale else ''}/{total or '?'}"

    def _stats(self, name):
        try:
            text = (self.kept / name / "fuzzer_stats").read_text(encoding="utf-8",
                                                                 errors="replace")
        except FileNotFoundError:
            return {}
        pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
        return {key.strip(): value.strip() for key, value in pairs}

    def _plotted(self, name):
        """fuzzer_stats is written once a minute, the plot every few seconds."""
        try:
            lines = (self.kept / name / "plot_data").read_text(encoding="utf-8").splitlines()
            return int(lines[-1].rsplit(",", 1)[1])
        except (FileNotFoundError, IndexError, ValueError):
            return 0

    def size(self):
        return sum(len(_files(self.kept / name / "queue")) for name in self.names)

    def discoveries(self):
        """Inputs that brought AFL++ to new code and are its own, each once."""
        for name in self.names:
            folder = self.kept / name / "queue"
            fresh = {f for f in _files(folder) if f.endswith(",+cov") and ",sync:" not in f}
            for entry in sorted(fresh - self.given):
                self.given.add(entry)
                yield folder / entry
