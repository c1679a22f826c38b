#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Tunnel ports against the kernel's own tunnel devices: port t0 here, device k0 in the namespace
# "far", an underlay between them (u0 here, u1 there).  Frames get through both ways byte for
# byte, and TCP streams, segmented late, arrive whole.  Runs where the kernel has such devices:
# in make test-vm.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() {
	[[ $SWITCH == bvs ]] || return 0
	world_start
}
teardown_file() { world_end; }

setup() {
	bvs_only 'its tunnels need its kernel module'
	ns far
	ports a
	ip link add u0 type veth peer name u1 netns far
	world sh -c 'echo 0 >/proc/sys/net/ipv6/conf/u0/disable_ipv6'
	world ip netns exec far sh -c 'echo 0 >/proc/sys/net/ipv6/conf/u1/disable_ipv6'
	ip link set u0 up
	ip -n far link set u1 up
	ip addr add 10.0.0.1/24 dev u0
	ip -n far addr add 10.0.0.2/24 dev u1
	ip addr add fd00::1/64 dev u0 nodad
	ip -n far addr add fd00::2/64 dev u1 nodad
	ovs-vsctl add-br br0 -- add-port br0 a
}

teardown() {
	[[ $SWITCH == bvs ]] || return 0
	world_reset
}

# Skips where the kernel has no such device; a wrong argument is no reason.
needs() { # TYPE [ARG]...
	local words
	words=$(ip -n far link add probe type "$@" 2>&1 || true)
	[[ $words != *'Unknown device type'* && $words != *'not supported'* ]] ||
		skip "this kernel has no $1"
	ip -n far link del probe 2>/dev/null || true
}

works() { [[ $(vsctl get interface t0 status:tunnel_egress_iface_carrier) == up &&
	! $(vsctl --if-exists get interface t0 status:bvs-problem) ]]; }

# Frames of many sizes and tags, both ways.  (The kernel's devices over IPv6 take a broadcast for
# a frame to this host, so there is none on the way to them.)
frames_pass() {
	world "$frames" expect --patience=10 a@ends k0@far <<-'END'
		a   -           dst=k0 len=60   > k0=-
		k0  -                  len=60   > a=-
		a   -           dst=k0 len=81   > k0=-
		k0  -           dst=a  len=81   > a=-
		a   [5p3]       dst=k0          > k0=[5p3]
		k0  [5p3]       dst=a           > a=[5p3]
		a   [88a8:7][9] dst=k0 len=300  > k0=[88a8:7][9]
		k0  [88a8:7][9] dst=a  len=300  > a=[88a8:7][9]
		a   -     dst=k0 len=1400 x20   > k0=-
		k0  -     dst=a  len=1400 x20   > a=-
	END
}

# Were frames of more than a segment among those that came in here since?
is_segmented_late() { # DEVICE PACKETS BYTES
	local packets bytes
	packets=$(($(counter . "$1" rx_packets) - $2))
	bytes=$(($(counter . "$1" rx_bytes) - $3))
	echo "$1: $packets packets, $bytes bytes"
	((bytes > packets * 2000))
}

streams_pass() {
	local packets bytes
	ip -n ends addr add 10.1.0.1/24 dev a
	ip -n far addr add 10.1.0.2/24 dev k0
	packets=$(counter . a rx_packets) bytes=$(counter . a rx_bytes)
	transfer 2000000 ends far 10.1.0.2
	is_segmented_late a "$packets" "$bytes"
	transfer 2000000 far ends 10.1.0.1
	ip -n ends addr flush dev a
	ip -n ends neigh flush dev a
}

# One variant: ours, "--", the kernel's.
meets() { # TYPE [OPTION=VALUE]... -- TYPE [ARG]...
	local ours=()
	echo "$*"
	while [[ $1 != -- ]]; do
		ours+=("$1")
		shift
	done
	shift
	ip -n far link add k0 type "$@"
	ip -n far link set dev k0 mtu 1400 up
	ip -n ends link set dev a mtu 1400
	ovs-vsctl add-port br0 t0 -- set interface t0 "type=${ours[0]}" "${ours[@]:1}"
	wait_until works
	frames_pass
	streams_pass
	ovs-vsctl del-port br0 t0
	ip -n far link del k0
}

