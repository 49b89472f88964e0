# SPDX-License-Identifier: GPL-2.0-only
"""join_tests.py FOLDER PRESET...: one ctest project out of those of the presets.

Each test is called PRESET/NAME, so that one run and one summary tell of all.
Two that are no presets: lint, and scripts for scripts/tests/test_*.sh."""

import json
import subprocess
import sys
from pathlib import Path

LINT = ("tidy", "format", "shell", "sparse", "page")
# What takes long, the longest first: ctest begins with it, so that in the end no core
# waits for one test. A name that is gone costs nothing; one that is new comes later.
LONGEST = ("lint/tidy", "scripts/test_distil", "scripts/test_smoke", "scripts/test_bisect",
           "scripts/test_coverage", "scripts/test_campaign", "scripts/test_fuzz",
           "scripts/test_campaign_real", "scripts/test_arm64", "scripts/test_ossfuzz",
           "scripts/test_mutants", "scripts/test_selfcheck", "scripts/test_crashbench",
           "scripts/test_bugbench", "scripts/test_freestanding", "scripts/test_digests",
           "scripts/test_campaign_sync", "gcc/test_page", "dev/test_cli", "gcc/test_cli",
           "dev/test_foreign", "gcc/test_foreign")


# Who looks at all builds that are there begins before another one makes one more.
AFTER = {"scripts/test_arm64": "scripts/test_digests"}


def quote(value):
    """As a bracket argument, in which nothing has a meaning."""
    return f"[==[{value}]==]"


def tests_of(preset):
    """(name, command, properties) of each test that a build folder has."""
    result = subprocess.run(["ctest", "--test-dir", f"build/{preset}", "--show-only=json-v1"],
                            capture_output=True, text=True, check=True)
    for test in json.loads(result.stdout)["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        yield f"{preset}/{test['name']}", test.get("command", [test["name"]]), properties


def lint_tests(top):
    for check in LINT:
        command = [str(top / "scripts/lint"), check]
        yield f"lint/{check}", command, {"TIMEOUT": 1800, "WORKING_DIRECTORY": str(top)}


def script_tests(top):
    for test in sorted((top / "scripts/tests").glob("test_*.sh")):
        yield f"scripts/{test.stem}", ["sh", str(test)], {"TIMEOUT": 1800, "SKIP_RETURN_CODE": 77}


def value_of(value):
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, list):
        return quote(";".join(str(item).replace(";", r"\;") for item in value))
    return quote(value)


def main():
    folder = Path(sys.argv[1])
    top = Path(__file__).resolve().parents[2]
    special = {"lint": lint_tests, "scripts": script_tests}
    lines = []
    for preset in sys.argv[2:]:
        tests = special[preset](top) if preset in special else tests_of(preset)
        for name, command, properties in tests:
            if name in LONGEST:
                properties["COST"] = len(LONGEST) - LONGEST.index(name)
            if name in AFTER:
                properties["DEPENDS"] = AFTER[name]
            lines.append(f"add_test({quote(name)} {' '.join(map(quote, command))})")
            pairs = " ".join(f"{key} {value_of(value)}" for key, value in properties.items())
            if pairs:
                lines.append(f"set_tests_properties({quote(name)} PROPERTIES {pairs})")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "CTestTestfile.cmake").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
