#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Patch ports: cables between bridges that are no devices.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
setup() { ports a b c d; }
teardown() { world_reset; }

# br0 with a and b, br1 with c and d, joined by p0 and p1; arguments go to ovs-vsctl.
bridges() {
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-br br1 -- add-port br1 c -- add-port br1 d \
		-- add-port br0 p0 -- set interface p0 type=patch options:peer=p1 \
		-- add-port br1 p1 -- set interface p1 type=patch options:peer=p0 "$@"
}

# B20
@test "frames cross, and addresses are learned on both sides" {
	bridges
	expect <<-END
		a -          > b=- c=- d=-
		c - dst=a    > a=-
		a - dst=c x9 > c=-
		b - dst=c    > c=-
		d - dst=b    > b=-
		d -          > a=- b=- c=-
	END
}

@test "tags cross as on a wire; each end follows its VLAN columns" {
	bridges -- set port a tag=10 -- set port c tag=10
	expect <<-END
		a -          > b=[10] c=- d=[10]
		b [10p3]     > a=- c=- d=[10p3]
		b [20]       > d=[20]
		b [88a8:20p1] > d=[88a8:20p1]
		b [20][7]    > d=[20][7]
	END
	ovs-vsctl set port p0 tag=10 -- set port p1 tag=30
	expect <<-END
		a - > b=[10] d=[30]
		b - > nothing
	END
	ovs-vsctl clear port p0 tag -- set port p0 trunks=10 -- clear port p1 tag -- set port p1 trunks=10,20
	expect <<-END
		a -    > b=[10] c=- d=[10]
		b [20] > nothing
		d [20] > nothing
		d [10] > a=- b=[10] c=-
	END
}

@test "large and small frames" {
	bridges
	expect <<-END
		a - len=1514 > b=- c=- d=-
		a - len=60   > b=- c=- d=-
	END
}

@test "a chain of four, and a patch within a bridge" {
	local i add=()
	for i in 1 2 3; do
		add+=(-- add-br "x$i" -- add-port "x$i" "l$i" -- set interface "l$i" type=patch "options:peer=r$((i - 1))"
			-- add-port "x$i" "r$i" -- set interface "r$i" type=patch "options:peer=l$((i + 1))")
	done
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 r0 -- set interface r0 type=patch options:peer=l1 \
		"${add[@]}" -- add-br br1 -- add-port br1 b -- add-port br1 l4 -- set interface l4 type=patch options:peer=r3
	expect <<-END
		a -       > b=-
		b - dst=a > a=-
		a - dst=b > b=-
	END
	# c and d are apart but for the patch, which joins VLAN 10 to VLAN 20.
	ovs-vsctl add-br br2 -- add-port br2 c tag=10 -- add-port br2 d tag=20 \
		-- add-port br2 q0 tag=10 -- set interface q0 type=patch options:peer=q1 \
		-- add-port br2 q1 tag=20 -- set interface q1 type=patch options:peer=q0
	expect <<-END
		c -       > d=-
		d - dst=c > c=-
		c - dst=d > d=-
	END
}

@test "loops end, and the switch goes on" {
	bvs_only 'it drops what loops, the copies made on the way included'
	bridges -- add-port br0 q0 -- set interface q0 type=patch options:peer=q1 \
		-- add-port br1 q1 -- set interface q1 type=patch options:peer=q0
	expect <<<'a - > b=-' || true # a storm, as long as it lasts
	ovs-vsctl del-port q0 -- del-port q1
	forget() { expect <<<'a - > b=- c=- d=-'; }
	wait_until forget
}

# C39
@test "mirrors take what enters and leaves by a patch port, and copy to one" {
	bvs_only 'patch ports cannot be selected there' # switching.md C39 calls it a quirk
	ports m
	bridges -- add-port br0 m
	mirror br0 m0 select_src_port=p0 output_port=m
	expect <<-END
		c - > a=- b=- d=- m=-
		a - > b=- c=- d=-
	END
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 m1 select_dst_port=p0 output_port=m
	expect <<-END
		a [10] > b=[10] c=[10] d=[10] m=[10]
		c -    > a=- b=- d=-
	END
}

