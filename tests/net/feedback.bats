#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What the switch writes into the database, and when.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
teardown() { world_reset; }

# Interface.statistics of $1: "rx_packets rx_bytes tx_packets tx_bytes".
port_counts() {
	local map key
	map=$(vsctl get interface "$1" statistics)
	for key in rx_packets rx_bytes tx_packets tx_bytes; do
		grep -o "\<$key=[0-9]*" <<<"$map" | cut -d= -f2
	done | paste -sd' '
}

# E50
@test "when ovs-vsctl returns, the port's columns are there and frames pass" {
	ports a b
	ovs-vsctl add-br br0
	ovs-vsctl add-port br0 a -- add-port br0 b
	# Looked at without waiting.
	vsctl --format=json --columns=name,ofport,error,ifindex,mac_in_use,mtu,admin_state,link_state,link_speed,duplex,status \
		list interface a >"$BATS_TEST_TMPDIR/row"
	expect <<<$'a - > b=-\nb - dst=a > a=-'
	jq -c '.data[0]' "$BATS_TEST_TMPDIR/row"
	is "$(jq -cn --argjson i "$(ip -json link show dev a | jq '.[0].ifindex')" '["a", true, ["set", []], $i,
		"02:00:00:00:01:01", 1500, "up", "up", 10000000000, "full", true]')" \
		jq -c '.data[0] | .[1] |= (. > 0) | .[10] |= (.[1] | map(.[0]) | contains(["driver_name"]))' "$BATS_TEST_TMPDIR/row"
	is veth vsctl get interface a status:driver_name
}

@test "the same of an internal port and of the bridge's own" {
	for _ in 1 2 3; do
		ovs-vsctl add-br br0 -- add-port br0 i -- set interface i type=internal
		for port in br0 i; do
			vsctl --format=json --columns=error,ifindex,mac_in_use,mtu,admin_state,link_state \
				list interface "$port" >"$BATS_TEST_TMPDIR/row"
			ip -json link show dev "$port" >"$BATS_TEST_TMPDIR/link"
			is "$(jq -c '.[0] | [["set", []], .ifindex, .address, .mtu, "down", "down"]' "$BATS_TEST_TMPDIR/link")" \
				jq -c '.data[0]' "$BATS_TEST_TMPDIR/row"
		done
		ovs-vsctl del-br br0
	done
}

@test "ofport, error and the rest come in one update with cur_cfg" {
	ports a
	ovs-vsctl add-br br0
	world "$peers/ovsdb-client" --format=json monitor "unix:$DIR/db.sock" ALL \
		>"$BATS_TEST_TMPDIR/monitor" 2>&1 3>&- &
	monitor=$!
	wait_until grep -q Interface "$BATS_TEST_TMPDIR/monitor"
	vsctl add-port br0 a -- add-port br0 nosuch 2>/dev/null
	done_with() { grep -q "$(vsctl get open_vswitch . cur_cfg)" "$BATS_TEST_TMPDIR/monitor"; }
	wait_until done_with
	kill "$monitor"
	python3 -IS - "$BATS_TEST_TMPDIR/monitor" "$(vsctl get open_vswitch . cur_cfg)" <<-'END'
		import json, sys
		# One JSON table after another; an empty line ends an update.
		updates, tables = [], []
		for line in open(sys.argv[1]):
		    if line.startswith("{"):
		        tables.append(json.loads(line))
		    elif not line.strip() and tables:
		        updates.append(tables)
		        tables = []
		updates.append(tables)
		def rows(update, caption, *columns):
		    for t in update:
		        if t.get("caption", "").startswith(caption):
		            index = [t["headings"].index(c) for c in columns]
		            for row in t["data"]:
		                yield [row[i] for i in index]
		for update in updates:
		    cfg = [c for _, c in rows(update, "Open_vSwitch", "action", "cur_cfg")]
		    if int(sys.argv[2]) in cfg:
		        found = {n: (p, e) for n, p, e in rows(update, "Interface", "name", "ofport", "error")}
		        print(found)
		        assert found["a"][0] > 0 and found["a"][1] == ["set", []]
		        assert found["nosuch"] == (-1, "could not open network device nosuch (No such device)")
		        break
		else:
		    sys.exit("no update with that cur_cfg")
	END
	ovs-vsctl del-port nosuch
}

@test "cur_cfg reaches next_cfg, also when nothing of ours changes" {
	ovs-vsctl add-br br0
	for _ in {1..5}; do
		ovs-vsctl set bridge br0 external_ids:n="$RANDOM"
		next=$(vsctl get open_vswitch . next_cfg)
		(($(vsctl get open_vswitch . cur_cfg) >= next))
	done
	# A client that does not wait is served as well.
	ports a
	vsctl --no-wait add-port br0 a
	is "$next" vsctl get open_vswitch . next_cfg
	becomes up vsctl get interface a link_state
	(($(vsctl get interface a ofport) > 0))
}

# E49
@test "ofport: from 1 upwards, a freed number is not given again at once, requests are honoured live" {
	ports a b c d
	ovs-vsctl add-br br0
	is 65534 vsctl get interface br0 ofport
	ovs-vsctl add-port br0 a
	ovs-vsctl add-port br0 b
	ovs-vsctl add-port br0 c -- set interface c ofport_request=20
	is $'1\n2\n20' vsctl get interface a ofport -- get interface b ofport -- get interface c ofport
	ovs-vsctl del-port b
	ovs-vsctl add-port br0 d
	is 3 vsctl get interface d ofport
	ovs-vsctl add-port br0 b
	is 4 vsctl get interface b ofport
	ovs-vsctl add-port br0 i -- set interface i type=internal
	is 5 vsctl get interface i ofport
	ovs-vsctl set interface a ofport_request=30
	is 30 vsctl get interface a ofport
	ovs-vsctl set interface a external_ids:x=y
	is 30 vsctl get interface a ofport
}

