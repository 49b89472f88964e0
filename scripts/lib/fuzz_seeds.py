# SPDX-License-Identifier: GPL-2.0-only
"""The inputs that fuzzing begins with: text programs as bytes, byte files as they are."""

import hashlib
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fuzz_build import level_options
from fuzz_error import Stop


@dataclass
class Seeds:
    folder: Path
    count: int


def _is_text(path, data):
    """As prog_is_text() has it."""
    first = data.lstrip(b" \t\r\n")
    return path.suffix == ".ops" or first.startswith((b"#", b"hypheap"))


def _expects_failure(data):
    """Such a case is one that the target would take for a finding."""
    return any(line.split(b":", 1)[0].split() == [b"#", b"expect"]
               for line in data.splitlines() if b":" in line)


# The operations that make a program more than one about the heap.
_KINDS = {
    "corrupt": rb"corrupt",
    "host": rb"create|destroy|trace|selftest|deprivilege|poke|hvc|at|shrink count|"
            rb"fail (?:donate|page|hvc)",
}


def _is_about(data):
    for kind, words in _KINDS.items():
        if re.search(rb"(?:^|;)[ \t]*(?:" + words + rb")\b", data, re.M):
            return kind
    return "heap"


# What the programs are about that a target begins with.
_BEGINS_WITH = {
    "fuzz_heap": {"heap"},
    "fuzz_host": {"heap", "host"},
    "fuzz_corrupt": {"corrupt"},
}


def dictionary(hypheap, path):
    """The words of the language, as both engines read them; from the grammar."""
    grammar = subprocess.run([hypheap, "help", "ops"], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, check=True).stdout
    words = sorted(set(re.findall(r"[a-z][a-z!]+", grammar)))
    words += ["hypheap 1\\x0a", "# expect: ", "; ", " = ", " ^ 0x", "18446744073709551615"]
    path.write_text("".join(f'"{word}"\n' for word in words), encoding="ascii")
    return path


def collect(hypheap, corpus, folder, target):
    """Fills the folder anew from what below corpus the target is about.

    Looks at NAME.ops, NAME.bin, and names without a dot; for fuzz_text at NAME.txt
    of corpus/found/ as well, which are no programs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    if target in ("fuzz_corrupt", "fuzz_host"):
        subprocess.run([hypheap, "gen", "--profile", target.removeprefix("fuzz_"),
                        "--count", "100", "--ops", "40", "-o", folder],
                       stdin=subprocess.DEVNULL, capture_output=True, check=True)

    for path in sorted(p for p in corpus.rglob("*") if p.is_file()):
        refused = target == "fuzz_text" and path.suffix == ".txt" and path.parent.name == "found"
        if path.name.startswith(".") or not refused and path.suffix not in (".ops", ".bin", ""):
            continue
        data = path.read_bytes()
        if target == "fuzz_text":
            (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
            continue
        if not _is_text(path, data):
            (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
            continue
        if _expects_failure(data) or _is_about(data) not in _BEGINS_WITH[target]:
            continue
        name = "-".join(path.relative_to(corpus).with_suffix("").parts)
        result = subprocess.run([hypheap, "asm", path, "-o", folder / name],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                errors="replace", check=False)
        if result.returncode:
            raise Stop(2, f"{path}: hypheap asm says: {result.stderr.strip()}")
    if not any(folder.iterdir()):
        (folder / "input").write_bytes(b"input\n")
    return Seeds(folder, sum(1 for _ in folder.iterdir()))


def _failing(hypheap, files):
    """By what one process says of all; if it does not come to its end, by halves."""
    result = subprocess.run([hypheap, "run", "--json", *level_options(), *files],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, check=False)
    if result.returncode == 0:
        return []
    if len(files) == 1:
        return files
    if result.returncode == 1:
        documents = [json.loads(line) for line in result.stdout.splitlines()]
        holds = {document["file"]: document["holds"] for document in documents}
        return [path for path in files if not holds[str(path)]]
    half = len(files) // 2
    return _failing(hypheap, files[:half]) + _failing(hypheap, files[half:])


def failing(hypheap, seeds):
    """The seeds that do not hold: what an engine would stumble over at its start."""
    return _failing(hypheap, sorted(seeds.folder.iterdir()))
