# SPDX-License-Identifier: GPL-2.0-only
"""What a campaign is doing: as a dict, as text, and for a node exporter."""

import os
import shutil
import time
from pathlib import Path

from campaign_folder import read_lines
from campaign_plan import key
from fuzz_error import Stop
from fuzz_live import Live, short

EVENTS_SHOWN = 6
TAIL = 64 << 10  # bytes of the log that these are looked for in


def snapshot(campaign):
    """All of it, as status.json has it."""
    books, now = campaign.books, time.monotonic()
    workers = [_worker(campaign, worker, now) for worker in campaign.workers]
    live = {row["name"]: row for row in workers}
    findings = campaign.findings.table()
    programs = sum(total[0] for total in books.totals.values())
    operations = sum(total[1] for total in books.totals.values())
    return {
        "folder": str(campaign.folder.path), "host": campaign.settings["host"],
        "pid": os.getpid(), "at": time.time(), "running": not campaign.ended,
        "begun": books.begun, "seconds": books.seconds(),
        "last_new": books.last_new, "control": books.control,
        "jobs": campaign.settings["jobs"], "roles": len(campaign.roles),
        "next_slice": max(0.0, campaign.slice_end - now),
        "programs": programs + sum(row["programs"] for row in workers),
        "operations": operations + sum(row["operations"] for row in workers),
        "execs_per_second": sum(row["execs_per_second"] for row in workers),
        "ops_per_second": sum(row["ops_per_second"] for row in workers),
        "targets": {target: {**books.coverage(target),
                             "corpus": len(campaign.stores[target].names)}
                    for target in campaign.targets},
        "workers": workers,
        "resting": [key(role) for role in campaign.roles if key(role) not in live],
        "served": {key(role): _served(books, key(role), live) for role in campaign.roles},
        "restarts": sum(books.restarts.values()),
        "findings": findings,
        "events": sum(row["events"] for row in findings),
        "waiting": campaign.findings.waiting(),
        "disk_free": shutil.disk_usage(campaign.folder.path).free,
    }


def _served(books, name, live):
    """What a role has done in all its turns, this one included."""
    programs, operations = books.totals.get(name, (0, 0))
    now = live.get(name, {"programs": 0, "operations": 0})
    return {"seconds": books.served.get(name, 0), "programs": programs + now["programs"],
            "operations": operations + now["operations"],
            "restarts": books.restarts.get(name, 0)}


def _worker(campaign, worker, now):
    name = key(worker.role)
    execs, ops = worker.rate(now)
    edges, total, features = worker.figures()
    return {"name": name, "running": worker.running(), "execs_per_second": round(execs, 1),
            "ops_per_second": round(ops, 1), "programs": worker.count[0],
            "operations": worker.count[1], "edges": edges, "edges_total": total,
            "features": features, "rss": worker.rss,
            "restarts": campaign.books.restarts.get(name, 0),
            "seconds": round(now - worker.since, 1) if worker.running() else 0}


# ---- as text ---------------------------------------------------------------------


def _ago(seconds):
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if not i else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in rows]


def text(status, events=()):
    """Lines for a screen."""
    now = time.time()
    new = f"{_ago(now - status['last_new'])} ago" if status["last_new"] else "none yet"
    control = status["control"]
    lines = [
        f"{status['folder']} on {status['host']}: "
        + (f"runs, process {status['pid']}" if status["running"] else
           f"stopped {_ago(now - status['at'])} ago"),
        f"ran {_ago(status['seconds'])}, last new thing {new}, {status['restarts']} restarts, "
        f"{status['disk_free'] >> 20} MiB free, positive control "
        + (f"{'ok' if control['ok'] else 'FAILED'} {_ago(now - control['at'])} ago"
           if control else "not yet"),
        f"{short(status['programs'])} programs, {short(status['operations'])} operations; "
        f"now {short(status['execs_per_second'])} exec/s, {short(status['ops_per_second'])} op/s",
        ""]
    rows = [("target", "edges", "features", "corpus")]
    rows += [(name, str(row["edges"]), str(row["features"]), str(row["corpus"]))
             for name, row in status["targets"].items()]
    lines += _table(rows) + [""]
    rows = [("worker", "exec/s", "op/s", "edges", "features", "MiB", "restarts")]
    rows += [(row["name"] + ("" if row["running"] else " (down)"),
              short(row["execs_per_second"]), short(row["ops_per_second"]),
              f"{row['edges']}/{row['edges_total']}", str(row["features"] or "-"),
              str(row["rss"] >> 20), str(row["restarts"])) for row in status["workers"]]
    lines += _table(rows)
    if status["resting"]:
        lines.append(f"{len(status['resting'])} more take turns, the next in "
                     f"{status['next_slice']:.0f} s")
    lines += ["", *_findings(status, now)]
    return lines + ([""] + [f"{time.strftime('%F %T', time.localtime(line['at']))}  "
                            f"{line['kind']}: {line['text'].splitlines()[0]}"
                            for line in events] if events else [])


