#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Mirrors to a VLAN (RSPAN): in which form and where the copies go, what they count; and
# copies that are copied on.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
setup() { ports a b c m; }
teardown() { world_reset; }

# Bridge br0 with all ports; arguments go to ovs-vsctl.
bridge() {
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-port br0 c \
		-- add-port br0 m "$@"
}

# --- where to ---

# C28
@test "copies go to every port that carries the VLAN, the port of entry included" {
	bridge
	mirror br0 m0 select_src_port=a output_vlan=99
	expect <<-END
		a -          > b=- c=- m=- a=[99] b=[99] c=[99] m=[99]
		b -          > a=- c=- m=-
		b - dst=a    > a=-
		a - dst=b    > b=- a=[99] b=[99] c=[99] m=[99]
	END
}

# C28
@test "ports that do not carry the VLAN get no copy, access ports of it get it untagged" {
	bridge -- set port b trunks=1,2 -- set port c tag=99
	ports d e f
	ovs-vsctl add-port br0 d vlan_mode=native-untagged tag=99 -- add-port br0 e trunks=99 \
		-- add-port br0 f vlan_mode=dot1q-tunnel tag=99
	ovs-vsctl set port a trunks=1,2
	mirror br0 m0 select_src_port=a output_vlan=99
	expect <<-END
		a [1p3] > b=[1p3] d=[1p3] m=[1p3] c=- d=- e=[99p3] f=- m=[99p3]
		b [1]   > a=[1] d=[1] m=[1]
	END
}

@test "nothing is sent to another mirror's output port" {
	bridge
	mirror br0 m0 select_src_port=a output_vlan=99
	mirror br0 m1 select_src_port=b output_port=m
	expect <<-END
		a - > b=- c=- a=[99] b=[99] c=[99]
		b - > a=- c=- m=-
	END
}

# C28, C36
@test "no port of the VLAN: nothing is sent, and it is counted" {
	bridge -- set port a trunks=1 -- set port b trunks=1 -- set port c trunks=1 -- set port m trunks=1 \
		-- set port br0 trunks=1
	mirror br0 m0 select_src_port=a output_vlan=99
	expect <<<'a [1] len=100 x3 > b=[1] c=[1] m=[1]'
	becomes "3 300" mirror_counts m0
}

@test "protected ports: no copy from one to another" {
	bridge -- set port a protected=true -- set port b protected=true
	mirror br0 m0 select_src_port=a output_vlan=99
	expect <<<'a - > c=- m=- c=[99] m=[99]'
	ovs-vsctl set port a protected=false
	expect <<<'a - > b=- c=- m=- a=[99] b=[99] c=[99] m=[99]'
}

# --- form ---

# C28
@test "the VLAN is replaced; priority, type and inner tags are kept" {
	bridge -- set port b trunks=99 -- set port c trunks=99 -- set port m trunks=99 \
		-- set port a trunks=0,10
	mirror br0 m0 select_src_port=a output_vlan=99
	expect <<-END
		a -             > b=[99] c=[99] m=[99]
		a [0]           > b=[99] c=[99] m=[99]
		a [0p5]         > b=[99p5] c=[99p5] m=[99p5]
		a [10p3]        > b=[99p3] c=[99p3] m=[99p3]
		a [88a8:10p1]   > b=[88a8:99p1] c=[88a8:99p1] m=[88a8:99p1]
		a [10p2][7]     > b=[99p2][7] c=[99p2][7] m=[99p2][7]
	END
}

@test "a copy of what enters an access port, and of what leaves one" {
	bridge -- set port a tag=10 -- set port b trunks=10 -- set port c trunks=99 -- set port m trunks=99
	mirror br0 m0 select_src_port=a select_dst_port=a output_vlan=99
	expect <<-END
		a -       > b=[10] c=[99] m=[99]
		b [10p3]  > a=- c=[99] m=[99]
	END
}

@test "what a dot1q-tunnel port takes in keeps its customer tag" {
	bridge -- set port a vlan_mode=dot1q-tunnel tag=10 -- set port b trunks=10 -- set port c trunks=99 \
		-- set port m tag=99
	mirror br0 m0 select_src_port=a output_vlan=99
	expect <<-END
		a [7p1] > b=[88a8:10][7p1] c=[88a8:99][7p1]
		a -     > b=[88a8:10] c=[88a8:99] m=-
	END
}

# C35
@test "snaplen cuts each copy as it is sent" {
	bridge -- set port a trunks=1 -- set port b trunks=99 -- set port c tag=99 -- set port m trunks=1
	mirror br0 m0 select_src_port=a output_vlan=99 snaplen=100
	expect <<-END
		a [1] len=300 > b=[99]/100 c=-/100 m=[1]
		a [1] len=102 > b=[99]/100 c=- m=[1]
		a [1] len=60  > b=[99] c=- m=[1]
	END
	becomes "3 462" mirror_counts m0
}

# --- what is not copied ---

# C28
@test "frames of that VLAN and to reserved addresses are not copied, but counted" {
	bridge
	mirror br0 m0 select_src_port=a output_vlan=99
	expect <<-END
		a [99] len=100                       > b=[99] c=[99] m=[99]
		a - len=100 dst=01:80:c2:00:00:00    > nothing
		a - len=100 dst=01:00:0c:cc:cc:cc    > nothing
	END
	becomes "3 300" mirror_counts m0
	ovs-vsctl set bridge br0 other_config:forward-bpdu=true
	expect <<<'a - dst=01:80:c2:00:00:00 > b=- c=- m=-'
}

