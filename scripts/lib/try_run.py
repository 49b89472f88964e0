# SPDX-License-Identifier: GPL-2.0-only
"""What hypheap says of an allocator: the corpus, where it parts from ours, speed."""

import json
import signal
import statistics
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from fuzz_error import Stop
from mutants_judge import json_lines
from try_known import without_place

BATCH_SECONDS = 120
FILE_SECONDS = 20
MIN_SECONDS = 30
GRACE_SECONDS = 30
SELFTEST = "hypheap 1\nheap boot=1 pages=16 pool=64\nselftest\n"
BENCH = ("--runs=150", "--rounds=3", "--page=4096", "--ops=64")


def child(command, seconds, number=signal.SIGKILL):
    """(exit status or None if it had to be ended, stdout, stderr)."""
    with subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", start_new_session=True) as process:
        try:
            out, err = process.communicate(timeout=seconds)
            return process.returncode, out, err
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        try:
            out, err = process.communicate(timeout=GRACE_SECONDS)
            return (None if number == signal.SIGKILL else process.returncode), out, err
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            return None, out, err


@dataclass
class Replay:
    """The corpus at one level. failing: {signature: [documents]}."""
    level: str
    documents: dict = field(default_factory=dict)  # path: what was said

    @property
    def failing(self):
        groups = defaultdict(list)
        for path, document in self.documents.items():
            if not document["holds"]:
                words = document.get("signature") or f"expected {document.get('expect')}"
                groups[words].append(path)
        return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))

    @property
    def holds(self):
        return sum(document["holds"] for document in self.documents.values())


def programs(corpus):
    """Text programs that do not wait for a verdict."""
    return [path for folder in ("seeds", "known", "regress")
            for path in sorted((corpus / folder).glob("*.ops"))
            if "# expect:" not in path.read_text(encoding="utf-8", errors="replace")]


def replay(hypheap, level, paths):
    command = [hypheap, "run", "--json", "--trace", f"--oracle={level}"]
    status, output, _ = child([*command, *paths], BATCH_SECONDS)
    came = Replay(level, {document["file"]: document for document in json_lines(output)})
    missing = [path for path in paths if str(path) not in came.documents]
    if status is not None and status not in (0, 1) and not missing:
        raise Stop(3, f"hypheap run ends with {status}: a fault of the harness")
    for path in missing:  # what was not told, because one before hung or died
        status, output, err = child([*command, path], FILE_SECONDS)
        document = next(json_lines(output), None)
        if not document:
            how = "hang (time-out)" if status is None else f"died ({status})"
            document = {"file": str(path), "holds": False, "signature": how, "ops": 0,
                        "error": err.strip()}
        came.documents[str(path)] = document
    return came


@dataclass
class Divergence:
    """A program whose results differ. ours, theirs: lines of the trace."""
    path: str
    signature: str
    program: str
    ours: list
    theirs: list
    report: str
    at: int = -1  # the first line that differs


def size_of(document):
    return document.get("ops") or 1 << 30


def side_by_side(found, theirs, ours, path):
    """The traces of both, and where they part."""
    for side, hypheap in (("ours", ours), ("theirs", theirs)):
        out = child([hypheap, "run", "--trace", "--oracle=contract", path], FILE_SECONDS)[1]
        setattr(found, side, [line.split("\t") for line in out.splitlines() if "\t" in line])


def outcomes(document):
    return [without_place(step["result"]) for step in document.get("trace", [])]


def parted(theirs, ours, came, sound):
    """(how many programs come to something else but for places, the smallest of them)."""
    paths = [path for path, document in came.documents.items()
             if path in sound.documents and outcomes(document) != outcomes(sound.documents[path])]
    if not paths:
        return 0, None
    path = min(paths, key=lambda path: size_of(came.documents[path]))
    found = Divergence(path, Path(path).name,
                       Path(path).read_text(encoding="utf-8", errors="replace"), [], [], "")
    side_by_side(found, theirs, ours, path)
    for at, (left, right) in enumerate(zip(found.ours, found.theirs)):
        if without_place(left[2]) != without_place(right[2]):
            found.at = at
            break
    return len(paths), found


def diverge(theirs, ours, came, work):
    """Of those that differ as most do the smallest, made smaller still; None if none does."""
    groups = [[came.documents[path] for path in paths] for paths in came.failing.values()]
    if not groups:
        return None
    document = min(groups[0], key=size_of)
    small = work / f"first-{came.level}.ops"
    status, _, _ = child([theirs, "min", f"--oracle={came.level}", document["file"],
                          "-o", small], MIN_SECONDS, signal.SIGINT)
    path = small if status == 0 and small.exists() else document["file"]
    program = Path(path).read_text(encoding="utf-8", errors="replace")
    status, report, err = child([theirs, "run", f"--oracle={came.level}", path], FILE_SECONDS)
    found = Divergence(str(path), document.get("signature") or "?", program, [], [],
                       (report + err).strip())
    side_by_side(found, theirs, ours, path)
    for at, (left, right) in enumerate(zip(found.ours, found.theirs)):
        if left[2:4] != right[2:4]:
            found.at = at
            break
    return found


def selftest(hypheap, work):
    """What the allocator's own self test comes to."""
    path = work / "selftest.ops"
    path.write_text(SELFTEST, encoding="ascii")
    _, output, err = child([hypheap, "run", "--json", "--trace", "--oracle=contract", path],
                           FILE_SECONDS)
    document = next(json_lines(output), None)
    if not document or not document.get("trace"):
        return "does not end: " + err.strip()[:200]
    return document["trace"][-1]["result"]


def speed(theirs, ours, rounds=3):
    """(ns an operation of theirs, of ours) without oracles, in turns; None: not to be had."""
    times = {theirs: [], ours: []}
    for _ in range(rounds):
        for hypheap in (theirs, ours):
            _, output, _ = child([hypheap, "bench", "--json", "--oracle=contract", *BENCH],
                                 BATCH_SECONDS)
            try:
                times[hypheap].append(json.loads(output)["executor"]["ns_per_op"])
            except (ValueError, KeyError):
                return None
    return statistics.median(times[theirs]), statistics.median(times[ours])
