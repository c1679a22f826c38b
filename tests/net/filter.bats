#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Filters of mirrors: Mirror.filter in Open vSwitch's words, external_ids:bvs-filter in
# tcpdump's.  What they let pass, what is refused, what a change does under traffic.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
setup() {
	bvs_only 'Debian'\''s has no such column'
	ports a b m
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-port br0 m
	B=02:00:00:00:00:02
	MACS=${B//:/}020000000001
}
teardown() { [[ $SWITCH != bvs ]] || world_reset; }

# Frames from a to b, as the second word of frames.py's lines.
udp() { # PORT: to it
	printf 'hex=%s080045000020000100004011000' "$MACS"
	printf '00a0102030a0000021000%04x000c0000%08x' "$1" "$((RANDOM * RANDOM))"
}
vlan_udp() { # VLAN PORT
	local plain
	plain=$(udp "$2")
	printf '%s8100%04x%s' "${plain:0:28}" "$1" "${plain:28}"
}

state() { vsctl get bridge br0 status:mirror-m0; }
account() { vsctl get mirror m0 "statistics:$1"; }
is_said() { grep -q "event=mirror .*$1" "$DIR/log"; }

# Puts a filter into the column and an expression into external_ids, "-" for none.  Debian's
# ovs-vsctl is too old to know the column.
filter() { # FILTER EXPRESSION
	local column='["set",[]]' more=''
	[[ $1 == - ]] || column="\"$1\""
	[[ $2 == - ]] || more=",{\"op\":\"mutate\",\"table\":\"Mirror\",\"where\":[],
		\"mutations\":[[\"external_ids\",\"insert\",[\"map\",[[\"bvs-filter\",\"$2\"]]]]]}"
	ovsdb-client transact "unix:$DIR/db.sock" "[\"Open_vSwitch\",
		{\"op\":\"update\",\"table\":\"Mirror\",\"where\":[],\"row\":{\"filter\":$column}},
		{\"op\":\"mutate\",\"table\":\"Mirror\",\"where\":[],
		 \"mutations\":[[\"external_ids\",\"delete\",[\"set\",[\"bvs-filter\"]]]]}$more]" |
		grep -qv error
	switch_settled
}

# A mirror of what a sends.
filtered_mirror() { # FILTER EXPRESSION
	mirror br0 m0 select_src_port=a output_port=m
	filter "$1" "$2"
}

@test "frames that do not match are forwarded and not copied; the account says so" {
	filtered_mirror udp,tp_dst=53 -
	ovs-vsctl set mirror m0 external_ids:bvs-account=true
	becomes active state
	expect <<-END
		b -                > a=-
		a $(udp 53)        > b=- m=-
		a $(udp 54)        > b=-
		a $(vlan_udp 5 53) > b=[5] m=[5]
		a - dst=b x3       > b=-
	END
	becomes 6 account selected
	is 4 account filtered
	is 2 account sent
	is 2 account tx_packets
}

@test "a filter is set, replaced, cleared; each takes effect with the command" {
	filtered_mirror - -
	expect <<<"b - > a=-"$'\n'"a $(udp 53) > b=- m=-"
	filter dl_vlan=7 -
	expect <<-END
		a $(udp 53)        > b=-
		a $(vlan_udp 7 53) > b=[7] m=[7]
		a $(vlan_udp 8 53) > b=[8]
	END
	filter ip,nw_src=10.1.0.0/16,nw_dst=10.0.0.2 -
	expect <<-END
		a $(udp 53)        > b=- m=-
		a - dst=b          > b=-
	END
	filter - -
	expect <<<"a - dst=b > b=- m=-"
	becomes active state
}

@test "tcpdump's expressions, alone and together with the column" {
	filtered_mirror - 'udp dst port 53 and net 10.1.0.0/16'
	becomes active state
	expect <<-END
		b -                > a=-
		a $(udp 53)        > b=- m=-
		a $(udp 54)        > b=-
		a $(vlan_udp 5 53) > b=[5]
	END
	ovs-vsctl set mirror m0 external_ids:bvs-filter='"vlan and udp dst port 53"'
	expect <<-END
		a $(udp 53)        > b=-
		a $(vlan_udp 5 53) > b=[5] m=[5]
		a $(vlan_udp 6 53) > b=[6] m=[6]
	END
	filter dl_vlan=6 'vlan and udp dst port 53'
	expect <<-END
		a $(vlan_udp 5 53) > b=[5]
		a $(vlan_udp 6 53) > b=[6] m=[6]
		a $(vlan_udp 6 54) > b=[6]
	END
}

@test "at egress the tags are those with which the frame leaves" {
	ovs-vsctl set port a tag=5
	mirror br0 m0 select_dst_port=b output_port=m
	filter dl_vlan=5 -
	expect <<<"b [5] > a=-"$'\n'"a $(udp 53) > b=[5] m=[5]"
	filter dl_vlan=0xffff -
	expect <<<"a $(udp 53) > b=[5]"
}

@test "what is not understood is refused with the reason, and the old filter goes on" {
	filtered_mirror udp,tp_dst=53 -
	expect <<<"b - > a=-"$'\n'"a $(udp 53) > b=- m=-"
	filter udp,tp_dst=dns -
	becomes '"error: filter: dns: bad syntax for tp_dst value"' state
	wait_until is_said 'dns: bad syntax'
	expect <<<"a $(udp 53) > b=- m=-"$'\n'"a $(udp 54) > b=-"
	filter udp,tp_dst=54 'port 54 or host www.example.com'
	becomes '"error: external_ids:bvs-filter: www.example.com: no such word is known, and names are not looked up"' \
		state
	# Whatever else changes meanwhile.
	ovs-vsctl set mirror m0 snaplen=46
	expect <<<"a $(udp 53) > b=- m=-"$'\n'"a $(udp 54) > b=-"
	ovs-vsctl remove mirror m0 external_ids bvs-filter
	becomes active state
	expect <<<"a $(udp 53) > b=-"$'\n'"a $(udp 54) > b=- m=-"
}

# The switch's words about a filter are those of stock about a flow's match.
@test "errors are worded as by ovs-ofctl" {
	filtered_mirror - -
	for text in dl_src=zz ip,nw_src=foo ip,nw_src=10.0.0.0/33 ipv6,ipv6_src=::1/129 tcp,tcp_dst=70000 \
		tcp,tcp_dst=80/65536 tcp,tcp_dst=http ip,nw_ttl=300 dl_vlan=5/0xf icmp,icmp_type=8/1 vlan_tci=0x1ffff; do
		want=$(world "$peers/ovs-ofctl" parse-flow "$text,actions=drop" 2>&1) && return 1
		filter "$text" -
		becomes "\"error: filter: ${want#ovs-ofctl: }\"" state
	done
	for text in tcp6,tcp_dst=0x50 ip,nw_src=10.1.2.3/255.0.255.0 vlan_tci=0x1005/0x1fff tcp,tcp_flags=+syn-ack \
		icmp6,icmpv6_type=135,nd_target=fe80::/10 ip,nw_frag=not_later dl_vlan=5,dl_vlan_pcp=3 arp,arp_op=2; do
		world "$peers/ovs-ofctl" parse-flow "$text,actions=drop"
		filter "$text" -
		becomes active state
	done
}

@test "a mirror that never had a good filter copies nothing, though it copied all without" {
	filtered_mirror tp_dst=53 -
	becomes '"error: filter: prerequisites not met for setting tp_dst"' state
	expect <<<"b - > a=-"$'\n'"a $(udp 53) > b=-"
	filter - -
	expect <<<"a $(udp 53) > b=- m=-"
	filter in_port=1 -
	becomes '"error: filter: in_port is not supported here: use select_src_port"' state
	expect <<<"a $(udp 53) > b=-"
	# Its output port is not given to traffic for that.
	expect <<<"a - > b=-"
}

@test "a filter is in force without a daemon, and after a restart: also one that has gone bad" {
	filtered_mirror udp,tp_dst=53 'not vlan'
	expect <<<"b - > a=-"$'\n'"a $(udp 53) > b=- m=-"
	for round in good bad; do
		if [[ $round == bad ]]; then
			filter nonsense 'not vlan'
			becomes '"error: filter: unknown field nonsense"' state
		fi
		switch_kill KILL
		expect <<<"a $(udp 53) > b=- m=-"$'\n'"a $(udp 54) > b=-"$'\n'"a $(vlan_udp 5 53) > b=[5]"
		switch_start
		switch_settled
		expect <<<"a $(udp 53) > b=- m=-"$'\n'"a $(udp 54) > b=-"$'\n'"a $(vlan_udp 5 53) > b=[5]"
	done
	is '"error: filter: unknown field nonsense"' state
}

@test "a start with filters that have not changed writes no map" {
	filtered_mirror udp,tp_dst=53 'not vlan'
	switch_kill KILL
	trace=$BATS_TEST_TMPDIR/trace
	SWITCH_WRAPPER=(strace -f -e 'trace=bpf' -o "$trace")
	switch_start
	SWITCH_WRAPPER=()
	switch_settled
	grep -q 'bpf(BPF_OBJ_GET' "$trace"
	# Into maps of before: batches are written to nothing else.
	run ! grep 'bpf(BPF_MAP_UPDATE_BATCH' "$trace"
	filter udp,tp_dst=54 'not vlan'
	grep -q 'bpf(BPF_MAP_UPDATE_BATCH' "$trace"
}

# --- under traffic: a sends frames of type 0x88b5 to b ---

@test "a filter put in other words misses nothing" {
	filtered_mirror dl_type=0x88b5 -
	expect <<<$'b - > a=-\na - dst=b > b=- m=-'
	blast_start a "$B"
	for _ in {1..2}; do
		filter dl_src=02:00:00:00:00:01,dl_vlan=0xffff -
		blast_more
		filter - 'ether proto 0x88b5'
		blast_more
		filter broken -
		blast_more
		filter dl_type=0x88b5 'not ip'
		blast_more
		filter dl_type=0x88b5 -
		blast_more
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] == SENT))
}

@test "filters exchanged that both keep a frame out never let one pass" {
	filtered_mirror ip -
	expect <<<$'b - > a=-\na - dst=b > b=-'
	blast_start a "$B"
	for _ in {1..2}; do
		filter dl_vlan=5 -
		blast_more
		filter - 'ip or arp or vlan'
		blast_more
		filter - '(('
		blast_more
		filter arp -
		blast_more
		filter ipv6,nw_proto=58 'ip6'
		blast_more
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] == 0))
}

@test "a filter that is tightened lets nothing pass from the end of the command on" {
	filtered_mirror - -
	expect <<<$'b - > a=-\na - dst=b > b=- m=-'
	blast_start a "$B"
	for _ in {1..2}; do
		for words in 'ip|-' '-|ip'; do
			filter "${words%|*}" "${words#*|}"
			before=$(counter ends m rx_packets)
			blast_more
			is "$before" counter ends m rx_packets
			filter - -
			blast_more
		done
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] > 1000 && GOT[m] < SENT))
}
