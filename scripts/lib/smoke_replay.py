# SPDX-License-Identifier: GPL-2.0-only
"""The corpus, replayed twice in another order: verdicts, and equal digests."""

import json
import subprocess
from dataclasses import dataclass

from fuzz_error import Stop

SECONDS = 30  # for one program that did not come back with the others


@dataclass
class Case:
    """One program of the corpus, and what is wrong with it."""
    path: object
    name: str
    digest: str = ""
    failure: str = ""  # a verdict
    error: str = ""  # what is no verdict of the allocator
    signature: str = ""
    status: int = 0


def programs(corpus):
    """Text programs (.ops) and byte files (.bin or no extension), as scripts/fuzz."""
    paths = sorted(path for path in corpus.rglob("*") if path.is_file() and
                   path.suffix in (".ops", ".bin", "") and not path.name.startswith("."))
    return [Case(path, str(path.relative_to(corpus))) for path in paths]


def _run(hypheap, paths, seconds):
    """Returns (status, {path: document}, what it printed)."""
    try:
        result = subprocess.run([hypheap, "run", "--json", *paths], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, errors="replace",
                                timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return None, {}, f"still running after {seconds} s"
    documents = {}
    for line in result.stdout.splitlines():
        try:
            document = json.loads(line)
        except json.JSONDecodeError:
            continue
        documents[document["file"]] = document
    return result.returncode, documents, result.stderr


def _pass(hypheap, cases, seconds):
    """(status, document or None, text) of each, all in one process if they let us."""
    paths = [str(case.path) for case in cases]
    status, documents, _ = _run(hypheap, paths, seconds)
    if status == 0 and len(documents) == len(paths):
        return [(0, documents[path], "") for path in paths]
    alone = []
    for path in paths:
        document = documents.get(path)
        if document and document.get("holds"):
            alone.append((0, document, ""))
            continue
        status, own, text = _run(hypheap, [path], SECONDS)
        alone.append((status, own.get(path), text))
    return alone


def _judge(case, status, document, text, hypheap):
    if document:
        case.digest = document.get("digest", "")
        case.signature = document.get("signature") or ""
    if status == 0 and case.digest:
        case.status = 0
        return
    # what says that it holds, and has no digest, is a fault, too
    case.status = 3 if status in (None, 0) or status < 0 else status
    if status == 1:
        shown = subprocess.run([hypheap, "run", case.path], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, errors="replace",
                               timeout=SECONDS, check=False)
        case.failure = (shown.stdout + shown.stderr).strip() or "it does not hold"
    elif status is None:
        case.error = text
    elif status < 0:
        case.error = f"HARNESS BUG: hypheap died of signal {-status}\n{text}"
    else:
        case.error = text.strip() or f"hypheap run ends with {status}"


def replay(hypheap, corpus, seconds):
    """Returns the cases, judged. No program at all is bad input."""
    cases = programs(corpus)
    if not cases:
        raise Stop(2, f"{corpus}: no program in it")
    first = _pass(hypheap, cases, seconds)
    # what one program leaves behind, another meets in the other order
    second = _pass(hypheap, cases[::-1], seconds)[::-1]
    for case, once, again in zip(cases, first, second):
        _judge(case, *once, hypheap)
        if case.status:
            continue
        digest = case.digest
        _judge(case, *again, hypheap)
        if not case.status and case.digest != digest:
            case.status = 1
            case.signature = "replay/run"
            case.failure = f"digest {digest} the first time, {case.digest} the second"
    return cases
