# SPDX-License-Identifier: GPL-2.0-only
"""A campaign's workers: scripts/fuzz's engines, one process each, and their upkeep."""

import functools
import os
import re
import signal
import subprocess
import time

import fuzz_children
from campaign_plan import key
from fuzz_engines import Afl, LibFuzzer
from fuzz_error import tail

RESTART_MOST = 60  # seconds between two starts of a worker that dies at once
LOG_MOST = 4 << 20  # bytes
WORDS = 300  # lines of it, for an input that it ended with
SETTLED = 30  # seconds after which a worker counts as one that works

# libFuzzer's exit statuses after it has written an input; AFL++ goes on by itself.
LIBFUZZER_FOUND = {77: "a crash", 70: "a timeout", 71: "out of memory"}
INTERRUPTED = 72


@functools.cache
def afl_knows(word):
    """Whether afl-fuzz lists it among the environment variables that it reads."""
    try:
        result = subprocess.run(["afl-fuzz", "-hh"], stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                errors="replace", check=False)
    except FileNotFoundError:
        return False
    return word in result.stdout


class LibFuzzerWorker(LibFuzzer):
    def __init__(self, role, context):
        self.preset = role.kind.preset
        self.marker = str(context.folder.path)
        self.rss = context.settings["rss"]
        super().__init__(context.builds, role.target, context.folder.path,
                         context.seeds[role.target], 1, context.words.get(role.target),
                         [log_name(role)])
        self.artifacts = context.folder.crashes / role.target

    def command(self, i):
        """The last word of an option counts; the folders come after them. To look into
        a folder of tens of thousands of files every second would cost too much."""
        command = super().command(i)
        return [*command[:-2], f"-rss_limit_mb={self.rss}", "-reload=10", *command[-2:]]

    def environment(self, i):
        return {**super().environment(i), "HYPHEAP_CAMPAIGN": self.marker}

    def figures(self):
        """Edges, of how many, features."""
        self.coverage()
        return (*self.covered[0][:1], self.total, self.covered[0][1])


class AflWorker(Afl):
    def __init__(self, role, context):
        self.preset = role.kind.preset
        self.marker = str(context.folder.path)
        self.role = role
        super().__init__(context.builds, role.target, context.folder.path,
                         context.seeds[role.target], 1, context.words.get(role.target),
                         [role.name])
        self.logs = [self.out / "log" / f"{log_name(role)}.log"]
        self.stats = [self.out / "stats" / log_name(role)]
        self.mutator = context.builds.folder("afl") / "hypheap_afl_mutator.so"
        self.cmplog = context.builds.folder("afl-cmplog") / role.target
        # all that any engine keeps, here and elsewhere
        self.foreign = context.folder.corpus / role.target

    def environment(self, i):
        env = {**super().environment(i), "HYPHEAP_CAMPAIGN": self.marker}
        if self.role.kind.own_mutations:
            env.pop("AFL_CUSTOM_MUTATOR_ONLY", None)
        if not self.role.kind.trim:
            env["AFL_DISABLE_TRIM"] = "1"
        if self.role.kind.main and afl_knows("AFL_FINAL_SYNC"):
            env["AFL_FINAL_SYNC"] = "1"
        return env

    def command(self, i):
        command = super().command(i)
        end = command.index("--")
        more = list(self.role.kind.options)
        if self.role.kind.name == "cmplog":
            more += ["-c", self.cmplog]
        if not self.role.kind.main:
            # -F is for the main instance, which the others take from
            begin = command.index("-M")
            command[begin:begin + 6] = ["-S", self.names[i]]
            end = command.index("--")
        return [*command[:end], *more, *command[end:]]

    def figures(self):
        """Edges, of how many, and no features: AFL++ counts edges alone."""
        edges, total = self.coverage().replace("+", "").replace("?", "0").split("/")
        return int(edges), int(total), 0


def log_name(role):
    return key(role).replace("/", "-")


def engine_of(role, context):
    return {"libfuzzer": LibFuzzerWorker, "afl": AflWorker}[role.kind.engine](role, context)


