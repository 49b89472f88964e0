# SPDX-License-Identifier: GPL-2.0-only
"""How scripts/fuzz ends early."""

import os

TAIL_MOST = 64 << 10  # bytes


class Stop(Exception):
    """One clear line for the user, and the exit status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status
        self.text = text


def tail(path, lines):
    """The last lines of a log, for a message."""
    try:
        with open(path, "rb") as handle:
            handle.seek(0, os.SEEK_END)
            handle.seek(max(0, handle.tell() - TAIL_MOST))
            text = handle.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
