# SPDX-License-Identifier: GPL-2.0-only
"""The report of scripts/try-alloc and scripts/compare-alloc as one page of HTML."""

from html import escape
from pathlib import Path

import coverage_html
import try_known
from try_build import TOP

STYLE = """
body { max-width: 75em; margin: 2em auto; padding: 0 1em; line-height: 1.45 }
h1 { font-size: 1.5em }
h3 { font-size: 1em; margin: 1.2em 0 .3em }
h2 { font-size: 1.15em; margin: 2em 0 .5em; border-bottom: 1px solid #ccc }
.verdict { padding: .6em 1em; border-left: .4em solid #080; background: #efe; font-size: 1.1em }
.verdict.no { border-color: #b00; background: #fee }
table { margin: .5em 0 }
td, th { padding: .25em .8em .25em 0; text-align: left; vertical-align: top }
th { border-bottom: 1px solid #999 } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
code, pre, .trace td { font: 13px monospace }
pre { background: #f4f4f4; padding: .7em 1em; overflow-x: auto; white-space: pre-wrap }
.trace td { white-space: pre-wrap; border-bottom: 1px solid #eee } tr.first td { background: #fd8 }
.yes { color: #060 } .no { color: #a00 } .dim { color: #666 }
div.listing { max-height: 40em; overflow: auto; border: 1px solid #ccc }
details summary { cursor: pointer; margin: .4em 0 }
@media (max-width: 45em) { .trace td { font-size: 11px } td, th { padding-right: .4em } }
"""


def short(path):
    """As one types it in the repository."""
    path = Path(path)
    return str(path.relative_to(TOP)) if path.is_relative_to(TOP) else str(path)


def table(head, rows, numbers=()):
    """Cells are HTML; @numbers: columns that hold numbers."""
    def cell(tag, index, words, kind=""):
        names = " ".join(filter(None, ("n" if index in numbers else "", kind)))
        return f"<{tag}{f' class={chr(34)}{names}{chr(34)}' if names else ''}>{words}</{tag}>"

    def line(tag, cells):
        return "<tr>" + "".join(cell(tag, i, c) for i, c in enumerate(cells)) + "</tr>"

    return ("<table>" + (line("th", head) if head else "")
            + "\n".join(line("td", row) for row in rows) + "</table>")


def section(title, *parts):
    return f"<h2>{escape(title)}</h2>\n" + "\n".join(part for part in parts if part)


def note(words):
    return f"<p>{escape(words)}</p>"


def code(words):
    return f"<pre>{escape(words.rstrip())}</pre>"


def _groups(came):
    rows = []
    for signature, paths in came.failing.items():
        small = min(paths, key=lambda path: came.documents[path].get("ops") or 1 << 30)
        rows.append((f"<code>{escape(signature)}</code>", len(paths),
                     f"<code>{escape(short(small))}</code>"))
    return table(("signature", "programs", "the shortest of them"), rows, (1,)) if rows else \
        note("All programs hold.")


def _replays(result):
    rows = [(level, f"{came.holds} of {len(came.documents)}",
             "each result, place and page is what the specification says" if level == "exact"
             else "what every allocator of this interface must keep")
            for level, came in result.replays.items()]
    return table(("level", "hold", "asks"), rows)


def _divergence(found):
    if not found:
        return note("No program of the corpus differs.")
    rows = []
    for at in range(max(len(found.ours), len(found.theirs))):
        left = found.ours[at] if at < len(found.ours) else [""] * 4
        right = found.theirs[at] if at < len(found.theirs) else [""] * 4
        first = " class=\"first\"" if at == found.at else ""
        cells = (left[1] or right[1], left[2], right[2], left[3], right[3])
        rows.append(f"<tr{first}>" + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>")
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in (
        "operation", "the sound one", "this one", "pages of the sound one", "of this one")) + "</tr>"
    words = "where they part is marked" if found.at >= 0 else \
        "results and pages are the same; what is inside is not, see below"
    return (note(f"{found.signature}, {words}:")
            + "<table class=\"trace\">" + head + "\n".join(rows) + "</table>"
            + "<details><summary>the program, and what is said of it</summary>"
            + code(found.program) + (code(found.report) if found.report else "") + "</details>")


def _parted(result):
    count, found = result.parted
    if not found:
        return note("Places left out, each operation comes to the same.")
    return (note(f"In {count} programs an operation comes to something else, places left out. "
                 "The shortest:") + _divergence(found))


