#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Replies of megabytes to clients that are slow to take them.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

setup() {
	make_dir
	bvsd --schema="$schema" --unixctl="$dir/ctl" "$dir/conf.db"
}

big_reply() { # SCENARIO [ARGUMENT]
	python3 "$BATS_TEST_DIRNAME/big_reply.py" "$1" "$dir/db.sock" "${@:2}"
}

@test "a big reply shows the database as it was; others change it meanwhile" {
	big_reply others
}

@test "who goes away in the middle of a big reply leaves nothing behind" {
	big_reply gone
	n_sessions() {
		ovs-appctl -t "$dir/ctl" memory/show | grep -q 'backlog:0 .* sessions:0 '
	}
	until_true 10 n_sessions
}

@test "a conversion lets big replies end with the old rows" {
	big_reply convert "$schema"
}

@test "a client that does not read costs no text of what it asked for" {
	! ldd "$BUILD/bvsd" | grep -q libasan || skip "sanitizers hold back what is freed"
	big_reply memory "$pid"
}
