# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/mutants does: change the allocator, and count who notices."""

import argparse
import fcntl
import os
import random
import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

import command
import fuzz_children
import mutants_argued
import mutants_edits
from fuzz_error import Stop
from mutants_build import TESTS, Builder
from mutants_judge import PARTS, PROOF_PROGRAMS, Judge, Verdict, pieces
from mutants_report import SELF_TEST, Progress, Report

TOP = Path(__file__).resolve().parents[2]
MEMORY = 8 << 30  # bytes of addresses that a child may have

DESCRIPTION = """\
Changes the allocator in every small way that its syntax tree offers, and counts
the changes that the harness notices: first with the corpus, then by fuzzing.
Goes on from what it remembers in build/mutants."""

EPILOG = """\
exit status: 0 each mutant is killed or argued to be equivalent, and the arguments
are in order; 1 some survived, or an argument is stale; 2 usage or a missing tool"""


@dataclass
class Result:
    """outcome: a column of the table. parts: that kill it by the corpus alone."""
    outcome: str
    self_test: bool
    object: str = ""
    verdict: Verdict = None
    parts: list = field(default_factory=list)
    proof: str = ""
    seconds: float = 0  # of a core, for the corpus with all oracles

    def document(self):
        return {"outcome": self.outcome, "self_test": self.self_test, "parts": self.parts,
                "proof": self.proof, "verdict": asdict(self.verdict) if self.verdict else None}


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/mutants", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=10, metavar="N",
                        help="how long to fuzz each that survives the corpus (default 10)")
    parser.add_argument("--only", action="append", default=[], metavar="FUNCTION",
                        help="only mutants of this function, or with this id; may be given again")
    parser.add_argument("--sample", type=int, metavar="N",
                        help="only N of them, chosen by chance, always the same")
    parser.add_argument("--list", action="store_true", help="only tell which there are")
    parser.add_argument("--show", metavar="ID", help="only show the line with that change")
    parser.add_argument("--prove", action="store_true",
                        help="compare what is argued to be equivalent with the original, "
                             "trace by trace; takes hours")
    parser.add_argument("--programs", type=int, default=PROOF_PROGRAMS, metavar="N",
                        help=f"in how many programs (default {PROOF_PROGRAMS})")
    parser.add_argument("--arguments", type=Path, metavar="FILE",
                        default=TOP / "scripts/lib/mutants.equivalent",
                        help="mutants that are equivalent, and why")
    parser.add_argument("--corpus", type=Path, default=TOP / "corpus", metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all of it as JSON")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N",
                        help="processes (default: the cores)")
    args = parser.parse_args(argv)

    if args.seconds < 0:
        parser.error(f"--seconds {args.seconds}: below 0")
    if args.jobs < 1:
        parser.error(f"--jobs {args.jobs}: below 1")
    if args.programs < 1:
        parser.error(f"--programs {args.programs}: below 1")
    if args.sample is not None and args.sample < 1:
        parser.error(f"--sample {args.sample}: below 1")
    if not args.arguments.is_file():
        parser.error(f"--arguments {args.arguments}: no such file")
    if not (args.corpus / "seeds").is_dir():
        parser.error(f"--corpus {args.corpus}: no folder with seeds/ in it")
    return args


def select(args, mutants, functions):
    chosen = mutants
    if args.only:
        ids = {mutant.id for mutant in mutants}
        for name in args.only:
            if name not in functions and name not in ids:
                raise Stop(2, f"--only {name}: no such function or mutant")
        chosen = [m for m in mutants if m.function in args.only or m.id in args.only]
    if args.sample and args.sample < len(chosen):
        some = set(random.Random(1).sample([m.id for m in chosen], args.sample))
        chosen = [m for m in chosen if m.id in some]
    return chosen


def of_self_test(mutant):
    return "selftest" in mutant.function


