#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Stock ovs-vsctl, every command, at our server and at the stock one: the same output,
# complaint and status.  What the commands do to a switch is in tests/net/vsctl.bats.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

setup() {
	set -o pipefail
	make_dir
	stock "$root/schema/vswitch.ovsschema"
	bvsd
}

# Everything that a user sees; rows come in the order of their random uuids.
seen() { # db|stock WORD...
	local status=0 sock=unix:$dir/$1.sock
	shift
	timeout 10 ovs-vsctl --no-wait --db="$sock" "$@" >"$dir/out" 2>&1 || status=$?
	sed -E "s#$dir/[a-z]+\.sock#SOCKET#g; s/^[-0-9]+T[0-9:]+Z\|0000[0-9]\|//
		s/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/UUID/g" "$dir/out" | sort &&
		echo "status $status"
}

# Reads lines of words; "not " before one: the command must fail, otherwise it must not.
play() {
	local line ours theirs words good bad=0
	while read -r line; do
		good=yes
		[[ $line != 'not '* ]] || good=
		eval "words=(${line#not })" # quotes are the line's
		theirs=$(seen stock "${words[@]}") || return
		ours=$(seen db "${words[@]}") || return
		if [[ $ours != "$theirs" || ($good && $ours != *'status 0') || (-z $good && $ours == *'status 0') ]]; then
			printf '%s\nstock: %s\nours: %s\n' "$line" "$theirs" "$ours"
			bad=1
		fi
	done
	return $bad
}

# The commands that ovs-vsctl says it has, those apart that stand in this file.
missing_commands() {
	local name
	ovs-vsctl --commands | sed -E 's/^[^,]*,([^,]*),.*/\1/' | sort | while read -r name; do
		grep -qE "^(not )?(.* )?$name( |\$)" "$BATS_TEST_FILENAME" || echo "$name"
	done
}

@test "this file has every command" {
	[ "$(ovs-vsctl --commands | wc -l)" -gt 40 ]
	[ -z "$(missing_commands)" ]
}

@test "bridges, ports, bonds, interfaces" {
	play <<'END'
list-br
init
init
list-br
add-br br0
not add-br br0
--may-exist add-br br0
add-br br1 -- set bridge br1 datapath_type=netdev
add-br fake br0 7
--may-exist add-br fake br0 7
not --may-exist add-br fake br0 8
not add-br fake2 br9 8
list-br
--real list-br
--fake list-br
br-exists br0
not br-exists br9
br-to-vlan fake
br-to-vlan br0
br-to-parent fake
not br-to-parent br9
add-port br0 p0 tag=5 trunks=1,2
not add-port br0 p0
--may-exist add-port br0 p0
not --may-exist add-port br1 p0
add-port fake p1 -- set interface p1 type=internal
not add-port br9 p2
not add-port br0 p2 tag=4096
not add-port br0 p2 nocolumn=1
add-bond br0 bond0 e0 e1 bond_mode=balance-slb lacp=active
not add-bond br0 bond0 e2 e3
--may-exist add-bond br0 bond0 e1 e0
not add-bond br0 bond1 e4
--fake-iface add-bond br1 bond1 e4 e5
add-bond-iface bond0 e6
--may-exist add-bond-iface bond0 e6
not add-bond-iface bond9 e7
del-bond-iface bond0 e6
--if-exists del-bond-iface bond0 e6
not del-bond-iface bond0 e6
list-ports br0
list-ports br1
list-ports fake
not list-ports br9
list-ifaces br0
port-to-br bond0
not port-to-br e0
iface-to-br e0
not iface-to-br e9
show
--with-iface del-port e1
not del-port br1 p0
not del-port br0 br0
del-port br0 p0
--if-exists del-port p0
not del-port p0
del-br fake
del-br br1
--if-exists del-br br1
not del-br br1
list-ports br0
show
END
}

