# SPDX-License-Identifier: GPL-2.0-only
"""The table and the chart of what scripts/bugbench measured."""

import statistics

from chart import draw
from fuzz_error import Stop

REPLAYS = ("selftest", "corpus")  # columns without a seed


def _column(runs):
    """Caught, then median and most seconds and programs; or how near it came."""
    caught = [run for run in runs if run["caught"]]
    share = f"{len(caught)}/{len(runs)}"
    if not caught:
        near = [word for word in ("triggered", "reached")
                if any(run[word] for run in runs)]
        if near:
            return f"{share} {near[0]}"
        known = any(run["reached"] is not None for run in runs)
        return f"{share} {'not reached' if known else 'missed'}"
    seconds = [run["seconds"] for run in caught]
    programs = [run["programs"] for run in caught]
    return f"{share} {statistics.median(seconds):.1f}/{max(seconds):.1f} s " \
           f"{_short(statistics.median(programs))}/{_short(max(programs))}"


def _short(number):
    number = int(number)
    for unit, size in (("M", 1000000), ("k", 1000)):
        if number >= size * 10:
            return f"{number // size}{unit}"
    return str(number)


def _typical(bugs, name):
    """Geometric mean of the medians of programs until a bug is found, to compare ways of
    making them; a bug that most seeds miss counts with what was tried."""
    medians = [statistics.median(run["programs"] for run in entry["engines"][name])
               for entry in bugs if entry["engines"].get(name)]
    if not medians or name in REPLAYS:
        return ""
    return f"{statistics.geometric_mean(max(1, median) for median in medians):.3g}"


def _once(runs):
    return runs[0]["signature"] if runs[0]["caught"] else "missed"


def table(document):
    """A line a bug, then how many each column caught."""
    names = document["engines"]
    rows = [["bug", "ops", "own sequence", *names]]
    for entry in document["bugs"]:
        ok = entry["sequence"]["ok"]
        row = [entry["bug"], str(entry["operations"]),
               entry["oracle"] if ok else f"{entry['sequence']['signature']} NOT {entry['oracle']}"]
        for name in names:
            runs = entry["engines"].get(name, [])
            row.append("" if not runs else _once(runs) if name in REPLAYS else _column(runs))
        rows.append(row)
    bugs = document["bugs"]
    totals = ["caught", "", f"{sum(entry['sequence']['ok'] for entry in bugs)}/{len(bugs)}"]
    for name in names:
        some = sum(any(run["caught"] for run in entry["engines"].get(name, []))
                   for entry in bugs)
        totals.append(f"{some}/{len(bugs)}")
    rows.append(totals)
    rows.append(["programs", "", "", *(_typical(bugs, name) for name in names)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
             for row in rows]
    head = f"limit {document['seconds']} s of one core, {document['seeds']} seeds; " \
           "caught/seeds, median/most seconds, median/most programs" \
           if not document["quick"] else "quick"
    return "\n".join([head, *lines])


def chart(document, path):
    """Bugs found (with the median seed) over the seconds it took, a line an engine."""
    names = [name for name in document["engines"] if name not in REPLAYS]
    if not names:
        raise Stop(2, "--chart: there is nothing to draw without a fuzzing engine")
    lines = {}
    for name in names:
        times = []
        for entry in document["bugs"]:
            runs = entry["engines"].get(name, [])
            found = sorted(run["seconds"] if run["caught"] else float("inf") for run in runs)
            if found and found[(len(found) - 1) // 2] != float("inf"):
                times.append(max(0.1, found[(len(found) - 1) // 2]))
        lines[name] = [(0.1, 0), *((at, i) for i, at in enumerate(sorted(times), 1)),
                       (document["seconds"], len(times))]
    bugs = len(document["bugs"])
    draw(path, lines, xlabel="seconds of one core until found, median of the seeds",
         ylabel=f"planted bugs found, of {bugs}", style="steps",
         settings=["set logscale x", f"set yrange [0:{bugs}]",
                   f"set xrange [0.1:{document['seconds']}]"])