class Campaign:
    """Compiles all, then judges each object once."""

    def __init__(self, args, builder, judge, stopped):
        self.args = args
        self.builder = builder
        self.judge = judge
        self.stopped = stopped
        self.progress = Progress()
        self.results = {}
        self.objects = {}
        self.first = {}

    def each(self, what, work, items):
        """work(item) of all, on all cores; the results are in self.results."""
        done = 0
        with ThreadPoolExecutor(self.args.jobs) as pool:
            futures = [pool.submit(work, item) for item in items]
            try:
                for future in as_completed(futures):
                    future.result()
                    done += 1
                    self.progress.show(what, done, len(futures), list(self.results.values()))
            except BaseException:
                self.stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                fuzz_children.kill_all()
                raise

    def compile(self, mutants):
        """What is to be judged: a mutant for each object code that is new."""
        objects = self.objects

        def work(mutant):
            if self.stopped.is_set():
                raise KeyboardInterrupt
            objects[mutant.id] = self.builder.compile(mutant.apply(self.builder.text))

        self.each("compiled", work, mutants)
        first, unique = self.first, []
        for mutant in mutants:
            name = objects[mutant.id]
            result = Result("", of_self_test(mutant), name or "")
            if not name:
                result.outcome = "not compiled"
            elif name == self.builder.original:
                result.outcome = "same code"
            elif name in first:
                result.outcome = "duplicate"
            else:
                first[name] = mutant
                unique.append(mutant)
                continue
            self.results[mutant.id] = result
        return unique

    def replay(self, mutant):
        name = self.objects[mutant.id]
        result = Result("", of_self_test(mutant), name)
        judge, key = self.judge, self.judge.corpus
        if result.self_test:
            for programs in (["bare_selftest"], TESTS):
                result.verdict = judge.remembered(
                    name, " ".join(programs), lambda programs=programs: judge.programs_pass(
                        self.builder.link(name, programs)))
                if result.verdict.killed:
                    break
        else:
            for part in PARTS:
                verdict = judge.remembered(name, f"{part} {key}", lambda part=part: judge.replay(
                    self.linked(name)[0], part))
                if not result.verdict:  # that of all oracles
                    result.verdict, result.seconds = verdict, verdict.seconds
                if verdict.killed:
                    result.parts.append(part)
            if judge.remembered(name, SELF_TEST, lambda: judge.programs_pass(
                    self.linked(name)[1:])).killed:
                result.parts.append(SELF_TEST)
        result.outcome = "killed" if result.verdict.killed else "survived"
        self.results[mutant.id] = result

    def fuzz(self, mutant):
        """What the corpus did not kill, as long as the user has time for."""
        result, seconds = self.results[mutant.id], self.args.seconds
        result.verdict = self.judge.remembered(
            result.object, f"stress {seconds}",
            lambda: self.judge.stress(self.linked(result.object)[0], seconds))
        if not result.verdict.killed:
            # what only a self test can see: its heap is set up again and again
            result.verdict = self.judge.remembered(
                result.object, " ".join(TESTS), lambda: self.judge.programs_pass(
                    self.builder.link(result.object, TESTS)))
        if result.verdict.killed:
            result.outcome = "killed"

    def linked(self, name):
        """hypheap and the bare self test; they stay in the thread's folder."""
        folder = self.builder.work()
        mark = folder / "linked"
        if not mark.exists() or mark.read_text(encoding="ascii") != name:
            mark.unlink(missing_ok=True)
            self.builder.link(name, ["hypheap", "bare_selftest"])
            mark.write_text(name, encoding="ascii")
        return folder / "hypheap", folder / "bare_selftest"

    def prove(self, mutants):
        """Those that do not overlap together; if that differs, each of them alone."""
        wrong = self.compare(disjoint(mutants))
        alone = [[mutant] for group in wrong if len(group) > 1 for mutant in group]
        wrong = [group for group in wrong if len(group) == 1] + self.compare(alone)
        for (mutant,) in wrong:
            result = self.results[mutant.id]
            result.outcome, result.proof = "killed", ""
            result.verdict = Verdict(by="trace", signature="another trace", saw=["trace"],
                                     where="hypheap stress --digest")

    def compare(self, groups):
        """Return: groups that leave another trace than the original."""
        names = [self.builder.original] + [
            self.builder.compile(apply_all(group, self.builder.text)) for group in groups]
        tasks = [(name, piece) for piece in pieces(self.args.programs)
                 for name in dict.fromkeys(names) if name]
        digests = {}

        def work(task):
            name, piece = task
            verdict = self.judge.remembered(
                name, f"digest {piece}", lambda: self.judge.digest(self.linked(name)[0], piece))
            digests[task] = verdict.signature

        if groups:
            self.each("compared, each in a piece of the programs,", work, tasks)
        wrong = []
        for group, name in zip(groups, names[1:]):
            if not name or any(digests[name, piece] != digests[names[0], piece]
                               for _, piece in tasks):
                wrong.append(group)
                continue
            together = f", with {len(group) - 1} others" if len(group) > 1 else ""
            for mutant in group:
                self.results[mutant.id].proof = \
                    f"same traces in {self.args.programs} programs{together}"
        return wrong


