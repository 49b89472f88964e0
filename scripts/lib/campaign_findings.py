# SPDX-License-Identifier: GPL-2.0-only
"""What the engines found: taken from their folders before anything else happens
to it, and counted per signature.

    findings/new/INPUT               waits to be looked at by campaign_triage.py
    findings/SIGNATURE/inputs/INPUT  what shows that signature
    findings/SIGNATURE/finding.json  and what is known of it
    findings/SIGNATURE/more          names of inputs beyond the first 500, which are not kept
    findings/counts.json             how often each was met

INPUT is TARGET--KIND-SHA1. An engine's file goes only when the copy is on the
disk and counted, so that kill -9 at any point loses none; at worst it counts one
twice.
"""

import hashlib
import os
import time

from campaign_folder import append, read_json, read_lines

SETTLED = 2  # seconds after which a file is no longer being written
INPUTS_MOST = 500  # kept of a signature; of more the names

# What libFuzzer's files begin with, and what it stands for. slow-unit is no finding.
LIBFUZZER_KINDS = ("crash", "timeout", "oom", "leak")


def slug(signature):
    """As in the names of the corpus."""
    return signature.replace("/", "-").replace("@", "-")


def input_name(target, kind, data):
    return f"{target}--{kind}-{hashlib.sha1(data).hexdigest()}"


def _names(folder):
    try:
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except FileNotFoundError:
        return []


class Findings:
    def __init__(self, folder):
        self.folder = folder
        self.path = folder.findings / "counts.json"
        counts = read_json(self.path, {})
        self.pending = counts.get("pending", {})  # input -> how often met
        self.counted = counts.get("counted", {})  # slug -> how often met
        self.known = {}  # input -> slug
        self.kept = {}  # slug -> number of inputs
        self.details = {}  # slug -> finding.json
        for path in self.folder.findings.glob("*/more"):
            self.known.update(dict.fromkeys(read_lines(path), path.parent.name))
        self.sort_in()

    def save(self):
        self.folder.write_json(self.path, {"pending": self.pending, "counted": self.counted})

    # ---- from the engines ----------------------------------------------------

    def take(self, targets):
        """Return: how many were met since the last call."""
        met = 0
        for target in targets:
            for path, kind in self._fresh(target):
                met += self._take_one(target, kind, path)
        return met

    def _fresh(self, target):
        folder = self.folder.crashes / target
        for name in _names(folder):
            for kind in LIBFUZZER_KINDS:
                if name.startswith(f"libfuzzer-{kind}-"):
                    yield folder / name, kind
            if name.startswith("libfuzzer-slow-unit-"):
                (folder / name).unlink()
        for kind, pattern in (("crash", "*/crashes*"), ("hang", "*/hangs*")):
            for instance in sorted(self.folder.instances(target).glob(pattern)):
                for name in _names(instance):
                    if name.startswith("id:"):
                        yield instance / name, kind

    def _take_one(self, target, kind, path):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return 0
        # what is being written just now is left for later; libFuzzer names by content
        number = hashlib.sha1(data).hexdigest()
        if not path.name.endswith(number) and \
                time.time() - path.stat().st_mtime < SETTLED:
            return 0
        self.meet(input_name(target, kind, data), data)
        path.unlink()
        return 1


    def meet(self, name, data):
        """Durable when this returns."""
        if name in self.known:
            self.folder.said_of(name).unlink(missing_ok=True)
            home = self.known[name]
            self.counted[home] = self.counted.get(home, 0) + 1
        else:
            if not (self.folder.new / name).exists():
                self.folder.write(self.folder.new / name, data)
            self.pending[name] = self.pending.get(name, 0) + 1
        self.save()

    # ---- from triage ---------------------------------------------------------

    def waiting(self):
        return len(_names(self.folder.new))

    def sort_in(self):
        """Counts what triage has moved to its signature since the last call."""
        changed = False
        for path in sorted(self.folder.findings.glob("*/inputs")):
            home = path.parent.name
            for name in _names(path):
                if name in self.known:
                    continue
                self.known[name] = home
                if name in self.pending:
                    self.counted[home] = self.counted.get(home, 0) + self.pending.pop(name)
                    changed = True
                elif home not in self.counted:
                    self.counted[home] = 1
                    changed = True
                self.kept[home] = self.kept.get(home, 0) + 1
                if self.kept[home] > INPUTS_MOST:
                    append(path.parent / "more", name)
                    (path / name).unlink()
                    self.kept[home] -= 1
        if changed:
            self.save()
        self._read_details()

    def _read_details(self):
        for path in self.folder.findings.glob("*/finding.json"):
            # what triage knows of it does not change once the hook has ended
            if not self.details.get(path.parent.name, {}).get("told"):
                self.details[path.parent.name] = read_json(path, {})

    def table(self):
        """A dict for each signature, the newest last."""
        rows = [{**detail, "slug": home, "events": self.counted.get(home, 0)}
                for home, detail in self.details.items()]
        return sorted(rows, key=lambda row: row.get("first", 0))
