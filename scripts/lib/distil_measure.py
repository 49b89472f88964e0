# SPDX-License-Identifier: GPL-2.0-only
"""What an input reaches, in libFuzzer's own words: edges and features of state."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from distil_inputs import chunks, write
from fuzz_error import Stop, tail

AT_ONCE = 400
SECONDS = 1800
COUNTERS = re.compile(r"Loaded \d+ modules\s+\((\d+) inline 8-bit counters\)")


class Target:
    """One fuzz target. Its merge notes the features of each input in a file; eight
    features are one counter, and after those of the edges come the cells."""

    def __init__(self, binary, scratch, jobs, say):
        self.binary = binary
        self.name = binary.name
        self.scratch = scratch / self.name
        self.jobs = jobs
        self.say = say
        self.edges = None
        self.rounds = 0
        self.scratch.mkdir()

    def measure(self, inputs):
        """{input: counters}; of what ends the target there is none."""
        self.rounds += 1
        parts = chunks(inputs, AT_ONCE)
        points, done = {}, 0
        with ThreadPoolExecutor(self.jobs) as pool:
            for some, reached in zip(parts, pool.map(self._merge, range(len(parts)), parts)):
                for one in some:
                    if one.file in reached:
                        points[one] = frozenset(reached[one.file])
                done += len(some)
                self.say(f"{self.name}: {done} of {len(inputs)} inputs")
        return points

    def _merge(self, number, inputs):
        place = self.scratch / f"{self.rounds}-{number}"
        folder = write(inputs, place / "in")
        (place / "out").mkdir()
        notes, log = place / "notes", place / "log"
        with open(log, "wb") as output:
            result = subprocess.run(
                [self.binary, "-merge=1", "-set_cover_merge=1", f"-merge_control_file={notes}",
                 "-timeout=25", "-rss_limit_mb=2560", "-detect_leaks=0", "out", folder],
                cwd=place, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                timeout=SECONDS, check=False)
        said = log.read_text(errors="replace")
        counters = COUNTERS.search(said)
        if result.returncode or not counters or not notes.exists():
            raise Stop(2, f"{self.name} does not merge ({result.returncode}):\n{tail(log, 10)}")
        self.edges = int(counters[1])
        reached = read_notes(notes.read_text(errors="replace"))
        shutil.rmtree(place)
        return reached


def read_notes(text):
    """{file name: counters} from libFuzzer's control file: the number of files, how
    many of them are old, their paths, then "FT NUMBER FEATURE..." of each."""
    lines = text.splitlines()
    count = int(lines[0])
    names = [line.rsplit("/", 1)[-1] for line in lines[2:2 + count]]
    reached = {}
    for line in lines[2 + count:]:
        words = line.split()
        if words and words[0] == "FT":
            reached[names[int(words[1])]] = {int(word) // 8 for word in words[2:]}
    return reached
