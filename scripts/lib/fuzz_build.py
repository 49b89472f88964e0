# SPDX-License-Identifier: GPL-2.0-only
"""The builds that fuzzing needs, and where they are."""

import fcntl
import hashlib
import os
import subprocess

from fuzz_error import Stop, tail


def setup(top):
    result = subprocess.run([top / "scripts/setup", "--build-only"], check=False)
    if result.returncode:
        raise Stop(2, "scripts/setup did not install what is missing")


def configure(top, folder, command, run):
    """run(COMMAND), cmake for FOLDER, unless that was the last that was done there. When
    a CMakeLists.txt changes ninja sees to it, but it knows neither presets nor options."""
    stamp, cache = folder / "configured", folder / "CMakeCache.txt"
    wanted = " ".join(map(str, command)) + "\n"
    wanted += (top / "CMakePresets.json").read_text(encoding="utf-8")
    try:
        done = (folder / "build.ninja").is_file() and \
            stamp.stat().st_mtime_ns >= cache.stat().st_mtime_ns and \
            stamp.read_text(encoding="utf-8") == wanted
    except OSError:
        done = False
    if not done:
        run(command)
        stamp.write_text(wanted, encoding="utf-8")


def level_options():
    """For hypheap: at which level the fuzz targets run, which read the same."""
    level = os.environ.get("HYPHEAP_LEVEL")
    if level not in (None, "exact", "contract"):
        raise Stop(2, f"HYPHEAP_LEVEL: \"{level}\" is neither exact nor contract")
    return [f"--oracle={level}"] if level else []


class Builds:
    """Build folders: build/<preset>, with another allocator build/fuzz-alloc-<hash>/<preset>.
    For a positive control with the target CONTROL also what that needs."""

    def __init__(self, top, target, engine, alloc, control=None):
        self.top = top
        self.target = target
        self.alloc = alloc.resolve() if alloc else None
        self.root = top / "build"
        if self.alloc:
            name = hashlib.sha256(str(self.alloc).encode()).hexdigest()[:12]
            self.root = top / "build" / f"fuzz-alloc-{name}"
        targets = [target]
        if control:
            targets = [*dict.fromkeys([target, control]), "hypheap"]
        self.wanted = {"release": ["hypheap"]}
        if engine in ("both", "libfuzzer"):
            self.wanted["libfuzzer"] = targets
        if engine in ("both", "afl"):
            self.wanted["afl"] = [*targets, "hypheap_afl_mutator"]
        self.hypheap = self.root / "release/hypheap"

    def folder(self, preset):
        return self.root / preset

    def build(self, logs):
        """Configure and build what is wanted; a compiler's complaint is shown."""
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / "lock", "w", encoding="ascii") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # cmake and ninja have none of their own
            self._build(logs)

    def _build(self, logs):
        for preset, targets in self.wanted.items():
            folder = self.folder(preset)
            cmake = ["cmake", "-S", self.top, "--preset", preset, "-B", folder]
            if self.alloc:
                cmake.append(f"-DHYPHEAP_ALLOC_SOURCE={self.alloc}")
            log = logs / f"build-{preset}.log"
            print(f"building {preset}: {' '.join(targets)}", flush=True)
            configure(self.top, folder, cmake, lambda command: self._run(command, log))
            self._run(["cmake", "--build", folder, "--target", *targets], log)

    def _run(self, command, log):
        # AFL++'s compiler takes orders from the environment: the caller's are not ours.
        env = {k: v for k, v in os.environ.items() if not k.startswith("AFL_")}
        env["AFL_QUIET"] = "1"
        with open(log, "wb") as output:
            result = subprocess.run(command, cwd=self.top, stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=subprocess.STDOUT, env=env,
                                    check=False)
        if result.returncode:
            command = " ".join(map(str, command))
            raise Stop(2, f"{command} failed ({log}):\n{tail(log, 30)}")
