# SPDX-License-Identifier: GPL-2.0-only
"""What test_campaign.sh runs; HYPHEAP_BUGGY is a hypheap with a planted bug."""

import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path
from unittest import mock

from test_campaign_place import AS_ROOT, BUGGY, NOBODY, PATIENCE, TOP, Case, wait_for

sys.path.insert(0, str(TOP / "scripts/lib"))
import campaign_findings  # noqa: E402  pylint: disable=wrong-import-position
import campaign_plan  # noqa: E402  pylint: disable=wrong-import-position
import campaign_prune  # noqa: E402  pylint: disable=wrong-import-position
import campaign_workers  # noqa: E402  pylint: disable=wrong-import-position
from campaign_folder import Folder  # noqa: E402  pylint: disable=wrong-import-position
from fuzz_error import Stop  # noqa: E402  pylint: disable=wrong-import-position


class Words(Case):
    def test_bad_usage(self):
        self.assertEqual(self.place.run("status", "--help")[0], 0)
        self.refused(2, "no campaign there", "status")
        self.refused(2, "no campaign there", "stop")
        self.refused(2, "no campaign there", "resume")
        for option, value, words in (("--corpus", "/none", "not a folder"),
                                     ("--alloc", "/none.c", "no such file"),
                                     ("--builds", "/none", "not a folder")):
            self.refused(2, words, "start", option, value)
        for option, value in (("--targets", "fuzz_none"), ("--jobs", "0")):
            self.assertEqual(self.place.run("start", option, value)[0], 2)
        self.assertFalse(self.place.dir.exists())

    def test_a_binary_is_missing(self):
        (Path(self.work) / "builds/afl/fuzz_heap").unlink()
        self.refused(2, "builds/afl/fuzz_heap is missing", "start")

    def test_two_on_one_folder(self):
        first = self.launch("start")
        self.at_work(first)
        self.refused(2, "a campaign runs there, process", "start")
        self.refused(2, "a campaign runs there, process", "resume")
        self.refused(2, "a campaign runs there, process", "prune")
        self.assertEqual(self.place.run("stop")[0], 0)
        self.assertEqual(first.wait(PATIENCE), 0)
        self.refused(2, "goes on with it", "start")
        self.refused(2, "has a /tmp of its own", "unit")
        self.refused(2, "no campaign runs there", "stop")

        status, words = self.place.run("resume", "--background")
        self.addCleanup(self.place.run, "stop")
        self.assertEqual(status, 0, words)
        wait_for("another process", lambda: self.place.status()["pid"] != first.pid)
        self.assertEqual(self.place.run("stop")[0], 0)
        self.assertIn("end: ", (self.place.dir / "log/campaign.log").read_text("utf-8"))
        self.assert_nothing_lost()


