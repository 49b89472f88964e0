# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/campaign-sync does: two campaigns' folders get what the other has.

Inputs are named by content and AFL++'s instances by their host, so that copying is
all there is to it: in any order, any number of times, by any number of machines.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from campaign_build import TOP
from campaign_folder import Folder, read_json
from campaign_plan import TARGETS
from fuzz_error import Stop

DESCRIPTION = """\
Exchanges finds with campaigns on other machines, while they run or not. A PEER is
a campaign's folder there, or a folder that all machines share:
    /mnt/campaign          a folder that is mounted here
    HOST:/path/campaign    by rsync over ssh
    rsync://HOST/MODULE    by an rsync daemon; if it is read-only, use --pull"""

EPILOG = """\
What is copied: corpus/TARGET, which a campaign hands on to its libFuzzer and AFL++
workers, and of AFL++ the queues of main-* instances, no others: it pushes its own
and pulls those of the others. Only what is new is copied, nothing is removed. A
campaign that runs takes it up within seconds.
exit status: 0 all was copied; 2 usage or a peer that cannot be reached (the others
are done)"""


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/campaign-sync", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="+", metavar="PEER")
    parser.add_argument("-d", "--dir", type=Path, default=TOP / "build/campaign",
                        metavar="DIR", help="the campaign's folder (default: build/campaign)")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--pull", action="store_true", help="only from the peers")
    way.add_argument("--push", action="store_true", help="only to the peers")
    parser.add_argument("--every", type=float, default=0, metavar="SECONDS",
                        help="again and again, until Ctrl-C")
    args = parser.parse_args(argv)
    if args.every < 0:
        parser.error(f"--every {args.every}: below 0")
    return args


def is_remote(peer):
    """As rsync has it: a colon before the first slash."""
    return peer.startswith("rsync://") or bool(re.match(r"[^/]+:", peer))


# ---- folders that are mounted --------------------------------------------------


def _copy(source, to, scratch, named):
    """Durable and whole, or not at all. named: by content, which is checked."""
    try:
        data = source.read_bytes()
    except FileNotFoundError:  # taken away since it was listed
        return 0
    if named and hashlib.sha1(data).hexdigest() != source.name:
        return 0
    temporary = scratch / f"sync-{os.getpid()}"
    with open(temporary, "wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    shutil.copystat(source, temporary)
    os.rename(temporary, to)
    return 1


def _names(folder):
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.is_file()}
    except FileNotFoundError:
        return set()


def copy_folder(source, to, mains):
    """From one campaign's folder into another's, of AFL++'s instances those called for.
    Return: how many files."""
    scratch = to / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    count = 0
    for target in TARGETS:
        pairs = [(source / "corpus" / target, to / "corpus" / target)]
        pairs += [(main / "queue", to / "afl" / target / main.name / "queue")
                  for main in sorted((source / "afl" / target).glob("main-*"))
                  if mains(main.name)]
        for folder, there in pairs:
            fresh = _names(folder) - _names(there)
            if fresh:
                there.mkdir(parents=True, exist_ok=True)
            for name in sorted(fresh):
                count += _copy(folder / name, there / name, scratch,
                               folder.parent.name == "corpus")
    return count


# ---- other machines ---------------------------------------------------------------


def rsync(source, to, mains, partial):
    """mains: rules for AFL++'s instances. partial: where the receiver writes what it then
    renames; below its folder, out of the engines' sight."""
    rules = list(mains)
    for target in TARGETS:
        rules += [f"--include=/corpus/{target}/", f"--include=/corpus/{target}/*",
                  f"--include=/afl/{target}/", f"--include=/afl/{target}/main-*/",
                  f"--include=/afl/{target}/main-*/queue/",
                  f"--include=/afl/{target}/main-*/queue/id:*"]
    command = ["rsync", "-rt", "--ignore-existing", "--fsync", "--out-format=%n",
               f"--temp-dir={partial}", "--prune-empty-dirs", "--contimeout=30",
               "--timeout=300", "--include=/corpus/", "--include=/afl/", *rules,
               "--exclude=*", f"{source}/", f"{to}/"]
    if not source.startswith("rsync://") and not to.startswith("rsync://"):
        command.remove("--contimeout=30")  # rsync has it for daemons alone
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, errors="replace",
                                check=False)
    except FileNotFoundError as error:
        raise Stop(2, "rsync is missing: install it on both machines") from error
    # 24: files went away since they were listed
    if result.returncode not in (0, 24):
        words = result.stderr.strip().splitlines() or ["no word"]
        raise Stop(2, f"{source} to {to}: rsync ended with {result.returncode}: {words[0]}")
    return sum(not name.endswith("/") for name in result.stdout.splitlines())


# ---- one round -----------------------------------------------------------------------


def exchange(folder, host, peer, args):
    """Nobody writes into the queue of an instance but its host. Return: files that
    came, files that went."""
    own = f"main-{host}"
    came = went = 0
    if is_remote(peer):
        if not args.push:
            came = rsync(peer, str(folder.path), [f"--exclude=/afl/*/{own}/"],
                         str(folder.scratch))
        if not args.pull:
            went = rsync(str(folder.path), peer,
                         [f"--include=/afl/*/{own}/", "--exclude=/afl/*/*/"], "tmp")
        return came, went
    there = Path(peer).resolve()
    if not there.is_dir():
        raise Stop(2, f"{peer}: not a folder")
    if there == folder.path:
        raise Stop(2, f"{peer}: is the campaign's own folder")
    if not args.push:
        came = copy_folder(there, folder.path, lambda name: name != own)
    if not args.pull:
        went = copy_folder(folder.path, there, lambda name: name == own)
    return came, went


def round_of_all(folder, host, args):
    """Return: exit status. A peer that cannot be reached does not stop the others."""
    status = 0
    for peer in args.peers:
        try:
            came, went = exchange(folder, host, peer, args)
            print(f"{peer}: {came} files came, {went} went", flush=True)
        except Stop as stop:
            print(f"campaign-sync: {stop.text}", file=sys.stderr, flush=True)
            status = stop.status
    return status


def main(argv):
    args = parse(argv)
    folder = Folder(args.dir)
    settings = read_json(folder.settings, None)
    if settings is None:
        raise Stop(2, f"{folder.path}: no campaign there")
    folder.scratch.mkdir(exist_ok=True)
    while True:
        status = round_of_all(folder, settings["host"], args)
        if not args.every:
            return status
        time.sleep(args.every)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as end:
        print(f"campaign-sync: {end.text}", file=sys.stderr)
        sys.exit(end.status)
    except OSError as problem:
        print(f"campaign-sync: {problem.filename or ''}: {problem.strerror}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(0)
