#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Where clients are met: ptcp, pssl, tcp, ssl, unix and the rows of Manager, with stock
# clients; probes of silent peers.  All in a network namespace of its own.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

setup() {
	make_dir
	private_net
	vswitch=$root/schema/vswitch.ovsschema
	managers=db:Open_vSwitch,Open_vSwitch,manager_options
}

client() {
	quiet timeout 10 "${in_net[@]}" ovsdb-client "$@"
}

vsctl() {
	quiet timeout 10 "${in_net[@]}" ovs-vsctl --no-wait --db="unix:$dir/db.sock" "$@"
}

# port REMOTE: the one that it got.
port() {
	sed -n "s/.*event=listening remote=$1 port=//p" "$dir/bvsd.log" | tail -n 1
}

manager() { # TARGET COLUMN[:KEY]
	local row
	row=$(vsctl --bare --columns=_uuid find manager "target=\"$1\"")
	[[ -n $row ]] && vsctl --if-exists get manager "$row" "$2"
}

set_probe() { # TARGET MILLISECONDS
	vsctl set manager "$(vsctl --bare --columns=_uuid find manager "target=\"$1\"")" \
		"inactivity_probe=$2"
}

manager_is() { # TARGET COLUMN[:KEY] VALUE
	[[ $(manager "$1" "$2" 2>/dev/null) == "$3" ]]
}

answers() { # REMOTE [OPTION]...
	timeout 5 "${in_net[@]}" ovsdb-client "${@:2}" list-dbs "$1" >/dev/null 2>&1
}

# keys NAME CA: a key and a certificate signed by a CA, which is made when it is new.
keys() {
	local ca=$dir/$2
	[[ -e $ca.crt ]] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj "/CN=$2" -keyout "$ca.key" -out "$ca.crt" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$dir/$1.key" -out "$dir/$1.csr" 2>/dev/null
	openssl x509 -req -days 2 -in "$dir/$1.csr" -CA "$ca.crt" -CAkey "$ca.key" \
		-CAcreateserial -out "$dir/$1.crt" 2>/dev/null
}

three_keys() { # the stranger's are of another CA
	keys server ca
	keys client ca
	keys stranger other
}

# What a stock client shows to be known.
known() { # NAME CA
	printf '%s\n' "--private-key=$dir/$1.key" "--certificate=$dir/$1.crt" "--ca-cert=$dir/$2.crt"
}

# A client that connects, sends its arguments, and prints what comes, with the seconds
# since before it was connected; it answers no echo.
silent_client() { # PORT SECONDS [TEXT]
	"${in_net[@]}" python3 - "$@" <<'END'
import socket
import sys
import time

start = time.monotonic()
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall("".join(sys.argv[3:]).encode())
while time.monotonic() - start < float(sys.argv[2]):
    s.settimeout(max(0.01, start + float(sys.argv[2]) - time.monotonic()))
    try:
        data = s.recv(65536)
    except socket.timeout:
        print("open")
        sys.exit()
    except ConnectionResetError:
        data = b""
    print(f"{time.monotonic() - start:.1f} {data.decode() if data else 'closed'}", flush=True)
    if not data:
        sys.exit()
END
}

@test "ptcp: stock clients over IPv4 and IPv6" {
	bvsd --schema="$vswitch" --remote=ptcp:0:127.0.0.1 --remote='ptcp:0:[::1]'
	local four six
	four="tcp:127.0.0.1:$(port ptcp:0:127.0.0.1)"
	six="tcp:[::1]:$(port 'ptcp:0:\[::1\]')"
	[ "$(client list-dbs "$four")" = $'Open_vSwitch\n_Server' ]
	quiet "${in_net[@]}" ovs-vsctl --no-wait --db="$four" init -- add-br br0
	[ "$(quiet "${in_net[@]}" ovs-vsctl --no-wait --db="$six" list-br)" = br0 ]
	client dump "$six" Open_vSwitch Bridge name | grep -w br0
}

