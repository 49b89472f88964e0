# SPDX-License-Identifier: GPL-2.0-only
"""A campaign's folder: what lies where, who has it, and how it is written.

Whatever must outlive a power cut is written beside its place, flushed and then
renamed, so that at any time a file is there whole or not at all.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import sys
import time
from pathlib import Path

from fuzz_error import Stop

EVENTS_MOST = 16 << 20  # bytes of the log of events, after which a new one is begun


def host_name(name=None):
    """As AFL++ takes it for the name of an instance, which is 32 characters at most."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", name or socket.gethostname()).strip("-") or "host"
    if len(name) > 20:
        name = f"{name[:15]}-{hashlib.sha1(name.encode()).hexdigest()[:4]}"
    return name


class Folder:
    """Paths and the few ways to write."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        self.settings = self.path / "campaign.json"
        self.state = self.path / "state.json"
        self.status = self.path / "status.json"
        self.events = self.path / "events.log"
        self.history = self.path / "history.log"
        self.metrics = self.path / "metrics.prom"
        self.corpus = self.path / "corpus"
        self.findings = self.path / "findings"
        self.new = self.findings / "new"
        self.aside = self.path / "aside"
        self.crashes = self.path / "crashes"
        self.said = self.path / "log/said"
        self.scratch = self.path / "tmp"
        self.held = None

    def make(self, targets):
        for name in ("log", "stats"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        for folder in (self.new, self.aside, self.said, self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        for target in targets:
            (self.corpus / target).mkdir(parents=True, exist_ok=True)
            (self.crashes / target).mkdir(parents=True, exist_ok=True)

    def sweep(self):
        """What a run that was cut off had not renamed yet."""
        for left in self.scratch.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def shared(self, target):
        """The folder that all libFuzzer workers on a target read again and again."""
        return self.path / "libfuzzer" / target / "corpus"

    def instances(self, target):
        """AFL++'s, a folder each."""
        return self.path / "afl" / target

    def said_of(self, name):
        """What an engine said of a crash file, for as long as nobody has looked at it."""
        return self.said / name.rsplit("-", 1)[1]

    # ---- who has it ----------------------------------------------------------

    def lock(self):
        """One campaign in a folder. The lock goes with its process, however that ends.

        Return: what the last one left in it if it did not end by itself, else None.
        """
        handle = open(self.path / "lock", "a+", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise Stop(2, f"{self.path}: a campaign runs there, {self.holder()}") from error
        left = self._read_lock()
        self.held = handle
        self.claim()
        return left or None

    def claim(self):
        """The lock names this process, also after a fork."""
        self._write_lock({"pid": os.getpid(), "host": socket.gethostname(),
                          "since": time.strftime("%F %T")})

    def unlock(self):
        """A clean end leaves the lock empty."""
        if self.held:
            self._write_lock(None)
            self.held.close()
            self.held = None

    def _write_lock(self, words):
        self.held.seek(0)
        self.held.truncate()
        if words:
            self.held.write(json.dumps(words))
        self.held.flush()

    def _read_lock(self):
        try:
            return json.loads((self.path / "lock").read_text(encoding="utf-8") or "{}")
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def runs(self):
        """Whether a campaign has it now; what its lock says, or None."""
        try:
            with open(self.path / "lock", encoding="utf-8") as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    return None
                except OSError:
                    return self._read_lock() or {"pid": 0}
        except FileNotFoundError:
            return None

    def holder(self):
        words = self._read_lock()
        return f"process {words.get('pid', '?')} on {words.get('host', '?')} " \
               f"since {words.get('since', '?')}"

    # ---- writing -------------------------------------------------------------

    def write(self, path, data, durable=True, name_too=True):
        """All of it or nothing, and for good if durable. name_too: else the caller
        flushes the folder when it is through with many."""
        if isinstance(data, str):
            data = data.encode()
        temporary = self.scratch / f"{os.getpid()}-{path.name}"
        try:
            with open(temporary, "wb") as handle:
                handle.write(data)
                if durable:
                    handle.flush()
                    os.fsync(handle.fileno())
            os.rename(temporary, path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        if durable and name_too:
            flush(path.parent)

    def write_json(self, path, value, durable=True):
        self.write(path, json.dumps(value, indent=1, sort_keys=True) + "\n", durable)

    def event(self, kind, text, **more):
        """A line in the log of events, one JSON object; also from several processes."""
        line = {"at": round(time.time(), 1), "kind": kind, "text": text, **more}
        try:
            if self.events.stat().st_size > EVENTS_MOST:
                os.rename(self.events, self.path / "events.old.log")
        except FileNotFoundError:
            pass
        append(self.events, line)


def append(path, value):
    with open(path, "ab") as handle:
        handle.write(json.dumps(value).encode() + b"\n")
        handle.flush()
        os.fsync(handle.fileno())


def flush(folder):
    """What was renamed into it is there after a power cut."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def read_json(path, default):
    """A file that is damaged counts as one that is not there, and is told as such."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return default
    except ValueError:
        damaged = path.with_name(path.name + ".damaged")
        os.rename(path, damaged)
        print(f"{path} is damaged: set aside as {damaged}", file=sys.stderr, flush=True)
        return default


def read_lines(path, most=None):
    """The JSON objects of a log, or of its last bytes; a line that was cut off is none."""
    try:
        with open(path, "rb") as handle:
            if most:
                handle.seek(max(0, os.fstat(handle.fileno()).st_size - most))
            lines = handle.read().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue
