# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/campaign does: start, status, stop, resume, report, prune, unit."""

import argparse
import contextlib
import getpass
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import campaign_prune
import campaign_report
import campaign_status
import fuzz_children
from campaign_build import TOP, Builds
from campaign_folder import Folder, host_name, read_json
from campaign_plan import KINDS, MIX, TARGETS
from campaign_run import Campaign
from fuzz_error import Stop
from fuzz_live import Live

DESCRIPTION = """\
Fuzzes all targets on all cores for as long as you like, with libFuzzer and AFL++
together. Looks after its workers, shares what they find, replays, minimises and
counts what fails, and tells it once."""

EPILOG = """\
exit status: 0 it ended as it was told to; 2 usage, a missing tool, a full disk or
a folder that cannot be written; 3 a fault of the harness, also one that makes the
positive control fail. Findings do not change it: `status` and the hook tell them.
kill -9, also of everything, and a reboot cost nothing that was found: `resume`."""

STOP_SECONDS = 120


def folder_option(parser):
    parser.add_argument("-d", "--dir", type=Path, default=TOP / "build/campaign",
                        metavar="DIR", help="the campaign's folder (default: build/campaign)")


def words(kind, allowed):
    """A comma-separated list of what is allowed."""
    def parse_words(text):
        found = text.split(",")
        for word in found:
            if word not in allowed:
                raise argparse.ArgumentTypeError(
                    f"no {kind} {word}; there are {', '.join(allowed)}")
        return list(dict.fromkeys(found))
    return parse_words


def at_least(least):
    def parse_number(text):
        try:
            number = int(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"not a number: {text}") from error
        if number < least:
            raise argparse.ArgumentTypeError(f"{number}: below {least}")
        return number
    return parse_number


def defaults():
    return {"targets": list(TARGETS), "kinds": list(MIX), "corpus": str(TOP / "corpus"),
            "jobs": len(os.sched_getaffinity(0)), "slice": 300, "rss": 2560, "hang": 180,
            "disk_free": 1024, "seconds": 0, "hook": "", "textfile": "", "alloc": "", "builds": "",
            "host": host_name(), "selfcheck": ""}


def run_options(parser):
    """Of start and resume; what resume is not told stays as it was."""
    def add(name, words_, **more):
        parser.add_argument(name, default=argparse.SUPPRESS, help=words_, **more)

    folder_option(parser)
    parser.add_argument("--background", action="store_true",
                        help="return at once; `status` shows it, `stop` ends it")
    add("--targets", f"of {', '.join(TARGETS)} (default: all)",
        type=words("target", TARGETS), metavar="A,B")
    add("--kinds", f"of workers: {', '.join(KINDS)} (default: {','.join(MIX)})",
        type=words("kind", tuple(KINDS)), metavar="A,B")
    add("--jobs", "workers at a time (default: the cores)", type=at_least(1), metavar="N")
    add("--slice", "seconds until the next workers' turn, if there are more workers than "
        "--jobs (default 300)", type=at_least(1), metavar="N")
    add("--corpus", "where to begin (default: corpus)", type=Path, metavar="DIR")
    add("--alloc", "another alloc.c to test", type=Path, metavar="FILE")
    add("--builds", "ready-made builds, as in build/: PRESET/BINARY. Nothing is built, and "
        "no compiler needed", type=Path, metavar="DIR")
    add("--hook", "run for each new signature: CMD SIGNATURE FILE PAGE, the same in "
        "HYPHEAP_SIGNATURE, _FILE, _PAGE, _TARGET", metavar="CMD")
    add("--seconds", "end after so long (default 0: never)", type=at_least(0), metavar="N")
    add("--rss", "MiB a worker may have (default 2560)", type=at_least(64), metavar="N")
    add("--hang", "seconds without progress after which a worker is killed (default 180)",
        type=at_least(1), metavar="N")
    add("--disk-free", "MiB that must stay free, else it stops (default 1024)",
        type=at_least(1), metavar="N")
    add("--textfile", "a copy of metrics.prom for a node exporter", type=Path,
        metavar="FILE")
    add("--host", "this machine's name in those of the workers (default: its own)",
        type=host_name, metavar="NAME")
    add("--selfcheck", "the positive control, at the start and every day "
        "(default: scripts/selfcheck, with the engines that it has)", metavar="CMD")


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/campaign", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run_options(commands.add_parser("start", help="begin a campaign in a new folder"))
    run_options(commands.add_parser(
        "resume", help="go on after stop, kill -9 or a reboot, with the same options"))
    status = commands.add_parser("status", help="the live screen, on a terminal")
    folder_option(status)
    status.add_argument("--json", action="store_true", help="all of it, for machines")
    status.add_argument("--once", action="store_true", help="no live screen")
    folder_option(commands.add_parser("stop", help="end it in peace"))
    report = commands.add_parser("report", help="one HTML page with charts")
    folder_option(report)
    report.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="default: DIR/report.html")
    prune = commands.add_parser("prune", help="make the corpus as small as what it reaches "
                                "allows, proved by scripts/distil")
    folder_option(prune)
    prune.add_argument("--seconds", type=at_least(1), metavar="N",
                       help="how long it may take for each target")
    unit = commands.add_parser("unit", help="print a systemd unit that resumes it after a "
                               "reboot")
    folder_option(unit)
    unit.add_argument("--user", default=getpass.getuser(), metavar="NAME",
                      help="whose campaign it is (default: yours)")
    return parser.parse_args(argv)


# ---- start and resume ----------------------------------------------------------


def settings_of(args, saved):
    """What was saved, or the defaults, with what the command line says."""
    settings = {**defaults(), **saved}
    for name in settings:
        if hasattr(args, name):
            value = getattr(args, name)
            settings[name] = str(value.resolve()) if isinstance(value, Path) else value
    if not Path(settings["corpus"]).is_dir():
        raise Stop(2, f"--corpus {settings['corpus']}: not a folder")
    if settings["alloc"] and not Path(settings["alloc"]).is_file():
        raise Stop(2, f"--alloc {settings['alloc']}: no such file")
    if settings["builds"] and not Path(settings["builds"]).is_dir():
        raise Stop(2, f"--builds {settings['builds']}: not a folder")
    return settings


def read_settings(folder):
    """Without them it would be another campaign."""
    try:
        return json.loads(folder.settings.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Stop(2, f"{folder.settings} is damaged: remove it, and `start` again with the "
                      "options you had; all else in the folder is kept") from error


def begin(args):
    folder = Folder(args.dir)
    there = folder.settings.exists()
    if args.command == "start" and there:
        running = folder.runs()
        raise Stop(2, f"{folder.path}: a campaign runs there, {folder.holder()}" if running
                   else f"{folder.path}: there is a campaign; `scripts/campaign resume -d "
                   f"{folder.path}` goes on with it")
    if args.command == "resume" and not there:
        raise Stop(2, f"{folder.path}: no campaign there to go on with")
    settings = settings_of(args, read_settings(folder) if there else {})
    folder.path.mkdir(parents=True, exist_ok=True)
    left = folder.lock()
    try:
        return work(folder, settings, left, args.background)
    finally:
        with contextlib.suppress(OSError):
            folder.unlock()


def work(folder, settings, left, background):
    """With the folder locked."""
    folder.make(settings["targets"])
    folder.sweep()
    folder.write_json(folder.settings, settings)
    screen = campaign_status.Screen(folder)
    if left:
        words_ = f"process {left.get('pid')} of {left.get('since')} did not end by itself: " \
                 "going on from what it left"
        folder.event("cut off", words_)
        screen.event("cut off", words_)
    builds = Builds(settings)
    builds.build(folder.path / "log")
    if background and not detach(folder):
        return 0
    folder.claim()
    fuzz_children.adopt_orphans()
    try:
        return Campaign(folder, settings, builds, screen).run()
    except (Stop, OSError) as error:
        with contextlib.suppress(OSError):
            folder.event("stopped", getattr(error, "text", str(error)))
        raise
    finally:
        fuzz_children.kill_all()


def detach(folder):
    """Return: whether this is the process that goes on, without a terminal."""
    sys.stdout.flush()
    if os.fork():
        folder.held = None  # the lock is the child's
        print(f"runs in {folder.path}; its words are in {folder.path}/log/campaign.log")
        sys.stdout.flush()
        os._exit(0)
    os.setsid()
    log = os.open(folder.path / "log/campaign.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    return True


# ---- the others -------------------------------------------------------------------


def campaign_in(args):
    folder = Folder(args.dir)
    if not folder.settings.exists():
        raise Stop(2, f"{folder.path}: no campaign there")
    return folder


def status_now(folder):
    """status.json is as old as the run that wrote it."""
    status = read_json(folder.status, None)
    if status is None:
        raise Stop(2, f"{folder.path}: nothing known yet; "
                   + ("it is about to start" if folder.runs() else "`resume` it"))
    if not folder.runs():
        status["running"] = False
        for worker in status["workers"]:
            worker.update(running=False, execs_per_second=0, ops_per_second=0)
        status["execs_per_second"] = status["ops_per_second"] = 0
    return status


def show(args):
    folder = campaign_in(args)
    if args.json:
        print(json.dumps(status_now(folder), indent=1, sort_keys=True))
        return 0
    live = Live(0)
    while True:
        lines = campaign_status.text(status_now(folder), campaign_status.last_events(folder))
        if args.once or not live.tty:
            print("\n".join(lines))
            return 0
        live.show(lines)
        try:
            time.sleep(1)
        except KeyboardInterrupt:
            return 0


def stop(args):
    folder = campaign_in(args)
    holder = folder.runs()
    if not holder:
        raise Stop(2, f"{folder.path}: no campaign runs there")
    try:
        os.kill(holder["pid"], signal.SIGTERM)
    except (ProcessLookupError, PermissionError, KeyError) as error:
        raise Stop(2, f"{folder.path}: cannot reach it, {folder.holder()}") from error
    end = time.monotonic() + STOP_SECONDS
    while folder.runs():
        if time.monotonic() > end:
            raise Stop(3, f"{folder.path}: still runs after {STOP_SECONDS} s, "
                          f"{folder.holder()}")
        time.sleep(0.1)
    return 0


def report_page(args):
    folder = campaign_in(args)
    print(campaign_report.write(folder, status_now(folder), args.output))
    return 0


def prune(args):
    folder = campaign_in(args)
    folder.lock()
    try:
        return campaign_prune.prune(folder, read_settings(folder), args.seconds)
    finally:
        folder.unlock()


def print_unit(args):
    """For /etc/systemd/system; how, scripts/README.md tells."""
    folder = campaign_in(args)
    if folder.path.is_relative_to("/tmp"):
        raise Stop(2, f"{folder.path}: a service has a /tmp of its own")
    unit = Path(__file__).with_name("campaign.service").read_text(encoding="utf-8")
    for name, value in (("TOP", TOP), ("DIR", folder.path), ("USER", args.user)):
        unit = unit.replace(f"@{name}@", str(value))
    print(unit, end="")
    return 0


COMMANDS = {"start": begin, "resume": begin, "status": show, "stop": stop,
            "report": report_page, "prune": prune, "unit": print_unit}


def main(argv):
    args = parse(argv)
    os.environ.pop("HYPHEAP_LEVEL", None)  # what is found is replayed at exact level
    try:
        return COMMANDS[args.command](args)
    except Stop as end:
        if end.status == 0:
            return 0
        print(f"campaign: {end.text}", file=sys.stderr)
        return end.status
    except OSError as error:
        print(f"campaign: {error.filename or ''}: {error.strerror}; nothing that was found "
              "is lost: `scripts/campaign resume` goes on", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"campaign: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("campaign: interrupted before it began", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
