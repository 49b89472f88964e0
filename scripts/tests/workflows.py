# SPDX-License-Identifier: GPL-2.0-only
"""workflows.py TOP: see test_workflows.sh. Exit status 1 with a line a problem."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

USES = re.compile(r"^[\w.-]+(?:/[\w.-]+)+@v\d+$")
EVENTS = {"push", "pull_request", "schedule", "workflow_dispatch"}
STEP = {"name", "id", "if", "uses", "with", "run", "env", "continue-on-error"}
MODES = {"code-change", "batch", "prune", "coverage"}
SCRIPT = re.compile(r"\bscripts/[\w-]+")
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")


class Strict(yaml.SafeLoader):
    """A key twice is a mistake, and "on" is a word."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key} twice", node.start_mark)
        return super().construct_mapping(node, deep)


Strict.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:bool"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def load(text):
    return yaml.load(text, Strict)


class Check:
    def __init__(self, top):
        self.top = top
        self.problems = []
        self.modes = set()
        self.helps = {}

    def bad(self, where, what):
        self.problems.append(f"{where}: {what}")

    def help_of(self, script):
        if not (self.top / script).is_file():
            return None
        if script not in self.helps:
            result = subprocess.run([self.top / script, "--help"], capture_output=True,
                                    text=True, check=False)
            self.helps[script] = result.stdout if result.returncode == 0 else None
        return self.helps[script]

    def command(self, where, text):
        """Shell that parses, and of our scripts only what they know."""
        plain = EXPRESSION.sub("1", text)
        if subprocess.run(["sh", "-n"], input=plain, text=True, capture_output=True,
                          check=False).returncode:
            self.bad(where, f"no shell: {text!r}")
        for line in plain.splitlines():
            script = SCRIPT.search(line)
            if not script:
                continue
            told = self.help_of(script.group())
            if told is None:
                self.bad(where, f"there is no {script.group()}, or its --help fails")
                continue
            for option in re.findall(r"(?<!\S)-{1,2}[a-z][\w-]*", line):
                if not re.search(rf"(?<![\w-]){option}(?![\w-])", told):
                    self.bad(where, f"{script.group()} knows no {option}")

    def step(self, where, step):
        if set(step) - STEP or ("uses" in step) == ("run" in step):
            self.bad(where, f"no step: {sorted(step)}")
        elif "run" in step:
            self.command(where, step["run"])
        elif not USES.match(step["uses"]):
            self.bad(where, f"no version: {step['uses']}")
        elif step["uses"].startswith("google/clusterfuzzlite/"):
            self.service(where, step)

    def service(self, where, step):
        given = step["with"]
        if "build_fuzzers" in step["uses"] and given.get("language") != "c":
            self.bad(where, "language is not c")
        if "run_fuzzers" in step["uses"]:
            self.modes.add(given.get("mode"))
            if given.get("mode") not in MODES:
                self.bad(where, f"no mode: {given.get('mode')}")

    def workflow(self, where, text):
        try:
            doc = load(text)
        except yaml.YAMLError as error:
            self.bad(where, str(error).replace("\n", " "))
            return
        if not isinstance(doc, dict) or not {"name", "on", "jobs", "permissions"} <= set(doc):
            self.bad(where, "name, on, jobs or permissions is missing")
            return
        for event in set(doc["on"]) - EVENTS:
            self.bad(where, f"no such event: {event}")
        for name, job in doc["jobs"].items():
            if not {"runs-on", "steps"} <= set(job):
                self.bad(f"{where}, {name}", "runs-on or steps is missing")
                continue
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            for other in set(needs) - set(doc["jobs"]):
                self.bad(f"{where}, {name}", f"needs {other}, which is no job")
            for axis in re.findall(r"matrix\.([\w-]+)", str(job["steps"])):
                if axis not in job.get("strategy", {}).get("matrix", {}):
                    self.bad(f"{where}, {name}", f"no matrix.{axis}")
            for number, step in enumerate(job["steps"], 1):
                self.step(f"{where}, {name}, step {number}", step)

    def project(self):
        folder = self.top / ".clusterfuzzlite"
        doc = load((folder / "project.yaml").read_text(encoding="utf-8"))
        for key, value in (("language", "c"), ("fuzzing_engines", ["libfuzzer", "afl"]),
                           ("sanitizers", ["address", "undefined"])):
            if doc.get(key) != value:
                self.bad("project.yaml", f"{key} is {doc.get(key)}")
        docker = (folder / "Dockerfile").read_text(encoding="utf-8")
        for line in ("FROM gcr.io/oss-fuzz-base/base-builder:v1", "COPY . $SRC/hypheap",
                     "COPY .clusterfuzzlite/build.sh $SRC/build.sh"):
            if line not in docker.splitlines():
                self.bad("Dockerfile", f"lacks {line!r}")
        build = (folder / "build.sh").read_text(encoding="utf-8")
        if "-fsanitize" in build:
            self.bad("build.sh", "says -fsanitize, which is the service's")


def lies(top):
    """What must be told, so that silence means something."""
    whole = (top / ".github/workflows/smoke.yml").read_text(encoding="utf-8")
    for old, new in (("run: scripts/smoke --seconds", "run: scripts/smoke --minutes"),
                     ("run: scripts/smoke", "run: scripts/none"),
                     ("checkout@v4", "checkout"),
                     ("  push:\n", "  pushed:\n"),
                     ("    steps:\n", "    step:\n"),
                     ("    timeout-minutes", "    container: x\n    timeout-minutes"),
                     ("git config --global", "git config ( --global"),
                     ("jobs:\n", "jobs:\n\t")):
        assert old in whole, old
        check = Check(top)
        check.workflow("a lie", whole.replace(old, new, 1))
        if not check.problems:
            yield f"nobody sees that {old!r} became {new!r}"


def main(top):
    check = Check(top)
    files = sorted((top / ".github/workflows").glob("*.yml"))
    for file in files:
        check.workflow(file.name, file.read_text(encoding="utf-8"))
    check.project()
    if check.modes != MODES:
        check.bad("workflows", f"modes of ClusterFuzzLite: {sorted(check.modes)}")
    targets = sorted(p.stem for p in (top / "fuzzers/engines").glob("fuzz_*.c"))
    nightly = load((top / ".github/workflows/nightly.yml").read_text(encoding="utf-8"))
    if sorted(nightly["jobs"]["fuzz"]["strategy"]["matrix"]["target"]) != targets:
        check.bad("nightly.yml", f"the targets are {targets}")
    check.problems.extend(lies(top))
    for problem in check.problems:
        print(f"FAIL: {problem}")
    print(f"{len(files)} workflows: {len(check.problems)} problems")
    return 1 if check.problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
