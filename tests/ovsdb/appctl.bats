#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Stock ovs-appctl against our server: how it finds us, and what the commands answer,
# compared with what ovsdb-server answers where both have the command.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

appctl() {
	quiet timeout 10 ovs-appctl -t ovsdb-server "$@"
}

client() {
	quiet timeout 10 ovsdb-client "$@"
}

@test "ovs-appctl finds us by name, as long as we live" {
	bvsd --schema="$schema" --pidfile
	local name
	for name in ovsdb-server bvsd; do
		[ "$(cat "$dir/$name.pid")" = "$pid" ]
		[ "$(quiet ovs-appctl -t "$name" version)" = "$(ovs-appctl -t "$dir/bvsd.$pid.ctl" version)" ]
	done
	# Without a switch we are no ovs-vswitchd.
	[ ! -e "$dir/ovs-vswitchd.pid" ]
	appctl exit
	wait "$pid"
	[ -z "$(find "$dir" -name '*.pid' -o -name '*.ctl')" ]
}

@test "names are taken with --pidfile or --ovs-names only, and never from a living process" {
	bvsd --schema="$schema"
	[ ! -e "$dir/ovsdb-server.pid" ]
	stop "$pid"
	bvsd --schema="$schema" --pidfile --no-ovs-names
	[ ! -e "$dir/ovsdb-server.pid" ]
	stop "$pid"
	bvsd --schema="$schema" --ovs-names
	[ "$(cat "$dir/ovsdb-server.pid" "$dir/bvsd.pid")" = "$pid"$'\n'"$pid" ]
	local first=$pid
	run timeout 5 "$BUILD/bvsd" --db-only --schema="$schema" --remote="punix:$dir/2.sock" --ovs-names
	[ "$status" -eq 1 ]
	[[ $output == *"pid $first"* ]]
	mv "$dir/db.sock" "$dir/1.sock"
	bvsd --schema="$schema" --pidfile="$dir/2.pid"
	grep "event=name-not-taken name=ovsdb-server.*pid $first" "$dir/bvsd.log"
	[ "$(cat "$dir/ovsdb-server.pid")" = "$first" ]
	# Left by one that was killed, they are free.
	stop "$first" KILL
	stop "$pid"
	bvsd --schema="$schema" --pidfile
	[ "$(cat "$dir/ovsdb-server.pid")" = "$pid" ]
}

# Everything that a user sees of a command: output, complaint, status.
seen() { # TARGET COMMAND...
	timeout 10 ovs-appctl -t "$@" 2>&1 | sed "s|$1|SERVER|g; s|$dir/[a-z]*\.db|FILE|g; s|$dir/[a-z]*\.sock|SOCKET|g"
	echo "status ${PIPESTATUS[0]}"
}

@test "a database that is added ends the sessions that would not notice it, as on stock" {
	stock "$schema"
	bvsd --schema="$schema" --unixctl="$dir/ours.ctl"
	sed 's/"S"/"T"/' "$schema" >"$dir/t.ovsschema"
	local name
	for name in ours stock; do
		ovsdb-tool create "$dir/$name-t.db" "$dir/t.ovsschema"
		[[ $name == stock ]] || ln -s db.sock "$dir/ours.sock"
		python3 - "$BATS_TEST_DIRNAME" "$dir/$name" <<'END'
import sys

sys.path.insert(0, sys.argv[1])
from rpc import Client

plain, aware = (Client(sys.argv[2] + ".sock") for _ in range(2))
aware.call("set_db_change_aware", True)
reply, _ = Client(sys.argv[2] + ".ctl").call("ovsdb-server/add-db", sys.argv[2] + "-t.db")
assert reply["error"] is None, reply
assert plain.barrier() == [None]
reply, before = aware.call("monitor", "T", 1, {})
assert (reply["result"], before) == ({}, []), (reply, before)
END
	done
}

