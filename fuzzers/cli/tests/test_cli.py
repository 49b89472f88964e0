#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The program hypheap as its users see it: formats, exit status, bad input.

test_cli.py HYPHEAP FAKE: FAKE is the same commands over an executor that
obeys the program (tests/fake_run.c), for verdicts and faults of the harness.
"""

import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HYPHEAP, FAKE = (os.path.abspath(path) for path in sys.argv[1:3])
CENSUS = r"host=\d+ spare=\d+ mapped=\d+ used=\d+ free=\d+"
HOLDS = r"{}: holds, {} ops, digest [0-9a-f]{{16}}\n"
SMALL = """hypheap 1
heap pages=16 page=4096 pool=8 cpus=2
free a          # no object yet
topup 4
a = alloc 100
b = alloc 8192
free b; free b  # the second takes a
c = alloc 20000
d = alloc 65536
e = call alloc 5000
reclaim all
shrink 1
cpu 1
fail map 1
f = alloc 16
write f
init 0
init refused 4096
free! null
free! double f
topup 1
"""
TRACE = """1 free a|skipped
2 topup 4|ok
3 a = alloc 100|@16
4 b = alloc 8192|@144
5 free b|ok
6 free a|ok
7 c = alloc 20000|ENOMEM need=1
8 d = alloc 65536|E2BIG
9 e = call alloc 5000|@16
10 reclaim all|2 pages
11 shrink 1|0 pages
12 cpu 1|ok
13 fail map 1|ok
14 f = alloc 16|@5040
15 write f|ok
16 init 0|EINVAL
17 init refused 4096|ENOMEM
18 free! null|ok
19 free! double f|panic heap_free"""


class Case(unittest.TestCase):
    """Calls one of the programs in a folder of its own."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.programs = tempfile.mkdtemp(prefix="hypheap-")
        os.chmod(cls.programs, 0o755)
        for name, path in (("hypheap", HYPHEAP), ("fake", FAKE)):
            shutil.copy(path, os.path.join(cls.programs, name))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.programs)

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hypheap-")
        os.chmod(self.folder, 0o755)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, data):
        with open(self.path(name), "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode())
        return name

    def bytes_of(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def call(self, *args, program="hypheap", status=0, **kwargs):
        kwargs.setdefault("stdout", subprocess.PIPE)
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        if "input" in kwargs:
            del kwargs["stdin"]
        done = subprocess.run([os.path.join(self.programs, program), *args],
                              cwd=self.folder, stderr=subprocess.PIPE,
                              check=False, timeout=120, **kwargs)
        done.out = (done.stdout or b"").decode(errors="replace")
        done.err = done.stderr.decode()
        self.assertEqual(done.returncode, status, done.out + done.err)
        return done

    def fake(self, *args, **kwargs):
        return self.call(*args, program="fake", **kwargs)

    def one_line(self, err, pattern):
        self.assertRegex(err, r"\A" + pattern + r"\n\Z")


class Commands(Case):
    def test_without_a_command(self):
        done = self.call(status=2)
        self.assertEqual(done.out, "")
        self.assertIn("Usage: hypheap COMMAND", done.err)
        done = self.call("frobnicate", status=2)
        self.one_line(done.err, r'hypheap: unknown command "frobnicate".*')

    def names(self):
        text = self.call("help").out
        return re.findall(r"^  ([a-z]+) +\S", text, re.M)

    def test_each_command_explains_itself(self):
        names = self.names()
        self.assertEqual(names, ["run", "show", "asm", "gen", "stress", "min", "triage",
                                 "report", "repro", "diff",
                                 "bench", "selfcheck", "version", "help"])
        for name in names:
            for args in (("help", name), (name, "--help")):
                done = self.call(*args)
                self.assertIn("Usage: hypheap " + name, done.out)
                self.assertEqual(done.err, "")

    def test_bad_options(self):
        for name in self.names():
            done = self.call(name, "--frobnicate", status=2)
            self.assertIn("hypheap " + name, done.err)
            self.assertEqual(done.out, "")
        for args in (("run",), ("run", "--oracle=vague", "x"),
                     ("run", "--draw", "--json", "x"),
                     ("show",), ("asm", "a"),
                     ("asm", "-o", "a"), ("asm", "a", "b", "-o", "c"),
                     ("gen",), ("gen", "-o", "d", "x"),
                     ("gen", "-o", "d", "--count=-1"),
                     ("gen", "-o", "d", "--seed=1x"),
                     ("gen", "-o", "d", "--seed="),
                     ("gen", "-o", "d", "--seed=18446744073709551616"),
                     ("gen", "-o", "d", "--ops=0"),
                     ("stress", "--page=4097"), ("stress", "--page=8192"),
                     ("stress", "--profile=nice"), ("stress", "x"),
                     ("bench", "--rounds=0"), ("bench", "--row=1,2"),
                     ("bench", "--row=1,2,3,4"), ("bench", "--row=64,0,16"),
                     ("bench", "--grid", "--oracle=contract"), ("bench", "--ask"),
                     ("version", "x"),
                     ("help", "frobnicate"), ("help", "a", "b")):
            done = self.call(*args, status=2)
            self.assertEqual(done.out, "")
            self.assertNotEqual(done.err, "")
        self.assertEqual(os.listdir(self.folder), [])

    def test_version(self):
        for args in (("version",), ("--version",)):
            self.assertRegex(self.call(*args).out,
                             r"\Ahypheap \d+\.\d+\.\d+\n"
                             r"compiler +(clang|gcc) .*\nsanitizers +\S+\n"
                             r"page sizes +4096 16384 65536\n"
                             r"allocator +\S+\.c \((default|given.*)\)\n\Z")

    def test_help_ops_has_each_operation(self):
        text = self.call("help", "ops").out
        for word in ("alloc", "call alloc", "free SLOT", "write", "topup",
                     "reclaim all", "cpu", "fail map", "shrink", "init",
                     "free! KIND", "# expect:", "pages", "pool"):
            self.assertIn(word, text)


class Run(Case):
    def test_a_program_that_holds(self):
        self.file("a.ops", SMALL)
        done = self.call("run", "a.ops")
        self.assertRegex(done.out, r"\A" + HOLDS.format(r"a\.ops", 19) + r"\Z")
        self.assertEqual(done.err, "")
        again = self.call("run", "-", input=SMALL.encode())
        self.assertEqual(again.out, done.out.replace("a.ops", "-"))

    def test_trace(self):
        self.file("a.ops", SMALL)
        lines = self.call("run", "--trace", "a.ops").out.split("\n")
        self.assertEqual(lines[-1], "")
        self.assertRegex(lines[-2], r"\Adigest [0-9a-f]{16}\Z")
        got = []
        for line in lines[:-2]:
            columns = line.split("\t")
            self.assertEqual(len(columns), 4, line)
            self.assertRegex(columns[3], r"\A" + CENSUS + r"\Z")
            got.append("{} {}|{}".format(*columns[:3]))
        self.assertEqual("\n".join(got), TRACE)
        self.assertIn("\thost=4 spare=1 mapped=3 used=2 free=0", lines[3])

    def test_json(self):
        self.file("a.ops", SMALL)
        self.file("b.ops", "hypheap 2\n")
        text = self.call("run", "a.ops").out
        done = self.call("run", "--json", "a.ops", "b.ops", "a.ops", status=2)
        first, bad, last = (json.loads(line)
                            for line in done.out.splitlines())
        self.assertEqual(first, last)
        self.assertEqual(first["file"], "a.ops")
        self.assertEqual(first["ops"], 20)
        self.assertEqual(first["steps"], 19)
        self.assertEqual(first["verdict"], "none")
        self.assertIsNone(first["signature"])
        self.assertIn(first["digest"], text)
        self.assertTrue(first["holds"])
        self.assertEqual(bad["file"], "b.ops")
        self.assertIn("b.ops:1:", bad["error"])
        self.assertNotIn("trace", first)

        doc = json.loads(self.call("run", "--json", "--trace", "a.ops").out)
        got = ["{step} {op}|{result}".format(**step) for step in doc["trace"]]
        self.assertEqual("\n".join(got), TRACE)

    def test_draw(self):
        self.file("a.ops", "hypheap 1; topup 2; a = alloc 5000; free a")
        out = self.call("run", "--draw", "a.ops",
                        env={**os.environ, "COLUMNS": "60"}).out
        self.assertEqual(len(re.findall("^heap of 16 pages", out, re.M)), 1)
        self.assertRegex(out, r"\n +0 \|#\.+\|\n +1 \|\.+\|\n +2-15  not ")
        self.assertNotIn("\033", out)
        both = self.call("run", "--draw", "--trace", "a.ops").out
        self.assertEqual(len(re.findall("^heap of 16 pages", both, re.M)), 3)
        self.assertRegex(both, r"\n +0 \|#a+\|\n")

    def test_several_files(self):
        self.file("a.ops", SMALL)
        self.file("b", b"input\n")
        done = self.call("run", "a.ops", "missing", "b", status=2)
        self.assertRegex(done.out,
                         r"\A== a\.ops\n" + HOLDS.format(r"a\.ops", 19) +
                         r"== missing\n== b\n" + HOLDS.format("b", 0) + r"\Z")
        self.one_line(done.err,
                      "hypheap: missing: No such file or directory")

    def test_contract_level(self):
        self.file("a.ops", "hypheap 1; topup 2; a = alloc 5000; free a")
        done = self.call("run", "--oracle=contract", "a.ops")
        self.assertIn("a.ops: holds, 3 ops, ", done.out)
        self.assertIn("shape is off", done.out)

    def test_without_the_twin(self):
        self.file("a.ops", "hypheap 1; topup 2; a = alloc 5000; free a")
        digest = self.call("run", "a.ops").out
        self.assertEqual(self.call("run", "--without-twin", "a.ops").out, digest)

    def test_an_expectation_that_is_not_met(self):
        self.file("a.ops", "hypheap 1\n# expect: pages/free\ntopup 1\n")
        done = self.call("run", "a.ops", status=1)
        self.assertEqual(done.out,
                         "a.ops: expected pages/free, but it holds\n")
        done = self.call("run", "--trace", "a.ops", status=1)
        self.assertIn("but it holds", done.err)
        self.assertRegex(done.out, r"digest [0-9a-f]{16}\n\Z")


class Input(Case):
    def test_any_bytes_are_a_program(self):
        self.file("a.ops", SMALL)
        self.call("asm", "a.ops", "-o", "a")
        whole = self.bytes_of("a")
        noise = random.Random(1).randbytes(1 << 20)
        self.assertNotIn(noise[:1], b"#h \t\r\n")
        self.file("noise", noise)
        self.file("empty", b"")
        self.file("input", b"input\n")
        for cut in (1, 3, 4, 20, 32, 35, len(whole) - 1):
            self.file("cut", whole[:cut])
            self.assertRegex(self.call("run", "cut").out,
                             HOLDS.format("cut", r"\d+"))
        out = self.call("run", "noise", "empty", "input").out
        self.assertEqual(out.count(": holds, "), 3, out)

    def test_files_that_cannot_be_read(self):
        os.mkdir(self.path("folder"))
        self.file("a", b"")
        for name, why in (("missing", "No such file or directory"),
                          ("folder", "Is a directory"),
                          ("a/b", "Not a directory")):
            for args in (("run", name), ("show", name),
                         ("asm", name, "-o", "out")):
                done = self.call(*args, status=2)
                self.one_line(done.err, f"hypheap: {name}: {why}")
                self.assertEqual(done.out, "")
        self.assertFalse(os.path.exists(self.path("out")))

    def test_a_file_that_others_may_not_read(self):
        self.file("secret", b"")
        os.chmod(self.path("secret"), 0o000)
        program = [os.path.join(self.programs, "hypheap"), "run", "secret"]
        if os.getuid() == 0:
            program = ["setpriv", "--reuid=65534", "--regid=65534",
                       "--clear-groups", *program]
        done = subprocess.run(program, cwd=self.folder, check=False,
                              capture_output=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.one_line(done.stderr.decode(),
                      "hypheap: secret: Permission denied")

    def test_too_much(self):
        with open(self.path("huge"), "wb") as out:
            out.truncate((64 << 20) + 1)
        done = self.call("run", "huge", status=2)
        self.one_line(done.err, "hypheap: huge: more than 64 MiB")
        with open(self.path("huge"), "rb") as huge:
            done = self.call("run", "-", status=2, stdin=huge)
        self.one_line(done.err, "hypheap: -: more than 64 MiB")

    def test_bad_text(self):
        for text, where, what in (
                ("hypheap 1\ntopup 1\n  a = alocc 5\n", "3:7", "alocc"),
                ("hypheap 1\na = alloc 18446744073709551616", "2:11", "184"),
                ("hypheap 1\nfree s4096\n", "2:6", "s4096"),
                ("hypheap 2\n", "1:9", "version"),
                ("", "1:1", ""),
                ("topup 1\n", "1:1", "hypheap")):
            self.file("bad.ops", text)
            done = self.call("run", "bad.ops", status=2)
            self.one_line(done.err,
                          rf"hypheap: bad\.ops:{where}: .*{what}.*")
            self.assertEqual(done.out, "")

    def test_a_version_not_known(self):
        self.file("new", b"HYP\x02" + bytes(60))
        for args in (("run", "new"), ("show", "new")):
            done = self.call(*args, status=2)
            self.one_line(done.err, "hypheap: new: .*version 2.*")


class Forms(Case):
    def test_text_to_bytes_and_back(self):
        self.file("a.ops", SMALL)
        text = self.call("show", "a.ops").out
        self.assertNotIn("#", text)
        self.call("asm", "a.ops", "-o", "a")
        self.assertEqual(self.bytes_of("a")[:4], b"HYP\x01")
        self.assertEqual(self.call("show", "a").out, text)
        self.call("asm", "a", "-o", "b")
        self.assertEqual(self.bytes_of("a"), self.bytes_of("b"))
        out = self.call("asm", "a.ops", "-o", "-").stdout
        self.assertEqual(out, self.bytes_of("a"))
        self.file("c.ops", text)
        self.assertEqual(self.call("show", "c.ops").out, text)
        trace = self.call("run", "--trace", "a.ops").out
        self.assertEqual(self.call("run", "--trace", "a").out, trace)

    def test_expectations_stay_in_text(self):
        self.file("a.ops", "hypheap 1\n# expect: pages/free\ntopup 1\n")
        self.assertIn("# expect: pages/free\n",
                      self.call("show", "a.ops").out)

    def test_output_is_whole_or_not_there(self):
        self.file("a.ops", SMALL)
        done = self.call("asm", "a.ops", "-o", "no/such", status=2)
        self.one_line(done.err, "hypheap: no/such: No such file.*")
        done = self.call("asm", "a.ops", "-o", ".", status=2)
        self.one_line(done.err, r"hypheap: \.: Is a directory")
        done = self.call("asm", "a.ops", "-o", "/dev/full", status=2)
        self.one_line(done.err, "hypheap: /dev/full: No space left.*")

        self.file("old", b"old")
        os.symlink("old", self.path("link"))
        done = self.call(
            "asm", "a.ops", "-o", "old", status=2, restore_signals=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                  (40, 40)))
        self.one_line(done.err, "hypheap: .*old: File too large")
        self.assertEqual(self.bytes_of("old"), b"old")
        self.call("asm", "a.ops", "-o", "link")
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertEqual(self.bytes_of("old")[:4], b"HYP\x01")
        self.assertEqual(sorted(os.listdir(self.folder)),
                         ["a.ops", "link", "old"])

    def test_stdout_that_cannot_be_written(self):
        self.file("a.ops", SMALL)
        for args in (("show", "a.ops"), ("run", "a.ops"), ("help",),
                     ("run", "--trace", "a.ops", "a.ops"), ("version",),
                     ("run", "--help"), ("help", "ops"),
                     ("asm", "a.ops", "-o", "-"),
                     ("stress", "--runs=1")):
            with open("/dev/full", "wb") as full:
                done = self.call(*args, status=2, stdout=full)
            self.one_line(done.err, "hypheap: standard output: No space .*")
            reader, writer = os.pipe()
            os.close(reader)
            done = self.call(*args, status=2, stdout=writer)
            os.close(writer)
            self.one_line(done.err, "hypheap: standard output: Broken pipe")


class Random(Case):
    def test_gen(self):
        args = ("gen", "--seed=7", "--ops=20", "--page=16384")
        self.call(*args, "--count=10", "-o", "deep/new")
        names = sorted(os.listdir(self.path("deep/new")))
        self.assertEqual(names, [f"gen-7-{i:06}" for i in range(10)])
        for name in names:
            text = self.call("show", "deep/new/" + name).out
            self.assertIn(" page=16384 ", text)
            self.assertEqual(len(text.splitlines()), 22)
        self.call(*args, "--start=5", "--count=1", "-o", "one")
        self.assertEqual(self.bytes_of("one/gen-7-000005"),
                         self.bytes_of("deep/new/gen-7-000005"))
        self.assertNotEqual(self.bytes_of("one/gen-7-000005"),
                            self.bytes_of("deep/new/gen-7-000004"))
        self.call(*args, "--text", "-o", "text")
        self.assertEqual(self.bytes_of("text/gen-7-000000.ops").decode(),
                         self.call("show", "deep/new/gen-7-000000").out)
        done = self.call("gen", "-o", "one/gen-7-000005", status=2)
        self.one_line(done.err, "hypheap: one/gen.*: Not a directory")

    def stress(self, *args):
        return json.loads(self.call("stress", "--json", *args).out)

    def test_stress_counts(self):
        out = self.call("stress", "--runs=60", "--seed=3").out
        self.assertRegex(out, r"\A60 programs from number 0 of seed 3, "
                         r"profile heap, page all\n"
                         r"[\d.]+ runs/s, \d+ op/s, [\d.]+ s\n"
                         r"op +tried +succeeded +refused +skipped\n")
        total = [0, 0, 0, 0]
        rows = re.findall(r"^([a-z!]+)((?: +\d+){4})$", out, re.M)
        self.assertEqual([row[0] for row in rows],
                         ["alloc", "call", "free", "write", "topup",
                          "reclaim", "cpu", "fail", "shrink", "init",
                          "free!", "corrupt", "create", "destroy", "trace", "selftest",
                          "deprivilege", "poke", "hvc", "total"])
        for word, row in rows:
            row = [int(n) for n in row.split()]
            self.assertEqual(row[0], sum(row[1:]))
            if word != "total":
                total = [a + b for a, b in zip(total, row)]
        self.assertEqual(total, row)
        self.assertGreater(total[0], 60 * 32)
        for line in ("ops not skipped +[1-9]", "allocations served +[1-9]",
                     r"live objects at the end +[1-9]\d* \(median\)",
                     r"ended by a panic due +\d+ programs"):
            self.assertRegex(out, "\n" + line)
        doc = self.stress("--runs=60", "--seed=3")
        self.assertEqual(doc["programs"], 60)
        self.assertEqual(doc["ops"], total[0])
        self.assertEqual(doc["by_op"]["total"]["succeeded"], total[1])
        self.assertGreater(doc["ended_by_panic"], 0)
        self.assertGreaterEqual(doc["by_op"]["free!"]["refused"],
                                doc["ended_by_panic"])

    def test_stress_goes_on_where_it_ended(self):
        whole = self.stress("--runs=30", "--seed=9")
        first = self.stress("--runs=11", "--seed=9")
        rest = self.stress("--runs=19", "--seed=9", "--start=11")
        for word, row in whole["by_op"].items():
            for key, count in row.items():
                self.assertEqual(count, first["by_op"][word][key] +
                                 rest["by_op"][word][key])
        other = self.stress("--runs=30", "--seed=10")
        self.assertNotEqual(whole["by_op"], other["by_op"])

    def test_stress_digest(self):
        args = ("--runs=40", "--ops=20", "--digest")
        digest = self.stress(*args)["digest"]
        self.assertRegex(digest, r"\A[0-9a-f]{16}\Z")
        self.assertEqual(self.stress(*args)["digest"], digest)
        self.assertIn(f"\ndigest {digest}\n", self.call("stress", *args).out)
        # one program more, and one operation more
        self.assertNotEqual(self.stress(*args, "--runs=41")["digest"], digest)
        self.assertNotEqual(self.stress(*args, "--ops=21")["digest"], digest)
        self.assertNotIn("digest", self.stress("--runs=1"))

    def test_stress_of_each_kind(self):
        for profile in ("heap", "host", "corrupt", "text"):
            doc = self.stress("--runs=5", "--profile", profile)
            self.assertEqual((doc["programs"], doc["profile"]), (5, profile))
        for page in ("4096", "16384", "65536"):
            doc = self.stress("--runs=5", "--page", page)
            self.assertEqual((doc["programs"], doc["page"]), (5, page))
        self.assertTrue(self.stress("--runs=5", "--uniform")["uniform"])
        doc = self.stress("--runs=5", "--oracle=contract", "--ops=7")
        self.assertEqual(doc["oracle"], "contract")
        self.assertLessEqual(doc["ops"], 35)

    def test_stress_until_told_to_end(self):
        with subprocess.Popen([os.path.join(self.programs, "hypheap"),
                               "stress", "--runs=0"], cwd=self.folder,
                              stdout=subprocess.PIPE) as child:
            time.sleep(2)
            child.send_signal(signal.SIGINT)
            out = child.communicate(timeout=60)[0].decode()
            self.assertEqual(child.returncode, 0)
        self.assertIn("interrupted", out)
        self.assertRegex(out, r"\ntotal +[1-9]")

    def test_bench(self):
        out = self.call("bench", "--runs=20", "--rounds=2", "--ops=20").out
        self.assertRegex(out, r"\nexecutor +\d+ +\d+ +[\d.]+ .*\nmodel +\d+ ")
        self.assertRegex(out, r"\nall +\d+ ")
        doc = json.loads(self.call("bench", "--runs=20", "--rounds=3",
                                   "--json").out)
        self.assertEqual(doc["executor"]["ops"], doc["all"]["ops"])
        self.assertGreater(doc["all"]["ns_per_op"], 0)
        self.assertAlmostEqual(
            doc["ratio"],
            doc["all"]["ns_per_op"] / doc["executor"]["ns_per_op"], 3)

    def test_bench_grid(self):
        doc = json.loads(self.call("bench", "--grid", "--rounds=1",
                                   "--json").out)
        rows = doc["rows"]
        self.assertEqual({row["ops_each"] for row in rows},
                         {0, 8, 64, 256, 4096})
        for row in rows:
            for way in ("bare", "checks", "executor", "model", "twin", "all"):
                self.assertGreater(row[way]["ns_per_program"], 0)
            self.assertEqual(row["bare"]["ops"] == 0, row["ops_each"] == 0)

    def test_bench_row(self):
        for more in ((), ("--ask",)):
            doc = json.loads(self.call("bench", "--row=8,4,16", "--rounds=1",
                                       "--json", *more).out)
            self.assertEqual([(row["ops_each"], row["live"], row["heap_pages"])
                              for row in doc["rows"]], [(8, 4, 16)])
            for way in ("bare", "checks", "all"):
                self.assertGreater(doc["rows"][0][way]["ns_per_op"], 0)

    def test_bench_all(self):
        """Of a table, too, nothing else is measured."""
        args = ("bench", "--row=8,4,16", "--rounds=1", "--all")
        self.assertRegex(self.call(*args).out,
                         r"\n +8 +4 +16( +-){5} +[1-9]\d*  +- +- +\d+\n$")
        row = json.loads(self.call(*args, "--json").out)["rows"][0]
        self.assertGreater(row["all"]["ns_per_op"], 0)
        self.assertNotIn("twin", row)


class Verdict(Case):
    """Over the executor that obeys: "shrink N" is the order."""

    PAGES, PANIC, END = "shrink 1001", "shrink 1002", "shrink 1003"

    def program(self, name, op, expect=""):
        comment = f"# expect: {expect}\n" if expect else ""
        return self.file(name, f"hypheap 1\n{comment}topup 1\n{op}\ntopup 2")

    def test_a_report(self):
        self.program("a.ops", self.PAGES)
        out = self.fake("run", "a.ops", status=1).out
        self.assertRegex(out, r"\AFAIL pages at op 2 of 3: shrink 1001\n"
                         r"  1 is lost\n")
        self.assertIn("  program: topup 1; > shrink 1001\n", out)
        self.assertTrue(out.endswith("  replay:  hypheap run a.ops\n"
                                     "  signature: pages/shrink\n"))
        out = self.fake("run", "--oracle", "contract", "a.ops", status=1).out
        self.assertIn("hypheap run --oracle=contract a.ops\n", out)
        self.program("a.ops", self.END)
        out = self.fake("run", "a.ops", status=1).out
        self.assertIn("FAIL account at the end of 3 ops\n", out)

    def test_trace_and_json_stay_clean(self):
        self.program("a.ops", self.PANIC)
        done = self.fake("run", "--trace", "a.ops", status=1)
        lines = done.out.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r"\A2\tshrink 1002\tpanic hyp_free\t" +
                         CENSUS + r"\Z")
        self.assertEqual(lines[2], "digest 0000000000000123")
        self.assertIn("signature: panic/shrink@hyp_free\n", done.err)
        done = self.fake("run", "--json", "a.ops", status=1)
        doc = json.loads(done.out)
        self.assertEqual(doc["verdict"], "panic")
        self.assertEqual(doc["signature"], "panic/shrink@hyp_free")
        self.assertEqual((doc["step"], doc["steps"], doc["ops"]), (2, 2, 3))
        self.assertFalse(doc["holds"])

    def test_expectations(self):
        self.program("met.ops", self.PANIC, "panic/shrink@hyp_free")
        self.program("other.ops", self.PANIC, "panic/shrink")
        done = self.fake("run", "met.ops")
        self.assertEqual(done.out,
                         "met.ops: expected: panic/shrink@hyp_free\n")
        done = self.fake("run", "other.ops", status=1)
        self.assertIn("other.ops: expected panic/shrink, but got "
                      "panic/shrink@hyp_free\n", done.out)
        doc = json.loads(self.fake("run", "--json", "met.ops").out)
        self.assertTrue(doc["holds"])

    def test_the_highest_status_counts(self):
        self.program("a.ops", self.PAGES)
        self.program("b.ops", "topup 1")
        self.fake("run", "a.ops", "b.ops", status=1)
        self.fake("run", "a.ops", "missing", "b.ops", status=2)

    def test_faults_of_the_harness(self):
        for number in (2001, 2002):
            self.program("a.ops", f"shrink {number}")
            for command in (("run",), ("run", "--trace")):
                done = self.fake(*command, "a.ops", status=3)
                self.assertRegex(done.err.splitlines()[-1],
                                 r"\AHARNESS BUG: \S")

    def test_a_fault_that_cannot_even_be_told(self):
        self.program("a.ops", "shrink 2001")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([os.path.join(self.programs, "fake"), "run",
                                   self.path("a.ops")], stdout=full,
                                  stderr=full, check=False)
        self.assertEqual(done.returncode, 3)

    def test_stress_keeps_what_does_not_hold(self):
        args = ("stress", "--seed=5", "--runs=1000")
        env = {**os.environ, "FAKE_SHRINK": "1002"}  # each shrink says so
        os.mkdir(self.path("crashes"))
        names = ["crash-panic-shrink-hyp_free.ops",
                 "crash-panic-shrink-hyp_free-2.ops"]
        for name in names:
            out = self.fake(*args, "-o", "crashes", status=1, env=env).out
            self.assertIn("FAIL panic at op ", out)
            self.assertIn(f"hypheap run crashes/{name}\n", out)
            self.assertIn(f"The program is in crashes/{name}\n", out)
            self.assertRegex(out, r"\ntotal +[1-9]")
        self.assertEqual(sorted(os.listdir(self.path("crashes"))),
                         sorted(names))
        text = self.bytes_of("crashes/" + names[0]).decode()
        self.assertIn("# signature: panic/shrink@hyp_free\n", text)
        again = re.search("# found by: hypheap (.*)\n", text).group(1)
        self.fake(*again.split(), status=1, env=env)
        self.fake("run", "crashes/" + names[0], status=1, env=env)

        out = self.fake(*args, "-o", "no/such", status=1, env=env).out
        self.assertIn("could not be written to no/such/crash-panic", out)
        self.assertIn("  signature: panic/shrink@hyp_free\n", out)
        out = self.fake(*args, "--oracle=contract", status=1, env=env).out
        self.assertIn("  level:   contract", out)
        self.assertIn("hypheap run --oracle=contract crash-panic", out)
        doc = json.loads(self.fake(*args, "--json", status=1, env=env).out)
        self.assertEqual(doc["signature"], "panic/shrink@hyp_free")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
