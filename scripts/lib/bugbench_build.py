# SPDX-License-Identifier: GPL-2.0-only
"""Builds with a bug in them: only what the patch changes is compiled, the rest is
linked from a build of the clean sources. Patched sources are a copy."""

import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess

from fuzz_error import Stop

ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("AFL_")}
ENVIRONMENT["AFL_QUIET"] = "1"


def run(command, folder, **more):
    """Runs; a failure is shown as it was said."""
    result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env=ENVIRONMENT, check=False, **more)
    if result.returncode:
        shown = command if isinstance(command, str) else " ".join(map(str, command))
        raise Stop(2, f"{shown[:300]} failed:\n{result.stdout[-3000:]}")
    return result.stdout


class Clean:
    """A build of the sources as they are, which gives objects and commands. It is in
    build/<preset>, or in FOLDER."""

    def __init__(self, top, preset, targets, jobs, folder=None):
        self.top = top
        self.preset = preset
        self.folder = folder or top / "build" / preset
        if not (self.folder / "build.ninja").is_file():
            run(["cmake", "-S", top, "--preset", preset, "-B", self.folder], top)
        run(["ninja", f"-j{jobs}", *targets], self.folder)
        self.deps = self._deps()
        self.commands = {target: self._commands(target) for target in targets}

    def _deps(self):
        """Object: the sources that it comes from."""
        deps, name = {}, None
        for line in run(["ninja", "-t", "deps"], self.folder).split("\n"):
            if line.startswith(" "):
                # ccache may have made it relative to the build's folder
                deps[name].add(os.path.normpath(self.folder / line.strip()))
            elif ": #deps" in line:
                name = line.split(":")[0]
                deps[name] = set()
        return deps

    def _commands(self, target):
        return run(["ninja", "-t", "commands", target], self.folder).splitlines()

    def binary(self, target):
        return self.folder / target


class Patched:
    """A bug's sources, and its builds beside them, by content:
    build/bugbench/builds/<bug>-<hash>/<preset>/<target>. With @only_4k the bug is
    in the unit for pages of 4096 bytes alone: a third of the work."""

    def __init__(self, top, work, bug, jobs, only_4k=False):
        self.top = top
        self.only_4k = only_4k
        self.bug = bug
        self.jobs = jobs
        digest = hashlib.sha256(bug.diff.encode())
        for path in sorted((top / "allocator").rglob("*.[ch]")):
            digest.update(path.read_bytes())
        self.folder = work / "builds" / f"{bug.name}-{digest.hexdigest()[:12]}"
        self.source = self.folder / "source"

    def prepare(self):
        """The patched copy of the sources."""
        done = self.folder / "patched"
        if done.is_file():
            return
        for old in self.folder.parent.glob(self.bug.name + "-" + "[0-9a-f]" * 12):
            shutil.rmtree(old)
        skip = shutil.ignore_patterns("tests", "bugs")
        shutil.copytree(self.top / "allocator", self.source / "allocator", ignore=skip)
        patch = self.folder / "diff"
        patch.write_text(self.bug.diff, encoding="utf-8")
        run(["patch", "-p1", "-s", "-F0", "--no-backup-if-mismatch", "-i", patch],
            self.source)
        done.touch()

    def build(self, clean, target):
        """Return: the binary TARGET with the bug in it."""
        self.prepare()
        out = self.folder / (clean.preset + ("-4k" if self.only_4k else ""))
        stamp = hashlib.sha256((clean.binary(target)).read_bytes()).hexdigest()
        done = out / (target + ".done")
        if done.is_file() and done.read_text(encoding="ascii") == stamp:
            return out / target
        self._build(clean, target, out)
        done.write_text(stamp, encoding="ascii")
        return out / target

    def _build(self, clean, target, out):
        changed = {str(self.top / name) for name in self.bug.files}
        moved = {}  # what the clean build has: what is linked instead
        compiles, links = [], []
        for command in clean.commands[target]:
            match = re.search(r" -o (\S+) -c (\S+)", command)
            if not match:
                links.append(command)
            elif self.only_4k and re.match(r"allocator/.*_1[46]", match[1]):
                continue
            elif clean.deps.get(match[1], set()) & changed:
                if not match[1].startswith("allocator/"):
                    raise Stop(2, f"{self.bug.name}: {match[1]} is not the allocator's")
                moved[match[1]] = str(out / match[1])
                compiles.append((self._compile(command, match[1], out), out / match[1]))
        if not compiles:
            raise Stop(2, f"{self.bug.name}: no unit of {target} has what it changes")
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(lambda pair: self._compile_once(*pair, clean.folder), compiles))
        for command in links:
            self._link(command, clean.folder, out, moved)

    def _compile(self, command, name, out):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        command = command.replace(f"{self.top}/allocator", f"{self.source}/allocator")
        command = command.replace(f"-I{self.top} ", f"-I{self.source} -I{self.top} ")
        command = re.sub(r" -MD -MT \S+ -MF \S+", "", command)
        return command.replace(f" -o {name} ", f" -o {out / name} ")

    @staticmethod
    def _compile_once(command, product, folder):
        """The sources are this folder's for good: only the command may change."""
        done = product.with_suffix(".command")
        if done.is_file() and done.read_text(encoding="utf-8") == command:
            return
        run(command, folder, shell=True)
        done.write_text(command, encoding="utf-8")

    @staticmethod
    def _link(command, folder, out, moved):
        """A step that takes something that moved; its own product moves as well."""
        command = command.replace("/./", "/")
        words = re.split(r"([ ;])", command)
        inside = f"{folder}/"
        if not any(word.removeprefix(inside) in moved for word in words):
            return
        for pattern in (r"-o (\S+)\.tmp", r"(?:qc|cr) (\S+\.a)", r" -o (\S+)"):
            match = re.search(pattern, command)
            if match:
                break
        product = match[1].removeprefix(inside)
        if not product.startswith(("allocator/", "fuzz_", "hypheap")):
            raise Stop(2, f"{product} would change: not the allocator's")
        moved[product] = str(out / product)
        # and whatever is written on the way to it: others write theirs meanwhile
        for name in (word.removeprefix(inside) for word in words):
            if name.startswith(product + "."):
                moved[name] = str(out / name)
        (out / product).parent.mkdir(parents=True, exist_ok=True)
        words = [moved.get(word.removeprefix(inside), word) for word in words]
        run("".join(words), folder, shell=True)
