#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/campaign-sync: two machines get each other's finds, over a folder that
# both see and over a network, and nobody writes into another's queue. The
# machines are network namespaces; where there may be none, rsync daemons alone.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
sync=$top/scripts/campaign-sync
work=$(mktemp -d)
daemons=
# shellcheck disable=SC2154 # pid is the loop's
trap 'for pid in $daemons; do kill "$pid" 2>/dev/null || true; done; rm -rf "$work"' EXIT

fail() {
	echo "FAIL: $*"
	[ ! -s "$work/log" ] || cat "$work/log"
	exit 1
}

# expect STATUS WORDS COMMAND...
expect() {
	expected=$1
	words=$2
	shift 2
	status=0
	"$@" >"$work/log" 2>&1 || status=$?
	[ "$status" -eq "$expected" ] || fail "$*: exit status $status, expected $expected"
	grep -q -e "$words" "$work/log" || fail "$*: does not say: $words"
}

# host NAME: a campaign's folder with an input of its own, and one of AFL++'s
host() {
	folder=$work/$1
	for target in fuzz_heap fuzz_text; do
		mkdir -p "$folder/corpus/$target" "$folder/tmp"
		for instance in "main-$1" "exploit-$1"; do
			mkdir -p "$folder/afl/$target/$instance/queue/.state"
			echo "$instance" >"$folder/afl/$target/$instance/queue/id:000000,orig:one"
			echo no >"$folder/afl/$target/$instance/fuzzer_stats"
		done
		echo "$1 $target" >"$folder/one"
		mv "$folder/one" "$folder/corpus/$target/$(sha1sum <"$folder/one" | cut -c 1-40)"
	done
	echo "{\"host\": \"$1\"}" >"$folder/campaign.json"
}

# has FOLDER HOST: what HOST found
has() {
	for target in fuzz_heap fuzz_text; do
		name=$(echo "$2 $target" | sha1sum | cut -c 1-40)
		[ -s "$1/corpus/$target/$name" ] || fail "$1 has no input of $2 for $target"
		[ -s "$1/afl/$target/main-$2/queue/id:000000,orig:one" ] ||
			fail "$1 has not the queue of main-$2"
		[ ! -e "$1/afl/$target/exploit-$2" ] || [ "$1" = "$work/$2" ] ||
			fail "$1 has an instance of $2 that is not main"
		[ ! -e "$1/afl/$target/main-$2/fuzzer_stats" ] || [ "$1" = "$work/$2" ] ||
			fail "$1 has more than the queue of main-$2"
	done
}

expect 0 'A PEER is' "$sync" --help
expect 2 'no campaign there' "$sync" -d "$work/none" "$work"
host a
expect 2 'not a folder' "$sync" -d "$work/a" "$work/none"
expect 2 'own folder' "$sync" -d "$work/a" "$work/a"

# a folder that all see, no machine's own; then it is not asked for the same again
host b
mkdir "$work/shared"
expect 0 ': 0 files came, 4 went' "$sync" -d "$work/a" "$work/shared"
expect 0 ': 4 files came, 4 went' "$sync" -d "$work/b" "$work/shared"
expect 0 ': 4 files came, 0 went' "$sync" -d "$work/a" "$work/shared"
expect 0 ': 0 files came, 0 went' "$sync" -d "$work/a" "$work/shared"
has "$work/a" b
has "$work/b" a

# what was damaged on the way out does not get in
host c
damaged=$work/c/corpus/fuzz_heap/da39a3ee5e6b4b0d3255bfef95601890afd80709
echo damaged >"$damaged"
expect 0 ': 4 files came, 0 went' "$sync" -d "$work/b" --pull "$work/c"
[ ! -e "$work/b/corpus/fuzz_heap/da39a3ee5e6b4b0d3255bfef95601890afd80709" ] ||
	fail 'a damaged input came'
rm "$damaged"

command -v rsync >/dev/null || fail 'rsync is missing: run scripts/setup'
# another machine's own queue, changed here, is not sent back
rm -rf "$work/a" "$work/b"
host a
host b

# serve NAME ADDRESS COMMAND...: NAME's folder, by a daemon that COMMAND starts
serve() {
	cat >"$work/$1.conf" <<END
use chroot = no
port = 8873
pid file = $work/$1.pid
[campaign]
path = $work/$1
read only = no
uid = $(id -u)
gid = $(id -g)
END
	config=$work/$1.conf
	address=$2
	shift 2
	"$@" rsync --daemon --no-detach --address="$address" --config="$config" \
		>"$work/daemon" 2>&1 &
	daemons="$daemons $!"
}

in_namespaces() {
	net_a="hypa$$"
	net_b="hypb$$"
	{ ip netns add "$net_a" && ip netns add "$net_b"; } 2>/dev/null || return 1
	trap 'for pid in $daemons; do kill "$pid" 2>/dev/null || true; done
		ip netns del "$net_a"; ip netns del "$net_b"; rm -rf "$work"' EXIT
	ip -n "$net_a" link add veth0 type veth peer name veth0 netns "$net_b"
	ip -n "$net_a" addr add 10.99.0.1/24 dev veth0
	ip -n "$net_b" addr add 10.99.0.2/24 dev veth0
	ip -n "$net_a" link set veth0 up
	ip -n "$net_b" link set veth0 up
	serve b 10.99.0.2 ip netns exec "$net_b"
	peer=rsync://10.99.0.2:8873/campaign
	as_a="ip netns exec $net_a"
}

if in_namespaces; then
	echo 'two hosts in network namespaces'
else
	echo 'no network namespaces here: both on localhost'
	serve b 127.0.0.1
	peer=rsync://127.0.0.1:8873/campaign
	as_a=
fi
tries=0
# shellcheck disable=SC2086 # as_a is a few words, or none
until $as_a rsync "$peer" >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ "$tries" -lt 200 ] || fail "the daemon does not answer: $(cat "$work/daemon")"
	sleep 0.1
done

# b's own copy of what a will have: a must not write into b's queue
mkdir -p "$work/a/afl/fuzz_heap/main-b/queue"
echo old >"$work/a/afl/fuzz_heap/main-b/queue/id:000009,orig:old"
# shellcheck disable=SC2086
expect 0 ': 4 files came, 4 went' $as_a "$sync" -d "$work/a" "$peer"
has "$work/a" b
has "$work/b" a
[ ! -e "$work/b/afl/fuzz_heap/main-b/queue/id:000009,orig:old" ] ||
	fail "a wrote into b's queue"
# shellcheck disable=SC2086
expect 0 ': 0 files came, 0 went' $as_a "$sync" -d "$work/a" "$peer"
[ -z "$(find "$work/a/tmp" "$work/b/tmp" -type f)" ] || fail 'something is left in tmp'

# one that is not there does not keep the others from it
host c
# shellcheck disable=SC2086
expect 2 ': 8 files came, 0 went' $as_a "$sync" -d "$work/c" --pull \
	"rsync://127.0.0.1:1/campaign" "$peer"
has "$work/c" a
has "$work/c" b
echo 'both have what both found'
