#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A SPAN mirror as a user sets it up by hand: what tap1 receives is copied to tap3.
# One story: each test goes on where the one before has ended.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
teardown() { [[ -n $BATS_TEST_COMPLETED ]] || grep -v '|INFO|' "$DIR/log" | tail -n 20; }

@test "bridge, internal ports and namespaces, typed as printed" {
	ovs-vsctl add-br br0
	ovs-vsctl add-port br0 tap1 -- set interface tap1 type=internal
	ovs-vsctl add-port br0 tap2 -- set interface tap2 type=internal
	ovs-vsctl add-port br0 tap3 -- set interface tap3 type=internal
	ip netns add ns1
	ip netns add ns2
	ip netns add ns3
	ip link set dev tap1 netns ns1
	ip link set dev tap2 netns ns2
	ip link set dev tap3 netns ns3
	ip netns exec ns1 ip addr add 10.10.10.11/24 dev tap1
	ip netns exec ns1 ip link set up tap1
	ip netns exec ns2 ip addr add 10.10.10.12/24 dev tap2
	ip netns exec ns2 ip link set up tap2
	ip netns exec ns3 ip link set up tap3
	ip netns exec ns1 ping 10.10.10.12 -c 2
}

@test "without a mirror tap3 sees nothing of it" {
	seen=$BATS_TEST_TMPDIR/seen
	# A question to everybody, which the slow may ask again, is flooded.
	sniff "$seen" ns3 tap3 "icmp or (arp and not ether broadcast)"
	ip netns exec ns1 ping 10.10.10.12 -c 2
	is 0 sniff_stop "$seen"
}

@test "create the mirror and list it" {
	ovs-vsctl -- --id=@tap1 get port tap1  \
		-- --id=@tap3 get port tap3  \
		-- --id=@m create mirror name=m0 select_dst_port=@tap1 output_port=@tap3 \
		-- set bridge br0 mirrors=@m
	forget_flows
	tap1=$(ovs-vsctl get port tap1 _uuid)
	tap3=$(ovs-vsctl get port tap3 _uuid)
	run -0 ovs-vsctl list mirror
	echo "$output"
	# external_ids may tell what the mirror is bound to.
	grep -q '^external_ids        : {' <<<"$output"
	for line in 'name                : m0' \
		"output_port         : $tap3" 'output_vlan         : []' 'select_all          : false' \
		"select_dst_port     : [$tap1]" 'select_src_port     : []' 'select_vlan         : []'; do
		grep -qxF -- "$line" <<<"$output"
	done
	# Zeros, but where all is slow IPv6 may have said something meanwhile.  Before its first
	# report a mirror may have none on stock.
	grep -qxE 'statistics          : \{tx_bytes=[0-9]+, tx_packets=[0-9]\}' <<<"$output" ||
		[[ $SWITCH == ovs ]]
	if [[ $SWITCH == bvs ]]; then
		is active ovs-vsctl get bridge br0 status:mirror-m0
	fi
}

@test "now tap3 sees exactly the replies to tap1" {
	seen=$BATS_TEST_TMPDIR/seen
	sniff "$seen" ns3 tap3 icmp
	ip netns exec ns1 ping 10.10.10.12 -c 2
	wait_until has_lines 2 "$seen"
	is 2 sniff_stop "$seen"
	cat "$seen"
	tap1=$(ip -n ns1 -json link show dev tap1 | jq -r '.[0].address')
	tap2=$(ip -n ns2 -json link show dev tap2 | jq -r '.[0].address')
	for seq in 1 2; do
		grep -q "^[0-9:.]* $tap2 > $tap1, ethertype IPv4 (0x0800), length 98: 10.10.10.12 > 10.10.10.11: ICMP echo reply, id [0-9]*, seq $seq, length 64$" "$seen"
	done
}

