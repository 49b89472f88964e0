# SPDX-License-Identifier: GPL-2.0-only
"""The conditions that a fuzzing service has for what a build leaves in $OUT."""

import os
import re
import subprocess
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

from fuzz_error import Stop

NAME = re.compile(r"^[A-Za-z0-9_-]+$")
BESIDE = ("_seed_corpus.zip", ".dict", ".options")
# What the base image has; the kernel's own has no file.
LIBRARIES = re.compile(r"^(?:libc|libm|libdl|librt|libpthread|libgcc_s|ld-linux-.*)\.so\.\d+$")

# (least, most) calls to a sanitizer's functions in a whole target, whose run-time
# library has some thousand of its own.
CALLS = {
    "address": {"__asan": (1000, None), "__ubsan": (0, 200)},
    "undefined": {"__asan": (0, 0), "__ubsan": (169, None)},
}
OWN = {"address": "__asan", "undefined": "__ubsan"}
CALL = re.compile(r"\bcallq?\s.*<(__asan|__ubsan|hyp_(?:load|store))")
FUNCTION = re.compile(r"^([0-9a-f]+) <(.*)>:$")
# Of our own folders the one whose every access is checked, and what only reads text.
UNIT = ("allocator/el2/", "allocator/host/", "allocator/kernel/")
TEXT_ONLY = "fuzz_text"

# What AFL++ links into a target asks ASan whether it is there or not; the service
# builds with AFL++ and address only, so its limits know nothing of that.
AFL_DRIVER = Path("/usr/lib/afl/libAFLDriver.a")
AFL_LIBRARIES = (AFL_DRIVER, AFL_DRIVER.with_name("afl-compiler-rt.o"))

ADDRESS_SPACE = 5 << 30
READY_SECONDS = 35
RUN_SECONDS = 120
RUN_OPTIONS = {
    "ASAN_OPTIONS": "alloc_dealloc_mismatch=0:allocator_may_return_null=1:"
                    "check_malloc_usable_size=0:detect_odr_violation=2:detect_leaks=1:"
                    "handle_abort=2:handle_segv=2:handle_sigbus=2:handle_sigfpe=2:"
                    "handle_sigill=2:max_uar_stack_size_log=16:quarantine_size_mb=10:"
                    "strict_memcmp=1:use_sigaltstack=1:symbolize=0",
    # ClusterFuzz ends at the first report; unsigned numbers may wrap
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=0:silence_unsigned_overflow=0:"
                     "symbolize=0",
}
AFL_OPTIONS = {
    "AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1", "AFL_FAST_CAL": "1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_FORKSRV_INIT_TMOUT": "30000",
    "ASAN_OPTIONS": "detect_leaks=0:symbolize=0:detect_odr_violation=0:abort_on_error=1",
}


def _output(*command, text=None):
    result = subprocess.run(command, input=text, capture_output=True, text=True,
                            errors="replace", check=False)
    if result.returncode:
        raise Stop(2, f"{' '.join(map(str, command))}: {result.stderr.strip()}")
    return result.stdout


def _last(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-12:])


