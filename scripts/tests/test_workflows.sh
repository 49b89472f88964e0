#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The workflows and the fuzzing service's files say what is so: YAML that parses
# without a key twice, jobs and steps of the right form, scripts and options that
# there are, and every target, sanitizer and engine.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
exec python3 -B "$top/scripts/tests/workflows.py" "$top"
