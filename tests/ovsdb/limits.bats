#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Clients that want too much, or do not read: they have an error or wait, the others notice
# nothing, memory stays bounded and comes back.  What the clients do is in limits.py.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

clients() { # WHAT
	python3 "$BATS_TEST_DIRNAME/limits.py" "$1" "$dir/db.sock" "$pid"
}

appctl() {
	ovs-appctl -t "$dir/ctl" "$@"
}

@test "sessions: more than there may be are closed, and a file can be opened all the same" {
	ulimit -n 300 # 44 sessions
	bvsd --schema="$schema" --unixctl="$dir/ctl" "$dir/conf.db"
	clients sessions >"$dir/seen" 3>&- &
	local client=$!
	servers+=("$client")
	until_true 20 grep -qx full "$dir/seen"
	grep 'event=session-refused.*44 sessions are open' "$dir/bvsd.log"
	appctl ovsdb-server/compact S
	touch "$dir/db.sock.go"
	wait "$client"
	until_true 10 eval 'appctl memory/show | grep -q sessions:0'
}

@test "a session that does nothing takes less than 3 kB" {
	ulimit -n 2000
	bvsd --schema="$schema"
	clients idle
}

@test "monitors of one session" {
	bvsd --schema="$schema" --unixctl="$dir/ctl"
	clients monitors
	until_true 10 eval 'appctl memory/show | grep -q "monitors:0 .*sessions:0"'
}

@test "waiting transactions and locks of one session" {
	bvsd --schema="$schema" --unixctl="$dir/ctl"
	clients waits
	clients locks
	until_true 10 eval 'appctl memory/show | grep -q "sessions:0 triggers:0"'
}

@test "a client that asks and does not read is not read either, then has all its answers" {
	bvsd --schema="$schema"
	clients unread
}

@test "clients that fall silent in the middle of a message hold up nobody" {
	bvsd --schema="$schema"
	clients halves
}

@test "a message that is too long ends its connection, and its memory comes back" {
	bvsd --schema="$schema" --unixctl="$dir/ctl"
	clients too_long
	until_true 10 eval 'appctl memory/show | grep -q sessions:0'
}
