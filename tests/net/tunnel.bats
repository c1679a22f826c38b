#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Tunnel ports: this switch and a second one in the namespace "far", an underlay between them
# (u0 here, 10.0.0.1; u1 there, 10.0.0.2), and in each a user: n (10.1.0.1) and f (10.1.0.2).

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() {
	[[ $SWITCH == bvs ]] || return 0
	world_start
	export OTHER=$BATS_FILE_TMPDIR/far BPFFS=$DIR/bpf
	ns far
	far_start
}
teardown_file() { world_end; }

setup() {
	bvs_only 'two of them talk to each other'
	ns n f
	ip link add u0 type veth peer name u1 netns far
	ip addr add 10.0.0.1/24 dev u0
	ip link set u0 up
	ip -n far addr add 10.0.0.2/24 dev u1
	ip -n far link set u1 up
	ovs-vsctl add-br br0 -- add-port br0 n0 -- set interface n0 type=internal
	far ovs-vsctl add-br br0 -- add-port br0 f0 -- set interface f0 type=internal
	user n n0 10.1.0.1
	ip -n far link set f0 netns f
	ip -n f addr add 10.1.0.2/24 dev f0
	ip -n f link set f0 mtu 1400 up
}

teardown() {
	[[ $SWITCH == bvs ]] || return 0
	[[ -n ${BATS_TEST_COMPLETED-} ]] || grep -v '|INFO|' "$OTHER/log" | tail -n 20
	far switch_runs || far_start
	far vsctl --timeout=5 --if-exists del-br br0
	world_reset
}

user() { # NAMESPACE DEVICE ADDRESS
	ip link set "$2" netns "$1"
	ip -n "$1" addr add "$3/24" dev "$2"
	ip -n "$1" link set "$2" mtu 1400 up
}

# Runs a command with the far switch in the place of this one.
far() { DIR=$OTHER OVS_RUNDIR=$OTHER OVS_LOGDIR=$OTHER OVS_DBDIR=$OTHER OVS_SYSCONFDIR=$OTHER "$@"; }
far_start() {
	mkdir -p "$OTHER"
	SWITCH_WRAPPER=(nsenter --net=/run/netns/far --)
	far switch_start
	SWITCH_WRAPPER=()
}

# A tunnel port t0 on both sides: tunnel TYPE [OPTION=VALUE...]
tunnel() {
	local type=$1
	shift
	ovs-vsctl add-port br0 t0 -- set interface t0 "type=$type" options:remote_ip=10.0.0.2 "${@/#/options:}"
	far ovs-vsctl add-port br0 t0 -- set interface t0 "type=$type" options:remote_ip=10.0.0.1 "${@/#/options:}"
	works t0
	far works t0
}
works() { # INTERFACE: its way is known
	becomes '' status_key "$1" bvs-problem
	becomes up status_key "$1" tunnel_egress_iface_carrier
}
status_key() { vsctl --if-exists get interface "$1" "status:$2" | tr -d '"'; }

pings() { ip netns exec n ping 10.1.0.2 -c 2 -i 0.05 -W 2; }

@test "gre: ARP, pings and TCP both ways" {
	tunnel gre key=5
	pings
	transfer 3000000 n f 10.1.0.2
}

@test "gre with checksums and numbers: segments are made first" {
	tunnel gre csum=true seq=true key=0xffffffff
	pings
	transfer 3000000 n f 10.1.0.2
}

@test "erspan, all three types" {
	for version in 0 1 2; do
		tunnel erspan key=7 erspan_ver=$version
		pings
		transfer 500000 n f 10.1.0.2
		ovs-vsctl del-port br0 t0
		far ovs-vsctl del-port br0 t0
	done
}

@test "vxlan" {
	tunnel vxlan key=77
	pings
	transfer 3000000 n f 10.1.0.2
}

