# SPDX-License-Identifier: GPL-2.0-only
"""ossfuzz_seeds.py HYPHEAP TARGET OUT: what a fuzzing service wants beside TARGET.

OUT/TARGET_seed_corpus.zip, OUT/TARGET.dict and OUT/TARGET.options. The same corpus
gives the same bytes."""

import sys
import tempfile
import zipfile
from pathlib import Path

import fuzz_seeds
from fuzz_error import Stop

TOP = Path(__file__).resolve().parents[2]
HEADER, RECORD = 32, 8  # fuzzers/program/prog.h
FORMS = 4  # records of each operation that the dictionary has
MAX_LEN = 4096


def write_zip(folder, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name, (1980, 1, 1, 0, 0, 0)),
                             file.read_bytes(), zipfile.ZIP_DEFLATED)


def write_records(folder, path):
    """A dictionary for bytes: some records of each operation that the seeds have."""
    records = {}
    for file in sorted(folder.iterdir()):
        data = file.read_bytes()
        if not data.startswith(b"HYP"):
            continue
        for at in range(HEADER, len(data) - RECORD + 1, RECORD):
            record = data[at:at + RECORD]
            forms = records.setdefault(record[0], [])
            if record not in forms and len(forms) < FORMS:
                forms.append(record)
    lines = ['"' + "".join(f"\\x{byte:02x}" for byte in record) + '"\n'
             for _, forms in sorted(records.items()) for record in forms]
    path.write_text("".join(lines), encoding="ascii")


def main(argv):
    if len(argv) != 3:
        raise Stop(2, "usage: ossfuzz_seeds.py HYPHEAP TARGET OUT")
    hypheap, target, out = Path(argv[0]).resolve(), argv[1], Path(argv[2])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "seeds"
        fuzz_seeds.collect(hypheap, TOP / "corpus", folder, target)
        write_zip(folder, out / f"{target}_seed_corpus.zip")
        if target == "fuzz_text":
            fuzz_seeds.dictionary(hypheap, out / f"{target}.dict")
        else:
            write_records(folder, out / f"{target}.dict")
    (out / f"{target}.options").write_text(f"[libfuzzer]\nmax_len = {MAX_LEN}\nlen_control = 0\n",
                                           encoding="ascii")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Stop as stop:
        print(f"ossfuzz_seeds: {stop.text}", file=sys.stderr)
        sys.exit(stop.status)
