#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What is told to a check of what is known (inline.py): where it may be, and where not."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import inline  # noqa: E402  pylint: disable=wrong-import-position

TYPES = """%struct.hdr = type { i32, i32, i32, i32, [0 x i8] }
%struct.heap = type { i32, [3 x i16], { i64, %struct.hdr* }, i8 }
"""
AT = {"next": "0", "prev": "1", "unmapped": "2", "hash": "3"}


def load(name, pointer, member):
    """The check of a word of a header, as the compiler writes it."""
    return (f"  %{name}.p = getelementptr inbounds %struct.hdr, %struct.hdr* {pointer}, "
            f"i64 0, i32 {AT[member]}\n"
            f"  %{name}.i = ptrtoint i32* %{name}.p to i64\n"
            f"  call void @hyp_load4_noabort(i64 %{name}.i), !dbg !7\n"
            f"  %{name} = load i32, i32* %{name}.p, align 4\n")


def told(body, types=TYPES):
    """By the name of what is loaded: (offset, what is known or None)."""
    text = inline.rewrite_unit(f"{types}\ndefine void @f(%struct.hdr* %c, i1 %b) {{\n{body}}}\n")
    assert not re.search("@hyp_load[48]", text), text
    found = {}
    for name, at, known in re.findall(
            r"(%known\.\d+) = call i64 @access_load\d(?:_first)?"
            r"\(i64 (%[\w.]+)\.i, i64 \d+(?:, i64 (%known\.\d+))?\)", text):
        found[name] = at
        found[at] = found.get(known, known) or None
    return found, text


