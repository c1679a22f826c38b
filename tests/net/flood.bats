#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Frames that go to everybody.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
teardown() { world_reset; }

# B12
@test "broadcast, multicast and unknown unicast go to every port but the one they came from" {
	ports a b c d
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-port br0 c -- add-port br0 d
	expect <<-END
		a - dst=bc      > b=- c=- d=-
		b - dst=mc      > a=- c=- d=-
		c - dst=unknown > a=- b=- d=-
		d [7p3] dst=bc  > a=[7p3] b=[7p3] c=[7p3]
		a - x50         > b=- c=- d=-
	END
}

@test "a VLAN's frames go to its ports only: 24 ports" {
	local command=(add-br br0) all=() want10='' want20='' i
	for i in {1..8}; do
		all+=("x$i" "y$i" "t$i")
		command+=(-- add-port br0 "x$i" tag=10 -- add-port br0 "y$i" tag=20 -- add-port br0 "t$i")
		((i == 1)) || want10+=" x$i=-" want20+=" y$i=-"
		((i % 2)) && command+=(trunks=10)
		want10+=" t$i=[10]"
		((i % 2)) || want20+=" t$i=[20]"
	done
	ports "${all[@]}"
	ovs-vsctl "${command[@]}"
	expect <<-END
		x1 - x3 > $want10
		y1 - x3 > $want20
	END
}

@test "no frame crosses from one bridge to another" {
	ports a b c d
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b \
		-- add-br br1 -- add-port br1 c -- add-port br1 d
	expect <<-END
		a - dst=bc > b=-
		c - dst=bc > d=-
		a - dst=d  > b=-
		c - src=a  > d=-
		b - dst=a  > a=-
	END
}

@test "ports that come and go" {
	ports a b c
	ovs-vsctl add-br br0 -- add-port br0 a
	expect <<<'a - > nothing'
	ovs-vsctl add-port br0 b
	expect <<<$'a - x5 > b=-\nc - > nothing'
	ovs-vsctl add-port br0 c -- del-port b
	expect <<<$'a - x5 > c=-\nb - > nothing'
	ovs-vsctl del-port a
	expect <<<$'a - > nothing\nc - > nothing'
	ovs-vsctl add-br br1 -- add-port br1 a -- add-port br0 b
	expect <<<$'a - > nothing\nc - > b=-'
	ovs-vsctl del-br br0
	expect <<<$'c - > nothing\nb - > nothing'
}

@test "the bridge's own port takes part" {
	ports a b
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b
	ip link set dev br0 up
	expect br0 <<-END
		a -         > b=- br0=-
		br0 -       > a=- b=-
		a - dst=br0 > br0=-
		br0 - dst=a > a=-
		b - dst=br0 src=a > br0=-
	END
}

@test "internal ports take part, in any namespace" {
	ports a
	ns n1
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 i1 -- set interface i1 type=internal \
		-- add-port br0 i2 tag=10 -- set interface i2 type=internal
	ip link set dev i1 netns n1
	ip -n n1 link set dev i1 up
	ip link set dev i2 up
	expect i1@n1 i2 <<-END
		a -         > i1=-
		a [10]      > i1=[10] i2=-
		i1 -        > a=-
		i2 -        > a=[10] i1=[10]
		a - dst=i1  > i1=-
		a [10] dst=i2 > i2=-
		i1 - dst=a  > a=-
	END
}

# B19
@test "a frame above a port's MTU is dropped for that port only" {
	ports a b c
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-port br0 c
	ip link set dev a mtu 9000
	ip -n ends link set dev a mtu 9000
	ip link set dev b mtu 9000
	ip -n ends link set dev b mtu 9000
	becomes 9000 vsctl get interface a mtu
	becomes 9000 vsctl get interface b mtu
	expect <<-END
		a - len=1514       > b=- c=-
		a [10] len=1518    > b=[10] c=[10]
		a - len=1515       > b=-
		a - len=9014       > b=-
		a [10] len=9018    > b=[10]
		c - dst=unknown    > a=- b=-
		a - dst=c len=1514 > c=-
		a - dst=c len=1515 > nothing
	END
	# Less in an instant, more again.
	ip -n ends link set dev b mtu 1000
	ip link set dev b mtu 1000
	becomes 1000 vsctl get interface b mtu
	expect <<-END
		a - len=1014 > b=- c=-
		a - len=1015 > c=-
	END
}

# A9
@test "frames of 14 bytes and of any length up to the MTU pass unchanged" {
	ports a b
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b
	for len in 14 15 17 18 31 46 59 60 61 64 127 128 1023 1500 1513 1514; do
		echo "a - len=$len > b=-"
	done | expect
	expect <<-END
		a [10] len=20   > b=[10]
		a [10] len=60   > b=[10]
		a [10] len=64   > b=[10]
		a [10] len=1518 > b=[10]
		a - type=0800   > b=-
		a - type=86dd   > b=-
		a - type=0806   > b=-
		a - type=05dc   > b=-
		a - type=0026   > b=-
	END
}
