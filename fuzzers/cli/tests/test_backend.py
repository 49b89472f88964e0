#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""--backend of run and stress: the same words from both, and what is refused.

usage: test_backend.py HYPHEAP CORPUS
"""
import resource
import signal
import subprocess
import sys
from pathlib import Path


def call(*command, before=None):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, preexec_fn=before)


def no_file():
    """A file cannot have a size, not even one in memory."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def one_line(result, status, *words):
    lines = result.stderr.splitlines()
    assert result.returncode == status, (result.returncode, result.stderr)
    assert all(word in lines[0] for word in words), result.stderr
    return lines


def main():
    hypheap, corpus = sys.argv[1:]
    programs = sorted(Path(corpus).glob("*/*.ops"))
    assert len(programs) > 100, len(programs)

    both = [call(hypheap, "run", "--trace", f"--backend={backend}", *programs)
            for backend in ("copy", "mmu")]
    assert both[0].returncode == both[1].returncode == 0, both[1].stderr
    assert both[0].stdout == both[1].stdout
    assert both[0].stdout.count("\tpanic fault\t") > 0, "no program of the corpus faults"
    assert call(hypheap, "run", "--trace", *programs).stdout == both[0].stdout

    for profile in ("heap", "host", "corrupt"):
        words = [call(hypheap, "stress", "--runs", "12", "--ops", "40", "--profile", profile,
                      "--digest", f"--backend={backend}") for backend in ("copy", "mmu")]
        assert not words[1].returncode, words[1].stderr
        digest = [result.stdout.splitlines()[-1] for result in words]
        assert digest[0].startswith("digest ") and digest[0] == digest[1], digest

    for command in ("run", "stress"):
        one_line(call(hypheap, command, "--backend=none"), 2, "neither copy nor mmu")
        lines = one_line(call(hypheap, command, "--backend=mmu", programs[0], before=no_file), 2,
                         "--backend=mmu", "File too large")
        assert len(lines) == 1, lines
        assert "--backend" in call(hypheap, "help", command).stdout
    print(f"{len(programs)} programs are the same on both backends")


if __name__ == "__main__":
    sys.exit(main())
