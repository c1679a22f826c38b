#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The commands that usually follow a SPAN mirror: RSPAN through a second bridge, a mirror
# of a VLAN, a GRE port.  All can be typed; what is not there yet says so where a user looks.
# One story: each test goes on where the one before has ended.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() {
	world_start
	ovs-vsctl add-br br0
	for n in 1 2; do
		ovs-vsctl add-port br0 "tap$n" -- set interface "tap$n" type=internal
		ns "ns$n"
		ip link set dev "tap$n" netns "ns$n"
		ip netns exec "ns$n" ip addr add "10.10.10.1$n/24" dev "tap$n"
		ip netns exec "ns$n" ip link set up "tap$n"
	done
	# No address is asked for again, seconds after a ping: it would be copied and counted.
	for n in 1 2; do
		other=$((3 - n))
		ip -n "ns$n" neigh replace "10.10.10.1$other" dev "tap$n" nud permanent \
			lladdr "$(ip -n "ns$other" -json link show dev "tap$other" | jq -r '.[0].address')"
	done
}
teardown_file() { world_end; }
teardown() { [[ -n $BATS_TEST_COMPLETED ]] || grep -v '|INFO|' "$DIR/log" | tail -n 20; }

@test "a second bridge behind a veth pair" {
	ovs-vsctl add-br br1
	ip link add p0 type veth peer name p1
	ovs-vsctl add-port br0 p0
	ovs-vsctl add-port br1 p1
	ip link set p0 up
	ip link set p1 up
	ovs-vsctl add-port br1 tap4 -- set interface tap4 type=internal
	ip netns add ns4
	ip netns exec ns4 sysctl -qw net.ipv6.conf.all.disable_ipv6=1 # so that only pings are seen
	ip link set tap4 netns ns4
	ip netns exec ns4 ip link set up tap4
	becomes up ovs-vsctl get interface p0 link_state
	becomes up ovs-vsctl get interface p1 link_state
	ip netns exec ns4 ip addr add 10.10.10.14/24 dev tap4
	ip netns exec ns1 ping 10.10.10.14 -c 2 -i 0.05 -W 2
	ip netns exec ns4 ip addr del 10.10.10.14/24 dev tap4
}

@test "flood_vlans and a mirror to a VLAN" {
	ovs-vsctl set bridge br0 flood_vlans=111
	ovs-vsctl set bridge br1 flood_vlans=111
	ovs-vsctl -- --id=@tap1 get port tap1  \
		-- --id=@m create mirror name=m1 select_src_port=@tap1 output_vlan=111 \
		-- set bridge br0 mirrors=@m
	run -0 ovs-vsctl list mirror
	grep -qx 'output_vlan         : 111' <<<"$output"
}

# What one ping of ns1 gives at tap4: "802.1Q vlan 111" or not, and the length.
pinged() { # COUNT PATTERN
	local seen=$BATS_TEST_TMPDIR/seen
	forget_flows
	# So that requests find their way and are not flooded.
	ip netns exec ns1 ping 10.10.10.12 -c 2 -i 0.05 -W 2 >/dev/null
	rm -f "$seen" "$seen.err" "$seen.pid"
	sniff "$seen" ns4 tap4 icmp or 'vlan and icmp'
	ip netns exec ns1 ping 10.10.10.12 -c 2 -i 0.05 -W 2
	(($1 == 0)) || wait_until has_lines "$1" "$seen"
	sniff_stop "$seen" >"$BATS_TEST_TMPDIR/n"
	cat "$seen"
	is "$1" cat "$BATS_TEST_TMPDIR/n"
	is "$1" grep -cE "$2" "$seen"
}

