#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# VLAN modes of ports: what is let in, and how it leaves.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
teardown() { world_reset; }

# A1, A4
@test "access ports take untagged and priority-tagged frames and give untagged ones" {
	ports a b c t
	ovs-vsctl add-br br0 -- add-port br0 a tag=10 -- add-port br0 b tag=10 \
		-- add-port br0 c tag=20 -- add-port br0 t
	expect <<-END
		a -        > b=- t=[10]
		a [0]      > b=- t=[10]
		a [0p5]    > b=- t=[10p5]
		a [10]     > nothing        # a tag is a tag, even the port's own
		a [10p3]   > nothing
		a [20]     > nothing
		a [88a8:10] > nothing
		c -        > t=[20]
		t [10]     > a=- b=-
		t [10p3]   > a=- b=-
		t [88a8:10] > a=- b=-
		t [20]     > c=-
		t [30]     > nothing
		t -        > nothing
		t [4095]   > nothing
	END
}

# A3
@test "trunks carry their VLANs, keep priority and TPID, and VLAN 0 untagged" {
	ports t u v
	ovs-vsctl add-br br0 -- add-port br0 t -- add-port br0 u trunks=10,20,4095 \
		-- add-port br0 v trunks=0,10
	expect <<-END
		t -            > v=-
		t [0]          > v=-
		t [0p5]        > v=[0p5]
		t [10]         > u=[10] v=[10]
		t [10p3]       > u=[10p3] v=[10p3]
		t [88a8:10p2]  > u=[88a8:10p2] v=[88a8:10p2]
		t [20]         > u=[20]
		t [30]         > nothing
		t [4095p7]     > u=[4095p7]
		u -            > nothing
		u [0]          > nothing
		u [30]         > nothing
		u [10]         > t=[10] v=[10]
		v [20]         > nothing
		v -            > t=-
	END
}

# A6
@test "of two tags the outer one counts, the inner one is payload" {
	ports t u a
	ovs-vsctl add-br br0 -- add-port br0 t -- add-port br0 u trunks=0,10 -- add-port br0 a tag=10
	expect <<-END
		t [10][20]         > u=[10][20] a=[20]
		t [88a8:10][20p4]  > u=[88a8:10][20p4] a=[20p4]
		t [30][10]         > nothing
		t [0][10]          > u=[10]
		a [0][20]          > t=[10][20] u=[10][20]
		a [0p2][20]        > t=[10p2][20] u=[10p2][20]
		a [20][10]         > nothing
	END
}

# A1
@test "native-tagged and native-untagged" {
	ports n m a t
	ovs-vsctl add-br br0 -- add-port br0 n vlan_mode=native-tagged tag=10 \
		-- add-port br0 m vlan_mode=native-untagged tag=10 trunks=20 \
		-- add-port br0 a tag=10 -- add-port br0 t
	expect <<-END
		n -       > m=- a=- t=[10]
		n [0p5]   > m=- a=- t=[10p5]
		n [10p3]  > m=- a=- t=[10p3]
		n [20]    > m=[20] t=[20]
		n [30]    > t=[30]
		m -       > n=[10] a=- t=[10]
		m [10]    > n=[10] a=- t=[10]
		m [20p1]  > n=[20p1] t=[20p1]
		m [30]    > nothing
		t [10p6]  > n=[10p6] m=- a=-
		t -       > nothing
		a -       > n=[10] m=- t=[10]
	END
}

# A2
@test "tag and trunks without or against vlan_mode" {
	ports a b c z t
	# Access for its tag; access in VLAN 0; a trunk whatever its tag; access, VLAN 0.
	ovs-vsctl add-br br0 -- add-port br0 a tag=10 trunks=20 -- add-port br0 b vlan_mode=access \
		-- add-port br0 c vlan_mode=trunk tag=10 -- add-port br0 z tag=0 \
		-- add-port br0 t trunks=0,10,20
	expect <<-END
		a -     > c=[10] t=[10]
		a [20]  > nothing
		b -     > c=- z=- t=-
		b [0p4] > c=[0p4] z=- t=[0p4]
		z -     > b=- c=- t=-
		z [10]  > nothing
		c -     > b=- z=- t=-
		c [10]  > a=- t=[10]
		t [20]  > c=[20]
		t -     > b=- c=- z=-
	END
}

