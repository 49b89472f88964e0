# SPDX-License-Identifier: GPL-2.0-only
"""One HTML page that needs no other file."""

from html import escape


def page(title, body, style):
    return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            f"<title>{escape(title)}</title><style>{style}</style></head>\n"
            f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n")
