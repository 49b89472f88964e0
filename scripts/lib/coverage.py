# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/coverage does: build, replay the corpus, tell what it does not reach."""

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import command
import coverage_figures
import coverage_html
import coverage_list
import coverage_replay
import fuzz_build
import fuzz_children
from coverage_figures import KINDS
from fuzz_error import Stop, tail

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build/coverage"
LIST = TOP / "allocator/coverage.unreachable"
FOLDERS = ("el2", "host")
DISK_LEAST = 100 << 20  # bytes that must stay free

DESCRIPTION = """\
Sets up what is missing, builds the preset coverage, replays the corpus, and tells
how much of allocator/el2 and allocator/host it reaches: a table, a folder of HTML,
and each line and outcome of a condition that it does not reach. What it cannot
reach is listed in allocator/coverage.unreachable, with the reason."""

EPILOG = """\
exit status: 0 every line is reached, or listed; 1 a line is neither, the list is
stale, or a program does not hold; 2 usage, a bad program, a missing tool, a full
disk, no build; 3 a fault of the harness"""


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/coverage", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=TOP / "corpus", metavar="DIR",
                        help="text programs (.ops) and byte files (.bin or no extension); "
                             "default: corpus")
    parser.add_argument("--html", type=Path, default=BUILD / "html", metavar="DIR",
                        help="where the HTML goes (default: build/coverage/html)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures, for machines")
    parser.add_argument("--unique", action="store_true",
                        help="also the programs that alone reach lines of allocator/el2; "
                             "takes longer")
    parser.add_argument("--list", action="store_true",
                        help="print the list of unreachable lines as it must be for this corpus, "
                             "reasons kept, and nothing else; ? is a reason to be written")
    parser.add_argument("--unreachable", type=Path, default=LIST, metavar="FILE",
                        help="another list than allocator/coverage.unreachable")
    parser.add_argument("--jobs", type=int, metavar="N",
                        default=len(os.sched_getaffinity(0)),
                        help="processes at a time (default: the cores)")
    args = parser.parse_args(argv)

    if args.jobs < 1:
        parser.error(f"--jobs {args.jobs}: below 1")
    if not args.corpus.is_dir():
        parser.error(f"--corpus {args.corpus}: not a folder")
    if not args.unreachable.is_file():
        parser.error(f"--unreachable {args.unreachable}: no such file")
    if args.html.exists() and not args.html.is_dir():
        parser.error(f"--html {args.html}: not a folder")
    if args.json and not args.json.absolute().parent.is_dir():
        parser.error(f"--json {args.json}: no such folder")
    return args


def say(words):
    """Progress: not on stdout, which --list has for itself."""
    print(words, file=sys.stderr, flush=True)


def lock():
    """One run at a time: all use the same build folder."""
    BUILD.mkdir(parents=True, exist_ok=True)
    handle = open(BUILD / "lock", "w", encoding="ascii")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Stop(2, f"{BUILD}: another scripts/coverage runs there") from error
    return handle


def build(jobs):
    """hypheap with counters, up to date."""
    free = shutil.disk_usage(BUILD).free
    if free < DISK_LEAST:
        raise Stop(2, f"{BUILD}: disk full: {free >> 20} MiB free, "
                      f"{DISK_LEAST >> 20} MiB needed")
    for tool in ("cmake", "ninja", "llvm-profdata", "llvm-cov"):
        if not shutil.which(tool):
            raise Stop(2, f"{tool} is missing; scripts/setup installs it")
    say("building coverage: hypheap")
    log = BUILD / "build.log"

    def run(words):
        with open(log, "wb") as output:
            result = subprocess.run(words, cwd=TOP, stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=subprocess.STDOUT, check=False)
        if result.returncode:
            raise Stop(2, f"{' '.join(map(str, words))} failed ({log}):\n{tail(log, 30)}")

    fuzz_build.configure(TOP, BUILD, [
        "cmake", "-S", TOP, "--preset", "coverage", "-B", BUILD,
        f"-DHYPHEAP_ALLOC_SOURCE={TOP / 'allocator/el2/alloc.c'}"], run)
    run(["cmake", "--build", BUILD, "--parallel", str(jobs), "--target", "hypheap"])
    return BUILD / "hypheap"


# ---- what is printed ---------------------------------------------------------

def table(sources):
    cell = "{:>5} {:>5} {:>6.1f}"
    print(f"{'':<18}" + "".join(f"  {kind:>18}" for kind in KINDS))
    print(f"{'file':<18}" + f"  {'reach':>5} {'all':>5} {'%':>6}" * len(KINDS))
    for name, shares in [(s.name, s.shares) for s in sources] + \
            [("all", coverage_figures.total(sources))]:
        print(f"{name:<18}" + "".join(
            "  " + cell.format(share.reached, share.all, share.percent)
            for share in (shares[kind] for kind in KINDS)))


