# SPDX-License-Identifier: GPL-2.0-only
"""Which part of the program perf's samples were in: by the source file of the innermost
frame, inlined functions included, that is a file of ours."""

import os
import re
import shutil
import subprocess
from collections import Counter

# the first that the path begins with; names as people say them
PARTS = (
    ("allocator/backend/", "the fake memory and its checks"),
    ("allocator/el2/", "EL2's code, checks of loads included"),
    ("allocator/host/books.c", "the host's books"),
    ("allocator/host/host.c", "the host's books"),
    ("allocator/host/", "the host's kernel"),
    ("allocator/kernel/", "EL2's code, checks of loads included"),
    ("allocator/", "the seam: calls, headers and bytes looked at"),
    ("model/twin", "the twin: jemalloc and its books"),
    ("model/oracle", "the oracles"),
    ("model/", "the model"),
    ("fuzzers/program/", "programs: decode, generate, mutate"),
    ("fuzzers/engines/", "programs: decode, generate, mutate"),
    ("fuzzers/run/features", "features of state"),
    ("fuzzers/run/", "the executor, and what it sees of a step"),
    ("fuzzers/", "the command"),
)
JEMALLOC = re.compile(r"^(je_|mallocx|dallocx|nallocx|sallocx|mallctl|arena_|tcache_|ctl_)")
FRAME = re.compile(r"^\s*([0-9a-f]+) (.*) \((.*)\)$")


def part_of_path(path):
    return next((name for begin, name in PARTS if path.startswith(begin)), None)


def part_of_name(name, dso):
    """Where there is no source of ours: the engine, jemalloc, the kernel."""
    if "fuzzer::" in name or name.startswith("__afl"):
        return "the engine"
    if JEMALLOC.match(name):
        return "the twin: jemalloc and its books"
    if dso.startswith("[kernel"):
        return "the kernel"
    return None


def samples_of(text):
    """Frames of each sample, the innermost first: (address, name, dso)."""
    for sample in text.split("\n\n"):
        frames = [match.groups() for match in map(FRAME.match, sample.splitlines()) if match]
        if frames:
            yield [(int(address, 16), name, dso) for address, name, dso in frames]


def loaded_at(binary):
    """How far the addresses of code are from where it is in the file: perf has the latter."""
    got = subprocess.run(["readelf", "-lW", binary], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, check=False)
    for words in map(str.split, got.stdout.splitlines()):
        if words[:1] == ["LOAD"] and "E" in words[6:8]:
            return int(words[2], 16) - int(words[1], 16)
    return 0


def files_of(root, binary, addresses):
    """The source file, below root, of the innermost function at each place of the file."""
    tool = shutil.which("llvm-symbolizer-14") or shutil.which("llvm-symbolizer")
    if not tool:
        return {}
    distance = loaded_at(binary)
    got = subprocess.run([tool, f"--obj={binary}", "--output-style=LLVM"],
                         input="".join(f"0x{at + distance:x}\n" for at in addresses),
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    files = {}
    for address, words in zip(addresses, got.stdout.split("\n\n")):
        lines = words.strip().splitlines()
        # of a function and where it is, inlined ones first
        path = lines[1].rsplit(":", 2)[0] if len(lines) > 1 else ""
        if path.startswith(root + os.sep):
            files[address] = os.path.relpath(path, root)
    return files


def shares(root, binary, text):
    """Samples by part, the largest first. text: perf script -F ip,sym,dso"""
    samples = list(samples_of(text))
    name = os.path.basename(binary)
    # a caller's address is the one it comes back to
    ours = sorted({address - (i > 0) for frames in samples
                   for i, (address, _, dso) in enumerate(frames)
                   if os.path.basename(dso) == name})
    files = files_of(root, binary, ours)
    counted = Counter()
    for frames in samples:
        part = None
        for i, (address, symbol, dso) in enumerate(frames):
            part = part_of_name(symbol, dso)
            if not part and os.path.basename(dso) == name:
                part = part_of_path(files.get(address - (i > 0), ""))
            if part:
                break
        counted[part or "other"] += 1
    return counted.most_common()
