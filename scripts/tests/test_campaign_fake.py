#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A fuzz engine that finds what a test tells it to: libFuzzer, or as afl-fuzz AFL++.

Writes inputs as the engines do, not at once, and when one is on the disk, its
name into FAKE_LEDGER: what is there may not be lost. Of the environment:

FAKE_LEDGER  lines "corpus SHA1" and "crash SHA1"
FAKE_CRASH   an input that fails; each worker finds it now and then, the third
             input it makes
FAKE_DO      hang, die, or eat (memory), at once
"""

import hashlib
import mmap
import os
import random
import struct
import sys
import time

ledger = os.environ.get("FAKE_LEDGER")


def write(path, data):
    """In two parts, with a while between."""
    with open(path, "wb") as handle:
        handle.write(data[:7])
        handle.flush()
        time.sleep(0.005)
        handle.write(data[7:])


def tell(kind, data):
    if ledger:
        with open(ledger, "a", encoding="ascii") as handle:
            handle.write(f"{kind} {hashlib.sha1(data).hexdigest()}\n")


def counters():
    with open(os.environ["HYPHEAP_STATS_FILE"], "w+b") as handle:
        handle.truncate(64)
        return mmap.mmap(handle.fileno(), 64)


def fuzz(keep, crash, one):
    """keep(data) and crash(data) write as the engine does; one(n) prints."""
    what = os.environ.get("FAKE_DO")
    if what == "die":
        print("the last words of an engine", flush=True)
        sys.exit(9)
    count = counters()
    eaten = bytearray(100 << 20) if what == "eat" else b""
    failing = os.environ.get("FAKE_CRASH")
    for n in range(1, 1 << 30):
        if what != "hang":
            struct.pack_into("=QQ", count, 0, n * 10, n * 100 + len(eaten) * 0)
        data = b"fake" + random.randbytes(20)
        keep(data)
        tell("corpus", data)
        one(n)
        if failing and n == 3:
            with open(failing, "rb") as handle:
                crash(handle.read())
        time.sleep(0.1)


def libfuzzer(arguments):
    folders = [word for word in arguments if not word.startswith("-")]
    options = dict(word[1:].split("=", 1) for word in arguments if word.startswith("-"))
    if os.path.isfile(folders[0]):
        return  # asked about one input: it holds
    if options.get("runs") == "0":
        names = {name for folder in folders for name in os.listdir(folder)}
        lost = os.environ.get("FAKE_LOSES")
        print(f"#1 INITED cov: {len(names) if lost else 5} ft: 9 corp: 1/1b")
        return
    if "merge" in options:
        into, source = folders
        for name in sorted(os.listdir(source))[::2]:
            with open(os.path.join(source, name), "rb") as handle:
                write(os.path.join(into, name), handle.read())
        return

    def keep(data):
        write(os.path.join(folders[0], hashlib.sha1(data).hexdigest()), data)

    def crash(data):
        name = options["artifact_prefix"] + "crash-" + hashlib.sha1(data).hexdigest()
        write(name, data)
        tell("crash", data)
        print(f"the engine's view of it\nTest unit written to {name}", file=sys.stderr)
        sys.exit(77)

    print("INFO: Loaded 1 modules   (77 inline 8-bit counters)", file=sys.stderr)
    fuzz(keep, crash, lambda n: print(f"#{n}\tNEW    cov: {n} ft: {n * 2} corp: {n}/9b",
                                      file=sys.stderr, flush=True))


def afl(arguments):
    if "-hh" in arguments:
        return
    at = "-M" if "-M" in arguments else "-S"
    folder = os.path.join(arguments[arguments.index("-o") + 1],
                          arguments[arguments.index(at) + 1])
    for name in ("queue", "crashes"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    begin = len(os.listdir(os.path.join(folder, "queue")))

    def keep(data):
        count = len(os.listdir(os.path.join(folder, "queue")))
        write(f"{folder}/queue/id:{count:06},src:000000,time:{begin},+cov", data)

    def crash(data):
        name = f"{folder}/crashes/id:000000,sig:06,time:{time.time_ns()}"
        write(name, data)
        tell("crash", data)

    fuzz(keep, crash, lambda n: None)


if __name__ == "__main__":
    if os.path.basename(sys.argv[0]) == "afl-fuzz":
        afl(sys.argv[1:])
    else:
        libfuzzer(sys.argv[1:])
