# SPDX-License-Identifier: GPL-2.0-only
"""The ways to compile hypheap that scripts/digests compares."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
ROOT = TOP / "build" / "digests"
QEMU = ("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu")
EM_AARCH64 = 183  # in an ELF file's header
READY = ("release", "gcc", "dev", "arm64")  # presets


class Trouble(Exception):
    """Why it could not be tried, in a line or a few."""


def call(name, command):
    """Runs a command; its words are shown only if it fails."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
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

    @property
    def arm64(self):
        return self.compiler.startswith("aarch64")

    @property
    def name(self):
        words = ["arm64-gcc" if self.arm64 else self.compiler, self.level]
        return "-".join(words + ["lto"] * self.lto + ["sanitized"] * bool(self.sanitize))

    @property
    def command(self):
        return Program(self.name, ROOT / self.name / "hypheap").command

    def prepare(self, jobs):
        # CMakeLists.txt sets the flags of build type Release itself; the target
        # unit keeps away from LTO by itself
        flags = f"-{self.level} -g" + (" -flto" if self.lto else "")
        more = ["--preset", "arm64"] if self.arm64 else ["-G", "Ninja"]
        if self.lto and self.compiler == "clang":
            more.append("-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld")
        folder = ROOT / self.name
        call(self.name, ["cmake", "-S", TOP, *more, "-B", folder,
                         f"-DCMAKE_C_COMPILER={self.compiler}", "-DCMAKE_BUILD_TYPE=None",
                         f"-DCMAKE_C_FLAGS={flags}", "-DHYPHEAP_TESTS=OFF",
                         f"-DHYPHEAP_SANITIZE={self.sanitize}"])
        command = ["cmake", "--build", folder, "--target", "hypheap"]
        call(self.name, command + (["--parallel", str(jobs)] if jobs else []))


LEVELS = ("O2", "O0", "O1", "O3")
NATIVE = [*(Build("clang", level) for level in LEVELS),
          *(Build("gcc", level) for level in LEVELS),
          Build("clang", "O2", lto=True), Build("gcc", "O2", lto=True),
          *(Build("clang", level, "address,undefined") for level in ("O2", "O0")),
          Build("clang", "O2", "undefined")]
ARM64 = [Build("aarch64-linux-gnu-gcc", level) for level in LEVELS]


def all_builds(arm64):
    """The builds of the whole matrix; the first is what all others are held to."""
    tools = {"cmake", "ninja", "clang", "gcc", "ld.lld"}
    if arm64:
        tools |= {"aarch64-linux-gnu-gcc", QEMU[0]}
    for tool in sorted(tools):
        if not shutil.which(tool):
            option = " --arm64" if tool in ("aarch64-linux-gnu-gcc", QEMU[0]) else ""
            raise Trouble(f"{tool} is missing; scripts/setup{option} installs it")
    return NATIVE + (ARM64 if arm64 else [])


def ready_builds():
    """What the presets' build folders have."""
    found = [Program(name, TOP / "build" / name / "hypheap") for name in READY]
    found = [program for program in found if program.path.is_file()]
    if not shutil.which(QEMU[0]):
        found = [program for program in found if program.name != "arm64"]
    if not found:
        raise Trouble("--quick: no build/PRESET/hypheap yet: cmake --preset release, ninja")
    return found
