# SPDX-License-Identifier: GPL-2.0-only
"""The columns: ways to look for a bug, each from nothing and by itself."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import asdict, dataclass

import fuzz_children
from fuzz_children import environment
from fuzz_engines import LIBFUZZER_OPTIONS
from fuzz_error import Stop

SIGNATURE = re.compile(r"^\s*signature: (\S+)", re.M)
GRACE = 30  # seconds that an engine may take to end by itself
PATIENCE = 20  # times as long by the clock, on a machine that does other work
POLL = 0.2  # seconds
REPLAYED = 300  # kept inputs that are looked at when nothing was found


@dataclass
class Result:
    """What came of one bug, one engine and one seed."""

    caught: bool
    signature: str = ""
    seconds: float = 0.0  # of one core, until caught, or all there were
    programs: int = 0
    reached: object = None  # lines of the patch ran; None: nobody looked
    triggered: object = None  # a trace differs from the clean build's

    def as_json(self):
        return asdict(self)


def run(command, seconds, folder, env=None):
    """Return: seconds, exit status (None: had to be stopped) and all that was said.
    Seconds are a core's: what else the machine does makes nothing slower. In a group
    of its own, which ends with it."""
    log = folder / "log"
    late = time.monotonic() + seconds * PATIENCE
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, cwd=folder,
                                   env=env or environment(), start_new_session=True)
        status, taken = None, 0.0
        while True:
            taken = max(taken, fuzz_children.core_seconds(process.pid))
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended:
                # what it was when it ended is still there to be read
                taken = max(taken, fuzz_children.core_seconds(process.pid))
                status = process.wait()
                break
            if taken >= seconds or time.monotonic() >= late:
                break
            time.sleep(POLL)
        _end(process)
    return taken, status, log.read_text(encoding="utf-8", errors="replace")


def _end(process):
    """The group, which is of our making; a fork server goes with its fuzzer."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def _fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _number(pattern, text, default=0):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else default


# ---- with a fuzz engine ------------------------------------------------------


class LibFuzzer:
    """From an empty corpus, with our mutator."""

    preset = "libfuzzer"
    seeded = True
    mutator = "on"
    features = "on"

    def binary(self, bug):
        return bug.target

    def look(self, bug, binaries, seed, seconds, folder):
        _fresh(folder)
        kept = folder / "kept"
        kept.mkdir()
        taken, status, text = run(
            [binaries[self.preset], f"-seed={seed}", *LIBFUZZER_OPTIONS,
             "-print_final_stats=1",
             f"-artifact_prefix={folder}/found-", kept],
            seconds, folder, environment(HYPHEAP_MUTATOR=self.mutator,
                                         HYPHEAP_FEATURES=self.features))
        programs = _number(r"number_of_executed_units: (\d+)", text) or \
            _number(r"(?m)^#(\d+)", text)
        if status == 0 or status is None:
            return Result(False, seconds=taken, programs=programs)
        return Result(True, _what(text, status), taken, programs)

    @staticmethod
    def kept(folder):
        return sorted((folder / "kept").iterdir())


class NoState(LibFuzzer):
    """It is told edges only, no features of state."""

    features = "off"


class Bytes(LibFuzzer):
    """libFuzzer on raw bytes, without our mutator."""

    mutator = "off"


class Afl:
    """AFL++ with our mutator, from one input that is no program of ours."""

    preset = "afl"
    seeded = True

    def __init__(self, mutator):
        self.mutator = mutator

    def binary(self, bug):
        return bug.target

    def look(self, bug, binaries, seed, seconds, folder):
        _fresh(folder)
        (folder / "in").mkdir()
        (folder / "in" / "input").write_bytes(b"input\n")
        env = environment(
            AFL_CUSTOM_MUTATOR_LIBRARY=str(self.mutator), AFL_CUSTOM_MUTATOR_ONLY="1",
            AFL_BENCH_UNTIL_CRASH="1", AFL_SKIP_CPUFREQ="1", AFL_NO_AFFINITY="1",
            AFL_NO_UI="1", AFL_NO_COLOR="1", AFL_FAST_CAL="1", AFL_NO_CRASH_README="1",
            AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_FORKSRV_INIT_TMOUT="30000")
        taken, _, text = run(
            ["afl-fuzz", "-i", folder / "in", "-o", folder / "out", "-t", "5000",
             "-s", str(seed), "--", binaries[self.preset]],
            seconds, folder, env)
        stats = self._stats(folder)
        crashes = sorted((folder / "out/default/crashes").glob("id:*"))
        if crashes:
            name = crashes[0].name
            replay = run([binaries["hypheap"], "run", crashes[0]], GRACE, folder)
            return Result(True, _what(replay[2], replay[1]), taken,
                          _number(r"execs:(\d+)", name))
        if not stats:
            # the very first input may fail, and then afl-fuzz does not begin
            replay = run([binaries["hypheap"], "run", folder / "in/input"], GRACE, folder)
            if replay[1]:
                return Result(True, _what(replay[2], replay[1]), 0.0, 1)
            raise Stop(2, f"afl-fuzz did not begin:\n{text[-2000:]}")
        return Result(False, seconds=taken, programs=int(stats.get("execs_done", 0)))

    @staticmethod
    def _stats(folder):
        try:
            text = (folder / "out/default/fuzzer_stats").read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        return dict(re.findall(r"^(\S+)\s*: (.*)$", text, re.M))

    @staticmethod
    def kept(folder):
        return sorted((folder / "out/default/queue").glob("id:*"))


