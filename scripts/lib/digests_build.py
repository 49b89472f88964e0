# SPDX-License-Identifier: GPL-2.0-only
"""The ways to compile hypheap that scripts/digests compares."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
ROOT = TOP / "build" / "digests"
QEMU = ("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu")
EM_AARCH64 = 183  # in an ELF file's header
READY = ("release", "gcc", "dev")  # presets
SANITIZED = {"": [], "undefined": ["ubsan"], "address,undefined": ["asan", "ubsan"]}
CROSS = {"gcc": "aarch64-linux-gnu-gcc", "clang": "clang"}


class Trouble(Exception):
    """Why it could not be tried, in a line or a few."""


def call(name, command, env=None):
    """Runs a command; its words are shown only if it fails."""
    result = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False)
    if result.returncode:
        words = result.stdout.decode(errors="replace").splitlines()[-30:]
        raise Trouble("\n".join([f"{name}: {' '.join(map(str, command))} failed:", *words]))


class Program:
    """A hypheap that is there, and how to run it here."""

    def __init__(self, name, path):
        self.name, self.path = name, Path(path)

    def prepare(self, _jobs):
        if not self.path.is_file():
            raise Trouble(f"{self.name}: no such file: {self.path}")

    @property
    def command(self):
        with open(self.path, "rb") as file:
            machine = int.from_bytes(file.read(20)[18:20], "little")
        if machine != EM_AARCH64:
            return [self.path]
        if not shutil.which(QEMU[0]):
            raise Trouble(f"{self.name}: {QEMU[0]} is missing; scripts/setup --arm64 installs it")
        return [*QEMU, self.path]


@dataclass
class Build:
    """One way to compile."""
    compiler: str
    level: str
    sanitize: str = ""
    lto: bool = False
    arm64: bool = False

    @property
    def name(self):
        words = ["arm64"] * self.arm64 + [self.compiler, self.level] + ["lto"] * self.lto
        return "-".join(words + SANITIZED[self.sanitize])

    @property
    def command(self):
        return Program(self.name, ROOT / self.name / "hypheap").command

    def prepare(self, jobs):
        """Up to date, in a folder that is kept."""
        # CMakeLists.txt sets the flags of build type Release itself; the target
        # unit keeps away from LTO by itself. Nobody looks at debug information.
        flags = f"-{self.level}" + (" -flto" if self.lto else "")
        compiler, more = self.compiler, ["-G", "Ninja"]
        if self.arm64:
            compiler, more = CROSS[compiler], ["--preset", "arm64",
                                               "-DCMAKE_C_COMPILER_TARGET=aarch64-linux-gnu"]
        if self.lto and compiler == "clang":
            more.append("-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld")
        if shutil.which("ccache"):
            more.append("-DCMAKE_C_COMPILER_LAUNCHER=ccache")
        env = {**os.environ, "CCACHE_BASEDIR": str(TOP), "CCACHE_NOHASHDIR": "1"}
        folder = ROOT / self.name
        call(self.name, ["cmake", "-S", TOP, *more, "-B", folder,
                         f"-DCMAKE_C_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=None",
                         f"-DCMAKE_C_FLAGS={flags}", "-DHYPHEAP_TESTS=OFF",
                         f"-DHYPHEAP_SANITIZE={self.sanitize}"], env)
        command = ["cmake", "--build", folder, "--target", "hypheap"]
        call(self.name, command + (["--parallel", str(jobs)] if jobs else []), env)


# From the first, one thing at a time is changed: the compiler, the level, LTO, what
# sanitizers add (undefined alone is another check of the target's accesses than with
# address; -O0 with both leaves most to go wrong), the machine.
LEVELS = ("O2", "O0", "O1", "O3")
NATIVE = [*(Build("clang", level) for level in LEVELS),
          *(Build("gcc", level) for level in LEVELS),
          Build("clang", "O2", lto=True), Build("gcc", "O2", lto=True),
          *(Build("clang", level, "address,undefined") for level in ("O2", "O0")),
          Build("clang", "O2", "undefined")]
ARM64 = [*(Build("gcc", level, arm64=True) for level in LEVELS),
         Build("clang", "O2", arm64=True)]


def all_builds(arm64):
    """The builds of the whole matrix; the first is what all others are held to."""
    for tool in ("clang", "cmake", "gcc", "ld.lld", "ninja"):
        if not shutil.which(tool):
            raise Trouble(f"{tool} is missing; scripts/setup installs it")
    if arm64:  # before the hour that the others take
        check = subprocess.run([TOP / "scripts/setup", "--check", "--build-only", "--arm64"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, check=False)
        if check.returncode:
            missing = " ".join(check.stderr.split()).removeprefix("setup: ")
            raise Trouble(f"{missing}; scripts/setup --arm64 installs it")
    return NATIVE + (ARM64 if arm64 else [])


def ready_builds(arm64):
    """What the presets' build folders have."""
    presets = [*READY, "arm64"] if arm64 else READY
    found = [Program(name, TOP / "build" / name / "hypheap") for name in presets]
    found = [program for program in found if program.path.is_file()]
    if not found:
        raise Trouble("--quick: no build/PRESET/hypheap yet: cmake --preset release, ninja")
    return found
