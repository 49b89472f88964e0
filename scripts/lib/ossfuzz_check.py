# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/ossfuzz-check does: build as the service would, then judge that."""

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import command
import ossfuzz_judge
from fuzz_error import Stop, tail

TOP = Path(__file__).resolve().parents[2]

DESCRIPTION = """\
Imitates what OSS-Fuzz and ClusterFuzzLite do with .clusterfuzzlite/build.sh: builds
into an empty $OUT with the service's environment variables, moves that elsewhere,
and looks at each target, without $OUT, sources or /dev and on a file system that is
read-only: four runs, all seeds, calls of sanitizers, libraries, stray executables."""

EPILOG = """\
exit status: 0 all conditions hold; 1 one does not (a line each); 2 usage, a missing
tool, or build.sh fails; 3 a fault of this script"""

# As base-builder has them, but for -stdlib=libc++: C++ is static there, too.
COMMON = ("-O1 -fno-omit-frame-pointer -gline-tables-only "
          "-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION")
UBSAN = ("array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,"
         "return,returns-nonnull-attribute,shift,signed-integer-overflow,unreachable,"
         "vla-bound,vptr")
SANITIZER = {
    "address": "-fsanitize=address -fsanitize-address-use-after-scope",
    "undefined": f"-fsanitize={UBSAN},unsigned-integer-overflow "
                 f"-fno-sanitize-recover={UBSAN}",
}
ENGINE = {
    "libfuzzer": {"CC": "clang", "CXX": "clang++", "LIB_FUZZING_ENGINE": "-fsanitize=fuzzer"},
    "afl": {"CC": "afl-clang-fast", "CXX": "afl-clang-fast++", "AFL_QUIET": "1",
            "LIB_FUZZING_ENGINE": str(ossfuzz_judge.AFL_DRIVER)},
}
# How the machine compiles, which is not the project's business.
PASSED_ON = ("PATH", "HOME", "CMAKE_BUILD_PARALLEL_LEVEL", "CMAKE_C_COMPILER_LAUNCHER",
             "CCACHE_DIR", "CCACHE_BASEDIR", "CCACHE_NOHASHDIR")


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/ossfuzz-check", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=[*ENGINE, "all"], default="all")
    parser.add_argument("--sanitizer", choices=[*SANITIZER, "all"], default="all")
    parser.add_argument("--target", action="append", metavar="NAME",
                        help="only this fuzz target; may be repeated (default: all)")
    parser.add_argument("--judge", type=Path, metavar="OUT",
                        help="only judge what is in this folder; build nothing")
    parser.add_argument("--hypheap", type=Path, metavar="FILE",
                        help="writes the seeds (default: build.sh builds one)")
    parser.add_argument("-o", "--output", type=Path, default=TOP / "build/ossfuzz",
                        metavar="DIR", help="where it builds (default: build/ossfuzz)")
    args = parser.parse_args(argv)

    there_are = sorted(p.stem for p in (TOP / "fuzzers/engines").glob("fuzz_*.c"))
    args.named = args.target or []
    for name in args.named:
        if name not in there_are:
            parser.error(f"--target {name}: there are " + ", ".join(there_are))
    args.target = args.target or there_are
    if args.judge:
        if not args.judge.is_dir():
            parser.error(f"--judge {args.judge}: not a folder")
        if "all" in (args.engine, args.sanitizer):
            parser.error("--judge needs --engine and --sanitizer")
    if args.hypheap and not args.hypheap.is_file():
        parser.error(f"--hypheap {args.hypheap}: no such file")
    args.engine = list(ENGINE) if args.engine == "all" else [args.engine]
    args.sanitizer = list(SANITIZER) if args.sanitizer == "all" else [args.sanitizer]
    return args


