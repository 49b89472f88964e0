# SPDX-License-Identifier: GPL-2.0-only
"""tidy.py BUILD: clang-tidy on each of our units that BUILD compiles."""

import concurrent.futures
import json
import os
import subprocess
import sys
from pathlib import Path


def units(build):
    """Once each, however many targets compile it; nothing that was generated."""
    top = Path.cwd()
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    files = {Path(command["file"]) for command in commands}
    return sorted(file for file in files
                  if file.is_relative_to(top) and build.resolve() not in file.parents)


def check(build, unit):
    # The analyzer takes most of the time, and most of that in the tests' macros.
    less = ["--checks=-clang-analyzer-*"] if "tests" in unit.parts else []
    result = subprocess.run(["clang-tidy", "--quiet", "-p", build, *less, unit],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        # stderr counts what was suppressed, unless the compiler itself complains
        print(result.stdout or result.stderr, end="", flush=True)
    return result.returncode == 0


def main():
    build = Path(sys.argv[1])
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        clean = list(pool.map(lambda unit: check(build, unit), units(build)))
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