# E49
@test "datapath_id: from the local port's address, which other_config may set" {
	ports a
	ovs-vsctl add-br br0 -- add-port br0 a
	mac=$(ip -json link show dev br0 | jq -r '.[0].address')
	is "\"0000${mac//:/}\"" vsctl get bridge br0 datapath_id
	ovs-vsctl set bridge br0 'other_config:hwaddr="02:aa:bb:cc:dd:ee"'
	becomes '"000002aabbccddee"' vsctl get bridge br0 datapath_id
	is '"02:aa:bb:cc:dd:ee"' vsctl get interface br0 mac_in_use
	is 02:aa:bb:cc:dd:ee eval 'ip -json link show dev br0 | jq -r ".[0].address"'
	ovs-vsctl set bridge br0 other_config:datapath-id=00000000000000ab
	becomes '"00000000000000ab"' vsctl get bridge br0 datapath_id
}

# E49
@test "the local port's address: hwaddr, or the least universal one of ports that are no mirror output, or its own" {
	ports a b c
	ovs-vsctl add-br br0
	own=$(vsctl get interface br0 mac_in_use)
	# Whose second bit is set is local: these do not count.
	[[ $own == '"'?[26ae]:* ]]
	ovs-vsctl add-port br0 c
	is "$own" vsctl get interface br0 mac_in_use
	ip link set dev a address 00:00:5e:00:53:0a
	ip link set dev b address 00:00:5e:00:53:0b
	ovs-vsctl add-port br0 b
	becomes '"00:00:5e:00:53:0b"' vsctl get interface br0 mac_in_use
	ovs-vsctl add-port br0 a
	becomes '"00:00:5e:00:53:0a"' vsctl get interface br0 mac_in_use
	becomes '"000000005e00530a"' vsctl get bridge br0 datapath_id
	is 00:00:5e:00:53:0a eval 'ip -json link show dev br0 | jq -r ".[0].address"'
	mirror br0 m0 select_src_port=b output_port=a
	becomes '"00:00:5e:00:53:0b"' vsctl get interface br0 mac_in_use
	ovs-vsctl set bridge br0 'other_config:hwaddr="02:aa:bb:cc:dd:ee"'
	becomes '"02:aa:bb:cc:dd:ee"' vsctl get interface br0 mac_in_use
	ovs-vsctl remove bridge br0 other_config hwaddr -- clear bridge br0 mirrors
	becomes '"00:00:5e:00:53:0a"' vsctl get interface br0 mac_in_use
	ovs-vsctl del-port a -- del-port b
	becomes "$own" vsctl get interface br0 mac_in_use
}

# E50
@test "Interface.statistics: what crossed the port, seen from the switch, whoever it went to" {
	ports a b c m
	ns n1
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b tag=10 -- add-port br0 c -- add-port br0 m \
		-- add-port br0 i -- set interface i type=internal
	local home=n1
	# Stock has no counters of a device in another namespace.
	[[ $SWITCH == bvs ]] && ip link set dev i netns n1 || home=.
	ip netns exec n1 ip link set dev i up 2>/dev/null || ip link set dev i up
	mirror br0 m0 select_src_port=b output_port=m
	expect i@$home <<-END
		b - len=100 x3        > a=[10] c=[10] i=[10] m=[10]
		a - len=60            > c=- i=-
		i - len=200           > a=- c=-
		a - dst=i len=300 x10 > i=-
		i - dst=a len=400 x10 > a=-
		a [10] dst=b len=104 x5 > b=-
	END
	# Bytes with the Ethernet header and the tag as on the wire.
	becomes '16 3580 14 4512' port_counts a
	is '3 300 5 500' port_counts b
	is '0 0 5 572' port_counts c
	is '11 4200 14 3372' port_counts i
	is '0 0 3 312' port_counts m
	# All of stock's names.
	is 'collisions rx_bytes rx_crc_err rx_dropped rx_errors rx_frame_err rx_missed_errors rx_over_err rx_packets tx_bytes tx_dropped tx_errors tx_packets' \
		eval 'vsctl get interface a statistics | grep -o "[a-z_]*=" | grep -v multicast | tr -d = | sort | paste -sd" "'
}

@test "a new database describes the switch" {
	bvs_only 'its start script does that'
	# What exporters and cloud agents look for.
	for key in system-id hostname rundir; do
		run -0 vsctl get open_vswitch . "external_ids:$key"
		[[ $output != '""' ]]
	done
	run -0 vsctl get open_vswitch . iface_types
	[[ $output == *internal* ]]
	for column in ovs_version db_version system_type system_version datapath_types; do
		run -0 vsctl get open_vswitch . "$column"
		[[ $output != '[]' && $output != '""' ]]
	done
}

@test "Bridge.status tells every mirror's state" {
	bvs_only 'it has no such thing'
	ports a m
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 m
	mirror br0 m0 select_src_port=a output_port=m
	mirror br0 idle select_all=true
	is active vsctl get bridge br0 status:mirror-m0
	run -0 vsctl get bridge br0 status:mirror-idle
	[[ $output =~ ^\"?(error|pending): ]]
	# A name twice: by row.
	mirror br0 m0 select_dst_port=a output_port=m
	for uuid in $(vsctl --bare --columns=_uuid find mirror name=m0); do
		is active vsctl get bridge br0 "status:mirror-$uuid"
	done
	ovs-vsctl clear bridge br0 mirrors
	is '{}' vsctl get bridge br0 status
}
