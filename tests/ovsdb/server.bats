#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Stock tools against our server: ovsdb-client and ovs-vsctl on the socket, ovsdb-tool on
# the file; what survives an end of any kind; what is refused at the start.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

vsctl() {
	quiet timeout 10 ovs-vsctl --no-wait --db="$sock" "$@"
}

client() {
	quiet timeout 10 ovsdb-client "$@"
}

transact() { # DATABASE OPERATIONS
	client transact "$sock" "[\"$1\",$2]"
}

insert='{"op":"insert","table":"Root","row":{"name":"x","i":5,"eph":7}}'
select='{"op":"select","table":"Root","where":[],"columns":["name","i"]}'

@test "ovsdb-client: list-dbs, get-schema, list-tables, list-columns, transact, query, dump" {
	bvsd --schema="$schema"
	[ "$(client list-dbs "$sock")" = $'S\n_Server' ]
	client get-schema "$sock" S | jq -e '.tables.Root.columns.few.type.max == 3'
	[ "$(client get-schema-version "$sock" S)" = 1.0.0 ]
	client list-tables "$sock" S | grep -w Kid
	client list-columns "$sock" S Root | grep -w weak1
	transact S "$insert" | jq -e '.[0].uuid[0] == "uuid"'
	[ "$(client query "$sock" "[\"S\",$select]")" = '[{"rows":[{"i":5,"name":"x"}]}]' ]
	client dump "$sock" S Root name i | grep -w '5 x'
	client dump "$sock" _Server Database name model | grep -w "standalone S"
}

@test "ovsdb-client backup and restore" {
	bvsd --schema="$schema" "$db"
	transact S "$insert,$insert" >/dev/null
	client backup "$sock" S >"$dir/backup"
	ovsdb-tool query "$dir/backup" "[\"S\",$select]" | jq -e '.[0].rows | length == 2 or length == 1'
	transact S '{"op":"delete","table":"Root","where":[]}' >/dev/null
	client restore "$sock" S <"$dir/backup"
	transact S '{"op":"select","table":"Root","where":[],"columns":["_uuid"]}' |
		jq -e '.[0].rows | length == 2'
}

@test "ovsdb-client wait sees the database connected" {
	bvsd --schema="$schema"
	ovsdb-client -t 5 wait "$sock" S connected
}

@test "ovsdb-client lock: the second waits, a thief takes" {
	bvsd --schema="$schema"
	ovsdb-client lock "$sock" l >"$dir/first" 2>&1 3>&- &
	servers+=("$!")
	until_true 10 grep -q '"locked":true' "$dir/first"
	ovsdb-client lock "$sock" l >"$dir/second" 2>&1 3>&- &
	servers+=("$!")
	until_true 10 grep -q '"locked":false' "$dir/second"
	ovsdb-client steal "$sock" l >"$dir/thief" 2>&1 3>&- &
	servers+=("$!")
	until_true 10 grep -q stolen "$dir/first"
	grep -q '"locked":true' "$dir/thief"
	stop "${servers[3]}"
	until_true 10 grep -qx locked "$dir/first"
	refute grep -q '"locked":true' "$dir/second"
}

# monitor SUBCOMMAND...: ovsdb-client monitor in the background, its output in $dir/seen.
monitor() {
	ovsdb-client --format=json "$@" >"$dir/seen" 2>&1 3>&- &
	servers+=("$!")
}

@test "ovsdb-client monitor tells the rows, then insert, modify and delete" {
	bvsd --schema="$schema"
	transact S "$insert" >/dev/null
	monitor monitor "$sock" S Root name,i
	until_true 10 grep -q initial "$dir/seen"
	transact S '{"op":"update","table":"Root","where":[],"row":{"i":6}}' >/dev/null
	until_true 10 grep -q '"new"' "$dir/seen"
	grep -q '"old"' "$dir/seen"
	transact S '{"op":"insert","table":"Root","row":{"name":"y"}}' >/dev/null
	until_true 10 grep -q '"insert"' "$dir/seen"
	transact S '{"op":"delete","table":"Root","where":[["name","==","y"]]}' >/dev/null
	until_true 10 grep -q '"delete"' "$dir/seen"
}

@test "ovsdb-client monitor-cond shows what the condition lets through" {
	bvsd --schema="$schema"
	monitor monitor-cond "$sock" S '[["name","==","x"]]' Root name,i
	transact S '{"op":"insert","table":"Root","row":{"name":"y","i":1}}' >/dev/null
	transact S "$insert" >/dev/null
	until_true 10 grep -q '"insert","x"\|"x"' "$dir/seen"
	refute grep -q '"y"' "$dir/seen"
}

@test "ovsdb-client monitor-cond-since tells a transaction id" {
	bvsd --schema="$schema" "$db"
	transact S "$insert" >/dev/null
	monitor monitor-cond-since "$sock" S 00000000-0000-0000-0000-000000000000 '[["i",">",0]]' \
		Root name,i
	until_true 10 grep -q initial "$dir/seen"
	transact S '{"op":"mutate","table":"Root","where":[],"mutations":[["i","+=",1]]}' >/dev/null
	until_true 10 grep -q '"modify"' "$dir/seen"
	grep -q '[0-9a-f]\{8\}-[0-9a-f]\{4\}-5' "$dir/seen" # of the journal's chain
}

@test "ovs-vsctl works without a warning" {
	bvsd
	vsctl init
	vsctl add-br br0
	vsctl add-port br0 tap1 tag=5 -- set interface tap1 type=internal
	vsctl add-port br0 tap2 -- add-port br0 tap3
	vsctl -- --may-exist add-port br0 tap2
	[ "$(vsctl list-br)" = br0 ]
	[ "$(vsctl list-ports br0)" = $'tap1\ntap2\ntap3' ]
	[ "$(vsctl get port tap1 tag)" = 5 ]
	vsctl -- --id=@p get port tap1 -- --id=@o get port tap3 -- \
		--id=@m create mirror name=m0 select_dst_port=@p output_port=@o -- \
		set bridge br0 mirrors=@m
	vsctl list mirror | grep -w m0
	vsctl show | grep -w tap3
	for table in Open_vSwitch Bridge Port Interface Mirror Controller Manager SSL QoS Queue \
		NetFlow sFlow IPFIX Flow_Table AutoAttach; do
		vsctl list "$table"
	done
	vsctl set-manager ptcp:6640
	vsctl get-manager | grep -w 6640
	vsctl set-fail-mode br0 secure
	vsctl del-port br0 tap1
	vsctl clear bridge br0 mirrors
	[ -z "$(vsctl list mirror)" ]
	vsctl del-br br0
	[ -z "$(vsctl list interface)" ]
	refute ovs-vsctl --no-wait --db="$sock" --columns=nonsense list bridge
}

@test "ovs-vsctl wait-until hears of a change by another client" {
	bvsd
	vsctl init -- add-br br0
	vsctl wait-until bridge br0 external_ids:a=b &
	vsctl set bridge br0 external_ids:a=b
	wait "$!"
}

@test "ovsdb-tool reads, changes and compacts our file" {
	bvsd --schema="$schema" "$db"
	transact S "$insert,{\"op\":\"comment\",\"comment\":\"a remark\"}" >/dev/null
	transact S '{"op":"mutate","table":"Root","where":[],"mutations":[["ints","insert",["set",[1,2]]]]}' >/dev/null
	transact S '{"op":"mutate","table":"Root","where":[],"mutations":[["ints","delete",1]]}' >/dev/null
	# It is locked while we serve it.
	run ovsdb-tool transact "$db" "[\"S\",$insert]"
	[ "$status" -ne 0 ]
	[[ $output == *"locked by pid $pid"* ]]
	stop "$pid"
	[ "$(ovsdb-tool db-name "$db")" = S ]
	[ "$(ovsdb-tool db-version "$db")" = 1.0.0 ]
	ovsdb-tool show-log -m "$db" | grep 'a remark'
	ovsdb-tool query "$db" '["S",{"op":"select","table":"Root","where":[],"columns":["i","ints"]}]' |
		jq -e '.[0].rows[0] | .ints == 2 and .i == 5'
	ovsdb-tool transact "$db" '["S",{"op":"mutate","table":"Root","where":[],"mutations":[["ints","insert",9]]}]'
	bvsd "$db"
	transact S '{"op":"select","table":"Root","where":[],"columns":["ints"]}' |
		jq -e '.[0].rows[0].ints == ["set",[2,9]]'
	stop "$pid"
	ovsdb-tool compact "$db"
	bvsd "$db"
	transact S "$select" | jq -e '.[0].rows[0].name == "x"'
}

@test "the stock server takes over our file, and we take over its" {
	bvsd --schema="$schema" "$db"
	transact S "$insert" >/dev/null
	stop "$pid"
	ovsdb-server --remote="punix:$dir/stock.sock" --unixctl="$dir/ctl" -vconsole:off "$db" 3>&- &
	servers+=("$!")
	until_true 10 test -S "$dir/stock.sock"
	client transact "unix:$dir/stock.sock" "[\"S\",$insert]" >/dev/null
	stop "${servers[1]}"
	bvsd "$db"
	transact S '{"op":"select","table":"Root","where":[],"columns":["_uuid","eph"]}' |
		jq -e '[.[0].rows[].eph] == [0,0]'
}

@test "a database made by ovsdb-tool create is served" {
	ovsdb-tool create "$db" "$schema"
	bvsd "$db"
	[ "$(client list-dbs "$sock")" = $'S\n_Server' ]
}

@test "kill -9 loses nothing that was answered" {
	bvsd --schema="$schema" "$db"
	local i
	for i in 1 2 3; do
		python3 - "$BATS_TEST_DIRNAME" "$dir/db.sock" <<'END'
import sys

sys.path.insert(0, sys.argv[1])
from rpc import Client

c = Client(sys.argv[2])
for i in range(100):
    reply, _ = c.call("transact", "S", {"op": "insert", "table": "Root", "row": {"i": i}})
    assert reply["error"] is None, reply
END
		stop "$pid" KILL
		bvsd "$db"
		transact S '{"op":"select","table":"Root","where":[],"columns":["_uuid"]}' |
			jq -e ".[0].rows | length == $((100 * i))"
	done
}

@test "durable commits are answered, many in one sync" {
	bvsd --schema="$schema" "$db"
	strace -f -qq -e trace=fdatasync -o "$dir/trace" -p "$pid" 3>&- &
	servers+=("$!")
	until_true 10 grep -q 'TracerPid:.[1-9]' "/proc/$pid/status"
	python3 - "$BATS_TEST_DIRNAME" "$dir/db.sock" <<'END'
import sys

sys.path.insert(0, sys.argv[1])
from rpc import Client

clients = [Client(sys.argv[2]) for _ in range(8)]
insert = {"op": "insert", "table": "Root", "row": {}}
for n in range(20):
    for c in clients:
        ops = ["S", insert, {"op": "commit", "durable": True}]
        c.send({"method": "transact", "params": ops, "id": n})
for c in clients:
    for n in range(20):
        m = c.receive()
        assert m["error"] is None and m["id"] == n, m
END
	stop "${servers[1]}"
	local syncs
	syncs=$(grep -c 'fdatasync(.*= 0' "$dir/trace")
	((syncs >= 1 && syncs < 100))
}

@test "while the disk is stuck, only who asked for durability waits" {
	bvsd_on_stuck_disk --schema="$schema" "$db"
	touch "$dir/stuck"
	transact S '{"op":"insert","table":"Root","row":{"i":1}},{"op":"commit","durable":true}' \
		>"$dir/first" 3>&- &
	local first=$!
	until_true 10 test -e "$dir/stuck.waiting"
	transact S '{"op":"insert","table":"Root","row":{"i":2}}'
	transact S '{"op":"select","table":"Root","where":[],"columns":["i"]}' |
		jq -e '[.[0].rows[].i] | sort == [1,2]'
	kill -0 "$first"
	[ ! -s "$dir/first" ]
	rm "$dir/stuck"
	wait "$first"
	jq -e '.[1] == {}' "$dir/first"
}

@test "who waits for the disk when the server ends has its answer" {
	bvsd_on_stuck_disk --schema="$schema" --unixctl="$dir/ctl" "$db"
	touch "$dir/stuck"
	transact S '{"op":"insert","table":"Root","row":{"i":1}},{"op":"commit","durable":true}' \
		>"$dir/first" 3>&- &
	local first=$!
	until_true 10 test -e "$dir/stuck.waiting"
	kill "$pid"
	until_true 10 test ! -e "$dir/ctl"
	rm "$dir/stuck"
	wait "$first"
	jq -e '.[1] == {}' "$dir/first"
}

@test "a second server on the same file is refused with the first one's pid" {
	bvsd --schema="$schema" "$db"
	run "$BUILD/bvsd" --db-only --remote="punix:$dir/other.sock" "$db"
	[ "$status" -eq 1 ]
	[[ $output == *"pid $pid"* ]]
	[ ! -e "$dir/other.sock" ]
}

@test "a second server on the same socket is refused with the first one's pid" {
	bvsd --schema="$schema"
	run "$BUILD/bvsd" --db-only --schema="$schema" --remote="punix:$dir/db.sock"
	[ "$status" -eq 1 ]
	[[ $output == *"pid $pid"* ]]
	client list-dbs "$sock"
	# Left behind by a killed server it is replaced.
	stop "$pid" KILL
	[ -S "$dir/db.sock" ]
	bvsd --schema="$schema"
	client list-dbs "$sock"
}

@test "SIGTERM and SIGINT end it well, and the socket is gone" {
	local signal
	for signal in TERM INT; do
		bvsd --schema="$schema"
		kill "-$signal" "$pid"
		wait "$pid"
		[ ! -e "$dir/db.sock" ]
	done
}

@test "--pidfile is written, locked and removed" {
	bvsd --schema="$schema" --pidfile="$dir/b.pid"
	[ "$(cat "$dir/b.pid")" = "$pid" ]
	run "$BUILD/bvsd" --db-only --schema="$schema" --pidfile="$dir/b.pid" \
		--remote="punix:$dir/other.sock"
	[ "$status" -eq 1 ]
	[[ $output == *"pid $pid"* ]]
	stop "$pid"
	[ ! -e "$dir/b.pid" ]
}

@test "wrong command lines say what is wrong" {
	run "$BUILD/bvsd" --nonsense
	[ "$status" -eq 2 ]
	run "$BUILD/bvsd" --db-only a b
	[ "$status" -eq 2 ]
	run "$BUILD/bvsd" --db-only --schema="$schema" --remote=nonsense
	[ "$status" -eq 1 ]
	[[ $output == *"expected punix:PATH"* ]]
	run "$BUILD/bvsd" --db-only --schema="$dir/none" --remote="punix:$dir/db.sock"
	[ "$status" -eq 1 ]
	[[ $output == *"$dir/none"* ]]
	run "$BUILD/bvsd" --version
	[ "$status" -eq 0 ]
	run "$BUILD/bvsd" --help
	[ "$status" -eq 0 ]
	[[ $output == *--remote* ]]
}

@test "a torn tail is reported, served without, and saved at the first write" {
	bvsd --schema="$schema" "$db"
	transact S "$insert" >/dev/null
	stop "$pid" KILL
	printf 'OVSDB JSON 99' >>"$db"
	bvsd "$db"
	grep 'event=file-torn' "$dir/bvsd.log"
	transact S "$insert" >/dev/null
	[ "$(cat "$dir"/conf.db.torn-*)" = 'OVSDB JSON 99' ]
	stop "$pid" KILL
	bvsd "$db"
	transact S '{"op":"select","table":"Root","where":[],"columns":["_uuid"]}' |
		jq -e '.[0].rows | length == 2'
}

@test "a slow reader costs little and gets everything in the end" {
	! ldd "$BUILD/bvsd" | grep -q libasan || skip "sanitizers hold back what is freed"
	bvsd --schema="$schema"
	python3 - "$BATS_TEST_DIRNAME" "$dir/db.sock" "$pid" <<'END'
import sys

sys.path.insert(0, sys.argv[1])
from rpc import Client


def memory():
    with open(f"/proc/{sys.argv[3]}/status") as f:
        return int([line for line in f if line.startswith("VmRSS")][0].split()[1])


def update(i):
    row = {"i": i, "name": f"{i:0100}"}
    reply, _ = writer.call(
        "transact", "S", {"op": "update", "table": "Root", "where": [], "row": row}
    )
    assert reply["error"] is None, reply


writer = Client(sys.argv[2])
readers = [Client(sys.argv[2]) for _ in range(5)]
for r in readers:
    r.call("monitor_cond", "S", 1, {"Root": [{"columns": ["i", "name"]}]})
writer.call("transact", "S", {"op": "insert", "table": "Root", "row": {}})
for i in range(3000):
    update(i)
before = memory()
for i in range(3000, 13000):
    update(i)
assert memory() < before + 3000, (before, memory())
for r in readers:
    n, last = 0, None
    while last != 12999:
        (row,) = r.receive()["params"][1]["Root"].values()
        last = row.get("modify", {}).get("i")
        n += 1
    assert n < 13000
END
}
