# SPDX-License-Identifier: GPL-2.0-only
"""test_foreign.py TOP CC HYPHEAP FIRSTFIT REFILL LOCKSTEP LOCKSTEP_REFILL FUZZ_FIRSTFIT

Allocators that are not ours: they keep the contract and are not the specification's; what an
alloc.c lacks is told by name and place; two of them side by side."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

TOP, CC, HYPHEAP, FIRSTFIT, REFILL, LOCKSTEP, LOCKSTEP_REFILL, FUZZ_FIRSTFIT = \
    sys.argv[1:9]
TOP = Path(TOP)
sys.path.insert(0, str(TOP / "scripts/lib"))
# pylint: disable=wrong-import-position
import alloc_probe
import mutants_claims
import try_alloc
import try_fuzz
import try_known
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


class Target(unittest.TestCase):
    """A fuzz target asks for what HYPHEAP_LEVEL says."""

    def run_at(self, level):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "program"
            run(HYPHEAP, "asm", TOP / "corpus/known/stranded-pages.ops", "-o", program)
            env = {name: value for name, value in os.environ.items() if name != "HYPHEAP_LEVEL"}
            if level:
                env["HYPHEAP_LEVEL"] = level
            return subprocess.run([FUZZ_FIRSTFIT, program], env=env, capture_output=True,
                                  text=True, timeout=60, check=False)

    def test_exact(self):
        for level in (None, "exact"):
            came = self.run_at(level)
            self.assertEqual(came.returncode, -signal.SIGABRT, came.stderr)
            self.assertIn("  replay:  hypheap run FILE\n", came.stderr)
            self.assertIn("  signature: result/alloc\n", came.stderr)

    def test_contract(self):
        came = self.run_at("contract")
        self.assertEqual((came.returncode, came.stderr), (0, ""))

    def test_another(self):
        came = self.run_at("contarct")
        self.assertEqual((came.returncode, came.stderr), (
            2, "HYPHEAP_LEVEL: \"contarct\" is neither exact nor contract\n"))


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

    def test_what_a_fuzzing_compiler_adds(self):
        """With the environment of each preset for AFL++: that is not the kernel's to have."""
        presets = json.loads((TOP / "CMakePresets.json").read_text(encoding="utf-8"))
        environments = [preset.get("environment", {}) for preset in presets["configurePresets"]
                        if preset["name"].startswith("afl")]
        self.assertTrue(any(environments))
        text = GOOD + "int g(unsigned long n)\n{\n\treturn n == 12345;\n}\n"
        for environment in environments:
            with mock.patch.dict(os.environ, environment):
                came = self.probe(text, "afl-clang-fast")
            self.assertEqual((came.returncode, came.stderr), (0, ""), environment)

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
        result.known = list(try_known.known(TOP / "corpus", result.replays))
        crashes = try_fuzz.empty(work / "crashes")
        for seconds in (1, 5, 25):  # a busy machine may not come to one program
            engine = try_fuzz.stress(binary, "contract", seconds, crashes)
            if engine.runs:
                break
        result.fuzzed = [try_fuzz.Fuzzed("contract", [engine])]
        self.assertEqual(list(crashes.iterdir()), [])
        return result

    def test_first_fit(self):
        with tempfile.TemporaryDirectory() as folder:
            result = self.result(FIRSTFIT, Path(folder))
        page = try_page.report(result)
        self.assertTrue(result.contract_holds, list(result.summary()))
        self.assertEqual(result.level, "contract")
        self.assertIsNone(result.breach)
        self.assertGreater(result.fuzzed[0].engines[0].runs, 0)
        first = result.divergence
        self.assertEqual(first.ours[first.at][1], first.theirs[first.at][1])
        self.assertNotEqual(first.ours[first.at][2:4], first.theirs[first.at][2:4])
        self.assertGreater(result.parted[0], 0)
        stranded = next(case for case in result.known if case.name == "stranded-pages")
        self.assertEqual(stranded.state, try_known.DIFFERS)  # it never strands a page
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
        self.assertEqual({case.state for case in result.known}, {try_known.SHOWS})