@test "a patch port as a mirror's output: the copies go on behind it" {
	bridges -- set port c tag=10 -- set port a tag=10
	mirror br0 m0 select_src_port=a output_port=p0
	expect <<-END
		a -  > b=[10] c=- d=[10]
		b -  > nothing
		d -  > nothing
	END
	bvs_only 'it does not cut what goes through a patch'
	ovs-vsctl set mirror m0 snaplen=100
	expect <<<'a - len=200 > b=[10] c=-/96 d=[10]/100'
}

@test "RSPAN through a patch port" {
	bridges -- set port b trunks=1 -- set port a trunks=0 -- set bridge br1 flood_vlans=99
	ovs-vsctl set port d tag=99
	mirror br0 m0 select_src_port=a output_vlan=99
	expect <<-END
		a -       > c=- c=[99] d=-
	END
}

# --- what Interface says ---

@test "a patch port has no device; its state is as on stock" {
	bridges
	for i in p0 p1; do
		becomes up vsctl get interface $i link_state
		is up vsctl get interface $i admin_state
		is 0 vsctl get interface $i ifindex
		is '[]' vsctl get interface $i error
		is '[]' vsctl get interface $i mtu
		is '{}' vsctl get interface $i status
		(($(vsctl get interface $i ofport) > 0))
	done
	expect <<<'a - len=100 x3 > b=- c=- d=-'
	becomes '{rx_bytes=0, rx_packets=0, tx_bytes=300, tx_packets=3}' vsctl get interface p0 statistics
	becomes '{rx_bytes=300, rx_packets=3, tx_bytes=0, tx_packets=0}' vsctl get interface p1 statistics
}

@test "options that cannot be: no port, and why" {
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b
	vsctl add-port br0 p0 -- set interface p0 type=patch
	is "\"p0: patch type requires valid 'peer' argument\"" vsctl get interface p0 error
	is -1 vsctl get interface p0 ofport
	ovs-vsctl del-port p0
	vsctl add-port br0 p0 -- set interface p0 type=patch options:peer=p0
	is '"p0: patch peer must not be self"' vsctl get interface p0 error
	is -1 vsctl get interface p0 ofport
	vsctl set interface p0 options:peer=p1 options:key=5
	becomes "\"p0: patch type takes only a 'peer' argument\"" vsctl get interface p0 error
	expect <<<'a - > b=-'
}

@test "without a peer that agrees nothing passes, and error says so" {
	none="exists in '$([[ $SWITCH == ovs ]] && echo netdev || echo system)' datapath."
	ovs-vsctl add-br br0 -- add-port br0 a -- add-br br1 -- add-port br1 c \
		-- add-port br0 p0 -- set interface p0 type=patch options:peer=p1
	becomes "\"No usable peer 'p1' $none\"" vsctl get interface p0 error
	(($(vsctl get interface p0 ofport) > 0))
	is up vsctl get interface p0 link_state
	expect <<<'a - > nothing'
	ovs-vsctl add-port br1 p1 -- set interface p1 type=patch options:peer=other
	becomes "\"No usable peer 'other' $none\"" vsctl get interface p1 error
	expect <<<$'a - > nothing\nc - > nothing'
	ovs-vsctl set interface p1 options:peer=p0
	becomes '[]' vsctl get interface p1 error
	expect <<<$'a - > c=-\nc - > a=-'
	# A third one that would like to have the same.
	ovs-vsctl add-port br0 p2 -- set interface p2 type=patch options:peer=p1
	becomes "\"No usable peer 'p1' $none\"" vsctl get interface p2 error
	expect <<<$'a - > c=-\nc - > a=-'
	ovs-vsctl del-port p1
	expect <<<$'a - > nothing\nc - > nothing'
	ovs-vsctl add-port br1 p1 -- set interface p1 type=patch options:peer=p0
	expect <<<$'a - > c=-\nc - > a=-'
}