@test "ip6gre, ip6erspan, vxlan over IPv6" {
	local type
	world sh -c 'echo 0 >/proc/sys/net/ipv6/conf/u0/disable_ipv6'
	world ip netns exec far sh -c 'echo 0 >/proc/sys/net/ipv6/conf/u1/disable_ipv6'
	ip addr add fd00::1/64 dev u0 nodad
	ip -n far addr add fd00::2/64 dev u1 nodad
	for type in ip6gre ip6erspan vxlan; do
		ovs-vsctl add-port br0 t0 -- set interface t0 type=$type options:remote_ip=fd00::2 options:key=9
		far ovs-vsctl add-port br0 t0 -- set interface t0 type=$type options:remote_ip=fd00::1 options:key=9
		works t0
		far works t0
		pings
		transfer 500000 n f 10.1.0.2
		ovs-vsctl del-port br0 t0
		far ovs-vsctl del-port br0 t0
	done
}

@test "the kernel's own vxlan device understands it, and is understood" {
	ip -n far link add vx type vxlan id 9 remote 10.0.0.1 local 10.0.0.2 dstport 4789 ||
		skip 'this kernel has no vxlan'
	far ovs-vsctl del-br br0
	ip -n far link set vx netns f
	ip -n f addr add 10.1.0.2/24 dev vx
	ip -n f link set vx mtu 1400 up
	ovs-vsctl add-port br0 t0 -- set interface t0 type=vxlan options:remote_ip=10.0.0.2 options:key=9
	works t0
	pings
	transfer 3000000 n f 10.1.0.2
}

@test "tags travel inside; access ports at both ends" {
	tunnel gre
	pings
	ovs-vsctl set port n0 tag=5
	run ! pings
	far ovs-vsctl set port f0 tag=5
	wait_until pings
	ovs-vsctl set port t0 tag=5
	run ! pings
	far ovs-vsctl set port t0 tag=5
	wait_until pings
}

@test "the way is followed: route, next hop, device" {
	tunnel gre key=3
	# The other end has another address now: the neighbour's news arrive.
	ip -n far link set u1 address 02:00:00:00:99:01
	ip -n far neigh flush dev u1
	wait_until pings
	# No route, and a new one over another pair.
	ip addr del 10.0.0.1/24 dev u0
	becomes 'no route to 10.0.0.2' status_key t0 bvs-problem
	is '' status_key t0 tunnel_egress_iface
	ip link add w0 type veth peer name w1 netns far
	ip addr add 10.0.0.1/24 dev w0
	ip link set w0 up
	ip -n far addr del 10.0.0.2/24 dev u1
	ip -n far addr add 10.0.0.2/24 dev w1
	ip -n far link set w1 up
	becomes w0 status_key t0 tunnel_egress_iface
	works t0
	far works t0
	wait_until pings
	# The device goes, and comes again.
	ip link del w0
	becomes 'no route to 10.0.0.2' status_key t0 bvs-problem
	ip link add w0 type veth peer name w1 netns far
	ip addr add 10.0.0.1/24 dev w0
	ip link set w0 up
	ip -n far addr add 10.0.0.2/24 dev w1
	ip -n far link set w1 up
	works t0
	far works t0
	wait_until pings
}

@test "the underlay may be a bridge's own port" {
	ip addr del 10.0.0.1/24 dev u0
	ovs-vsctl add-br br-ex -- add-port br-ex u0
	ip addr add 10.0.0.1/24 dev br-ex
	ip link set br-ex up
	tunnel gre key=3
	is br-ex status_key t0 tunnel_egress_iface
	pings
	transfer 1000000 n f 10.1.0.2
}

# A mirror to a tunnel counts what became of each copy.
account() { # KEY
	vsctl get mirror m "statistics:$1"
}

seen_frames() { # COUNT: so many has the sniffer shown
	sniff_stop "$BATS_TEST_TMPDIR/seen" >"$BATS_TEST_TMPDIR/n"
	cat "$BATS_TEST_TMPDIR/seen"
	is "$1" grep -c '^[0-9]' "$BATS_TEST_TMPDIR/seen"
}

