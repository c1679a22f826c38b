#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Devices that are missing, late, taken away, renamed, moved or somebody else's.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
teardown() { world_reset; }

# Bridge br0 with ports a and b; arguments go to ovs-vsctl.
bridge() {
	ports a b
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b "$@"
}

ifindex() { ip -json link show dev "$1" | jq '.[0].ifindex'; }
promiscuity() { ip -json -details link show dev "$1" | jq '.[0].promiscuity'; }
no_device='could not open network device x (No such device)'

works() { expect --patience=0.2 <<<$'a - > b=-\nb - > a=-'; }

# B20
@test "missing device: ofport -1, the reason in error and from ovs-vsctl, the rest unaffected" {
	bridge
	run -0 vsctl add-port br0 x
	echo "$output"
	grep -qF "ovs-vsctl: Error detected while setting up 'x': $no_device.  See ovs-vswitchd log for details." <<<"$output"
	is -1 vsctl get interface x ofport
	is "\"$no_device\"" vsctl get interface x error
	is '[]' vsctl get interface x mac_in_use
	is '[]' vsctl get interface x link_state
	works
	ovs-vsctl add-port br0 tap1 -- set interface tap1 type=internal
	works
	ovs-vsctl del-port x
}

# B20
@test "a device that appears later is picked up" {
	bridge
	vsctl add-port br0 x 2>/dev/null
	ports x
	becomes '[]' vsctl get interface x error
	(($(vsctl get interface x ofport) > 0))
	becomes up vsctl get interface x link_state
	expect <<<$'a - > b=- x=-\nx - > a=- b=-\na - dst=x > x=-'
}

@test "a device that vanishes is reported, and taken back, again and again" {
	bvs_only 'it sees that at the next change of configuration only'
	bridge
	vsctl add-port br0 x 2>/dev/null
	for _ in 1 2; do
		ports x
		becomes '[]' vsctl get interface x error
		wait_until is "$(ifindex x)" vsctl get interface x ifindex
		(($(vsctl get interface x ofport) > 0))
		becomes up vsctl get interface x link_state
		expect <<<$'a - > b=- x=-\nx - > a=- b=-\na - dst=x > x=-'
		ip link del dev x
		unset 'PORTS[-1]'
		becomes "\"$no_device\"" vsctl get interface x error
		is -1 vsctl get interface x ofport
		is '[]' vsctl get interface x link_state
		works
	done
}

@test "a device replaced by another of the same name in one go" {
	bvs_only 'it stays with the old one'
	bridge
	for _ in {1..5}; do
		ip -batch - <<-END
			link del dev b
			link add name b type veth peer name b netns ends address 02:00:00:00:00:02
			link set dev b up
		END
		ip -n ends link set dev b up
		wait_until is "$(ifindex b)" vsctl get interface b ifindex
		becomes up vsctl get interface b link_state
		WAIT_LIMIT=2 wait_until works
		works
	done
}

@test "a renamed device is no port any more; the name brings another one in" {
	bvs_only 'it keeps the device'
	bridge
	rename b z
	becomes '"could not open network device b (No such device)"' vsctl get interface b error
	expect <<<$'a - > nothing\nb - > nothing'
	rename z b
	becomes '[]' vsctl get interface b error
	becomes up vsctl get interface b link_state
	works
}

# E50
@test "an unplugged and down device is followed in admin_state and link_state" {
	bridge
	is up vsctl get interface b admin_state
	is up vsctl get interface b link_state
	ip -n ends link set dev b down
	becomes down vsctl get interface b link_state
	is up vsctl get interface b admin_state
	ip -n ends link set dev b up
	becomes up vsctl get interface b link_state
	ip link set dev b down
	becomes down vsctl get interface b admin_state
	becomes down vsctl get interface b link_state
	ip link set dev b up
	becomes up vsctl get interface b admin_state
	becomes up vsctl get interface b link_state
	works
	# The addresses of others and the MTU are followed as well.
	ip link set dev b mtu 1400
	becomes 1400 vsctl get interface b mtu
	ip link set dev b address 02:00:00:00:0b:0b
	becomes '"02:00:00:00:0b:0b"' vsctl get interface b mac_in_use
}

