#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The file that hypheap report writes, without looking at it.

test_report.py HYPHEAP BROKEN: BROKEN has an allocator with bugs.
"""

import html
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HYPHEAP, BROKEN = map(os.path.abspath, sys.argv[1:3])
LEAK = "hypheap 1\nheap pool=8\ntopup 4\na = alloc 100\nfail map 2\nb = alloc 8192\nfree a\n"


class Report(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def call(self, *args, program=HYPHEAP, status=0, cwd=None, stdin=None):
        result = subprocess.run([program, *map(str, args)], cwd=cwd or self.folder,
                                input=stdin, capture_output=True, check=False,
                                timeout=300)
        self.assertEqual(result.returncode, status, result.stderr.decode())
        return result

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def data(self, page):
        found = re.search(r'<script type="application/json" id="data">(.*?)</script>',
                          page, re.S)
        return json.loads(found[1])

    def page(self, text, *args, **how):
        source = self.write("p.ops", text)
        self.call("report", source, "-o", "out.html", *args, **how)
        return (self.folder / "out.html").read_text(encoding="utf-8")

    def test_the_command_says_what_came(self):
        holds = self.write("holds.ops", "hypheap 1\ntopup 1\na = alloc 1\n")
        leak = self.write("leak.ops", LEAK)
        result = self.call("report", holds, "-o", "a.html")
        self.assertEqual(result.stdout, b"a.html: holds, 2 ops\n")
        result = self.call("report", leak, "-o", "b.html", program=BROKEN, status=1)
        self.assertEqual(result.stdout, b"b.html: FAIL pages/alloc at op 4 of 5\n")
        leak.write_text(LEAK + "# expect: pages/alloc\n")
        self.call("report", leak, "-o", "b.html", program=BROKEN)
        self.call("report", leak, "-o", "b.html", status=1)

    def test_usage_and_what_cannot_be_written(self):
        holds = self.write("holds.ops", "hypheap 1\n")
        self.call("report", holds, status=2)
        self.call("report", "-o", "a.html", status=2)
        self.call("report", holds, holds, "-o", "a.html", status=2)
        self.call("report", "none.ops", "-o", "a.html", status=2)
        self.call("report", self.write("bad.ops", "hypheap 1\nwhat\n"), "-o", "a.html",
                  status=2)
        result = self.call("report", holds, "-o", "none/a.html", status=2)
        self.assertIn(b"none/a.html: No such file", result.stderr)
        result = self.call("report", holds, "-o", "/dev/full", status=2)
        self.assertIn(b"No space left", result.stderr)
        self.assertEqual([p.name for p in self.folder.glob("*.html*")], [])
        result = self.call("report", "-", "-o", "-", stdin=b"hypheap 1\ntopup 1\n")
        self.assertTrue(result.stdout.startswith(b"<!DOCTYPE html>"))
        self.assertIn(b"standard input", result.stdout)

    def test_the_page_depends_on_the_run_alone(self):
        pages = []
        for name in "one", "two":
            source = self.write(f"{name}/leak.ops", LEAK)
            self.call("report", source, "-o", f"{name}.html", program=BROKEN, status=1,
                      cwd=source.parent)
            pages.append((source.parent / f"{name}.html").read_bytes())
        self.assertTrue(pages[0] == pages[1])
        self.assertNotIn(str(self.folder).encode(), pages[0])

    def test_nothing_comes_from_elsewhere(self):
        page = self.page(LEAK, program=BROKEN, status=1)
        self.assertEqual(set(re.findall(r"\w+://[^\"']*", page)),
                         {"http://www.w3.org/2000/svg"})
        self.assertIn("default-src 'none'", page)
        self.assertEqual(re.findall(r"@[A-Z]+@", page), [])

    def test_text_is_escaped(self):
        evil = "</script><script>alert(1)</script><!--"
        source = self.write("<b>&'.ops", f"hypheap 1\n# expect: {evil}\ntopup 1\n")
        self.call("report", source, "-o", "out.html", status=1)
        page = (self.folder / "out.html").read_text(encoding="utf-8")
        self.assertFalse("alert(1)</script>" in page or "<b>&'.ops" in page)
        self.assertTrue(html.escape(evil) in page)
        self.assertEqual(page.count("</script>"), 2)
        data = self.data(page)
        self.assertEqual(data["facts"]["name"], "<b>&'.ops")
        self.assertIn(evil, data["facts"]["program"])

    def test_a_failure_in_words(self):
        page = self.page(LEAK, program=BROKEN, status=1)
        self.assertIn("Operation 4 of 5, <code>b = alloc 8192</code>, breaks the rule", page)
        self.assertIn("pool has 8 pages, found 7", page)
        rows = dict(re.findall(r'<tr(?: class="differs")?><th scope="row">([^<]*)</th>'
                               r"<td>(.*?)</td></tr>", page))
        cell = lambda name: rows[name].replace("</td><td>", "|")
        self.assertEqual(cell("pages in the heap's cache"),
                         '3|2|1 <b aria-label="differs">&ne;</b>')
        self.assertEqual(cell("pages of the host"), "4|4|4")
        self.assertEqual(cell("result"), "|ENOMEM need=0|ENOMEM need=0")
        self.assertIn("hypheap run p.ops", page)
        fail = self.data(page)["facts"]["fail"]
        self.assertEqual((fail["step"], fail["signature"]), (4, "pages/alloc"))
        self.assertEqual(fail["expected"]["pages"], [0, 1])

    def test_at_contract_level_nothing_is_expected(self):
        page = self.page(LEAK, "--oracle=contract", program=BROKEN, status=1)
        self.assertIn("not predicted", page)
        self.assertIn("hypheap run --oracle=contract p.ops", page)
        self.assertNotIn("expected", self.data(page)["facts"]["fail"])
        self.assertIn("contract level", self.page("hypheap 1\n", "--oracle=contract"))

    def test_rows_say_what_the_trace_says(self):
        self.call("gen", "--seed", 5, "--ops", 400, "--profile", "host", "-o", "g", "-t")
        source = next((self.folder / "g").iterdir())
        data = self.data(self.page(source.read_text(encoding="utf-8")))
        trace = self.call("run", "--trace", source).stdout.decode().splitlines()[:-1]
        self.assertEqual(len(data["steps"]), len(trace))
        for row, line in zip(data["steps"], trace):
            _, op, result, census, *_ = line.split("\t")
            self.assertEqual(row[:2], [op, result])
            numbers = list(map(int, re.findall(r"=(\d+)", census)))
            self.assertEqual(row[2][:3] + row[2][5:7], numbers)

    def test_a_long_program_is_cut_and_small(self):
        self.call("gen", "--seed", 1, "--ops", 9000, "-o", "g", "--page", 4096)
        source = next((self.folder / "g").iterdir())
        self.call("report", source, "-o", "long.html")
        path = self.folder / "long.html"
        facts = self.data(path.read_text(encoding="utf-8"))["facts"]
        self.assertEqual(facts["ran"] - facts["first"] + 1, 4000)
        self.assertLess(path.stat().st_size, 5 << 20)

    def test_too_much_to_show_is_cut_as_well(self):
        # half of all slots live, and each shrink changes the list at both ends
        ops = [f"s{i} = alloc 16" for i in range(26, 2026)]
        ops += [f"free s{i}" for i in range(27, 2026, 2)]
        ops += ["a = alloc 16; b = alloc 100000; free a; free b"] * 600
        text = "hypheap 1\nheap pages=64 pool=80\ntopup 80\n" + "\n".join(ops) + "\n"
        page = self.page(text)
        self.assertLess(len(page), 6 << 20)
        self.assertGreaterEqual(len(self.data(page)["steps"]), 100)

    def test_programs_without_a_step(self):
        page = self.page("hypheap 1\n")
        self.assertEqual(self.data(page)["steps"], [])
        self.assertIn("HOLDS", page)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
