# SPDX-License-Identifier: GPL-2.0-only
"""What a campaign remembers of itself over restarts (state.json)."""

import struct
import time

from campaign_folder import append, read_json, read_lines

OFTEN = 600  # seconds in which a sample is kept every SAMPLE_FIRST
SAMPLE_FIRST = 10
SAMPLE = 60


def read_counters(path):
    """Programs and operations, as a fuzz target counts them (fuzzers/engines/stats.h)."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return 0, 0
    return struct.unpack_from("=QQ", data) if len(data) >= 16 else (0, 0)


class Books:
    def __init__(self, folder):
        self.folder = folder
        state = read_json(folder.state, {})
        self.begun = state.get("begun", time.time())
        self.ran = state.get("ran", 0.0)  # seconds, in all runs before this one
        self.served = state.get("served", {})  # role -> seconds
        self.totals = state.get("totals", {})  # role -> programs, operations
        self.restarts = state.get("restarts", {})  # role -> how often
        self.best = state.get("best", {})  # target -> engine -> edges, of, features
        self.last_new = state.get("last_new", 0.0)
        self.control = state.get("control", {})
        self.since = time.monotonic()
        self.sampled = None

    def save(self):
        self.folder.write_json(self.folder.state, {
            "begun": self.begun, "ran": self.seconds(), "served": self.served,
            "totals": self.totals, "restarts": self.restarts, "best": self.best,
            "last_new": self.last_new, "control": self.control})

    def seconds(self):
        """How long the campaign ran, in all runs together."""
        return self.ran + time.monotonic() - self.since

    # ---- per role --------------------------------------------------------------

    def add_counter_file(self, name, path):
        """A file of a run that is over. It goes, so that it is added once."""
        programs, ops = read_counters(path)
        if programs:
            before = self.totals.get(name, [0, 0])
            self.totals[name] = [before[0] + programs, before[1] + ops]
            self.save()
        path.unlink(missing_ok=True)

    def left_over(self, roles):
        """Counters of a run that was cut off. roles: file name -> role."""
        for path in sorted((self.folder.path / "stats").iterdir()):
            if path.name in roles:
                self.add_counter_file(roles[path.name], path)

    def served_for(self, name, seconds):
        self.served[name] = self.served.get(name, 0.0) + seconds

    def restarted(self, name):
        self.restarts[name] = self.restarts.get(name, 0) + 1

    # ---- coverage ----------------------------------------------------------------

    def reached(self, role, figures):
        """Edges, of how many, features: the best that the engine came to on this target."""
        best = self.best.setdefault(role.target, {})
        before = best.get(role.kind.preset, [0, 0, 0])
        now = [max(pair) for pair in zip(before, figures)]
        if now[0] > before[0] or now[2] > before[2]:
            self.last_new = time.time()
        best[role.kind.preset] = now

    def coverage(self, target):
        """A build each, as edges of one have no meaning in another; and the best of these."""
        builds = self.best.get(target, {})
        return {
            "edges": max((best[0] for best in builds.values()), default=0),
            "features": max((best[2] for best in builds.values()), default=0),
            "builds": builds,
        }

    # ---- over time -----------------------------------------------------------------

    def sample(self, snapshot):
        """A line in history.log now and then: what the charts are drawn from."""
        every = SAMPLE_FIRST if self.seconds() < OFTEN else SAMPLE
        now = time.monotonic()
        if self.sampled is not None and now - self.sampled < every:
            return
        self.sampled = now
        append(self.folder.history, {
            "at": round(time.time(), 1), "ran": round(self.seconds(), 1),
            "programs": snapshot["programs"], "operations": snapshot["operations"],
            "execs_per_second": snapshot["execs_per_second"],
            "findings": len(snapshot["findings"]), "events": snapshot["events"],
            "targets": {name: {key: row[key] for key in ("edges", "features", "corpus")}
                        for name, row in snapshot["targets"].items()}})

    def history(self):
        return list(read_lines(self.folder.history))
