#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Mirrors to a port: what is copied, in which form, how often, and what it counts.

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

# --- selection ---

@test "select_src_port copies what the port sends, once, in its order" {
	bridge
	mirror br0 m0 select_src_port=a output_port=m
	expect <<-END
		a - x20       > b=- c=- m=-
		b -           > a=- c=-
		b - dst=a     > a=-
		a - dst=b x20 > b=- m=-
	END
}

@test "select_dst_port copies what leaves through the port" {
	bridge
	mirror br0 m0 select_dst_port=a output_port=m
	expect <<-END
		b -           > a=- c=- m=-
		a -           > b=- c=-
		b - dst=a x20 > a=- m=-
		c - dst=b     > b=-
	END
}

# C21
@test "select_all copies everything once, also what is flooded to many" {
	bridge
	mirror br0 m0 select_all=true output_port=m
	expect <<-END
		a - x5      > b=- c=- m=-
		b - dst=a   > a=- m=-
		c - dst=b   > b=- m=-
		a - dst=a   > m=-
	END
}

# C21
@test "a frame that passes a source and a destination port is copied once" {
	bridge
	mirror br0 m0 select_src_port=a select_dst_port=b,c output_port=m
	expect <<-END
		a -       > b=- c=- m=-
		b - dst=a > a=-
		a - dst=b > b=- m=-
		c - dst=b > b=- m=-
		b - dst=c > c=- m=-
	END
}

# C25
@test "select_vlan restricts by the internal VLAN, and alone selects nothing" {
	bridge -- set port a tag=10 -- set port b vlan_mode=native-untagged tag=20
	mirror br0 m0 select_all=true select_vlan=10,20 output_port=m
	expect <<-END
		a -      > b=[10] c=[10] m=[10]
		b -      > c=[20] m=[20]
		c [20]   > b=- m=[20]
		c [30]   > b=[30]
		c -      > nothing
	END
	ovs-vsctl set mirror m0 select_vlan=0
	expect <<-END
		c -      > m=-
		a -      > b=[10] c=[10]
	END
	ovs-vsctl set mirror m0 select_vlan=10,20 select_all=false
	expect <<-END
		a -      > b=[10] c=[10]
		b -      > c=[20]
	END
}

# C25
@test "select_vlan restricts select_src_port and select_dst_port" {
	bridge
	mirror br0 m0 select_src_port=a select_dst_port=b select_vlan=10 output_port=m
	expect <<-END
		a [10]      > b=[10] c=[10] m=[10]
		a [20]      > b=[20] c=[20]
		c [10]      > a=[10] b=[10] m=[10]
		c -         > a=- b=-
	END
}

# --- when ---

# C22
@test "taken after the input VLAN check and before all else" {
	ports d
	bridge -- set port a tag=10 -- set port b tag=20 -- add-port br0 d tag=10
	mirror br0 m0 select_src_port=a,b output_port=m
	expect <<-END
		a [20]                      > nothing
		a [10]                      > nothing
		a - dst=01:80:c2:00:00:00   > m=[10]
		a [0] dst=01:80:c2:00:00:0e > m=[10]
		b - len=60                  > c=[20] m=[20]
		d - src=02:00:00:00:00:99   > a=- c=[10]
		a - dst=a                   > m=[10]
	END
	# No port of the VLAN, and a destination behind the port of entry.
	ovs-vsctl del-port c -- del-port d
	expect <<-END
		a -                       > m=[10]
		a - src=02:00:00:00:00:77 > m=[10]
		a - dst=02:00:00:00:00:77 > m=[10]
		b - dst=unknown           > m=[20]
	END
}

@test "nothing that a mirror of output selects is copied when it was dropped" {
	bridge -- set port a tag=10
	mirror br0 m0 select_dst_port=a output_port=m
	expect <<-END
		b -                          > c=-
		b [20]                       > c=[20]
		b [10] dst=01:80:c2:00:00:00 > nothing
		b [10]                       > a=- c=[10] m=[10]
	END
}