@test "ids, controllers, managers, TLS, fail mode, auto attach, zones, capabilities, reset" {
	play <<'END'
init -- add-br br0
br-set-external-id br0 k v
br-set-external-id br0 k2 "v 2"
br-get-external-id br0 k
br-get-external-id br0
br-set-external-id br0 k
br-get-external-id br0
br-get-external-id br0 none
set-controller br0 tcp:127.0.0.1:6653 ssl:127.0.0.1:6654
--inactivity-probe=9000 set-controller br0 tcp:127.0.0.1:6653
get-controller br0
--columns=target,inactivity_probe,is_connected list controller
del-controller br0
get-controller br0
not set-controller br9 tcp:127.0.0.1:6653
set-fail-mode br0 secure
get-fail-mode br0
not set-fail-mode br0 nonsense
del-fail-mode br0
get-fail-mode br0
set-manager ptcp:6640 tcp:127.0.0.1:6641
--inactivity-probe=9000 set-manager ptcp:6640
get-manager
set-manager nonsense
set-manager ptcp:6640
--columns=target,inactivity_probe list manager
del-manager
get-manager
set-ssl /k /c /ca
--bootstrap set-ssl /k /c /ca
get-ssl
--columns=bootstrap_ca_cert,ca_cert list ssl
del-ssl
get-ssl
add-aa-mapping br0 100 10
add-aa-mapping br0 200 20
get-aa-mapping br0
del-aa-mapping br0 100 10
get-aa-mapping br0
not add-zone-tp netdev zone=1 icmp_first=1
-- --id=@d create datapath datapath_version=x capabilities:recirc=true -- set open_vswitch . datapaths:netdev=@d
add-zone-tp netdev zone=1 icmp_first=1 icmp_reply=2
not add-zone-tp netdev zone=1 icmp_first=3
--may-exist add-zone-tp netdev zone=1 icmp_first=3
list-zone-tp netdev
del-zone-tp netdev zone=1
--if-exists del-zone-tp netdev zone=1
not del-zone-tp netdev zone=1
list-zone-tp netdev
list-dp-cap netdev
not list-dp-cap none
set open_vswitch . ssl=@s -- --id=@s create ssl private_key=/k certificate=/c ca_cert=/ca
set bridge br0 other_config:hwaddr=00:00:00:00:00:01 other_config:x=y
emer-reset
show
get bridge br0 other_config
list ssl
END
}

@test "rows: list, find, get, set, add, remove, clear, create, destroy, wait-until, comment" {
	play <<'END'
init -- add-br br0 -- add-port br0 p0 -- add-port br0 p1
list bridge br0
list port p0 p1
--columns=name,tag list port
not list port none
--if-exists list port none
not list none
--format=json --columns=name,other_config list bridge
--format=csv --no-headings --columns=name,trunks list port p0
--format=html --columns=name list port p0
--bare --columns=name list port
--data=json --format=list --columns=name,trunks list port p0
--oneline list bridge br0
find port name=p0
--columns=name find port name!=p0
--columns=name find port "tag=[]"
--columns=name find port "tag>5"
--columns=name find port "trunks{>=}1,2"
not find port nocolumn=1
get port p0 name
get port p0 name tag other_config
--if-exists get port none name
not get port none name
not get port p0 nocolumn
not get port p0 other_config:k
--if-exists get port p0 other_config:k
-- --id=@p get port p0 -- set bridge br0 external_ids:p=@p
set port p0 tag=7 other_config:a=b trunks=1,2,3
set port p0 other_config:a=c "external_ids={x=y, z=\"1 2\"}"
not set port p0 tag=-1
not set port p0 name=other
not set port none tag=1
--if-exists set port none tag=1
get port p0 tag trunks other_config external_ids
add port p0 trunks 4 5
add port p0 external_ids new=1
--if-exists add port none trunks 4
not add port p0 tag 8
get port p0 trunks external_ids
remove port p0 trunks 1 2
remove port p0 external_ids x
remove port p0 external_ids z=other
remove port p0 external_ids "z=\"1 2\""
not remove port p0 name p0
--if-exists remove port none trunks 1
get port p0 trunks external_ids
clear port p0 trunks tag
not clear port p0 name
not clear port p0 nocolumn
--if-exists clear port none tag
get port p0 trunks tag
-- --id=@q create qos type=linux-htb other_config:max-rate=5 queues:0=@q0 -- --id=@q0 create queue other_config:min-rate=1 -- set port p0 qos=@q
--columns=type,other_config list qos
not -- --id=@a create queue -- --id=@a create queue
not create qos nocolumn=1
not set port p0 qos=@nothing
not destroy qos p9
-- --id=@m create mirror name=m0 select_all=true -- add bridge br0 mirrors @m
--columns=name,select_all list mirror m0
not set mirror m0 snaplen=5
not --all destroy qos
clear port p0 qos -- --all destroy qos -- --all destroy queue
list qos
--if-exists destroy qos UUID
wait-until port p0 name=p0
--timeout=5 wait-until bridge br0
not --timeout=1 wait-until port p9
comment some words
--dry-run set port p0 tag=9
get port p0 tag
not nonsense
not list
-- list-br -- list-ports br0 -- get port p0 name
END
}
