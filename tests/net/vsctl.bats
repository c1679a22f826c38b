#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Stock ovs-vsctl, command by command: the answers, and never a word on stderr.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
teardown() { world_reset; }

v() { ovs-vsctl "$@"; }

@test "bridges" {
	v add-br br0
	v --may-exist add-br br0
	v add-br br1
	is $'br0\nbr1' v list-br
	v br-exists br0
	run -2 ovs-vsctl br-exists br9
	run ! vsctl add-br br0
	[[ $output == *'cannot create a bridge named br0 because a bridge named br0 already exists'* ]]
	is br0 v br-to-parent br0
	is 0 v br-to-vlan br0
	v --if-exists del-br br9
	v del-br br1
	is br0 v list-br
}

# B20
@test "fake bridges are access ports of a VLAN" {
	ports a b t
	v add-br br0
	v add-br br10 br0 10
	is $'br0\nbr10' v list-br
	is br0 v --real list-br
	is br10 v --fake list-br
	is br0 v br-to-parent br10
	is 10 v br-to-vlan br10
	v add-port br10 a -- add-port br10 b -- add-port br0 t
	is $'a\nb' v list-ports br10
	expect <<<$'a - > b=- t=[10]\nt [10] > a=- b=-\nt - > nothing'
	v del-br br10
	is t v list-ports br0
}

@test "ports and interfaces" {
	ports a b c
	v add-br br0
	v add-port br0 a
	v --may-exist add-port br0 a
	v add-port br0 b tag=10 trunks=1,2 -- set interface b external_ids:iface-id=b7
	is $'a\nb' v list-ports br0
	is $'a\nb' v list-ifaces br0
	is br0 v port-to-br b
	is br0 v iface-to-br b
	v --with-iface del-port br0 b
	v --if-exists del-port br0 b
	v --if-exists del-port nothing
	is a v list-ports br0
	run ! vsctl add-port br0 a
	run ! vsctl del-port br0 b
	[[ $output == *'no port named b'* ]]
	v -- --may-exist add-port br0 c vlan_mode=native-untagged tag=5 trunk=1,2,3 \
		-- set interface c 'external-ids:attached-mac="52:54:00:00:00:01"' \
		-- set interface c external-ids:iface-status=active
	is '"52:54:00:00:00:01"' v get interface c external_ids:attached-mac
	v -- --if-exists clear Port c tag -- --if-exists clear Port c trunk -- --if-exists clear Port c vlan_mode
	is '[]' v get port c tag
	v -- --if-exists del-port c
}

@test "show, in stock's words" {
	ports a
	v add-br br0 -- add-port br0 a tag=7
	run -0 ovs-vsctl show
	echo "$output"
	grep -qx '    Bridge br0' <<<"$output"
	grep -qx '        Port a' <<<"$output"
	grep -qx '            tag: 7' <<<"$output"
	grep -qx '            Interface a' <<<"$output"
	grep -qx '                type: internal' <<<"$output"
	v --if-exists del-port br0 a
	vsctl add-port br0 nosuch 2>/dev/null
	run -0 ovs-vsctl show
	grep -qxF '                error: "could not open network device nosuch (No such device)"' <<<"$output"
}

@test "fail mode, external ids, controllers, managers, SSL, emergency reset" {
	v add-br br0
	v set-fail-mode br0 standalone
	is standalone v get-fail-mode br0
	v del-fail-mode br0
	is '' v get-fail-mode br0
	v br-set-external-id br0 k v1
	v br-set-external-id br0 k2 v2
	is v1 v br-get-external-id br0 k
	is $'k=v1\nk2=v2' v br-get-external-id br0
	v br-set-external-id br0 k
	v set-controller br0 tcp:127.0.0.1:16653 tcp:127.0.0.1:16654
	is $'tcp:127.0.0.1:16653\ntcp:127.0.0.1:16654' v get-controller br0
	v del-controller br0
	v set-manager ssl:127.0.0.1:16640
	is ssl:127.0.0.1:16640 v get-manager
	v del-manager
	is '' v get-manager
	v set-ssl /none/key /none/cert /none/ca
	v get-ssl
	v del-ssl
	v emer-reset
	is br0 v list-br
}

@test "get, set, add, remove, clear, find, wait-until" {
	v add-br br0
	v set bridge br0 other_config:a=1 other_config:b=2 flood_vlans=1,2,3
	is '{a="1", b="2"}' v get bridge br0 other_config
	is '"1"' v get bridge br0 other_config:a
	v add bridge br0 flood_vlans 4 5
	is '[1, 2, 3, 4, 5]' v get bridge br0 flood_vlans
	v remove bridge br0 flood_vlans 1 2 -- remove bridge br0 other_config a -- remove bridge br0 other_config b=7
	is '[3, 4, 5]' v get bridge br0 flood_vlans
	is '{b="2"}' v get bridge br0 other_config
	v clear bridge br0 flood_vlans other_config
	is br0 v --bare --columns=name find bridge flood_vlans='[]' other_config='{}' name!=br1
	v --if-exists get bridge br9 name
	is '' v --if-exists get bridge br0 other_config:none
	v wait-until bridge br0 datapath_id!='[]'
	v --timeout=5 wait-until interface br0 ofport=65534
	run ! vsctl set bridge br0 flood_vlans=5000
	[[ $output == *'5000 is not in the valid range 0 to 4095'* ]]
	run ! vsctl set bridge br0 fail_mode=what
	run ! vsctl get bridge br0 nocolumn
	run ! vsctl list notable
	v comment hello -- set open_vswitch . other_config:x=y
	v remove open_vswitch . other_config x
}

