#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# ovs-appctl asks the switch.  Where Open vSwitch has the command, what is expected here is what
# it says (SWITCH=ovs), with the type of datapath, its own numbers of ports, ages and counts
# of packets taken for equal.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
setup() {
	ports a b c
	# Of ports of one transaction stock gives no certain one the first number.
	ovs-vsctl add-br br0 -- add-port br0 a -- set interface a ofport_request=1 \
		-- add-port br0 b -- set interface b ofport_request=2 \
		-- add-port br0 c -- set interface c ofport_request=3
}
teardown() { world_reset; }

ask() { ovs-appctl -t "$DIR/switch.ctl" "$@" 2>&1; }
# The words of a refusal; that it is one shows in the status.
refused() {
	local text
	! text=$(ask "$@") || return 1
	grep -v '^ovs-appctl: ' <<<"$text"
}

fdb() { ask fdb/show br0 | sed -E '1d; s/ +[0-9]+$/ N/; s/ +/ /g; s/^ //'; }
# How often something happened: learned, expired, evicted, moved.
fdb_counts() { ask fdb/stats-show br0 | sed -n '4,$s/.*: //p' | xargs; }
fdb_size() { ask fdb/stats-show br0 | grep -o '[0-9][0-9]*/[0-9]*'; }

fill() { # PORT FIRST LAST: frames from as many addresses
	local i port seen=''
	for port in a b c; do
		[[ $port == "$1" ]] || seen+=" $port=-"
	done
	for ((i = $2; i <= $3; i++)); do
		echo "$1 - src=02:00:00:00:01:$(printf %02x "$i") >$seen"
	done | expect
}

@test "fdb/show: who was learned where, the longest silent first" {
	ovs-vsctl set port b tag=7
	is ' port  VLAN  MAC                Age' ask fdb/show br0
	expect <<-END
		a -    > c=-
		b -    > a=[7] c=[7]
		c [12] > a=[12]
	END
	becomes "1 0 02:00:00:00:00:01 N
2 7 02:00:00:00:00:02 N
3 12 02:00:00:00:00:03 N" fdb
	is '    1     0  02:00:00:00:00:01' eval 'ask fdb/show br0 | sed -n "2s/ *[0-9]*$//p"'
}

@test "fdb/add: entries that stay, in place of what was learned" {
	expect <<<'c - > a=- b=-'
	ask fdb/add br0 a 10 02:00:00:00:00:aa
	is 'Overriding already existing dynamic entry on 3' ask fdb/add br0 b 0 02:00:00:00:00:03
	is '' ask fdb/add br0 b 0 02:00:00:00:00:03
	is 'Overriding already existing static entry on 2' ask fdb/add br0 c 0 02:00:00:00:00:03
	ask fdb/add br0 br0 7 02:00:00:00:00:a7
	is "1 10 02:00:00:00:00:aa static
3 0 02:00:00:00:00:03 static
LOCAL 7 02:00:00:00:00:a7 static" eval 'fdb | sort'
	is ' Current static MAC entries in the table : 3' eval 'ask fdb/stats-show br0 | sed -n "3s/ //p"'
	expect <<-END
		b - dst=c     > c=-
		a - src=c     > b=- c=-
		b - dst=c     > c=-
	END
	# Only by hand do they go, and not by a flush.
	is 'table successfully flushed' ask fdb/flush br0
	is 3 eval 'fdb | wc -l'
	is '' ask fdb/del br0 0 02:00:00:00:00:03
	is 'could not find static mac entry' refused fdb/del br0 0 02:00:00:00:00:03
	expect <<<'b - dst=c > a=- c=-'
	is 'could not find static mac entry' refused fdb/del br0 0 02:00:00:00:00:02
}