@test "the first frame after a device went up gets through" {
	ovs-vsctl add-br br0 -- add-port br0 tap1 -- set interface tap1 type=internal \
		-- add-port br0 tap2 -- set interface tap2 type=internal
	ns n1 n2
	for n in 1 2; do
		ip link set dev "tap$n" netns "n$n"
		ip -n "n$n" addr add "10.0.0.$n/24" dev "tap$n"
	done
	ip -n n1 link set dev tap1 up
	for _ in {1..8}; do
		# A lost ARP request costs a second.
		ip -n n2 link set dev tap2 up
		ip netns exec n1 ping -c 1 -W 0.8 10.0.0.2
		ip -n n2 link set dev tap2 down
		ip -n n1 neigh flush all
	done
}

# B19
@test "mtu_request sets the device" {
	bridge -- set interface b mtu_request=1300
	becomes 1300 vsctl get interface b mtu
	is 1300 eval 'ip -json link show dev b | jq ".[0].mtu"'
	ovs-vsctl set interface b mtu_request=1450
	is 1450 eval 'ip -json link show dev b | jq ".[0].mtu"'
}

image_has() {
	ovs-appctl -t "$DIR/switch.ctl" bridge/dump-image br0 | grep -q " $1 "
}

@test "the address of the device behind a port may change under traffic" {
	bridge
	works
	expect <<<$'a - dst=b > b=-'
	# Frames to the old address are another's, those to the new one the device's own.
	ip -n ends link set dev b address 02:00:00:00:00:99
	[[ $SWITCH == ovs ]] || wait_until image_has peer-mac=02:00:00:00:00:99
	expect <<-END
		a - dst=02:00:00:00:00:02 > b=-
		b -       > a=-
		a - dst=b > b=-
		a - dst=02:00:00:00:00:02 > b=-
	END
	# Into another namespace, into ours, and back.
	ns n1
	ip -n ends link set dev b netns n1
	ip -n n1 link set dev b up
	becomes up vsctl get interface b link_state
	PORTS=(a)
	expect b@n1 <<<$'b - > a=-\na - dst=b > b=-\na - dst=02:00:00:00:00:02 > b=-'
	ip -n n1 link set dev b name bb netns "/proc/$(switch_pid)/ns/net"
	ip link set dev bb up
	becomes up vsctl get interface b link_state
	expect bb@. <<<$'bb - > a=-\na - dst=bb > bb=-\na - dst=02:00:00:00:00:02 > bb=-'
}

# --- promiscuity, offloads ---

@test "ports are promiscuous, no longer than they are ports" {
	bridge
	((before = $(promiscuity a)))
	((before > 0))
	ovs-vsctl del-port a
	is 0 promiscuity a
	((before = $(promiscuity b)))
	((before > 0))
	ovs-vsctl del-br br0
	is 0 promiscuity b
}

@test "promiscuity that the user has set stays" {
	bvs_only 'it sets the flag itself'
	ports a
	ip link set dev a promisc on
	is 1 promiscuity a
	ovs-vsctl add-br br0 -- add-port br0 a
	ovs-vsctl del-port a
	is 1 promiscuity a
}

@test "promiscuity outlives a killed daemon and is undone by the next one" {
	bvs_only 'nothing of it outlives its daemon'
	bridge
	switch_kill KILL
	(($(promiscuity a) > 0))
	# Meanwhile a is taken off the bridge: the next daemon finds it in no row.
	world "$peers/ovsdb-tool" transact "$DIR/conf.db" "$(jq -cn '["Open_vSwitch",
		{op: "select", table: "Port", where: [["name", "==", "a"]], columns: ["_uuid"]}]')" >"$BATS_TEST_TMPDIR/port"
	uuid=$(jq -c '.[0].rows[0]._uuid' "$BATS_TEST_TMPDIR/port")
	world "$peers/ovsdb-tool" transact "$DIR/conf.db" '["Open_vSwitch", {"op": "mutate", "table": "Bridge",
		"where": [["name", "==", "br0"]], "mutations": [["ports", "delete", '"$uuid"']]}]'
	switch_start
	switch_settled
	is 0 promiscuity a
	(($(promiscuity b) > 0))
	is $'b' vsctl list-ports br0
}

