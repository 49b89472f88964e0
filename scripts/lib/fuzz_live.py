# SPDX-License-Identifier: GPL-2.0-only
"""What the user sees while it fuzzes, and the table at the end."""

import shutil
import sys
import time


def short(number):
    """1234567 -> 1.2M"""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return f"{number:.0f}"


class Live:
    """Lines that rewrite themselves on a terminal, else one every 5 seconds."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.tty = sys.stdout.isatty()
        self.every = 1.0 if self.tty else 5.0
        self.next = 0.0
        self.samples = {}
        self.drawn = 0
        self.start = time.monotonic()
        self.elapsed = 0.0

    def rates(self, engine, now):
        """Executions and operations a second over the last 5 seconds or so."""
        samples = self.samples.setdefault(engine.name, [])
        samples.append((now, *engine.counted()))
        while len(samples) > 2 and now - samples[1][0] >= 5:
            samples.pop(0)
        (begin, programs, ops), last = samples[0], samples[-1]
        passed = last[0] - begin
        if passed <= 0:
            return 0, 0
        return (last[1] - programs) / passed, (last[2] - ops) / passed

    def update(self, engines, now):
        self.elapsed = now
        if now < self.next:
            return
        self.next = now + self.every
        found = sum(1 for engine in engines if engine.found())
        lines = [f"{now:.0f}s" + (f"/{self.seconds}s" if self.seconds else "") +
                 f"  findings {found}"]
        for engine in engines:
            execs, ops = self.rates(engine, now)
            lines.append(f"{engine.name} {short(execs)} exec/s {short(ops)} op/s "
                         f"cov {engine.coverage()} corpus {engine.size()}")
        self.show(lines)

    def show(self, lines):
        if self.tty:
            width = shutil.get_terminal_size().columns - 1
            self.clear()
            sys.stdout.write("".join(line[:width] + "\n" for line in lines))
            self.drawn = len(lines)
        else:
            sys.stdout.write("  ".join(lines) + "\n")
        sys.stdout.flush()

    def clear(self):
        """Takes the lines away that were drawn last."""
        if self.drawn:
            sys.stdout.write(f"\x1b[{self.drawn}F\x1b[J")
        self.drawn = 0

    def end(self):
        self.elapsed = time.monotonic() - self.start
        self.clear()

    def summary(self, engines, out, interrupted):
        row = "{:10} {:>5} {:>12} {:>9} {:>14} {:>9} {:>13} {:>7} {:>6}"
        print(f"\n{'interrupted' if interrupted else 'fuzzed'} "
              f"after {self.elapsed:.0f} s")
        print(row.format("engine", "procs", "executions", "exec/s", "operations", "op/s",
                         "coverage", "corpus", "new"))
        all_programs = all_ops = 0
        for engine in engines:
            programs, ops = engine.counted()
            all_programs += programs
            all_ops += ops
            self._row(row, engine.name, engine.jobs, programs, ops,
                      engine.coverage(), engine.size(), engine.size() - engine.before)
        self._row(row, "total", sum(e.jobs for e in engines), all_programs, all_ops,
                  "", "", "")
        print(f"kept in {out}: corpus in libfuzzer/ and afl/, findings in crashes/, "
              f"logs in log/", flush=True)

    def _row(self, row, name, jobs, programs, ops, coverage, size, new):
        seconds = max(self.elapsed, 0.001)
        print(row.format(name, jobs, programs, short(programs / seconds), ops,
                         short(ops / seconds), coverage, size, new))
