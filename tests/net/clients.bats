#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Clients other than ovs-vsctl, unmodified, with a switch behind the database: ovs-tcpdump,
# python3-openvswitch's IDL, python3-ovsdbapp.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }

setup() {
	ports a b
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b
}

teardown() { world_reset; }

# python MODULE WORD...: with Debian's Python packages, unpacked.
python() {
	world env PYTHONDONTWRITEBYTECODE=1 OVSDB="unix:$DIR/db.sock" \
		PYTHONPATH="$root/build/peers/usr/lib/python3/dist-packages" \
		python3 "$BATS_TEST_DIRNAME/clients.py" "$@"
}

captured() { # DUMP: a frame that is sent now, or was sent before
	expect <<<'a - > b=-' && grep '> ff:ff:ff:ff:ff:ff' "$1"
}

@test "ovs-tcpdump shows a port's frames and leaves nothing behind" {
	# shellcheck disable=SC2016,SC2094
	world sh -c 'echo $$ >"$0.pid"; exec "$@"' "$DIR/dump" "$peers/ovs-tcpdump" \
		--db-sock "unix:$DIR/db.sock" -i a -e -nn >"$DIR/dump" 2>"$DIR/dump.err" 3>&- &
	local shell=$!
	wait_until captured "$DIR/dump" || {
		cat "$DIR/dump" "$DIR/dump.err"
		return 1
	}
	is m_a vsctl --bare --columns=name list mirror
	is mia eval 'vsctl list-ports br0 | grep mia'
	world kill -INT "$(<"$DIR/dump.pid")"
	wait "$shell"
	is '' vsctl list mirror
	is $'a\nb' vsctl list-ports br0
	run ! ip link show dev mia
	[[ $output == *'does not exist'* ]]
}

@test "the Python IDL adds a port, waits for the switch, and follows what it tells" {
	ports c
	python idl c
	is $'a\nb\nc' vsctl list-ports br0
	expect <<<'c - > a=- b=-'
}

@test "python3-ovsdbapp: bridges, ports, rows, mirrors" {
	ports c
	python ovsdbapp c
	is $'a\nb\nc' vsctl list-ports br0
	is 7 vsctl get port c tag
	is m0 vsctl --bare --columns=name list mirror
	expect <<<'a - > b=- c=-'
}

@test "plain ovs-appctl finds the switch, and ovsdb-server is the same" {
	local version
	version=$(ovs-appctl -t "$DIR/switch.ctl" version)
	is "$version" ovs-appctl version
	is "$version" ovs-appctl -t ovsdb-server version
	is "$(switch_pid)" cat "$DIR/ovs-vswitchd.pid"
	ovs-appctl -t ovsdb-server ovsdb-server/list-remotes | grep -xF "punix:$DIR/db.sock"
	ovs-appctl list-commands | grep -w vlog/set
}
