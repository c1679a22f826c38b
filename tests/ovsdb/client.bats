#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Stock ovsdb-client, every command, at our server and at the stock one: the same output,
# complaint and status.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

setup() {
	set -o pipefail
	make_dir
	both_servers --unixctl="$dir/db.ctl"
}

# Everything that a user sees: output, complaint, status, without what differs from run
# to run.  SERVER in the words is the server.
seen() { # db|stock WORD...
	local sock=unix:$dir/$1.sock order="cat" status=0
	# These come in the order of a hash, which depends on the order of arrival.
	[[ $2 != list-[ct]* ]] || order="sort"
	shift
	timeout 10 ovsdb-client "${@/#SERVER/$sock}" >"$dir/out" 2>&1 <"${input:-/dev/null}" || status=$?
	plain "$dir/out" | $order && echo "status $status"
}

# Row versions and what the servers are called in, taken out of a file.
plain() {
	sed -E "s#$dir/[a-z]+\.sock#SOCKET#g; s/^[-0-9]+T[0-9:]+Z\|0000[0-9]\|//;
		s/[0-9a-f]{8}-[0-9a-f]{4}-[145][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/RANDOM/g" "$1"
}

# same WORD...: both servers answer alike, and something.
same() {
	local ours theirs
	ours=$(seen db "$@") || return
	theirs=$(seen stock "$@") || return
	[[ $ours == "$theirs" && -n $ours ]] && return
	printf '%s\nstock: %s\nours: %s\n' "$*" "$theirs" "$ours"
	return 1
}

transact() { # OPERATION...: on both, with the same answer, which is no error
	local IFS=,
	local operations=$*
	same transact SERVER "[\"S\",$operations]"
	refute grep -q error "$dir/out"
}

kid='"aaaaaaaa-0000-0000-0000-000000000000"'
root1='"11111111-0000-0000-0000-000000000000"'
root2='"22222222-0000-0000-0000-000000000000"'

fill() {
	transact "{\"op\":\"insert\",\"table\":\"Kid\",\"uuid\":$kid,\"row\":{\"n\":3,\"tags\":[\"set\",[\"a b\",\"c\"]]}}" \
		"{\"op\":\"insert\",\"table\":\"Root\",\"uuid\":$root1,\"row\":{\"name\":\"x, \\\"y\\\"\",\"i\":5,\"r\":0.25,\"eph\":7,\"kids\":[\"uuid\",$kid],\"weak1\":[\"uuid\",$kid],\"map\":[\"map\",[[\"k\",\"v\"],[\"l\",\"\"]]]}}" \
		"{\"op\":\"insert\",\"table\":\"Root\",\"uuid\":$root2,\"row\":{\"ints\":[\"set\",[3,1,2]],\"b\":true,\"opt\":\"é\"}}"
}

@test "list-dbs, get-schema, its version and checksum, list-tables, list-columns" {
	local word
	for word in list-dbs get-schema get-schema-version get-schema-cksum list-tables list-columns; do
		same "$word" SERVER
		same "$word" SERVER S
		same "$word" SERVER _Server
		same "$word" SERVER none
	done
	same list-columns SERVER S Kid
	same list-columns SERVER S none
	same get-schema SERVER S --pretty
}

@test "transact and query, good and bad" {
	fill
	local json
	for json in '["S"]' '[]' '{}' '"S"' '["S",{"op":"nosuch"}]' '["none"]' '["S",7]' '["S",{"op":"commit","durable":true}]' \
		'["S",{"op":"select","table":"Root","where":[["i",">",0]],"columns":["name","map"]}]' \
		'["S",{"op":"select","table":"Nope","where":[]}]' \
		'["S",{"op":"wait","table":"Root","timeout":0,"where":[],"columns":["i"],"until":"==","rows":[]}]' \
		'["S",{"op":"assert","lock":"l"}]' '["S",{"op":"abort"}]' 'not json' \
		'["S",{"op":"delete","table":"Kid","where":[]}]'; do
		same query SERVER "$json"
		same transact SERVER "$json"
	done
	# What a query changes is not kept.
	same query SERVER '["S",{"op":"delete","table":"Root","where":[["i","==",5]]},{"op":"select","table":"Root","where":[],"columns":["i"]}]'
	same query SERVER '["S",{"op":"select","table":"Root","where":[["i","==",5]],"columns":["i"]}]'
}

@test "dump, in every format" {
	fill
	local format
	same dump SERVER
	same dump SERVER S
	for format in table list html csv json; do
		same --format="$format" dump SERVER S
		same --format="$format" --data=json dump SERVER S Root name i map ints
		same --format="$format" --data=bare --no-headings dump SERVER S Kid
	done
	same --bare dump SERVER S Root opt
	same dump SERVER S none
	same dump SERVER S Root none
	same dump SERVER _Server Database name model connected leader
}

# The rows of a database file that ovsdb-client backup wrote.
rows_of() {
	grep -v '^OVSDB ' "$1" | jq -cS 'select(.tables | not) | del(._date)'
}

@test "backup and restore" {
	fill
	ovsdb-client backup "unix:$dir/db.sock" S >"$dir/ours"
	ovsdb-client backup "unix:$dir/stock.sock" S >"$dir/theirs"
	rows_of "$dir/ours"
	[ "$(rows_of "$dir/ours")" = "$(rows_of "$dir/theirs")" ]
	[ "$(ovsdb-tool db-cksum "$dir/ours")" = "$(ovsdb-tool db-cksum "$dir/theirs")" ]
	transact '{"op":"delete","table":"Root","where":[]}'
	# Each restores what the other saved.
	ovsdb-client restore "unix:$dir/db.sock" S <"$dir/theirs"
	ovsdb-client restore "unix:$dir/stock.sock" S <"$dir/ours"
	same dump SERVER S Root name i r ints kids map opt eph
	same dump SERVER S Kid n tags
	input=$schema same restore SERVER S
	input=$dir/ours same restore SERVER none
	input=$dir/ours same --force restore SERVER S
}

# watch WORD...: a monitor on each server, its output in $dir/db.seen and $dir/stock.seen.
watch() {
	local s
	for s in db stock; do
		ovsdb-client -vconsole:off "${@/#SERVER/unix:$dir/$s.sock}" >"$dir/$s.seen" 2>&1 3>&- &
		servers+=("$!")
	done
}

both_saw() { # PATTERN: in a watch's output
	grep -q "$1" "$dir/db.seen" && grep -q "$1" "$dir/stock.seen"
}

# Some changes, each of them waited for, as servers may tell two of them as one; then both
# outputs must be the same.
change_and_compare() {
	local n
	for n in 1 2 3; do
		transact "{\"op\":\"update\",\"table\":\"Root\",\"where\":[[\"_uuid\",\"==\",[\"uuid\",$root1]]],\"row\":{\"name\":\"name-$n\",\"i\":$n}}"
		until_true 10 both_saw "name-$n"
	done
	transact "{\"op\":\"mutate\",\"table\":\"Root\",\"where\":[],\"mutations\":[[\"ints\",\"insert\",[\"set\",[77,78]]],[\"ints\",\"delete\",1],[\"map\",\"delete\",[\"set\",[\"k\"]]],[\"i\",\"+=\",10]]}"
	transact '{"op":"insert","table":"Root","uuid":"33333333-0000-0000-0000-000000000000","row":{"name":"third","i":50}}'
	until_true 10 both_saw third
	transact '{"op":"delete","table":"Root","where":[["name","==","third"]]}' \
		"{\"op\":\"update\",\"table\":\"Root\",\"where\":[[\"_uuid\",\"==\",[\"uuid\",$root1]]],\"row\":{\"name\":\"the end\"}}"
	until_true 10 both_saw 'the end'
	plain "$dir/db.seen" >"$dir/ours"
	plain "$dir/stock.seen" >"$dir/theirs"
	diff "$dir/theirs" "$dir/ours"
}

@test "monitor: tables, columns, kinds of changes, formats" {
	fill
	local words
	for words in 'S Root' 'S Root name,i,ints' 'S Root name,i !delete,ints' 'S Root !initial,name' 'S ALL'; do
		# shellcheck disable=SC2086 # words
		watch --format=json monitor SERVER $words
		[[ $words == *initial* ]] || until_true 10 both_saw initial
		[[ $words != *initial* ]] || until_true 10 have_monitors 1
		change_and_compare
		end_watch
		refill
	done
	watch --format=csv --data=string monitor SERVER S Root name i
	until_true 10 both_saw initial
	change_and_compare
	end_watch
	same monitor SERVER S none
	same monitor SERVER S Root none
	same monitor SERVER none Root
}

@test "monitor-cond and monitor-cond-since" {
	fill
	local none=00000000-0000-0000-0000-000000000000
	watch --format=json monitor-cond SERVER S '[["i","<",12]]' Root name,i,ints,map
	until_true 10 both_saw initial
	# Rows move in and out of the condition.
	transact '{"op":"mutate","table":"Root","where":[],"mutations":[["i","+=",10]]}'
	until_true 10 both_saw '15\|delete'
	transact '{"op":"update","table":"Root","where":[],"row":{"i":2,"name":"the end"}}'
	until_true 10 both_saw 'the end'
	plain "$dir/db.seen" >"$dir/ours"
	plain "$dir/stock.seen" >"$dir/theirs"
	diff "$dir/theirs" "$dir/ours"
	end_watch
	same monitor-cond SERVER S '[["none","<",9]]' Root name
	same monitor-cond SERVER S 'nonsense' Root name
	same monitor-cond-since SERVER S nonsense '[]' Root name
	# The ids are real ones only with ours: they are RANDOM and zeros.
	watch --format=json monitor-cond-since SERVER S "$none" '[["i","<",12]]' Root name,i
	until_true 10 both_saw initial
	transact '{"op":"update","table":"Root","where":[],"row":{"i":3,"name":"again"}}'
	until_true 10 both_saw again
	sed -Ei "s/\"$none\"|\"RANDOM\"|$none|RANDOM/ID/" "$dir/stock.seen" "$dir/db.seen"
	plain "$dir/db.seen" | sed -E 's/"?RANDOM"?|ID/ID/' >"$dir/ours"
	plain "$dir/stock.seen" | sed -E 's/"?RANDOM"?|ID/ID/' >"$dir/theirs"
	diff "$dir/theirs" "$dir/ours"
}

# What servers count, as ovs-appctl memory/show has it.
have_monitors() {
	ovs-appctl -t "$dir/db.ctl" memory/show | grep -q "monitors:$1" &&
		ovs-appctl -t "$dir/stock.ctl" memory/show | grep -q "monitors:$1"
}

end_watch() {
	stop "${servers[-1]}"
	stop "${servers[-2]}"
	until_true 10 have_monitors 0
}

refill() {
	transact '{"op":"delete","table":"Root","where":[]}'
	fill
}

@test "needs-conversion and convert" {
	fill
	jq '.version = "2.0.0" | .tables.Root.columns.added = {"type":"string"} | del(.tables.Root.columns.map)' \
		"$schema" >"$dir/newer"
	same needs-conversion SERVER "$schema"
	same needs-conversion SERVER "$dir/newer"
	same convert SERVER "$dir/newer"
	same needs-conversion SERVER "$dir/newer"
	same get-schema-version SERVER S
	same dump SERVER S Root name i added
	same convert SERVER "$dir/none"
	echo '{"name":"S","version":"1","tables":{}}' >"$dir/bad"
	same convert SERVER "$dir/bad"
	jq '.name = "Other"' "$schema" >"$dir/other"
	same convert SERVER "$dir/other"
	# With one row only: which is met first is not told.
	transact '{"op":"delete","table":"Root","where":[["i","!=",5]]}'
	jq '.tables.Root.columns.name.type = "integer"' "$schema" >"$dir/clash"
	same convert SERVER "$dir/clash"
}

@test "wait" {
	same wait SERVER S connected
	same wait SERVER S added
	same wait SERVER none removed
	same -t 1 wait SERVER S removed
	same -t 1 wait SERVER none added
	same wait SERVER S nonsense
}

@test "lock, steal, unlock" {
	watch lock SERVER l
	until_true 10 both_saw '"locked":true'
	local waiting=("${servers[@]: -2}") s
	same unlock SERVER l
	for s in db stock; do
		mv "$dir/$s.seen" "$dir/$s.first"
	done
	watch steal SERVER l
	until_true 10 both_saw '"locked":true'
	diff "$dir/stock.seen" "$dir/db.seen"
	until_true 10 grep -q stolen "$dir/db.first"
	until_true 10 grep -q stolen "$dir/stock.first"
	stop "${servers[-1]}"
	stop "${servers[-2]}"
	until_true 10 grep -qx locked "$dir/db.first"
	until_true 10 grep -qx locked "$dir/stock.first"
	diff "$dir/stock.first" "$dir/db.first"
	stop "${waiting[0]}"
	stop "${waiting[1]}"
	same lock SERVER 'bad name'
}
