#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The positive control tells a farm that finds bugs from one that does not.

test_selfcheck_control.py HYPHEAP FAKE BUGGY: as fuzzers/cli/tests/test_selfcheck.py
"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
# pylint: disable=wrong-import-position
import selfcheck_control as control
from bugbench_engines import Result
from fuzz_error import Stop

HYPHEAP, FAKE, BUGGY = sys.argv[1:4]
BUG = control.read_bug(control.BUG)


def checked(program, signature):
    """An engine that found SIGNATURE, "" for nothing."""
    found = Result(bool(signature), signature, 1.0, 100)
    return control.Checked("afl", BUG, control.tell_lies(program), found, 20)


class Control(unittest.TestCase):
    def test_a_farm_that_sees(self):
        result = checked(HYPHEAP, BUG.signature)
        self.assertTrue(result.good)
        self.assertFalse(result.blind())
        self.assertEqual(result.wrong(), "")
        self.assertRegex(result.line(), r"^afl: \d+ lies caught by 17 oracles; found planted "
                                        r"bug \S+ after 1.0 s, 100 programs$")
        self.assertRegex(control.summary([result, result]),
                         r"^positive control: \d+ lies caught by 17 oracles; planted bug 14 "
                         r"found by afl in 1.0 s, by afl in 1.0 s$")

    def test_an_engine_that_finds_nothing_or_something_else(self):
        for signature, blind, words in (
                ("", True, "did not find planted bug"),
                ("no report (HARNESS BUG)", True, "found no report"),
                ("result/alloc", False, "found result/alloc, not planted")):
            result = checked(HYPHEAP, signature)
            self.assertFalse(result.good)
            self.assertEqual(result.blind(), blind)
            self.assertIn(words, result.wrong())

    def test_oracles_that_see_nothing(self):
        result = checked(FAKE, BUG.signature)
        self.assertFalse(result.good)
        self.assertTrue(result.blind())
        self.assertIn("afl misses a lie: a load from near NULL", result.wrong())
        self.assertRegex(result.wrong(), r"and \d+ more")

    def test_an_allocator_with_a_bug(self):
        """The farm sees it, with or without the planted one."""
        result = checked(BUGGY, "wiped/reclaim")
        self.assertFalse(result.good)
        self.assertFalse(result.blind())
        self.assertIn("the allocator fails without a lie", result.wrong())
        self.assertTrue(checked(BUGGY, "").blind())

    def test_what_is_no_hypheap(self):
        for program in ("/bin/true", "/bin/false", "/bin/cat"):
            with self.assertRaises(Stop) as stop:
                control.tell_lies(program)
            self.assertEqual(stop.exception.status, 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