@test "commands answer as ovsdb-server does" {
	stock "$schema"
	ovsdb-tool create "$dir/ours.db" "$schema"
	bvsd --pidfile "$dir/ours.db"
	sed 's/"S"/"T"/' "$schema" >"$dir/t.ovsschema"
	ovsdb-tool create "$dir/ta.db" "$dir/t.ovsschema"
	ovsdb-tool create "$dir/tb.db" "$dir/t.ovsschema"
	local line failed=0
	while read -r line; do
		local a b
		# shellcheck disable=SC2086 # words
		a=$(seen "$dir/stock.ctl" ${line/@/$dir/ta.db})
		# shellcheck disable=SC2086 # words
		b=$(seen "$dir/bvsd.$pid.ctl" ${line/@/$dir/tb.db})
		[[ $a == "$b" ]] || {
			printf '%s\nstock: %s\nours: %s\n' "$line" "$a" "$b"
			failed=1
		}
	done <<'END'
nosuch
version surplus
ovsdb-server/sync-status
ovsdb-server/get-active-ovsdb-server
ovsdb-server/get-sync-exclude-tables
ovsdb-server/connect-active-ovsdb-server
ovsdb-server/disconnect-active-ovsdb-server
ovsdb-server/set-active-ovsdb-server
ovsdb-server/tlog-list
ovsdb-server/tlog-set S:Root on
ovsdb-server/tlog-set S:None on
ovsdb-server/tlog-set X:Root on
ovsdb-server/tlog-set Root on
ovsdb-server/tlog-set S:Root maybe
ovsdb-server/tlog-set S:Root
ovsdb-server/tlog-list
ovsdb-server/tlog-set S:Root off
ovsdb-server/tlog-set S:Root off
ovsdb-server/tlog-list
vlog/set none:info
vlog/set dbg:info
vlog/set console:file
vlog/set console:off
vlog/enable-rate-limit none
vlog/reopen
vlog/close
ovsdb-server/list-dbs
ovsdb-server/list-remotes
ovsdb-server/add-remote
ovsdb-server/add-remote db:x
ovsdb-server/add-remote db:x,y,z
ovsdb-server/add-remote db:S,y,z
ovsdb-server/add-remote db:S,Root,z
ovsdb-server/add-remote db:S,Root,name
ovsdb-server/list-remotes
ovsdb-server/remove-remote db:S,Root,name
ovsdb-server/remove-remote db:S,Root,name
ovsdb-server/list-remotes
ovsdb-server/compact
ovsdb-server/compact S
ovsdb-server/compact none
ovsdb-server/compact _Server
ovsdb-server/compact S S
ovsdb-server/add-db
ovsdb-server/add-db @
ovsdb-server/add-db @
ovsdb-server/list-dbs
ovsdb-server/get-db-storage-status T
ovsdb-server/get-db-storage-status none
ovsdb-server/remove-db T
ovsdb-server/remove-db T
ovsdb-server/remove-db _Server
ovsdb-server/list-dbs
ovsdb-server/add-db @
ovsdb-server/sync-status
ovsdb-server/reconnect
ovsdb-server/memory-trim-on-compaction
ovsdb-server/memory-trim-on-compaction on
ovsdb-server/memory-trim-on-compaction off
ovsdb-server/memory-trim-on-compaction maybe
coverage/read-counter nosuch
vlog/set nosuch
vlog/reopen
END
	((!failed))
}

@test "list-commands tells what scripts ask for" {
	bvsd --schema="$schema" --pidfile
	local name
	appctl list-commands | head -n 1 | grep -x 'The available commands are:'
	for name in version exit list-commands vlog/set vlog/list vlog/reopen memory/show coverage/show \
		ovsdb-server/{compact,add-remote,remove-remote,list-remotes,list-dbs,add-db,remove-db} \
		ovsdb-server/{sync-status,reconnect,memory-trim-on-compaction,get-db-storage-status}; do
		appctl list-commands | grep -qE "^  $name( |\$)"
	done
}

@test "add-remote, list-remotes, remove-remote" {
	bvsd --schema="$schema" --pidfile
	appctl ovsdb-server/add-remote "punix:$dir/more.sock"
	appctl ovsdb-server/add-remote "punix:$dir/more.sock"
	[ "$(appctl ovsdb-server/list-remotes)" = "punix:$dir/db.sock"$'\n'"punix:$dir/more.sock" ]
	client list-dbs "unix:$dir/more.sock"
	ovsdb-client lock "unix:$dir/more.sock" l >/dev/null 2>&1 3>&- &
	servers+=("$!")
	until_true 5 eval 'appctl memory/show | grep -q sessions:1'
	appctl ovsdb-server/remove-remote "punix:$dir/more.sock"
	until_true 5 refute kill -0 "${servers[-1]}" 2>/dev/null
	[ ! -e "$dir/more.sock" ]
	# What cannot be is refused, and not kept.
	run appctl ovsdb-server/add-remote nonsense:1
	[ "$status" -ne 0 ]
	run appctl ovsdb-server/add-remote "punix:$dir/no/such"
	[ "$status" -ne 0 ]
	[ "$(appctl ovsdb-server/list-remotes)" = "punix:$dir/db.sock" ]
}

