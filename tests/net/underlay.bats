#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Tunnels as the underlay sees them: losses, circles, fragments, and what else lives there.  The
# switch has u0 (10.0.0.1, fd00::1) to the namespace "far", a plain host: u1 (10.0.0.2, fd00::2).

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() {
	[[ $SWITCH == bvs ]] || return 0
	world_start
}
teardown_file() { world_end; }

setup() {
	bvs_only 'what it counts, and its settings'
	ns n far
	ip link add u0 type veth peer name u1 netns far
	world sh -c 'echo 0 >/proc/sys/net/ipv6/conf/u0/disable_ipv6'
	world ip netns exec far sh -c 'echo 0 >/proc/sys/net/ipv6/conf/u1/disable_ipv6'
	ip addr add 10.0.0.1/24 dev u0
	ip addr add fd00::1/64 dev u0 nodad
	ip link set u0 up
	ip -n far addr add 10.0.0.2/24 dev u1
	ip -n far addr add fd00::2/64 dev u1 nodad
	ip -n far link set u1 up
	ovs-vsctl add-br br0 -- add-port br0 n0 -- set interface n0 type=internal
	ip link set n0 netns n
	ip -n n addr add 10.1.0.1/24 dev n0
	ip -n n link set n0 up
}

teardown() {
	[[ $SWITCH == bvs ]] || return 0
	world_reset
}

tunnel() { # TYPE [OPTION=VALUE...]
	local type=$1
	shift
	ovs-vsctl add-port br0 t0 -- set interface t0 "type=$type" "${@/#/options:}"
	works t0
}
works() { # INTERFACE: its way is known
	becomes '' status_key "$1" bvs-problem
	becomes up status_key "$1" tunnel_egress_iface_carrier
}
status_key() { vsctl --if-exists get interface "$1" "status:$2" | tr -d '"'; }

# far's own VXLAN device, with f's address on it: far_vxlan VNI ADDRESS [OPTION...]
far_vxlan() {
	ip -n far link add "vx$1" type vxlan id "$1" dstport 4789 "${@:3}" ||
		skip 'this kernel has no vxlan'
	ip -n far addr add "$2/24" dev "vx$1"
	ip -n far link set "vx$1" up
}

# A packet from far's stack: raw PROTOCOL HEX; what the far host is told comes in by errors.
raw() {
	world ip netns exec far python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, int(sys.argv[1]))
s.sendto(bytes.fromhex(sys.argv[2]), ("10.0.0.1", 0))' "$@"
}
appctl() { ovs-appctl -t "$DIR/switch.ctl" "$@"; }
# Since the test began: nobody clears them.
lost_by_nobody() { echo $(($(appctl bvs/status | jq ".drops.$1 // 0") - ${BEFORE:-0})); }
port_now() { appctl bvs/status | jq ".bridges[].ports[] | select(.name == \"t0\") | $1 // 0"; }
statistic() { vsctl --if-exists get interface t0 "statistics:$1"; }
# So many frames have passed the sniffer's filter; not by $(), which could not wait for it.
sniffed() { # COUNT FILE
	sniff_stop "$2" >"$2.n"
	cat "$2"
	is "$1" cat "$2.n"
}
FRAME=02000000000102000000000288880000000000000000000000000000

@test "each loss is told with its reason" {
	BEFORE=$(lost_by_nobody no_tunnel)
	tunnel gre remote_ip=10.0.0.2 key=5
	run -0 vsctl get interface t0 statistics
	[[ $output == '{rx_bytes=0, rx_errors=0, rx_packets=0, tx_bytes=0, tx_dropped=0, tx_errors=0, tx_packets=0}' ]]
	raw 47 "2000655800000006$FRAME"
	becomes 1 lost_by_nobody no_tunnel
	raw 47 "a0006558dead000000000005$FRAME"
	raw 47 "20006558000000050200"
	ip -n n neigh replace 10.1.0.9 lladdr 02:00:00:00:00:99 dev n0
	world ip netns exec n ping -c 1 -W 0.1 -s 1472 -M 'do' 10.1.0.9 || :
	becomes 1 statistic dropped_mtu
	is 1 statistic dropped_bad_checksum
	is 1 statistic dropped_short
	is 2 statistic rx_errors
	is 1 statistic tx_dropped
	is 0 statistic rx_packets
	appctl dpctl/show -s | grep -A 4 ': t0' | grep -F 'RX packets:0 errors:2 dropped:0'
	run -0 world "$build/bvsctl" --target="$DIR/switch.ctl" --db="unix:$DIR/db.sock" doctor
	[[ $output == *"br0 port t0: 1 frames, bad_checksum: the underlay damages packets"* ]]
	[[ $output == *"no port's: "*" frames, no_tunnel: "* ]]
	# No next hop; no route.
	ip addr del 10.0.0.1/24 dev u0
	becomes 'no route to 10.0.0.2' status_key t0 bvs-problem
	world ip netns exec n ping -c 1 -W 0.1 10.1.0.9 || :
	becomes 1 statistic dropped_no_route
}

