# SPDX-License-Identifier: GPL-2.0-only
"""A campaign's corpus: every input that any engine kept, by content, a copy of its own.

The engines' folders are where they work: libFuzzer takes away what a smaller
input replaced, AFL++ rewrites what it trims, and either may be cut off in the
middle of a file. So what appears there is copied, durably, into
corpus/TARGET/<SHA-1 of the content>, from where it also reaches the other
engine. Only `prune` takes anything out.
"""

import hashlib
import os
import time

from campaign_folder import flush
from fuzz_engines import LIBFUZZER_MOST

AT_ONCE = 500  # files a call, so that the workers are looked after between
SETTLED = 10  # seconds after which a file is no longer being written


def sha1(data):
    return hashlib.sha1(data).hexdigest()


def _entries(folder):
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _read(path):
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except FileNotFoundError:  # the engine took it away again
        return None


class Store:
    """The corpus of one target."""

    def __init__(self, folder, target, host):
        self.folder = folder
        self.target = target
        self.host = host
        self.kept = folder.corpus / target
        self.shared = folder.shared(target)
        self.names = set()
        self.given = set()
        self.seen = set()  # (folder, name) of what AFL++ has
        self.place = None  # which folder libFuzzer's is: one of the same name is another
        self.odd = {}  # in libFuzzer's folder, name not that of its content: since when
        self.found = 0  # taken from an engine since we began

    # ---- at the start --------------------------------------------------------

    def check(self):
        """Reads all of it. What is damaged is set aside; libFuzzer's copy may replace it."""
        self.names.clear()
        for entry in _entries(self.kept):
            data = _read(entry.path)
            if data is None:
                continue
            if sha1(data) == entry.name:
                self.names.add(entry.name)
            else:
                self._set_aside(entry.path, "corpus")
        self.restore()

    def restore(self, again=False):
        """libFuzzer's folder, if somebody emptied it, or again if it is another one."""
        self.shared.mkdir(parents=True, exist_ok=True)
        self.place = self.shared.stat().st_ino
        self.given = {entry.name for entry in _entries(self.shared)}
        if (self.given and not again) or not self.names:
            return
        for name in sorted(self.names):
            self._give(name, _read(self.kept / name))
        self.folder.event("restored", f"{self.shared}: was empty, has {len(self.given)} "
                          f"of the campaign's corpus again")

    def missing(self):
        """Somebody deleted it while it ran; an engine may have made an empty one since."""
        try:
            return self.shared.stat().st_ino != self.place
        except FileNotFoundError:
            return True

    # ---- while it runs -------------------------------------------------------

    def take(self, limit=AT_ONCE):
        """What is new with the engines and from other machines. Return: how many files."""
        begin = len(self.names)
        self._from_elsewhere(limit)
        found = self._from_libfuzzer(limit) + self._from_afl(limit)
        self.found += found
        if len(self.names) != begin:
            flush(self.kept)
        return found

    def _from_elsewhere(self, limit):
        """Files that scripts/campaign-sync brought, named by content."""
        for entry in _entries(self.kept):
            if entry.name in self.names:
                continue
            data = _read(entry.path)
            if data is None:
                continue
            if sha1(data) != entry.name:
                self._set_aside(entry.path, "corpus")
                continue
            self.names.add(entry.name)
            self._give(entry.name, data)
            limit -= 1
            if not limit:
                return

    def _from_libfuzzer(self, limit):
        found = 0
        names = {entry.name for entry in _entries(self.shared)}
        for name in sorted(names - self.names):
            data = _read(self.shared / name)
            if data is None:
                continue
            if sha1(data) != name:
                self._odd(name, data)
                continue
            self.odd.pop(name, None)
            self._keep(name, data)
            self.given.add(name)
            found += 1
            if found == limit:
                break
        return found

    def _odd(self, name, data):
        """Being written just now, or damaged, or put there under a name of its own."""
        since, before = self.odd.get(name, (time.monotonic(), None))
        if before != sha1(data):
            since = time.monotonic()
        self.odd[name] = since, sha1(data)
        if time.monotonic() - since < SETTLED:
            return
        del self.odd[name]
        self._keep(sha1(data), data)
        self._set_aside(self.shared / name, "libFuzzer's folder")

    def _from_afl(self, limit):
        """Each instance's own finds; what it imported comes from where we look anyway."""
        found = 0
        for instance in sorted(self.folder.instances(self.target).glob("*/queue")):
            for entry in _entries(instance):
                if (instance, entry.name) in self.seen or not entry.name.startswith("id:"):
                    continue
                data = b"" if ",sync:" in entry.name else _read(entry.path)
                if data is None:
                    continue
                name = sha1(data)
                if data and name not in self.names:
                    if found == limit:
                        return found
                    self._keep(name, data)
                    found += 1
                if data:
                    self._give(name, data)
                self.seen.add((instance, entry.name))
        return found

    def verify(self):
        """Files of libFuzzer's that changed under their name: the copy replaces them."""
        for entry in _entries(self.shared):
            if entry.name not in self.names:
                continue
            data = _read(entry.path)
            if data is None or sha1(data) == entry.name:
                continue
            good = _read(self.kept / entry.name)
            self._set_aside(entry.path, "libFuzzer's folder", "; the copy is in its place")
            self.given.discard(entry.name)
            self._give(entry.name, good)

    def _keep(self, name, data):
        if name not in self.names:
            # its name reaches the disk with the flush at the end of take()
            self.folder.write(self.kept / name, data, name_too=False)
            self.names.add(name)

    def _give(self, name, data):
        """To libFuzzer, which re-reads its folder."""
        if name in self.given or data is None or len(data) > LIBFUZZER_MOST:
            return
        if not (self.shared / name).exists():
            self.folder.write(self.shared / name, data, durable=False)
        self.given.add(name)

    def _set_aside(self, path, where, more=""):
        path = os.fspath(path)
        to = self.folder.aside / f"{self.target}-{os.path.basename(path)}"
        os.replace(path, to)
        self.folder.event("damaged", f"{path}: the content is not what the name in {where} "
                          f"says: set aside as {to}{more}")

    # ---- room on the disk ----------------------------------------------------

    def drop_copies(self, running, older):
        """Queue files that AFL++ instances not running now have beside the corpus's
        copy, at least so many seconds old. Return: bytes given back."""
        freed = 0
        for instance in sorted(self.folder.instances(self.target).glob("*/queue")):
            if instance.parent.name in running:
                continue
            for entry in _entries(instance):
                stat = entry.stat()
                if not entry.name.startswith("id:") or time.time() - stat.st_mtime < older:
                    continue
                data = _read(entry.path)
                if data is None or sha1(data) not in self.names:
                    continue
                os.unlink(entry.path)
                freed += stat.st_blocks * 512
        return freed
