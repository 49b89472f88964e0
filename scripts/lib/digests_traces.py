# SPDX-License-Identifier: GPL-2.0-only
"""The rows of scripts/digests, and the traces that programs give in each."""

import gzip
import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from digests_build import ROOT, Trouble

RUN_SECONDS = 3600
BACKENDS = ("copy", "mmu")
LARGE = ROOT / "large.ops"


@dataclass
class Row:
    """A build, and how the programs run in it."""
    build: object
    backend: str = "copy"
    order: str = ""  # or: backwards, large

    @property
    def name(self):
        return " ".join(filter(None, (self.build.name, self.backend, self.order)))

    def command(self, programs):
        ordered = programs[::-1] if self.order == "backwards" else programs
        if self.order == "large":
            ordered = [LARGE, *programs]
        # A time limit would make the trace depend on the machine. And with only one
        # program no "== FILE" would stand before it.
        return [*self.build.command, "run", "--trace", "--watchdog=0",
                f"--backend={self.backend}", *ordered, os.devnull]


def rows_of(builds, backend, orders):
    """Each build on both backends, or on one; the first in other orders as well."""
    backends = [backend] if backend else BACKENDS
    rows = [Row(build, backend) for build in builds for backend in backends]
    if not orders:
        return rows
    return rows + [Row(builds[0], backend, order) for backend in backends
                   for order in ("backwards", "large")]


class Traces:
    """Runs rows. With a folder it keeps what they said there: under a name made of the
    binary, the programs and how they run; what no row of this time asked for goes."""

    def __init__(self, folder):
        self.folder = folder
        self.used = set()
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.folder and not kind:
            for path in self.folder.iterdir():
                if path not in self.used:
                    path.unlink()

    def of(self, row, programs):
        """What each program does there: a list of lines for each."""
        if not self.folder:
            return split(row, run(row, programs), programs)
        path = self.folder / f"{key(row, programs)}.gz"
        self.used.add(path)
        try:
            output = gzip.decompress(path.read_bytes())
        except (OSError, EOFError):
            output = run(row, programs)
            fresh = path.with_suffix(".new")
            fresh.write_bytes(gzip.compress(output, 1))
            fresh.rename(path)
        return split(row, output, programs)


def key(row, programs):
    """Another name for whatever could make another trace."""
    found = hashlib.sha256()
    for part in row.command(programs):
        found.update(b"\0" + str(part).encode())
        path = Path(part)
        if path.is_file():
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:24]


def run(row, programs):
    """All that hypheap says of them."""
    try:
        result = subprocess.run(row.command(programs), stdin=subprocess.DEVNULL,
                                capture_output=True, timeout=RUN_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Trouble(f"{row.name}: not done after {RUN_SECONDS} seconds") from error
    # 1, a verdict, is as good as 0: what matters is that all builds say the same
    if result.returncode not in (0, 1):
        words = result.stderr.decode(errors="replace").splitlines()[-15:]
        begun = [line for line in result.stdout.decode(errors="replace").splitlines()
                 if line.startswith("== ")]
        raise Trouble("\n".join([f"{row.name}: hypheap run ended with {result.returncode} at "
                                 f"{begun[-1][3:] if begun else 'its start'}:", *words]))
    return result.stdout


def split(row, output, programs):
    """A list of lines for each program."""
    found = {}
    for line in output.decode(errors="replace").splitlines():
        if line.startswith("== "):
            lines = found.setdefault(line[3:], [])
        else:
            lines.append(line)
    missing = [str(program) for program in programs if str(program) not in found]
    if missing:
        raise Trouble(f"{row.name}: no trace of {missing[0]}")
    return [found[str(program)] for program in programs]