@test "ptcp without an address listens on every one" {
	bvsd --schema="$vswitch" --remote=ptcp:6640
	"${in_net[@]}" ip address add 192.0.2.1/24 dev lo
	client list-dbs tcp:127.0.0.1:6640
	client list-dbs tcp:192.0.2.1:6640
}

# Plays systemd: starts a program with listening sockets from descriptor 3 on.
activate() { # PROGRAM WORD...
	"${in_net[@]}" python3 "$BATS_TEST_DIRNAME/activate.py" "$dir/activated.sock" 6640 "$@" \
		>"$dir/bvsd.log" 2>&1 3>&- &
	pid=$!
	servers+=("$pid")
	until_true 10 is_started "$pid" "$dir/bvsd.log"
}

@test "sockets that systemd listens on are served, and left open" {
	activate "$BUILD/bvsd" --db-only --schema="$vswitch" --unixctl="$dir/ctl"
	[ "$(client list-dbs "unix:$dir/activated.sock")" = $'Open_vSwitch\n_Server' ]
	client list-dbs tcp:127.0.0.1:6640
	# Nothing else is listened on.
	[ ! -e "$dir/db.sock" ]
	[ "$(ovs-appctl -t "$dir/ctl" ovsdb-server/list-remotes)" = $'pfd:3\npfd:4' ]
	# Only a listening socket will do.
	local number
	for number in 2 5; do
		run ovs-appctl -t "$dir/ctl" ovsdb-server/add-remote "pfd:$number"
		[ "$status" -ne 0 ]
		[[ $output == *"no listening socket"* ]]
	done
	# Away and back again.
	ovs-appctl -t "$dir/ctl" ovsdb-server/remove-remote pfd:3
	ovs-appctl -t "$dir/ctl" ovsdb-server/add-remote pfd:3
	client list-dbs "unix:$dir/activated.sock"
	stop "$pid"
	[ -S "$dir/activated.sock" ]
}

@test "a database cannot ask for a descriptor" {
	bvsd --schema="$vswitch" --remote="$managers"
	vsctl init
	vsctl -vconsole:off -- --id=@m create manager target='"pfd:3"' -- add Open_vSwitch . manager_options @m
	vsctl -- --id=@m create manager target='"ptcp:6640:127.0.0.1"' -- add Open_vSwitch . manager_options @m
	until_true 5 answers tcp:127.0.0.1:6640
	refute grep pfd "$dir/bvsd.log"
}

@test "remotes that cannot be are refused at the start" {
	local remote
	for remote in pfd: pfd:x pfd:1 pfd:999 ptcp:x ptcp:70000 ptcp:6640:nonsense ptcp:1:127.0.0.1:2 tcp: tcp:1.2.3.4.5 \
		tcp:127.0.0.1: 'tcp:[::1' nonsense: nonsense pssl:6640 ssl:127.0.0.1:1 punix: \
		db:S db:S,T,C db:Open_vSwitch,T,C db:Open_vSwitch,Bridge,C db:Open_vSwitch,Bridge,name,x; do
		run timeout 5 "${in_net[@]}" "$BUILD/bvsd" --db-only --schema="$vswitch" --remote="$remote"
		echo "$remote: $status $output"
		[ "$status" -eq 1 ]
		[[ $output == *": "* ]]
	done
	bvsd --schema="$vswitch" --remote=ptcp:6640
	run timeout 5 "${in_net[@]}" "$BUILD/bvsd" --db-only --schema="$vswitch" --remote=ptcp:6640
	[ "$status" -eq 1 ]
	[[ $output == *"Address already in use"* ]]
}

# One answer to a server that comes to us; it says that it waits.
answered() { # PASSIVE-REMOTE [OPTION]...
	timeout 15 "${in_net[@]}" ovsdb-client -vconsole:off "${@:2}" list-dbs "$1"
}

