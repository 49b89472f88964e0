# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the tests of scripts share. It sets top, the checkout, and work, a folder that
# goes when the test ends; a test stands two folders below top.

# shellcheck disable=SC2034 # for the test
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fail WORDS...: the end, with the last of what the last command said.
fail() {
	echo "FAIL: $*"
	[ ! -s "$work/log" ] || tail -n 40 "$work/log"
	exit 1
}

# expect STATUS COMMAND...: it ends so; what it says is in $work/log.
expect() {
	expected=$1
	shift
	status=0
	"$@" >"$work/log" 2>&1 </dev/null || status=$?
	[ "$status" -eq "$expected" ] ||
		fail "$*: exit status $status, expected $expected"
}

# says PATTERN: the last command did.
says() {
	grep -q -e "$1" "$work/log" || fail "it does not say: $1"
}