class Kept(Case):
    def test_killed_at_random(self):
        self.place.with_crash()
        what = "start"
        chance = random.Random(os.getpid())
        for _ in range(5):
            process = self.launch(what)
            if what == "start":
                self.at_work(process)
            what = "resume"
            time.sleep(chance.uniform(0.3, 2.5))
            victims = self.family(process.pid)
            if chance.random() < 0.5:
                victims = [chance.choice(victims)]
            for pid in victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        process = self.launch("resume")
        self.is_up(process)
        wait_for("triage", lambda: self.place.promised("crash") and
                 not list((self.place.dir / "findings/new").iterdir()) and
                 list(self.place.dir.glob("findings/*/finding.json")), process)
        self.ended(process)
        self.assertTrue(self.place.events("cut off"))
        self.assertGreater(len(self.place.promised("corpus")), 20)
        self.assert_nothing_lost()

    @staticmethod
    def family(pid):
        """The campaign and its workers."""
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [pid, *map(int, children.split())]

    def test_damaged_and_deleted(self):
        process = self.launch("start")
        self.at_work(process)
        self.ended(process)
        kept = sorted(self.place.promised("corpus"))
        shared = self.place.dir / "libfuzzer/fuzz_heap/corpus"
        one = next(name for name in kept if (shared / name).exists())
        (shared / one).write_bytes(b"damaged")
        two = next(name for name in kept if (shared / name).exists() and name != one)
        (self.place.dir / "corpus/fuzz_heap" / two).write_bytes(b"damaged too")
        process = self.launch("resume")
        wait_for("two events", lambda: len(self.place.events("damaged")) >= 2, process)
        self.is_up(process)
        # and a folder that goes while its worker runs
        shutil.rmtree(self.place.dir / "libfuzzer")
        wait_for("the folder again", lambda: self.place.events("restored"), process)
        [instance] = (self.place.dir / "afl/fuzz_heap").iterdir()
        self.ended(process)
        words = "\n".join(self.place.events("damaged"))
        self.assertIn(one, words)
        self.assertIn(two, words)
        self.assertEqual(len(list((self.place.dir / "aside").iterdir())), 2)
        # what was in AFL++'s is in the corpus, and AFL++ begins anew
        shutil.rmtree(instance)
        before = len(self.place.promised("corpus"))
        process = self.launch("resume")
        wait_for("more", lambda: len(self.place.promised("corpus")) > before + 4, process)
        self.ended(process)
        self.assertTrue(instance.is_dir())
        self.assert_nothing_lost(corpus=False)
        self.assertIn(one, self.place.corpus())
        self.assertIn(two, self.place.corpus())

    def test_no_write_permission(self):
        if AS_ROOT:  # whom no permission stops
            os.chown(self.work, NOBODY, NOBODY)
            self.place.prefix = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"]
        process = self.launch("start")
        self.at_work(process)
        for path in (self.place.dir / "corpus/fuzz_heap", self.place.dir):
            path.chmod(0o555)
        words = process.communicate(timeout=PATIENCE)[0]
        self.assertEqual(process.returncode, 2, words)
        self.assertIn("Permission denied", words)
        self.assertIn(str(self.place.dir), words)
        self.assertIn("nothing that was found is lost", words)
        for path in (self.place.dir / "corpus/fuzz_heap", self.place.dir):
            path.chmod(0o755)
        process = self.launch("resume")
        self.is_up(process)
        self.ended(process)
        self.assert_nothing_lost()

    def test_disk_full(self):
        self.place.dir.mkdir()
        # a file system of its own, gone with the last process that sees it
        self.place.prefix = ["unshare", "--mount", *([] if AS_ROOT else ["-r"]), "sh", "-c",
                             f"mount -t tmpfs -o size=4m tmpfs '{self.place.dir}' && "
                             f"('{self.work}/fill' & exec \"$@\"); status=$?; "
                             f"cp -r '{self.place.dir}' '{self.work}/copy'; exit $status",
                             "sh"]
        fill = Path(self.work) / "fill"
        fill.write_text(f"#!/bin/sh\nuntil [ -s '{self.place.ledger}' ]; do sleep 0.1; done\n"
                        f"head -c 3000000 /dev/zero >'{self.place.dir}/filler'\n",
                        encoding="ascii")
        fill.chmod(0o755)
        status, words = self.place.run("start")
        self.assertEqual(status, 2, words)
        self.assertRegex(words, r"campaign: .*: disk full: 0 MiB free, 1 MiB must stay free")
        self.assertIn("lost nothing", words)
        self.place.dir = Path(self.work) / "copy"
        (self.place.dir / "filler").unlink()
        self.place.prefix = []
        process = self.launch("resume")
        self.is_up(process)
        self.ended(process)
        self.assert_nothing_lost()