# B17, B18
@test "fail_mode=secure and protected ports: copies on input go on, not from protected to protected" {
	bridge
	mirror br0 m0 select_src_port=a output_port=m
	ovs-vsctl set-fail-mode br0 secure
	expect <<<$'a - > m=-\nb - > nothing'
	ovs-vsctl del-fail-mode br0 -- set port a protected=true
	expect <<<$'a - > b=- c=- m=-'
	ovs-vsctl set port m protected=true
	expect <<<$'a - > b=- c=-'
}

@test "counts from the next frame on, for flows that run already" {
	bridge
	expect <<<$'b - > a=- c=- m=-\na - dst=b x50 > b=-'
	mirror br0 m0 select_src_port=a output_port=m
	expect <<<'a - dst=b x50 > b=- m=-'
	ovs-vsctl clear mirror m0 select_src_port
	expect <<<'a - dst=b x50 > b=-'
	ovs-vsctl set mirror m0 select_all=true
	expect <<<'a - dst=b x50 > b=- m=-'
	ovs-vsctl clear bridge br0 mirrors
	expect <<<'a - dst=b x50 > b=-'
}

# --- form ---

# C23
@test "an output trunk shows the internal VLAN, whatever its trunks" {
	bridge -- set port a tag=10 -- set port m trunks=99
	mirror br0 m0 select_all=true output_port=m
	expect <<-END
		a -       > b=[10] c=[10] m=[10]
		a [0p5]   > b=[10p5] c=[10p5] m=[10p5]
		b [10p3]  > a=- c=[10p3] m=[10p3]
		b [88a8:30p1] > c=[88a8:30p1] m=[88a8:30p1]
		b [20][7] > c=[20][7] m=[20][7]
		b -       > c=- m=-
		b [0]     > c=- m=-
		b [0p2]   > c=[0p2] m=[0p2]
	END
}

# C23
@test "an output access port shows frames of any VLAN untagged, whatever its tag" {
	bridge -- set port a tag=10 -- set port m tag=55
	mirror br0 m0 select_all=true output_port=m
	expect <<-END
		a -        > b=[10] c=[10] m=-
		b [10p3]   > a=- c=[10p3] m=-
		b [20][7]  > c=[20][7] m=[7]
		b -        > c=- m=-
	END
}

# C24
@test "a copy of what leaves an access port has lost its priority, of what leaves a trunk has not" {
	bridge -- set port a tag=10
	mirror br0 m0 select_dst_port=a output_port=m
	expect <<<'b [10p3] > a=- c=[10p3] m=[10]'
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 m1 select_dst_port=c output_port=m
	expect <<<'b [10p3] > a=- c=[10p3] m=[10p3]'
	ovs-vsctl clear bridge br0 mirrors -- set port a vlan_mode=native-untagged
	mirror br0 m2 select_dst_port=a output_port=m
	expect <<<'b [10p3] > a=- c=[10p3] m=[10]'
}

# C24
@test "of several destination ports the one that was added first gives the form" {
	ovs-vsctl add-br br0 -- add-port br0 b
	ovs-vsctl add-port br0 a tag=10
	ovs-vsctl add-port br0 c
	ovs-vsctl add-port br0 m
	mirror br0 m0 select_dst_port=a,c output_port=m
	expect <<<'b [10p3] > a=- c=[10p3] m=[10]'
	ovs-vsctl del-port a
	ovs-vsctl add-port br0 a tag=10 -- --id=@a get port a -- add mirror m0 select_dst_port @a
	expect <<<'b [10p3] > a=- c=[10p3] m=[10p3]'
}

# C35
@test "snaplen cuts the copy as it is sent, tag included, and nothing but the copy" {
	bridge -- set port a tag=10
	mirror br0 m0 select_src_port=a,b output_port=m snaplen=100
	expect <<-END
		a - len=200     > b=[10] c=[10] m=[10]/100
		a - len=99      > b=[10] c=[10] m=[10]/100
		a - len=96      > b=[10] c=[10] m=[10]
		b - len=1514    > c=- m=-/100
		b - len=100     > c=- m=-
		b [20] len=60   > c=[20] m=[20]
	END
	ovs-vsctl set mirror m0 snaplen=14
	expect <<<'b - len=60 type=0800 > c=- m=-/14'
	ovs-vsctl set mirror m0 snaplen=65535
	expect <<<'b - len=1514 > c=- m=-'
}

