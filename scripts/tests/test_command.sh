#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# How the scripts end: their words, their exit status, and no process left.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
exec python3 -B "$top/scripts/tests/command_cases.py"