@test "fdb/add: an entry goes with its port's VLANs, and with its port" {
	ask fdb/add br0 b 0 02:00:00:00:00:02
	ask fdb/add br0 a 0 02:00:00:00:00:01
	ovs-vsctl set port b trunks=0,5
	becomes '1 0 02:00:00:00:00:01 static' fdb
	# And is learned like any other.
	expect <<-END
		c - src=b > a=- b=-
		a - dst=b > c=-
	END
	ovs-vsctl del-port a
	becomes '3 0 02:00:00:00:00:02 N' fdb
}

@test "fdb: what cannot be done is refused" {
	is 'no such bridge' refused fdb/show nosuch
	is 'no such bridge' refused fdb/flush nosuch
	is 'no such bridge' refused fdb/stats-show nosuch
	is 'no such bridge' refused fdb/add nosuch a 0 02:00:00:00:00:03
	is 'no such bridge' refused fdb/del nosuch 0 02:00:00:00:00:03
	is 'bad MAC address' refused fdb/add br0 a 0 02:00:00:zz
	is 'bad MAC address' refused fdb/del br0 0 02:00:00:00:00
	is '"fdb/add" command requires at least 4 arguments' refused fdb/add br0 a 0
	is '"fdb/show" command takes at most 1 arguments' refused fdb/show br0 br0
	run ! ask fdb/add br0 nosuch 0 02:00:00:00:00:03
}

@test "fdb/add: stock takes a VLAN that is none for one" {
	bvs_only 'it reads "x" as 0 and keeps 5000'
	is 'bad VLAN: 0 to 4095' refused fdb/add br0 a x 02:00:00:00:00:03
	is 'bad VLAN: 0 to 4095' refused fdb/add br0 a 5000 02:00:00:00:00:03
	is 'bad VLAN: 0 to 4095' refused fdb/del br0 '' 02:00:00:00:00:03
	is 'no such port' refused fdb/add br0 nosuch 0 02:00:00:00:00:03
	is '' fdb
}

@test "fdb/stats-show counts what is learned, moved and evicted" {
	is 'Statistics for bridge "br0":' eval 'ask fdb/stats-show br0 | head -n 1'
	is '0 0 0 0' fdb_counts
	expect <<-END
		a - src=02:00:00:00:00:77  > b=- c=-
		b - src=02:00:00:00:00:77  > a=- c=-
		b -                        > a=- c=-
	END
	is '2 0 0 1' fdb_counts
	is 2/8192 fdb_size
	is 'table successfully flushed' ask fdb/flush
	is 0/8192 fdb_size
	is '2 0 0 1' fdb_counts
	is 'statistics successfully cleared' ask fdb/stats-clear br0
	is '0 0 0 0' fdb_counts
}

@test "mac-table-size: the newest is learned, and the oldest of the port with most goes" {
	ovs-vsctl set bridge br0 other_config:mac-table-size=10
	fill b 1 3
	fill a 11 17
	becomes 10/10 fdb_size
	fill a 18 19
	fill c 31 31
	becomes 10/10 fdb_size
	is '13 0 3 0' fdb_counts
	is "2 0 02:00:00:00:01:01 N
2 0 02:00:00:00:01:02 N
2 0 02:00:00:00:01:03 N" eval 'fdb | grep ^2 | sort'
	is '3 0 02:00:00:00:01:1f N' eval 'fdb | grep ^3'
	is 6 eval 'fdb | grep -c ^1'
	is '1 0 02:00:00:00:01:13 N' eval 'fdb | grep 01:13'
	# Less of it: at once.  Those by hand count, too.
	ask fdb/add br0 c 0 02:00:00:00:00:55
	becomes 10/10 fdb_size
	is '3 0 02:00:00:00:00:55 static' eval 'fdb | grep static'
}

@test "a flood of addresses leaves the table at its size" {
	ovs-vsctl set bridge br0 other_config:mac-table-size=100
	expect <<<'b - > a=- c=-'
	for i in {0..1999}; do
		printf 'a - src=02:00:00:00:%02x:%02x > b=- c=-\n' $((16 + i / 256)) $((i % 256))
	done | expect
	becomes 100/100 fdb_size
	# Who did not flood has kept his place.
	is '2 0 02:00:00:00:00:02 N' eval 'fdb | grep ^2'
}

