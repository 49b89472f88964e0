# SPDX-License-Identifier: GPL-2.0-only
"""The builds that scripts/bench measures: presets where they serve, else its own."""

from fuzz_build import Builds

TARGETS = ["fuzz_heap", "bench_empty", "bench_naive"]
BARE = ["bench_unchecked"]  # has no sanitizer in the allocator: not where there is one


class Build:
    """One of build/: folder, the preset it is made of, and what is other than there."""

    def __init__(self, folder, preset, targets, *other):
        self.folder = folder
        self.preset = preset
        self.targets = targets
        self.other = other


# hypheap, for the ladder
LADDER = {
    "plain": Build("release", "release", ["hypheap"]),
    "asan": Build("bench/asan", "release", ["hypheap"], "-DHYPHEAP_SANITIZE=address",
                  "-DHYPHEAP_TESTS=OFF"),
    "ubsan": Build("bench/ubsan", "release", ["hypheap"], "-DHYPHEAP_SANITIZE=undefined",
                   "-DHYPHEAP_TESTS=OFF"),
    "both": Build("bench/both", "release", ["hypheap"], "-DHYPHEAP_SANITIZE=address,undefined",
                  "-DHYPHEAP_TESTS=OFF"),
}

# fuzz targets, by the engine that they have
ENGINES = {
    "libfuzzer": Build("bench/libfuzzer-plain", "libfuzzer", TARGETS + BARE, "-DHYPHEAP_SANITIZE="),
    "libfuzzer-asan": Build("libfuzzer-asan", "libfuzzer-asan", TARGETS),
    "libfuzzer-both": Build("libfuzzer", "libfuzzer", TARGETS),
    "afl": Build("afl", "afl", TARGETS + BARE + ["hypheap_afl_mutator"]),
}


class BenchBuilds(Builds):
    """folder(NAME) is of one of ENGINES or LADDER."""

    def __init__(self, top, ladder, engines):
        super().__init__(top, "fuzz_heap", "none", None)
        self.known = {**LADDER, **ENGINES}
        # what writes the inputs that AFL++ begins with is always there
        self.wanted = [self.known[name] for name in dict.fromkeys(["plain", *ladder, *engines])]

    def folder(self, preset):
        return self.root / self.known[preset].folder

    def _build(self, logs):
        for build in self.wanted:
            folder = self.root / build.folder
            log = logs / f"build-{folder.name}.log"
            print(f"building {build.folder}: {' '.join(build.targets)}", flush=True)
            if not (folder / "build.ninja").is_file():
                self._run(["cmake", "-S", self.top, "--preset", build.preset, "-B", folder,
                           *build.other], log)
            self._run(["cmake", "--build", folder, "--target", *build.targets], log)
