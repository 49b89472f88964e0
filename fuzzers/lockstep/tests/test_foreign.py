# SPDX-License-Identifier: GPL-2.0-only
"""test_foreign.py TOP CC HYPHEAP FIRSTFIT REFILL LOCKSTEP LOCKSTEP_REFILL

Allocators that are not ours: they keep the contract and are not the specification's; what an
alloc.c lacks is told by name and place; two of them side by side."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP, CC, HYPHEAP, FIRSTFIT, REFILL, LOCKSTEP, LOCKSTEP_REFILL = sys.argv[1:8]
TOP = Path(TOP)
sys.path.insert(0, str(TOP / "scripts/lib"))
# pylint: disable=wrong-import-position
import alloc_probe
import try_alloc
import try_page
import try_run

SAMPLE = sorted((TOP / "corpus").glob("*/*.ops"))[::8] + [
    TOP / "corpus/known/stranded-pages.ops", TOP / "corpus/seeds/misuse-double-sole.ops"]

GOOD = """
#include <nvhe/alloc.h>
#include <linux/minmax.h>
void *hyp_alloc(size_t size) { return NULL; }
void hyp_free(void *addr) {}
int hyp_alloc_errno(void) { return 0; }
u32 hyp_alloc_topup_needed(void) { return 0; }
int hyp_alloc_init(size_t size) { return 0; }
int hyp_alloc_topup(struct kvm_hyp_memcache *mc) { return 0; }
unsigned long hyp_alloc_reclaimable(void) { return 0; }
void hyp_alloc_reclaim(struct kvm_hyp_memcache *mc, unsigned long target) {}
"""

# What is refused at build time, and the words for it.
REFUSED = {
    "long f(int a, unsigned long b) { return min(a, b); }": "a signed and an unsigned number",
    "long f(int a, unsigned long b) { return max(b, a); }": "a signed and an unsigned number",
    "void f(void) { BUILD_BUG_ON(sizeof(u32) == 4); }": "BUILD_BUG_ON failed",
    "struct s { int i; struct list_head n; };"
    "struct s *f(int *p) { return container_of(p, struct s, n); }": "does not point to such a member",
    "unsigned long f(char *p) { return ARRAY_SIZE(p); }": "negative",
    "static_assert(sizeof(u32) == 8);": "sizeof(u32) == 8",
}


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=200, check=False)


def corpus(binary, level, files):
    output = run(binary, "run", "--json", f"--oracle={level}", *files).stdout
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


class Contract(unittest.TestCase):
    def holds(self, binary):
        files = SAMPLE
        came = corpus(binary, "contract", files)
        self.assertEqual(len(came), len(files))
        self.assertEqual([d["file"] for d in came if not d["holds"]], [])
        exact = corpus(binary, "exact", files)
        differ = [d for d in exact if not d["holds"]]
        self.assertEqual(len(exact), len(files))
        self.assertGreater(len(differ), len(files) // 2)
        self.assertIn("result/alloc", {d["signature"] for d in differ})

    def test_first_fit(self):
        self.holds(FIRSTFIT)

    def test_refill(self):
        self.holds(REFILL)


class Lacks(unittest.TestCase):
    def probe(self, text, compiler=CC):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "alloc.c")
            path.write_text(text, encoding="ascii")
            return run(sys.executable, "-B", TOP / "scripts/lib/alloc_probe.py",
                       "--cc", compiler, path)

    def says(self, text, *rows):
        came = self.probe(text)
        self.assertEqual(came.returncode, 2, came.stdout)
        lines = [" ".join(line.split()) for line in came.stderr.splitlines()]
        for row in rows:
            self.assertTrue(any(line.startswith(row) for line in lines), f"{row}: {came.stderr}")

    def test_nothing(self):
        came = self.probe(GOOD)
        self.assertEqual((came.returncode, came.stderr), (0, ""))
        self.assertTrue(came.stdout.startswith("topup;0;0;"), came.stdout)

    def test_all_at_once(self):
        self.says("#include <linux/rbtree.h>\n#include <linux/none.h>\n" + GOOD
                  + "static struct rb_root root;\n"
                  "int f(struct kvm_hyp_memcache *mc)\n{\n"
                  "\treturn hyp_pool_init(mc->pages) + PKVM_NONE + list_count_nodes(NULL);\n}\n",
                  "header linux/rbtree.h alloc.c:1 new file allocator/kernel/linux/rbtree.h",
                  "header linux/none.h alloc.c:2 new file allocator/kernel/linux/none.h",
                  "type struct rb_root alloc.c:14 new file allocator/kernel/linux/rbtree.h",
                  "function hyp_pool_init() alloc.c:17 new file allocator/kernel/nvhe/gfp.h",
                  "function list_count_nodes() alloc.c:17 allocator/kernel/linux/list.h",
                  "member pages of struct kvm_hyp_memcache alloc.c:17 allocator/kernel/asm/kvm_host.h",
                  "macro PKVM_NONE alloc.c:17")

    def test_declared_and_not_there(self):
        self.says(GOOD + "void __pkvm_guest_wipe(void);\nvoid f(void) { __pkvm_guest_wipe(); }\n",
                  "function __pkvm_guest_wipe() alloc.c:12 allocator/kernel/nvhe/mem_protect.h")

    def test_functions_of_the_dialect(self):
        self.says(GOOD.replace("hyp_alloc_topup(", "hyp_alloc_top("),
                  "hyp_alloc_topup() is not defined, which dialect topup has")

    def test_refused(self):
        for text, words in REFUSED.items():
            with self.subTest(text):
                came = self.probe(GOOD + text)
                self.assertEqual(came.returncode, 2, came.stdout)
                self.assertIn(words, came.stderr)

    def test_warnings_are_no_errors(self):
        came = self.probe(GOOD + "static int unused(void) { int x; return 1 == 1u == 2; }\n")
        self.assertEqual(came.returncode, 0, came.stderr)

    def test_cmake_says_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "alloc.c")
            path.write_text(GOOD + "int f(void) { return no_such_thing(); }", encoding="ascii")
            came = run("cmake", "-S", TOP, "-B", Path(folder, "build"), "-G", "Ninja",
                       f"-DCMAKE_C_COMPILER={CC}", f"-DHYPHEAP_ALLOC_SOURCE={path}")
        self.assertNotEqual(came.returncode, 0)
        self.assertRegex(came.stderr, r"function +no_such_thing\(\) +alloc.c:12")

    def test_scripts_say_it(self):
        script = TOP / "scripts/try-alloc"
        self.assertEqual(run(script, "--help").returncode, 0)
        came = run(script, "/no/such/alloc.c")
        self.assertEqual((came.returncode, came.stderr.strip()),
                         (2, "try-alloc: /no/such/alloc.c: no such file"))
        self.assertEqual(run(script).returncode, 2)
        self.assertEqual(run(script, "x.c", "--seconds", "-1").returncode, 2)
        self.assertEqual(run(TOP / "scripts/compare-alloc", "a.c").returncode, 2)
        self.assertEqual(run(TOP / "scripts/compare-alloc", "a.c", "b.c", "--runs=0").returncode, 2)


class Report(unittest.TestCase):
    """What scripts/try-alloc makes of it, without the builds, mutants and coverage."""

    def result(self, binary, work):
        source = TOP / "allocator/tests/firstfit.c"
        result = try_alloc.Result(source, alloc_probe.probe(source, CC))
        for level in ("exact", "contract"):
            result.replays[level] = try_run.replay(binary, level, SAMPLE)
        result.divergence = try_run.diverge(binary, HYPHEAP, result.replays["exact"], work)
        result.breach = try_run.diverge(binary, HYPHEAP, result.replays["contract"], work)
        result.parted = try_run.parted(binary, HYPHEAP, result.replays["contract"],
                                       try_run.replay(HYPHEAP, "contract", SAMPLE))
        result.known = list(try_run.known(TOP / "corpus", result.replays))
        result.fuzzed = [try_run.fuzz(binary, "contract", 1, work)]
        return result

    def test_first_fit(self):
        with tempfile.TemporaryDirectory() as folder:
            result = self.result(FIRSTFIT, Path(folder))
        page = try_page.report(result)
        self.assertTrue(result.contract_holds, list(result.summary()))
        self.assertEqual(result.level, "contract")
        self.assertIsNone(result.breach)
        self.assertGreater(result.fuzzed[0].runs, 0)
        first = result.divergence
        self.assertEqual(first.ours[first.at][1], first.theirs[first.at][1])
        self.assertNotEqual(first.ours[first.at][2:4], first.theirs[first.at][2:4])
        self.assertGreater(result.parted[0], 0)
        stranded = next(case for case in result.known if case.name == "stranded-pages")
        self.assertTrue(stranded.broken)  # it never strands a page
        for words in ("keeps the contract", "the sound one", "result/alloc", "stranded-pages",
                      "it brings none"):
            self.assertIn(words, page)

    def test_our_own(self):
        with tempfile.TemporaryDirectory() as folder:
            result = self.result(HYPHEAP, Path(folder))
            self.assertEqual(try_run.selftest(HYPHEAP, Path(folder)), "ok")
        self.assertEqual(result.level, "exact")
        self.assertIsNone(result.divergence)
        self.assertEqual(result.parted, (0, None))
        self.assertEqual([case.name for case in result.known if case.broken], [])


class SideBySide(unittest.TestCase):
    def compare(self, one, two, *options):
        return run(TOP / "scripts/compare-alloc", "allocator/el2/alloc.c",
                   "allocator/tests/refill.c", "--binaries", one, two, *options)

    def test_the_same(self):
        came = self.compare(LOCKSTEP, LOCKSTEP, "--runs=20")
        self.assertEqual(came.returncode, 0, came.stdout + came.stderr)
        for line in came.stdout.splitlines():
            if line.startswith(("mapped pages", "stranded", "top-ups")):
                words = line.split("  ")
                cells = [word.strip() for word in words[1:] if word.strip()]
                self.assertEqual(cells[0], cells[1], line)

    def test_another(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "out.html")
            came = self.compare(LOCKSTEP, LOCKSTEP_REFILL, "--runs=25", "-o", out)
            html = out.read_text(encoding="utf-8")
        self.assertIn(came.returncode, (0, 1), came.stderr)
        self.assertRegex(came.stdout, r"programs that break the contract +0 +0\n")
        mapped = next(line for line in came.stdout.splitlines()
                      if line.startswith("mapped pages, mean")).split()
        # ours, the other one, jemalloc's: all different
        self.assertEqual(len(set(mapped[-3:])), 3, mapped)
        self.assertIn("jemalloc", html)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[8:])