# A5
@test "priority-tags: if-nonzero, true and always" {
	ports a b c d t u
	ovs-vsctl add-br br0 -- add-port br0 a tag=10 other_config:priority-tags=if-nonzero \
		-- add-port br0 b tag=10 other_config:priority-tags=true \
		-- add-port br0 c vlan_mode=native-untagged tag=10 other_config:priority-tags=if-nonzero \
		-- add-port br0 d tag=10 other_config:priority-tags=what -- add-port br0 t
	expect <<-END
		t [10p3] > a=[0p3] b=[0p3] c=[0p3] d=-
		t [10]   > a=- b=- c=- d=-
		a -      > b=- c=- d=- t=[10]
	END
	ovs-vsctl set port a tag=0 other_config:priority-tags=always -- set port b tag=0 \
		-- set port t trunks=0,10 other_config:priority-tags=always \
		-- add-port br0 u other_config:priority-tags=always
	expect <<-END
		t [0]   > a=- b=- u=[0]     # an access port has taken the tag off for good
		t [0p2] > a=[0p2] b=[0p2] u=[0p2]
		t -     > a=- b=- u=-
		t [10]  > c=- d=- u=[10]
		a [0]   > t=[0] b=- u=[0]
	END
}

# A7
@test "dot1q-tunnel pushes and pops the service tag" {
	ports q r s t
	ovs-vsctl add-br br0 -- add-port br0 q vlan_mode=dot1q-tunnel tag=100 \
		-- add-port br0 r vlan_mode=dot1q-tunnel tag=100 cvlans=10 \
		-- add-port br0 s vlan_mode=dot1q-tunnel tag=200 other_config:qinq-ethtype=802.1q \
		-- add-port br0 t
	expect <<-END
		q [10p3]    > r=[10p3] t=[88a8:100][10p3]
		q [20]      > t=[88a8:100][20]
		q [0]       > t=[88a8:100]
		r [20]      > nothing
		r -         > nothing
		s [10]      > t=[200][10]
	END
	ovs-vsctl del-port r
	expect <<-END
		t [88a8:100][10] > q=[10]
		t [100][20]      > q=[20]
		t [200][10p2]    > s=[10p2]
		t [10]           > nothing
	END
}

# B13
@test "a change of VLAN columns counts from the next frame on" {
	ports a b t
	ovs-vsctl add-br br0 -- add-port br0 a tag=10 -- add-port br0 b tag=20 -- add-port br0 t
	expect <<<'a - x5 > t=[10]'
	ovs-vsctl set port b tag=10
	expect <<<'a - x5 > b=- t=[10]'
	ovs-vsctl set port t trunks=20
	expect <<<'a - x5 > b=-'
	ovs-vsctl clear port a tag -- clear port t trunks
	expect <<-END
		a [10] > b=- t=[10]
		a -    > t=-
	END
}

@test "known unicast is translated like a flood" {
	ports a b c t
	ovs-vsctl add-br br0 -- add-port br0 a tag=10 -- add-port br0 b tag=10 -- add-port br0 c -- add-port br0 t
	expect <<-END
		a -              > b=- c=[10] t=[10]
		b -              > a=- c=[10] t=[10]
		t [10]           > a=- b=- c=[10]
		t [0p5]          > c=[0p5]
		c -              > t=-
		a -       dst=b  > b=-
		a [0p5]   dst=t  > t=[10p5]
		t [10p3]  dst=a  > a=-
		t [0p5]   dst=c  > c=[0p5]
		t [0][7]  dst=c  > c=[7]
		t [88a8:10] dst=b > b=-
		c [10]    dst=t  > t=[10]
	END
}

# B12
@test "the bridge's own port is a trunk by default, and takes VLAN columns" {
	ports a t
	ovs-vsctl add-br br0 -- add-port br0 a tag=10 -- add-port br0 t
	ip link set dev br0 up
	expect br0 <<-END
		a -    > br0=[10] t=[10]
		t -    > br0=-
		br0 [10] > a=- t=[10]
		br0 -  > t=-
	END
	ovs-vsctl set port br0 tag=10
	expect br0 <<-END
		a -    > br0=- t=[10]
		t -    > nothing
		br0 -  > a=- t=[10]
	END
}

# A9
@test "a frame that ends inside its tag goes nowhere" {
	ports a b
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b
	head=ffffffffffff0200000000018100
	expect <<-END
		a hex=$head         > nothing
		a hex=${head}00     > nothing
		a hex=${head}000a   > nothing
		a hex=${head}000a88 > nothing
		a -                 > b=-
	END
}
