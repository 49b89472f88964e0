# SPDX-License-Identifier: GPL-2.0-only
"""alloc_probe.py --cc COMPILER FILE: which dialect an alloc.c speaks, by what its object
defines; or what the kernel environment lacks that it uses, and where to add it.

CMake runs it for an allocator that is not ours, scripts/try-alloc before it builds."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
KERNEL = TOP / "allocator/kernel"
FLAGS = ["-x", "c", "-std=gnu11", "-Werror=implicit-function-declaration", "-O1",
         "-ffreestanding", "-nostdinc", "-fno-stack-protector", "-fno-builtin",
         "-D__KVM_NVHE_HYPERVISOR__", "-DHYP_ALLOC_UNIT", f"-I{KERNEL}", f"-I{TOP}"]

COMMON = ("hyp_alloc", "hyp_free", "hyp_alloc_errno", "hyp_alloc_init")
# name: (macro for its units, its own functions by their names in the object, in words)
DIALECTS = {
    "topup": ([], {"hyp_alloc_topup": "", "hyp_alloc_topup_needed": "",
                   "hyp_alloc_reclaimable": "", "hyp_alloc_reclaim": ""},
              "top-up of one cache, alignment 16"),
    "refill": (["-DHYP_ALLOC_REFILL", "-include", "nvhe/alloc.h"],
               {"hyp_alloc_refill": "", "hyp_alloc_missing_donations": "",
                "hyp_alloc_reclaimable": "refill_", "hyp_alloc_reclaim": "refill_"},
               "refill per CPU, alignment 8, int targets"),
}
SELFTEST = ("hyp_alloc_selftest", "hyp_alloc_selftest_topup", "hyp_alloc_selftest_topup_needed",
            "hyp_alloc_selftest_reclaimable", "hyp_alloc_selftest_reclaim")
ACCOUNT = ("hyp_alloc_account", "hyp_free_account")

# What the harness links to a target, or has the compiler call.
PROVIDED = re.compile(r"(backend_\w+|hyp_percpu_\w+|mem(set|cpy|move|cmp)|_GLOBAL_OFFSET_TABLE_|"
                      # what a fuzzing compiler adds by itself
                      r"__(afl|asan|cmplog|ubsan|sanitizer|sancov|llvm_prof)\w*)$")

# Where a name of the kernel's is at home; the first that matches.
HOMES = (
    (r"list_\w+|LIST_\w+|hlist_\w+", "linux/list.h"),
    (r"rb_\w+|struct rb_\w+", "linux/rbtree.h"),
    (r"(atomic|atomic64|refcount)_\w+", "linux/atomic.h"),
    (r"\w*(this_cpu|per_cpu|percpu|PER_CPU)\w*|hyp_smp\w*|hyp_nr_cpus", "linux/percpu.h"),
    (r"\w*(spin|lock_|_lock|LOCK)\w*", "nvhe/spinlock.h"),
    (r"(struct )?(hyp_pool|hyp_get_page|hyp_put_page|hyp_split_page)\w*", "nvhe/gfp.h"),
    (r"\w*memcache\w*|HYP_MEMCACHE\w*|(struct )?kvm\w*|kvm_\w+", "asm/kvm_host.h"),
    (r"(struct )?hyp_page\w*|hyp_(phys|virt|pfn)\w*|__hyp_\w+", "nvhe/memory.h"),
    (r"_*pkvm_(host|hyp|guest)_\w+|\w*(donate|share)\w*", "nvhe/mem_protect.h"),
    (r"\w*(pkvm|mapping|va_range)\w*", "nvhe/mm.h"),
    (r"\w*(test|set|clear|find|first|next)\w*_bit\w*|_*f[fl]s\w*|hweight\w*", "linux/bitops.h"),
    (r"(BIT|GENMASK|BITS)_?\w*", "linux/bits.h"),
    (r"SZ_\w+", "linux/sizes.h"),
    (r"E[A-Z0-9]{3,}", "linux/errno.h"),
    (r"\w+_(MAX|MIN)", "linux/limits.h"),
    (r"(mem|str)\w+", "linux/string.h"),
    (r"BUILD_BUG\w*|static_assert", "linux/build_bug.h"),
    (r"(WARN|BUG)\w*", "linux/bug.h"),
    (r"(min|max|clamp|swap)\w*", "linux/minmax.h"),
    (r"\w*hash\w*|GOLDEN\w*", "linux/hash.h"),
    (r"(check|size|struct|array|flex)_\w+", "linux/overflow.h"),
    (r"(smp|dma)_\w+|dsb|isb|dmb", "asm/barrier.h"),
    (r"PAGE_\w+|\w+_PAGE", "asm/page.h"),
    (r"PTR_ERR\w*|ERR_\w+|IS_ERR\w*", "linux/err.h"),
    (r"(s|u|__[su])\d+|\w+_t|(struct |union |enum )\w+", "linux/types.h"),
    (r"__\w+", "linux/compiler.h"),
)

# (kind, pattern) of clang's and gcc's complaints.
COMPLAINTS = (
    ("function", r"implicit declaration of function '(?P<name>\w+)'"),
    ("function", r"call to undeclared (?:library )?function '(?P<name>\w+)'"),
    ("name", r"use of undeclared identifier '(?P<name>\w+)'"),
    ("name", r"'(?P<name>\w+)' undeclared"),
    ("type", r"unknown type name '(?P<name>[\w ]+)'"),
    ("type", r"(?:incomplete (?:definition of )?type|has incomplete type) "
             r"'(?:const )?(?P<name>[\w ]+)'"),
    ("type", r"storage size of '(?P<variable>\w+)' isn't known"),
    ("type", r"has type '(?P<name>[\w ]+)' that is never completed"),
    ("type", r"incomplete typedef '(?P<name>[\w ]+)'"),
    ("type", r"invalid use of undefined type '(?P<name>[\w ]+)'"),
    ("member", r"no member named '(?P<name>\w+)' in '(?P<of>[^']+)'"),
    ("member", r"'(?P<of>[^']+)' has no member named '(?P<name>\w+)'"),
)
ERROR = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:\d+:)? (?:fatal )?error: (?P<text>.*)$", re.M)


@dataclass
class Lack:
    """Something that the environment does not have."""
    kind: str
    name: str
    where: str
    home: str

    def row(self):
        shown = self.name + "()" if self.kind == "function" else self.name
        return (self.kind, shown, self.where, self.home)


@dataclass
class Probe:
    """dialect: "" if it cannot be built; then lacks and others say why."""
    source: Path
    dialect: str = ""
    selftest: bool = False
    account: bool = False
    lacks: list = field(default_factory=list)
    others: list = field(default_factory=list)

    def words(self):
        extra = [name for name, has in (("a self test", self.selftest),
                                        ("accounted variants", self.account)) if has]
        return (f"{self.source.name}: dialect {self.dialect} ({DIALECTS[self.dialect][2]})"
                + (", with " + " and ".join(extra) if extra else ""))

    def complaint(self):
        """What to add and where, a line each."""
        lines = []
        if self.lacks:
            one = len(self.lacks) == 1
            lines.append(f"{self.source}: uses what the kernel environment does not have; add "
                         f"{'it' if one else 'these'}, with the kernel's meaning (arguments "
                         "evaluated once) and a test in allocator/kernel/tests:")
            rows = [lack.row() for lack in self.lacks]
            widths = [max(len(row[i]) for row in rows) for i in range(3)]
            lines += ["  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)),
                                        row[3]]) for row in rows]
        if self.others:
            lines.append(f"{self.source}: " + ("besides" if self.lacks else "cannot be used")
                         + ":")
            lines += [f"  {line}" for line in self.others[:12]]
            if len(self.others) > 12:
                lines.append(f"  and {len(self.others) - 12} more")
        return "\n".join(lines)


def home_of(kind, name, source_headers):
    """Where @name belongs: by its name, else one of the headers that the file includes."""
    def place(header):
        path = f"allocator/kernel/{header}"
        return path if (KERNEL / header).exists() else f"new file {path}"

    if kind == "header":
        return place(name)
    for pattern, header in HOMES:
        if re.fullmatch(pattern, name):
            return place(header)
    known = [header for header in source_headers if (KERNEL / header).exists()]
    return "one of " + ", ".join(f"allocator/kernel/{h}" for h in known[:3]) if known \
        else "a header under allocator/kernel/"


def headers_of(text):
    """(name, line) of each header in angle brackets."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*#\s*include\s*<([^>]+)>", line)
        if match:
            yield match[1], number


