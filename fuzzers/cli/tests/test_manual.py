#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Man page, completions and installation: what a user of hypheap meets first.

test_manual.py HYPHEAP CMAKE BUILD
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HYPHEAP, CMAKE, BUILD = map(os.path.abspath, sys.argv[1:4])


def need(tool):
    """Only where the tool is; scripts/setup installs all but mandoc."""
    return unittest.skipUnless(shutil.which(tool), f"{tool} is not here")


def call(*command, status=0, **how):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True,
                            check=False, timeout=120, **how)
    if status is not None and result.returncode != status:
        raise AssertionError(f"{command}: exit status {result.returncode}\n"
                             f"{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
    return result


def commands():
    return re.findall(r"^  (\w+) +\S", call(HYPHEAP, "help").stdout, re.M)


def options(command):
    """The options that "hypheap help COMMAND" tells of, but for --help."""
    text = call(HYPHEAP, "help", command).stdout
    return re.findall(r"^ +(?:-\w, +)?(--[\w-]+)(=?)", text, re.M)


class Manual(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "hypheap.1"
        self.text = call(HYPHEAP, "help", "--man").stdout
        self.file.write_text(self.text)

    def test_every_command_and_option_is_in_it(self):
        self.assertIn("run", commands())
        for command in commands():
            begin = self.text.index(f".SS \\fBhypheap {command}\\fR")
            end = self.text.index("\n.S", begin)
            for option, _ in options(command):
                self.assertIn(option.replace("-", "\\-"), self.text[begin:end], command)
        self.assertIn("corrupt", self.text)
        self.assertNotIn("\\-\\-man\n", self.text)

    @need("man")
    def test_man_has_nothing_against_it(self):
        result = call("man", "--warnings", "-l", self.file,
                      env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
        self.assertEqual(result.stderr, "")
        self.assertIn("exact|contract", result.stdout)
        self.assertIn("heap KEY=VALUE...", result.stdout)
        self.assertLess(max(map(len, result.stdout.splitlines())), 120)

    @need("mandoc")
    def test_mandoc_has_nothing_against_it(self):
        out = call("mandoc", "-T", "lint", "-W", "warning", self.file, status=None).stdout
        # a date would be that of the build
        left = [line for line in out.splitlines() if "missing date" not in line]
        self.assertEqual(left, [])


class Completion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def script(self, shell):
        file = self.folder / shell
        file.write_text(call(HYPHEAP, "help", f"--complete={shell}").stdout)
        return file

    def test_no_other_shell(self):
        self.assertIn("csh", call(HYPHEAP, "help", "--complete=csh", status=2).stderr)

    def bash(self, *words):
        """What TAB gives behind these words."""
        quoted = " ".join(map(shlex.quote, words))
        return call("bash", "-euc", f"source {self.script('bash')}\n"
                    f"COMP_WORDS=({quoted})\nCOMP_CWORD={len(words) - 1}\n_hypheap\n"
                    "printf '%s\\n' \"${COMPREPLY[@]}\"", cwd=self.folder).stdout.split("\n")[:-1]

    @need("bash")
    def test_bash(self):
        self.assertEqual(self.bash("hypheap", "st"), ["stress"])
        self.assertEqual(self.bash("hypheap", ""), commands())
        for command in commands():
            expected = [option + equals for option, equals in options(command)]
            self.assertEqual(sorted(set(self.bash("hypheap", command, "--"))),
                             sorted({*expected, "--help"} - {"--usage", "--version"}), command)
        self.assertEqual(self.bash("hypheap", "run", "--tr"), ["--trace"])
        # readline takes the "=" for a word of its own
        self.assertEqual(self.bash("hypheap", "run", "--oracle", "=", "con"), ["contract"])
        self.assertEqual(self.bash("hypheap", "run", "--oracle", "="), ["exact", "contract"])
        self.assertEqual(self.bash("hypheap", "stress", "--profile", "h"), ["heap", "host"])
        self.assertEqual(self.bash("hypheap", "stress", "--seed", ""), [""])
        self.assertEqual(self.bash("hypheap", "help", "op"), ["ops"])
        self.assertEqual(self.bash("hypheap", "help", "rep"), ["report", "repro"])

    @need("bash")
    def test_bash_and_names_of_files(self):
        (self.folder / "a file.ops").touch()
        (self.folder / "a folder").mkdir()
        self.assertEqual(sorted(self.bash("hypheap", "run", "a")), ["a file.ops", "a folder"])
        self.assertEqual(self.bash("hypheap", "gen", "-o", "a"), ["a folder"])
        self.assertEqual(sorted(self.bash("hypheap", "asm", "x", "-o", "a f")),
                         ["a file.ops", "a folder"])

    @need("shellcheck")
    def test_shellcheck_has_nothing_against_bash(self):
        call("shellcheck", self.script("bash"))

    @need("zsh")
    def test_zsh(self):
        call("zsh", "-n", self.script("zsh"))

        def ask(words):
            return call("zsh", "-fec", "_describe() { print -l -- $commands }\n"
                        "_arguments() { print -l -- \"$@\" }\n"
                        f"words=({words}); CURRENT=$#words\n"
                        f"source {self.script('zsh')}").stdout

        out = ask("hypheap ''")
        self.assertEqual([line.split(":")[0] for line in out.splitlines()], commands())
        for command in commands():
            out = ask(f"hypheap {command} ''")
            for option, equals in options(command):
                if option in ("--usage", "--version"):
                    continue
                self.assertRegex(out, rf"{option}{equals}[\[\n]", command)
        out = ask("hypheap stress ''")
        self.assertIn(":value:(heap host corrupt text)", out)

    @need("fish")
    def test_fish(self):
        script = self.script("fish")
        call("fish", "-n", script)

        def ask(line):
            out = call("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'",
                       cwd=self.folder, env={**os.environ, "HOME": str(self.folder)}).stdout
            return [word.split("\t")[0] for word in out.splitlines()]

        self.assertEqual(ask("hypheap st"), ["stress"])
        self.assertEqual(sorted(ask("hypheap ")), sorted(commands()))
        self.assertEqual(ask("hypheap run --tr"), ["--trace"])
        self.assertEqual(sorted(ask("hypheap stress --profile ")),
                         ["corrupt", "heap", "host", "text"])
        (self.folder / "crash.ops").touch()
        self.assertEqual(ask("hypheap run cr"), ["crash.ops"])
        self.assertEqual(ask("hypheap report -o cr"), ["crash.ops"])


class Installation(unittest.TestCase):
    def test_what_is_installed_works(self):
        with tempfile.TemporaryDirectory() as folder:
            call(CMAKE, "--install", BUILD, "--prefix", folder)
            names = sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*")
                           if p.is_file())
            self.assertEqual(names, [
                "bin/hypheap",
                "share/bash-completion/completions/hypheap",
                "share/fish/vendor_completions.d/hypheap.fish",
                "share/man/man1/hypheap.1",
                "share/zsh/site-functions/_hypheap",
            ])
            said = {"man/man1/hypheap.1": "--man",
                    "bash-completion/completions/hypheap": "--complete=bash",
                    "zsh/site-functions/_hypheap": "--complete=zsh",
                    "fish/vendor_completions.d/hypheap.fish": "--complete=fish"}
            for name, option in said.items():
                self.assertEqual((Path(folder) / "share" / name).read_text(),
                                 call(f"{folder}/bin/hypheap", "help", option).stdout)
            program = Path(folder) / "p.ops"
            program.write_text("hypheap 1\ntopup 1\na = alloc 1\n")
            out = call(f"{folder}/bin/hypheap", "report", program, "-o", f"{folder}/p.html")
            self.assertIn("holds, 2 ops", out.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