@test "the copies reach tap4 over both bridges, tagged; the statistics count the frames" {
	# shellcheck disable=SC2317 # wait_until calls it
	counts() { [[ $(mirror_counts m1) == *[0-9]* ]]; } # after the first round
	wait_until counts
	before=$(mirror_counts m1)
	pinged 2 '802.1Q \(0x8100\), length 102: vlan 111, p 0, .* 10.10.10.11 > 10.10.10.12: ICMP echo request'
	# Two pings, or four requests in all; an ARP request may have come between.
	# shellcheck disable=SC2317 # wait_until calls it
	has_grown() { (($(mirror_counts m1 | cut -d' ' -f1) >= ${before% *} + 4)); }
	wait_until has_grown
	read -r packets bytes <<<"$(mirror_counts m1)"
	echo "before $before, now $packets $bytes"
	((bytes - ${before#* } >= 4 * 98 && bytes - ${before#* } <= 4 * 98 + (packets - ${before% *} - 4) * 42))
}

@test "the copies come back to tap1 as well" {
	seen=$BATS_TEST_TMPDIR/seen
	sniff "$seen" ns1 tap1 vlan 111 and icmp
	ip netns exec ns1 ping 10.10.10.12 -c 2 -i 0.05 -W 2
	wait_until has_lines 2 "$seen"
	sniff_stop "$seen" >"$BATS_TEST_TMPDIR/n"
	is 2 cat "$BATS_TEST_TMPDIR/n"
}

@test "tap4 in VLAN 111 gets them untagged, in VLAN 110 none" {
	run ! ovs-vsctl set port tap4 tap=111
	echo "$output"
	[[ $output == *'ort does not contain a column whose name matches "tap"' ]]
	ovs-vsctl set port tap4 tag=111
	pinged 2 'IPv4 \(0x0800\), length 98: 10.10.10.11 > 10.10.10.12: ICMP echo request'
	ovs-vsctl set port tap4 tag=110
	pinged 0 . || true
	is '' cat "$BATS_TEST_TMPDIR/seen"
}

@test "a mirror of VLAN 111 to tap4 works" {
	ovs-vsctl -- --id=@tap4 get port tap4  \
		-- --id=@m create mirror name=m2 select_vlan=111 select_all=true output_port=@tap4 \
		-- add bridge br1 mirrors @m
	is $'m1\nm2' eval 'ovs-vsctl --bare --columns=name list mirror | grep . | sort'
	ports t
	ovs-vsctl add-port br1 t
	seen=$BATS_TEST_TMPDIR/seen
	sniff "$seen" ns4 tap4 ether proto 0x88b5
	expect <<<$'t [111] x3 > nothing\nt [112] > nothing\nt - > nothing'
	wait_until has_lines 3 "$seen"
	is 3 sniff_stop "$seen"
	ovs-vsctl del-port t
}

@test "and the copies of br0 in it" {
	# shellcheck disable=SC2317 # wait_until calls it
	counts() { [[ $(mirror_counts m2) == *[0-9]* ]]; } # after the first round
	wait_until counts
	before=$(mirror_counts m2)
	pinged 2 'IPv4 \(0x0800\), length 98: 10.10.10.11 > 10.10.10.12: ICMP echo request'
	grown() { (($(mirror_counts m2 | cut -d' ' -f1) >= ${before% *} + 4)); }
	wait_until grown
	read -r packets bytes <<<"$(mirror_counts m2)"
	echo "before $before, now $packets $bytes"
	((bytes - ${before#* } >= 4 * 102)) # the length as received, with the tag
}

@test "clear both bridges' mirrors" {
	ovs-vsctl clear bridge br0 mirrors
	ovs-vsctl clear bridge br1 mirrors
	is '' ovs-vsctl list mirror
}

@test "a GRE port, whose way leads over eth0" {
	ip link add eth0 type veth peer name eth0 netns ends
	ip addr add 10.0.2.15/24 dev eth0
	ip link set eth0 up
	ip -n ends addr add 10.0.2.2/24 dev eth0
	ip -n ends link set eth0 up
	ip route add default via 10.0.2.2
	ovs-vsctl add-port br0 gre0 -- set interface gre0 type=gre options:key=0x1111 options:remote_ip=10.95.30.43
	ovs-vsctl -- --id=@tap1 get port tap1  \
		-- --id=@gre0 get port gre0  \
		-- --id=@m create mirror name=m3 select_src_port=@tap1 output_port=@gre0 \
		-- set bridge br0 mirrors=@m
	is m3 ovs-vsctl --bare --columns=name list mirror
	is '[]' ovs-vsctl get interface gre0 error
	becomes eth0 ovs-vsctl get interface gre0 status:tunnel_egress_iface
	becomes up ovs-vsctl get interface gre0 status:tunnel_egress_iface_carrier
	[[ $SWITCH == ovs ]] || becomes active ovs-vsctl get bridge br0 status:mirror-m3
}

@test "the copies leave by eth0 as GRE with the key" {
	# On stock the mirror acts when its flows are made anew.
	forget_flows
	local seen=$BATS_TEST_TMPDIR/seen
	# The first one asks stock for the way.
	ip netns exec ns1 ping 10.10.10.12 -c 1 -W 2
	sniff "$seen" ends eth0 proto gre
	ip netns exec ns1 ping 10.10.10.12 -c 2 -i 0.05 -W 2
	wait_until has_lines 2 "$seen"
	sniff_stop "$seen" >"$BATS_TEST_TMPDIR/n"
	cat "$seen"
	is 2 cat "$BATS_TEST_TMPDIR/n"
	is 2 grep -cE 'ethertype IPv4 \(0x0800\), length 140: 10.0.2.15 > 10.95.30.43: GREv0, key=0x1111, proto TEB \(0x6558\), length 106: .*, ethertype IPv4 \(0x0800\), length 98: 10.10.10.11 > 10.10.10.12: ICMP echo request, id [0-9]*, seq [12], length 64' "$seen"
}
