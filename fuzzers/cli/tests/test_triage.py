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


# Of the schema of SARIF 2.1.0: properties that must be there, and others that may
# be, for the objects that we write. "triage --sarif" was held against all of it with
# sarif-2.1.0-rtm.5.json, which the npm package @microsoft/jest-sarif has.
SARIF = {
    "log": ({"version", "runs"}, {"$schema"}),
    "run": ({"tool"}, {"results"}),
    "tool": ({"driver"}, set()),
    "driver": ({"name"}, {"version", "rules"}),
    "rule": ({"id"}, {"shortDescription"}),
    "message": ({"text"}, set()),
    "result": ({"message"}, {"ruleId", "ruleIndex", "level", "locations", "relatedLocations",
                             "occurrenceCount", "partialFingerprints"}),
    "location": (set(), {"id", "message", "physicalLocation"}),
    "physical": ({"artifactLocation", "region"}, set()),
    "artifact": ({"uri"}, {"uriBaseId"}),
    "region": ({"startLine"}, set()),
}


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

    def sarif(self, kind, what):
        """@what is as the schema wants it. Return: it."""
        must, may = SARIF[kind]
        self.assertLessEqual(must, set(what), kind)
        self.assertLessEqual(set(what), must | may, kind)
        return what

    def place(self, location):
        """File and line of a location; the file is relative to the repository."""
        physical = self.sarif("physical", self.sarif("location", location)["physicalLocation"])
        artifact = self.sarif("artifact", physical["artifactLocation"])
        self.assertEqual(artifact["uriBaseId"], "%SRCROOT%")
        self.assertNotRegex(artifact["uri"], r"^(/|[a-z]+:)|[^-\w.~/%]")
        line = self.sarif("region", physical["region"])["startLine"]
        self.assertGreaterEqual(line, 1)
        return artifact["uri"], line

    def test_sarif(self):
        self.folders()
        self.file("ours/crash-z.ops", "# found by chance\nhypheap 1\nheap pages=4\n"
                  "topup 1; a = alloc 5\n\nfree a; shrink 1001\n")
        os.unlink(self.path("ours/crash-pages-shrink.ops"))
        self.fake("triage", "--sarif", "out.sarif", "afl", self.path("ours"), status=1)
        doc = self.sarif("log", json.loads(self.bytes_of("out.sarif")))
        self.assertEqual(doc["version"], "2.1.0")
        run, = doc["runs"]
        driver = self.sarif("driver", self.sarif("tool", self.sarif("run", run)["tool"])["driver"])
        for rule in driver["rules"]:
            self.sarif("message", self.sarif("rule", rule)["shortDescription"])
        for result in run["results"]:
            self.sarif("result", result)
            self.assertEqual(driver["rules"][result["ruleIndex"]]["id"], result["ruleId"])
            self.assertTrue(self.sarif("message", result["message"])["text"])
            self.assertEqual(result["level"], "error")
        pages, panic = run["results"]
        self.assertEqual(pages["occurrenceCount"], 2)
        afl = "afl/default/crashes/id%3A00000{}%2Csig%3A06%2Csrc%3A000000%2Cop%3Ahavoc"
        # bytes have no lines
        self.assertEqual(self.place(pages["locations"][0]), (afl.format(0), 1))
        self.assertNotIn("relatedLocations", pages)
        # a panic is where it was; the program that came there is beside it
        source, line = self.place(panic["locations"][0])
        self.assertRegex(source, r"(^|/)alloc\.c$")
        self.assertEqual(line, 12)
        self.assertEqual(self.place(panic["relatedLocations"][0]), (afl.format(1), 1))

        # of text, the line of the operation; below this folder without it
        self.fake("triage", "--sarif", "out.sarif", self.path("ours"), status=1)
        result, = json.loads(self.bytes_of("out.sarif"))["runs"][0]["results"]
        self.assertEqual(self.place(result["locations"][0]), ("ours/crash-z.ops", 6))
        self.fake("triage", "--min", "-o", "m", "--sarif", "out.sarif", "ours", status=1)
        result, = json.loads(self.bytes_of("out.sarif"))["runs"][0]["results"]
        self.assertEqual(self.place(result["locations"][0]), ("m/min-pages-shrink.ops", 4))
        self.fake("triage", "--sarif", "/dev/full", "ours", status=2)

    def test_what_cannot_be_replayed(self):
        self.put("d/crash-died", "shrink 2002", as_bytes=True)
        self.put("d/crash-slow", "shrink 2004", as_bytes=True)
        self.put("d/crash-ok", "shrink 1001", as_bytes=True)
        out = self.fake("triage", "--timeout", "3", "d", status=3).out
        self.assertRegex(out, r"\n1 take too long\n  d/crash-slow\n")
        self.assertRegex(out, r"\n1 end the harness itself: HARNESS BUG\n"
                              r"  d/crash-died: (exit 3|signal 11)\n")
        self.assertIn("pages/shrink", out)
        os.unlink(self.path("d/crash-died"))
        self.file("d/crash-new", b"HYP\x07" + bytes(60))
        self.file("d/bad.ops", "hypheap 1\nfrob\n")
        out = self.fake("triage", "--timeout", "3", "d", status=2).out
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