@test "tcp and unix: connects to the peer, and again when it is back" {
	bvsd --schema="$vswitch" --remote=tcp:127.0.0.1:6641 --remote="unix:$dir/peer.sock"
	[ "$(answered ptcp:6641:127.0.0.1)" = $'Open_vSwitch\n_Server' ]
	answered ptcp:6641:127.0.0.1
	answered "punix:$dir/peer.sock"
	answered "punix:$dir/peer.sock"
}

@test "tcp: a host is found by its name, and looked up again after a failure" {
	bvsd --schema="$vswitch" --remote=tcp:localhost:6641 --remote=tcp:no-such-host.invalid
	until_true 10 grep 'connection-failed remote=tcp:no-such-host.invalid text="resolve no-such-host.invalid: ' \
		"$dir/bvsd.log"
	# It may have two addresses, of which one answers.
	[ "$(answered ptcp:6641:127.0.0.1)" = $'Open_vSwitch\n_Server' ]
	if "${in_net[@]}" getent ahosts localhost | grep -q '^::1 '; then
		answered 'ptcp:6641:[::1]'
	fi
	# One that is under way does not hold up the end.
	ovs-appctl -t "$(echo "$dir"/bvsd.*.ctl)" ovsdb-server/add-remote tcp:other.invalid
	ovs-appctl -t "$(echo "$dir"/bvsd.*.ctl)" ovsdb-server/remove-remote tcp:other.invalid
	kill "$pid"
	until_true 5 refute kill -0 "$pid"
}

has_failures() { # NUMBER
	(($(grep -c connection-failed "$dir/bvsd.log") >= $1))
}

@test "the pause between attempts doubles, up to 8 s" {
	bvsd --schema="$vswitch" --remote=tcp:127.0.0.1:6641
	until_true 20 has_failures 3
	python3 - "$dir/bvsd.log" <<'END'
import datetime
import sys

with open(sys.argv[1]) as f:
    at = [datetime.datetime.strptime(line.split()[0], "%Y-%m-%dT%H:%M:%S.%fZ")
          for line in f if "connection-failed" in line]
pauses = [(b - a).total_seconds() for a, b in zip(at, at[1:])]
assert 0.9 < pauses[0] < 1.6 and 1.9 < pauses[1] < 2.8, pauses
END
}

@test "set-manager ptcp: clients connect, the row tells, del-manager ends it" {
	bvsd --schema="$vswitch" --remote="$managers"
	vsctl init
	vsctl set-manager ptcp:6640:127.0.0.1
	until_true 5 answers tcp:127.0.0.1:6640
	until_true 5 manager_is ptcp:6640:127.0.0.1 status:bound_port '"6640"'
	manager_is ptcp:6640:127.0.0.1 is_connected false
	"${in_net[@]}" ovsdb-client monitor tcp:127.0.0.1:6640 Open_vSwitch Bridge name \
		>"$dir/seen" 2>&1 3>&- &
	local watcher=$!
	servers+=("$watcher")
	until_true 5 manager_is ptcp:6640:127.0.0.1 is_connected true
	manager_is ptcp:6640:127.0.0.1 status:state ACTIVE
	vsctl show | grep 'is_connected: true'
	"${in_net[@]}" ovsdb-client lock tcp:127.0.0.1:6640 l >/dev/null 2>&1 3>&- &
	servers+=("$!")
	until_true 5 manager_is ptcp:6640:127.0.0.1 status:n_connections '"2"'
	vsctl del-manager
	until_true 5 refute kill -0 "$watcher" 2>/dev/null
	refute answers tcp:127.0.0.1:6640
	[ -z "$(vsctl list manager)" ]
	answers "unix:$dir/db.sock"
}

@test "the client that removes its own manager hears that it did" {
	bvsd --schema="$vswitch" --remote="$managers"
	vsctl init -- set-manager ptcp:6640:127.0.0.1
	until_true 5 answers tcp:127.0.0.1:6640
	quiet timeout 10 "${in_net[@]}" ovs-vsctl --no-wait --db=tcp:127.0.0.1:6640 del-manager
}