@test "every table can be listed, in every format" {
	ports a
	v add-br br0 -- add-port br0 a
	for table in Open_vSwitch Bridge Port Interface Flow_Table QoS Queue Mirror Controller Manager NetFlow \
		Datapath CT_Zone CT_Timeout_Policy SSL sFlow IPFIX Flow_Sample_Collector_Set AutoAttach; do
		v list "$table" >/dev/null
		v --format=json list "$table" | jq -e .headings >/dev/null
	done
	is a v --bare --columns=name list interface a
	is a v --format=csv --no-headings --columns=name list interface a
	is 'name                : a' v --columns=name list port a
	v --oneline --format=table --data=json --columns=name,ofport,statistics list interface
	is '"[""map"",[]]"' v --no-headings --format=csv --data=json --columns=external_ids find bridge name=br0
	v --format=html --columns=name list bridge >/dev/null
	v --no-headings --format=list --data=json --columns=statistics list interface a | grep -q '"rx_bytes"'
	v --no-wait --dry-run add-br br7
	is br0 v list-br
}

@test "rows of tables that have no effect here are kept, and go with their last reference" {
	ports a
	v add-br br0 -- add-port br0 a
	v set port a qos=@q -- --id=@q create qos type=linux-htb other_config:max-rate=1000000 queues:0=@q0 \
		-- --id=@q0 create queue other_config:min-rate=1000 >/dev/null
	is '"1000000"' v get qos "$(v get port a qos)" other_config:max-rate
	v clear port a qos -- --all destroy qos -- --all destroy queue
	v set bridge br0 netflow=@n -- --id=@n create netflow targets='"127.0.0.1:12055"' >/dev/null
	v set bridge br0 sflow=@s -- --id=@s create sflow agent=lo targets='"127.0.0.1:16343"' header=128 sampling=64 polling=10 >/dev/null
	v set bridge br0 ipfix=@i -- --id=@i create ipfix targets='"127.0.0.1:14739"' sampling=64 >/dev/null
	is 1 eval 'v --bare --columns=_uuid list ipfix | grep -c .'
	v clear bridge br0 netflow sflow ipfix
	is '' v list sflow
	v set bridge br0 protocols=OpenFlow10,OpenFlow13 stp_enable=false mcast_snooping_enable=false
	v set interface a ingress_policing_rate=1000 ingress_policing_burst=100
	v set interface a ingress_policing_rate=0 ingress_policing_burst=0
	v -- --id=@ft create flow_table name=t flow_limit=100 -- set bridge br0 flow_tables:0=@ft >/dev/null
	v clear bridge br0 flow_tables
	v add-aa-mapping br0 100 10
	v get-aa-mapping br0
	v del-aa-mapping br0 100 10
}

@test "mirrors, hyphens and underscores" {
	ports a b
	v add-br br0 -- add-port br0 a -- add-port br0 b
	v -- set bridge br0 mirrors=@m -- --id=@a get port a -- --id=@b get port b \
		-- --id=@m create mirror name=m0 select-dst-port=@a select-src-port=@a output-port=@b >/dev/null
	expect <<<'a - > b=-'
	is m0 v --bare --columns=name find mirror select_all=false
	v set mirror m0 select-vlan=1,2
	is '[1, 2]' v get mirror m0 select_vlan
	v remove mirror m0 select_vlan 1
	v set mirror m0 snaplen=100
	run ! vsctl set mirror m0 snaplen=13
	v clear mirror m0 snaplen
	# An unreferenced mirror leaves no row behind.
	vsctl create mirror name=lost >/dev/null 2>&1
	is m0 eval 'v --bare --columns=name list mirror'
	# The row is gone with its last reference.
	v -- --id=@m get mirror m0 -- remove bridge br0 mirrors @m
	is '' v list mirror
	expect <<<'a - > b=-'
}

@test "a big transaction, and ten clients at once" {
	local command=(add-br br0) i pids=()
	for i in {1..200}; do
		command+=(-- --if-exists set bridge br0 "external_ids:k$i=$i")
	done
	v "${command[@]}"
	is '"200"' v get bridge br0 external_ids:k200
	for i in {1..10}; do
		(v set bridge br0 "external_ids:k$i=changed" 3>&-) &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in {1..10}; do
		is changed v get bridge br0 "external_ids:k$i"
	done
}