def disjoint(mutants):
    """Few groups of edits that do not touch each other."""
    groups = []
    for mutant in sorted(mutants, key=lambda m: m.offset):
        for group in groups:
            if group[-1].offset + len(group[-1].old) <= mutant.offset:
                group.append(mutant)
                break
        else:
            groups.append([mutant])
    return groups


def apply_all(mutants, text):
    for mutant in sorted(mutants, key=lambda m: -m.offset):
        text = mutant.apply(text)
    return text


def show(mutant, text):
    lines = mutant.apply(text).splitlines()
    begin = text.count("\n", 0, mutant.offset)
    count = mutant.old.count("\n") + 1
    print(f"{mutant.id} {mutant.function} {mutant.operator}: {mutant.words}")
    for number in range(begin, begin + count):
        print(f"-{number + 1:5} {text.splitlines()[number]}")
    for number in range(begin, begin + count):
        print(f"+{number + 1:5} {lines[number]}")


def judge_group(args, campaign, chosen, entries):
    unique = campaign.compile(chosen)
    campaign.each("judged", campaign.replay, unique)
    survived = [m for m in unique if campaign.results[m.id].outcome == "survived"
                and not campaign.results[m.id].self_test]
    if args.seconds:
        campaign.each("fuzzed", campaign.fuzz, survived)
    for mutant in survived:
        result = campaign.results[mutant.id]
        if result.outcome == "survived" and mutant.id in entries:
            result.outcome = "argued"
    if args.prove:
        campaign.prove([m for m in survived if campaign.results[m.id].outcome == "argued"])


def judge_all(args, campaign, chosen, entries):
    """Returns whether it was interrupted."""
    try:
        for group in (False, True):
            judge_group(args, campaign, [m for m in chosen if of_self_test(m) == group], entries)
    except KeyboardInterrupt:
        return True
    finally:
        campaign.progress.end()
    return False


def lock(out):
    """One at a time: they share the copy of the build that mutants are linked with."""
    handle = open(out / "lock", "w", encoding="ascii")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Stop(2, f"{out}: another scripts/mutants runs there") from error
    return handle


def main(argv):
    args = parse(argv)
    began = time.monotonic()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    fuzz_children.adopt_orphans()
    builder = Builder(TOP)
    held = lock(builder.out)
    try:
        return mutate(args, builder, began)
    finally:
        builder.clean()
        held.close()


def mutate(args, builder, began):
    builder.prepare()
    mutants, functions = mutants_edits.find(builder.command, builder.folder, builder.source,
                                            builder.text, builder.work())
    chosen = select(args, mutants, functions)
    if args.show:
        for mutant in mutants:
            if mutant.id == args.show:
                show(mutant, builder.text)
                return 0
        raise Stop(2, f"--show {args.show}: no such mutant")
    if args.list:
        for m in chosen:
            print(f"alloc.c:{m.line} {m.id} {m.function} {m.operator}: {m.words}")
        return 0

    entries, errors = mutants_argued.read(args.arguments)
    stopped = threading.Event()
    judge = Judge(builder, args.corpus, stopped)
    judge.prepare()
    campaign = Campaign(args, builder, judge, stopped)
    interrupted = judge_all(args, campaign, chosen, entries)

    seconds = time.monotonic() - began
    report = Report(chosen, functions, campaign.results, entries)
    report.print(seconds, interrupted)
    for part, files in judge.failing().items():
        if files:
            print(f"not judged by, {part}: " + ", ".join(path.name for path in files) +
                  " (fails with the allocator as it is)")
    total = report.total()
    errors += mutants_argued.stale(args.arguments, entries, mutants, campaign.results)
    if len(chosen) == len(mutants) and not interrupted:
        errors += mutants_argued.too_many(total["argued"], sum(
            total[name] for name in ("killed", "survived", "argued")))
    for error in errors:
        print(f"error: {error}")
    if args.json:
        report.write_json(args.json, seconds, interrupted, errors)
    return 1 if errors or total["survived"] or interrupted else 0


if __name__ == "__main__":
    command.run("mutants", main, "interrupted before there was a mutant")