@test "large receive offload is switched off on a port" {
	bridge
	ethtool -k a | grep -q 'large-receive-offload: o[nf]*$' || skip 'veth has none on this kernel'
	ovs-vsctl del-port a
	ethtool -K a lro on
	ovs-vsctl add-port br0 a
	ethtool -k a | grep -q 'large-receive-offload: off'
}

@test "what a port receives does not reach the host's own stack" {
	bvs_only 'its userspace datapath leaves the frames to the stack, too'
	bridge
	ip addr add 10.1.1.1/24 dev a
	ip -n ends addr add 10.1.1.2/24 dev a
	run ! ip netns exec ends ping -c 2 -i 0.05 -W 0.3 10.1.1.1
	# Once it is no port, it is the host's again.
	ovs-vsctl del-port a
	ip netns exec ends ping -c 1 -W 2 10.1.1.1
}

# --- devices that cannot be ports ---

@test "a device that belongs to a Linux bridge is refused and goes on there" {
	bvs_only 'its userspace datapath takes it'
	ports a b x y
	ip link add name linux type bridge
	ip link set dev linux up
	ip link set dev x master linux
	ip link set dev y master linux
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b
	run -0 vsctl add-port br0 x
	echo "$output"
	grep -q "Error detected while setting up 'x': could not .*device x" <<<"$output"
	is -1 vsctl get interface x ofport
	is "$(promiscuity y)" promiscuity x
	expect <<<$'a - > b=-\nx - > y=-'
	# Set free, it is taken by itself.
	ip link set dev x nomaster
	becomes '[]' vsctl get interface x error
	becomes up vsctl get interface x link_state
	expect <<<$'a - > b=- x=-\nx - > a=- b=-'
	ip link del dev linux
}

@test "loopback is refused" {
	bridge
	run -0 vsctl add-port br0 lo
	echo "$output"
	grep -q "Error detected while setting up 'lo'" <<<"$output"
	is -1 vsctl get interface lo ofport
	ip netns exec ends ping -c 1 -W 2 127.0.0.1
	world ping -c 1 -W 2 127.0.0.1
	works
}

# --- other namespaces ---

@test "a port's device moved to another namespace is let go at once, also where its number collides" {
	bvs_only 'it may keep its hold'
	bridge
	ns n1
	# In n1 there is another device with b's number: a stale program would send there.
	ip -n n1 link add name c index "$(ifindex b)" address 02:00:00:00:00:0c type veth \
		peer name c netns ends address 02:00:00:00:00:cc
	ip -n n1 link set dev c up
	ip -n ends link set dev c up
	PORTS+=(c)
	expect <<<$'a - > b=-\nb - > a=-\na - dst=b > b=-'
	ip link set dev a netns n1
	WAIT_LIMIT=1 wait_until is '"could not open network device a (No such device)"' vsctl get interface a error
	is -1 vsctl get interface a ofport
	ip -n n1 link set dev a up
	wait_until ip -n ends link show dev a up
	is 0 eval 'ip -n n1 -json -details link show dev a | jq ".[0].promiscuity"'
	expect <<<$'a - > nothing\na - dst=b > nothing\na - dst=c > nothing\nb - > nothing'
	# It is n1's now.
	ip -n n1 addr add 10.1.1.1/24 dev a
	ip -n ends addr add 10.1.1.2/24 dev a
	ip netns exec ends ping -c 1 -W 2 10.1.1.1
	ip -n n1 addr flush dev a
	ip -n ends addr flush dev a
	# And ours again when it comes back.
	ip -n n1 link set dev a netns "/proc/$(switch_pid)/ns/net"
	ip link set dev a up
	becomes '[]' vsctl get interface a error
	becomes up vsctl get interface a link_state
	works
}

@test "an internal port whose namespace was deleted is made again" {
	bvs_only 'it stays away'
	bridge -- add-port br0 tap1 -- set interface tap1 type=internal
	mac=$(vsctl get interface tap1 mac_in_use)
	for _ in 1 2 3; do
		ip netns add n1
		ip link set dev tap1 netns n1
		ip -n n1 link set dev tap1 up
		becomes up vsctl get interface tap1 link_state
		ip netns del n1
		wait_until ip link show dev tap1
	done
	is "$mac" vsctl get interface tap1 mac_in_use
	ip link set dev tap1 up
	becomes up vsctl get interface tap1 link_state
	expect tap1@. <<<$'a - > b=- tap1=-\ntap1 - > a=- b=-'
	ovs-vsctl del-port tap1
}

