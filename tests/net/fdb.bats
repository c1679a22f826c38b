#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Learned addresses: what teaches, what is forgotten, what is never forwarded.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
setup() { ports a b c; }
teardown() { world_reset; }

# Bridge br0 with the three ports; arguments go to ovs-vsctl.
bridge() {
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-port br0 c "$@"
}

@test "a learned address gets its frames alone, per VLAN" {
	bridge
	expect <<-END
		b -             > a=- c=-
		a -     dst=b   > b=-
		c -     dst=b   > b=-
		a [10]  dst=b   > b=[10] c=[10]
		b [10]          > a=[10] c=[10]
		a [10p5] dst=b  > b=[10p5]
		b -     dst=a   > a=-
	END
}

@test "an address that moves is followed at once" {
	bridge
	expect <<-END
		b -               > a=- c=-
		a - dst=b         > b=-
		c - src=b dst=a   > a=-
		a - dst=b         > c=-
		b - dst=a         > a=-
		a - dst=b         > b=-
	END
}

# B10
@test "every admitted source is learned, even 0, even of a frame that is dropped; groups are not" {
	bridge
	expect <<-END
		b - src=00:00:00:00:00:00           > a=- c=-
		a - dst=00:00:00:00:00:00           > b=-
		b - src=03:00:00:00:00:77           > a=- c=-
		a - dst=03:00:00:00:00:77           > b=- c=-
		b - src=ff:ff:ff:ff:ff:ff           > a=- c=-
		b -                                 > a=- c=-
		b - src=02:00:00:00:00:77 dst=b     > nothing
		a - dst=02:00:00:00:00:77           > b=-
	END
}

@test "what a VLAN rule refuses, or goes to a reserved address, teaches nothing" {
	bridge -- set port b tag=10 -- set port a tag=20 -- set port c tag=20
	expect <<-END
		b [20] src=02:00:00:00:00:77 > nothing
		a - dst=02:00:00:00:00:77 > c=-
		c - src=02:00:00:00:00:78 dst=01:80:c2:00:00:00 > nothing
		a - dst=02:00:00:00:00:78 > c=-
		a - src=02:00:00:00:00:78 > c=-
		c - dst=02:00:00:00:00:78 > a=-
	END
}

# B11
@test "a destination behind the port of entry: dropped, also when it is the source" {
	bridge
	expect <<-END
		a - src=02:00:00:00:00:77        > b=- c=-
		a - dst=02:00:00:00:00:77        > nothing
		a - dst=a                        > nothing
		b - dst=02:00:00:00:00:77        > a=-
	END
}

# B16
@test "reserved destinations are dropped, tagged or not; their neighbours are flooded" {
	bridge
	for last in 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f; do
		echo "a - dst=01:80:c2:00:00:$last > nothing"
	done >"$BATS_TEST_TMPDIR/table"
	for dst in 01:00:0c:cc:cc:cc 01:00:0c:cc:cc:cd 01:00:0c:cd:cd:cd 01:00:0c:00:00:00 \
		00:e0:2b:00:00:00 00:e0:2b:00:00:04 00:e0:2b:00:00:06; do
		echo "a - dst=$dst > nothing"
	done >>"$BATS_TEST_TMPDIR/table"
	for dst in 01:80:c2:00:00:{10,11,20,21,2f} 01:00:0c:cc:cc:{ce,cf} 01:00:0c:cd:cd:d0 \
		01:00:0c:dd:dd:dd 00:e0:2b:00:00:{01,02,03} 00:00:5e:00:01:01; do
		echo "a - dst=$dst > b=- c=-"
	done >>"$BATS_TEST_TMPDIR/table"
	expect <"$BATS_TEST_TMPDIR/table"
	sed 's/a -/a [10p3]/; s/b=- c=-/b=[10p3] c=[10p3]/' "$BATS_TEST_TMPDIR/table" | expect

	ovs-vsctl set bridge br0 other_config:forward-bpdu=true
	sed 's/nothing/b=- c=-/' "$BATS_TEST_TMPDIR/table" | expect
}

# B10
@test "flood_vlans: nothing is learned there" {
	bridge -- set bridge br0 flood_vlans=10,30
	expect <<-END
		b [10]       > a=[10] c=[10]
		a [10] dst=b > b=[10] c=[10]
		b [20]       > a=[20] c=[20]
		a [20] dst=b > b=[20]
	END
	ovs-vsctl clear bridge br0 flood_vlans
	expect <<-END
		b [10]       > a=[10] c=[10]
		a [10] dst=b > b=[10]
	END
}

