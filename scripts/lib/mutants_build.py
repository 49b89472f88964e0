# SPDX-License-Identifier: GPL-2.0-only
"""Compiles mutants: the target's object for 4K pages alone, the rest as it was built."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
from pathlib import Path

import fuzz_build
from fuzz_error import Stop, tail

UNIT = "hypheap_allocator_12"  # the target of CMake that is mutated
TESTS = ("test_selftest", "test_free", "test_hvc", "test_loop")  # of the allocator alone
PROGRAMS = ("hypheap", "bare_selftest", *TESTS)
# What warns is compiled; what no C compiler of these days takes is not.
LENIENT = ["-Wno-error", "-Werror=incompatible-pointer-types", "-Werror=int-conversion", "-g0"]


def sha(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def run(command, log, folder, shell=False):
    with open(log, "wb") as output:
        return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                              stderr=subprocess.STDOUT, shell=shell, check=False,
                              start_new_session=True).returncode


class Builder:
    """A release build, but with nothing left for the linker to optimise, since every
    mutant is linked; and how it makes the unit and the programs."""

    def __init__(self, top, source=None, out=None, programs=PROGRAMS):
        self.top = top
        self.out = out or top / "build/mutants"
        self.folder = self.out / "release"
        self.programs = programs
        self.mirror = self.out / "link"
        self.linker = "-fuse-ld=gold" if shutil.which("ld.gold") else ""
        self.source = source or top / "allocator/el2/alloc.c"
        for name in ("compile", "object", "work"):
            (self.out / name).mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._numbers = iter(range(1 << 20))

    def prepare(self):
        """Sets up, builds, and reads the commands."""
        if subprocess.run([self.top / "scripts/setup"], check=False).returncode:
            raise Stop(2, "scripts/setup did not install what is missing")
        log = self.out / "build.log"

        def must(command):
            if run(command, log, self.top):
                raise Stop(2, f"{' '.join(map(str, command))} failed ({log}):\n{tail(log, 30)}")

        tests = "ON" if set(TESTS) & set(self.programs) else "OFF"
        fuzz_build.configure(self.top, self.folder, [
            "cmake", "-S", self.top, "--preset", "release", "-B", self.folder,
            "-DHYPHEAP_LTO=OFF", f"-DHYPHEAP_TESTS={tests}",
            f"-DHYPHEAP_ALLOC_SOURCE={self.source}"], must)
        must(["cmake", "--build", self.folder, "--target", *self.programs])
        self.text = self.source.read_text(encoding="utf-8")
        if not self.text.isascii():
            raise Stop(2, f"{self.source}: not ASCII, and places are counted in bytes")
        self.command = self.compile_command()
        self.object_command, self.links = self._link_commands()
        self.base = self._copy_inputs()
        self.original = self.compile(self.text)
        if not self.original:
            raise Stop(2, f"{self.source} does not compile ({self.work() / 'log'})")

    def compile_command(self):
        entries = json.loads((self.folder / "compile_commands.json").read_text(encoding="utf-8"))
        for entry in entries:
            command = shlex.split(entry["command"])
            output = command.index("-o") if "-o" in command else None
            if output and f"/{UNIT}.dir/" in command[output + 1]:
                self.unit = self.folder / command[output + 1]
                rest = command[:output] + command[output + 2:]
                return [part for part in rest if part not in ("-c", "-g")]
        raise Stop(2, f"{self.folder}/compile_commands.json: no {UNIT}")

    def _link_commands(self):
        """Done in a copy of the build without debug information: that takes longest."""
        result = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", *self.programs],
                                capture_output=True, text=True, check=True)
        lines = result.stdout.splitlines()
        target = next(line for line in lines if f"-T {self.folder}/allocator/{UNIT}.lds" in line)
        links = {name: next(line for line in lines if re.search(rf" -o (\S*/)?{name} ", line))
                 for name in self.programs}
        return target.replace(str(self.folder), str(self.mirror)), links

    def _copy_inputs(self):
        """Return: a hash of all that a mutant shares with the others."""
        shutil.rmtree(self.mirror, ignore_errors=True)
        inputs = {self.mirror / word for line in self.links.values() for word in line.split()}
        inputs |= {Path(word) for word in self.object_command.split()}
        # the access checks, which are compiled with each mutant
        checks = self.top / "allocator/backend/inline.c"
        parts = [checks.name, checks.read_bytes()]
        for path in sorted(path for path in inputs if path.is_relative_to(self.mirror)):
            path = Path(os.path.normpath(path))
            source = self.folder / path.relative_to(self.mirror)
            if path.suffix not in (".o", ".a", ".lds") or not source.exists() \
                    or path.name == f"{UNIT}.o" or f"/{UNIT}.dir/" in str(path):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, path)
            if path.name == "libhypheap_allocator.a":
                self._tool("ar", "d", path, f"{UNIT}.o")
            if path.suffix != ".lds":
                self._tool("objcopy", "-g", path)
            parts += [path.name, path.read_bytes()]
        return sha(*parts)

    def _tool(self, *command):
        log = self.work() / "log"
        if run(command, log, self.folder):
            raise Stop(2, f"{' '.join(map(str, command))} failed:\n{tail(log, 30)}")

    def work(self):
        """A folder of this thread's own."""
        if not hasattr(self._local, "folder"):
            self._local.folder = self.out / "work" / f"{os.getpid()}-{next(self._numbers)}"
            self._local.folder.mkdir(parents=True, exist_ok=True)
        return self._local.folder

    def clean(self):
        for folder in (self.out / "work").glob(f"{os.getpid()}-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def headers(self):
        """All that the unit includes besides the mutated file."""
        if not hasattr(self, "_headers"):
            files = [*sorted((self.top / "allocator").rglob("*.h")),
                     self.top / "allocator/target.c"]
            self._headers = sha(*(path.read_bytes() for path in files))
        return self._headers

    # ---- one mutant ---------------------------------------------------------------

    def compile(self, text):
        """Hash of the object, or None if it does not compile; the object is kept."""
        version = sha(text, self.headers(), *self.command, *LENIENT)
        known = self.out / "compile" / version
        if known.exists():
            name = known.read_text(encoding="ascii").strip()
            if not name or self.object(name).exists():
                return name or None

        work = self.work()
        mutant, overlay, target = work / "alloc.c", work / "overlay.yaml", work / "unit.o"
        mutant.write_text(text, encoding="utf-8")
        overlay.write_text(json.dumps({
            "version": 0, "use-external-names": False,
            "roots": [{"type": "file", "name": str(self.source),
                       "external-contents": str(mutant)}]}), encoding="utf-8")
        failed = run([*self.command, *LENIENT, "-ivfsoverlay", overlay, "-c", "-o", target],
                     work / "log", self.folder)
        name = ""
        if not failed:
            name = sha(target.read_bytes())
            target.rename(self.object(name))
        temporary = work / "known"
        temporary.write_text(name + "\n", encoding="ascii")
        temporary.rename(known)
        return name or None

    def object(self, name):
        return self.out / "object" / f"{name}.o"

    def link(self, name, programs):
        """Paths of @programs with that object; good until the thread links again."""
        work = self.work()
        made = work / "target.o"
        # GNU's tools are done before those of LLVM have started
        command = re.sub(r"\S*/(ld\.lld|lld)(?=\s)", "ld", self.object_command)
        command = re.sub(r"\S*/llvm-objcopy(?=\s)", "objcopy", command)
        command = re.sub(rf"\S*/{UNIT}\.dir/\S*target\.c\.o", str(self.object(name)), command)
        command = re.sub(rf"\S*/{UNIT}\.o\b", str(made), command)
        command = f"({command})"
        paths = []
        for program in programs:
            path = work / program
            link = self.links[program].replace(
                " allocator/libhypheap_allocator.a", f" {made} allocator/libhypheap_allocator.a", 1)
            link = re.sub(r"^: && \S+", ": && gcc", link)
            link = re.sub(rf" -o \S*{program} ", f" {self.linker} -Wl,-s -o {path} ", link)
            command += f" && ({link})"
            paths.append(path)
        log = work / "log"
        if run(command, log, self.mirror, shell=True):
            raise Stop(2, f"linking a mutant failed:\n{tail(log, 30)}")
        return paths
