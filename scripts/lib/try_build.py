# SPDX-License-Identifier: GPL-2.0-only
"""Builds of an alloc.c that a user brings, in folders of its own."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import alloc_probe
from fuzz_error import Stop, tail

TOP = Path(__file__).resolve().parents[2]
OURS = TOP / "allocator/el2/alloc.c"


def check(path):
    """What it is, or a list of what is missing as the reason to stop."""
    if not path.is_file():
        raise Stop(2, f"{path}: no such file")
    if not shutil.which("clang"):
        raise Stop(2, "clang is missing; scripts/setup installs it")
    found = alloc_probe.probe(path, "clang")
    if not found.dialect:
        raise Stop(2, found.complaint() + "\n(README.md, \"Your own alloc.c\", says more)")
    return found


class Build:
    """One allocator: build/try/<name>-<hash>/<preset>; ours where it always is."""

    def __init__(self, source, jobs, say):
        self.source = source.resolve()
        self.jobs = jobs
        self.say = say
        self.ours = self.source == OURS
        name = hashlib.sha256(str(self.source).encode()).hexdigest()[:12]
        self.root = TOP / "build/try" / f"{self.source.stem}-{name}"
        self.root.mkdir(parents=True, exist_ok=True)

    def lock(self, wait=False):
        """One at a time in a folder. Return: what holds it, as long as it is open."""
        handle = open(self.root / "lock", "w", encoding="ascii")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            raise Stop(2, f"{self.root}: another run is at work there") from error
        return handle

    def folder(self, preset):
        return self.root / preset

    def make(self, preset, *targets):
        """Up to date. Return: the folder."""
        folder = self.folder(preset)
        self.say(f"building {self.source.name}, {preset}: {' '.join(targets)}")
        configure = ["cmake", "-S", TOP, "--preset", preset, "-B", folder,
                     f"-DHYPHEAP_ALLOC_SOURCE={self.source}", "-DHYPHEAP_TESTS=OFF"]
        if shutil.which("ccache"):
            configure.append("-DCMAKE_C_COMPILER_LAUNCHER=ccache")
        log = self.root / f"{preset}.log"
        env = {**os.environ, "CCACHE_BASEDIR": str(TOP), "CCACHE_NOHASHDIR": "1"}
        for command in (configure, ["cmake", "--build", folder, "--parallel", str(self.jobs),
                                    "--target", *targets]):
            with open(log, "ab" if command is not configure else "wb") as output:
                result = subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, env=env,
                                        stdout=output, stderr=subprocess.STDOUT, check=False)
            if result.returncode:
                raise Stop(2, f"{' '.join(map(str, command))} failed ({log}):\n{tail(log, 30)}")
        return folder
