#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""min, triage, repro and report where something is in the way: a folder that may
not be written, a full disk, Ctrl-C, crash files of another version.

test_disturbed.py HYPHEAP FAKE: FAKE fails where the program says so ("shrink N").
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

from test_cli import Case

FAILS = "hypheap 1\ntopup 1\nshrink 1001\n"
HANGS = "hypheap 1\nshrink 2004\n"
# the command, what it writes, its exit status if all is well
COMMANDS = (
    (["min", "crash.ops", "-o", "out/x"], "x", 0),
    (["triage", "crash.ops", "--min", "-o", "out"], "min-pages-shrink.ops", 1),
    (["triage", "crash.ops", "--sarif", "out/x"], "x", 1),
    (["repro", "crash.ops", "-o", "out/x"], "x", 0),
    (["report", "crash.ops", "-o", "out/x"], "x", 1),
)
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class Disturbed(Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("out"))
        self.file("crash.ops", FAILS)

    def run_it(self, args, before=()):
        program = [*before, os.path.join(self.programs, "fake"), *args]
        done = subprocess.run(program, cwd=self.folder, check=False, capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, timeout=120)
        return done.returncode, done.stderr

    def left(self):
        return sorted(os.listdir(self.path("out")))

    def test_a_folder_that_may_not_be_written(self):
        """What was there before stays, and nothing half written beside it."""
        for args, name, status in COMMANDS:
            with self.subTest(args=args):
                self.assertEqual(self.run_it(args)[0], status)
                with open(self.path("out/" + name), "rb") as file:
                    before = file.read()
                os.chmod(self.path("out"), 0o555)
                got, err = self.run_it(args, AS_NOBODY if os.getuid() == 0 else ())
                os.chmod(self.path("out"), 0o755)
                self.assertEqual(got, 2, err)
                self.assertIn(f"hypheap: out/{name}: Permission denied\n", err)
                self.assertEqual(self.left(), [name])
                with open(self.path("out/" + name), "rb") as file:
                    self.assertEqual(file.read(), before)
                os.unlink(self.path("out/" + name))

    def test_a_full_disk(self):
        for args, name, _ in COMMANDS:
            with self.subTest(args=args):
                # a device that is full; nothing takes its place
                os.symlink("/dev/full", self.path("out/" + name))
                got, err = self.run_it(args)
                self.assertEqual(got, 2, err)
                self.assertIn(f"hypheap: out/{name}: No space left on device\n", err)
                self.assertEqual(self.left(), [name])
                os.unlink(self.path("out/" + name))

    def test_a_full_file_system(self):
        """The old file stays whole where a new one has no room."""
        script = ("mount -t tmpfs -o size=4096 none out && printf old >out/$0 && "
                  "{ \"$@\"; echo $? >&2; ls -A out >&2; cat out/$0 >&2; }")
        probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none",
                                self.path("out")], check=False, capture_output=True)
        if probe.returncode:
            self.skipTest("nothing may be mounted here; /dev/full was tried")
        for args, name, _ in COMMANDS:
            with self.subTest(args=args):
                _, err = self.run_it_in(script, name, args)
                self.assertIn(f"hypheap: out/{name}: No space left on device\n", err)
                self.assertTrue(err.endswith(f"2\n{name}\nold"), err)

    def run_it_in(self, script, name, args):
        program = ["unshare", "-m", "sh", "-c", script, name,
                   os.path.join(self.programs, "fake"), *args]
        done = subprocess.run(program, cwd=self.folder, check=False, capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, timeout=120)
        return done.returncode, done.stderr

    def disturb(self, args):
        """Ctrl-C once the program hangs. Return: status, output and errors."""
        with subprocess.Popen([os.path.join(self.programs, "fake"), *args], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            limit = time.monotonic() + 60
            asleep = 0
            while asleep < 15:
                self.assertLess(time.monotonic(), limit)
                self.assertIsNone(process.poll())
                asleep = asleep + 1 if self.sleeps(process.pid) else 0
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    @staticmethod
    def sleeps(pid):
        """It, and the processes that it runs programs in."""
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            tasks = [pid, *file.read().split()]
        states = set()
        for task in tasks:
            with open(f"/proc/{task}/stat", encoding="ascii") as file:
                states.add(file.read().rsplit(")", 1)[1].split()[0])
        return states == {"S"}

    def test_interrupted_nothing_is_half_written(self):
        self.file("crash.ops", HANGS)
        for args, name, _ in COMMANDS[3:]:
            with self.subTest(args=args):
                self.file("out/" + name, "old")
                status, _, _ = self.disturb(args)
                self.assertEqual(status, -signal.SIGINT)
                self.assertEqual(self.left(), [name])
                self.assertEqual(self.bytes_of("out/" + name), b"old")
                os.unlink(self.path("out/" + name))

    def test_triage_interrupted_tells_what_it_has(self):
        os.mkdir(self.path("d"))
        self.file("d/crash-1.ops", FAILS)
        self.file("d/crash-2.ops", HANGS)
        self.file("d/crash-3.ops", FAILS)
        status, out, err = self.disturb(["triage", "--timeout", "60", "d", "--sarif", "out/x"])
        self.assertEqual(status, 1, err)
        self.assertIn("3 files, 1 fail, 1 signature; 0 other files passed over; interrupted\n",
                      out)
        self.assertEqual(self.left(), ["x"])

    def test_crash_files_of_another_version(self):
        self.file("crash-new", b"HYP\x07" + bytes(60))
        self.file("new.ops", "hypheap 7\nshrink 1001\n")
        for args, _, _ in COMMANDS:
            for name, words in (("crash-new", "a program of version 7; only version 1 is known"),
                                ("new.ops", "version 7")):
                with self.subTest(args=args, name=name):
                    mine = [name if arg == "crash.ops" else arg for arg in args]
                    done = self.call(*mine, program="fake", status=2)
                    self.assertIn(words, done.out + done.err)
                    shutil.rmtree(self.path("out"))
                    os.mkdir(self.path("out"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