@test "a mirror's copies that are too long: cut, dropped, in fragments" {
	local seen=$BATS_TEST_TMPDIR/seen
	ns g
	ovs-vsctl add-port br0 g0 -- set interface g0 type=internal
	user g g0 10.1.0.3
	for name in n/n0 g/g0; do
		ip -n "${name%/*}" link set "${name#*/}" mtu 1500
	done
	ovs-vsctl add-port br0 t0 -- set interface t0 type=gre options:remote_ip=10.0.0.2
	works t0
	mirror br0 m select_src_port=n0 output_port=t0 external_ids:bvs-account=true
	becomes active vsctl get bridge br0 status:mirror-m
	long() { ip netns exec n ping 10.1.0.3 -c 1 -W 2 -s 1472; }
	long
	sniff "$seen" far u1 proto gre
	long
	wait_until has_lines 1 "$seen"
	seen_frames 1
	grep -q 'length 1514: 10.0.0.1 > 10.0.0.2: GREv0' "$seen"
	vsctl set mirror m external_ids:bvs-mtu=drop
	long
	vsctl set mirror m external_ids:bvs-mtu=fragment
	sniff "$seen" far u1 proto gre
	long
	wait_until has_lines 2 "$seen"
	seen_frames 2
	grep -qE 'length 1514: .* GREv0' "$seen"
	# ARP may be asked again.
	truncated() { (($(account truncated) == 2 && $(account dropped_mtu) == 1)); }
	wait_until truncated || vsctl get mirror m statistics
	vsctl set mirror m external_ids:bvs-mtu=maybe
	run -0 vsctl get bridge br0 status:mirror-m
	[[ $output == *'is none of truncate, fragment and drop'* ]]
}

@test "a mirror with a tunnel of its own, and no port for it" {
	local seen=$BATS_TEST_TMPDIR/seen
	ovs-vsctl -- --id=@n get port n0 -- --id=@m create mirror name=m select_src_port=@n \
		external_ids:bvs-account=true external_ids:bvs-remote='"erspan:10.0.0.2,session=7,ver=3"' \
		-- add bridge br0 mirrors @m >/dev/null
	becomes active vsctl get bridge br0 status:mirror-m
	is $'br0\nn0' eval 'vsctl --bare --columns=name list interface | grep . | sort'
	sniff "$seen" far u1 proto gre
	run ! ip netns exec n ping 10.1.0.2 -c 1 -W 0.1
	wait_until has_lines 1 "$seen"
	sniff_stop "$seen" >"$BATS_TEST_TMPDIR/n"
	cat "$seen"
	grep -q 'length 96: 10.0.0.1 > 10.0.0.2: GREv0, seq 0, .*(0x22eb), length 62' "$seen"
	# Another port gets the number that follows.
	ovs-vsctl add-port br0 x0 -- set interface x0 type=internal
	is 2 vsctl get interface x0 ofport
	vsctl set mirror m external_ids:bvs-remote='"gre:10.0.0.77"'
	becomes '"pending: no neighbour 10.0.0.77 on u0"' vsctl get bridge br0 status:mirror-m
	vsctl set mirror m external_ids:bvs-remote='"gre:10.9.9.9"'
	becomes '"pending: no route to 10.9.9.9"' vsctl get bridge br0 status:mirror-m
	vsctl clear mirror m external_ids
	becomes '"error: no output"' vsctl get bridge br0 status:mirror-m
}

@test "errors in Open vSwitch's words; two tunnels alike" {
	run -0 vsctl add-port br0 t1 -- set interface t1 type=gre
	is '"t1: gre type requires valid '"'remote_ip'"' argument"' get interface t1 error
	is -1 get interface t1 ofport
	ovs-vsctl add-port br0 t2 -- set interface t2 type=gre options:remote_ip=10.0.0.9 options:key=1
	run -0 vsctl add-port br0 t3 -- set interface t3 type=gre options:remote_ip=10.0.0.9 options:key=1
	is '"could not add network device t3 to ofproto (File exists)"' get interface t3 error
	becomes 'no neighbour 10.0.0.9 on u0' status_key t2 bvs-problem
	is u0 status_key t2 tunnel_egress_iface
	is '10.0.0.1' status_key t2 source_ip
}

@test "a restart leaves tunnels as they are, kill -9 included" {
	tunnel gre key=5
	pings
	ip netns exec n ping 10.1.0.2 -i 0.01 -c 300 -W 2 -q >"$BATS_TEST_TMPDIR/ping" 3>&- &
	local pinger=$!
	for signal in KILL TERM; do
		switch_kill "$signal"
		switch_start
		switch_settled
	done
	wait "$pinger"
	cat "$BATS_TEST_TMPDIR/ping"
	grep -q ' 0% packet loss' "$BATS_TEST_TMPDIR/ping"
}