@test "add-db and remove-db: clients hear of it, the file is let go" {
	bvsd --schema="$schema" --pidfile
	sed 's/"S"/"T"/' "$schema" >"$dir/t.ovsschema"
	ovsdb-tool create "$dir/t.db" "$dir/t.ovsschema"
	appctl ovsdb-server/add-db "$dir/t.db"
	ln "$dir/t.db" "$dir/again.db"
	run appctl ovsdb-server/add-db "$dir/again.db"
	[[ $output == *"already open"* ]]
	[ "$(client list-dbs "unix:$dir/db.sock")" = $'S\nT\n_Server' ]
	client transact "unix:$dir/db.sock" \
		'["T",{"op":"insert","table":"Root","row":{"name":"x"}},{"op":"commit","durable":true}]'
	python3 - "$BATS_TEST_DIRNAME" "$dir" <<'END'
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
from rpc import Client

aware, unaware = Client(sys.argv[2] + "/db.sock"), Client(sys.argv[2] + "/db.sock")
aware.call("set_db_change_aware", True)
for c in aware, unaware:
    c.call("monitor_cond", "T", "t", {"Root": [{"columns": ["name"]}]})
    c.call("monitor_cond", "S", "s", {"Root": [{"columns": ["name"]}]})
aware.call("monitor_cond", "_Server", "d", {"Database": [{"columns": ["name"]}]})
subprocess.run(["ovs-appctl", "-t", "ovsdb-server", "ovsdb-server/remove-db", "T"], check=True)
seen = [aware.receive(), aware.receive()]
assert {"method": "monitor_canceled", "params": ["t"], "id": None} in seen, seen
assert any(m["method"] == "update2" and m["params"][0] == "d" for m in seen), seen
reply, _ = aware.call("list_dbs")
assert reply["result"] == ["S", "_Server"], reply
assert unaware.receive() is None
END
	ovsdb-tool query "$dir/t.db" '["T",{"op":"select","table":"Root","where":[]}]' | jq -e '.[0].rows | length == 1'
	ovsdb-tool transact "$dir/t.db" '["T",{"op":"insert","table":"Root","row":{}}]'
	appctl ovsdb-server/add-db "$dir/t.db"
	client dump "unix:$dir/db.sock" T Root name | grep -w x
}

@test "compact makes the file small, and what was in it stays" {
	bvsd --schema="$schema" --pidfile "$dir/conf.db"
	local i
	client transact "unix:$dir/db.sock" '["S",{"op":"insert","table":"Root","row":{"name":"x"}}]'
	for ((i = 0; i < 50; i++)); do
		client transact "unix:$dir/db.sock" \
			'["S",{"op":"mutate","table":"Root","where":[],"mutations":[["i","+=",1]]}]' >/dev/null
	done
	local before
	before=$(stat -c %s "$dir/conf.db")
	appctl ovsdb-server/memory-trim-on-compaction on
	appctl ovsdb-server/compact S
	(($(stat -c %s "$dir/conf.db") < before))
	stop "$pid" KILL
	bvsd "$dir/conf.db"
	client dump "unix:$dir/db.sock" S Root i | grep -w 50
}

@test "memory/show and coverage/show count" {
	bvsd --schema="$schema" --pidfile
	local before after i
	appctl memory/show | grep -E '^([a-z-]+:[0-9]+ )*sessions:0( |$)'
	appctl coverage/show | head -n 1 |
		grep -E '^Event coverage, avg rate over last: 5 seconds, last minute, last hour,  hash=[0-9a-f]{8}:$'
	before=$(appctl coverage/read-counter db_commit)
	for i in 1 2 3; do
		client transact "unix:$dir/db.sock" '["S",{"op":"insert","table":"Root","row":{}}]' >/dev/null
	done
	after=$(appctl coverage/read-counter db_commit)
	((after == before + 3))
	appctl coverage/show | grep -E '^session_opened +[0-9.]+/sec +[0-9.]+/sec +[0-9.]+/sec   total: 3$'
	# The rates follow.
	until_true 8 eval "appctl coverage/show | grep -E '^session_opened +0\.[1-9]/sec'"
}

# What is in the rows.
contents() { ovs-appctl -t "$1" memory/show | grep -oE '(atoms|cells|n-weak-refs):[0-9]+'; }

