#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The file is made small while clients are served.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

insert() { # I
	quiet timeout 10 ovsdb-client transact "$sock" \
		"[\"S\",{\"op\":\"insert\",\"table\":\"Root\",\"row\":{\"i\":$1}}]"
}

n_rows() {
	ovsdb-client transact "$sock" \
		'["S",{"op":"select","table":"Root","where":[],"columns":["_uuid"]}]' |
		jq '.[0].rows | length'
}

@test "while the disk is stuck in a compaction, clients are served; its command waits for the end" {
	bvsd_on_stuck_disk --schema="$schema" --unixctl="$dir/ctl" "$db"
	insert 1
	insert 2
	touch "$dir/stuck"
	ovs-appctl -t "$dir/ctl" ovsdb-server/compact S >"$dir/answer" 2>&1 3>&- &
	local first=$!
	until_true 10 test -e "$dir/stuck.waiting"
	ovs-appctl -t "$dir/ctl" ovsdb-server/compact >"$dir/answer2" 2>&1 3>&- & # joins it
	local second=$!
	insert 3
	[ "$(n_rows)" = 3 ]
	[ "$(ovsdb-tool query "$db" '["S",{"op":"select","table":"Root","where":[],"columns":["i"]}]' |
		jq -c '[.[0].rows[].i] | sort')" = '[1,2,3]' ]
	kill -0 "$first" "$second" # still waiting
	rm "$dir/stuck"
	wait "$first"
	wait "$second"
	[ ! -s "$dir/answer" ]
	[ ! -s "$dir/answer2" ]
	ovsdb-tool show-log "$db" | grep -q 'compacting database online'
	insert 4
	stop "$pid" KILL
	bvsd "$db"
	[ "$(n_rows)" = 4 ]
}

@test "who asked may go away, the server may end: in the middle of a compaction" {
	bvsd_on_stuck_disk --schema="$schema" --unixctl="$dir/ctl" "$db"
	insert 1
	touch "$dir/stuck"
	ovs-appctl -t "$dir/ctl" ovsdb-server/compact >"$dir/answer" 2>&1 3>&- &
	until_true 10 test -e "$dir/stuck.waiting"
	stop "$!" KILL
	insert 2
	ovs-appctl -t "$dir/ctl" ovsdb-server/compact >"$dir/answer" 2>&1 3>&- &
	kill -TERM "$pid"
	rm "$dir/stuck"
	wait "$pid"
	[ ! -e "$db.compact" ]
	bvsd "$db"
	[ "$(n_rows)" = 2 ]
}

@test "100 clients, compactions, kill -9 at any moment: no acknowledged row is lost" {
	local seed=${SEED:-$RANDOM} i
	echo "SEED=$seed"
	bvsd --schema="$schema" --unixctl="$dir/ctl" "$db"
	for i in 1 2 3 4 5 6; do
		python3 "$BATS_TEST_DIRNAME/compaction.py" "$dir/db.sock" "$pid" "$dir/ctl" \
			"$dir/acknowledged" "$((seed + i))"
		wait "$pid" || true
		bvsd --unixctl="$dir/ctl" "$db"
	done
	python3 "$BATS_TEST_DIRNAME/compaction.py" "$dir/db.sock" "$pid" "$dir/ctl" \
		"$dir/acknowledged" "$seed"
	(($(wc -l <"$dir/acknowledged") > 6))
	ovsdb-tool query "$db" '["S",{"op":"select","table":"Root","where":[],"columns":["i"]}]' |
		jq '.[0].rows[].i' >"$dir/rows"
	[ -z "$(sort -u "$dir/acknowledged" | comm -23 - <(sort -u "$dir/rows"))" ]
}