class Found(Case):
    def test_told_once(self):
        place = self.place
        place.with_crash()
        hook = Path(self.work) / "hook"
        hook.write_text(f"#!/bin/sh\necho \"$1|$2|$3|$HYPHEAP_SIGNATURE|$HYPHEAP_TARGET\" "
                        f">>'{place.told}'\n", encoding="ascii")
        hook.chmod(0o755)
        process = self.launch("start", "--hook", str(hook))
        wait_for("the hook", place.told.exists, process)

        def counted():
            rows = place.status()["findings"]
            return bool(rows) and rows[0]["events"] >= 2
        wait_for("a second event", counted, process)
        self.ended(process)
        process = self.launch("resume")
        before = place.status()["findings"][0]["events"]
        wait_for("a third", lambda: place.status()["findings"][0]["events"] > before, process)
        self.ended(process)

        home = place.dir / "findings/zeroed-alloc"
        self.assertEqual(place.told.read_text(encoding="ascii"),
                         f"zeroed/alloc|{home}/min.ops|{home}/report.html|zeroed/alloc|"
                         "fuzz_heap\n")
        small = (home / "min.ops").read_text(encoding="ascii")
        self.assertIn("signature: zeroed/alloc", small)
        self.assertNotIn("free", small)
        self.assertIn("zeroed/alloc", (home / "report.html").read_text(encoding="utf-8"))
        self.assertEqual((home / "input").read_bytes(), place.failing.read_bytes())
        [row] = place.status()["findings"]
        self.assertEqual(row["signature"], "zeroed/alloc")
        self.assertEqual(subprocess.run(row["replay"], shell=True, cwd=place.dir, check=False,
                                        stdout=subprocess.DEVNULL).returncode, 1)
        self.assertEqual(list((place.dir / "findings/new").iterdir()), [])
        self.shows(row)

    def host(self):
        return self.place.status()["host"]

    def shows(self, row):
        """Status, exporter and page, of the campaign that has just ended."""
        status, words = self.place.run("status", "--json")
        self.assertEqual(status, 0, words)
        self.assertEqual(json.loads(words)["findings"], [row])
        words = self.place.run("status")[1]
        self.assertRegex(words, rf"zeroed/alloc +fuzz_heap +{row['events']} ")
        metrics = (self.place.dir / "metrics.prom").read_text(encoding="utf-8")
        self.assertIn('signature="zeroed/alloc"', metrics)
        for line in metrics.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+\{(\w+="[^"]*",?)+\} [0-9.]+)$')
        status, words = self.place.run("report")
        self.assertEqual(status, 0, words)
        served = self.place.status()["served"]
        self.assertEqual(set(served), {"fuzz_heap/asan-" + self.host(),
                                       "fuzz_heap/main-" + self.host()})
        self.assertTrue(all(row["programs"] for row in served.values()), served)
        page = (self.place.dir / "report.html").read_text(encoding="utf-8")
        self.assertIn('href="findings/zeroed-alloc/report.html"', page)
        self.assertIn("data:image/svg+xml;base64,", page)
        self.assertNotRegex(page, r'(src|href)="https?:')

    def test_seeds_that_fail(self):
        shutil.copy(Path(self.work) / "failing.ops", Path(self.work) / "seeds/two.ops")
        process = self.launch("start")
        wait_for("a finding", lambda: list(self.place.dir.glob("findings/*/finding.json")),
                 process)
        self.ended(process)
        self.assertTrue((self.place.dir / "findings/zeroed-alloc/min.ops").exists())
        self.assertEqual(len(list((self.place.dir / "seeds/fuzz_heap").iterdir())), 1)

    def test_does_not_happen_again(self):
        """Then all there is to go by is what the engine said."""
        holds = Path(self.work) / "holds.ops"
        holds.write_text("hypheap 1\nheap pages=4\na = alloc 16\n", encoding="ascii")
        self.place.env["FAKE_CRASH"] = str(holds)
        process = self.launch("start", "--kinds", "asan")
        home = self.place.dir / "findings/gone-fuzz_heap"
        wait_for("a finding", (home / "finding.json").exists, process)
        self.ended(process)
        report = (home / "report.txt").read_text(encoding="utf-8")
        self.assertTrue(report.startswith("does not happen again: holds with build release, "))
        self.assertIn("the engine's view of it\n", report)
        self.assertEqual(list((self.place.dir / "log/said").iterdir()), [])

    def test_blind(self):
        hook = f"echo >>'{self.place.told}'"
        process = self.launch("start", "--selfcheck", "false", "--hook", hook)
        words = process.communicate(timeout=PATIENCE)[0]
        self.assertEqual(process.returncode, 3, words)
        self.assertIn("the positive control failed", words)
        self.assertFalse(self.place.ledger.exists())
        self.assertEqual(self.place.told.read_text(encoding="ascii"),
                         f"harness/selfcheck {self.place.dir}/log/selfcheck.log "
                         f"{self.place.dir}/log/selfcheck.log\n")
        # which is no campaign that can go on before it succeeds
        self.assertEqual(self.place.run("resume")[0], 3)


class Upkeep(Case):
    def put_down(self, what, kind, words, *options):
        self.place.env["FAKE_DO"] = what
        process = self.launch("start", "--kinds", "asan", *options)
        wait_for(kind, lambda: len(self.place.events(kind)) >= 2, process)
        self.ended(process)
        self.assertIn(words, self.place.events(kind)[0])
        self.assertGreaterEqual(self.place.status()["restarts"], 2)

    def test_dies(self):
        self.put_down("die", "died", "| the last words of an engine; again in 1 s")

    def test_hangs(self):
        self.put_down("hang", "hung", "no progress for 1 s: killed", "--hang", "1")

    def test_eats(self):
        self.put_down("eat", "memory", "64 allowed: killed", "--rss", "64")

    def test_turns(self):
        """On one core each of two gets its turn, and the books tell of both."""
        process = self.launch("start", "--jobs", "1", "--slice", "2")
        wait_for("both", lambda: (self.place.dir / "afl").exists() and
                 (self.place.dir / "libfuzzer").exists() and
                 len(self.place.status()["workers"]) == 1, process)
        self.ended(process)
        books = json.loads((self.place.dir / "state.json").read_text(encoding="utf-8"))
        self.assertEqual(len(books["totals"]), 2, books)
        self.assert_nothing_lost()


class Logs(unittest.TestCase):
    def test_many_of_one_signature(self):
        """The first are kept, of more the names, and none is met as a new one again."""
        with tempfile.TemporaryDirectory() as work, \
                mock.patch.object(campaign_findings, "INPUTS_MOST", 2):
            folder = Folder(Path(work) / "campaign")
            folder.make(["fuzz_heap"])
            home = folder.findings / "pages-alloc"
            (home / "inputs").mkdir(parents=True)
            names = [f"fuzz_heap--crash-{number}" for number in range(5)]
            for name in names:
                (home / "inputs" / name).touch()
            for _ in range(2):  # also after it began anew
                findings = campaign_findings.Findings(folder)
                self.assertEqual(findings.known, dict.fromkeys(names, "pages-alloc"))
            self.assertEqual(sorted(path.name for path in (home / "inputs").iterdir()),
                             names[:2])
            findings.meet(names[4], b"")
            self.assertEqual(findings.waiting(), 0)

    def test_bound(self):
        """A log that grew is cut; its last words stay, and its writer goes on."""
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "one.log"
            worker = campaign_workers.Worker(None, None)
            worker.engine = types.SimpleNamespace(logs=[log], read=[5])
            with open(log, "ab", buffering=0) as writer:
                writer.write(b"a line\n" * 1000)
                worker.bound_log()
                self.assertEqual(log.stat().st_size, 7000)
                writer.write(b"a line\n" * 600000 + b"the last\n")
                worker.bound_log()
                writer.write(b"more\n")
            self.assertEqual(log.read_bytes(), b"more\n")
            self.assertEqual(worker.engine.read, [0])
            old = (Path(folder) / "one.old.log").read_text(encoding="ascii")
            self.assertTrue(old.endswith("a line\nthe last\n"))
            self.assertLess(len(old), 100000)


class Prune(Case):
    def setUp(self):
        super().setUp()
        self.place.options[1] = "fuzz_text"

    def test_prune(self):
        process = self.launch("start")
        self.at_work(process, 8)
        self.ended(process)
        before = self.place.corpus("fuzz_text")
        self.place.env["FAKE_LOSES"] = "1"
        status, words = self.place.run("prune")
        self.assertEqual(status, 1, words)
        self.assertIn("the corpus is as it was", words)
        self.assertEqual(self.place.corpus("fuzz_text"), before)
        del self.place.env["FAKE_LOSES"]
        status, words = self.place.run("prune")
        self.assertEqual(status, 0, words)
        after = self.place.corpus("fuzz_text")
        self.assertIn(f"{len(before)} files became {len(after)}", words)
        self.assertTrue(set(after) < set(before))
        self.assertEqual({path.name for path in
                          (self.place.dir / "libfuzzer/fuzz_text/corpus").iterdir()},
                         set(after))


    def test_by_the_distiller(self):
        """Called as it wants it; its files get the corpus's names; no word from it that
        something is lost is overheard."""
        self.place.options[1] = "fuzz_heap"
        process = self.launch("start")
        self.at_work(process, 8)
        self.ended(process)
        distil = Path(self.work) / "distil"
        before = self.place.corpus()
        folder = Folder(self.place.dir)
        settings = json.loads(folder.settings.read_text(encoding="utf-8"))

        def prune(status):
            distil.write_text(
                f"#!/bin/sh\n[ \"$2 $4 $5\" = '-o --seconds 7' ] || exit 2\n"
                f"head -c 9 '{BUGGY}' >\"$3/other-name.txt\"\nexit {status}\n",
                encoding="ascii")
            distil.chmod(0o755)
            with mock.patch.object(campaign_prune, "DISTIL", distil), \
                    contextlib.redirect_stdout(io.StringIO()):
                return campaign_prune.prune(folder, settings, 7)

        with self.assertRaisesRegex(Stop, "the corpus is as it was"):
            prune(1)
        self.assertEqual(self.place.corpus(), before)
        self.assertEqual(prune(0), 0)
        [data] = self.place.corpus().values()
        self.assertEqual(len(data), 9)
        self.assert_nothing_lost(corpus=False)
        with mock.patch.object(campaign_prune, "DISTIL", Path("/none/distil")):
            with self.assertRaisesRegex(Stop, "/none/distil is missing"):
                campaign_prune.prune(folder, settings, None)


class Plan(unittest.TestCase):
    def test_shares(self):
        """On two cores: half for each engine, its weight for each target, all get some."""
        everyone = campaign_plan.roles(campaign_plan.TARGETS, campaign_plan.MIX, 2, "host")
        served, slices = {}, 400
        for _ in range(slices):
            chosen = campaign_plan.pick(everyone, served, 2, 300)
            self.assertEqual(len({role.kind.engine for role in chosen}), 2)
            for role in chosen:
                name = campaign_plan.key(role)
                served[name] = served.get(name, 0) + 300
        self.assertEqual(len(served), len(everyone))
        self.assertEqual(len(everyone), 4 * 7)
        total = sum(served.values())
        for target, weight in (("fuzz_host", 3), ("fuzz_text", 1)):
            share = sum(had for name, had in served.items() if name.startswith(target)) / total
            self.assertAlmostEqual(share, weight / 10, delta=0.02)
        for target in campaign_plan.TARGETS:
            had = [served[campaign_plan.key(role)] for role in everyone
                   if role.target == target and role.kind.engine == "afl"]
            self.assertLessEqual(max(had) - min(had), 300)

    def test_many_cores(self):
        """All at work at once, one -M a target, no name twice."""
        everyone = campaign_plan.roles(campaign_plan.TARGETS, campaign_plan.MIX, 96, "host")
        self.assertEqual(len(everyone), 96)
        self.assertEqual(len({campaign_plan.key(role) for role in everyone}), 96)
        for target in campaign_plan.TARGETS:
            mains = [role for role in everyone if role.target == target and role.kind.main]
            self.assertEqual([role.name for role in mains], ["main-host"])
        self.assertEqual(len(campaign_plan.pick(everyone, {}, 96, 300)), 96)


if __name__ == "__main__":
    unittest.main()
