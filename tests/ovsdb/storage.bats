#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What clients and stock tools see of storage: reconnecting with what they know, online
# conversion, files of other versions, damaged files.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

transact() { # OPERATIONS
	quiet timeout 10 ovsdb-client transact "$sock" "[\"S\",$1]"
}

n_rows() {
	transact '{"op":"select","table":"Root","where":[],"columns":["_uuid"]}' | jq '.[0].rows | length'
}

insert() { # I
	transact "{\"op\":\"insert\",\"table\":\"Root\",\"row\":{\"i\":$1}}" >/dev/null
}

# newer_schema: with a column "added", as version 2.0.0, in $dir/newer.
newer_schema() {
	jq '.version = "2.0.0" | .tables.Root.columns.added = {"type":"string"}' "$schema" >"$dir/newer"
}

resync() { # STEP
	PYTHONPATH=$root/build/peers/usr/lib/python3/dist-packages \
		python3 "$BATS_TEST_DIRNAME/resync.py" "$1" "$dir" "$BATS_TEST_DIRNAME"
}

@test "a client that comes back is told only what it missed, also after a restart" {
	bvsd --schema="$schema" "$db"
	resync first
	resync again
	stop "$pid" KILL
	bvsd "$db"
	resync restarted
	stop "$pid"
	ovsdb-tool compact "$db" # its ids are not ours
	bvsd "$db"
	resync unknown
}

@test "the Python IDL follows over reconnections and restarts" {
	bvsd --schema="$schema" "$db"
	ovsdb-client get-schema "$sock" S >"$dir/schema"
	mkfifo "$dir/go"
	resync idl <"$dir/go" >"$dir/idl" 2>&1 3>&- &
	servers+=("$!")
	exec 9>"$dir/go"
	until_true 10 grep -qx "rows 0" "$dir/idl"
	insert 1
	until_true 10 grep -qx "rows 1" "$dir/idl"
	stop "$pid" KILL
	bvsd "$db"
	insert 2
	until_true 10 grep -qx "rows 1 2" "$dir/idl"
	grep -qx "resumed True" "$dir/idl"
	exec 9>&-
}

@test "ovsdb-client convert, online" {
	newer_schema
	bvsd --schema="$schema" "$db"
	insert 5
	run ovsdb-client needs-conversion "$sock" "$dir/newer"
	[ "$output" = yes ]
	quiet ovsdb-client convert "$sock" "$dir/newer"
	[ "$(ovsdb-client get-schema-version "$sock" S)" = 2.0.0 ]
	ovsdb-client dump "$sock" _Server Database name schema | grep -q 'version.*2\.0\.0'
	transact '{"op":"update","table":"Root","where":[["i","==",5]],"row":{"added":"x"}}'
	insert 6
	stop "$pid" KILL
	[ "$(ovsdb-tool db-version "$db")" = 2.0.0 ]
	ovsdb-tool show-log "$db" | grep 'converted by ovsdb-server'
	bvsd "$db"
	transact '{"op":"select","table":"Root","where":[["added","==","x"]],"columns":["i"]}' |
		jq -e '.[0].rows == [{"i":5}]'
	[ "$(n_rows)" = 2 ]
}

@test "who knows of conversions is told, others are disconnected: as the stock server does it" {
	bvsd --schema="$schema" "$db"
	python3 "$BATS_TEST_DIRNAME/convert.py" "$dir/db.sock" "$schema"
	stock "$schema"
	python3 "$BATS_TEST_DIRNAME/convert.py" "$dir/stock.sock" "$schema"
}

@test "the stock server starts with a converted and compacted file" {
	newer_schema
	bvsd --schema="$schema" --unixctl="$dir/ctl" "$db"
	insert 1
	quiet ovsdb-client convert "$sock" "$dir/newer"
	insert 2
	stop "$pid" KILL
	ovsdb-server --remote="punix:$dir/stock.sock" --unixctl="$dir/ctl2" -vconsole:off "$db" 3>&- &
	servers+=("$!")
	until_true 10 test -S "$dir/stock.sock"
	sock=unix:$dir/stock.sock
	[ "$(n_rows)" = 2 ]
}

