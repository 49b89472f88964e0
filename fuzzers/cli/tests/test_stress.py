#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does a random run do real work? Reads the table of "hypheap stress --json".

usage: test_stress.py HYPHEAP

A generator that mostly produces skipped or refused operations would hold
whatever the allocator does. What is demanded here is what such a run must show.
"""
import json
import subprocess
import sys

# Each of these must come to both ends; the others cannot be refused.
BOTH_ENDS = ("alloc", "call", "reclaim", "shrink", "init", "free!")
ALWAYS = ("free", "write", "topup", "cpu", "fail")


def stress(hypheap, runs, ops):
    command = [hypheap, "stress", "--runs", str(runs), "--ops", str(ops), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def shares(name, table):
    """What is wrong with the shares of a run."""
    for key, least in (("percent_not_skipped", 80), ("percent_allocations_served", 50)):
        if table[key] < least:
            yield f"{name}: {key} is {table[key]}, at least {least} expected"


def ends(name, table):
    """Kinds of operation that do not come to the ends they should."""
    for word, row in table["by_op"].items():
        if word == "total":
            continue
        if not row["succeeded"]:
            yield f"{name}: {word} never succeeded in {row['tried']} tries"
        if word in BOTH_ENDS and not row["refused"]:
            yield f"{name}: {word} was never refused in {row['tried']} tries"
        if word not in BOTH_ENDS + ALWAYS:
            yield f"{name}: {word} is a kind that this test does not know"


def main():
    hypheap = sys.argv[1]
    short = stress(hypheap, 3000, 64)
    long = stress(hypheap, 6, 20000)
    wrong = list(shares("64 operations", short)) + list(shares("20000 operations", long))
    wrong += list(ends("64 operations", short))
    if short["live_median"] < 8:
        wrong.append(f"64 operations: median of live objects is {short['live_median']}, at least 8 expected")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{short['ops'] + long['ops']} operations did real work")


if __name__ == "__main__":
    main()