@test "an internal port renamed in its namespace stays what it is, also for the next daemon" {
	bridge -- add-port br0 tap1 -- set interface tap1 type=internal
	ns n1
	ip link set dev tap1 netns n1
	ip -n n1 link set dev tap1 name eth0
	ip -n n1 link set dev eth0 up
	[[ $SWITCH == ovs ]] || becomes up vsctl get interface tap1 link_state
	expect eth0@n1 <<<$'a - > b=- eth0=-\neth0 - > a=- b=-\na - dst=eth0 > eth0=-'
	bvs_only 'its devices end with it'
	switch_kill KILL
	switch_start
	switch_settled
	is '[]' vsctl get interface tap1 error
	expect eth0@n1 <<<$'a - > b=- eth0=-\neth0 - > a=- b=-\na - dst=eth0 > eth0=-'
	ovs-vsctl del-port tap1
	run ! ip -n n1 link show dev eth0
}

@test "an internal port that its user deletes is made again" {
	bvs_only 'it stays away'
	bridge -- add-port br0 tap1 -- set interface tap1 type=internal
	ip link del dev tap1
	wait_until ip link show dev tap1
	ip link set dev tap1 up
	becomes up vsctl get interface tap1 link_state
	expect tap1@. <<<$'a - > b=- tap1=-\ntap1 - > a=- b=-'
}

@test "internal ports leave nothing behind, wherever they are" {
	bridge -- add-port br0 tap1 -- set interface tap1 type=internal \
		-- add-port br0 tap2 -- set interface tap2 type=internal
	before=$(ip -oneline link | wc -l)
	ns n1
	ip link set dev tap1 netns n1
	ip -n n1 link set dev tap1 up
	ovs-vsctl del-port tap1 -- del-port tap2
	run ! ip link show dev tap2
	run ! ip -n n1 link show dev tap1
	ovs-vsctl del-br br0
	run ! ip link show dev br0
	(($(ip -oneline link | wc -l) < before))
	if [[ $SWITCH == bvs ]]; then
		# Loopback and the two veth ends, and at most devices that are nobody's port.
		ip -oneline link
		is '' eval 'ip -json link | jq -r ".[] | select(.ifalias // \"\" | test(\"tap|br0\")) | .ifname"'
	fi
}

@test "internal ports: the wanted address, admin state, MTU and name" {
	bridge -- add-port br0 tap1 -- set interface tap1 type=internal 'mac="02:11:22:33:44:55"'
	is '"02:11:22:33:44:55"' vsctl get interface tap1 mac_in_use
	is 02:11:22:33:44:55 eval 'ip -json link show dev tap1 | jq -r ".[0].address"'
	is down vsctl get interface tap1 admin_state
	ip link set dev tap1 up
	becomes up vsctl get interface tap1 admin_state
	ovs-vsctl set interface tap1 mtu_request=1400
	is 1400 eval 'ip -json link show dev tap1 | jq ".[0].mtu"'
	# 15 characters, the most a device's name can have.
	ovs-vsctl add-port br0 a23456789012345 -- set interface a23456789012345 type=internal
	ip link show dev a23456789012345
	# The switch never speaks by itself: IPv6 on, up, and still silent at a and b.
	world sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
	ovs-vsctl add-port br0 tap9 -- set interface tap9 type=internal
	ns n1
	ip link set dev tap9 netns n1
	ip -n n1 link set dev tap9 up
	world sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	expect --grace=2 <<<'a - > b=-'
}

@test "80 internal ports in one transaction, and away again in one" {
	local command=(add-br br0) i
	for i in {1..80}; do
		command+=(-- add-port br0 "i$i" -- set interface "i$i" type=internal)
	done
	ports a
	ovs-vsctl "${command[@]}" -- add-port br0 a
	is 80 eval 'ip -oneline link | grep -cE "^[0-9]+: i[0-9]+[:@]"'
	ip link set dev i7 up
	ip link set dev i80 up
	expect i7 i80 <<<$'a - > i7=- i80=-\ni7 - > a=- i80=-'
	ovs-vsctl del-br br0
	is 0 eval 'ip -oneline link | grep -cE "^[0-9]+: i[0-9]+[:@]" || :'
}
