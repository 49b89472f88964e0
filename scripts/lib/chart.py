# SPDX-License-Identifier: GPL-2.0-only
"""Charts, drawn by gnuplot as SVG."""

import subprocess
import tempfile
from pathlib import Path

from fuzz_error import Stop


def draw(path, lines, *, xlabel, ylabel, settings=(), style="lines", size="800,500"):
    """An SVG file with a line for each of lines, which maps titles to (x, y) pairs.

    settings are gnuplot's, a line each. Stop if there is no gnuplot, or it complains.
    """
    with tempfile.TemporaryDirectory() as folder:
        plots = []
        for i, (title, points) in enumerate(lines.items()):
            data = Path(folder) / f"{i}.dat"
            data.write_text("".join(f"{x:.6g} {y:.10g}\n" for x, y in points),
                            encoding="ascii")
            plots.append(f"'{data}' using 1:2 with {style} lw 2 title '{_plain(title)}'")
        script = "\n".join([
            f"set terminal svg size {size} background 'white'", f"set output '{path}'",
            f"set xlabel '{_plain(xlabel)}'", f"set ylabel '{_plain(ylabel)}'",
            "set key left top noenhanced", "set grid", *settings,
            "plot " + ", ".join(plots), ""])
        try:
            result = subprocess.run(["gnuplot"], input=script, text=True, check=False,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except FileNotFoundError as error:
            raise Stop(2, "a chart needs gnuplot (package gnuplot-nox)") from error
    if result.returncode:
        raise Stop(2, f"gnuplot: {result.stdout}")


def _plain(text):
    return text.replace("'", "")