over_ipv4=(local 10.0.0.2 remote 10.0.0.1)
over_ipv6=(local fd00::2 remote fd00::1)
to_ipv4=options:remote_ip=10.0.0.2
to_ipv6=options:remote_ip=fd00::2

@test "gretap: no key, a key, checksums, numbers, and all of them" {
	needs gretap
	meets gre $to_ipv4 -- gretap "${over_ipv4[@]}"
	meets gre $to_ipv4 options:key=5 -- gretap "${over_ipv4[@]}" key 5
	meets gre $to_ipv4 options:csum=true -- gretap "${over_ipv4[@]}" csum
	meets gre $to_ipv4 options:seq=true -- gretap "${over_ipv4[@]}" seq
	meets gre $to_ipv4 options:{key=0xffffffff,csum=true,seq=true} \
		-- gretap "${over_ipv4[@]}" key 4294967295 csum seq
}

@test "ip6gretap: a key; checksums and numbers" {
	needs ip6gretap
	meets ip6gre $to_ipv6 options:key=5 -- ip6gretap "${over_ipv6[@]}" key 5
	meets ip6gre $to_ipv6 options:{key=6,csum=true,seq=true} \
		-- ip6gretap "${over_ipv6[@]}" key 6 csum seq
}

@test "erspan, types I, II and III" {
	needs erspan
	meets erspan $to_ipv4 options:erspan_ver=0 -- erspan "${over_ipv4[@]}" erspan_ver 0
	meets erspan $to_ipv4 options:{key=7,erspan_ver=1,erspan_idx=0x7b} \
		-- erspan "${over_ipv4[@]}" seq key 7 erspan_ver 1 erspan 123
	meets erspan $to_ipv4 options:{key=1023,erspan_ver=2,erspan_dir=1,erspan_hwid=0x11} \
		-- erspan "${over_ipv4[@]}" seq key 1023 erspan_ver 2 erspan_dir egress erspan_hwid 17
}

@test "ip6erspan, types II and III" {
	needs ip6erspan
	meets ip6erspan $to_ipv6 options:{key=7,erspan_ver=1,erspan_idx=0x7b} \
		-- ip6erspan "${over_ipv6[@]}" seq key 7 erspan_ver 1 erspan 123
	meets ip6erspan $to_ipv6 options:{key=8,erspan_ver=2,erspan_dir=0,erspan_hwid=0x3f} \
		-- ip6erspan "${over_ipv6[@]}" seq key 8 erspan_ver 2 erspan_dir ingress erspan_hwid 63
}

@test "vxlan over IPv4 and IPv6" {
	needs vxlan id 1 dstport 1
	meets vxlan $to_ipv4 options:key=9 -- vxlan id 9 "${over_ipv4[@]}" dstport 4789
	meets vxlan $to_ipv4 options:key=9 -- vxlan id 9 "${over_ipv4[@]}" dstport 4789 udpcsum
	meets vxlan $to_ipv6 options:key=0xffffff \
		-- vxlan id 16777215 "${over_ipv6[@]}" dstport 4789 udp6zerocsumrx
}

@test "a wrong key, session or VNI gets nothing through, either way" {
	needs gretap
	needs erspan
	needs vxlan id 1 dstport 1
	wrong gre $to_ipv4 options:key=5 -- gretap "${over_ipv4[@]}" key 4
	wrong gre $to_ipv4 -- gretap "${over_ipv4[@]}" key 4
	wrong erspan $to_ipv4 options:{key=7,erspan_ver=2} \
		-- erspan "${over_ipv4[@]}" seq key 6 erspan_ver 2
	wrong vxlan $to_ipv4 options:key=9 -- vxlan id 8 "${over_ipv4[@]}" dstport 4789
}

# As meets, but nothing arrives.
wrong() {
	frames_pass() {
		world "$frames" expect --pause=0.3 a@ends k0@far <<-'END'
			a   - > nothing
			k0  - > nothing
		END
	}
	streams_pass() { :; }
	meets "$@"
}