@test "a manager outlives a restart of the server" {
	bvsd --schema="$vswitch" --remote="$managers" "$dir/conf.db"
	vsctl init -- set-manager ptcp:6640:127.0.0.1
	until_true 5 answers tcp:127.0.0.1:6640
	stop "$pid" KILL
	bvsd --remote="$managers" "$dir/conf.db"
	until_true 5 answers tcp:127.0.0.1:6640
}

@test "set-manager tcp: state, is_connected and last_error are told" {
	bvsd --schema="$vswitch" --remote="$managers"
	vsctl init -- set-manager tcp:127.0.0.1:6641
	vsctl -vconsole:off -- --id=@m create manager target='"bogus:1"' -- \
		add Open_vSwitch . manager_options @m >/dev/null
	until_true 5 manager_is tcp:127.0.0.1:6641 status:last_error \
		'"connect (Connection refused)"'
	manager bogus:1 status:last_error | grep 'expected punix:PATH'
	"${in_net[@]}" ovsdb-client lock ptcp:6641:127.0.0.1 l >"$dir/seen" 2>&1 3>&- &
	servers+=("$!")
	until_true 10 manager_is tcp:127.0.0.1:6641 is_connected true
	manager_is tcp:127.0.0.1:6641 status:state ACTIVE
	stop "${servers[-1]}"
	until_true 5 manager_is tcp:127.0.0.1:6641 is_connected false
}

@test "a manager whose port is taken works as soon as it is free" {
	bvsd --schema="$vswitch" --remote="$managers" --remote=ptcp:6640:127.0.0.1
	vsctl init -- set-manager ptcp:6640
	until_true 5 manager_is ptcp:6640 status:state BACKOFF
	manager ptcp:6640 status:last_error | grep 'Address already in use'
	"${in_net[@]}" ovs-appctl -t "$(echo "$dir"/bvsd.*.ctl)" \
		ovsdb-server/remove-remote ptcp:6640:127.0.0.1
	until_true 10 answers tcp:127.0.0.1:6640
}

@test "a silent peer is probed, then dropped; inactivity_probe is honoured" {
	bvsd --schema="$vswitch" --remote="$managers" --remote=ptcp:6639:127.0.0.1
	silent_client 6639 20 >"$dir/default" 3>&- &
	local default=$!
	vsctl init -- set-manager ptcp:6640:127.0.0.1 ptcp:6641:127.0.0.1
	set_probe ptcp:6640:127.0.0.1 1000
	set_probe ptcp:6641:127.0.0.1 0
	until_true 5 answers tcp:127.0.0.1:6640
	silent_client 6641 4 >"$dir/never" 3>&- &
	local never=$!
	silent_client 6640 10 >"$dir/fast"
	cat "$dir/fast"
	[[ $(sed -n 1p "$dir/fast") == [1-4].?' {"id":"echo","method":"echo","params":[]}' ]]
	[[ $(sed -n 2p "$dir/fast") == [2-8].?" closed" ]]
	# Who answers, in whatever way, stays.
	"${in_net[@]}" ovsdb-client lock tcp:127.0.0.1:6640 l >"$dir/seen" 2>&1 3>&- &
	servers+=("$!")
	wait "$never"
	[ "$(cat "$dir/never")" = open ]
	kill -0 "${servers[-1]}"
	wait "$default"
	cat "$dir/default"
	[[ $(sed -n 1p "$dir/default") == [5-9].?' {"id":"echo","method":"echo","params":[]}' ]]
	[[ $(sed -n 2p "$dir/default") == 1[0-9].?" closed" ]]
}

@test "a changed inactivity_probe reaches clients that are connected" {
	bvsd --schema="$vswitch" --remote="$managers"
	vsctl init -- set-manager ptcp:6640:127.0.0.1
	until_true 5 answers tcp:127.0.0.1:6640
	silent_client 6640 9 >"$dir/seen" 3>&- &
	local peer=$!
	until_true 5 manager_is ptcp:6640:127.0.0.1 is_connected true
	vsctl set manager . inactivity_probe=1000
	wait "$peer"
	grep closed "$dir/seen"
}