class Worker:
    """One role at work: started, looked after, started again."""

    def __init__(self, role, context):
        self.role = role
        self.context = context
        self.engine = None
        self.process = None
        self.since = 0.0  # the last start
        self.not_before = 0.0
        self.pause = 1.0
        self.count = (0, 0)
        self.moved = 0.0  # when the count last changed
        self.rates = []
        self.rss = 0
        self.starts = 0

    # ---- start and stop --------------------------------------------------------

    def start(self):
        self.context.folder.make(self.context.targets)
        self.fold()
        log = self.context.folder.path / "log" / f"{log_name(self.role)}.log"
        if log.exists():
            os.replace(log, log.with_suffix(".old.log"))
        self.engine = engine_of(self.role, self.context)
        self.engine.start()
        self.process = self.engine.processes[0]
        self.since = self.moved = time.monotonic()
        self.count = (0, 0)
        self.rates = []
        self.starts += 1

    def fold(self):
        """What a run that is over has counted goes into the campaign's books."""
        name = log_name(self.role)
        path = self.context.folder.path / "stats" / name
        if self.engine:
            self._best()
            self.count = self.engine.counted()
        self.context.books.add_counter_file(key(self.role), path)
        self.count = (0, 0)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """The worker and all that it started, which may be sessions of their own."""
        for pid in fuzz_children.family(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    # ---- upkeep ------------------------------------------------------------------

    def look(self, now):
        """Every tick. An event for whatever is not as it should be."""
        if self.process is None:
            if now >= self.not_before:
                self.start()
            return
        status = self.process.poll()
        if status is not None:
            self._ended(status, now)
            return
        count = self.engine.counted()
        if count != self.count:
            self.count = count
            self.moved = now
        if now - self.since > SETTLED:
            self.pause = 1.0
        if now - self.moved > self.context.settings["hang"]:
            self._put_down("hung", f"no progress for {now - self.moved:.0f} s")
        elif self.rss > self.context.settings["rss"] << 20:
            self._put_down("memory", f"{self.rss >> 20} MiB, "
                           f"{self.context.settings['rss']} allowed")

    def _ended(self, status, now):
        found = self.role.kind.engine == "libfuzzer" and LIBFUZZER_FOUND.get(status)
        self._keep_words()
        if found:
            text = f"ended with {found}"
        else:
            how = f"died of signal {-status}" if status < 0 else f"ended with {status}"
            text = f"{how}: " + " | ".join(tail(self.engine.logs[0], 4).splitlines())
        self._again("found" if found else "died", text, now)

    def _keep_words(self):
        """What libFuzzer said of each input that it ended with: all there is if that
        does not happen again."""
        said = tail(self.engine.logs[0], WORDS)
        for number in re.findall(r"Test unit written to \S*-([0-9a-f]{40})$", said, re.M):
            self.context.folder.write(self.context.folder.said / number, said, durable=False)

    def _put_down(self, kind, text):
        self.kill()
        self._again(kind, f"{text}: killed", time.monotonic())

    def _again(self, kind, text, now):
        """A worker that dies at once is not started again at once."""
        short = now - self.since < SETTLED and kind != "found"
        self.not_before = now + (self.pause if short else 1.0)
        self.context.event(kind, f"{key(self.role)} {text}"
                           + (f"; again in {self.pause:.0f} s" if short else ""),
                           worker=key(self.role))
        if short:
            self.pause = min(RESTART_MOST, self.pause * 2)
        self.fold()
        self.context.books.restarted(key(self.role))
        self.process = None

    def bound_log(self):
        """AFL++ writes some kilobytes a second. What it said last stays for a while."""
        if not self.engine:
            return
        log = self.engine.logs[0]
        if not log.exists() or log.stat().st_size < LOG_MOST:
            return
        last = tail(log, 1000)
        os.truncate(log, 0)
        log.with_suffix(".old.log").write_text(last + "\n", encoding="utf-8")
        self.engine.read = [0]

    # ---- figures -------------------------------------------------------------------

    def rate(self, now):
        """Executions and operations a second over the last 10 seconds or so."""
        if not self.running():
            return 0.0, 0.0
        self.rates.append((now, *self.count))
        while len(self.rates) > 2 and now - self.rates[1][0] >= 10:
            self.rates.pop(0)
        (begin, programs, ops), last = self.rates[0], self.rates[-1]
        passed = last[0] - begin
        if passed <= 0:
            return 0.0, 0.0
        return (last[1] - programs) / passed, (last[2] - ops) / passed

    def _best(self):
        self.context.books.reached(self.role, self.engine.figures())

    def figures(self):
        if self.engine:
            self._best()
        return self.engine.figures() if self.engine else (0, 0, 0)
