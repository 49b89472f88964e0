# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bench measured: as a document, as tables, as charts."""

from statistics import median

from chart import draw

WAYS = ("bare", "checks", "executor", "model", "twin", "all")


def _figure(values):
    return {"median": median(values), "lowest": min(values), "highest": max(values)}


def _ratio(values, others):
    """Of what was measured in the same round."""
    pairs = list(zip(values, others))
    return median(value / other for value, other in pairs) if pairs else None


def ladder_rows(results):
    """(build, row): {way: [ns of each round]} -> a list of dicts."""
    for (build, row), ways in results.items():
        for way in WAYS:
            if way in ways:
                yield {"build": build, "ops": row[0], "live": row[1], "pages": row[2],
                       "way": way, "ns": _figure(ways[way]),
                       "to_bare": _ratio(ways[way], ways["bare"])}


def _seconds(rounds, what):
    return [1 / one[what] for one in rounds]


def engine_rows(results):
    """Subject: [rates of each round] -> a list of dicts.

    Ratios are of time: an input's to that of the empty target, an operation's to that
    of the naive harness."""
    for subject, rounds in results.items():
        row = {"engine": subject.engine, "target": subject.target, "ops": subject.ops,
               "our_mutator": subject.mutator}
        for what in ("exec_per_second", "op_per_second", "ops_per_exec"):
            row[what] = _figure([one[what] for one in rounds])
        for name, target, what in (("to_empty", "bench_empty", "exec_per_second"),
                                   ("to_naive", "bench_naive", "op_per_second"),
                                   ("to_unchecked", "bench_unchecked", "op_per_second")):
            other = next((o for o in subject.others(target) if o in results), None)
            row[name] = None
            if other and other != subject and rounds[0][what]:
                row[name] = _ratio(_seconds(rounds, what), _seconds(results[other], what))
        yield row


def _columns(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if not i else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in rows]


def _spread(figure):
    if not figure["median"]:
        return ""
    return f"{50 * (figure['highest'] - figure['lowest']) / figure['median']:.0f}"


def _times(ratio):
    return "" if ratio is None else f"{ratio:.2f}" if ratio < 100 else f"{ratio:.0f}"


def ladder_table(document):
    lines = []
    rows = document["ladder"]
    for at in dict.fromkeys((row["ops"], row["live"], row["pages"]) for row in rows):
        of = [row for row in rows if (row["ops"], row["live"], row["pages"]) == at]
        what = f"an operation, {at[0]} a program, {at[1]} live objects" if at[0] else "a reset"
        cells = [[f"{what}, {at[2]} pages of heap", *WAYS]]
        for build in dict.fromkeys(row["build"] for row in of):
            figures = {row["way"]: row for row in of if row["build"] == build}
            cells.append([build] + [
                f"{figures[way]['ns']['median']:.0f} +-{_spread(figures[way]['ns'])}% "
                f"x{_times(figures[way]['to_bare'])}" for way in WAYS])
        lines += ["", *_columns(cells)]
    return "\n".join([f"ns of a core, median of {document['rounds']} rounds, half of the spread, "
                      "times that build's bare", *lines[1:]])


def _rate(number):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f}"


def engine_table(document):
    cells = [["target", "ops/exec", "exec/s", "+-%", "us/exec", "x empty", "op/s", "+-%",
              "ns/op x naive", "x unchecked"]]
    engine = None
    for row in document["engines"]:
        if row["engine"] != engine:
            engine = row["engine"]
            cells.append([engine] + [""] * 9)
        name = row["target"] + (" + mutator" if row["our_mutator"] else "")
        per_second = row["exec_per_second"]
        cells.append([
            f"  {name}, {row['ops']} ops", f"{row['ops_per_exec']['median']:.1f}",
            _rate(per_second["median"]), _spread(per_second),
            f"{1e6 / per_second['median']:.2f}", _times(row["to_empty"]),
            _rate(row["op_per_second"]["median"]), _spread(row["op_per_second"]),
            _times(row["to_naive"]), _times(row["to_unchecked"])])
    return "\n".join([f"by second of a core, all processes; median of {document['rounds']} "
                      f"rounds of {document['seconds']:g} s, half of the spread",
                      *_columns(cells)])


def tables(document):
    parts = []
    if document["ladder"]:
        parts.append(ladder_table(document))
    if document["engines"]:
        parts.append(engine_table(document))
    return "\n\n".join(parts)


def _over(names):
    ticks = ", ".join(f'"{name}" {i}' for i, name in enumerate(names))
    return [f"set xtics ({ticks})", f"set xrange [-0.2:{len(names) - 0.8}]", "set logscale y"]


def _ladder_chart(document, path):
    """The first of the tables that is of operations."""
    rows = document["ladder"]
    first = next((row for row in rows if row["ops"]), rows[0])
    lines = {}
    for row in rows:
        if all(row[key] == first[key] for key in ("ops", "live", "pages")):
            lines.setdefault(row["build"], []).append((WAYS.index(row["way"]),
                                                       row["ns"]["median"]))
    what = f"an operation ({first['ops']} a program, {first['live']} live objects)" \
        if first["ops"] else "a reset"
    draw(path, lines, xlabel="each with what stands before it", ylabel=f"ns {what}",
         style="linespoints", settings=_over(WAYS))


def _engine_chart(document, path):
    names = ("bench_empty", "bench_unchecked", "bench_naive", "fuzz_heap")
    lines = {}
    for row in document["engines"]:
        title = row["engine"] + (f", {row['ops']} ops" if row["engine"] == "afl" else "")
        if not row["our_mutator"] or row["target"] == "fuzz_heap" or row["ops"] != 64:
            lines.setdefault(title, []).append((names.index(row["target"]),
                                                row["exec_per_second"]["median"]))
    draw(path, lines, xlabel="target", ylabel="exec/s of a core", style="linespoints",
         settings=[*_over(names), "set key right top"])


def charts(document, path):
    """Return: the files written; the engines' is beside the ladder's."""
    written = []
    if document["ladder"]:
        _ladder_chart(document, path)
        written.append(path)
    if document["engines"]:
        beside = path.with_name(f"{path.stem}-engines{path.suffix}") if written else path
        _engine_chart(document, beside)
        written.append(beside)
    return written
