# SPDX-License-Identifier: GPL-2.0-only
"""`prune`: the corpus without what adds nothing, while no campaign runs.

What is kept, scripts/distil says and proves: coverage, state features and killed
mutants. fuzz_text's inputs are no programs: libFuzzer's own merge, and that the
result reaches the same edges and features.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from campaign_build import TOP, Builds
from campaign_folder import flush
from campaign_store import Store, sha1
from fuzz_engines import LIBFUZZER_MOST
from fuzz_error import Stop

DISTIL = TOP / "scripts/distil"
LINE = re.compile(r"INITED cov: (\d+) ft: (\d+)")


def _run(command, log):
    """Its words also go to the log. Return: exit status and words."""
    with open(log, "wb") as handle:
        result = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                                stdout=handle, stderr=subprocess.STDOUT, cwd=log.parent,
                                check=False)
    return result.returncode, log.read_text(encoding="utf-8", errors="replace")


def _distil(old, new, seconds, log):
    command = [DISTIL, old, "-o", new]
    if seconds:
        command += ["--seconds", str(seconds)]
    status, words = _run(command, log)
    if status:
        raise Stop(2 if status == 2 else 1, f"scripts/distil ended with {status}: the corpus "
                   f"is as it was ({log}):\n{words[-2000:]}")
    print(words.rstrip())


def _reached(binary, folders, log):
    status, words = _run([binary, "-runs=0", f"-max_len={LIBFUZZER_MOST}", *folders], log)
    match = LINE.search(words)
    if status or not match:
        raise Stop(3, f"{binary} ended with {status} ({log})")
    return tuple(map(int, match.groups()))


def _merge(binary, old, new, log):
    """libFuzzer's merge of inputs that are text."""
    status, words = _run([binary, "-merge=1", f"-max_len={LIBFUZZER_MOST}", new, old], log)
    if status:
        raise Stop(3, f"{binary} -merge=1 ended with {status} ({log}):\n{words[-2000:]}")
    before, after = _reached(binary, [old, new], log), _reached(binary, [new], log)
    if before != after:
        raise Stop(1, f"{old}: edges and features {before} would become {after}: the corpus "
                   "is as it was")
    print(f"fuzz_text: {before[0]} edges, {before[1]} features before and after")


def _swap(folder, target, new):
    """The small corpus in the place of the large. Cut off in the middle, both are there,
    and the next run or prune sees files that are missing as ones that are new."""
    kept = folder.corpus / target
    names = {entry.name for entry in os.scandir(new)}
    for name in names:
        if not (kept / name).exists():
            os.rename(new / name, kept / name)
    flush(kept)
    # the engines' folders first: they would bring back what goes
    for path in (folder.shared(target), folder.instances(target)):
        if path.exists():
            shutil.rmtree(path)
    for entry in list(os.scandir(kept)):
        if entry.name not in names:
            os.unlink(entry.path)
    flush(kept)


def prune(folder, settings, seconds):
    """Each target's corpus. Stop, and all as it was, if something would be lost."""
    builds = Builds(settings)
    programs = [target for target in settings["targets"] if target != "fuzz_text"]
    if programs and not DISTIL.exists():
        raise Stop(2, f"{DISTIL} is missing")
    folder.make(settings["targets"])
    folder.sweep()
    for target in settings["targets"]:
        store = Store(folder, target, settings["host"])
        store.check()
        while store.take():
            pass
        before = len(store.names)
        new = folder.scratch / f"prune-{target}"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        log = folder.path / f"log/prune-{target}.log"
        if before and target == "fuzz_text":
            presets = [p for p in ("libfuzzer-asan", "libfuzzer-ubsan", "libfuzzer")
                       if p in builds.wanted]
            if not presets:
                print(f"{target}: no libFuzzer build to merge with, left as it is")
                continue
            _merge(builds.folder(presets[0]) / target, store.kept, new, log)
        elif before:
            _distil(store.kept, new, seconds, log)
        by_content(new)
        _swap(folder, target, new)
        shutil.rmtree(new)
        store.check()
        words = f"{target}: {before} files became {len(store.names)}"
        folder.event("pruned", words)
        print(words)
    return 0


def by_content(folder):
    """The names that the corpus has, whatever the distiller calls its files."""
    for path in [Path(entry.path) for entry in os.scandir(folder) if entry.is_file()]:
        name = sha1(path.read_bytes())
        if path.name != name:
            os.rename(path, path.with_name(name))
