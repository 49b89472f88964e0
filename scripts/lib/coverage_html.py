# SPDX-License-Identifier: GPL-2.0-only
"""The figures and the sources as a folder of HTML that needs nothing else."""

from html import escape

import html_page
from coverage_figures import KINDS, total
from coverage_list import key_of

STYLE = """
body { font: 14px sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse }
table.figures td, table.figures th { padding: .2em .8em; text-align: right }
table.figures td:first-child, table.figures th:first-child { text-align: left }
td.full { color: #060 } td.part { color: #a00 }
table.source { font: 13px monospace; white-space: pre; tab-size: 8 }
table.source td { padding: 0 .6em; vertical-align: top }
table.source td.count, table.source td.number { text-align: right; color: #777; user-select: none }
tr.dark td { background: #fdd } tr.listed td { background: #fec }
i { font-style: normal; background: #f99 } tr.listed i { background: #fc6 }
td.note { color: #964; font: 12px sans-serif }
:target td.number { background: #ff6 }
"""


def page(title, body, style=""):
    """A page that needs nothing else."""
    return html_page.page(title, body, STYLE + style)


def _file(source):
    return source.name.replace("/", "-") + ".html"


def _row(name, shares):
    cells = "".join(
        f"<td class=\"{'full' if share.reached == share.all else 'part'}\">"
        f"{share.reached} / {share.all} &nbsp; {share.percent:.1f} %</td>"
        for share in (shares[kind] for kind in KINDS))
    return f"<tr><td>{name}</td>{cells}</tr>"


def _index(sources, reasons, words):
    rows = [_row(f"<a href=\"{_file(s)}\">{escape(s.name)}</a>", s.shares) for s in sources]
    rows.append(_row("all", total(sources)))
    head = "".join(f"<th>{kind}</th>" for kind in ("file", *KINDS))
    dark = []
    for source in sources:
        for line in source.unreached():
            reason = reasons.get(key_of(source, line), "")
            link = f"{_file(source)}#{line.number}"
            dark.append(f"<tr class=\"{'listed' if reason else 'dark'}\"><td><a href=\"{link}\">"
                        f"{escape(source.name)}:{line.number}</a></td>"
                        f"<td>{escape(line.text)}</td>"
                        f"<td class=\"note\">{escape(reason)}</td></tr>")
    return page("Allocator: what the corpus reaches",
                f"<p>{escape(words)}</p><table class=\"figures\"><tr>{head}</tr>\n"
                + "\n".join(rows) + "</table>\n<h2>Not reached</h2><table class=\"source\">"
                + "\n".join(dark) + "</table>")


def _marked(text, dark):
    """The line, with what of it was not reached marked."""
    out, on = [], False
    for column, letter in enumerate(text):
        # blanks and signs between two dark words are dark
        now = column in dark or (on and not (letter.isalnum() or letter == "_")
                                 and any(c > column for c in dark))
        if now != on:
            out.append("<i>" if now else "</i>")
            on = now
        out.append(escape(letter))
    return "".join(out) + ("</i>" if on else "")


def _note(branches):
    """What a condition never was; nothing of one that was never asked."""
    words = []
    for branch in branches:
        if bool(branch.true.count) != bool(branch.false.count):
            what = "true" if not branch.true.count else "false"
            words.append(f"column {branch.column} never {what}")
    return "; ".join(words)


def listing(source, reasons):
    """The lines of a source with their counts, as a table."""
    branches = {}
    for branch in source.branches:
        branches.setdefault(branch.line, []).append(branch)
    rows = []
    for number, raw in enumerate(source.text, 1):
        line = source.lines.get(number)
        reason = reasons.get(key_of(source, line), "") if line else ""
        kind = "" if not line or line.count else "listed" if reason else "dark"
        note = reason or _note(branches.get(number, []))
        rows.append(f"<tr class=\"{kind}\" id=\"{number}\"><td class=\"number\">{number}</td>"
                    f"<td class=\"count\">{line.count if line else ''}</td>"
                    f"<td>{_marked(raw, line.dark if line else ())}</td>"
                    f"<td class=\"note\">{escape(note)}</td></tr>")
    return "<table class=\"source\">" + "\n".join(rows) + "</table>"


def _source(source, reasons):
    return page(source.name, "<p><a href=\"index.html\">all files</a>; red: not reached; yellow: "
                "listed as what the corpus cannot reach</p>" + listing(source, reasons))


def write(folder, sources, reasons, words):
    """index.html and a page a source."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(_index(sources, reasons, words), encoding="utf-8")
    for source in sources:
        (folder / _file(source)).write_text(_source(source, reasons), encoding="utf-8")