def _findings(status, now):
    more = f", {status['waiting']} inputs wait to be looked at" if status["waiting"] else ""
    if not status["findings"]:
        return [f"nothing found{more}"]
    rows = [("finding", "target", "events", "first", "program")]
    for row in status["findings"]:
        where = Path(status["folder"]) / "findings" / row["slug"]
        rows.append((row.get("signature", row["slug"]), row.get("target", "?"),
                     str(row["events"]), f"{_ago(now - row.get('first', now))} ago",
                     str(where / (row.get("minimised") or "input"))))
    return [f"{len(status['findings'])} findings{more}", *_table(rows)]


def last_events(folder, most=EVENTS_SHOWN):
    return list(read_lines(folder.events, TAIL))[-most:]


class Screen:
    """What start and resume show: the live screen on a terminal, else lines."""

    def __init__(self, folder):
        self.folder = folder
        self.live = Live(0)
        self.next = 0.0

    def event(self, kind, words):
        if not self.live.tty:
            print(f"{time.strftime('%T')} {kind}: {words}", flush=True)

    def update(self, status):
        if self.live.tty:
            self.live.show(text(status, last_events(self.folder)))
        elif time.monotonic() >= self.next:
            self.next = time.monotonic() + 60
            print(f"{time.strftime('%T')} {short(status['execs_per_second'])} exec/s "
                  f"{short(status['ops_per_second'])} op/s  corpus "
                  f"{sum(row['corpus'] for row in status['targets'].values())}  findings "
                  f"{len(status['findings'])} ({status['events']} events)", flush=True)


# ---- for a node exporter --------------------------------------------------------


def _quote(value):
    return str(value).replace("\\", r"\\").replace('"', r'\"').replace("\n", r"\n")


def prometheus(status):
    """The text format; the metrics of the folder's host."""
    lines = []

    def metric(name, kind, words, samples):
        lines.append(f"# HELP hypheap_{name} {words}")
        lines.append(f"# TYPE hypheap_{name} {kind}")
        for labels, value in samples:
            inner = ",".join(f'{k}="{_quote(v)}"' for k, v in
                             {"campaign": status["folder"], **labels}.items())
            lines.append(f"hypheap_{name}{{{inner}}} {value}")

    targets, workers = status["targets"], status["workers"]
    metric("up", "gauge", "1 while the campaign runs.", [({}, int(status["running"]))])
    metric("seconds_total", "counter", "How long it ran.", [({}, round(status["seconds"]))])
    metric("programs_total", "counter", "Programs run.", [({}, status["programs"])])
    metric("operations_total", "counter", "Operations run.", [({}, status["operations"])])
    for key_, words in (("edges", "Edges reached, the best of the builds."),
                        ("features", "libFuzzer's features, the best of the builds."),
                        ("corpus", "Files of the corpus.")):
        metric(key_, "gauge", words,
               [({"target": name}, row[key_]) for name, row in targets.items()])
    metric("worker_execs_per_second", "gauge", "Programs a second of a worker.",
           [({"worker": row["name"]}, row["execs_per_second"]) for row in workers])
    metric("workers_running", "gauge", "Workers at work.",
           [({}, sum(row["running"] for row in workers))])
    metric("worker_restarts_total", "counter", "Workers that had to be started again.",
           [({}, status["restarts"])])
    metric("findings", "gauge", "Signatures found.", [({}, len(status["findings"]))])
    metric("finding_events_total", "counter", "How often a signature was met.",
           [({"signature": row.get("signature", row["slug"])}, row["events"])
            for row in status["findings"]])
    metric("last_new_timestamp_seconds", "gauge", "When something new was last reached.",
           [({}, round(status["last_new"]))])
    metric("control_ok", "gauge", "1 if the last positive control found what was planted.",
           [({}, int(bool(status["control"].get("ok"))))])
    metric("disk_free_bytes", "gauge", "Free where the campaign is.",
           [({}, status["disk_free"])])
    return "\n".join(lines) + "\n"


def write_textfile(path, words):
    """Where the exporter looks, which may be another file system."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(words, encoding="utf-8")
        temporary.rename(path)
    except OSError as error:
        raise Stop(2, f"--textfile {path}: {error.strerror}") from error
