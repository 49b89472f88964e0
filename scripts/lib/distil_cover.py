# SPDX-License-Identifier: GPL-2.0-only
"""Few and small inputs that have together what all have: greedy set cover by size."""

import heapq
from collections import Counter

# What a file costs besides its bytes: a process has to open it, a human to look at it.
OF_A_FILE = 64


def cost(one):
    return OF_A_FILE + len(one.data)


def cover(inputs, has):
    """A list of inputs, those that bring most for their size first.

    has: {input: set}. Ties go to the smaller one, then to the name. What the later
    ones made superfluous is left out in the end.
    """
    covered = set()
    heap = [(-len(has[one]) / cost(one), one.key(), one) for one in inputs if has[one]]
    heapq.heapify(heap)
    chosen = []
    while heap:
        rank, key, one = heapq.heappop(heap)
        worth = len(has[one] - covered) / cost(one)
        if not worth:
            continue
        if -worth > rank:  # others have some of it by now
            heapq.heappush(heap, (-worth, key, one))
            continue
        chosen.append(one)
        covered |= has[one]
    return without_superfluous(chosen, has)


def without_superfluous(chosen, has):
    """The largest is tried first."""
    times = Counter(point for one in chosen for point in has[one])
    left = set()
    for one in sorted(chosen, key=lambda one: (-len(one.data), one.name)):
        if all(times[point] > 1 for point in has[one]):
            left.add(one)
            times.subtract(has[one])
    return [one for one in chosen if one not in left]