def need_tools(engines):
    tools = {"bwrap", "clang", "clang++", "cmake", "ninja", "nm", "readelf", "objdump",
             "llvm-symbolizer", "git"}
    if "afl" in engines:
        tools |= {"afl-clang-fast", "afl-fuzz", *map(str, ossfuzz_judge.AFL_LIBRARIES)}
    missing = sorted(tool for tool in tools
                     if not shutil.which(tool) and not Path(tool).is_file())
    if missing:
        raise Stop(2, f"missing: {' '.join(missing)} (run scripts/setup)")


def flags_of(sanitizer):
    """afl-clang-fast takes the last one away, as on the service."""
    return f"{COMMON} {SANITIZER[sanitizer]} -fsanitize=fuzzer-no-link"


def environment(engine, sanitizer, folder):
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    flags = flags_of(sanitizer)
    env.update(ENGINE[engine], CFLAGS=flags, CXXFLAGS=flags + " -static-libstdc++",
               SRC=str(folder / "src"), WORK=str(folder / "work"), OUT=str(folder / "out"),
               SANITIZER=sanitizer, FUZZING_ENGINE=engine, FUZZING_LANGUAGE="c",
               ARCHITECTURE=os.uname().machine)
    return env


def sources():
    """What "COPY . $SRC" of a clone would bring."""
    result = subprocess.run(["git", "-C", TOP, "ls-files", "-z", "--cached", "--others",
                             "--exclude-standard"], capture_output=True, text=True, check=False)
    if result.returncode:
        raise Stop(2, f"{TOP}: git ls-files says: {result.stderr.strip()}")
    return sorted(name for name in result.stdout.split("\0") if name and
                  (TOP / name).is_file())


def copy_sources(names, to):
    """Files keep their times, so that a second build compiles only what changed."""
    for path in [p for p in to.rglob("*") if p.is_file()] if to.exists() else []:
        if str(path.relative_to(to)) not in names:
            path.unlink()
    for name in names:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, to / name)


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def build(args, engine, sanitizer, folder, names):
    """Runs build.sh into an empty $OUT. Returns what is wrong with what it did."""
    env = environment(engine, sanitizer, folder)
    source = folder / "src/hypheap"
    copy_sources(names, source)
    shutil.rmtree(folder / "out", ignore_errors=True)
    for name in ("work", "out"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if args.hypheap:
        env["HYPHEAP"] = str(args.hypheap.resolve())

    log = folder / "log"
    with open(log, "wb") as output:
        result = subprocess.run(["bash", "-eux", source / ".clusterfuzzlite/build.sh",
                                 *args.named], cwd=source, env=env, stdout=output,
                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                check=False)
    if result.returncode:
        raise Stop(2, f"build.sh failed with {result.returncode} ({log}):\n{tail(log, 30)}")
    strays = files_below(source) - set(names)
    return [f"build.sh writes into the sources: {name}" for name in sorted(strays)]


def check(args, engine, sanitizer, names):
    """Builds, moves $OUT elsewhere, judges. Returns a line a problem."""
    problems = []
    with tempfile.TemporaryDirectory(prefix="hypheap-not-out-") as scratch:
        moved = Path(scratch) / "out"
        if args.judge:
            shutil.copytree(args.judge, moved)
        else:
            folder = args.output.resolve() / f"{engine}-{sanitizer}"
            print(f"{engine}, {sanitizer}: building", flush=True)
            problems += build(args, engine, sanitizer, folder, names)
            shutil.move(folder / "out", moved)
        judge = ossfuzz_judge.Judge(TOP, moved, engine, sanitizer)
        problems += judge.judge(args.target)
        if not args.judge:
            shutil.move(moved, folder / "out")
    return problems


def main(argv):
    args = parse(argv)
    need_tools(args.engine)
    names = [] if args.judge else sources()
    failed = 0
    for engine in args.engine:
        for sanitizer in args.sanitizer:
            for problem in check(args, engine, sanitizer, names):
                failed += 1
                print(f"BAD BUILD {engine}, {sanitizer}: {problem}", flush=True)
    print(f"{failed} conditions do not hold" if failed else "all conditions hold")
    return 1 if failed else 0


if __name__ == "__main__":
    command.run("ossfuzz-check", main)