@test "statistics are the frames that tap3 received, IPv6 and ARP included" {
	# A new row counts from 0, and while it selects nothing nothing reaches tap3.
	seen=$BATS_TEST_TMPDIR/seen
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 m0 output_port=tap3
	forget_flows
	sniff "$seen" ns3 tap3 -Q in
	ovs-vsctl -- --id=@tap1 get port tap1 -- set mirror m0 select_dst_port=@tap1
	forget_flows
	ip netns exec ns2 ip neigh flush all
	ip netns exec ns1 ping 10.10.10.12 -c 20 -i 0.01 -s 200
	wait_until has_lines 20 "$seen"
	seen_counts() {
		awk '{ match($0, /length [0-9]+/); n++; b += substr($0, RSTART + 7, RLENGTH - 7) }
			END { print n, b }' "$seen"
	}
	equal() { [[ $(seen_counts) == $(mirror_counts m0) ]]; }
	WAIT_LIMIT=12 wait_until equal || {
		echo "seen $(seen_counts), counted $(mirror_counts m0)"
		cat "$seen"
		false
	}
	sniff_stop "$seen"
}

@test "two pings of 98 bytes, IPv6 off and neighbours permanent: tx_bytes=196, tx_packets=2" {
	for n in 1 2 3; do
		ip netns exec "ns$n" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	done
	tap1=$(ip -n ns1 -json link show dev tap1 | jq -r '.[0].address')
	tap2=$(ip -n ns2 -json link show dev tap2 | jq -r '.[0].address')
	ip -n ns1 neigh replace 10.10.10.12 lladdr "$tap2" dev tap1 nud permanent
	ip -n ns2 neigh replace 10.10.10.11 lladdr "$tap1" dev tap2 nud permanent
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 m0 select_dst_port=tap1 output_port=tap3
	ip netns exec ns1 ping 10.10.10.12 -c 2
	becomes '{tx_bytes=196, tx_packets=2}' ovs-vsctl get mirror m0 statistics
}

@test "a mirror set on a running ping copies from the next reply on" {
	bvs_only 'cached flows go on without the mirror for a while'
	ovs-vsctl clear bridge br0 mirrors
	seen=$BATS_TEST_TMPDIR/seen
	# Enough for what happens meanwhile, also where all is slow and waits are long.
	n=$((30 * ${WAIT_LIMIT:-10}))
	sniff "$seen" ns3 tap3 icmp
	ip netns exec ns1 ping 10.10.10.12 -i 0.005 -c "$n" >"$BATS_TEST_TMPDIR/ping" 3>&- &
	ping=$!
	wait_until has_lines 50 "$BATS_TEST_TMPDIR/ping"
	mirror br0 m0 select_dst_port=tap1 output_port=tap3
	last=$(grep -o 'icmp_seq=[0-9]*' "$BATS_TEST_TMPDIR/ping" | tail -n 1 | cut -d= -f2)
	wait $ping
	((last < n - 10))
	grep -q "$n received" "$BATS_TEST_TMPDIR/ping"
	wait_until grep -q "seq $n," "$seen"
	sniff_stop "$seen"
	grep -o 'seq [0-9]*' "$seen" | cut -d' ' -f2 >"$BATS_TEST_TMPDIR/copied"
	first=$(head -n 1 "$BATS_TEST_TMPDIR/copied")
	echo "mirror in force after reply $last, copied from $first on"
	((first <= last + 1))
	diff <(seq "$first" "$n") "$BATS_TEST_TMPDIR/copied"
	# And it ends at once.
	ip netns exec ns1 ping 10.10.10.12 -i 0.005 -c "$n" >"$BATS_TEST_TMPDIR/ping" 3>&- &
	ping=$!
	wait_until has_lines 20 "$BATS_TEST_TMPDIR/ping"
	ovs-vsctl clear bridge br0 mirrors
	sniff "$seen" ns3 tap3 icmp
	wait $ping
	is 0 sniff_stop "$seen"
}

@test "clear mirrors: no row is left, tap3 is an ordinary port again" {
	ovs-vsctl clear bridge br0 mirrors
	is '' ovs-vsctl list mirror
	ip netns exec ns3 ip addr add 10.10.10.13/24 dev tap3
	ip netns exec ns1 ping 10.10.10.13 -c 1 -W 2
}
