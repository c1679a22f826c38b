# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For tests that talk to a server on a socket: ours (bvsd, at $sock) and the stock one
# (stock), each in $dir, both ended by stop_servers.  A file that needs more than this setup
# or teardown has its own below the load.
root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=${BUILD:-build}
[[ $BUILD == /* ]] || BUILD=$root/$BUILD
PATH=$root/build/peers/bin:$PATH
# shellcheck disable=SC2034 # for the tests
schema=$BATS_TEST_DIRNAME/session.ovsschema

make_dir() {
	dir=$(mktemp -d "${BATS_TMPDIR:-/tmp}/bvs-ovsdb.XXXXXX")
	export OVS_RUNDIR=$dir OVS_DBDIR=$dir OVS_LOGDIR=$dir
	# shellcheck disable=SC2034 # for the tests
	sock=unix:$dir/db.sock db=$dir/conf.db
	servers=()
	in_net=() # put before programs that belong into the private network
}

setup() {
	make_dir
}

teardown() {
	stop_servers
}

is_elsewhere() { # PID NAMESPACE
	[[ $(readlink "/proc/$1/ns/net") != "$2" ]]
}

# A network namespace with nothing but a loopback device; ends with the servers.
private_net() {
	((EUID == 0)) || skip "needs root for a network namespace"
	local here
	here=$(readlink /proc/self/ns/net)
	unshare -n sleep infinity 3>&- &
	servers+=("$!")
	until_true 10 is_elsewhere "$!" "$here"
	in_net=(nsenter -t "$!" -n)
	"${in_net[@]}" ip link set lo up
}

# until_true LIMIT COMMAND...: the condition is looked at until it holds or LIMIT
# seconds are over.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.02
	done
}

is_started() { # PID LOG
	grep -qs event=started "$2" || ! kill -0 "$1" 2>/dev/null
}

# bvsd ARGUMENT...: starts ours with --db-only, listening on $dir/db.sock; its pid is
# in $pid.
bvsd() {
	# A log of its own: what an earlier one wrote must not count as this one's.
	[[ ! -e $dir/bvsd.log ]] || mv "$dir/bvsd.log" "$dir/bvsd.log.$SECONDS.$RANDOM"
	"${in_net[@]}" "$BUILD/bvsd" --db-only --remote="punix:$dir/db.sock" "$@" >"$dir/bvsd.log" 2>&1 3>&- &
	pid=$!
	servers+=("$pid")
	until_true 10 is_started "$pid" "$dir/bvsd.log"
	kill -0 "$pid"
}

# bvsd_on_stuck_disk ARGUMENT...: the same, on a disk that does nothing while $dir/stuck
# exists; $dir/stuck.waiting says that a sync waits for it.
bvsd_on_stuck_disk() {
	"${CC:-gcc}" -shared -fPIC -D_GNU_SOURCE -o "$dir/disk.so" "$BATS_TEST_DIRNAME/stuck_disk.c"
	# A sanitizer wants to be loaded first, and can do without.
	ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=$dir/disk.so STUCK_DISK=$dir/stuck bvsd "$@"
}

# stock SCHEMA: Debian's ovsdb-server on a new file, listening on $dir/stock.sock.
stock() {
	ovsdb-tool create "$dir/stock.db" "$1"
	"$root/build/peers/bin/ovsdb-server" --remote="punix:$dir/stock.sock" \
		--unixctl="$dir/stock.ctl" -vconsole:off "$dir/stock.db" >"$dir/stock.log" 2>&1 3>&- &
	servers+=("$!")
	until_true 10 test -S "$dir/stock.sock"
}

stop() { # PID [SIGNAL]
	kill "-${2:-TERM}" "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

stop_servers() {
	local p
	rm -f "$dir/stuck"
	for p in "${servers[@]}"; do
		stop "$p" KILL || true
	done
	# A server's own complaint belongs to the test's output.
	cat "$dir"/bvsd.log* | sed 's/^/bvsd: /'
	rm -rf "$dir"
}

# Both, with the same schema and a file each: ours with these arguments on $dir/db.db.
both_servers() { # ARGUMENT...
	stock "$schema"
	ovsdb-tool create "$dir/db.db" "$schema"
	bvsd "$@" "$dir/db.db"
}

# Runs a command that must not write to stderr.
quiet() {
	local rc=0
	"$@" 2>"$dir/stderr" || rc=$?
	if [[ -s $dir/stderr ]]; then
		echo "$* wrote to stderr:" >&2
		cat "$dir/stderr" >&2
		return 1
	fi
	return "$rc"
}

refute() {
	! "$@"
}
