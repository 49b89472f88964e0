# SPDX-License-Identifier: GPL-2.0-only
"""The table of what scripts/crashbench found, and what is wrong in it."""

import statistics

from crashbench_steps import MOST_OPS, MOST_SECONDS


def wrong(entry):
    """What does not hold for a bug; empty: all does."""
    if not entry["crasher"]:
        return "no crasher with its signature"
    said = [entry[step]["why"] for step in ("min", "repro", "selftest")
            if step in entry and not entry[step]["ok"]]
    if said:
        return "; ".join(said)
    if entry["min"]["ops"] > MOST_OPS:
        return f"min: {entry['min']['ops']} operations, more than {MOST_OPS}"
    if entry["min"]["seconds"] > MOST_SECONDS:
        return f"min: {entry['min']['seconds']} s, more than {MOST_SECONDS:.0f}"
    return ""


def _selftest(entry):
    step = entry.get("selftest")
    if not step:
        return ""
    return "refused" if step.get("refused") else "compiles" if step["ok"] else "WRONG"


def _row(entry):
    crasher, small, repro = entry["crasher"] or {}, entry.get("min", {}), entry.get("repro")
    return [entry["bug"], entry["signature"], crasher.get("source", "none"),
            str(crasher.get("ops", "")), str(small.get("ops", "")), str(entry["shortest"]),
            f"{small['seconds']:.1f} s" if small else "", str(small.get("tries", "")),
            "" if not repro else "fails" if repro["ok"] else "WRONG", _selftest(entry)]


def line(entry):
    """Of one bug, for progress."""
    row = _row(entry)
    return f"{row[0]}: {row[2]} {row[3]} -> {row[4]} operations in {row[6]}; repro {row[8]}, " \
           f"self test {row[9]}" + (f"; WRONG {entry['wrong'][:300]}" if entry["wrong"] else "")


def totals(document):
    """Over all bugs."""
    bugs = document["bugs"]
    small = [entry["min"] for entry in bugs if "min" in entry and "ops" in entry["min"]]
    refused = {}
    for entry in bugs:
        why = entry.get("selftest", {}).get("refused")
        if why:
            refused[why] = refused.get(why, 0) + 1
    count = lambda step: sum(entry.get(step, {}).get("ok", False) for entry in bugs)
    sources = [entry["crasher"]["source"] for entry in bugs if entry["crasher"]]
    return {
        "bugs": len(bugs), "right": sum(not entry["wrong"] for entry in bugs),
        "sources": {name: sources.count(name) for name in sorted(set(sources))},
        "minimised": count("min"),
        "ops_median": statistics.median(each["ops"] for each in small) if small else None,
        "ops_most": max((each["ops"] for each in small), default=None),
        "ops_above": sum(each["ops"] > MOST_OPS for each in small),
        "seconds_median": statistics.median(each["seconds"] for each in small)
                          if small else None,
        "seconds_most": max((each["seconds"] for each in small), default=None),
        "reproduced": count("repro"),
        "selftest": count("selftest") - sum(refused.values()), "selftest_refused": refused,
    }


def table(document):
    """A line a bug, then the totals."""
    rows = [["bug", "signature", "crasher", "ops", "min", "shortest", "time", "tries", "repro",
             "self test"]]
    rows += [_row(entry) for entry in document["bugs"]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
             for row in rows]
    t = document["totals"]
    sources = ", ".join(f"{n} {name}" for name, n in t["sources"].items())
    lines += [
        "", f"right       {t['right']} of {t['bugs']}", f"crashers    {sources}",
        f"min         {t['minimised']}; operations: median {t['ops_median']}, "
        f"most {t['ops_most']}, {t['ops_above']} above {MOST_OPS}; seconds: median {t['seconds_median']}, most "
        f"{t['seconds_most']}",
        f"repro       {t['reproduced']} fail with the bug and hold without",
        f"self test   {t['selftest']} compile, {sum(t['selftest_refused'].values())} refused"]
    lines += [f"  {n:3} {why}" for why, n in sorted(t["selftest_refused"].items(),
                                                   key=lambda pair: -pair[1])]
    return "\n".join(lines)
