# SPDX-License-Identifier: GPL-2.0-only
"""How scripts/fuzz ends early."""


class Stop(Exception):
    """One clear line for the user, and the exit status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status
        self.text = text


def tail(path, lines):
    """The last lines of a log, for a message."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