@test "while the disk takes no more, transactions fail whole and reads are served; then it goes on" {
	bvsd --schema="$schema" "$db"
	insert 1
	local size
	size=$(stat -c %s "$db")
	prlimit --pid "$pid" --fsize=$((size + 50)):
	for _ in 1 2; do
		transact '{"op":"insert","table":"Root","row":{"i":2,"name":"a name that does not fit"}},{"op":"commit","durable":true}' |
			jq -e '.[2] | .error == "I/O error" and (.details | contains("File too large"))'
		[ "$(n_rows)" = 1 ]
		[ "$(stat -c %s "$db")" = "$size" ]
	done
	# What is not kept in the file is not refused.
	transact '{"op":"update","table":"Root","where":[],"row":{"eph":3}}' | jq -e '.[0].count == 1'
	prlimit --pid "$pid" --fsize=unlimited:
	insert 3
	[ "$(n_rows)" = 2 ]
	stop "$pid" KILL
	ovsdb-tool query "$db" '["S",{"op":"select","table":"Root","where":[],"columns":["i"]}]' |
		jq -e '[.[0].rows[].i] | sort == [1,3]'
	bvsd "$db"
	refute grep file-torn "$dir/bvsd.log"
	[ "$(n_rows)" = 2 ]
}

@test "damage in the middle: refused, then salvaged" {
	bvsd --schema="$schema" "$db"
	insert 1
	local offset
	offset=$(stat -c %s "$db")
	insert 2
	insert 3
	stop "$pid"
	printf X | dd of="$db" bs=1 seek=$((offset + 70)) conv=notrunc status=none
	run "$BUILD/bvsd" --db-only --remote="punix:$dir/db.sock" "$db"
	[ "$status" -eq 1 ]
	[[ $output == *"damaged at offset $offset"*"bvsctl db salvage $db NEWFILE"* ]]
	run "$BUILD/bvsctl" db salvage "$db" "$dir/new.db"
	[ "$status" -eq 0 ]
	[[ $output == *"offsets $offset to "*"are lost"* ]]
	ovsdb-tool query "$dir/new.db" '["S",{"op":"select","table":"Root","where":[],"columns":["i"]}]' |
		jq -e '[.[0].rows[].i] | sort == [1,3]'
	bvsd "$dir/new.db"
	[ "$(n_rows)" = 2 ]
	run "$BUILD/bvsctl" db salvage "$db" "$dir/new.db"
	[ "$status" -eq 1 ]
	[[ $output == *"$dir/new.db"*exists* ]]
	run "$BUILD/bvsctl" db salvage "$db"
	[ "$status" -eq 2 ]
}

@test "salvage: what refers to lost rows is mended and said" {
	bvsd --schema="$schema" "$db"
	transact '{"op":"insert","table":"Kid","row":{"n":1},"uuid-name":"k"},{"op":"insert","table":"Root","row":{"i":1,"kids":["named-uuid","k"]}}' >/dev/null
	local offset
	offset=$(stat -c %s "$db")
	transact '{"op":"insert","table":"Kid","row":{"n":2},"uuid-name":"k"},{"op":"insert","table":"Root","row":{"i":2,"kids":["named-uuid","k"]}}' >/dev/null
	transact '{"op":"select","table":"Kid","where":[["n","==",2]],"columns":["_uuid"]}' |
		jq -c '.[0].rows[0]._uuid' >"$dir/kid"
	transact "{\"op\":\"mutate\",\"table\":\"Root\",\"where\":[[\"i\",\"==\",1]],\"mutations\":[[\"kids\",\"insert\",$(cat "$dir/kid")]]}" >/dev/null
	stop "$pid"
	printf X | dd of="$db" bs=1 seek=$((offset + 70)) conv=notrunc status=none
	run "$BUILD/bvsctl" db salvage "$db" "$dir/new.db"
	[ "$status" -eq 0 ]
	[[ $output == *"column kids refers to rows that are lost"* ]]
	bvsd "$dir/new.db"
	transact '{"op":"select","table":"Root","where":[],"columns":["i"]}' | jq -e '.[0].rows == [{"i":1}]'
	transact '{"op":"select","table":"Kid","where":[],"columns":["n"]}' | jq -e '.[0].rows == [{"n":1}]'
}
