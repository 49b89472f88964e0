#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""hypheap triage as its users see it: folders of all sorts, its formats.

test_triage.py HYPHEAP FAKE: FAKE fails where the program says so ("shrink N").
"""

import json
import os
import sys
import time
import unittest

from test_cli import Case


def program(*ops):
    return "hypheap 1\n" + "".join(op + "\n" for op in ops)


class Triage(Case):
    def put(self, name, *ops, as_bytes=False):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        self.file("tmp.ops", program(*ops))
        if as_bytes:
            self.fake("asm", "tmp.ops", "-o", name)
        else:
            os.rename(self.path("tmp.ops"), self.path(name))

    def folders(self):
        """As the engines and "stress" leave them."""
        afl = "afl/default/crashes/id:00000{},sig:06,src:000000,op:havoc"
        self.put(afl.format(0), "topup 1", "topup 2", "shrink 1001", as_bytes=True)
        self.put(afl.format(1), "shrink 1002", as_bytes=True)
        self.put("afl/default/queue/id:000000", "shrink 1001", as_bytes=True)
        self.file("afl/default/crashes/README.txt", "Command line used\n")
        self.file("afl/default/fuzzer_stats", "start_time: 1\n")
        self.put("libfuzzer/crash-0a1b", "a = alloc 5", "shrink 1001", as_bytes=True)
        self.put("libfuzzer/crash-0a1b.ops", "a = alloc 5", "shrink 1001")
        self.file("libfuzzer/crash-0a1b.report", "FAIL\n")
        self.put("libfuzzer/timeout-77", "topup 9", as_bytes=True)
        self.put("ours/crash-pages-shrink.ops", "topup 7", "topup 2", "shrink 1001")

    def test_groups(self):
        self.folders()
        out = self.fake("triage", "afl", "libfuzzer", "ours", status=1).out
        self.assertEqual(out, """5 files, 4 fail, 2 signatures; 4 other files passed over

events    ops  signature              smallest
     3      2  pages/shrink           libfuzzer/crash-0a1b
                 1 is lost
     1      1  panic/shrink@hyp_free  afl/default/crashes/id:000001,sig:06,src:000000,op:havoc
                 panic in hyp_free

1 no longer reproduce
  libfuzzer/timeout-77
""")

    def test_minimised(self):
        self.folders()
        out = self.fake("triage", "--min", "-o", "min", "afl", "libfuzzer", "ours", status=1).out
        self.assertIn("minimised: 1 operation in min/min-pages-shrink.ops\n", out)
        self.assertIn("minimised: 1 operation in min/min-panic-shrink-hyp_free.ops\n", out)
        self.assertEqual(self.bytes_of("min/min-pages-shrink.ops").decode(),
                         "# signature: pages/shrink\nhypheap 1\n"
                         "heap pages=1 page=4096 pool=0 cpus=1\nshrink 1001\n")
        self.file("no", "")
        self.fake("triage", "--min", "-o", "no/such", "ours", status=2)

    def test_json(self):
        self.folders()
        doc = json.loads(self.fake("triage", "--json", "afl", "libfuzzer", status=1).out)
        self.assertEqual((doc["files"], doc["passed_over"], doc["interrupted"]), (4, 4, False))
        self.assertEqual([(g["signature"], g["oracle"], g["events"], g["ops"], g["minimised"])
                          for g in doc["groups"]],
                         [("pages/shrink", "pages", 2, 2, None),
                          ("panic/shrink@hyp_free", "panic", 1, 1, None)])
        self.assertEqual(doc["holds"], [{"file": "libfuzzer/timeout-77"}])

    def test_sarif(self):
        self.folders()
        self.fake("triage", "--sarif", "out.sarif", "afl", "libfuzzer", status=1)
        doc = json.loads(self.bytes_of("out.sarif"))
        self.assertEqual(doc["version"], "2.1.0")
        run, = doc["runs"]
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            self.assertTrue(result["message"]["text"])
        first, second = run["results"]
        self.assertEqual(first["occurrenceCount"], 2)
        self.assertEqual(second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
                         "afl/default/crashes/id%3A000001%2Csig%3A06%2Csrc%3A000000%2Cop%3Ahavoc")
        self.fake("triage", "--sarif", "/dev/full", "ours", status=2)

    def test_what_cannot_be_replayed(self):
        self.put("d/crash-died", "shrink 2002", as_bytes=True)
        self.put("d/crash-slow", "shrink 2004", as_bytes=True)
        self.put("d/crash-ok", "shrink 1001", as_bytes=True)
        out = self.fake("triage", "--timeout", "1", "d", status=3).out
        self.assertRegex(out, r"\n1 take too long\n  d/crash-slow\n")
        self.assertRegex(out, r"\n1 end the harness itself: HARNESS BUG\n"
                              r"  d/crash-died: (exit 3|signal 11)\n")
        self.assertIn("pages/shrink", out)
        os.unlink(self.path("d/crash-died"))
        self.file("d/crash-new", b"HYP\x07" + bytes(60))
        self.file("d/bad.ops", "hypheap 1\nfrob\n")
        out = self.fake("triage", "--timeout", "1", "d", status=2).out
        self.assertRegex(out, r"\n2 cannot be read\n  d/bad.ops:2:1: .*\n"
                              r"  d/crash-new: a program of version 7; .*\n")
        self.assertIn("pages/shrink", out)
        err = self.fake("triage", "none", "d", "--timeout", "1", status=2).err
        self.assertIn("hypheap: none: No such file or directory\n", err)
        self.fake("triage", status=2)

    def test_nothing_fails(self):
        self.put("d/crash-1", "topup 1", as_bytes=True)
        self.assertIn("1 files, 0 fail, 0 signatures", self.call("triage", "d").out)
        os.mkdir(self.path("empty"))
        self.assertIn("0 files, 0 fail, 0 signatures", self.call("triage", "empty").out)

    def test_ten_thousand(self):
        self.put("d/crash-0", "topup 1", "shrink 1001", as_bytes=True)
        data = self.bytes_of("d/crash-0")
        for i in range(1, 10000):
            self.file(f"d/crash-{i}", data)
        began = time.monotonic()
        out = self.fake("triage", "d", status=1).out
        self.assertLess(time.monotonic() - began, 60)
        self.assertIn(" 10000      2  pages/shrink", out)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
