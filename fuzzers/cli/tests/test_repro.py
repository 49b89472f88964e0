#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""hypheap repro: what it writes builds, fails with the bug and only with it.

test_repro.py HYPHEAP BUGGY LIB BUGGY_LIB CC SOURCE BROKEN BROKEN_LIB: BUGGY is
the same over an allocator that leaves the end of large objects as it was, BROKEN
over one whose hash misses a bit; LIB, BUGGY_LIB and BROKEN_LIB are the
allocators, CC the compiler, SOURCE the repository.
"""

import os
import re
import subprocess
import sys
import unittest

from test_cli import Case

LIB, BUGGY_LIB, CC, SOURCE, BROKEN, BROKEN_LIB = sys.argv[3:9]
CRASH = "hypheap 1\ntopup 4\na = alloc 100\nwrite a\nb = call alloc 6000\nreclaim all\n"


class Repro(Case):
    def buggy(self, *args, **kwargs):
        return self.call(*args, program="fake", **kwargs)

    def build(self, command, lib=None):
        """By the printed command; the exit status is the program's."""
        command = command.replace("-o repro ", "-Wall -Wextra -Werror -o repro ")
        build = command.rsplit(" && ", 1)[0]
        if lib:
            self.assertIn(LIB, build)
            build = build.replace(LIB, lib)
        done = subprocess.run(build, shell=True, cwd=self.folder, capture_output=True, text=True,
                              check=False, env={**os.environ, "H": SOURCE})
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run(["./repro"], cwd=self.folder, capture_output=True, text=True,
                              check=False, timeout=60)
        return done.returncode, done.stdout

    def test_it_fails_with_the_bug_and_only_with_it(self):
        self.file("a.ops", CRASH)
        self.buggy("min", "a.ops", "-o", "min.ops")
        command = self.buggy("repro", "min.ops", "-o", "repro.c").err.strip()
        text = self.bytes_of("repro.c").decode()
        self.assertIn(" * zeroed/call\n", text)
        self.assertNotIn("#include \"model", text)
        status, out = self.build(command, BUGGY_LIB)
        self.assertEqual(status, 1, out)
        self.assertRegex(out, r"FAIL: first byte that is not zero is \d+, expected -1\n")
        # that in the comment is for other machines
        portable, = re.findall(r"^ \*\t(.* && \./repro)$", text, re.M)
        self.assertNotIn(SOURCE, portable)
        self.assertEqual(self.build(portable)[0], 0)
        self.assertEqual(self.buggy("repro", "min.ops").out, text)

    def test_a_longer_one(self):
        self.file("a.ops", CRASH)
        command = self.buggy("repro", "a.ops", "-o", "repro.c").err.strip()
        self.assertEqual(self.build(command, BUGGY_LIB)[0], 1)
        self.assertEqual(self.build(command)[0], 0)

    def test_in_the_middle_of_a_call_and_past_the_kernel(self):
        self.file("a.ops", "hypheap 1\ntopup 8\npoke p60 1\nat donate 1: poke p60 p61\n"
                  "hvc topup 1 p60 2\nat unlock 1: b = alloc 6000\na = alloc 16\n")
        command = self.buggy("repro", "a.ops", "-o", "repro.c").err.strip()
        text = self.bytes_of("repro.c").decode()
        for words in ("hvc(HVC_TOPUP, 1u, phys_of(60), 2u);", "poke(60, 0, phys_of(61));",
                      "in_between(unlock_6, NULL);", "in_between(NULL, donate_4);"):
            self.assertIn(words, text)
        status, out = self.build(command, BUGGY_LIB)
        self.assertEqual(status, 1, out)
        self.assertIn("FAIL: first byte that is not zero", out)
        self.assertEqual(self.build(command)[0], 0)

    def test_a_flipped_bit(self):
        """What must panic fails if it returns, and holds if it panics."""
        self.file("a.ops", "hypheap 1\ntopup 3; a = alloc 16; b = alloc 16; c = alloc 16\n"
                  "corrupt b unmapped ^ 0x80000000; d = alloc 16\n")
        done = subprocess.run([BROKEN, "repro", "a.ops", "-o", "repro.c"], cwd=self.folder,
                              check=True, capture_output=True, text=True)
        self.assertIn("flip(b - 16, UNMAPPED, 0x80000000);", self.bytes_of("repro.c").decode())
        # its folder has no library: it names the sound one
        status, out = self.build(done.stderr.strip(), BROKEN_LIB)
        self.assertEqual(status, 1, out)
        self.assertIn("FAIL: panics is 0, expected 1", out)
        status, out = self.build(done.stderr.strip())
        self.assertEqual(status, 0, out)
        self.assertIn("ok: it panics", out)

    def test_paths_are_those_of_where_one_is(self):
        self.file("a.ops", CRASH)
        inside = os.path.relpath(LIB, SOURCE)
        for folder, source, lib in ((SOURCE, ".", inside),
                                    (os.path.join(SOURCE, "fuzzers/cli"), "../..",
                                     "../../" + inside)):
            out = os.path.join(self.folder, "it's.c")
            done = subprocess.run([os.path.join(self.programs, "fake"), "repro",
                                   self.path("a.ops"), "-o", out], cwd=folder, check=True,
                                  capture_output=True, text=True)
            self.assertIn(f" -I{source} -o repro ", done.stderr)
            self.assertIn(f" {lib} ", done.stderr)
            self.assertIn("/it'\\''s.c' ", done.stderr)

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
        for line, why in (("create vm 0 1", "the heap's clients do not take part in it"),
                          ("hvc reclaimable 1", "no hostile host is there yet"),
                          ("fail map 9", "nothing fails on demand there")):
            self.file("a.ops", CRASH.replace("topup 4\n", f"topup 4\n{line}\n"))
            err = self.buggy("repro", "--selftest", "a.ops", status=2).err
            self.assertEqual(err, f"hypheap: a.ops: {line}: not in a self test: {why}\n")
        self.file("a.ops", CRASH)
        err = self.buggy("repro", "a.ops", "-o", "no/such", status=2).err
        self.assertTrue(re.search("hypheap: no/such: No such file", err))
        self.call("repro", status=2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
