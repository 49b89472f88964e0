# SPDX-License-Identifier: GPL-2.0-only
"""The way from a crasher: minimise, reproduce in C, paste into the self test."""

import re
import shlex
import time

from bugbench_engines import SIGNATURE, run

SECONDS = 120  # for any one command
MOST_OPS = 12
MOST_SECONDS = 10.0

# As a part of the allocator, beside its self test.
COMPILE = ["clang", "-fsyntax-only", "-std=gnu11", "-ffreestanding", "-nostdinc", "-Wall",
           "-Wextra", "-Werror", "-Wno-sign-compare", "-Wno-unused-function",
           "-D__KVM_NVHE_HYPERVISOR__", "-DHYP_PAGE_SHIFT=12", "-DCONFIG_NVHE_EL2_DEBUG=1",
           "-DHYPHEAP_HAS_SELFTEST=1", "-include", "nvhe/alloc.h"]


def signature_of(hypheap, program):
    """What "hypheap run" calls it; None: it holds, or no oracle says why."""
    found = SIGNATURE.search(run([hypheap, "run", program], SECONDS, program.parent)[2])
    return found[1] if found else None


def minimise(hypheap, signature, folder):
    """crasher.ops to min.ops; the clock is that of the whole command."""
    begin = time.monotonic()
    _, status, said = run([hypheap, "min", "crasher.ops", "-o", "min.ops"], SECONDS, folder)
    seconds = time.monotonic() - begin
    result = {"ok": False, "seconds": round(seconds, 2)}
    if status != 0:
        return result | {"why": f"min: {said.strip().splitlines()[-1:]}, status {status}"}
    text = (folder / "min.ops").read_text(encoding="utf-8")
    result["program"] = text
    # lines of one operation each, besides comments and the world
    result["ops"] = len(re.findall(r"^(?!#|hypheap |heap ).", text, re.M))
    result["signature"] = signature_of(hypheap, folder / "min.ops")
    tries = re.search(r"(\d+) tries", said)
    result["tries"] = int(tries[1]) if tries else 0
    if result["signature"] != signature:
        return result | {"why": f"min: {result['signature']}, not {signature}"}
    status = run([hypheap, "min", "min.ops", "-o", "again.ops"], SECONDS, folder)[1]
    if status != 0 or (folder / "again.ops").read_bytes() != (folder / "min.ops").read_bytes():
        return result | {"why": "min: minimised again it is another program"}
    return result | {"ok": True}


def _built_with(command, library, other, name, folder):
    """By the printed command, warnings being errors. Return: exit status and output."""
    build = command.rsplit(" && ", 1)[0]
    build = build.replace("-o repro ", f"-Wall -Wextra -Werror -o {name} ")
    build = build.replace(library, other)
    _, status, said = run(["sh", "-c", build], SECONDS, folder)
    if status != 0:
        return None, said[-1500:]
    return run([f"./{name}"], SECONDS, folder)[1:]


def reproduce(hypheap, clean, folder):
    """min.ops as C: with the bug it fails, without it does not."""
    _, status, said = run([hypheap, "repro", "min.ops", "-o", "repro.c"], SECONDS, folder)
    if status != 0:
        return {"ok": False, "why": "repro: " + said.strip()}
    command = said.strip().splitlines()[-1]
    library = next((word for word in shlex.split(command) if word.endswith(".a")), "?")
    sound = str(clean.parent / "allocator" / "libhypheap_allocator.a")
    result = {"ok": False, "command": command}
    status, said = _built_with(command, library, library, "repro", folder)
    if status != 1:
        return result | {"why": f"repro: with the bug: status {status}: {said[-400:]}"}
    result["says"] = [line for line in said.splitlines() if "FAIL" in line][:3]
    status, said = _built_with(command, library, sound, "repro-clean", folder)
    if status != 0:
        return result | {"why": f"repro: without the bug: status {status}: {said[-400:]}"}
    return result | {"ok": True}


def snippet(hypheap, top, source, folder):
    """min.ops as a self test, compiled as a part of the allocator with the bug."""
    _, status, said = run([hypheap, "repro", "--selftest", "min.ops", "-o", "selftest.c"],
                          SECONDS, folder)
    if status == 2:
        # FILE: OPERATION: not in a self test: REASON
        named = re.search(r"hypheap: min\.ops: (?:(.+): )?not in a self test: (.+)$", said)
        if not named:
            return {"ok": False, "why": "selftest: " + said.strip()}
        return {"ok": True, "refused": named[2], "operation": named[1]}
    if status != 0:
        return {"ok": False, "why": "selftest: " + said.strip()}
    unit = folder / "unit.c"
    unit.write_text("#include <linux/string.h>\n#include <allocator/el2/alloc.c>\n"
                    '#include "selftest.c"\n', encoding="ascii")
    _, status, said = run([*COMPILE, f"-I{source}", f"-I{source}/allocator/kernel", f"-I{top}",
                           unit], SECONDS, folder)
    if status != 0:
        return {"ok": False, "why": "selftest: " + said[-1500:]}
    return {"ok": True, "refused": None}
