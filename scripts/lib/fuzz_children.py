# SPDX-License-Identifier: GPL-2.0-only
"""Child processes, and that none of them outlives us."""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")

_prctl = ctypes.CDLL(None, use_errno=True).prctl


def adopt_orphans():
    """AFL++'s fork server is a session of its own: when its parent dies it is ours."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def environment(without=("AFL_", "HYPHEAP_"), **more):
    """Nothing of the caller's that changes what an engine does, and MORE. WITHOUT: names
    that begin so."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(without) and not name.endswith("SAN_OPTIONS")}
    return {**env, **more}


def start(command, log, env):
    """In a group of its own, so that Ctrl-C reaches us alone; ends if we are killed. It
    appends to its log, which others may cut."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    with open(log, "wb", opener=lambda path, _: os.open(path, flags, 0o644)) as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=env, start_new_session=True,
            preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0))


def stop(processes, seconds=10):
    """Ask, wait, then kill."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    end = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _all():
    """pid -> fields of /proc/PID/stat from the state on, of all processes: the name
    before it may have anything in it."""
    fields = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields[int(entry.name)] = stat.rsplit(")", 1)[1].split()
    return fields


def _parents(fields):
    return {pid: int(words[1]) for pid, words in fields.items()}


def parents_of_all():
    """pid -> parent's pid, of all processes."""
    return _parents(_all())


def family(root, parents=None):
    """The process and all that descend from it. parents: parents_of_all(), if known."""
    parents = parents or parents_of_all()
    found = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found
        found |= more


def core_seconds(*roots):
    """What these processes, all that they started, and those of them that ended have
    used: of the user and of the system. Of one that nobody has waited for it is known
    what it was in the end."""
    fields = _all()
    parents = _parents(fields)
    pids = set().union(*(family(root, parents) for root in roots)) & fields.keys()
    return sum(sum(map(int, fields[pid][11:15])) for pid in pids) / TICKS


def kill_all():
    """Every descendant, also orphans, until there is none."""
    for _ in range(100):
        pids = family(os.getpid()) - {os.getpid()}
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        time.sleep(0.02)
