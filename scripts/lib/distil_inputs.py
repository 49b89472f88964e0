# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/distil reads and writes: inputs of any corpus, named by content."""

import hashlib
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import fuzz_seeds
from fuzz_error import Stop

LARGEST = 64 << 10
AT_ONCE = 200
SECONDS = 120
# What engines keep beside their inputs.
NOT_INPUTS = ("README.txt", "fuzzer_stats", "fuzzer_setup", "plot_data", "fuzz_bitmap", "cmdline",
              "target_hash", "fastresume.bin", "is_main_node")
FOLDERS_OF_BASE = ("seeds", "known", "regress")


@dataclass(eq=False)
class Input:
    """One content. refused: text that is no program, which is right to be refused."""
    data: bytes
    name: str
    was_there: bool = False
    refused: bool = False
    points: dict = field(default_factory=dict)  # by target
    mutants: set = field(default_factory=set)

    @property
    def file(self):
        return self.name + (".txt" if self.refused else "")

    def key(self):
        return len(self.data), self.name


def is_text(data):
    return data.lstrip(b" \t\r\n").startswith((b"#", b"hypheap"))


def known_version(data):
    """The fuzz targets take a header of another version for one of ours."""
    return data[:3] + b"\x01" + data[4:] if data[:3] == b"HYP" and len(data) > 3 else data


def files_below(folder):
    if not folder.is_dir():
        raise Stop(2, f"{folder}: not a folder")
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder).parts
        if any(part.startswith(".") for part in below) or path.name in NOT_INPUTS:
            continue
        if path.is_file() and path.suffix != ".trace":
            yield path


def make(data, refused=False):
    if not is_text(data):
        data = known_version(data)
    return Input(data, hashlib.sha256(data).hexdigest()[:16], refused=refused)


def collect(hypheap, folders, out, scratch):
    """Inputs by name, in order of size; and how many files and bytes there were."""
    inputs, files, size, large = {}, 0, 0, 0
    for folder in dict.fromkeys([*folders, *([out] if out.is_dir() else [])]):
        for path in files_below(folder):
            data = path.read_bytes()
            files += 1
            size += len(data)
            if not data:
                continue  # no engine keeps it
            if len(data) > LARGEST:
                large += 1
                continue
            if path.suffix == ".ops":
                data = assemble(hypheap, path, scratch)
            one = inputs.setdefault(make(data).name, make(data))
            one.was_there |= folder == out
    if large:
        print(f"{large} files of more than {LARGEST} bytes are left out")
    if not inputs:
        raise Stop(2, f"{folders[0]}: no inputs there")
    return sorted(inputs.values(), key=Input.key), files, size


def assemble(hypheap, path, scratch):
    made = scratch / "assembled"
    result = subprocess.run([hypheap, "asm", path, "-o", made], stdin=subprocess.DEVNULL,
                            capture_output=True, check=False)
    if result.returncode:
        raise Stop(2, f"{path}: {result.stderr.decode(errors='replace').strip()}")
    return made.read_bytes()


def base(hypheap, corpus, scratch):
    """(programs in bytes, what they are as text) of the corpus that is there anyway."""
    programs, texts = [], []
    for folder in FOLDERS_OF_BASE:
        for path in sorted((corpus / folder).glob("*.ops")) if corpus else ():
            data = path.read_bytes()
            texts.append(make(data))
            if not fuzz_seeds._expects_failure(data):  # pylint: disable=protected-access
                programs.append(make(assemble(hypheap, path, scratch)))
    return programs, texts


def write(inputs, folder):
    """The files of @inputs in a folder of their own, in the order given."""
    folder.mkdir(parents=True)
    for one in inputs:
        (folder / one.file).write_bytes(one.data)
    return folder


def replace(inputs, out):
    """@out has these files and no others."""
    out.mkdir(parents=True, exist_ok=True)
    for one in inputs:
        target = out / one.file
        if not target.exists() or target.read_bytes() != one.data:
            temporary = out / f".{one.file}"
            temporary.write_bytes(one.data)
            temporary.replace(target)
    keep = {one.file for one in inputs}
    for path in list(files_below(out)):
        if str(path.relative_to(out)) not in keep:
            path.unlink()


# ---- which hold -------------------------------------------------------------


def _documents(hypheap, folder, names):
    """What "hypheap run" says of each; a name it says nothing of ended the process."""
    try:
        result = subprocess.run([hypheap, "run", "--json", "--features", *names], cwd=folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {}
    documents = {}
    for line in result.stdout.splitlines():
        try:
            document = json.loads(line)
            documents[document["file"]] = document
        except (ValueError, KeyError):
            continue
    return documents


def holding(hypheap, inputs, scratch, jobs, say):
    """Those that hold, and texts that are refused."""
    folder = write(inputs, scratch / "hold")
    done = 0

    def chunk(some):
        names = [one.file for one in some]
        documents = _documents(hypheap, folder, names)
        # again alone: what another one ended, or took for hung on a busy machine
        for name in names:
            if not documents.get(name, {}).get("holds") and \
                    "error" not in documents.get(name, {}):
                documents.update(_documents(hypheap, folder, [name]))
        return some, documents

    kept = []
    with ThreadPoolExecutor(jobs) as pool:
        for some, documents in pool.map(chunk, chunks(inputs, AT_ONCE)):
            for one in some:
                document = documents.get(one.file, {})
                one.refused = "error" in document and is_text(one.data)
                if document.get("holds") or one.refused:
                    kept.append(one)
            done += len(some)
            say(f"run: {done} of {len(inputs)} inputs")
    return kept


def chunks(items, size):
    return [items[at:at + size] for at in range(0, len(items), size)]


def scratch_folder(top):
    folder = Path(top) / "build/distil" / str(os.getpid())
    folder.mkdir(parents=True, exist_ok=True)
    return folder
