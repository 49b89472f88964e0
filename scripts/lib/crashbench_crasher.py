# SPDX-License-Identifier: GPL-2.0-only
"""Programs that fail with a planted bug and are longer than they need be."""

import random
import re

from bugbench_engines import run
from crashbench_steps import SECONDS, signature_of

SOURCES = ("random", "corpus", "padded")
RANDOM_RUNS = 2000  # random programs a seed
RANDOM_SEEDS = 24
RANDOM_MISSES = 2  # seeds without any failure: no more of them
LEAST = 2  # times as long as the bug's own sequence: else it is small already
PADDINGS = (24, 12, 6, 3, 1)  # operations before each of the sequence's own


def find(bug, hypheap, seeds, folder, sources):
    """Into crasher.ops. Return: what it is, None if there is none."""
    looks = {"random": lambda: _random(bug, hypheap, folder),
             "corpus": lambda: _corpus(bug, hypheap, seeds, folder),
             "padded": lambda: _padded(bug, hypheap, folder)}
    for source in sources:
        text, which = looks[source]()
        if not text or operations(text) < LEAST * bug.operations:
            continue
        (folder / "crasher.ops").write_text(text, encoding="utf-8")
        return {"source": source, "which": which, "ops": operations(text)}
    return None


def operations(text):
    """How many there are in a program."""
    lines = [line.split("#")[0].strip() for line in re.split(r"[;\n]", text)]
    return sum(1 for line in lines if line and not re.match(r"(hypheap|heap)\b", line))


def _random(bug, hypheap, folder):
    misses = 0
    for seed in range(1, RANDOM_SEEDS + 1):
        out = folder / f"random-{seed}"
        out.mkdir()
        run([hypheap, "stress", "--profile", bug.profile, "--page", "4096", "--runs",
             str(RANDOM_RUNS), "--seed", str(seed), "-o", out], SECONDS, folder)
        found = sorted(out.glob("crash-*.ops"))
        for path in found:
            text = path.read_text(encoding="utf-8")
            if f"# signature: {bug.signature}\n" in text:
                return text, f"seed {seed}"
        misses += not found
        if misses == RANDOM_MISSES:
            break
    return None, None


def _corpus(bug, hypheap, seeds, folder):
    seeds = sorted(seeds, key=lambda path: -path.stat().st_size)
    text = run([hypheap, "run", "--json", *seeds], SECONDS, folder)[2]
    for seed, line in zip(seeds, text.splitlines()):
        # a claim of the seed's own may be what is not met: look at the verdict
        if f'"{bug.signature}"' not in line:
            continue
        text = re.sub(r"^# expect:.*\n", "", seed.read_text(encoding="utf-8"), flags=re.M)
        (folder / "seed.ops").write_text(text, encoding="utf-8")
        if signature_of(hypheap, folder / "seed.ops") == bug.signature:
            return text, seed.name
    return None, None


def _noise(rng):
    """An operation that gives back what it takes, in slots of its own."""
    slot = f"s{rng.randrange(1000, 1004)}"
    return rng.choice([f"{slot} = alloc {rng.randrange(1, 5000)}", f"write {slot}",
                       f"free {slot}", "topup 1", f"topup {rng.randrange(2, 9)}",
                       "reclaim 1", "reclaim all", "shrink count",
                       f"{slot} = call alloc {rng.randrange(1, 20000)}", "cpu 1", "cpu 0"])


def _padded(bug, hypheap, folder):
    """With as much noise as leaves the failure what it is."""
    lines = [line.split("#")[0].strip() for line in re.split(r"[;\n]", bug.program)]
    lines = [line for line in lines if line]
    head = [line for line in lines if re.match(r"(hypheap|heap)\b", line)]
    body = lines[len(head):]
    for padding in PADDINGS:
        for seed in range(8):
            rng = random.Random(f"{bug.name} {padding} {seed}")
            out = list(head)
            for line in body:
                # what waits for the next operation must meet its own
                if not out[-1].startswith("at "):
                    out += [_noise(rng) for _ in range(padding)]
                out.append(line)
            out += [_noise(rng) for _ in range(padding)]
            text = "\n".join(out) + "\n"
            path = folder / "padded.ops"
            path.write_text(text, encoding="utf-8")
            if signature_of(hypheap, path) == bug.signature:
                return text, f"{padding} a line"
    # none that changes nothing: behind the failure, where only its end is cut
    text = bug.program + "".join(_noise(random.Random(n)) + "\n" for n in range(40))
    path = folder / "padded.ops"
    path.write_text(text, encoding="utf-8")
    if signature_of(hypheap, path) == bug.signature:
        return text, "behind it"
    return None, None
