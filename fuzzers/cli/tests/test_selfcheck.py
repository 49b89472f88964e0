#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""hypheap selfcheck, as its users see it.

test_selfcheck.py HYPHEAP FAKE BUGGY: FAKE has an executor in which every program
holds (tests/fake_run.c), BUGGY an allocator with a bug.
"""

import json
import re
import subprocess
import sys
import unittest

HYPHEAP, FAKE, BUGGY = sys.argv[1:4]
ORACLES = ("fault hang panic result place zeroed content backed pages owner wiped shape "
           "account promise progress lock replay").split()


def selfcheck(program, *arguments, status=0):
    done = subprocess.run([program, "selfcheck", *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != status:
        raise AssertionError(f"{program} selfcheck {arguments}: exit status "
                             f"{done.returncode}, expected {status}\n{done.stdout}{done.stderr}")
    return done


class Selfcheck(unittest.TestCase):
    def test_each_oracle_sees_its_lies(self):
        said = json.loads(selfcheck(HYPHEAP, "--json").stdout)
        self.assertEqual({lie["oracle"] for lie in said["lies"]}, set(ORACLES))
        for lie in said["lies"]:
            self.assertEqual(lie["end"], "caught", lie)
            self.assertTrue(lie["signature"].startswith(lie["oracle"] + "/"), lie)
            self.assertIn("caught", lie["levels"].values())
        self.assertEqual(said["caught"], len(said["lies"]))
        self.assertEqual((said["missed"], said["off"], said["untrue"]), (0, 0, 0))
        self.assertEqual(said["oracles"], len(ORACLES))
        self.assertEqual(said["oracles_that_caught"], len(ORACLES))

    def test_a_line_a_lie(self):
        lines = selfcheck(HYPHEAP).stdout.splitlines()
        for line in lines[:-1]:
            self.assertRegex(line, r"^([a-z]+) +\S.* caught as \1/\S+ \(")
        nr = len(lines) - 1
        self.assertEqual(lines[-1], f"{nr} of {nr} lies caught by 17 of 17 oracles")

    def test_at_contract_level_there_is_no_shape(self):
        said = json.loads(selfcheck(HYPHEAP, "--json", "--oracle=contract").stdout)
        self.assertEqual({lie["oracle"] for lie in said["lies"] if lie["end"] == "caught"},
                         set(ORACLES) - {"shape"})
        self.assertEqual(said["oracles_off"], ["shape"])
        self.assertGreater(said["off"], 0)
        self.assertTrue(all(lie["levels"]["exact"] == "off" for lie in said["lies"]))
        last = selfcheck(HYPHEAP, "--oracle=contract").stdout.splitlines()[-1]
        self.assertRegex(last, r"^(\d+) of \1 lies caught by 16 of 17 oracles; \d+ off; shape is off$")

    def test_an_executor_that_sees_nothing(self):
        done = selfcheck(FAKE, status=1)
        lines = done.stdout.splitlines()
        self.assertTrue(all(" MISSED (" in line for line in lines[:-1]), done.stdout)
        self.assertIn("nobody asked what is lied about", lines[0])
        self.assertRegex(lines[-1], r"^0 of (\d+) lies caught by 0 of 17 oracles; \1 MISSED$")
        said = json.loads(selfcheck(FAKE, "--json", status=1).stdout)
        self.assertEqual(said["missed"], len(said["lies"]))
        self.assertEqual(said["lies"][0]["why"], "nobody asked what is lied about")

    def test_an_allocator_with_a_bug_is_no_oracle_without_sight(self):
        done = selfcheck(BUGGY, status=1)
        self.assertNotIn("MISSED", done.stdout)
        self.assertTrue(re.search(r"NOT TOLD \(.*without the lie it is ", done.stdout))
        said = json.loads(selfcheck(BUGGY, "--json", status=1).stdout)
        self.assertEqual(said["missed"], 0)
        self.assertGreater(said["untrue"], 0)

    def test_bad_input(self):
        for argument in ("--none", "file", "--oracle=all"):
            said = selfcheck(HYPHEAP, argument, status=2)
            self.assertEqual(said.stdout, "")
            self.assertIn("selfcheck", said.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
