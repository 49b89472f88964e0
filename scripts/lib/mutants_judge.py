# SPDX-License-Identifier: GPL-2.0-only
"""Does the harness notice a mutant? Replays, fuzzes, and remembers the answer."""

import json
import os
import re
import signal
import subprocess
import threading
from dataclasses import asdict, dataclass, field

import mutants_claims
from mutants_build import TESTS, sha

REPLAY_SECONDS = 20  # of the whole corpus, which takes one
FILE_SECONDS = 60
WATCHDOG_SECONDS = 2  # of CPU time: on a busy machine nothing else hangs than on an idle one
PAGE_AT = 6  # in the header of a program in bytes: which page size
TEST_SECONDS = 30
GRACE_SECONDS = 30  # in which the watchdog of "hypheap stress" would speak

# What is left out of a run of the corpus. What the corpus says of its own results is
# as much a prediction as the model's.
PARTS = {
    "exact": ["--trace"],
    "contract": ["--oracle=contract"],
    "without twin": ["--trace", "--without-twin"],
    "without both": ["--oracle=contract", "--without-twin"],
}
# Random programs, each kind for an equal share of the time.
STRESS = (("heap", 64), ("heap", 10), ("heap", 400), ("corrupt", 48))
PROOF = (("heap", 8, 0.9), ("heap", 64, 0.1))  # profile, operations, share
PROOF_PROGRAMS = 10_000_000
PROOF_CHUNK = 250_000
PROOF_SECONDS = 3600


@dataclass
class Verdict:
    """by: the oracle that spoke first; "" if none did. saw: all that spoke, one a
    program. where: the file or command, signature: what it said."""
    by: str = ""
    signature: str = ""
    where: str = ""
    saw: list = field(default_factory=list)
    fault: str = ""  # the harness itself failed
    seconds: float = 0  # of a core

    @property
    def killed(self):
        return bool(self.by)


def oracle_of(signature):
    return signature.split("/")[0]


