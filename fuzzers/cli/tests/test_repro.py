#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""hypheap repro: what it writes builds, fails with the bug and only with it.

test_repro.py HYPHEAP BUGGY LIB BUGGY_LIB CC SOURCE: BUGGY is the same over an
allocator that leaves the end of large objects as it was; LIB and BUGGY_LIB are
the two allocators, CC the compiler, SOURCE the repository.
"""

import os
import re
import subprocess
import sys
import unittest

from test_cli import Case

LIB, BUGGY_LIB, CC, SOURCE = sys.argv[3:7]
CRASH = "hypheap 1\ntopup 4\na = alloc 100\nwrite a\nb = call alloc 6000\nreclaim all\n"


class Repro(Case):
    def buggy(self, *args, **kwargs):
        return self.call(*args, program="fake", **kwargs)

    def build(self, command):
        """By the printed command; the exit status is the program's."""
        command = command.replace("-o repro ", "-Wall -Wextra -Werror -o repro ")
        build = command.rsplit(" && ", 1)[0]
        done = subprocess.run(build, shell=True, cwd=self.folder, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run(["./repro"], cwd=self.folder, capture_output=True, text=True,
                              check=False, timeout=60)
        return done.returncode, done.stdout

    def test_it_fails_with_the_bug_and_only_with_it(self):
        self.file("a.ops", CRASH)
        self.buggy("min", "a.ops", "-o", "min.ops")
        command = self.buggy("repro", "min.ops", "-o", "repro.c").err.strip()
        text = self.bytes_of("repro.c").decode()
        self.assertIn(f"*\t{command}\n", text)
        self.assertIn(" * zeroed/call\n", text)
        self.assertNotIn("#include \"model", text)
        status, out = self.build(command.replace(LIB, BUGGY_LIB))
        self.assertEqual(status, 1, out)
        self.assertRegex(out, r"FAIL: first byte that is not zero is \d+, expected -1\n")
        self.assertEqual(self.build(command)[0], 0)
        self.assertEqual(self.buggy("repro", "min.ops").out, text)

    def test_a_longer_one(self):
        self.file("a.ops", CRASH)
        command = self.buggy("repro", "a.ops", "-o", "repro.c").err.strip()
        self.assertEqual(self.build(command.replace(LIB, BUGGY_LIB))[0], 1)
        self.assertEqual(self.build(command)[0], 0)

    def test_the_self_test_compiles(self):
        """As a part of the allocator, beside its self test."""
        self.file("a.ops", CRASH)
        snippet = self.buggy("repro", "--selftest", "a.ops").out
        self.assertIn("static int selftest_repro(struct hyp_allocator *heap,", snippet)
        self.assertGreater(snippet.count("return -EINVAL;"), 2)
        self.file("alloc.c", '#include <linux/string.h>\n#include <allocator/el2/alloc.c>\n' +
                  snippet)
        subprocess.run([CC, "-fsyntax-only", "-std=gnu11", "-ffreestanding", "-nostdinc", "-Wall",
                        "-Wextra", "-Werror", "-Wno-sign-compare", "-Wno-unused-function",
                        "-D__KVM_NVHE_HYPERVISOR__", "-DHYP_PAGE_SHIFT=12",
                        "-DCONFIG_NVHE_EL2_DEBUG=1", "-I" + SOURCE,
                        "-I" + os.path.join(SOURCE, "allocator/kernel"), "-include",
                        "nvhe/alloc.h", self.path("alloc.c")], check=True)

    def test_what_cannot_be_shown(self):
        self.file("a.ops", "hypheap 1\ntopup 1\n")
        err = self.call("repro", "a.ops", status=2).err
        self.one_line(err, "hypheap: a.ops: it holds; there is nothing to show")
        self.file("a.ops", CRASH.replace("topup 4\n", "topup 4\nat unlock 1: topup 1\n"))
        self.assertIn('("at") cannot be said', self.buggy("repro", "a.ops", status=2).err)
        self.file("a.ops", CRASH.replace("topup 4\n", "topup 4\ncreate vm 0 1\n"))
        self.assertIn("the self test only", self.buggy("repro", "--selftest", "a.ops",
                                                       status=2).err)
        self.file("a.ops", CRASH)
        err = self.buggy("repro", "a.ops", "-o", "no/such", status=2).err
        self.assertTrue(re.search("hypheap: no/such: No such file", err))
        self.call("repro", status=2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