# --- the output port ---

# C26
@test "the output port is reserved: nothing else goes there, nothing comes from there" {
	bridge
	expect <<<$'m - > a=- b=- c=-\na - dst=m > m=-'
	mirror br0 m0 select_src_port=b output_port=m
	expect <<-END
		a -                       > b=- c=-
		a - dst=m                 > nothing
		m -                       > nothing
		m - src=02:00:00:00:00:77 > nothing
		m - dst=a                 > nothing
		c - dst=02:00:00:00:00:77 > a=- b=-
		b -                       > a=- c=- m=-
	END
	# Reserved even while nothing is selected; an ordinary port as soon as it is released.
	ovs-vsctl clear mirror m0 select_src_port
	expect <<<$'a - > b=- c=-\nm - > nothing'
	ovs-vsctl clear mirror m0 output_port
	expect <<<$'a - > b=- c=- m=-\nm - > a=- b=- c=-'
}

# C26
@test "what arrives at an output port is mirrored by nobody" {
	ports n
	bridge -- add-port br0 n
	mirror br0 m0 select_src_port=a output_port=m
	mirror br0 m1 select_src_port=m,b output_port=n
	expect <<-END
		m - > nothing
		b - > a=- c=- n=-
	END
}

# C27
@test "an output port that is its own source gets nothing" {
	bridge
	mirror br0 m0 select_src_port=m output_port=m
	expect <<<$'m - > nothing\na - > b=- c=-'
}

# C30
@test "a mirror without output, or with ports of another bridge, copies nothing" {
	ports x y
	bridge -- add-br br1 -- add-port br1 x -- add-port br1 y
	mirror br0 m0 select_all=true
	expect <<<'a - > b=- c=- m=-'
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 m1 select_all=true output_port=x
	expect <<<$'a - > b=- c=- m=-\ny - > x=-'
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 m2 select_src_port=y,b output_port=m
	expect <<<$'y - > x=-\nb - > a=- c=- m=-'
}

# C31
@test "a deleted port leaves the mirror's columns, and does not come back by itself" {
	bridge
	# As stock has it; a mirror of ours waits for its ports unless told not to.
	mirror br0 m0 select_src_port=a,b output_port=m external_ids:bvs-sticky=false
	ovs-vsctl del-port a
	expect <<<$'b - > c=- m=-\na - > nothing'
	ovs-vsctl add-port br0 a
	expect <<<$'b - > a=- c=- m=-\na - > b=- c=-'
	ovs-vsctl del-port a -- del-port b -- add-port br0 a -- add-port br0 b
	# The last source is gone: it selects nothing, but the output stays reserved.
	is '[]' vsctl get mirror m0 select_src_port
	expect <<<$'a - > b=- c=-\nb - > a=- c=-'
	ovs-vsctl set mirror m0 select_all=true
	expect <<<'a - > b=- c=- m=-'
	ovs-vsctl del-port m -- add-port br0 m
	is '[]' vsctl get mirror m0 output_port
	expect <<<'a - > b=- c=- m=-'
}

# C30
@test "an output port and an output VLAN: the port wins" {
	bridge
	mirror br0 m0 select_src_port=a output_port=m output_vlan=99
	expect <<<$'a - > b=- c=- m=-\nb - > a=- c=-'
}

# C32
@test "a copy to an output port is copied on by a mirror of that port's output, each mirror once" {
	ports n
	bridge -- add-port br0 n
	mirror br0 m0 select_src_port=a output_port=m
	mirror br0 m1 select_dst_port=m output_port=n
	expect <<<'a - > b=- c=- m=- n=-'
	ovs-vsctl -- --id=@n get port n -- set mirror m0 select_dst_port=@n
	expect <<<'a - > b=- c=- m=- n=-'
}