@test "memory/show counts what is in the rows as stock does" {
	stock "$schema"
	bvsd --schema="$schema" --unixctl="$dir/ours.ctl"
	local name
	for name in db stock; do
		client transact "unix:$dir/$name.sock" '["S",
			{"op":"insert","table":"Kid","row":{"tags":["set",["x","y"]]},"uuid-name":"k"},
			{"op":"insert","table":"Kid","row":{},"uuid-name":"l"},
			{"op":"insert","table":"Root","row":{"ints":["set",[1,2,3]],"opt":"o","map":["map",[["a","b"],["c","d"]]],
				"kids":["set",[["named-uuid","k"],["named-uuid","l"]]],
				"weak":["set",[["named-uuid","k"],["named-uuid","l"]]],"weak1":["named-uuid","k"]}}]' >/dev/null
	done
	diff <(contents "$dir/stock.ctl") <(contents "$dir/ours.ctl")
	contents "$dir/ours.ctl" | grep -x n-weak-refs:3
}

@test "disable-monitor-cond: as on stock, sessions end and the methods are not known" {
	stock "$schema"
	bvsd --schema="$schema" --unixctl="$dir/ours.ctl"
	ln -s db.sock "$dir/ours.sock"
	python3 - "$BATS_TEST_DIRNAME" "$dir/stock" "$dir/ours" <<'END'
import sys

sys.path.insert(0, sys.argv[1])
from rpc import Client


def answers(path):
    client = Client(path + ".sock")
    told = [client.call(*call)[0] for call in [
        ("monitor_cond", "S", 1, {}), ("monitor_cond_since", "S", 2, {}, "0" * 8 + "-0000" * 3 + "-" + "0" * 12),
        ("monitor", "S", 3, {}), ("monitor_cond_change", 3, 3, {})]]
    return client, [(reply.get("error"), reply.get("result") is not None) for reply in told]


seen = []
for server in sys.argv[2:]:
    client, before = answers(server)
    Client(server + ".ctl").call("ovsdb-server/disable-monitor-cond")
    assert client.receive() is None, "the session goes on"
    seen.append((before, answers(server)[1]))
assert seen[0] == seen[1], seen
before, after = seen[0]
assert [error for error, _ in before] == [None] * 4, before
assert [error for error, _ in after] == ["unknown method"] * 2 + [None] * 2, after
END
}

# What vlog/list says of the modules: "module level" of the console.
levels() {
	appctl vlog/list | awk 'NR > 2 { print $1, $2 }'
}

