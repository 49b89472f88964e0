# SPDX-License-Identifier: GPL-2.0-only
"""The page of a campaign: charts over time, findings, workers."""

import base64
import os
import tempfile
import time
from html import escape
from pathlib import Path

import chart
import html_page
from campaign_folder import read_lines
from fuzz_live import short

POINTS_MOST = 1000
EVENTS_SHOWN = 100

STYLE = """
body { font: 14px sans-serif; margin: 2em; color: #222; background: #fff; max-width: 1700px }
table { border-collapse: collapse; margin: 1em 0 }
td, th { padding: .2em .8em; text-align: right; border-bottom: 1px solid #ddd }
td:first-child, th:first-child, td.text { text-align: left }
img { max-width: 49%; min-width: 400px }
code { font: 13px monospace }
"""


def thin(rows, most=POINTS_MOST):
    """Evenly, the last one always."""
    if len(rows) <= most:
        return rows
    step = len(rows) / most
    return [rows[int(i * step)] for i in range(most - 1)] + rows[-1:]


def _hours(row):
    return row["ran"] / 3600


def charts(rows):
    """Title, what is up, and the lines of each chart."""
    targets = sorted({name for row in rows for name in row["targets"]})

    def each(what):
        return {name: [(_hours(row), row["targets"][name][what]) for row in rows
                       if name in row["targets"]] for name in targets}

    return [
        ("Coverage", "edges, the best of the builds", each("edges")),
        ("Features", "libFuzzer's features", each("features")),
        ("Corpus", "files", each("corpus")),
        ("Rate", "programs a second",
         {"all workers": [(_hours(row), row["execs_per_second"]) for row in rows]}),
        ("Findings", "signatures",
         {"signatures": [(_hours(row), row["findings"]) for row in rows]}),
        ("Events", "times a signature was met",
         {"events": [(_hours(row), row["events"]) for row in rows]}),
    ]


def _image(title, ylabel, lines):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chart.svg"
        chart.draw(path, lines, xlabel="hours of the campaign", ylabel=ylabel,
                   settings=[f"set title '{title}'", "set yrange [0:]", "set key below"],
                   size="800,400")
        data = base64.b64encode(path.read_bytes()).decode()
    return f"<img alt=\"{title}\" src=\"data:image/svg+xml;base64,{data}\">"


def _rows(head, rows):
    cells = "".join(f"<th>{escape(word)}</th>" for word in head)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
                     for row in rows)
    return f"<table><tr>{cells}</tr>\n{body}</table>"


def _findings(status, base):
    rows = []
    for row in status["findings"]:
        home = Path(status["folder"]) / "findings" / row["slug"]

        def link(name, words, home=home):
            path = os.path.relpath(home / name, base)
            return f"<a href=\"{escape(path)}\">{escape(words)}</a>"

        name = row.get("signature", row["slug"])
        rows.append((link(row.get("page", "report.txt"), name), escape(row.get("target", "?")),
                     row["events"],
                     time.strftime("%F %T", time.localtime(row.get("first", 0))),
                     link(row.get("minimised") or "input", "program"),
                     f"<code>{escape(row.get('replay', ''))}</code>"))
    if not rows:
        return "<p>None.</p>"
    return _rows(("signature", "target", "events", "first", "", "replay"), rows)


def write(folder, status, output=None):
    """Return: where the page is. It has its charts in it; findings' pages are links."""
    output = (output or folder.path / "report.html").resolve()
    rows = thin(list(read_lines(folder.history)))
    images = [_image(*one) for one in charts(rows)] if len(rows) > 1 else \
        ["<p>Too short for charts.</p>"]
    targets = _rows(("target", "edges", "features", "corpus"), [
        (name, row["edges"], row["features"], row["corpus"])
        for name, row in status["targets"].items()])
    workers = _rows(("worker", "minutes given", "programs", "operations", "restarts"), [
        (name, f"{row['seconds'] / 60:.0f}", row["programs"], row["operations"],
         row["restarts"]) for name, row in status["served"].items()])
    events = _rows(("when", "what", "text"), [
        (time.strftime("%F %T", time.localtime(line["at"])), escape(line["kind"]),
         f"<code>{escape(line['text'])}</code>")
        for line in list(read_lines(folder.events))[-EVENTS_SHOWN:]])
    words = (f"<p>{escape(status['folder'])} on {escape(status['host'])}: ran "
             f"{status['seconds'] / 3600:.2f} h, {short(status['programs'])} programs, "
             f"{short(status['operations'])} operations, {status['restarts']} restarts. "
             f"Written {time.strftime('%F %T')}.</p>")
    page = html_page.page("Campaign", "\n".join([
        words, "<h2>Findings</h2>", _findings(status, output.parent), "<h2>Over time</h2>",
        *images, "<h2>Targets</h2>", targets, "<h2>Workers</h2>", workers,
        f"<h2>The last {EVENTS_SHOWN} events</h2>", events]), STYLE)
    folder.scratch.mkdir(exist_ok=True)
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    temporary.write_text(page, encoding="utf-8")
    temporary.rename(output)
    return output
