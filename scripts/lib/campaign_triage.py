# SPDX-License-Identifier: GPL-2.0-only
"""campaign_triage.py DIR: looks at what waits in findings/new of a campaign.

Runs beside the workers, a process of its own: whatever a crasher does, the
campaign goes on. Of each input: replay, signature; of each signature's first:
as small as it gets, its page, and the hook. Killed at any point it begins anew
with the input that it was at.
"""

import os
import re
import shlex
import subprocess
import sys
import time
from html import escape

import fuzz_finding
import html_page
from campaign_build import Builds
from campaign_findings import slug
from campaign_folder import Folder, read_json

MIN_SECONDS = 20
HOOK_SECONDS = 60
SLOW = "slow"  # holds, only took its time: no bug


class Triage:
    def __init__(self, folder, settings, builds):
        self.folder = folder
        self.settings = settings
        self.builds = builds

    def run(self):
        """Until nothing waits. The number looked at."""
        count = 0
        while True:
            names = sorted(entry.name for entry in os.scandir(self.folder.new)
                           if entry.is_file())
            if not names:
                return count
            for name in names:
                self.look_at(name)
                count += 1

    def look_at(self, name):
        target, kind = re.fullmatch(r"(\w+)--(\w+)-[0-9a-f]+", name).groups()
        path = self.folder.new / name
        builds = self.builds.of(target)
        replay, note = fuzz_finding.replay_of(path, builds)
        signature = self._signature(replay, kind, target)
        said = self.folder.said_of(name)
        if signature.startswith("gone/") and said.exists():
            note += "\n\nThe engine said:\n" + said.read_text(encoding="utf-8",
                                                             errors="replace")
        home = self.folder.findings / slug(signature)
        (home / "inputs").mkdir(parents=True, exist_ok=True)
        if signature != SLOW:
            if not (home / "finding.json").exists():
                self._explain(home, path, signature, target, replay, note, builds)
            self._tell(home)
        os.rename(path, home / "inputs" / name)
        said.unlink(missing_ok=True)

    def _signature(self, replay, kind, target):
        found = fuzz_finding.signature_of(replay.text)
        if found != "unknown":
            return found
        if replay.status == 0:
            return SLOW if kind in ("hang", "timeout") else f"gone/{target}"
        if replay.status is None:
            return f"hang/{target}"
        return f"harness/{target}" if replay.status in (2, 3) or replay.status < 0 \
            else f"unknown/{target}"

    # ---- the first of a signature ---------------------------------------------

    def _explain(self, home, path, signature, target, replay, note, builds):
        """All files of a finding; finding.json last, which says that they are there."""
        self.folder.write(home / "input", path.read_bytes())
        report = "\n".join(filter(None, [note, replay.text.rstrip()])) + "\n"
        self.folder.write(home / "report.txt", report)
        small = self._minimise(home, signature, note, builds)
        page = self._page(home, small, signature, report, note, builds)
        shown = small or home / "input"
        self.folder.write_json(home / "finding.json", {
            "signature": signature, "target": target, "first": round(time.time(), 1),
            "input": "input", "minimised": small.name if small else None,
            "page": page.name, "bytes": path.stat().st_size,
            "replay": f"{replay.command.rsplit(' ', 1)[0]} {shlex.quote(str(shown))}"})
        self.folder.event("finding", f"{signature}: {shown}", signature=signature,
                          target=target)

    def _minimise(self, home, signature, note, builds):
        """None for what is no program, or does not fail in the release build."""
        if builds.target == "fuzz_text" or note or signature.startswith(("gone/", "hang/")):
            return None
        out = home / "min.ops"
        _call([builds.hypheap, "min", home / "input", "-o", out,
               f"--seconds={MIN_SECONDS}"], MIN_SECONDS + 60)
        return out if out.exists() and out.stat().st_size else None

    def _page(self, home, small, signature, report, note, builds):
        """`hypheap report` of a program that fails there; else the text as a page."""
        out = home / "report.html"
        if builds.target != "fuzz_text" and not note:
            _call([builds.hypheap, "report", small or home / "input", "-o", out], 60)
        if not out.exists():
            self.folder.write(out, html_page.page(
                f"{signature} ({builds.target})", f"<pre>{escape(report)}</pre>", ""))
        return out

    # ---- told once -------------------------------------------------------------

    def _tell(self, home):
        """The hook, once a signature; again only if it was cut off before its end."""
        finding = read_json(home / "finding.json", {})
        if finding.get("told") or not finding:
            return
        hook = self.settings.get("hook")
        if hook:
            self._hook(hook, home, finding)
        finding["told"] = round(time.time(), 1)
        self.folder.write_json(home / "finding.json", finding)

    def _hook(self, hook, home, finding):
        file = home / (finding["minimised"] or finding["input"])
        page = home / finding["page"]
        again = (home / "telling").exists()
        self.folder.write(home / "telling", "the hook was started\n")
        status = tell(hook, finding["signature"], file, page,
                      HYPHEAP_TARGET=finding["target"], HYPHEAP_AGAIN=str(int(again)))
        if status:
            self.folder.event("hook", f"{hook}: {status}", signature=finding["signature"])


def tell(hook, signature, file, page, **more):
    """Runs the hook: HOOK SIGNATURE FILE PAGE, the same in the environment.

    Return: what went wrong, or "".
    """
    env = {**os.environ, "HYPHEAP_SIGNATURE": signature, "HYPHEAP_FILE": str(file),
           "HYPHEAP_PAGE": str(page), **more}
    status, text = _call(["sh", "-c", f'{hook} "$@"', "hook", signature, file, page],
                         HOOK_SECONDS, env)
    return "" if status == 0 else f"exit status {status}: {text[-300:].strip()}"


def _call(command, seconds, env=None):
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=seconds, env=env,
                                text=True, errors="replace", check=False)
        return result.returncode, result.stdout
    except subprocess.TimeoutExpired:
        return None, f"took more than {seconds} s"


def main(argv):
    folder = Folder(argv[0])
    settings = read_json(folder.settings, None)
    os.chdir(folder.scratch)  # where an engine may leave a file of its own
    Triage(folder, settings, Builds(settings)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