class Known(unittest.TestCase):
    def known(self, body, **expect):
        found, text = told(body)
        for name, of in expect.items():
            self.assertEqual(found[f"%{name}"], of and f"%{of}", text)

    def test_of_the_same_header(self):
        self.known("entry:\n" + load("x", "%c", "next") + load("y", "%c", "hash") + "  ret void\n",
                   x=None, y="x")

    def test_not_of_another(self):
        self.known("entry:\n" + load("x", "%c", "next") +
                   "  %d = inttoptr i64 %x.i to %struct.hdr*\n" + load("y", "%d", "hash") +
                   load("z", "%c", "prev") + "  ret void\n", x=None, y=None, z="x")

    def test_without_a_label_of_the_first_block(self):
        self.known(load("x", "%c", "next") + "  br label %on\n\non:\n" +
                   load("y", "%c", "hash") + "  ret void\n", x=None, y="x")

    def test_a_call_ends_it(self):
        for call in ("  call void @backend_unlock(i32* %h, i8* null)\n",
                     "  %r = tail call i64 @backend_map_range(i64 0, i64 0, i64 0)\n",
                     '  call void asm sideeffect "", ""()\n',
                     "  call void %pointer()\n",
                     "  call void @llvm.memset.p0i8.i64(i8* %m, i8 0, i64 16, i1 false)\n"):
            self.known("entry:\n" + load("x", "%c", "next") + call +
                       load("y", "%c", "hash") + "  ret void\n", x=None, y=None)

    def test_what_changes_nothing_does_not(self):
        for call in ("  call void @hyp_store4_noabort(i64 %x.i)\n",
                     "  call void @hyp_load1_noabort(i64 %x.i)\n",
                     "  call void @llvm.dbg.value(metadata i32 %x, metadata !1, metadata !2)\n",
                     "  tail call i32 @backend_cpu()\n",
                     "  call void @__ubsan_handle_add_overflow(i8* null, i64 0, i64 0)\n"):
            self.known("entry:\n" + load("x", "%c", "next") + call +
                       load("y", "%c", "hash") + "  ret void\n", x=None, y="x")

    def test_a_name_that_only_begins_like_it_ends_it(self):
        self.known("entry:\n" + load("x", "%c", "next") + "  call void @backend_cpu_stops()\n" +
                   load("y", "%c", "hash") + "  ret void\n", x=None, y=None)

    def test_on_each_way(self):
        self.known("entry:\n  br i1 %b, label %one, label %two\n\none:\n" +
                   load("x", "%c", "next") + "  br label %on\n\ntwo:\n  br label %on\n\non:\n" +
                   load("y", "%c", "hash") + "  ret void\n", y=None)
        self.known("entry:\n" + load("x", "%c", "next") +
                   "  br i1 %b, label %one, label %two\n\none:\n  br label %on\n\ntwo:\n"
                   "  br label %on\n\non:\n" + load("y", "%c", "hash") + "  ret void\n", y="x")
        self.known("entry:\n" + load("x", "%c", "next") +
                   "  br i1 %b, label %one, label %on\n\none:\n  call void @other()\n"
                   "  br label %on\n\non:\n" + load("y", "%c", "hash") + "  ret void\n", y=None)

    def test_a_switch_of_many_lines(self):
        self.known("entry:\n" + load("x", "%c", "next") +
                   "  switch i32 %x, label %on [\n    i32 1, label %one\n    i32 2, label %on\n"
                   "  ]\n\none:\n  call void @other()\n  br label %on\n\non:\n" +
                   load("y", "%c", "hash") + "  ret void\n", y=None)

    def test_each_round_has_one_that_counts(self):
        self.known("entry:\n" + load("x", "%c", "next") + "  br label %loop\n\nloop:\n" +
                   load("y", "%c", "hash") + load("z", "%c", "prev") +
                   "  br i1 %b, label %loop, label %end\n\nend:\n" + load("w", "%c", "unmapped") +
                   "  ret void\n", y=None, z="y", w="y")

    def test_a_walk(self):
        """What was known of the next chunk is known of the chunk of the next round."""
        found, text = told(
            "entry:\n  br label %loop\n\nloop:\n"
            "  %p = phi %struct.hdr* [ %c, %entry ], [ %n, %on ]\n" + load("y", "%p", "next") +
            "  br i1 %b, label %on, label %end\n\non:\n"
            "  %n = inttoptr i64 %y.i to %struct.hdr*\n" + load("z", "%n", "hash") +
            "  br label %loop\n\nend:\n  ret void\n")
        phi = re.search(r"  (%known\.\d+) = phi i64 \[ 0, %entry \], \[ (%known\.\d+), %on \]\n"
                        r"  %p = phi", text)
        self.assertTrue(phi, text)
        self.assertEqual(found[phi.group(2)], "%z", text)
        self.assertEqual(found["%y"], phi.group(1), text)
        self.assertIsNone(found["%z"], text)

    def test_a_walk_that_checks_only_what_it_stands_on(self):
        """Two that change places: of neither it is told, or no round would count."""
        found, text = told(
            "entry:\n" + load("x", "%c", "next") + "  br label %loop\n\nloop:\n"
            "  %p = phi %struct.hdr* [ %c, %entry ], [ %q, %loop ]\n"
            "  %q = phi %struct.hdr* [ %d, %entry ], [ %p, %loop ]\n" + load("y", "%p", "next") +
            load("z", "%q", "next") + "  br i1 %b, label %loop, label %end\n\nend:\n  ret void\n")
        # of %c something is known before the first round
        self.assertRegex(text, r"phi i64 \[ %known\.\d+, %entry \], \[ 0, %loop \]")
        self.assertIsNone(found["%z"], text)


class Offsets(unittest.TestCase):
    def test_of_members(self):
        types = inline.Types(TYPES)
        self.assertEqual(types.size("%struct.hdr"), (16, 4))
        self.assertEqual(types.size("%struct.heap"), (40, 8))
        for indices, offset in (([0, 0], 0), ([0, 1, 2], 8), ([0, 2, 1], 24), ([0, 3], 32),
                                ([2, 0], 80)):
            self.assertEqual(types.offset("%struct.heap", indices), offset)
        with self.assertRaises(inline.Unknown):
            types.offset("%struct.other", [0, 1])

    def test_told(self):
        _, text = told("entry:\n" + load("x", "%c", "unmapped") + "  ret void\n")
        self.assertIn("@access_load4_first(i64 %x.i, i64 8), !dbg !7", text)

    def test_an_index_that_is_not_known_is_a_pointer_of_its_own(self):
        _, text = told("entry:\n"
                       "  %x.p = getelementptr i32, i32* %a, i64 %k\n"
                       "  %x.i = ptrtoint i32* %x.p to i64\n"
                       "  call void @hyp_load4_noabort(i64 %x.i)\n  ret void\n")
        self.assertIn("@access_load4_first(i64 %x.i, i64 0)", text)


if __name__ == "__main__":
    unittest.main()