def _known(cases):
    colours = {try_known.SHOWS: "dim", try_known.DIFFERS: "yes", try_known.UNTOLD: "dim"}
    parts = []
    for state, words in ((try_known.SHOWS, "It shows"), (try_known.DIFFERS, "It does not show"),
                         (try_known.UNTOLD, "It cannot be told of")):
        some = [case for case in cases if case.state == state]
        if some:
            rows = [(f"<code>{escape(case.name)}</code>", escape(case.words),
                     f"<span class=\"{colours[state]}\">{escape(case.why)}</span>")
                    for case in some]
            parts += [f"<h3>{words} {len(some)} of {len(cases)}</h3>",
                      table(("case", "the behaviour, and why one would expect something else",
                             "" if state == try_known.SHOWS else "why"), rows)]
    return (note("Behaviours that look like a bug and are documented (corpus/known). One that is "
                 "shown is nothing to mend. What an allocator of another policy does is judged by "
                 "the operations that are the behaviour; where those before them already come "
                 "to something else, the scene is another.") + "\n".join(parts))


def _fuzzed(runs):
    if not runs:
        return note("Not done.")
    parts = []
    for came in runs:
        rows = [(engine.name, engine.runs, engine.ops, f"{engine.seconds:.0f} s", engine.words)
                for engine in came.engines]
        parts += [f"<h3>Level {came.level}</h3>",
                  table(("", "programs", "operations", "time", "reached"), rows, (1, 2, 3)),
                  *(note(words) for words in came.lost)]
        if not came.findings:
            parts.append(note("Nothing found."))
        for found in came.findings:
            parts += [f"<h3>{escape(found.signature)}, {found.count} times</h3>",
                      "" if found.small else note("It was not minimised: as it was found."),
                      code(found.program), code(found.report),
                      note("It fails at contract level as well." if found.breaks else
                           "At contract level it holds: no bug, if the specification is not the "
                           "aim.")]
    return "\n".join(parts)


def _mutants(sample, level):
    if not sample:
        return note("Not done.")
    rows = [(f"{m.line}", f"<code>{escape(m.function)}</code>", escape(m.operator),
             f"<code>{escape(m.words)}</code>") for m in sample.survivors]
    oracles = ", ".join(f"{name} {count}" for name, count in sorted(
        sample.oracles.items(), key=lambda item: -item[1]))
    tried = sample.judged + sample.same + sample.uncompiled
    why = "" if tried >= sample.all else (
        f", chosen by chance, always the same: for more than {sample.seconds:.0f} s of them, "
        "--seconds")
    return (note(f"Of {sample.all} small changes {tried} were tried, one at a time{why}. "
                 f"{sample.same} make the same code as no change or another one"
                 + (f", {sample.uncompiled} do not compile" if sample.uncompiled else "")
                 + f". Of the {sample.judged} others the corpus at level {level} notices "
                 f"{sample.killed}" + (f" (by oracle: {oracles})" if oracles else "")
                 + ". One that nobody notices makes no difference that the interface shows, or "
                 "the corpus does not go there: a test to write.")
            + (table(("line", "function", "kind", "change that nobody noticed"), rows, (0,))
               if rows else note("None.")))


def _coverage(source):
    if not source:
        return note("Not measured.")
    share = source.shares["lines"]
    dark = source.unreached()
    rows = [(line.number, f"<code>{escape(line.function)}</code>",
             f"<code>{escape(line.text)}</code>") for line in dark]
    return (note(f"The corpus reaches {share.reached} of {share.all} lines ({share.percent:.1f} %), "
                 + ", ".join(f"{source.shares[kind].percent:.1f} % of {kind}"
                             for kind in ("branches", "functions")) + ".")
            + (table(("line", "function", "not reached"), rows, (0,)) if rows else "")
            + "<details><summary>all lines with their counts</summary><div class=\"listing\">"
            + coverage_html.listing(source, {}) + "</div></details>")


def report(result):
    """The page of a try_alloc.Result."""
    ok = result.contract_holds
    verdict = (f"<p class=\"verdict{'' if ok else ' no'}\">"
               + "<br>".join(escape(line) for line in result.summary()) + "</p>")
    body = [
        verdict,
        section("What it is", table((), [(escape(a), escape(b)) for a, b in result.facts()])),
        section("Where it differs from the specification", _replays(result),
                _groups(result.replays["exact"])),
        section("First divergence", _divergence(result.divergence), _parted(result)),
        section("What it must keep", _groups(result.replays["contract"]),
                _divergence(result.breach) if result.breach else ""),
        section("Fuzzing", _fuzzed(result.fuzzed)),
        section("Documented behaviour", _known(result.known)),
        section("What would be noticed", _mutants(result.mutants, result.level)),
        section("Coverage", _coverage(result.coverage)),
    ]
    return coverage_html.page(f"{result.source.name}: what it does", "\n".join(body), STYLE)