@test "a table that is made smaller sheds what is too much" {
	ovs-vsctl set bridge br0 other_config:mac-table-size=30
	fill a 1 20
	becomes 20/30 fdb_size
	ovs-vsctl set bridge br0 other_config:mac-table-size=12
	becomes 12/12 fdb_size
}

@test "expired entries are counted, and static ones do not expire" {
	ovs-vsctl set bridge br0 other_config:mac-aging-time=15
	ask fdb/add br0 b 0 02:00:00:00:00:02
	expect <<<'c - > a=- b=-'
	WAIT_LIMIT=25 becomes '2 0 02:00:00:00:00:02 static' fdb
	is '1 1 0 0' eval 'becomes "1 1 0 0" fdb_counts; fdb_counts'
}

alike() { sed -E 's/netdev@/system@/; s/ovs-netdev/ovs-system/; s/\(tap\)/(internal)/; /port .*: ovs-system/d'; }

@test "dpif/show, dpctl/show, ofproto/list: bridges, their ports and numbers" {
	ovs-vsctl add-br br1 -- add-port br0 p0 -- set interface p0 type=patch options:peer=p1 ofport_request=9 \
		-- add-port br1 p1 -- set interface p1 type=patch options:peer=p0
	is 'br0
br1' ask ofproto/list
	is 'system@br0
system@br1' eval 'ask dpif/dump-dps | alike | sort'
	is 'system@ovs-system' eval 'ask dpctl/dump-dps | alike'
	is 'a 1/N: (system)
b 2/N: (system)
br0 65534/N: (internal)
br0:
br1 65534/N: (internal)
br1:
c 3/N: (system)
p0 9/none: (patch: peer=p1)
p1 1/none: (patch: peer=p0)' eval 'ask dpif/show | sed "1d; s/^ *//; s|/[0-9]*:|/N:|" | alike | LC_ALL=C sort'
	is 'a
b
br0 (internal)
br1 (internal)
c' eval 'ask dpctl/show | alike | sed -n "s/^  port [0-9N]*: //p" | LC_ALL=C sort'
	is 'system@ovs-system:' eval 'ask dpctl/show | alike | head -n 1'
	run -0 ask dpctl/show -s
	[[ $output == *'RX packets:'*'TX packets:'*'collisions:'* ]]
	run ! ask dpctl/show nosuch
	[[ $output == *'opening datapath nosuch failed (No such file or directory)'* ]]
}

@test "dpctl/show counts the frames that came in" {
	bvs_only 'it takes a second to count what its cache has carried'
	expect <<-END
		a -       > b=- c=-
		b - dst=a > a=-
	END
	is '  lookups: hit:2 missed:0 lost:0' eval 'ask dpctl/show | sed -n 2p'
	is 'system@ovs-system: hit:2 missed:0' eval 'ask dpif/show | head -n 1'
}

@test "bridge/dump-image shows what the programs read" {
	bvs_only 'an own command'
	ovs-vsctl set port b tag=10
	mirror br0 m select_src_port=a output_port=c snaplen=100
	switch_settled
	ask bridge/dump-image br0 >"$BATS_TEST_TMPDIR/image"
	grep -q '^# port=[0-9]* is a$' "$BATS_TEST_TMPDIR/image"
	grep -q '^port=.* flags=[a-z|]*mirrored-in.* vlan_mode=trunk .*src-mirrors=0$' "$BATS_TEST_TMPDIR/image"
	grep -q '^port=.* vlan_mode=access tag=10 ' "$BATS_TEST_TMPDIR/image"
	grep -q '^mirror=.* out-port=.* snaplen=100 same-output=0$' "$BATS_TEST_TMPDIR/image"
	is 'no such bridge' refused bridge/dump-image nosuch
	ovs-vsctl add-br br1
	ask bridge/dump-image br1 >"$BATS_TEST_TMPDIR/image"
	run ! grep vlan_mode=access "$BATS_TEST_TMPDIR/image"
}