class Judge:
    def __init__(self, builder, corpus, stopped):
        self.builder = builder
        self.stopped = stopped
        self.files = sorted_corpus(corpus)
        self.claims = {str(path): mutants_claims.read(path) for path in self.files}
        self.corpus = sha(*(part for path in self.files for part in (path.name, path.read_bytes())),
                          str(self.claims))
        self.folder = builder.out / "verdict"
        self.folder.mkdir(exist_ok=True)
        self.programs = {}

    # ---- children -----------------------------------------------------------------

    def _child(self, command, seconds, number=signal.SIGKILL, grace=0):
        """(status or None if it had to be killed, what it printed, seconds of a core)."""
        if self.stopped.is_set():
            raise KeyboardInterrupt
        late = threading.Event()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, cwd=self.builder.work(),
                              start_new_session=True) as child:
            def kill():
                late.set()
                child.kill()

            timers = [threading.Timer(seconds, child.send_signal, [number]),
                      threading.Timer(seconds + grace, kill)]
            for timer in timers if grace else timers[1:]:
                timer.start()
            output = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            for timer in timers:
                timer.cancel()
        if self.stopped.is_set():  # it may have been us who ended it
            raise KeyboardInterrupt
        return (None if late.is_set() else child.returncode, output.decode(errors="replace"),
                usage.ru_utime + usage.ru_stime)

    # ---- the corpus ---------------------------------------------------------------

    def prepare(self):
        """What holds with the allocator as it is, for each part."""
        paths = self.builder.link(self.builder.original, ["hypheap", "bare_selftest", *TESTS])
        for part, options in PARTS.items():
            status, output, _ = self._child(
                [paths[0], "run", "--json", *options, *self.files], 60)
            holds = {line["file"]: not self._verdict_on(line) for line in json_lines(output)}
            self.programs[part] = [path for path in self.files if holds.get(str(path))]
            if status is None or len(holds) != len(self.files):
                raise AssertionError(f"the corpus does not run: status {status}")
        for path in paths[1:]:
            if self._child([path], TEST_SECONDS)[0]:
                raise AssertionError(f"{path.name} fails with the allocator as it is")

    def failing(self):
        return {part: [path for path in self.files if path not in programs]
                for part, programs in self.programs.items()}

    def replay(self, hypheap, part):
        """The first program that fails, and all the oracles that spoke. What fuzzing
        found is asked only about what the programs written by hand do not notice."""
        found = [path for path in self.programs[part] if path.parent.name == "found"]
        written = [path for path in self.programs[part] if path.parent.name != "found"]
        verdict = self._replay(hypheap, part, written)
        if verdict.killed or not found:
            return verdict
        second = self._replay(hypheap, part, found)
        second.seconds += verdict.seconds
        return second

    def _replay(self, hypheap, part, programs):
        command = [hypheap, "run", "--json", f"--watchdog={WATCHDOG_SECONDS}", *PARTS[part]]
        status, output, taken = self._child([*command, *programs], REPLAY_SECONDS)
        verdict = Verdict(seconds=taken)
        self._note(verdict, output)
        if status is None:
            self._one_by_one(verdict, command, programs)
        elif status < 0:
            verdict.fault = f"died of signal {-status}"
            verdict.by = verdict.by or "crash"
        elif status not in (0, 1):
            verdict.fault = f"exit status {status}"
            verdict.by = verdict.by or "harness"
        return verdict

    def _note(self, verdict, output):
        for line in json_lines(output):
            signature = self._verdict_on(line)
            if not signature:
                continue
            if oracle_of(signature) not in verdict.saw:
                verdict.saw.append(oracle_of(signature))
            if not verdict.by:
                verdict.by = oracle_of(signature)
                verdict.signature = signature
                verdict.where = line["file"].rsplit("/", 1)[-1]

    def _verdict_on(self, line):
        """A signature; what an oracle says, or else what the program itself does."""
        if not line.get("holds", True):
            return line.get("signature") or "claim/expected " + (line.get("expect") or "?")
        if "trace" in line:
            broken = self.claims[line["file"]].broken(line)
            if broken:
                return f"claim/{broken}"
        return ""

    def _one_by_one(self, verdict, command, programs):
        """One of them hangs, and took with it what was printed before."""
        for path in programs:
            status, output, taken = self._child([*command, path], FILE_SECONDS)
            verdict.seconds += taken
            self._note(verdict, output)
            if status is None and not verdict.by:
                verdict.by, verdict.where = "hang", path.name
                verdict.signature = "hang (time-out)"
            if verdict.by:
                break
        verdict.by = verdict.by or "hang"
        if not verdict.saw:
            verdict.saw.append(verdict.by)

    # ---- programs that end with a status ---------------------------------------------

    def programs_pass(self, paths):
        for path in paths:
            status, _, _ = self._child([path], TEST_SECONDS)
            if status:
                return Verdict(by=path.name, signature=f"exit status {status}", where=path.name,
                               saw=[path.name])
            if status is None:
                return Verdict(by=path.name, signature="time-out", where=path.name,
                               saw=[path.name])
        return Verdict()

    # ---- random programs --------------------------------------------------------------

    def stress(self, hypheap, seconds):
        verdict = Verdict()
        for seed, (profile, ops) in enumerate(STRESS, 1):
            command = [hypheap, "stress", "--runs=0", f"--seed={seed}", f"--ops={ops}",
                       f"--profile={profile}", "--page=4096", "--json", "-o", "/dev/null"]
            status, output, taken = self._child(command, seconds / len(STRESS), signal.SIGINT,
                                                GRACE_SECONDS)
            verdict.seconds += taken
            found = re.search(r'"signature":\s*"([^"]+)"', output)
            if status == 0:
                continue
            verdict.where = f"stress --seed {seed} --ops {ops} --profile {profile}"
            if status == 1 and found:
                verdict.signature, verdict.by = found.group(1), oracle_of(found.group(1))
            elif status is None:
                verdict.signature, verdict.by = "hang (time-out)", "hang"
            else:
                verdict.by = "crash" if status < 0 else "harness"
                verdict.fault = f"exit status {status}"
            verdict.saw = [verdict.by]
            break
        return verdict

    def digest(self, hypheap, piece):
        """Of the traces of many programs, in the signature."""
        profile, ops, start, count = piece
        command = [hypheap, "stress", f"--runs={count}", "--seed=1", f"--start={start}",
                   f"--ops={ops}", f"--profile={profile}", "--page=4096", "--digest", "--json",
                   "-o", "/dev/null"]
        status, output, _ = self._child(command, PROOF_SECONDS)
        found = re.search(r'"digest":\s*"(\w+)"', output)
        return Verdict(signature=found.group(1) if status == 0 and found else f"status {status}")

    # ---- with memory ------------------------------------------------------------------

    def remembered(self, name, key, make):
        """The verdict on the object @name under @key, from the last time or from @make."""
        path = self.folder / f"{name[:16]}-{sha(name, key, self.builder.base)[:32]}.json"
        try:
            return Verdict(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            pass
        verdict = make()
        temporary = self.builder.work() / "verdict.json"
        temporary.write_text(json.dumps(asdict(verdict)), encoding="utf-8")
        temporary.rename(path)
        return verdict


def pieces(programs):
    """(profile, operations, first, how many): together so many programs."""
    return [(profile, ops, start, min(PROOF_CHUNK, int(programs * share) - start))
            for profile, ops, share in PROOF
            for start in range(0, int(programs * share), PROOF_CHUNK)]


def sorted_corpus(corpus):
    """Programs that run with 4K pages."""
    files = []
    for folder in ("seeds", "known", "regress", "found"):
        for path in sorted((corpus / folder).glob("*")):
            if path.suffix not in (".ops", ".bin", ""):
                continue
            data = path.read_bytes()
            world = re.search(rb"^\s*heap\b.*\bpage=(\d+)", data, re.M)
            if data.startswith(b"HYP") and len(data) > PAGE_AT and data[PAGE_AT] % 3:
                continue
            if not world or world.group(1) == b"4096":
                files.append(path)
    return files


def json_lines(output):
    """Of a run that may have been cut short."""
    for line in output.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict) and "file" in document:
            yield document
