# SPDX-License-Identifier: GPL-2.0-only
"""What was found: replayed, explained, and how to see it again."""

import os
import re
import shlex
import subprocess
from dataclasses import dataclass

from fuzz_build import level_options

SHOWN = 5  # reports printed in full, one a signature
REPLAY_SECONDS = 60


@dataclass
class Replay:
    status: int  # exit status, negative: signal, None: still running at the end
    text: str
    command: str


def _run(command):
    shown = " ".join(shlex.quote(_short(part)) for part in command)
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace",
                                timeout=REPLAY_SECONDS, check=False)
    except subprocess.TimeoutExpired as late:
        text = late.stdout.decode(errors="replace") if late.stdout else ""
        return Replay(None, text, shown)
    # After our report libFuzzer prints how it got there, which is always the same.
    text = re.split(r"^==\d+== ?ERROR: libFuzzer: deadly signal$", result.stdout, flags=re.M)[0]
    return Replay(result.returncode, text, shown)


def _short(path):
    """Relative to where the user is, if that is below."""
    path = str(path)
    if not path.startswith("/"):
        return path
    relative = os.path.relpath(path)
    if relative.startswith(".."):
        return path
    return relative if "/" in relative else "./" + relative


def replay_of(crash, builds):
    """With the release build; if it holds there, with what is nearer to the engines."""
    if builds.target == "fuzz_text":  # not a program to run
        engines = [builds.folder(p) / builds.target for p in builds.wanted if p != "release"]
        replays = [_run([binary, crash]) for binary in engines]
        return next((replay for replay in replays if replay.status != 0), replays[0]), ""
    first = _run([builds.hypheap, "run", *level_options(), crash])
    if first.status != 0:
        return first, ""
    tried = ["build release"]
    others = [[builds.folder("dev") / "hypheap", "run", *level_options(), crash]]
    others += [[builds.folder(p) / t, crash] for p, ts in builds.wanted.items()
               for t in ts if t.startswith("fuzz_")]
    for command in others:
        if not command[0].exists():
            continue
        replay = _run(command)
        if replay.status != 0:
            return replay, f"holds with {', '.join(tried)}; fails with {replay.command}"
        tried.append(_short(command[0]))
    return first, f"does not happen again: holds with {', '.join(tried)}"


def signature_of(text):
    match = re.search(r"^\s*signature:\s*(\S+)", text, re.M)
    return match.group(1) if match else "unknown"


def _write_beside(crash, replay, builds):
    """The program as text, and the report."""
    shown = subprocess.run([builds.hypheap, "show", crash], stdin=subprocess.DEVNULL,
                           capture_output=True, check=False)
    if shown.returncode == 0:
        crash.with_name(crash.name + ".ops").write_bytes(shown.stdout)
    crash.with_name(crash.name + ".report").write_text(replay.text, encoding="utf-8")


def report(crashes, builds):
    """Prints each finding; returns scripts/fuzz's exit status."""
    seen = {}
    status = 1
    for crash in crashes:
        replay, note = replay_of(crash, builds)
        _write_beside(crash, replay, builds)
        signature = signature_of(replay.text)
        if replay.status == 3 or "HARNESS BUG" in replay.text:
            status = 3
        elif replay.status is not None and replay.status < 0 and not note:
            status = 3
            note = f"hypheap itself died of signal {-replay.status}: HARNESS BUG"
        seen[signature] = seen.get(signature, 0) + 1
        if seen[signature] > 1 or len(seen) > SHOWN:
            continue
        print(f"\nFOUND {signature}: {_short(crash)}")
        if note and replay.status == 0:
            note += f"; what libFuzzer saw is in {_short(crash.parent.parent / 'log')}"
        if note:
            print(note)
        if replay.status is None:
            print(f"still running after {REPLAY_SECONDS} s")
        print(replay.text.rstrip())
        print(f"replay: {replay.command}")

    print(f"\n{len(crashes)} failing inputs: " +
          ", ".join(f"{name} ({count})" for name, count in sorted(seen.items())),
          flush=True)
    return status