# B13
@test "a port's addresses are forgotten when its VLAN columns or protection change, and only then" {
	ports d
	bridge -- add-port br0 d
	teach=$'b - > a=- c=- d=-\nc - > a=- b=- d=-'
	known=$'a - dst=b > b=-\na - dst=c > c=-'
	expect <<<"$teach"$'\n'"$known"
	# Others, and other columns: all is kept.
	ovs-vsctl set port d tag=7 -- set port b external_ids:x=y -- set interface b external_ids:x=y \
		-- set bridge br0 other_config:x=y -- set port b other_config:x=y
	expect <<<"$known"
	mirror br0 m0 select_src_port=a output_port=d
	expect <<<$'a - dst=b > b=- d=-\na - dst=c > c=- d=-'
	ovs-vsctl clear bridge br0 mirrors -- clear port d tag
	expect <<<"$known"
	# b's own: b's only.
	ovs-vsctl set port b trunks=0,5
	expect <<<$'a - dst=b > b=- c=- d=-\na - dst=c > c=-'
	expect <<<"$teach"$'\n'"$known"
	ovs-vsctl set port b protected=true
	expect <<<$'a - dst=b > b=- c=- d=-\na - dst=c > c=-'
}

# B13
@test "a deleted port takes its addresses along" {
	bridge
	expect <<<$'b - > a=- c=-\na - dst=b > b=-'
	ovs-vsctl del-port b
	expect <<<'a - dst=b > c=-'
	ovs-vsctl add-port br0 b
	expect <<<'a - dst=b > b=- c=-'
}

# B13
@test "behind a patch port, a deleted port's addresses are forgotten on the other bridge, too" {
	ports d
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b \
		-- add-br br1 -- add-port br1 c -- add-port br1 d \
		-- add-port br0 x -- set interface x type=patch options:peer=y \
		-- add-port br1 y -- set interface y type=patch options:peer=x
	expect <<-END
		a -         > b=- c=- d=-
		b -         > a=- c=- d=-
		c - dst=a   > a=-
		c - dst=b   > b=-
	END
	ovs-vsctl del-port a
	expect <<-END
		c - dst=a   > b=- d=-
		c - dst=b   > b=-
	END
}

# B14
@test "link down: frames to addresses behind it are dropped, not flooded, and the addresses kept" {
	bridge
	expect <<<$'b - > a=- c=-\na - dst=b > b=-'
	ip -n ends link set dev b down # no carrier
	becomes down vsctl get interface b link_state
	expect <<<$'a - dst=b > nothing\na - > c=-'
	ip -n ends link set dev b up
	becomes up vsctl get interface b link_state
	expect <<<'a - dst=b > b=-'
	ip link set dev b down
	becomes down vsctl get interface b admin_state
	expect <<<$'a - dst=b > nothing\na - > c=-'
	ip link set dev b up
	becomes up vsctl get interface b link_state
	expect <<<'a - dst=b > b=-'
}

# B17
@test "protected ports do not reach each other, known or flooded" {
	bridge -- set port a protected=true -- set port b protected=true
	expect <<-END
		a -       > c=-
		b -       > c=-
		c -       > a=- b=-
		a - dst=b > nothing
		a - dst=c > c=-
		c - dst=a > a=-
	END
}

# B18
@test "fail_mode=secure forwards nothing" {
	bridge
	ovs-vsctl set-fail-mode br0 secure
	expect <<<$'a - > nothing\nb - dst=a > nothing'
	ovs-vsctl del-fail-mode br0
	expect <<<'a - > b=- c=-'
}

# B15
@test "mac-table-size bounds the table, and new addresses still get through" {
	bridge -- set bridge br0 other_config:mac-table-size=10
	for i in {10..49}; do
		echo "b - src=02:00:00:00:77:$i > a=- c=-"
	done | expect
	# Of 40 addresses behind b at most 10 are known: frames to the others flood.
	for i in {10..49}; do
		echo "a - dst=02:00:00:00:77:$i > b=-"
	done >"$BATS_TEST_TMPDIR/table"
	run expect --patience=0.2 <"$BATS_TEST_TMPDIR/table"
	flooded=$(grep -c 'unexpected c=-' <<<"$output")
	echo "$flooded of 40 flooded"
	((flooded >= 30 && flooded < 40))
}

gone() { expect --patience=0.2 <<<$'c - > a=- b=-\na - dst=b > b=- c=-'; }
# B15
@test "ageing: an address is gone 15 to 18 s after its last frame, others stay" {
	bridge -- set bridge br0 other_config:mac-aging-time=15
	expect <<<$'b - > a=- c=-\nc - > a=- b=-\na - dst=b > b=-'
	start=$SECONDS
	ovs-vsctl set bridge br0 other_config:x=y
	WAIT_LIMIT=25 wait_until gone
	echo "gone after $((SECONDS - start)) s"
	((SECONDS - start >= 14 && SECONDS - start <= 19))
	# c was refreshed all the time.
	expect <<<'a - dst=c > c=-'
}
