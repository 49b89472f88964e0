# SPDX-License-Identifier: GPL-2.0-only
"""What the corpus itself says must come of its programs; see corpus/README.md."""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fuzzers/run/tests"))
import test_corpus  # pylint: disable=wrong-import-position


@dataclass
class Claims:
    """steps: (index, result, counts); outcome: of a corruption, or None."""
    steps: list
    outcome: str

    def broken(self, document):
        """The first claim that "hypheap run --json --trace" does not bear out."""
        trace = document.get("trace", [])
        for at, result, counts in self.steps:
            step = trace[at] if at < len(trace) else {"result": "nothing"}
            actual = step["result"]
            if result == "panic" and actual.startswith("panic "):
                actual = "panic"
            if result != actual:
                return f"operation {at + 1}: says {result}, is {actual}"
            for key, value in counts.items():
                if str(step.get(key, 0)) != value:
                    return f"operation {at + 1}: says {key}={value}, is {step.get(key, 0)}"
        outcome = document.get("corruption", {}).get("outcome", "none")
        if self.outcome and self.outcome != outcome:
            return f"says corruption: {self.outcome}, is {outcome}"
        return None


def of_trace(path):
    """A known case: each line of its trace."""
    steps = test_corpus.steps_of(path.read_bytes())
    return [(at, step.result, step.census) for at, step in enumerate(steps)]


def of_comments(path):
    steps = []
    for at, (_, line) in enumerate(test_corpus.operations_of(path)):
        mark = test_corpus.MARK.search(line)
        claim = mark and test_corpus.CLAIM.match(mark["claim"])
        if claim:
            steps.append((at, claim["result"], test_corpus.pairs(claim["census"] or "")))
    return steps


def read(path):
    if path.suffix != ".ops":
        return Claims([], None)
    outcome = test_corpus.OUTCOME.search(path.read_text(encoding="utf-8"))
    trace = path.with_suffix(".trace")
    return Claims(of_trace(trace) if trace.exists() else of_comments(path),
                  outcome and outcome[1])
