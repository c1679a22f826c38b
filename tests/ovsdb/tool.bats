#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Stock ovsdb-tool, every command that reads or writes a standalone file, at the file of our
# server and at that of the stock one after the same transactions.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

setup() {
	set -o pipefail
	make_dir
	both_servers
	jq '.version = "2.0.0" | .tables.Root.columns.added = {"type":"string"}' "$schema" >"$dir/newer"
}

transact() { # OPERATION...: on both
	local IFS=, s
	for s in db stock; do
		ovsdb-client transact "unix:$dir/$s.sock" "[\"S\",$*]" >"$dir/out"
		refute grep error "$dir/out"
	done
}

seen() { # db|stock WORD...
	local status=0 file=$dir/$1.db
	shift
	ovsdb-tool "${@/#FILE/$file}" >"$dir/out" 2>&1 </dev/null || status=$?
	sed -E "s#$dir/(db|stock)\.#FILE.#g; s/[-0-9]{10} [0-9:.]+/TIME/; s/^[-0-9]+T[0-9:]+Z\|0000[0-9]\|//
		s/[0-9a-f]{8}-[0-9a-f]{4}-[14][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/RANDOM/g" "$dir/out" &&
		echo "status $status"
}

same() { # WORD...
	local ours theirs
	ours=$(seen db "$@") || return
	theirs=$(seen stock "$@") || return
	[[ $ours == "$theirs" ]] && return
	printf '%s\nstock: %s\nours: %s\n' "$*" "$theirs" "$ours"
	return 1
}

row='"11111111-0000-0000-0000-000000000000"'

change() {
	transact "{\"op\":\"insert\",\"table\":\"Root\",\"uuid\":$row,\"row\":{\"name\":\"x\",\"i\":5,\"ints\":[\"set\",[1,2]],\"map\":[\"map\",[[\"a\",\"b\"]]]}}" \
		'{"op":"comment","comment":"a remark"}'
	transact '{"op":"mutate","table":"Root","where":[],"mutations":[["ints","insert",["set",[3,4]]],["ints","delete",1],["map","insert",["map",[["c","d"]]]],["i","+=",1]]}'
	transact '{"op":"update","table":"Root","where":[],"row":{"opt":"o","eph":3}}'
	transact '{"op":"insert","table":"Root","uuid":"33333333-0000-0000-0000-000000000000","row":{"name":"gone"}}'
	transact '{"op":"delete","table":"Root","where":[["name","==","gone"]]}'
	transact '{"op":"update","table":"Root","where":[],"row":{"opt":["set",[]]}}'
}

@test "while it is served, the file is locked against writing only" {
	same db-name FILE
	same query FILE '["S",{"op":"select","table":"Root","where":[]}]'
	run ovsdb-tool transact "$dir/db.db" '["S",{"op":"comment","comment":"x"}]'
	[ "$status" -ne 0 ]
	[[ $output == *"locked by pid $pid"* ]]
	run ovsdb-tool compact "$dir/db.db"
	[ "$status" -ne 0 ]
}

@test "name, version, checksum, kind, log, query, transact, compact, convert" {
	change
	stop "$pid"
	stop "${servers[0]}"
	local word
	for word in db-name db-version db-cksum db-is-standalone db-is-clustered db-cid db-sid db-local-address; do
		same "$word" FILE
	done
	same needs-conversion FILE "$schema"
	same needs-conversion FILE "$dir/newer"
	same show-log FILE
	same -m show-log FILE
	same -mm show-log FILE
	same query FILE '["S",{"op":"select","table":"Root","where":[],"columns":["_uuid","name","i","ints","map","opt","eph"]}]'
	same query FILE '["S",{"op":"delete","table":"Root","where":[]}]'
	same transact FILE '["S",{"op":"mutate","table":"Root","where":[],"mutations":[["ints","insert",9],["map","delete",["set",["a"]]]]}]'
	same transact FILE '["S",{"op":"nonsense"}]'
	same show-log FILE
	same compact FILE FILE.copy
	same query FILE.copy '["S",{"op":"select","table":"Root","where":[],"columns":["name","ints","map"]}]'
	same compact FILE
	same convert FILE "$dir/newer" FILE.newer
	same db-version FILE.newer
	same convert FILE "$dir/newer"
	same db-version FILE
	# What the tool made of our file is served again.
	bvsd "$dir/db.db"
	ovsdb-client dump "unix:$dir/db.sock" S Root name ints added | grep -F '[2, 3, 4, 9]'
}
