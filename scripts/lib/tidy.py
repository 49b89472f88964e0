# SPDX-License-Identifier: GPL-2.0-only
"""tidy.py BUILD: clang-tidy on each of our units that BUILD compiles."""

import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

# Of a command, what makes another unit of the same file. Not the page's size, nor the
# name that tells its objects apart: the compiler itself is there for each of them. Nor
# which alloc.c the target includes: the first is ours, the others are those of tests.
READ = re.compile(r"-([DUIi]|std=)")
SAME = re.compile(r"-D(HYP_PAGE_SHIFT|HYP_TARGET|HYPHEAP_ALLOC_SOURCE|\w+_EXPORTS)\b")
# What is included is left out, but the allocator is not a header.
TARGET = Path("allocator/target.c")
INCLUDED = [r"--header-filter=/allocator/el2/alloc\.c$", "--extra-arg=-Xclang",
            "--extra-arg=-analyzer-opt-analyze-headers"]


def reading(command):
    """What of a command clang-tidy's answer depends on."""
    words = shlex.split(command["command"])
    pairs = zip(words, [*words[1:], ""])
    return tuple(sorted((word, follows if word == "-include" else "") for word, follows in pairs
                        if READ.match(word) and not SAME.match(word)))


def units(build, folder):
    """Once each, however many targets compile it; nothing that was generated. The
    commands that are left are in FOLDER: clang-tidy takes all that it finds for a file."""
    top = Path.cwd()
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    once = {}
    for command in commands:
        file = Path(command["file"])
        if file.is_relative_to(top) and build.resolve() not in file.parents:
            once.setdefault((file, reading(command)), command)
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(list(once.values()), indent=1),
                                                  encoding="utf-8")
    # the longest first, so that no core waits for one in the end
    return sorted({file for file, _ in once},
                  key=lambda file: ("tests" in file.parts, -file.stat().st_size, file))


def check(folder, unit):
    # The analyzer takes most of the time, and most of that in the tests' macros.
    options = ["--checks=-clang-analyzer-*"] if "tests" in unit.parts else []
    if unit == TARGET.resolve():
        options = INCLUDED
    result = subprocess.run(["clang-tidy", "--quiet", "-p", folder, *options, unit],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        # stderr counts what was suppressed, unless the compiler itself complains
        print(result.stdout or result.stderr, end="", flush=True)
    return result.returncode == 0


def main():
    build = Path(sys.argv[1])
    folder = build / "tidy"
    every = units(build, folder)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        clean = list(pool.map(lambda unit: check(folder, unit), every))
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
