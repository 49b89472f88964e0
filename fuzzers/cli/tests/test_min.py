#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""hypheap min as its users see it: what it writes, and when it is disturbed.

test_min.py HYPHEAP FAKE: FAKE fails where the program says so ("shrink N", see
tests/fake_run.c), so that each kind of failure is there without a bug.
"""

import os
import signal
import subprocess
import sys
import time
import unittest

from test_cli import Case

WORLD = "heap pages=1 page=4096 pool=0 cpus=1\n"


def program(*ops):
    return "hypheap 1\n" + "".join(op + "\n" for op in ops)


class Min(Case):
    def min(self, name, *args, **kwargs):
        done = self.fake("min", name, "-o", "out.ops", *args, **kwargs)
        return done.err

    def result(self):
        return self.bytes_of("out.ops").decode()

    def test_what_it_writes(self):
        self.file("a.ops", program("topup 4", "a = alloc 100", "free a", "shrink 1001",
                                   "b = alloc 3"))
        err = self.min("a.ops")
        self.assertRegex(err, r"^a.ops: pages/shrink: 5 -> 1 operations, \d+ tries, \d+\.\d s\n$")
        self.assertEqual(self.result(),
                         "# signature: pages/shrink\nhypheap 1\n" + WORLD + "shrink 1001\n")
        self.fake("run", "out.ops", status=1)

        self.fake("min", "out.ops", "-o", "again.ops")
        self.assertEqual(self.bytes_of("again.ops"), self.bytes_of("out.ops"))
        self.assertEqual(self.fake("min", "a.ops", "-o", "-").out, self.result())
        self.fake("min", "a.ops", "-o", "a.ops")
        self.assertEqual(self.bytes_of("a.ops"), self.bytes_of("out.ops"))

    def test_expect_is_written_when_asked_for_and_stays(self):
        self.file("a.ops", program("topup 4", "shrink 1001"))
        self.min("a.ops", "--expect")
        self.assertEqual(self.result(), "# signature: pages/shrink\nhypheap 1\n" + WORLD +
                         "# expect: pages/shrink\nshrink 1001\n")
        self.fake("run", "out.ops")
        self.fake("min", "out.ops", "-o", "again.ops")
        self.assertEqual(self.bytes_of("again.ops"), self.bytes_of("out.ops"))
        self.file("b.ops", program("# expect: lock/free", "shrink 1001"))
        self.min("b.ops")
        self.assertNotIn("expect", self.result())

    def test_bytes_as_the_engines_leave_them(self):
        self.file("a.ops", program("topup 4", "shrink 1001", "shrink 1002"))
        self.fake("asm", "a.ops", "-o", "id:000000,sig:06,src:000001")
        with open(self.path("id:000000,sig:06,src:000001"), "ab") as file:
            file.write(b"\x09\x00")  # a short tail
        self.min("id:000000,sig:06,src:000001")
        self.assertIn("pages/shrink", self.result())

    def test_it_does_not_drift(self):
        """The first that fails is kept, whatever else fails once it is gone."""
        self.file("a.ops", program("topup 1", "shrink 1002", "shrink 1001", "shrink 2002",
                                   "shrink 2004"))
        self.min("a.ops", "--timeout", "1")
        self.assertEqual(self.result(), "# signature: panic/shrink@hyp_free\nhypheap 1\n" +
                         WORLD + "shrink 1002\n")

    def test_tries_that_crash_exit_or_hang_do_no_harm(self):
        """Whatever of it is left out, one of these gets its turn."""
        for order in (2001, 2002, 2003, 2004):
            self.file("a.ops", program("shrink 1001", f"shrink {order}", "topup 3"))
            self.min("a.ops", "--timeout", "1")
            self.assertTrue(self.result().endswith("cpus=1\nshrink 1001\n"), self.result())

    def test_what_cannot_be_minimised(self):
        self.file("holds.ops", program("topup 1"))
        err = self.min("holds.ops", status=2)
        self.one_line(err, r"hypheap: holds.ops: it holds; there is nothing to minimise")
        self.assertFalse(os.path.exists(self.path("out.ops")))
        self.call("min", "holds.ops", "-o", "out.ops", status=2)

        for order, words in ((2001, r"(exit 3|signal 6)"), (2002, r"(exit 3|signal 11)"),
                             (2003, "exit 3")):
            self.file("bug.ops", program(f"shrink {order}"))
            err = self.min("bug.ops", status=3)
            self.one_line(err, r"HARNESS BUG: bug.ops: it ended with " + words +
                          r", without a verdict; see hypheap run")
        self.file("slow.ops", program("shrink 2004"))
        err = self.min("slow.ops", "--timeout", "1", status=2)
        self.one_line(err, r"hypheap: slow.ops: it runs longer than 1 s; see --timeout")

        self.file("bad.ops", "hypheap 1\nfrobnicate\n")
        self.one_line(self.min("bad.ops", status=2), r"hypheap: bad.ops:2:1: .*")
        self.file("new", b"HYP\x07" + bytes(60))
        self.one_line(self.min("new", status=2), r"hypheap: new: a program of version 7; .*")
        self.one_line(self.min("none", status=2), r"hypheap: none: No such file or directory")
        self.fake("min", "holds.ops", status=2)
        self.fake("min", "-o", "x", status=2)

    def test_output_that_cannot_be_written(self):
        self.file("a.ops", program("shrink 1001"))
        err = self.fake("min", "a.ops", "-o", "no/such", status=2).err
        self.assertIn("hypheap: no/such: No such file or directory\n", err)
        err = self.fake("min", "a.ops", "-o", "/dev/full", status=2).err
        self.assertIn("hypheap: /dev/full: No space left on device\n", err)
        with open("/dev/full", "wb") as full:
            err = self.fake("min", "a.ops", "-o", "-", stdout=full, status=2).err
        self.assertIn("No space left on device\n", err)

    def disturbed(self, how):
        """A minimisation of some seconds, disturbed after one."""
        self.file("a.ops", program(*(f"a = alloc {n}" for n in range(1, 400)), "shrink 2005"))
        with subprocess.Popen([os.path.join(self.programs, "fake"), "min", "a.ops", "-o",
                               "out.ops"], cwd=self.folder, stderr=subprocess.PIPE) as process:
            limit = time.monotonic() + 60
            while not os.path.exists(self.path("out.ops")) or \
                    len(self.result().split("\n")) > 300:
                self.assertLess(time.monotonic(), limit)
                time.sleep(0.02)
            process.send_signal(how)
            err = process.communicate(timeout=60)[1].decode()
        self.assertIn("# signature: account/shrink\n", self.result())
        self.assertEqual(self.result().count("shrink 2005"), 1)
        self.fake("run", "out.ops", status=1)
        return process.returncode, err

    def test_interrupted_it_says_so_and_keeps_the_best(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            status, err = self.disturbed(how)
            self.assertEqual(status, 0)
            self.assertRegex(err, r"a.ops: account/shrink: 400 -> \d+ operations, \d+ tries")
            self.assertIn("hypheap: interrupted: not everything was tried: out.ops has the best "
                          "so far\n", err)
            os.unlink(self.path("out.ops"))

    def test_killed_it_keeps_the_best(self):
        self.assertEqual(self.disturbed(signal.SIGKILL)[0], -signal.SIGKILL)

    def test_out_of_time(self):
        self.file("a.ops", program(*(f"a = alloc {n}" for n in range(1, 400)), "shrink 2005"))
        err = self.min("a.ops", "--seconds", "1")
        self.assertIn("hypheap: out of time: not everything was tried", err)
        self.fake("run", "out.ops", status=1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