class Prober:
    def __init__(self, source, compiler, shift=12, work=None):
        self.source = source.resolve()
        self.compiler = compiler
        self.shift = shift
        self.work = work
        self.text = source.read_text(encoding="utf-8", errors="replace")
        self.headers = dict(reversed(list(headers_of(self.text))))
        self.probe = Probe(self.source)

    def _run(self, command):
        env = {**os.environ, "LC_ALL": "C", "AFL_QUIET": "1"}
        return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", check=False)

    def _lack(self, kind, name, line):
        where = f"{self.source.name}:{line}" if line else self.source.name
        if all((lack.kind, lack.name) != (kind, name) for lack in self.probe.lacks):
            self.probe.lacks.append(Lack(kind, name, where,
                                         home_of(kind, name, self.headers)))

    def _stubs(self):
        """Empty files for what is missing, so that the compiler goes on."""
        stubs = self.work / "stubs"
        for name, line in self.headers.items():
            beside = self.source.parent / name
            if (KERNEL / name).exists() or (TOP / name).exists() or beside.exists():
                continue
            self._lack("header", name, line)
            if ".." not in Path(name).parts and not Path(name).is_absolute():
                (stubs / name).parent.mkdir(parents=True, exist_ok=True)
                (stubs / name).touch()
        return stubs

    def compile(self, dialect):
        """The names that the object defines and needs; None if it does not compile."""
        probe = self.work / f"{dialect}.o"
        unlimited = "-fmax-errors=0"
        if "clang" in self._run([self.compiler, "--version"]).stdout:
            unlimited = "-ferror-limit=0"
        result = self._run([self.compiler, *FLAGS, unlimited, *DIALECTS[dialect][0],
                            f"-DHYP_PAGE_SHIFT={self.shift}", f"-I{self.work / 'stubs'}",
                            "-c", str(self.source), "-o", str(probe)])
        if result.returncode:
            return None, result.stderr
        nm = shutil.which("llvm-nm") or shutil.which("nm")
        if not nm:
            raise OSError("neither llvm-nm nor nm is there: run scripts/setup")
        names = {"defined": set(), "undefined": set()}
        for line in self._run([nm, str(probe)]).stdout.splitlines():
            kind, name = line.split()[-2:]
            if kind == "U":
                names["undefined"].add(name)
            elif kind.isupper():
                names["defined"].add(name)
        return names, ""

    def _name(self, found):
        """What is missing; of a variable its type, by how it is declared."""
        if "variable" not in found:
            return found["name"]
        declared = re.search(rf"\b((?:struct|union|enum) \w+)\s+{found['variable']}\b", self.text)
        return declared and declared[1]

    def _complain(self, stderr):
        for match in ERROR.finditer(stderr):
            line = match["line"] if Path(match["file"]).name == self.source.name else 0
            for kind, pattern in COMPLAINTS:
                found = re.search(pattern, match["text"])
                name = found and self._name(found.groupdict())
                if not name:
                    continue
                if kind == "member":
                    of = re.sub(r"^(const )?", "", found["of"])
                    self._lack(kind, f"{name} of {of}", line)
                    self.probe.lacks[-1].home = home_of("type", of, self.headers)
                elif kind == "name":
                    called = re.search(rf"\b{name}\s*\(", self.text)
                    self._lack("function" if called else "macro", name, line)
                else:
                    self._lack(kind, name, line)
                break
            else:
                self.probe.others.append(f"{Path(match['file']).name}:{match['line']}: "
                                         f"{match['text']}")
        if not self.probe.lacks and not self.probe.others:
            self.probe.others = stderr.strip().splitlines()[-5:] or ["the compiler said nothing"]

    @staticmethod
    def missing(names, dialect):
        own = DIALECTS[dialect][1]
        return [name for name in COMMON if name not in names["defined"]] + \
            [name for name, prefix in own.items() if prefix + name not in names["defined"]]

    def run(self):
        guess = "refill" if re.search(r"\bhyp_alloc_refill\s*\(", self.text) else "topup"
        other = next(name for name in DIALECTS if name != guess)
        self._stubs()
        first = None
        for dialect in (guess, other):
            names, stderr = self.compile(dialect)
            first = first or (names, stderr)
            if names and not self.missing(names, dialect):
                return self._found(dialect, names)
        names, stderr = first
        if names:
            self.probe.others = [f"{name}() is not defined, which dialect {guess} has"
                                 for name in self.missing(names, guess)]
            self._undefined(names)
        else:
            self._complain(stderr)
        return self.probe

    def _undefined(self, names):
        for name in sorted(names["undefined"]):
            if not PROVIDED.match(name):
                at = re.search(rf"\b{re.escape(name)}\b", self.text)
                line = self.text.count("\n", 0, at.start()) + 1 if at else 0
                self._lack("function", name, line)

    def _found(self, dialect, names):
        self._undefined(names)
        if not self.probe.lacks:
            self.probe.dialect = dialect
            self.probe.selftest = all(name in names["defined"] for name in SELFTEST)
            self.probe.account = all(name in names["defined"] for name in ACCOUNT)
        return self.probe


def probe(source, compiler):
    """What @source is, as the allocator under test."""
    with tempfile.TemporaryDirectory(prefix="hypheap-probe-") as work:
        return Prober(source, compiler, work=Path(work)).run()


def main():
    parser = argparse.ArgumentParser(
        prog="alloc_probe.py", description=__doc__,
        epilog="exit status: 0 it can be built: a line each for CMake; 2 it cannot, or bad usage",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cc", default="clang", metavar="COMPILER")
    parser.add_argument("file", type=Path, metavar="FILE")
    args = parser.parse_args()
    if not args.file.is_file():
        parser.error(f"{args.file}: no such file")
    if not shutil.which(args.cc):
        parser.error(f"--cc {args.cc}: no such compiler")
    found = probe(args.file, args.cc)
    if not found.dialect:
        print(found.complaint(), file=sys.stderr)
        return 2
    print(f"{found.dialect};{int(found.selftest)};{int(found.account)};{found.words()}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        print(f"alloc_probe.py: {error}", file=sys.stderr)
        sys.exit(2)
