# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/selfcheck does: the positive control, alone."""

import argparse
import os
from pathlib import Path

import command
import fuzz_build
import fuzz_children
import selfcheck_control as control
from fuzz_error import Stop

TOP = Path(__file__).resolve().parents[2]

DESCRIPTION = """\
Can this farm find bugs at all? Runs "hypheap selfcheck" of the builds that fuzz:
each oracle must catch the lies it is told. Then each engine, from an empty
corpus, must find a planted bug of allocator/bugs, which is built apart, and only
what differs. A line an engine."""

EPILOG = """\
exit status: 0 all were caught; 1 a lie or the planted bug was missed; 2 usage, a
missing tool or a failed build; 3 a fault of the harness"""


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/selfcheck", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("libfuzzer", "afl", "all"), default="all",
                        help="default: all")
    parser.add_argument("--seconds", type=int, default=control.SECONDS, metavar="N",
                        help="limit for each engine to find the planted bug "
                             f"(default {control.SECONDS})")
    parser.add_argument("--bug", default=control.BUG, metavar="NAME",
                        help="the planted bug, number or name, which the engines must "
                             f"find within that (default {control.BUG})")
    args = parser.parse_args(argv)
    if args.seconds < 1:
        parser.error(f"--seconds {args.seconds}: below 1")
    return args


def main(argv):
    args = parse(argv)
    bug = control.read_bug(args.bug)
    fuzz_children.adopt_orphans()
    fuzz_build.setup(TOP)
    engine = "both" if args.engine == "all" else args.engine
    builds = fuzz_build.Builds(TOP, bug.target, engine, None, control=bug.target)
    logs = builds.folder("selfcheck") / "log"
    logs.mkdir(parents=True, exist_ok=True)
    builds.build(logs)

    farm = control.Control(builds, bug, args.seconds, len(os.sched_getaffinity(0)))
    wrong = []
    for name in farm.engines:
        result = farm.check(name)
        print(result.line(), flush=True)
        if not result.good:
            wrong.append(result.wrong())
    if wrong:
        raise Stop(1, "this farm cannot find bugs: " + "; ".join(wrong))
    return 0


if __name__ == "__main__":
    command.run("selfcheck", main)
