# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# For the scripts beside this folder: . "$(dirname "$0")/lib/common.sh"

# The repository, from wherever the script was called.
# shellcheck disable=SC2034 # used by those who read this file
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

me=$(basename -- "$0")

say() {
	printf '%s: %s\n' "$me" "$*"
}

# die STATUS TEXT...
die() {
	status=$1
	shift
	printf '%s: %s\n' "$me" "$*" >&2
	exit "$status"
}

# usage_of: the comment at the head of the script, from its third line on.
usage_of() {
	sed -n '3,/^[^#]/{/^#/s/^# \{0,1\}//p;}' "$0"
}
