# SPDX-License-Identifier: GPL-2.0-only
"""The builds that a campaign needs."""

import copy
from pathlib import Path

import fuzz_build
from campaign_plan import KINDS
from fuzz_error import Stop

TOP = Path(__file__).resolve().parents[2]


class Builds(fuzz_build.Builds):
    """As for one target, of all."""

    def __init__(self, settings):
        alloc = settings.get("alloc")
        targets = settings["targets"]
        super().__init__(TOP, targets[0], "none", Path(alloc) if alloc else None)
        for name in settings["kinds"]:
            kind = KINDS[name]
            self.wanted.setdefault(kind.preset, list(targets))
            if kind.engine == "afl":
                # the mutator of this build serves all of AFL++'s
                self.wanted.setdefault("afl", list(targets))
            if name == "cmplog":
                self.wanted.setdefault("afl-cmplog", list(targets))
        if "afl" in self.wanted:
            self.wanted["afl"].append("hypheap_afl_mutator")
        self.ready = bool(settings.get("builds"))
        if self.ready:
            self.root = Path(settings["builds"])
            self.hypheap = self.root / "release/hypheap"

    def build(self, logs):
        """Those that were built elsewhere must be there, all of them."""
        if not self.ready:
            fuzz_build.setup(TOP)
            super().build(logs)
            return
        for preset, names in self.wanted.items():
            for name in names:
                path = self.folder(preset) / (name + (".so" if "mutator" in name else ""))
                if not path.exists():
                    raise Stop(2, f"--builds: {path} is missing")

    def of(self, target):
        """What a finding of this target is replayed with."""
        one = copy.copy(self)
        one.target = target
        one.wanted = {preset: [target] for preset in self.wanted}
        return one