# ---- without -----------------------------------------------------------------


class Random:
    """Programs as the generator makes them, one after the other; no feedback."""

    preset = "hypheap"
    seeded = True
    options = ()

    def binary(self, bug):
        return "hypheap"

    def look(self, bug, binaries, seed, seconds, folder):
        _fresh(folder)
        taken, status, text = run(
            [binaries["hypheap"], "stress", *self.options, "--profile", bug.profile,
             "--runs", "0", "--seed", str(seed), "-o", folder], seconds, folder)
        programs = _number(r"(\d+) programs from number", text)
        if status in (0, None):
            return Result(False, seconds=taken, programs=programs)
        return Result(True, _what(text, status), taken, programs)


class Uniform(Random):
    """Random programs in which all operations and sizes are alike."""

    options = ("--uniform",)


class SelfTest:
    """What the kernel has at boot: one sequence of about twenty steps."""

    preset = "hypheap"
    seeded = False

    def binary(self, bug):
        return "hypheap"

    def look(self, bug, binaries, seed, seconds, folder):
        _fresh(folder)
        program = folder / "selftest.ops"
        program.write_text("hypheap 1\nheap boot=1\nselftest\n", encoding="ascii")
        taken, _, text = run([binaries["hypheap"], "run", "--trace", program], GRACE, folder)
        said = re.search(r"^1\tselftest\t([^\t]*)", text, re.M)
        said = said[1] if said else "no result"
        return Result(said != "ok", said if said != "ok" else "", taken, 1)


class Corpus:
    """All programs of the corpus, once."""

    preset = "hypheap"
    seeded = False

    def __init__(self, folder):
        self.files = sorted(path for path in folder.rglob("*") if path.is_file() and
                            (path.suffix == ".ops" or
                             path.parent.name == "found" and not path.suffix))

    def binary(self, bug):
        return "hypheap"

    def look(self, bug, binaries, seed, seconds, folder):
        _fresh(folder)
        taken, status, text = run([binaries["hypheap"], "run", "--json", *self.files],
                                  120, folder)
        for number, line in enumerate(text.splitlines(), 1):
            try:
                case = json.loads(line)
            except ValueError:
                continue
            if not case.get("holds", True):
                return Result(True, case.get("signature") or "not as expected",
                              taken, number)
        if status != 0:
            return Result(True, _what(text, status), taken, len(self.files))
        return Result(False, seconds=taken, programs=len(self.files))


def _what(text, status):
    """The first report's signature; else how it ended, which no oracle explains."""
    found = SIGNATURE.search(text)
    if found:
        return found[1]
    if status is None:
        return "no end"
    words = re.search(r"(AddressSanitizer|UndefinedBehaviorSanitizer|HARNESS BUG|"
                      r"libFuzzer: timeout)", text)
    return f"no report ({words[1] if words else f'status {status}'})"


# ---- what a run that found nothing came near to ------------------------------


def triggered(clean, patched, inputs, folder):
    """Is there one among the inputs whose trace is another in the patched build?"""
    inputs = inputs[-REPLAYED:]
    if not inputs:
        return False
    traces = [run([binary, "run", "--trace", *inputs], 120, folder)[2]
              for binary in (clean, patched)]
    return traces[0].replace(str(clean), "") != traces[1].replace(str(patched), "")


def reached(binary, source, files, inputs, folder):
    """Did one of the lines that the patch is about run, in the coverage build?"""
    inputs = inputs[-REPLAYED:]
    if not inputs:
        return False
    raw = folder / "profile"
    run([binary, "run", *inputs], 120, folder, environment(LLVM_PROFILE_FILE=str(raw)))
    merged = folder / "profdata"
    subprocess.run(["llvm-profdata", "merge", "-o", merged, raw], check=True)
    lcov = subprocess.run(["llvm-cov", "export", "-format=lcov", binary,
                           f"-instr-profile={merged}"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    name = None
    for line in lcov.splitlines():
        if line.startswith("SF:"):
            path = line[3:]
            name = next((f for f in files if path == str(source / f)), None)
        elif line.startswith("DA:") and name:
            at, count = line[3:].split(",")[:2]
            if int(at) in files[name] and int(count):
                return True
    return False
