# SPDX-License-Identifier: GPL-2.0-only
"""What test_command.sh runs."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

LIB = Path(__file__).resolve().parents[1] / "lib"
sys.path.insert(0, str(LIB))
import command  # noqa: E402  pylint: disable=wrong-import-position
import fuzz_build  # noqa: E402  pylint: disable=wrong-import-position
import fuzz_children  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = """
import os, subprocess, sys, threading, time
sys.path.insert(0, {lib!r})
import command
from fuzz_error import Stop

def main(argv):
    assert argv == ["one", "two"], argv
    {main}

command.run("name", main{more})
"""


class Run(unittest.TestCase):
    def ends(self, main, status, words, more="", stdout=subprocess.PIPE):
        """That it ends with STATUS, and the last line on stderr is WORDS, or none is."""
        done = subprocess.run([sys.executable, "-B", "-c",
                               PROGRAM.format(lib=str(LIB), main=main, more=more),
                               "one", "two"], stdin=subprocess.DEVNULL, text=True,
                              stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(lines[-1] if lines else "", words)
        return done

    def test_what_main_returns(self):
        self.ends("return 0", 0, "")
        self.ends("return 1", 1, "")
        self.ends("sys.exit(2)", 2, "")

    def test_stop(self):
        self.ends("raise Stop(3, 'words')", 3, "name: words")

    def test_the_system_refuses(self):
        self.ends("open('/none')", 2, "name: /none: No such file or directory")
        self.ends("raise OSError('no number')", 2, "name: no number")
        with open("/dev/full", "w", encoding="ascii") as full:
            self.ends("print('much')", 2, "name: output: No space left on device", stdout=full)

    def test_our_own_fault(self):
        done = self.ends("assert argv == 'planted'", 3, "name: HARNESS BUG, see above")
        self.assertIn("AssertionError", done.stderr)

    def test_interrupted(self):
        self.ends("raise KeyboardInterrupt", 2, "name: interrupted")
        self.ends("raise KeyboardInterrupt", 2, "name: all is kept", ", 'all is kept'")
        # which a thread that waits for something does not hold up
        self.ends("threading.Thread(target=time.sleep, args=(3600,)).start()\n"
                  "    raise KeyboardInterrupt", 2, "name: interrupted", ", at_once=True")
        # nor one of many that are at work
        self.ends("threading.Timer(0.2, os.kill, (os.getpid(), 2)).start()\n"
                  "    command.each(2, time.sleep, [3600] * 3)",
                  2, "name: interrupted", ", at_once=True")

    def test_no_process_is_left(self):
        for end, status in (("return 0", 0), ("sys.exit(2)", 2), ("raise Stop(2, 'x')", 2),
                            ("raise KeyboardInterrupt", 2), ("1 / 0", 3)):
            with tempfile.NamedTemporaryFile(mode="r", encoding="ascii") as told:
                more = ", at_once=True" if "Interrupt" in end else ""
                main = "child = subprocess.Popen(['sleep', '3600'], stdout=2)\n" \
                    f"    open({told.name!r}, 'w').write(str(child.pid))\n    {end}"
                done = subprocess.run(
                    [sys.executable, "-B", "-c",
                     PROGRAM.format(lib=str(LIB), main=main, more=more), "one", "two"],
                    capture_output=True, timeout=60, check=False)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertFalse(Path(f"/proc/{int(told.read())}").exists())


class Each(unittest.TestCase):
    def test_order(self):
        begun = threading.Event()

        def slow(number):
            if number == 0:
                self.assertTrue(begun.wait(60))  # the second runs beside the first
            begun.set()
            return number * 2
        self.assertEqual(command.each(2, slow, range(5)), [0, 2, 4, 6, 8])

    def test_the_first_that_fails(self):
        had = []

        def fails(number):
            had.append(number)
            if number == 1:
                raise ValueError("planted")
            time.sleep(0.01)
        with self.assertRaisesRegex(ValueError, "planted"):
            command.each(1, fails, range(1000))
        self.assertLess(len(had), 1000)


class Used(unittest.TestCase):
    def test_core_seconds(self):
        """Of a process, its child, and one that has ended before."""
        work = "n=0; while [ $n -lt 30000 ]; do n=$((n + 1)); done"
        script = f"sh -c '{work}'; sh -c '{work}; echo; sleep 3600; :'"
        with subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, start_new_session=True) as process:
            process.stdout.readline()
            parents = fuzz_children.parents_of_all()
            [child] = [pid for pid, parent in parents.items() if parent == process.pid]
            part = fuzz_children.core_seconds(child)
            all_of = fuzz_children.core_seconds(process.pid)
            os.killpg(process.pid, signal.SIGKILL)
        self.assertGreater(part, 0)
        self.assertGreater(all_of, part)
        self.assertEqual(fuzz_children.core_seconds(process.pid), 0)


class Configure(unittest.TestCase):
    def test_once(self):
        """cmake is run when it would do something, and only then."""
        with tempfile.TemporaryDirectory() as name:
            top = Path(name)
            presets, cache = top / "CMakePresets.json", top / "CMakeCache.txt"
            presets.write_text("{}", encoding="ascii")
            ran = []

            def run(words):
                ran.append(words)
                for path in (cache, top / "build.ninja"):
                    path.write_text("", encoding="ascii")

            def configure(*words):
                """Whether it was run."""
                before = len(ran)
                fuzz_build.configure(top, top, words, run)
                return len(ran) > before

            self.assertTrue(configure("cmake"))
            self.assertFalse(configure("cmake"))
            self.assertTrue(configure("cmake", "-Dx"))
            self.assertTrue(configure("cmake"))
            presets.write_text("{ }", encoding="ascii")
            self.assertTrue(configure("cmake"))
            later = time.time_ns() + 10 ** 10
            os.utime(cache, ns=(later, later))  # by hand, with who knows what
            self.assertTrue(configure("cmake"))
            self.assertFalse(configure("cmake"))
            (top / "build.ninja").unlink()
            self.assertTrue(configure("cmake"))

    def test_not_done(self):
        """What failed is tried again."""
        with tempfile.TemporaryDirectory() as name:
            top = Path(name)
            for file in ("CMakePresets.json", "CMakeCache.txt", "build.ninja"):
                (top / file).write_text("", encoding="ascii")

            def fails(_):
                raise ValueError("planted")
            for _ in range(2):
                with self.assertRaises(ValueError):
                    fuzz_build.configure(top, top, ["cmake"], fails)


if __name__ == "__main__":
    unittest.main()
