#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""hypheap diff as its users see it. usage: test_diff.py HYPHEAP FAKE"""

import sys
import unittest

from test_cli import SMALL, Case


class Diff(Case):
    def trace(self, name, text, *args):
        self.file(name + ".ops", text)
        out = self.call("run", "--trace", *args, name + ".ops").out
        return self.file(name, out)

    def diff(self, status):
        return self.call("diff", "a", "b", status=status).out

    def test_the_same(self):
        self.trace("a", SMALL.replace("free! double f\n", ""))
        self.trace("b", SMALL.replace("free! double f\n", ""))
        self.assertEqual(self.diff(0), "20 lines, all the same\n")

    def test_a_result_and_its_census(self):
        program = "hypheap 1\ntopup 4\ncpu 0\ncpu 1\ncpu 0\ncpu 1\n"
        self.trace("a", program + "a = alloc 4096\n")
        self.trace("b", "hypheap 1\nheap pages=1\n" + program[10:] + "a = alloc 4096\n")
        tail = "\thost=60 spare=4 mapped=0 used=0 free=0\n"
        self.assertEqual(
            self.diff(1),
            "A is a, B is b; they part after 5 lines\n"
            "    2\tcpu 0\tok" + tail + "    3\tcpu 1\tok" + tail +
            "    4\tcpu 0\tok" + tail + "    5\tcpu 1\tok" + tail +
            "A   6\ta = alloc 4096\t@16\thost=60 spare=2 mapped=2 used=1 free=0\n"
            "B   6\ta = alloc 4096\tE2BIG" + tail +
            "  the result: @16 in A, E2BIG in B\n"
            "  pages in the heap's cache: 2 in A, 4 in B\n"
            "  pages mapped: 2 in A, 0 in B\n"
            "  chunks in use: 1 in A, 0 in B\n")

    def test_another_operation_end_and_digest(self):
        self.trace("a", "hypheap 1\ntopup 1\n")
        self.trace("b", "hypheap 1\ntopup 1; a = alloc 1\n")
        self.assertIn("\n  A ends here, B goes on\n", self.diff(1))
        self.trace("b", "hypheap 1\ncpu 1\n")
        self.assertIn('the operation: "topup 1" in A, "cpu 1" in B', self.diff(1))
        self.file("b", self.bytes_of("a").split(b"digest")[0])
        self.assertIn("\n  B is cut off here\n", self.diff(1))
        program = "hypheap 1\ntopup 1; a = alloc {}\n"
        self.trace("a", program.format(16))
        self.trace("b", program.format(16))
        self.file("b", self.bytes_of("b")[:-2] + b"g\n")
        self.call("diff", "a", "b", status=2)
        other = b"0" if self.bytes_of("a")[-2:-1] != b"0" else b"1"
        self.file("b", self.bytes_of("a")[:-2] + other + b"\n")
        self.assertIn("\n  only the digest: ", self.diff(1))

    def test_pages_elsewhere(self):
        line = "1\tcpu 0\tok\thost=1 spare=0 mapped=0 used=0 free=0"
        self.file("a", line + "\n")
        self.file("b", line + "\tguest=2 hyp=1\n")
        self.assertEqual(self.diff(1).split("\n")[3:],
                         ["  pages of guests: 0 in A, 2 in B",
                          "  other pages of the hypervisor: 0 in A, 1 in B", ""])

    def test_bad_input(self):
        self.trace("a", "hypheap 1\ntopup 1\n")
        self.file("b", "hypheap 1\n")
        err = self.call("diff", "a", "b", status=2).err
        self.one_line(err, r'hypheap: b:1: no line of a trace: "hypheap 1"')
        self.file("b", "")
        self.one_line(self.call("diff", "a", "b", status=2).err, "hypheap: b: it is empty")
        self.one_line(self.call("diff", "a", "c", status=2).err,
                      "hypheap: c: No such file or directory")
        self.call("diff", "a", status=2)
        self.call("diff", "a", "a", "a", status=2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
