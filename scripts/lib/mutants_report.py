# SPDX-License-Identifier: GPL-2.0-only
"""What the user sees of the mutants: progress, tables, JSON."""

import json
import shutil
import sys
import time
from collections import Counter
from dataclasses import asdict

from mutants_edits import OPERATORS
from mutants_judge import PARTS

COLUMNS = ("killed", "survived", "argued", "same code", "duplicate", "not compiled")
SELF_TEST = "self test"


class Progress:
    """A line that rewrites itself on a terminal, else one every 10 seconds."""

    def __init__(self):
        self.tty = sys.stderr.isatty()
        self.start = time.monotonic()
        self.next = 0.0
        self.drawn = False
        self.phase = ("", 0.0)

    def show(self, what, done, total, results, force=False):
        now = time.monotonic()
        if now < self.next and not force:
            return
        self.next = now + (0.5 if self.tty else 10.0)
        outcomes = Counter(result.outcome for result in results)
        elapsed = now - self.start
        if self.phase[0] != what:
            self.phase = (what, now)
        rate = done / max(now - self.phase[1], 0.1) if now > self.phase[1] else 0
        line = (f"{what} {done} of {total}, {rate:.1f}/s, "
                f"killed {outcomes['killed']}, survived {outcomes['survived']}, {elapsed:.0f} s")
        if self.tty:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r\x1b[K" + line[:width])
            self.drawn = True
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def end(self):
        if self.drawn:
            sys.stderr.write("\r\x1b[K")
        self.drawn = False


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def table(title, rows):
    """Rows of (name, outcomes); those without a mutant are left out."""
    row = "{:28}" + "{:>9}" + "{:>13}" * len(COLUMNS) + "{:>9}"
    print(f"\n{row.format(title, 'mutants', *COLUMNS, 'score')}")
    for name, outcomes in rows:
        total = sum(outcomes.values())
        if total:
            print(row.format(name, total, *(outcomes[c] for c in COLUMNS), score(outcomes)))


def score(outcomes):
    return percent(outcomes["killed"], scored(outcomes))


def scored(outcomes):
    """What a score is of: mutants that may differ, each once."""
    return outcomes["killed"] + outcomes["survived"] + outcomes["argued"]


class Report:
    """results: by id, of the mutants that came to an end."""

    def __init__(self, mutants, functions, results, entries):
        self.mutants = [mutant for mutant in mutants if mutant.id in results]
        self.functions = functions
        self.results = results
        self.entries = entries
        # our own tests judge the self test: it is one itself
        self.own = [m for m in self.mutants if not results[m.id].self_test]
        self.test = [m for m in self.mutants if results[m.id].self_test]

    def outcomes(self, mutants):
        return Counter(self.results[mutant.id].outcome for mutant in mutants)

    def total(self):
        return self.outcomes(self.own)

    def print(self, seconds, interrupted):
        table("operator", [(name, self.outcomes([m for m in self.own if m.operator == name]))
                           for name in OPERATORS] + [("total", self.total())])
        table("function", [(name, self.outcomes([m for m in self.mutants if m.function == name]))
                           for name in self.functions
                           if any(m.function == name for m in self.own)]
              + [(f"({SELF_TEST})", self.outcomes(self.test))])
        print("(a score is of killed, survived and argued, each object code once; pages of 4K:\n"
              " for 16K and 64K the allocator is as it was; the functions of the self test are\n"
              " judged by our own tests of it and are not in the total)")
        self.oracles()
        self.parts()
        self.survivors()
        self.faults()
        total = self.total()
        print(f"\n{'interrupted; ' if interrupted else ''}score {score(total)}: "
              f"{total['killed']} of {scored(total)} killed, {total['survived']} survived, "
              f"{total['argued']} argued to be equivalent "
              f"({percent(total['argued'], scored(total))}), {seconds:.0f} s")

    def oracles(self):
        killed = [self.results[m.id].verdict for m in self.own
                  if self.results[m.id].outcome == "killed"]
        first = Counter(verdict.by for verdict in killed)
        saw = Counter(oracle for verdict in killed for oracle in verdict.saw)
        alone = Counter(verdict.by for verdict in killed if len(verdict.saw) < 2)
        fuzzed = Counter(verdict.by for verdict in killed if verdict.where.startswith("stress"))
        print("\n{:28}{:>13}{:>13}{:>13}{:>13}".format(
            "oracle", "killed first", "of them", "spoke at all", "spoke alone"))
        print("{:28}{:>13}{:>13}".format("", "", "by fuzzing"))
        for oracle, count in first.most_common():
            print(f"{oracle:28}{count:>13}{fuzzed[oracle]:>13}{saw[oracle]:>13}{alone[oracle]:>13}")
        for oracle in sorted(set(saw) - set(first)):
            print(f"{oracle:28}{0:>13}{0:>13}{saw[oracle]:>13}{0:>13}")

    def parts(self):
        """By the corpus alone: what each part of the harness earns."""
        mutants = [m for m in self.own
                   if self.results[m.id].outcome in ("killed", "survived", "argued")]
        if not mutants:
            return
        print("\n{:28}{:>13}{:>13}{:>9}".format("judged by, corpus alone", "killed", "missed",
                                                 "score"))
        names = {"exact": "all oracles", "contract": "contract: without the model",
                 "without twin": "without the twin", "without both": "without model and twin",
                 SELF_TEST: "self test only"}
        for part in (*PARTS, SELF_TEST):
            killed = sum(part in self.results[m.id].parts for m in mutants)
            print(f"{names[part]:28}{killed:>13}{len(mutants) - killed:>13}"
                  f"{percent(killed, len(mutants)):>9}")
        took = sum(self.results[m.id].seconds for m in self.own)
        print(f"(the corpus with all oracles, for all mutants: {took:.0f} s of one core)")

    def survivors(self):
        for outcome, words in (("survived", "survived"), ("argued", "argued to be equivalent")):
            some = [m for m in self.own if self.results[m.id].outcome == outcome]
            if some:
                print(f"\n{words}:")
            for m in some:
                proof = self.results[m.id].proof
                print(f"  alloc.c:{m.line} {m.id} {m.function} {m.operator}: {m.words}"
                      + (f"  [{proof}]" if proof else ""))

    def faults(self):
        """The harness must not die of any allocator."""
        some = [(m, self.results[m.id].verdict) for m in self.own
                if self.results[m.id].verdict and self.results[m.id].verdict.fault]
        if some:
            print("\nthe harness itself failed, and should not have:")
        for m, verdict in some:
            print(f"  alloc.c:{m.line} {m.id} {m.function} {m.operator}: {m.words}: "
                  f"{verdict.fault} ({verdict.where or 'corpus'})")

    def write_json(self, path, seconds, interrupted, errors):
        document = {
            "seconds": round(seconds, 1), "interrupted": interrupted, "page": 4096,
            "total": self.total(), "errors": errors,
            "mutants": [{**asdict(m), **self.results[m.id].document(),
                         "argument": self.entries[m.id].argument.strip()
                         if m.id in self.entries else None} for m in self.mutants]}
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