@test "pssl: who shows a certificate of our CA is served, nobody else" {
	three_keys
	mapfile -t options < <(known server ca)
	bvsd --schema="$vswitch" --remote=pssl:6640:127.0.0.1 "${options[@]}"
	mapfile -t options < <(known client ca)
	[ "$(client "${options[@]}" list-dbs ssl:127.0.0.1:6640)" = $'Open_vSwitch\n_Server' ]
	quiet "${in_net[@]}" ovs-vsctl "${options[@]}" --no-wait --db=ssl:127.0.0.1:6640 \
		init -- add-br br0
	# A stranger, also one that would accept us.
	mapfile -t options < <(known stranger other)
	refute answers ssl:127.0.0.1:6640 "${options[@]}"
	refute answers ssl:127.0.0.1:6640 "${options[@]}" --ca-cert="$dir/ca.crt"
	until_true 5 grep 'session-closed.*certificate' "$dir/bvsd.log"
	# Nobody in particular; and one without TLS.
	"${in_net[@]}" openssl s_client -connect 127.0.0.1:6640 -CAfile "$dir/ca.crt" \
		<<<'{"method":"list_dbs","params":[],"id":1}' >"$dir/anonymous" 2>&1 || true
	refute grep '"result"' "$dir/anonymous"
	refute answers tcp:127.0.0.1:6640
	mapfile -t options < <(known client ca)
	answers ssl:127.0.0.1:6640 "${options[@]}"
}

@test "pssl: TLS 1.2 and 1.3, nothing older" {
	keys server ca
	keys client ca
	mapfile -t options < <(known server ca)
	bvsd --schema="$vswitch" --remote=pssl:6640:127.0.0.1 "${options[@]}"
	local version
	for version in tls1_1 tls1_2 tls1_3; do
		"${in_net[@]}" timeout 5 openssl s_client "-$version" -cipher 'ALL:@SECLEVEL=0' -quiet \
			-connect 127.0.0.1:6640 -CAfile "$dir/ca.crt" -cert "$dir/client.crt" \
			-key "$dir/client.key" >"$dir/$version" 2>&1 \
			< <(echo '{"method":"list_dbs","params":[],"id":1}' && sleep 1) || true
	done
	refute grep '"result"' "$dir/tls1_1"
	grep '"result"' "$dir/tls1_2"
	grep '"result"' "$dir/tls1_3"
}

@test "pssl: large dumps and many small requests come whole" {
	keys server ca
	mapfile -t options < <(known server ca)
	bvsd --schema="$schema" --remote=pssl:6640:127.0.0.1 "${options[@]}"
	"${in_net[@]}" python3 - "$dir" <<'END'
import json
import socket
import ssl
import sys

d = sys.argv[1]
context = ssl.create_default_context(cafile=f"{d}/ca.crt")
context.check_hostname = False
context.load_cert_chain(f"{d}/server.crt", f"{d}/server.key")
s = context.wrap_socket(socket.create_connection(("127.0.0.1", 6640)))
s.settimeout(20)
decoder, text = json.JSONDecoder(), ""


def receive():
    global text
    while True:
        # Whole messages end so; to look for them in each piece would take long.
        if '"error":null}' in text[-200:] or text.startswith('{"id"') and len(text) < 20000:
            try:
                message, end = decoder.raw_decode(text)
                text = text[end:]
                if "method" not in message:
                    return message
                s.sendall(b'{"id":"echo","result":[],"error":null}')  # a probe: we are slow
                continue
            except json.JSONDecodeError:
                pass
        data = s.recv(1 << 20)
        assert data, "closed"
        text += data.decode()


row = {"op": "insert", "table": "Root", "row": {"name": "x" * 10000}}
for n in range(500):
    s.sendall(json.dumps({"method": "transact", "params": ["S", row], "id": n}).encode())
for n in range(500):
    m = receive()
    assert m["id"] == n and m["error"] is None, m
select = {"op": "select", "table": "Root", "where": [], "columns": ["_uuid", "name"]}
for n in range(5):
    s.sendall(json.dumps({"method": "transact", "params": ["S", select], "id": n}).encode())
for n in range(5):
    m = receive()
    assert m["id"] == n and m["error"] is None, str(m)[:500]
    rows = m["result"][0]["rows"]
    assert len(rows) == 500 and all(len(r["name"]) == 10000 for r in rows)
END
}