@test "an output port that is down, or away, costs nothing but the copies" {
	bridge
	expect <<<$'b - > a=- c=- m=-'
	mirror br0 m0 select_src_port=a output_port=m
	ip -n ends link set dev m down
	becomes down vsctl get interface m link_state
	expect <<<$'a - x5 > b=- c=-\na - dst=b x5 > b=-'
	ip -n ends link set dev m up
	becomes up vsctl get interface m link_state
	expect <<<'a - x5 > b=- c=- m=-'
	bvs_only 'it notices only at the next change of configuration'
	rename m z
	becomes '"could not open network device m (No such device)"' vsctl get interface m error
	expect <<<$'a - x5 > b=- c=-\na - dst=b x5 > b=-'
	rename z m
	becomes up vsctl get interface m link_state
	expect <<<'a - x5 > b=- c=- m=-'
}

# C33
@test "two mirrors to one port: one copy; to two ports: one each" {
	ports n
	bridge -- add-port br0 n
	mirror br0 m0 select_src_port=a output_port=m
	mirror br0 m1 select_all=true output_port=m
	mirror br0 m2 select_all=true output_port=n
	expect <<-END
		a - > b=- c=- m=- n=-
		b - > a=- c=- m=- n=-
	END
}

# C38
@test "set bridge mirrors=@m replaces the mirror and its row" {
	bridge
	mirror br0 m0 select_src_port=a output_port=m
	ovs-vsctl -- --id=@b get port b -- --id=@m get port m \
		-- --id=@new create mirror name=m1 select_src_port=@b output_port=@m \
		-- set bridge br0 mirrors=@new
	is m1 vsctl --bare --columns=name list mirror
	expect <<<$'a - > b=- c=-\nb - > a=- c=- m=-'
}

# C40
@test "the bridge's own port and internal ports are sources and outputs like others" {
	bridge -- add-port br0 i -- set interface i type=internal
	ip link set dev br0 up
	ip link set dev i up
	mirror br0 m0 select_src_port=br0 select_dst_port=i output_port=m
	expect br0 i <<-END
		br0 -      > a=- b=- c=- i=- m=-
		i -        > a=- b=- c=- br0=-
		a - dst=i  > i=- m=-
		a - dst=br0 > br0=-
	END
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 m1 select_src_port=a output_port=i
	expect br0 i <<-END
		a -         > b=- c=- m=- br0=- i=-
		b -         > a=- c=- m=- br0=-
		i -         > nothing
	END
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 m2 select_src_port=a output_port=br0
	expect br0 i <<-END
		a -         > b=- c=- m=- i=- br0=-
		b -         > a=- c=- m=- i=-
		br0 -       > nothing
	END
}

# C37
@test "30 mirrors on one port, each to a port of its own" {
	local i out=() add=() make=() want=''
	for i in {1..30}; do
		out+=("o$i")
		add+=(-- add-port br0 "o$i")
		make+=(-- --id="@o$i" get port "o$i" -- add bridge br0 mirrors "@m$i"
			-- --id="@m$i" create mirror name="m$i" select_src_port=@a output_port="@o$i")
		want+=" o$i=-"
	done
	ports "${out[@]}"
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b "${add[@]}"
	ovs-vsctl -- --id=@a get port a "${make[@]}"
	expect <<-END
		a - x5    > b=- $want
		b -       > a=-
		a - dst=b > b=- $want
	END
}

