# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/lint checks of the page of "hypheap report": lint_page.py FOLDER.

JavaScript: the syntax of each file, and of all of them as the one strict script
that they become, where no name may be declared twice. Styles: braces and comments
close, and a colour is declared if and only if it is used.
Exit status: 0 clean or no node to ask, which is said; 1 there are complaints."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def listed(folder, name):
    """The files of a list in CMakeLists.txt, in the order in which they are embedded."""
    text = (folder / "CMakeLists.txt").read_text(encoding="utf-8")
    return [folder / file for file in re.search(rf"set\({name} ([^)]*)\)", text)[1].split()]


def syntax(file):
    """Node's complaints, which begin with file and line."""
    done = subprocess.run(["node", "--check", file], capture_output=True, text=True,
                          check=False)
    return [done.stderr.strip()] if done.returncode else []


def scripts(folder):
    files = listed(folder, "scripts")
    unlisted = set(folder.glob("*.js")) - set(files)
    wrong = [f"{file}: not in the list of CMakeLists.txt" for file in sorted(unlisted)]
    if not shutil.which("node"):
        print("node is missing: JavaScript is not checked", file=sys.stderr)
        return wrong
    wrong += [line for file in files for line in syntax(file)]
    if not wrong:
        with tempfile.NamedTemporaryFile("w", suffix=".js", encoding="utf-8") as whole:
            for file in files:
                whole.write(file.read_text(encoding="utf-8"))
            whole.flush()
            wrong += ["all scripts together: " + line for line in syntax(whole.name)]
    return wrong


def styles(folder):
    wrong, used, declared = [], set(), set()
    for file in listed(folder, "styles"):
        text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]),
                      file.read_text(encoding="utf-8"), flags=re.S)
        depth = 0
        for number, line in enumerate(text.split("\n"), 1):
            depth += line.count("{") - line.count("}")
            if depth < 0 or "/*" in line or "*/" in line:
                wrong.append(f"{file}:{number}: a brace or a comment does not match")
                break
        else:
            if depth:
                wrong.append(f"{file}: {depth} braces are open at its end")
        used |= set(re.findall(r"var\((--[\w-]+)\)", text))
        declared |= set(re.findall(r"^\s*(--[\w-]+):", text, re.M))
    for file in listed(folder, "scripts"):
        used |= set(re.findall(r"--[a-z][\w-]*", file.read_text(encoding="utf-8")))
    wrong += [f"{folder}: {name} is used and not declared" for name in sorted(used - declared)]
    wrong += [f"{folder}: {name} is declared and not used" for name in sorted(declared - used)]
    return wrong


def main(argv):
    folder = Path(argv[0])
    wrong = scripts(folder) + styles(folder)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