class Known(unittest.TestCase):
    """Documented behaviour, by the operations that are it."""

    def test_ours_shows_what_is_marked(self):
        paths = sorted((TOP / "corpus/known").glob("*.ops"))
        came = try_run.replay(HYPHEAP, "contract", paths).documents
        states = {}
        for path in paths:
            shows = try_known.telling(path.read_text(encoding="utf-8"))
            claims = mutants_claims.of_trace(path.with_suffix(".trace"))
            self.assertLess(max(shows, default=0), len(claims), path)
            state, why = try_known.judge(claims, came[str(path)]["trace"], shows)
            self.assertNotEqual(state, try_known.DIFFERS, f"{path}: {why}")
            if state == try_known.UNTOLD and shows:
                self.assertIn("is skipped", why, path)
            states.setdefault(state, []).append(path.stem)
        self.assertGreater(len(states[try_known.SHOWS]), len(paths) // 2)

    def test_what_differs(self):
        claims = [(0, "@16", {"mapped": "1"}), (1, "0 pages", {"mapped": "1", "spare": "2"})]
        trace = [{"op": "a", "result": "@32", "mapped": 3, "spare": 4},
                 {"op": "b", "result": "0 pages", "mapped": 3, "spare": 4}]

        def judge(shows, **last):
            return try_known.judge(claims, [trace[0], {**trace[1], **last}],
                                   try_known.telling(f"# shows: {shows}"))

        self.assertEqual(judge("2")[0], try_known.SHOWS)
        self.assertEqual(judge("2 mapped")[0], try_known.SHOWS)
        self.assertEqual(judge("2 mapped", mapped=0)[0], try_known.DIFFERS)
        self.assertEqual(judge("2", result="1 pages")[0], try_known.DIFFERS)
        self.assertEqual(judge("2 +spare")[1], "operation 2 (b): +spare=0, documented 2")
        self.assertEqual(judge("2", result="skipped")[0], try_known.UNTOLD)
        trace[0]["result"] = "E2BIG"
        self.assertEqual(judge("2")[0], try_known.UNTOLD)
        self.assertEqual(try_known.judge(claims, trace, {})[0], try_known.UNTOLD)
        self.assertRaises(ValueError, try_known.telling, "# shows: nothing")


# What libFuzzer says and leaves, and that it was told the level.
ENGINE = """#!/bin/sh
echo "INFO: Loaded 1 modules   (10 inline 8-bit counters)"
echo "#7 NEW cov: 5 ft: 6 corp: 1/1b"
[ "$HYPHEAP_LEVEL" = {level} ] || exit 1
for arg; do case $arg in -artifact_prefix=*) prefix=${{arg#*=}} ;; esac; done
printf '{program}' >"${{prefix}}crash-$$"
exit 77
"""


class Fuzzing(unittest.TestCase):
    def fuzz(self, level, program):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "corpus").mkdir()
            (folder / "corpus/one.ops").write_text("hypheap 1\ntopup 1\n", encoding="ascii")
            engine = folder / try_fuzz.TARGET
            engine.write_text(ENGINE.format(level=level, program=program), encoding="ascii")
            engine.chmod(0o755)
            build = types.SimpleNamespace(make=lambda *_: folder, say=lambda _: None, jobs=1)
            return try_fuzz.fuzz(build, FIRSTFIT, level, 2, folder / "corpus", folder)

    def test_a_bug_is_told_once(self):
        came = self.fuzz("exact", "hypheap 1\\ntopup 4; cpu 1; a = alloc 40; b = alloc 16\\n")
        found = next(f for f in came.findings if f.signature == "result/alloc")
        self.assertGreater(found.count, 1)
        self.assertTrue(found.small)
        self.assertNotIn("cpu 1", found.program)
        self.assertIn("signature: result/alloc", found.report)
        self.assertFalse(found.breaks)  # it is another policy and no bug
        self.assertFalse(came.breaks)
        self.assertIn("5 of 10 edges", came.engines[1].words)

    def test_what_does_not_come_again_is_told(self):
        came = self.fuzz("contract", "hypheap 1\\ntopup 4\\n")
        self.assertEqual(came.findings, [])
        self.assertIn("not when they were run again", came.lost[0])


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
    unittest.main(argv=sys.argv[:1] + sys.argv[9:])
