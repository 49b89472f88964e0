# SPDX-License-Identifier: GPL-2.0-only
"""The campaign itself: who works, who looks after it, and how it ends."""

import os
import shlex
import shutil
import signal
import sys
import time
from pathlib import Path

import campaign_status
import fuzz_children
import fuzz_seeds
from campaign_books import Books
from campaign_build import TOP
from campaign_findings import Findings, input_name
from campaign_plan import key, pick, roles
from campaign_store import Store
from campaign_triage import tell
from campaign_workers import Worker, log_name
from fuzz_error import Stop

TICK = 0.5
DAY = 24 * 3600
OLD = 3600  # seconds after which a queue file may go when the disk is full

NOTHING_LOST = "the campaign has stopped and lost nothing; `scripts/campaign resume` goes on"


class Campaign:
    """What start and resume run. Everything is in the folder at any time."""

    def __init__(self, folder, settings, builds, screen):
        self.folder = folder
        self.settings = settings
        self.builds = builds
        self.screen = screen
        self.targets = settings["targets"]
        self.books = Books(folder)
        self.findings = Findings(folder)
        self.stores = {target: Store(folder, target, settings["host"])
                       for target in self.targets}
        self.seeds = {}
        self.words = {}
        self.roles = roles(self.targets, settings["kinds"], settings["jobs"],
                           settings["host"])
        self.workers = []
        self.slice_end = 0.0
        self.stopped = []
        self.ended = False
        self.triage = None
        self.control = None
        self.due = {}
        self.begin = time.monotonic()

    def event(self, kind, text, **more):
        self.folder.event(kind, text, **more)
        self.screen.event(kind, text)

    def every(self, name, seconds):
        """True the first time, and then after so many seconds."""
        now = time.monotonic()
        if now < self.due.get(name, 0.0):
            return False
        self.due[name] = now + seconds
        return True

    # ---- the run ---------------------------------------------------------------

    def run(self):
        """Return: exit status. Stop if it cannot go on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda got, frame: self.stopped.append(got))
        self.event("begin", f"{len(self.roles)} workers of {len(self.targets)} targets on "
                   f"{self.settings['jobs']} cores")
        try:
            self.prepare()
            while not self.over():
                self.tick()
                time.sleep(TICK)
        finally:
            self.end()
        return 0

    def over(self):
        seconds = self.settings["seconds"]
        return bool(self.stopped) or \
            bool(seconds) and time.monotonic() - self.begin >= seconds

    def prepare(self):
        """Everything that must hold before the first worker starts."""
        kill_left_over(self)
        self.check_disk()
        self.books.left_over({log_name(role): key(role) for role in self.roles})
        self.positive_control()
        corpus = Path(self.settings["corpus"])
        for target in self.targets:
            seeds = fuzz_seeds.collect(self.builds.hypheap, corpus,
                                       self.folder.path / "seeds" / target, target)
            if target == "fuzz_text":
                self.words[target] = fuzz_seeds.dictionary(
                    self.builds.hypheap, self.folder.path / "words.dict")
            else:
                self.failing_seeds(target, seeds)
            self.seeds[target] = seeds
            self.stores[target].check()
            self.stores[target].verify()
        self.slice_end = 0.0

    def failing_seeds(self, target, seeds):
        """An engine would stumble over them at each start: findings, and out they go."""
        for path in fuzz_seeds.failing(self.builds.hypheap, seeds):
            data = path.read_bytes()
            name = input_name(target, "seed", data)
            if name not in self.findings.known and name not in self.findings.pending:
                self.findings.meet(name, data)
            path.unlink()
        if not any(seeds.folder.iterdir()):
            (seeds.folder / "input").write_bytes(b"input\n")

    def tick(self):
        now = time.monotonic()
        # before a worker is started again, which may clear away what it left
        met = self.findings.take(self.targets)
        if now >= self.slice_end:
            self.rotate(now)
        for worker in self.workers:
            worker.look(now)
        if self.every("disk", 2):
            self.check_disk()
        self.look_after_triage(met)
        if self.every("exchange", 5):
            self.exchange()
        if self.every("memory", 5):
            self.measure_memory()
        if self.every("logs", 30):
            for worker in self.workers:
                worker.bound_log()
        if self.every("verify", 60):
            for store in self.stores.values():
                store.verify()
        self.daily_control()
        if self.every("status", 2):
            self.publish()
        if self.every("save", 10):
            self.books.save()

    def rotate(self, now):
        """Whose turn it is. Where there are cores for all, this happens once."""
        chosen = pick(self.roles, self.books.served, self.settings["jobs"],
                      self.settings["slice"])
        stay = [worker for worker in self.workers if worker.role in chosen]
        leave = [worker for worker in self.workers if worker.role not in chosen]
        self.rest(leave)
        here = [worker.role for worker in stay]
        self.workers = stay + [Worker(role, self) for role in chosen if role not in here]
        # paid for in advance: killed in a slice, it does not begin with the same ones
        for role in chosen:
            self.books.served_for(key(role), self.settings["slice"])
        self.slice_end = now + self.settings["slice"]
        self.books.save()

    def rest(self, workers):
        """Stopped in peace, what they found taken."""
        running = [worker.process for worker in workers if worker.running()]
        fuzz_children.stop(running)
        for worker in workers:
            worker.fold()
        if workers:
            self.exchange()

    def exchange(self):
        for target, store in self.stores.items():
            if store.missing():
                self.event("gone", f"{store.shared}: the folder was deleted")
                store.restore(again=True)
            if store.take():
                self.books.last_new = time.time()

    def end(self):
        """However it ends: no process is left. What cannot be written now, on a full
        disk, stays where the engines left it, and the next run takes it from there."""
        self.ended = True
        for step in (lambda: self.rest(self.workers), self.take_all,
                     fuzz_children.kill_all, self.findings.sort_in, self.books.save,
                     self.last_words, self.publish):
            try:
                step()
            except OSError as error:
                self.screen.event("end", f"{error.filename or ''}: {error.strerror}")
            self.workers = [worker for worker in self.workers if worker.running()]

    def take_all(self):
        self.findings.take(self.targets)
        while len(self.stopped) < 2 and any([store.take() for store in self.stores.values()]):
            pass

    def last_words(self):
        self.event("end", f"after {self.books.seconds():.0f} s, "
                   f"{len(self.findings.table())} findings, {self.findings.waiting()} inputs "
                   "to look at")

    # ---- findings ----------------------------------------------------------------

    def look_after_triage(self, met):
        if self.triage and self.triage.poll() is not None:
            if self.triage.returncode:
                log = self.folder.path / "log/triage.log"
                self.event("triage", f"ended with {self.triage.returncode}: see {log}")
                self.due["triage"] = time.monotonic() + 30
            self.triage = None
            self.findings.sort_in()
        if self.triage is None and (met or self.every("waiting", 5)) and \
                self.findings.waiting() and time.monotonic() >= self.due.get("triage", 0):
            script = Path(__file__).with_name("campaign_triage.py")
            self.triage = fuzz_children.start(
                [sys.executable, "-B", script, self.folder.path],
                self.folder.path / "log/triage.log",
                {**os.environ, "HYPHEAP_CAMPAIGN": str(self.folder.path)})
        if self.triage and self.every("sort", 2):
            self.findings.sort_in()

    # ---- that it can see at all -----------------------------------------------------

    def control_command(self):
        """scripts/selfcheck: do the engines find a bug that was put there?"""
        if self.settings["selfcheck"]:
            return shlex.split(self.settings["selfcheck"])
        engines = {role.kind.engine for role in self.roles}
        return [str(TOP / "scripts/selfcheck"), "--engine",
                engines.pop() if len(engines) == 1 else "all"]

    def positive_control(self):
        """Before the first worker, unless the last one is less than a day old."""
        if time.time() - self.books.control.get("at", 0) < DAY and \
                self.books.control.get("ok"):
            return
        self.screen.event("control", "does the harness find a planted bug? "
                          + shlex.join(self.control_command()))
        self.start_control()
        while self.control.poll() is None:
            if self.stopped:
                raise Stop(0, "stopped during the positive control")
            time.sleep(0.1)
        self.judge_control()

    def start_control(self):
        try:
            self.control = fuzz_children.start(
                self.control_command(), self.folder.path / "log/selfcheck.log",
                {**os.environ, "HYPHEAP_CAMPAIGN": str(self.folder.path)})
        except OSError as error:
            raise Stop(3, f"the positive control cannot be started: "
                          f"{self.control_command()[0]}: {error.strerror}") from error

    def judge_control(self):
        status = self.control.returncode
        self.control = None
        self.books.control = {"at": time.time(), "ok": status == 0}
        self.books.save()
        if status:
            log = self.folder.path / "log/selfcheck.log"
            text = f"the positive control failed with {status}: what this campaign does " \
                   f"not find says nothing; see {log}"
            self.event("control", text)
            if self.settings["hook"]:
                tell(self.settings["hook"], "harness/selfcheck", log, log)
            raise Stop(3, text)
        self.event("control", "the harness finds what was planted")

    def daily_control(self):
        if self.control is not None:
            if self.control.poll() is not None:
                self.judge_control()
        elif time.time() - self.books.control.get("at", 0) >= DAY:
            self.start_control()

    # ---- bounds ----------------------------------------------------------------------

    def check_disk(self):
        least = self.settings["disk_free"] << 20
        free = shutil.disk_usage(self.folder.path).free
        if free >= least:
            return
        self.make_room()
        free = shutil.disk_usage(self.folder.path).free
        if free < least:
            raise Stop(2, f"{self.folder.path}: disk full: {free >> 20} MiB free, "
                          f"{least >> 20} MiB must stay free (--disk-free); {NOTHING_LOST}")

    def make_room(self):
        """What is there twice, or only tells how it went long ago."""
        freed = 0
        for path in (self.folder.path / "log").glob("*.old.log"):
            freed += path.stat().st_size
            path.unlink()
        for target, store in self.stores.items():
            running = {worker.role.name for worker in self.workers
                       if worker.role.target == target}
            freed += store.drop_copies(running, OLD)
        if freed:
            self.event("room", f"{freed >> 10} KiB given back: old logs, queue files that "
                       "the corpus has too")

    def measure_memory(self):
        """Of each worker with all that it started. Orphans that have ended are buried."""
        parents = fuzz_children.parents_of_all()
        ours = {worker.process.pid for worker in self.workers if worker.process}
        ours |= {process.pid for process in (self.triage, self.control) if process}
        for pid, parent in parents.items():
            if parent == os.getpid() and pid not in ours:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass
        for worker in self.workers:
            if worker.running():
                worker.rss = sum(_resident(pid) for pid in
                                 fuzz_children.family(worker.process.pid, parents))

    # ---- what others see of it ----------------------------------------------------------

    def publish(self):
        snapshot = campaign_status.snapshot(self)
        self.folder.write_json(self.folder.status, snapshot, durable=False)
        text = campaign_status.prometheus(snapshot)
        self.folder.write(self.folder.metrics, text, durable=False)
        if self.settings["textfile"]:
            campaign_status.write_textfile(self.settings["textfile"], text)
        self.books.sample(snapshot)
        self.screen.update(snapshot)


def _resident(pid):
    """Bytes; what a process shares with its fork server counts for both."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def kill_left_over(campaign):
    """Processes of a run in this folder that was killed; they bear its name."""
    mark = f"HYPHEAP_CAMPAIGN={campaign.folder.path}".encode()
    left = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
                left.append(entry.name)
        except OSError:
            continue
    if left:
        campaign.event("left", f"processes of the run before killed: {' '.join(left)}")
        time.sleep(0.2)
