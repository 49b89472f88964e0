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


# Only in programs that are about the host, and about corruption.
HOST_BOTH_ENDS = ("create", "destroy", "trace", "selftest", "deprivilege", "hvc")
HOST_ALWAYS = ("poke",)
NEVER = ("corrupt",)
# Each single kind of corruption must meet the allocator so often.
DAMAGED_LEAST = 10


def stress(hypheap, runs, ops, profile="heap"):
    command = [hypheap, "stress", "--runs", str(runs), "--ops", str(ops), "--json",
               "--profile", profile]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def shares(name, table):
    """What is wrong with the shares of a run."""
    for key, least in (("percent_not_skipped", 80), ("percent_allocations_served", 50)):
        if table[key] < least:
            yield f"{name}: {key} is {table[key]}, at least {least} expected"


def ends(name, table, both_ends, always, never):
    """Kinds of operation that do not come to the ends they should."""
    for word, row in table["by_op"].items():
        if word == "total":
            continue
        if word in never:
            if row["tried"]:
                yield f"{name}: {word} was tried {row['tried']} times"
            continue
        if not row["succeeded"]:
            yield f"{name}: {word} never succeeded in {row['tried']} tries"
        if word in both_ends and not row["refused"]:
            yield f"{name}: {word} was never refused in {row['tried']} tries"
        if word not in both_ends + always:
            yield f"{name}: {word} is a kind that this test does not know"


def corruptions(table):
    """What is wrong with what corruption came to."""
    for word, row in table["by_corruption"].items():
        for of, ends_of in row.items():
            tried = sum(ends_of.values())
            if tried < DAMAGED_LEAST:
                yield f"corruption: {word} of a {of} chunk in {tried} programs, at least " \
                      f"{DAMAGED_LEAST} expected"
        if word.startswith("flip ") and row["live"]["detected"] < 10 * row["live"]["missed"]:
            yield f"corruption: {word} is missed too often: {row}"
    if not table["by_corruption"]["zero"]["live"]["missed"]:
        yield "corruption: an all-zero header was never missed, as it must be"


def main():
    hypheap = sys.argv[1]
    short = stress(hypheap, 3000, 64)
    long = stress(hypheap, 6, 20000)
    wrong = list(shares("64 operations", short)) + list(shares("20000 operations", long))
    wrong += list(ends("64 operations", short, BOTH_ENDS, ALWAYS,
                       NEVER + HOST_BOTH_ENDS + HOST_ALWAYS))
    host = stress(hypheap, 3000, 64, "host")
    wrong += list(shares("host", host))
    wrong += list(ends("host", host, BOTH_ENDS + HOST_BOTH_ENDS, ALWAYS + HOST_ALWAYS, NEVER))
    if short["live_median"] < 8:
        wrong.append(f"64 operations: median of live objects is {short['live_median']}, at least 8 expected")
    wrong += list(corruptions(stress(hypheap, 4000, 64, "corrupt")))
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{short['ops'] + long['ops']} operations did real work")


if __name__ == "__main__":
    main()