# C37
@test "256 mirrors of one port, each into a VLAN of its own; the next one is refused, and comes in when there is room" {
	bvs_only 'it has 32 at most'
	local i make=() copies='' rest=''
	for i in {1..256}; do
		make+=(-- add bridge br0 mirrors "@m$i" -- --id="@m$i" create mirror name="m$i"
			select_src_port=@a output_vlan="$((1000 + i))")
		copies+=" m=[$((1000 + i))]"
	done
	bridge -- set port a tag=1 -- set port b tag=1 -- set port c tag=2 -- set port br0 tag=2
	ovs-vsctl -- --id=@a get port a "${make[@]}" >/dev/null
	expect <<<$'b - > a=- m=[1]\na - dst=b > b=-'"$copies"
	is active vsctl get bridge br0 status:mirror-m256
	mirror br0 late select_src_port=a output_vlan=2000
	is '"error: more than 256 mirrors in this bridge"' vsctl get bridge br0 status:mirror-late
	expect <<<"a - dst=b > b=-$copies"
	is 0 eval 'vsctl get bridge br0 status | grep -o "mirror-m[0-9]*=[^,]*" | grep -vc =active || :'
	ovs-vsctl -- --id=@m7 get mirror m7 -- remove bridge br0 mirrors @m7
	becomes active vsctl get bridge br0 status:mirror-late
	rest=${copies/ m=\[1007\]/}
	expect <<<"a - dst=b > b=-$rest m=[2000]"
}

# --- big frames ---

@test "TCP with segmentation offload passes whole, and so do its copies; cut ones are cut" {
	ns n1 n2
	bridge -- add-port br0 i1 -- set interface i1 type=internal \
		-- add-port br0 i2 -- set interface i2 type=internal
	for n in 1 2; do
		ip link set dev "i$n" netns "n$n"
		ip -n "n$n" addr add "10.1.1.$n/24" dev "i$n"
		ip -n "n$n" link set dev "i$n" up
		# Stock does not know the state of a device elsewhere.
		[[ $SWITCH == ovs ]] || becomes up vsctl get interface "i$n" link_state
	done
	ip addr add 10.1.1.9/24 dev br0
	ip link set dev br0 up
	becomes up vsctl get interface br0 link_state
	mirror br0 m0 select_src_port=i1 output_port=m
	before=$(counter ends m rx_bytes)
	transfer 20000000 n1 n2 10.1.1.2
	transfer 20000000 n1 . 10.1.1.9
	copied=$(($(counter ends m rx_bytes) - before))
	echo "$copied bytes copied"
	((copied > 40000000 && copied < 44000000))
	ovs-vsctl set mirror m0 snaplen=100
	forget_flows
	before=$(counter ends m rx_bytes) packets=$(counter ends m rx_packets)
	transfer 20000000 n1 n2 10.1.1.2
	transfer 20000000 n1 . 10.1.1.9
	copied=$(($(counter ends m rx_bytes) - before))
	packets=$(($(counter ends m rx_packets) - packets))
	echo "$copied bytes copied in $packets frames"
	((packets > 100 && copied <= packets * 100))
}

# --- statistics ---

# C36
@test "statistics: one per mirrored frame, its length as it came in" {
	ports d e f n
	bridge -- set port a tag=10 -- add-br br1 -- add-port br1 d -- add-port br1 e -- add-port br1 f -- add-port br1 n
	mirror br0 src select_src_port=b output_port=m
	mirror br1 twice select_all=true output_port=n snaplen=64
	mirror br1 second select_src_port=d output_port=n
	expect <<-END
		b - len=100 dst=unknown x3     > c=- m=-
		b [10p3] len=204               > a=- c=[10p3] m=[10p3]
		b - len=60 dst=01:80:c2:00:00:00 > m=-
		b - len=1514                   > c=- m=-
		c - len=500                    > b=-
		d - len=100                    > e=- f=- n=-/64
		e - len=200                    > d=- f=- n=-/64
	END
	# A changed column resets nothing, a new row does.
	ovs-vsctl set mirror src external_ids:x=y
	expect <<<'b - len=100 dst=unknown > c=- m=-'
	becomes "7 2178" mirror_counts src
	becomes "2 300" mirror_counts twice
	# Served by the older mirror with the same output, which alone counts.
	is "0 0" mirror_counts second
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 dst select_dst_port=a output_port=m
	expect <<<'b [10p3] len=204 > a=- c=[10p3] m=[10]'
	becomes "1 204" mirror_counts dst
}