# The bridge's own port is the way to the tunnel's other end, which nobody on the bridge has
# been heard of: so the tunnel's packets are flooded, into the tunnel as well.
@test "a tunnel's packets do not go into it again" {
	world ip netns exec far sh -c 'echo 1 >/proc/sys/net/ipv6/conf/u1/disable_ipv6'
	ip addr flush dev u0
	ovs-vsctl add-port br0 u0
	ip addr add 10.0.0.1/24 dev br0
	ip link set br0 up
	ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:77 dev br0
	tunnel gre remote_ip=10.0.0.2
	is br0 status_key t0 tunnel_egress_iface
	broadcast 2
	is 1 port_now .drops.loop
	is 1 port_now .tx_packets
	# Nor do a mirror's copies of copies.
	mirror br0 m select_all=true output_port=t0
	becomes active vsctl get bridge br0 status:mirror-m
	broadcast 2
	is 2 port_now .drops.loop
	is 2 port_now .tx_packets
	is 1 appctl_mirror .sent
	is 1 appctl_mirror .filtered
}
appctl_mirror() { appctl bvs/status | jq ".bridges[].mirrors[] | $1"; }

# One frame to all; far gets so many: it, and what carries it.
broadcast() {
	sniff "$BATS_TEST_TMPDIR/seen" far u1 ether proto 0x88b5 or ip proto 47
	world ip netns exec n python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("n0", 0))
s.send(bytes.fromhex("ffffffffffff02000000000288b5") + bytes(50))'
	wait_until has_lines "$1" "$BATS_TEST_TMPDIR/seen"
	sniffed "$1" "$BATS_TEST_TMPDIR/seen"
}

# Linux takes no VXLAN over IPv6 without a checksum, and sends none.
@test "the kernel's vxlan over IPv6, both ways; fragments" {
	far_vxlan 9 10.1.0.2 remote fd00::1 local fd00::2
	tunnel vxlan remote_ip=fd00::2 key=9 df_default=false
	ip -n n link set n0 mtu 1400
	ip -n far link set vx9 mtu 1400
	world ip netns exec n ping -c 2 -i 0.05 -W 2 10.1.0.2
	transfer 1000000 n far 10.1.0.2
	ip -n n link set n0 mtu 1500
	world ip netns exec n ping -c 1 -W 2 -s 3000 10.1.0.2
	is '' statistic dropped_bad_checksum
	is '' statistic dropped_mtu
}

# The host's own VXLAN device beside a tunnel to the same host, by the same port; its own
# traffic; and what it would be asked for if the switch were not there.
neighbours_live() {
	far_vxlan 50 10.2.0.2 remote 10.0.0.1
	ip link add vx50 type vxlan id 50 dstport 4789 remote 10.0.0.2
	ip addr add 10.2.0.1/24 dev vx50
	ip link set vx50 up
	tunnel vxlan remote_ip=10.0.0.2 key=9
	ping -c 2 -i 0.05 -W 2 10.2.0.2
	ping -c 2 -i 0.05 -W 2 10.0.0.2
	ping -c 1 -W 2 -s 3000 10.0.0.2
	ping -c 1 -W 2 fd00::2
	ip link del vx50
	ip -n far link del vx50 # it would go on to speak
}

