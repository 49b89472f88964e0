#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the scripts share: how they end (words, exit status, no process left), how they
# do many things at a time, when they call cmake.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
exec python3 -B "$top/scripts/tests/command_cases.py"