class Judge:
    """$OUT after a build, at a place that the build did not know."""

    def __init__(self, top, out, engine, sanitizer):
        self.top = top
        self.out = out
        self.engine = engine
        self.sanitizer = sanitizer
        self.problems = []
        self.foreign = set()
        if engine == "afl":
            for library in AFL_LIBRARIES:
                self.foreign |= {line.split()[-1] for line in
                                 _output("nm", "--defined-only", library).splitlines()
                                 if " " in line}
        self.sources = {str(path.relative_to(top)) for folder in ("allocator", "model", "fuzzers")
                        for path in (top / folder).rglob("*.[ch]")}

    def judge(self, targets):
        """Returns a line a problem; what is told of a file ends the look at it."""
        self._files(targets)
        if not self.problems:
            for target in targets:
                self._libraries(target)
                self._calls(target)
                self._runs(target)
        return self.problems

    def _bad(self, text):
        self.problems.append(text)

    # ---- what lies there -----------------------------------------------------

    def _files(self, targets):
        wanted = set(targets) | {target + end for target in targets for end in BESIDE}
        there = {path.name: path for path in self.out.iterdir()}
        for name in sorted(wanted - set(there)):
            self._bad(f"{name} is missing")
        for name, path in sorted(there.items()):
            if name in targets:
                if not NAME.match(name) or not os.access(path, os.X_OK):
                    self._bad(f"{name} is not executable, or has a name that is none")
                elif "LLVMFuzzerTestOneInput" not in _output("nm", path):
                    self._bad(f"{name} has no LLVMFuzzerTestOneInput")
            elif path.is_file() and os.access(path, os.X_OK):
                self._bad(f"{name} is an executable, and would be taken for a fuzz target")
            elif name not in wanted:
                self._bad(f"{name} belongs to no target")
            elif not path.stat().st_size:
                self._bad(f"{name} is empty")

    def _libraries(self, target):
        text = _output("readelf", "-d", self.out / target)
        for library in re.findall(r"\(NEEDED\).*\[(.*)\]", text):
            if not LIBRARIES.match(library):
                self._bad(f"{target} needs {library}, which the base image may not have")

    # ---- instrumentation -----------------------------------------------------

    def _own(self, target):
        """Address -> source file, of the functions that come from our sources."""
        addresses = [line.split()[0] for line in
                     _output("nm", "--defined-only", self.out / target).splitlines()
                     if line.split()[1] in "tTwW"]
        addresses = sorted(set(addresses))
        said = _output("llvm-symbolizer", f"--obj={self.out / target}", "--functions=none",
                       "--no-inlines", text="".join(f"0x{a}\n" for a in addresses))
        own = {}
        for address, place in zip(addresses, said.split("\n\n")):
            parts = place.strip().rsplit(":", 2)[0].split("/")
            for count in range(2, 6):
                name = "/".join(parts[-count:])
                if name in self.sources:
                    own[int(address, 16)] = name
        return own

    def _calls(self, target):
        own = self._own(target)
        total, ours, unit = Counter(), Counter(), Counter()
        source, foreign = None, False
        with subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", self.out / target],
                              stdout=subprocess.PIPE, text=True, errors="replace") as dump:
            for line in dump.stdout:
                function = FUNCTION.match(line)
                if function:
                    source = own.get(int(function.group(1), 16))
                    foreign = function.group(2) in self.foreign
                    continue
                call = CALL.search(line) if "call" in line else None
                if call and not foreign:
                    total[call.group(1)] += 1
                    if source:
                        ours[call.group(1)] += 1
                    if source and source.startswith(UNIT):
                        unit[call.group(1)] += 1
        if dump.returncode:
            raise Stop(2, f"objdump -d {target} failed")

        for name, (least, most) in CALLS[self.sanitizer].items():
            if total[name] < least:
                self._bad(f"{target} has {total[name]} calls to {name}*, {least} at the least")
            if most is not None and total[name] > most:
                self._bad(f"{target} has {total[name]} calls to {name}*, {most} at the most")
        wanted = OWN[self.sanitizer]
        if not ours[wanted]:
            self._bad(f"{target} has no call to {wanted}* in our own {len(own)} functions")
        print(f"{self.engine}, {self.sanitizer}: {target}: {total[wanted]} calls to {wanted}*, "
              f"{ours[wanted]} of them ours; {unit['hyp_load'] + unit['hyp_store']} "
              f"accesses of the allocator checked", flush=True)
        if target == TEXT_ONLY:
            return
        if self.sanitizer == "undefined" and not unit[wanted]:
            self._bad(f"{target} has no call to {wanted}* in the allocator")
        if not unit["hyp_load"] or not unit["hyp_store"]:
            self._bad(f"{target}: no load or store of the allocator is checked: {dict(unit)}")

    # ---- runs ----------------------------------------------------------------

    def _sandbox(self, more, command, env, limit):
        """As the service's: another place, nothing to write but /tmp, no sources."""
        box = ["bwrap", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "--tmpfs", self.top,
               "--ro-bind", self.out, "/tmp/not-out", *more, "--proc", "/proc",
               "--unshare-net", "--unshare-pid", "--die-with-parent",
               "--chdir", "/tmp/not-out", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin"]
        for name, value in env.items():
            box += ["--setenv", name, value]
        if limit:
            command = ["sh", "-c", f'ulimit -v {ADDRESS_SPACE >> 10} && exec "$@"', "sh",
                       *command]
        try:
            result = subprocess.run([*box, *command], stdin=subprocess.DEVNULL, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    errors="replace", timeout=RUN_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return None, f"still running after {RUN_SECONDS} s"
        if result.stdout.startswith("bwrap:"):
            raise Stop(2, f"no sandbox here: {result.stdout.strip()}")
        return result.returncode, result.stdout

    def _runs(self, target):
        with tempfile.TemporaryDirectory(prefix="hypheap-seeds-") as seeds:
            with zipfile.ZipFile(self.out / f"{target}_seed_corpus.zip") as archive:
                archive.extractall(seeds)
            (Path(seeds) / "input").write_bytes(b"input\n")
            names = sorted(os.listdir(seeds))
            bind = ["--ro-bind", seeds, "/tmp/seeds"]
            if self.engine == "afl":
                self._afl(target, bind, names)
            else:
                self._libfuzzer(target, bind, names)

    def _libfuzzer(self, target, bind, names):
        nodev = ["--tmpfs", "/dev", "--remount-ro", "/dev"]
        # ASan's shadow alone is larger than any limit of that kind
        limit = self.sanitizer != "address"
        options = ["-rss_limit_mb=2560", "-timeout=25", f"-dict={target}.dict"]

        status, text = self._sandbox(nodev, [f"./{target}", *options, "-seed=1337", "-runs=4"],
                                     RUN_OPTIONS, limit)
        if status or "Done 4 runs" not in text:
            self._bad(f"{target} does not do its 4 runs (status {status}):\n{_last(text)}")
            return
        status, text = self._sandbox([*nodev, *bind], [f"./{target}", *options, "-runs=0",
                                                       "/tmp/seeds"], RUN_OPTIONS, limit)
        done = re.search(r"^Done (\d+) runs", text, re.M)
        if status or not done or int(done.group(1)) < len(names):
            self._bad(f"{target} does not run its {len(names)} seeds (status {status}):\n"
                      f"{_last(text)}")

    def _afl(self, target, bind, names):
        dev = ["--dev", "/dev"]
        begin = ("mkdir /tmp/in && printf 'input\\n' >/tmp/in/input && "
                 f"exec timeout -s INT {READY_SECONDS} afl-fuzz -i /tmp/in -o /tmp/findings "
                 f'-m none -t 25000 -V 1 -x ./{target}.dict -- "./{target}"')
        # afl-fuzz wants no options of UBSan's but its own
        status, text = self._sandbox(dev, ["sh", "-c", begin], AFL_OPTIONS, False)
        if "All set and ready to roll" not in text:
            self._bad(f"{target}: AFL++ is not ready in {READY_SECONDS} s (status {status}):\n"
                      f"{_last(text)}")
            return
        status, text = self._sandbox([*dev, *bind], [f"./{target}", *[f"/tmp/seeds/{name}"
                                                                       for name in names]],
                                     {"UBSAN_OPTIONS": RUN_OPTIONS["UBSAN_OPTIONS"],
                                      **AFL_OPTIONS}, self.sanitizer != "address")
        if status:
            self._bad(f"{target} does not run its {len(names)} seeds (status {status}):\n"
                      f"{_last(text)}")