@test "--bootstrap-ca-cert: the first peer that shows a CA is believed, and only that CA from then on" {
	three_keys
	mapfile -t options < <(known server learnt)
	bvsd --schema="$vswitch" --remote=pssl:6640:127.0.0.1 "${options[@]/--ca-cert/--bootstrap-ca-cert}"
	# Who shows no CA teaches nothing, and has no service.
	"${in_net[@]}" openssl s_client -connect 127.0.0.1:6640 -cert "$dir/client.crt" \
		-key "$dir/client.key" <<<'{"method":"list_dbs","params":[],"id":1}' >"$dir/seen" 2>&1 || true
	refute grep '"result"' "$dir/seen"
	until_true 5 grep 'does not show the certificate of its CA' "$dir/bvsd.log"
	[ ! -e "$dir/learnt.crt" ]
	# Who shows one has none either, but is believed when it comes again, as others are.
	mapfile -t options < <(known client ca)
	refute answers ssl:127.0.0.1:6640 "${options[@]}"
	until_true 5 grep 'learnt from the peer' "$dir/bvsd.log"
	cmp <(openssl x509 -in "$dir/learnt.crt") <(openssl x509 -in "$dir/ca.crt")
	answers ssl:127.0.0.1:6640 "${options[@]}"
	mapfile -t options < <(known stranger other)
	refute answers ssl:127.0.0.1:6640 "${options[@]}"
	cmp <(openssl x509 -in "$dir/learnt.crt") <(openssl x509 -in "$dir/ca.crt")
}

@test "ssl: connects to a peer and verifies it" {
	three_keys
	mapfile -t options < <(known server ca)
	bvsd --schema="$vswitch" --remote=ssl:127.0.0.1:6641 "${options[@]}"
	mapfile -t options < <(known client ca)
	answered pssl:6641:127.0.0.1 "${options[@]}"
	mapfile -t options < <(known stranger other)
	run timeout 5 "${in_net[@]}" ovsdb-client "${options[@]}" --ca-cert="$dir/ca.crt" list-dbs \
		pssl:6641:127.0.0.1
	[ "$status" -ne 0 ]
	until_true 5 grep 'session-closed.*certificate' "$dir/bvsd.log"
}

@test "set-ssl and set-manager pssl: keys from the database, read again when they change" {
	keys server ca
	keys client ca
	mapfile -t options < <(known client ca)
	bvsd --schema="$vswitch" --remote="$managers" \
		--private-key=db:Open_vSwitch,SSL,private_key \
		--certificate=db:Open_vSwitch,SSL,certificate --ca-cert=db:Open_vSwitch,SSL,ca_cert
	vsctl init -- set-manager pssl:6640:127.0.0.1
	until_true 5 eval 'manager pssl:6640:127.0.0.1 status:last_error | grep "must be configured"'
	vsctl set-ssl "$dir/server.key" "$dir/server.crt" "$dir/ca.crt"
	until_true 5 answers ssl:127.0.0.1:6640 "${options[@]}"
	# Another CA in the same file.
	keys client2 ca2
	mapfile -t options2 < <(known client2 ca)
	refute answers ssl:127.0.0.1:6640 "${options2[@]}"
	cp "$dir/ca2.crt" "$dir/ca.both" && cat "$dir/ca.crt" >>"$dir/ca.both"
	vsctl set-ssl "$dir/server.key" "$dir/server.crt" "$dir/ca.both"
	until_true 5 answers ssl:127.0.0.1:6640 "${options2[@]}"
	answers ssl:127.0.0.1:6640 "${options[@]}"
}