@test "copies teach nothing" {
	bridge -- set port a trunks=0
	mirror br0 m0 select_src_port=a output_vlan=99
	expect <<-END
		a -           > b=- c=- m=- b=[99] c=[99] m=[99]
		b [99] dst=a  > c=[99] m=[99]
	END
}

# C29
@test "in the VLAN itself frames are learned as usual, but not with flood_vlans" {
	bridge
	mirror br0 m0 select_src_port=m output_vlan=99
	expect <<-END
		a [99]       > b=[99] c=[99] m=[99]
		b [99] dst=a > a=[99]
	END
	ovs-vsctl set bridge br0 flood_vlans=99
	expect <<-END
		a [99]       > b=[99] c=[99] m=[99]
		b [99] dst=a > a=[99] c=[99] m=[99]
	END
}

# --- with others ---

@test "select_vlan restricts what goes to the VLAN" {
	bridge -- set port b trunks=1,2 -- set port c trunks=1,2
	mirror br0 m0 select_all=true select_vlan=1 output_vlan=99
	expect <<-END
		a [1] > b=[1] c=[1] m=[1] a=[99] m=[99]
		a [2] > b=[2] c=[2] m=[2]
		b [1] > a=[1] c=[1] m=[1] a=[99] m=[99]
	END
}

@test "two mirrors to one VLAN: one copy, to two VLANs one in each" {
	bridge -- set port a trunks=0 -- set port b trunks=0 -- set port c trunks=98,99 -- set port m trunks=0
	mirror br0 m0 select_src_port=a output_vlan=99
	mirror br0 m1 select_all=true output_vlan=99
	mirror br0 m2 select_dst_port=b output_vlan=98
	expect <<-END
		a - > b=- m=- c=[99] c=[98]
		m - > a=- b=- c=[99] c=[98]
	END
}

# C30
@test "the port wins over the VLAN, which takes over when the port is deleted" {
	bridge
	# With bvs-sticky the mirror waits for the port.
	mirror br0 m0 select_src_port=a output_port=m output_vlan=99 external_ids:bvs-sticky=false
	expect <<<'a - > b=- c=- m=-'
	ovs-vsctl del-port m
	expect <<<'a - > b=- c=- a=[99] b=[99] c=[99]'
	ovs-vsctl add-port br0 m
	expect <<<'a - > b=- c=- m=- a=[99] b=[99] c=[99] m=[99]'
}

@test "a mirror of the VLAN on the same bridge takes the copies from there" {
	bridge
	mirror br0 m0 select_src_port=a output_vlan=99
	mirror br0 m1 select_all=true select_vlan=99 output_port=m
	expect <<-END
		a -    > b=- c=- a=[99] b=[99] c=[99] m=[99]
		b -    > a=- c=-
		b [99] > a=[99] c=[99] m=[99]
	END
}

@test "a mirror of what leaves a port takes a copy to the VLAN from there, if nothing else" {
	bridge -- set port c trunks=99
	mirror br0 m0 select_src_port=a output_vlan=99
	mirror br0 m1 select_dst_port=c output_port=m
	expect <<-END
		a -    > b=- a=[99] b=[99] c=[99] m=[99]
		b -    > a=-
		b [99] > a=[99] c=[99] m=[99]
	END
}

# C34
@test "of a frame and its copy in the VLAN the frame is what others mirror" {
	bvs_only 'there the older mirror decides' # switching.md C34 calls it a quirk
	bridge
	mirror br0 m0 select_src_port=a output_vlan=99
	mirror br0 m1 select_all=true output_port=m
	expect <<<'a - > b=- c=- m=- a=[99] b=[99] c=[99]'
}

# --- chains ---

# C32
@test "a chain of mirrors is followed to its end, each mirror once" {
	ports n o
	bridge -- add-port br0 n -- add-port br0 o
	mirror br0 m0 select_src_port=a output_port=m
	mirror br0 m1 select_dst_port=m output_port=n
	mirror br0 m2 select_dst_port=n output_port=o
	expect <<-END
		a - > b=- c=- m=- n=- o=-
		b - > a=- c=-
	END
	# In a ring.
	ovs-vsctl -- --id=@o get port o -- set mirror m0 select_dst_port=@o
	expect <<<'a - len=100 > b=- c=- m=- n=- o=-'
}

@test "a copy of a copy: cut by its own snaplen, in the form that the first one had" {
	ports n
	bridge -- add-port br0 n -- set port m tag=5 -- set port a tag=10
	mirror br0 m0 select_src_port=a output_port=m
	mirror br0 m1 select_dst_port=m output_port=n snaplen=64
	expect <<<'a - len=200 > b=[10] c=[10] m=- n=[5]/64'
}

@test "what only a copy does is not counted for production" {
	ports n
	bridge -- add-port br0 n
	mirror br0 m0 select_src_port=a output_port=m
	mirror br0 m1 select_dst_port=m,b output_port=n
	expect <<-END
		a - dst=b len=100 > b=- c=- m=- n=-
		b -       len=100 > a=- c=-
		a - dst=b len=100 > b=- m=- n=-
	END
	becomes "2 200" mirror_counts m0
	becomes "2 200" mirror_counts m1
}
