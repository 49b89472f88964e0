#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The page of hypheap report in a browser, wide and narrow, as a reader uses it.

test_page.py HYPHEAP BROKEN CORPUS: BROKEN has an allocator with bugs. Exit
status 77: there is no browser. HYPHEAP_PICTURES=FOLDER keeps pictures.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import browser

HYPHEAP, BROKEN = map(os.path.abspath, sys.argv[1:3])
CORPUS = Path(sys.argv[3])
PICTURES = os.environ.get("HYPHEAP_PICTURES")
WIDTHS = (1280, 360)
LEAK = "hypheap 1\nheap pool=8\ntopup 4\na = alloc 100\nfail map 2\nb = alloc 8192\nfree a\n"
# A best fit that is none: b's place is nearly right, d's is.
FIT = """hypheap 1
topup 20; a = alloc 16; b = alloc 12288; c = alloc 16; d = alloc 20480; e = alloc 16
free b; reclaim all; topup 20; free d; f = alloc 5000; free f
"""


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.browser = cls.enterClassContext(browser.Browser())

    def setUp(self):
        self.browser.errors.clear()
        self.browser.size(1280, 1000)

    def tearDown(self):
        self.assertEqual(self.browser.errors, [])

    def report(self, source, program=HYPHEAP):
        out = self.folder / "page.html"
        # leaks of it are test_report's to find: that takes half of its time
        subprocess.run([program, "report", source, "-o", out], check=False,
                       stdout=subprocess.DEVNULL, timeout=300,
                       env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        return out

    def open(self, source, program=HYPHEAP, fragment=""):
        if isinstance(source, str):
            text, source = source, self.folder / "program.ops"
            source.write_text(text, encoding="utf-8")
        self.browser.open(self.report(source, program), fragment)
        return source

    def trace(self, source):
        out = subprocess.run([HYPHEAP, "run", "--json", "--trace", source], check=False,
                             capture_output=True, timeout=300).stdout
        return json.loads(out)["trace"]

    def js(self, text):
        return self.browser.js(text)

    def pieces(self, side="actual"):
        return self.js(f"""[...document.querySelectorAll("#{side} .piece")].map(
            (p) => [p.dataset.kind, +p.dataset.from, +p.dataset.to, p.textContent])""")

    def op(self):
        return int(self.js("document.body.dataset.op"))

    def picture(self, name):
        if PICTURES:
            self.browser.shoot(Path(PICTURES) / f"{name}.png")

    def drawn(self):
        """What the picture of the heap comes to, counted."""
        pieces = self.pieces()
        count = lambda place: self.js(
            f"""+(document.querySelector('[data-place="{place}"]') ||
                {{dataset: {{count: 0}}}}).dataset.count""")
        return {
            "mapped": self.js("""[...document.querySelectorAll(
                "#actual .row .state:not(.row.whole .state)")].filter(
                (e) => e.textContent).length"""),
            "chunks": sum(kind == "header" for kind, *_ in pieces),
            "host": count("host"), "spare": count("spare"),
            "now": self.js("document.getElementById('now').textContent"),
        }

    def assert_drawn(self, step):
        drawn = self.drawn()
        self.assertEqual(drawn["mapped"], step["mapped"], step)
        self.assertEqual(drawn["chunks"], step["used"] + step["free"], step)
        self.assertEqual((drawn["host"], drawn["spare"]), (step["host"], step["spare"]))
        self.assertIn(step["op"], drawn["now"])
        self.assertIn(step["result"], drawn["now"])

    def test_the_slider_moves_the_heap(self):
        for width in WIDTHS:
            with self.subTest(width=width):
                self.browser.size(width, 800)
                source = self.open(CORPUS / "known" / "stranded-pages.ops")
                steps = self.trace(source)
                self.assertEqual(self.op(), len(steps))
                self.assert_drawn(steps[-1])
                self.browser.click("#slider", 0.005)
                self.assertEqual(self.op(), 0)
                self.assertEqual(self.drawn()["chunks"], 0)
                # dragged all the way, over each operation
                box = self.browser.box("#slider")
                y = box["y"] + box["height"] / 2
                seen = []
                self.browser.mouse("pressed", box["x"] + 8, y)
                for part in range(0, 101, 2):
                    self.browser.mouse("moved", box["x"] + 8 +
                                       (box["width"] - 16) * part / 100, y)
                    op = self.op()
                    if op and op not in seen:
                        self.assert_drawn(steps[op - 1])
                        seen.append(op)
                self.browser.mouse("released", box["x"] + box["width"] - 8, y)
                self.assertEqual(seen, list(range(1, len(steps) + 1)))
                self.picture(f"holds-{width}")

    def test_keys_and_buttons(self):
        self.open(CORPUS / "known" / "stranded-half-of-all-pages.ops", fragment="#op=5")
        self.assertEqual(self.op(), 5)
        for key, op in [("ArrowRight", 6), ("ArrowLeft", 5), ("ArrowLeft", 4), ("f", 4),
                        ("Home", 4), ("PageDown", 4)]:
            self.browser.key(key)
            self.assertEqual(self.op(), op, key)
        self.browser.key("ArrowRight", shift=True)
        self.assertEqual(self.op(), 14)
        self.js("document.getElementById('slider').focus()")
        for key, op in [("PageDown", 24), ("End", 34), ("ArrowRight", 34), ("PageUp", 24),
                        ("ArrowDown", 23), ("ArrowLeft", 22), ("Home", 0), ("ArrowLeft", 0)]:
            self.browser.key(key)
            self.assertEqual(self.op(), op, key)
        for button, op in [("next", 1), ("last", 34), ("back", 33), ("first", 0)]:
            self.browser.click(f"#{button}")
            self.assertEqual(self.op(), op, button)
        self.browser.click('.line[data-op="24"] code')
        self.assertEqual(self.op(), 24)
        self.assertEqual(self.js("location.hash"), "#op=24")
        self.browser.click("#charts svg", 0.99)
        self.assertEqual(self.op(), 34)
        self.browser.click("#play")
        self.js("new Promise((done) => setTimeout(done, 1200))")
        self.assertIn(self.op(), range(1, 10))
        self.browser.key("p")
        stopped = self.op()
        self.js("new Promise((done) => setTimeout(done, 1200))")
        self.assertEqual(self.op(), stopped)

    def test_to_scale(self):
        self.open("hypheap 1\ntopup 9\na = alloc 1024\nb = alloc 6000\n")
        self.assertEqual(self.pieces()[:4], [
            ["header", 0, 16, ""], ["object", 16, 1040, "a 1024"],
            ["header", 1040, 1056, ""], ["object", 1056, 4096, "b 6000"]])
        boxes = self.js("""[...document.querySelectorAll("#actual .bar")].slice(0, 1).map(
            (bar) => [bar.clientWidth, ...[...bar.children].map((p) => p.offsetWidth)])[0]""")
        page, header, a, _, b = boxes[:5]
        for pixels, size in (header, 16), (a, 1024), (b, 3040):
            self.assertAlmostEqual(pixels, page * size / 4096, delta=1.5)
        # made just now, and marked on both pages that it is on
        self.assertEqual(self.js("document.querySelectorAll('#actual .mark.new').length"), 2)
        self.browser.click('#actual .piece.object')
        self.assertEqual(
            self.js("document.getElementById('inspected').textContent"),
            "object a: +16 to +1040, 1024 bytes; chunk at +0, used, mapped all the way")

    def test_damaged_headers_are_flagged(self):
        """By sign and pattern where they are, in words, and in the table."""
        self.open("hypheap 1\ntopup 3\na = alloc 16\nb = alloc 16\n"
                  "corrupt b hash ^ 0x10\nwrite a\n")
        self.assertIn(["damaged", 32, 48, "&"], self.pieces())
        self.assertGreaterEqual(self.js(
            "document.querySelector('#actual .piece.damaged').offsetWidth"), 14)
        self.assertIn("the header at +32; its hash does not fit",
                      self.js("document.getElementById('more').textContent"))
        self.js("document.getElementById('table').open = true")
        self.js("new Promise((done) => setTimeout(done, 100))")
        self.assertIn("used, header damaged",
                      self.js("document.getElementById('table').textContent"))
        for _ in range(2):
            self.browser.key("ArrowLeft")
        self.assertNotIn("damaged", [kind for kind, *_ in self.pieces()])
        self.assertNotIn("amaged", self.js("document.getElementById('more').textContent"))

    def test_stranded_pages(self):
        self.open(CORPUS / "known" / "stranded-pages.ops")
        self.assertEqual(self.js("series.stranded"), [0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2])
        self.assertEqual(self.js(
            """[...document.querySelectorAll("#actual .row .state.stranded")].map(
                (e) => e.closest(".row").dataset.pages)"""), ["0", "2"])
        self.assertEqual(self.js("series.moved"), [0, 8, 0, 0, 0, 0, -6, 0, 0, 0, 0])

    def test_pages_by_the_headers_are_the_allocators(self):
        """What the page works out is reclaimable, the allocator says as well."""
        sources = sorted((CORPUS / "known").glob("*.ops"))
        sources += sorted((CORPUS / "seeds").glob("[hprsz]*.ops"))[::4]
        self.assertGreater(len(sources), 40)
        # what draws nothing needs no page of its own, only the script and its data
        self.browser.open(self.report(sources[0]))
        script = self.js("""document.scripts[document.scripts.length - 1].textContent""")
        script = script[:script.index("\nconst series = seriesOf();")]
        self.browser.send("Page.navigate", url="about:blank")
        self.js("0")
        for source in sources:
            text = source.read_text(encoding="utf-8")
            # the cache of the self test's heap counts as spare, too
            if any(words in text for words in ("corrupt", "selftest", "topup 2 ")):
                continue
            page = self.report(source).read_text(encoding="utf-8")
            rows = re.search(r'<script type="application/json" id="data">(.*?)</script>',
                             page, re.S)[1]
            wrong = self.js(f"""(() => {{
                const body = {json.dumps(script)} + "; return {{seriesOf, rowOf, opFirst}};";
                const page = {{getElementById: () => ({{textContent: {json.dumps(rows)}}})}};
                const {{seriesOf, rowOf, opFirst}} = new Function("document", body)(page);
                return seriesOf().reclaimable.map((n, i) => {{
                    const row = rowOf(opFirst + i);
                    return row && row.reclaimable !== n + row.census.spare ? i : -1;
                }}).filter((i) => i >= 0);
            }})()""")
            self.assertEqual(wrong, [], source)

    def test_a_failure_is_marked(self):
        for width in WIDTHS:
            for dark in False, True:
                with self.subTest(width=width, dark=dark):
                    self.browser.size(width, 900)
                    self.browser.dark(dark)
                    self.open(FIT, BROKEN)
                    self.assertEqual(self.op(), 11)
                    self.assertIn(["object", 48, 4096], [
                        p[:3] for p in self.pieces() if p[0] == "object"])
                    self.assertIn(["object", 12384, 16384], [
                        p[:3] for p in self.pieces("expected")])
                    self.assertEqual(self.js(
                        "document.querySelector('.line.broke .number').textContent"),
                        "\u2717 11")
                    self.assertIn("result/alloc", self.js("document.title"))
                    sides = [self.browser.box(f"#{side}") for side in ("expected", "actual")]
                    beside = abs(sides[0]["y"] - sides[1]["y"]) < 1
                    self.assertEqual(beside, width > 700)
                    self.picture(f"fails-{width}-{'dark' if dark else 'light'}")
                    self.browser.key("ArrowLeft")
                    self.assertTrue(self.js("document.getElementById('expected').hidden"))
                    self.browser.key("f")
                    self.assertEqual(self.op(), 11)
        self.browser.dark(False)
        self.open(LEAK, BROKEN)
        counts = {side: self.js(f"""[...document.querySelectorAll("#{side} .pages")].map(
            (e) => [e.dataset.place, +e.dataset.count])""") for side in ("expected", "actual")}
        self.assertEqual(counts["expected"], [["spare", 2], ["host", 4]])
        self.assertEqual(counts["actual"], [["spare", 1], ["host", 4], ["hyp", 1]])

    def test_fits_a_phone_and_follows_dark_mode(self):
        colours = set()
        for dark in False, True:
            self.browser.dark(dark)
            for text, program in (FIT, BROKEN), (LEAK, BROKEN), ("hypheap 1\n", HYPHEAP):
                self.browser.size(360, 740)
                self.open(text, program)
                self.assertLessEqual(self.js("document.documentElement.scrollWidth"), 360)
            colours.add(self.js("getComputedStyle(document.body).backgroundColor"))
            small = self.js("""[...document.querySelectorAll("button")].filter(
                (b) => b.offsetParent && (b.offsetHeight < 30 || b.offsetWidth < 40)).length""")
            self.assertEqual(small, 0)
        self.assertEqual(len(colours), 2)
        self.browser.dark(False)

    def test_told_apart_without_colour(self):
        """In grey, each kind has a pattern or a sign that no other has."""
        self.open("hypheap 1\n")
        looks = self.js("""[...document.querySelectorAll("#legend .piece")].map((p) => {
            const style = getComputedStyle(p), after = getComputedStyle(p, "::after");
            const shape = style.backgroundImage.replace(/rgba?\\([^)]*\\)/g, "");
            return [shape, p.textContent, after.borderTopStyle, p.className].join("|");
        })""")
        plain = [look for look in looks if look.startswith("none||none")]
        self.assertEqual(len(plain), 1, plain)
        self.assertEqual(len({look.rsplit("|", 1)[0] for look in looks}), len(looks))

    def test_copying(self):
        self.browser.send("Browser.grantPermissions",
                          permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        self.open(FIT, BROKEN)
        for button, words in [("#copy-program", "b = alloc 12288\n"),
                              ("[data-copy=replay]", "hypheap run program.ops")]:
            self.browser.click(button)
            self.js("new Promise((done) => setTimeout(done, 300))")
            self.assertEqual(self.js(f"document.querySelector('{button}').textContent"),
                             "Copied")
            self.assertIn(words, self.js("navigator.clipboard.readText()"))

    def test_a_long_program(self):
        subprocess.run([HYPHEAP, "gen", "--seed", "1", "--ops", "9000", "--page", "4096",
                        "-o", self.folder / "long"], check=True, stdout=subprocess.DEVNULL)
        source = next((self.folder / "long").iterdir())
        self.open(source)
        steps = self.trace(source)
        self.assertEqual(self.js("[opFirst, opLast]"), [len(steps) - 3999, len(steps)])
        self.assertIn("left out", self.js("document.getElementById('left-out').textContent"))
        self.js("document.getElementById('slider').focus()")
        for key in "End", "Home", "PageDown":
            self.browser.key(key)
            step = steps[self.op() - 1]
            census = self.js("censusOf(shown)")
            self.assertEqual(census["mapped"], step["mapped"])
            self.assertEqual(self.js("stateAt(shown).pages.size"), step["mapped"])
            self.assertEqual(self.js("stateAt(shown).chunks.length"),
                             step["used"] + step["free"])

    def test_without_scripts_the_failure_is_told(self):
        self.browser.scripts(False)
        self.addCleanup(self.browser.scripts, True)
        self.open(LEAK, BROKEN)
        text = self.js("document.body.innerText")
        self.assertIn("pool has 8 pages, found 7", text)
        self.assertIn("drawn by a script", text)


if __name__ == "__main__":
    if not browser.find():
        print("skipped: there is no Chromium here; scripts/setup installs one")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