# What far gets back for a packet to a tunnel that is not there, and for one to a closed port.
answers_are_right() {
	local BEFORE
	BEFORE=$(lost_by_nobody no_tunnel)
	sniff "$BATS_TEST_TMPDIR/seen" far u1 'icmp[icmptype] == icmp-unreach'
	raw 17 "c00012b5002c00000800000000000a00$FRAME"
	raw 17 "c00012b6002c00000800000000000a00$FRAME"
	wait_until has_lines 1 "$BATS_TEST_TMPDIR/seen"
	sniffed 1 "$BATS_TEST_TMPDIR/seen"
	grep -q 'udp port 4790 unreachable' "$BATS_TEST_TMPDIR/seen"
	is 1 lost_by_nobody no_tunnel
}

@test "the host's own traffic and tunnels go on; packets to tunnels that are not there get no answer" {
	neighbours_live
	answers_are_right
}

# --- the XDP hook ---

xdp() { vsctl set open_vswitch . other_config:bvs-xdp="$1"; }
# What the device says has the hook: xdpdrv, xdpgeneric or nothing.
hook() { ip -json link show dev u0 | jq -r '.[0].xdp | if . then ["", "native", "generic"][.mode] else "off" end'; }
program() { ip -json link show dev u0 | jq '.[0].xdp.prog.id'; }

# A packet with another key ends where no tap on the device sees it.
unseen() {
	local BEFORE
	BEFORE=$(lost_by_nobody no_tunnel)
	unseen_by_taps
	becomes 1 lost_by_nobody no_tunnel
}
# As sniff(), on u0 here, of what comes in: what n asks again goes out by all tunnels.
tap() { # FILE FILTER...
	# shellcheck disable=SC2016,SC2094
	world sh -c 'echo $$ >"$0.pid"; exec tcpdump -Q in -l --immediate-mode -e -nn -i u0 "$@"' "$@" >"$1" 2>"$1.err" 3>&- &
	SNIFFER_SHELL_PID=$!
	wait_until grep -q 'listening on' "$1.err"
}
unseen_by_taps() {
	tap "$BATS_TEST_TMPDIR/tap" 'proto gre'
	raw 47 "2000655800000006$FRAME"
	raw 47 "2000655800000005$FRAME"
	wait_until has_lines 1 "$BATS_TEST_TMPDIR/tap"
	sniffed 1 "$BATS_TEST_TMPDIR/tap"
	grep -q 'key=0x5' "$BATS_TEST_TMPDIR/tap"
}

@test "XDP: what is for no tunnel is dropped early; all else goes on" {
	local mode
	ovs-vsctl add-port br0 t1 -- set interface t1 type=gre options:remote_ip=10.0.0.2 options:key=5
	works t1
	is off hook
	for mode in native generic; do
		xdp "$mode"
		becomes "$mode" status_key t1 bvs-xdp
		is "$mode" hook
		unseen
		neighbours_live
		answers_are_right
		ovs-vsctl del-port br0 t0
	done
	xdp maybe
	becomes 'off: Open_vSwitch other_config:bvs-xdp=maybe is none of off, native and generic' \
		status_key t1 bvs-xdp
	is off hook
	xdp native
	is native hook
	xdp maybe
	is off hook
	vsctl remove open_vswitch . other_config bvs-xdp
	becomes '' status_key t1 bvs-xdp
}

@test "XDP: it stays through kill -9, goes with the tunnel, and leaves another's program alone" {
	xdp native
	tunnel gre remote_ip=10.0.0.2 key=5
	becomes native status_key t0 bvs-xdp
	local id
	id=$(program)
	switch_kill KILL
	is "$id" program
	unseen_by_taps
	switch_start
	switch_settled
	is "$id" program
	is native status_key t0 bvs-xdp
	unseen
	ovs-vsctl del-port br0 t0
	is off hook
	# Somebody else's.
	world bpftool prog load "$build/tests/bpf/pass.bpf.o" "$DIR/bpf/other"
	world bpftool net attach xdpgeneric pinned "$DIR/bpf/other" dev u0
	id=$(program)
	tunnel gre remote_ip=10.0.0.2 key=5
	is 'off: another program is there' status_key t0 bvs-xdp
	is "$id" program
	ping -c 1 -W 2 10.0.0.2
	world bpftool net detach xdpgeneric dev u0
	world rm "$DIR/bpf/other"
	# Tried again with the next change.
	vsctl set bridge br0 other_config:mac-table-size=4000
	is native status_key t0 bvs-xdp
}