@test "vlog: levels, modules, destinations, rate limits, as stock reads them" {
	bvsd --schema="$schema" --pidfile
	# Every module that a source file names, and no other.
	[ "$(levels | cut -d' ' -f1)" = "$(grep -rhoP '^#define LOG_MODULE "\K[^"]+' "$root/userspace" | LC_ALL=C sort -u)" ]
	[ "$(levels | cut -d' ' -f2 | sort -u)" = INFO ]
	appctl vlog/list | grep -E '^session +INFO +OFF +OFF$'
	appctl vlog/set remotes:warn "session console dbg" server
	levels | grep -x 'remotes WARN'
	levels | grep -x 'session DBG'
	levels | grep -x 'server DBG'
	levels | grep -x 'main INFO'
	# There is no syslog and no file.
	appctl vlog/set any:file:off syslog:err REMOTES:file:err
	levels | grep -x 'main INFO'
	levels | grep -x 'remotes WARN'
	appctl vlog/set ANY:any:Emer
	[ "$(levels | cut -d' ' -f2 | sort -u)" = EMER ]
	appctl vlog/set off
	[ "$(levels | cut -d' ' -f2 | sort -u)" = OFF ]
	appctl vlog/set
	[ "$(levels | cut -d' ' -f2 | sort -u)" = DBG ]
	local words
	for words in session:server console:file dbg:warn session:any:any none any:none; do
		run appctl vlog/set "$words"
		[ "$status" -ne 0 ]
	done
	[[ $output == *'no destination, level, or module "none"'* ]]
	appctl vlog/disable-rate-limit session SERVER
	[ "$(appctl vlog/list | grep -c 'rate limiting disabled')" = 2 ]
	appctl vlog/enable-rate-limit server
	appctl vlog/list | grep -E '^session .*\(rate limiting disabled\)$'
	run appctl vlog/disable-rate-limit any none
	[[ $output == *"unknown module"* ]]
	[ "$(appctl vlog/list | grep -c 'rate limiting disabled')" = 1 ]
	appctl vlog/disable-rate-limit
	appctl vlog/list-pattern | grep ^CONSOLE
	appctl vlog/close
}

@test "a level decides what is said, per module, from the command line too" {
	bvsd --schema="$schema" --pidfile -vremotes:off -vmain:dbg
	appctl vlog/list | grep -E '^remotes +OFF '
	appctl ovsdb-server/add-remote "punix:$dir/2.sock"
	appctl ovsdb-server/remove-remote "punix:$dir/2.sock"
	appctl vlog/set remotes:info
	appctl ovsdb-server/add-remote "punix:$dir/3.sock"
	appctl ovsdb-server/remove-remote "punix:$dir/3.sock"
	refute grep "remote-removed.*2.sock" "$dir/bvsd.log"
	grep "remote-removed.*3.sock" "$dir/bvsd.log"
	run "$BUILD/bvsd" --db-only --schema="$schema" --remote="punix:$dir/4.sock" -vnonsense
	[ "$status" -eq 2 ]
	[[ $output == *'"nonsense"'* ]]
}

@test "vlog/reopen follows a moved file, vlog/close lets go of it" {
	bvsd --schema="$schema" --pidfile
	stop "$pid"
	"$BUILD/bvsd" --db-only --schema="$schema" --remote="punix:$dir/2.sock" --pidfile \
		--log-file="$dir/own.log" 3>&- &
	servers+=("$!")
	until_true 5 grep -qs event=started "$dir/own.log"
	mv "$dir/own.log" "$dir/own.log.1"
	appctl vlog/reopen
	appctl ovsdb-server/add-remote "punix:$dir/3.sock"
	grep 3.sock "$dir/own.log"
	appctl vlog/list | grep -E '^session +OFF +OFF +INFO$'
	appctl vlog/close
	appctl ovsdb-server/add-remote "punix:$dir/4.sock"
	refute grep 4.sock "$dir/own.log"
	appctl vlog/reopen
	appctl ovsdb-server/add-remote "punix:$dir/5.sock"
	grep 5.sock "$dir/own.log"
}

@test "tlog-set logs the changes of a table" {
	bvsd --schema="$schema" --pidfile
	appctl ovsdb-server/tlog-set S:Root on
	local json
	for json in '{"op":"insert","table":"Root","row":{"name":"x","ints":["set",[1,2]]}}' \
		'{"op":"update","table":"Root","where":[],"row":{"i":3}}' \
		'{"op":"delete","table":"Root","where":[]}'; do
		client transact "unix:$dir/db.sock" "[\"S\",$json]"
	done
	grep 'INFO transaction: table=Root op=inserted .* name="x"' "$dir/bvsd.log"
	grep 'INFO transaction: table=Root op=updated .* i=3 ints=\["set",\[1,2\]\]' "$dir/bvsd.log"
	grep 'INFO transaction: table=Root op=deleted ' "$dir/bvsd.log"
	appctl ovsdb-server/tlog-set S:Root off
	client transact "unix:$dir/db.sock" '["S",{"op":"insert","table":"Root","row":{"name":"unseen"}}]'
	refute grep unseen "$dir/bvsd.log"
}

@test "perf-counters-show tells what methods cost, perf-counters-clear forgets it" {
	bvsd --schema="$schema" --pidfile
	[ "$(appctl ovsdb-server/perf-counters-show | wc -l)" = 1 ]
	local i
	for i in 1 2 3; do
		client transact "unix:$dir/db.sock" '["S",{"op":"insert","table":"Root","row":{}}]' >/dev/null
	done
	client list-dbs "unix:$dir/db.sock"
	appctl ovsdb-server/perf-counters-show | grep -E '^transact +3 +[0-9.]+ +[0-9.]+$'
	appctl ovsdb-server/perf-counters-show | grep -E '^list_dbs +1 '
	refute grep '^monitor' <(appctl ovsdb-server/perf-counters-show)
	# The longest is no longer than all together, and neither is nothing.
	appctl ovsdb-server/perf-counters-show | awk '$1 == "transact" { exit !($4 > 0 && $4 <= $3) }'
	appctl ovsdb-server/perf-counters-clear
	[ "$(appctl ovsdb-server/perf-counters-show | wc -l)" = 1 ]
}

@test "reconnect ends the sessions" {
	bvsd --schema="$schema" --pidfile
	ovsdb-client lock "unix:$dir/db.sock" l >/dev/null 2>&1 3>&- &
	servers+=("$!")
	until_true 5 eval 'appctl memory/show | grep -q sessions:1'
	appctl ovsdb-server/reconnect
	until_true 5 refute kill -0 "${servers[-1]}" 2>/dev/null
	client list-dbs "unix:$dir/db.sock"
}