def unreached(sources, reasons, unlisted):
    """Each line that is not reached; what is not listed last, where it is seen."""
    print()
    for kind in ("lines", "outcomes of conditions"):
        due = [item for source in sources for item in source.items()
               if (source.lines.get(item.number) is item) == (kind == "lines")
               and coverage_list.key_of(source, item) not in reasons]
        reached = sum(1 for item in due if item.count)
        share = 100.0 * reached / len(due) if due else 100.0
        print(f"of {len(due)} {kind} that are not listed as what the corpus cannot reach, "
              f"{reached} are reached: {share:.1f} %")
    if reasons:
        print(f"\nnot reached, and listed: {len(reasons)}")
        last = None
        for source in sources:
            for line in source.unreached():
                reason = reasons.get(coverage_list.key_of(source, line))
                if reason and (line.function, reason) != last:
                    print(f"  {line.function}: {reason}")
                    last = (line.function, reason)
                if reason:
                    print(f"    allocator/{source.name}:{line.number}: {line.text}")
    if unlisted:
        print(f"\nNOT REACHED, and not listed: {len(unlisted)}")
        for source, line in unlisted:
            print(f"    allocator/{source.name}:{line.number}: {line.text}  ({line.function})")


def spans(numbers):
    """1-3 7."""
    out = []
    for number in sorted(numbers):
        if out and out[-1][1] == number - 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return " ".join(f"{a}-{b}" if a != b else str(a) for a, b in out)


def unique(lines):
    """{program: lines that no other one reaches}, the most first."""
    seen = {}
    for path, reached in lines.items():
        for line in reached:
            seen.setdefault(line, []).append(path)
    alone = {}
    for line, paths in seen.items():
        if len(paths) == 1:
            alone.setdefault(paths[0], []).append(line)
    return dict(sorted(alone.items(), key=lambda item: (-len(item[1]), item[0])))


def print_unique(alone, corpus):
    print(f"\nlines of allocator/el2 that one program alone reaches: "
          f"{sum(map(len, alone.values()))}")
    for path, lines in alone.items():
        files = {}
        for name, number in lines:
            files.setdefault(name, []).append(number)
        print(f"  {len(lines):>4}  {path.relative_to(corpus)}: " + ", ".join(
            f"{name}:{spans(numbers)}" for name, numbers in sorted(files.items())))


def problems(outcome, stale, unlisted, path):
    """Prints what is wrong. Return: the exit status."""
    status = 0
    for words in stale:
        print(f"STALE in {path.name}: {words}")
        status = 1
    for case in outcome.failing:
        print(f"does not hold: hypheap run {case}")
        status = 1
    if unlisted:
        status = 1
    for case, words in outcome.bad:
        print(f"cannot be run: {case}: {words}")
        status = 2
    for case, words in outcome.died:
        print(f"HARNESS BUG: {case}: {words}; what it reached is not in the figures")
        status = 3
    return status


# ---- for machines ------------------------------------------------------------

def as_json(args, sources, reasons, stale, outcome, alone):
    def shares(of):
        return {kind: of[kind].as_json() for kind in KINDS}

    def dark(source):
        return [{"line": line.number, "function": line.function, "text": line.text,
                 "reason": reasons.get(coverage_list.key_of(source, line))}
                for line in source.unreached()]

    data = {
        "corpus": str(args.corpus),
        "programs": outcome.programs,
        "failing": [str(path) for path in outcome.failing],
        "bad": [str(path) for path, _ in outcome.bad],
        "died": [str(path) for path, _ in outcome.died],
        "files": [{"name": "allocator/" + source.name, **shares(source.shares),
                   "unreached": dark(source)} for source in sources],
        "all": shares(coverage_figures.total(sources)),
        "stale": stale,
    }
    if args.unique:
        data["unique"] = {str(path): [{"file": "allocator/" + name, "line": number}
                                      for name, number in sorted(lines)]
                          for path, lines in alone.items()}
    return json.dumps(data, indent=1) + "\n"


def coverage(args):
    """All of it. Return: the exit status."""
    comment, entries = coverage_list.read(args.unreachable)
    paths = coverage_replay.programs(args.corpus)
    replay = coverage_replay.Replay(build(args.jobs), BUILD / "profiles", args.jobs)

    def sources_of(export):
        return coverage_figures.read(export, TOP / "allocator", FOLDERS)

    def el2_lines(export):
        return {(source.name, line.number) for source in sources_of(export)
                if source.name.startswith("el2/")
                for line in source.lines.values() if line.count}

    say(f"replaying {len(paths)} programs")
    outcome = replay.run(paths, el2_lines if args.unique else None, say)
    sources = sources_of(replay.export(replay.merged))
    if args.list:
        print(coverage_list.write(sources, comment, entries))
        return 0

    reasons, unlisted, stale = coverage_list.judge(sources, entries)
    words = f"{outcome.programs} programs of {args.corpus}"
    coverage_html.write(args.html, sources, reasons, words)
    print(f"{words}\n")
    table(sources)
    unreached(sources, reasons, unlisted)
    alone = unique(outcome.lines)
    if args.unique:
        print_unique(alone, args.corpus)
    if args.json:
        args.json.write_text(as_json(args, sources, reasons, stale, outcome, alone),
                             encoding="utf-8")
    print(f"\nHTML: {args.html / 'index.html'}")
    status = problems(outcome, stale, unlisted, args.unreachable)
    if stale or unlisted:
        print("scripts/coverage --list prints the list as it must be")
    return status


def main(argv):
    args = parse(argv)
    fuzz_children.adopt_orphans()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    fuzz_build.setup(TOP)
    held = lock()
    status = coverage(args)
    held.close()
    sys.stdout.flush()
    return status


if __name__ == "__main__":
    command.run("coverage", main)
