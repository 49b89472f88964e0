# SPDX-License-Identifier: GPL-2.0-only
"""What the cases of test_campaign_cases.py have in common."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
CAMPAIGN = TOP / "scripts/campaign"
FAKE = TOP / "scripts/tests/test_campaign_fake.py"
BUGGY = Path(os.environ["HYPHEAP_BUGGY"])
PATIENCE = 60  # seconds that a thing may take on a machine with other work
NOBODY = 65534
AS_ROOT = os.geteuid() == 0


class Place:
    """A folder with builds that are not real, and campaigns in it."""

    def __init__(self, work, targets="fuzz_heap", kinds="asan,main"):
        self.work = Path(work)
        self.work.chmod(0o755)
        self.dir = self.work / "campaign"
        self.ledger = self.work / "ledger"
        self.told = self.work / "told"
        self.failing = self.work / "failing"
        self.env = {**os.environ, "FAKE_LEDGER": str(self.ledger),
                    "PATH": f"{self.work}/bin:{os.environ['PATH']}"}
        self.options = ["--targets", targets, "--kinds", kinds, "--selfcheck", "true",
                        "--builds", self.work / "builds", "--corpus", self.work / "seeds",
                        "--disk-free", "1"]
        self.prefix = []
        for path in ("bin/afl-fuzz", "builds/libfuzzer-asan/fuzz_heap", "builds/afl/fuzz_heap",
                     "builds/libfuzzer-asan/fuzz_text", "builds/afl/fuzz_text",
                     "builds/afl/hypheap_afl_mutator.so"):
            self.put(path, FAKE)
        self.put("builds/release/hypheap", BUGGY)
        (self.work / "seeds").mkdir()
        (self.work / "seeds/one.ops").write_text("hypheap 1\ntopup 1\na = alloc 10\n",
                                                 encoding="ascii")
        (self.work / "failing.ops").write_text(
            "hypheap 1\ntopup 8\nb = alloc 100\nfree b\na = alloc 6000\nfree a\n",
            encoding="ascii")
        subprocess.run([BUGGY, "asm", self.work / "failing.ops", "-o", self.failing], check=True)

    def put(self, name, source):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)

    def with_crash(self):
        self.env["FAKE_CRASH"] = str(self.failing)

    def command(self, what, *more):
        return [*self.prefix, CAMPAIGN, what, "-d", self.dir, *more]

    def launch(self, what, *more):
        """In the foreground, without waiting."""
        if what == "start":
            more = (*self.options, *more)
        return subprocess.Popen(self.command(what, *more), env=self.env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True)

    def run(self, what, *more):
        """Exit status and words."""
        process = self.launch(what, *more)
        words = process.communicate(timeout=PATIENCE)[0]
        return process.returncode, words

    # ---- what is there ---------------------------------------------------------

    def status(self):
        """The last that a campaign has published; nothing before the first."""
        try:
            return json.loads((self.dir / "status.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"running": False, "findings": [], "workers": []}

    def events(self, kind):
        try:
            lines = (self.dir / "events.log").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [line["text"] for line in map(json.loads, lines) if line["kind"] == kind]

    def promised(self, kind):
        lines = self.ledger.read_text(encoding="ascii").splitlines()
        # the last may have been cut off with its writer
        return {line.split()[1] for line in lines
                if line.startswith(kind) and len(line) == len(kind) + 41}

    def corpus(self, target="fuzz_heap"):
        found = {}
        for path in (self.dir / "corpus" / target).iterdir():
            found[path.name] = path.read_bytes()
        return found


def wait_for(what, condition, process=None):
    end = time.monotonic() + PATIENCE
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"{what}: it ended with {process.returncode}: "
                                 f"{process.stdout.read()}")
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {PATIENCE} s")
        time.sleep(0.05)


class Case(unittest.TestCase):
    def setUp(self):
        self.work = self.enterContext(tempfile.TemporaryDirectory(prefix="campaign-"))
        self.place = Place(self.work)
        self.running = []
        self.addCleanup(self.kill_all)

    def kill_all(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdout.close()

    def launch(self, *words):
        process = self.place.launch(*words)
        self.running.append(process)
        return process

    def ended(self, process):
        """In peace, when asked to."""
        process.send_signal(signal.SIGTERM)
        words = process.communicate(timeout=PATIENCE)[0]
        self.assertEqual(process.returncode, 0, words)
        return words

    def is_up(self, process):
        wait_for("a status of its own", lambda: self.place.status().get("pid") == process.pid,
                 process)

    def at_work(self, process, files=4):
        wait_for("a corpus", lambda: self.place.ledger.exists() and
                 len(self.place.promised("corpus")) >= files, process)

    def assert_nothing_lost(self, corpus=True):
        kept = self.place.corpus()
        for name, data in kept.items():
            self.assertEqual(hashlib.sha1(data).hexdigest(), name)
        if corpus:
            self.assertEqual(self.place.promised("corpus") - set(kept), set())
        crashes = {path.name.rsplit("-", 1)[1] for path in
                   self.place.dir.glob("findings/*/inputs/*")}
        crashes |= {path.name.rsplit("-", 1)[1] for path in
                    (self.place.dir / "findings/new").iterdir()}
        self.assertEqual(self.place.promised("crash") - crashes, set())

    def refused(self, status, words, *command):
        got, text = self.place.run(*command)
        self.assertEqual(got, status, text)
        self.assertIn(words, text)
        self.assertEqual(len(text.strip().splitlines()), 1, text)
