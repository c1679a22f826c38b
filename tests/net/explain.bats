#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# mirror/explain says what the packets then do: each explanation is played.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() {
	[[ $SWITCH == bvs ]] || skip 'an own command'
	world_start
}
teardown_file() { world_end; }
setup() {
	ports a b c d
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-port br0 c -- add-port br0 d
}
teardown() { world_reset; }

ask() { ovs-appctl -t "$DIR/switch.ctl" "$@" 2>&1; }
explain() { ask mirror/explain "$@"; }

address() { # of a user's port, or as it is
	case $1 in
	bc) echo ff:ff:ff:ff:ff:ff ;;
	*:*) echo "$1" ;;
	*) ends_mac "$1" ;;
	esac
}

# "[10p3]" as fields of a flow.
tag_fields() {
	[[ $1 =~ ^\[([0-9]+)(p([0-9]))?\]$ ]] || return 0
	echo ",dl_vlan=${BASH_REMATCH[1]},dl_vlan_pcp=${BASH_REMATCH[3]:-0}"
}

# What is said of a frame as a line for expect: PORT TAGS DST [LEN].  What leaves by a port
# without a link is not to be seen; nor is what goes on to another bridge, but for its outputs
# there.
told() {
	explain --json br0 "in_port=$1,dl_src=$(ends_mac "$1"),dl_dst=$(address "$3")$(tag_fields "$2"),packet_len=${4:-80}" |
		jq -r --arg head "$1 $2 dst=$3 len=${4:-80} > " '
		def tags: if .tags == [] then "-" else .tags | map("[" +
			(if .tpid == 33024 then "" else "88a8:" end) + "\(.vid)" +
			(if .pcp > 0 then "p\(.pcp)" else "" end) + "]") | join("") end;
		[.bridges[] | (.outputs[], (.mirrors[].copies[])) | select(.link and .peer == null) |
			"\(.port)=\(tags)/\(.length)"] |
		$head + if . == [] then "nothing" else join(" ") end'
}

# Each line of frames is explained, then sent, and what comes is what was said.
play() {
	local port tags dst len line
	while read -r port tags dst len; do
		line=$(told "$port" "$tags" "$dst" "$len")
		echo "told: $line"
		expect <<<"$line" || return 1
	done
}

# The first one to ask has to wait for the kernel's verifier; one who leaves before that is no
# harm.
@test "while the program is loaded others are served" {
	switch_kill TERM
	switch_start
	wait_until ask fdb/show br0
	PYTHONPATH=$BATS_TEST_DIRNAME/../ovsdb python3 - "$DIR/switch.ctl" <<-'END'
		import select, sys
		from rpc import Client

		explain = {"method": "mirror/explain", "params": ["br0", "in_port=a"], "id": 0}
		leaver, *askers, other = [Client(sys.argv[1]) for _ in range(4)]
		for client in [leaver, *askers]:
		    client.send(explain)
		for _ in range(5):
		    other.send({"method": "version", "params": [], "id": 0})
		    assert "bvsd" in other.receive()["result"]
		assert not select.select([c.sock for c in askers], [], [], 0)[0], "it is loaded already"
		leaver.sock.close()
		for client in askers:
		    answer = client.receive()
		    assert "bridge br0" in answer["result"], answer
	END
}

@test "VLANs, learning, flooding and unicast" {
	ovs-vsctl set port b tag=10 -- set port c vlan_mode=native-untagged tag=10 \
		-- set port d vlan_mode=dot1q-tunnel tag=10 other_config:qinq-ethtype=802.1q
	play <<-END
		a - bc
		a [10] bc
		a [10p3] bc
		b - bc
		a [10p5] b
		b - a
		c [10] b
		c [11] bc
		d [7] bc
		b [10] a
		a - a
		b - 01:80:c2:00:00:01
	END
}

@test "mirrors: selected by input, output and VLAN, merged, cut, to VLANs, and those that copy nothing" {
	mirror br0 m0 select_src_port=a output_port=d
	mirror br0 m1 select_all=true select_vlan=20 output_port=d snaplen=60
	mirror br0 m2 select_dst_port=b output_vlan=99
	mirror br0 m3 select_src_port=c
	play <<-END
		a - bc
		a [20] bc
		b [20] bc
		c [20p1] bc
		c [20] b
		b - a
		a [99] b
		d - bc
		c - 01:80:c2:00:00:01
	END
}

@test "patch ports: the other bridge's part is told as well" {
	ovs-vsctl add-port br0 p0 -- set interface p0 type=patch options:peer=p1 -- set port p0 tag=10 \
		-- add-br br1 -- add-port br1 p1 -- set interface p1 type=patch options:peer=p0 \
		-- del-port d -- add-port br1 d -- set port d tag=30 -- set port p1 vlan_mode=native-tagged tag=30
	mirror br1 m select_src_port=p1 output_vlan=55
	play <<-END
		a [10] bc
		a - bc
		b [10] bc
	END
	# The mirror's copies come back by the patch port, whose other end refuses their VLAN.
	is '["br0","br1","br0"]' eval 'explain --json br0 in_port=a,dl_vlan=10,dl_dst=ff:ff:ff:ff:ff:ff | jq -c "[.bridges[].bridge]"'
}

@test "a patch within a bridge: who has copied before it does not copy again" {
	ovs-vsctl add-port br0 p0 -- set interface p0 type=patch options:peer=p1 -- set port p0 tag=10 \
		-- add-port br0 p1 -- set interface p1 type=patch options:peer=p0 -- set port p1 tag=20 \
		-- set port a tag=10 -- set port b tag=20
	mirror br0 m0 select_src_port=a,p1 output_port=d
	mirror br0 m1 select_dst_port=b output_port=d
	play <<<'a - bc'
	is '["it has seen to the packet before the patch port","its output has had a copy for another mirror"]' eval \
		'explain --json br0 in_port=a,dl_dst=ff:ff:ff:ff:ff:ff | jq -c "[.bridges[1].mirrors[].why]"'
}

@test "protected ports, MTU, secure" {
	ovs-vsctl set port a protected=true -- set port d protected=true
	mirror br0 m select_src_port=a,b output_port=d
	play <<<$'a - bc\nb - bc'
	ovs-vsctl set interface c mtu_request=1400
	becomes 1400 get interface c mtu
	play <<<$'b - bc 1500'
	is 'longer than the port'\''s MTU' eval 'explain --json br0 in_port=b,packet_len=1500,dl_dst=ff:ff:ff:ff:ff:ff |
		jq -r ".bridges[0].drops[] | select(.port == \"c\") | .why"'
	ovs-vsctl set-fail-mode br0 secure
	play <<<$'a - bc\nb - bc'
}

why() { # FLOW MIRROR
	explain --json br0 "$1" | jq -r --arg m "$2" '.bridges[0].mirrors[] | select(.name == $m) | .why'
}

@test "each reason for no copy is said" {
	mirror br0 by_b select_src_port=b output_port=d
	mirror br0 vlan20 select_all=true select_vlan=20 output_vlan=98
	mirror br0 again select_all=true output_port=d
	mirror br0 rspan select_src_port=a output_vlan=97
	mirror br0 idle output_vlan=96
	ovs-vsctl -- --id=@m create mirror name=bad select_all=true -- add bridge br0 mirrors @m
	switch_settled
	flow=in_port=a,dl_src=02:00:00:00:00:77,dl_dst=ff:ff:ff:ff:ff:ff
	is 'it selects neither the input port nor one that the frame is sent to' why "$flow" by_b
	is 'it does not select the input port, and the frame is not sent' why in_port=a,dl_dst=01:80:c2:00:00:00 by_b
	is 'its VLAN is not in select_vlan' why "$flow" vlan20
	is 'its output has had a copy for another mirror' why in_port=b,dl_dst=ff:ff:ff:ff:ff:ff again
	is 'it is in the output VLAN already' why "$flow,dl_vlan=97" rspan
	is 'reserved address, which no output VLAN gets' why in_port=a,dl_dst=01:80:c2:00:00:00 rspan
	is 'it selects nothing' why "$flow" idle
	is 'error: no output' why "$flow" bad
	is 'mirrors do not see a frame that its input port refuses' why in_port=d again
}

@test "explaining counts nothing and teaches nothing" {
	mirror br0 m select_src_port=a output_port=d
	for i in {1..20}; do
		explain br0 "in_port=a,dl_src=02:00:00:00:00:$i,dl_dst=ff:ff:ff:ff:ff:ff" >"$BATS_TEST_TMPDIR/text"
	done
	grep -q '^  source: learned$' "$BATS_TEST_TMPDIR/text"
	is ' port  VLAN  MAC                Age' ask fdb/show br0
	is '  lookups: hit:0 missed:0 lost:0' eval 'ask dpctl/show | sed -n 2p'
	is '    selected: 0, sent: 0 (cut short: 0), filtered: 0, merged: 0' eval 'ask mirror/show | grep selected:'
	# Known is known, and one that moves is said to.
	expect <<<'b - > a=- c=-'
	explain br0 in_port=c,dl_src=02:00:00:00:00:02,dl_dst=02:00:00:00:00:02 >"$BATS_TEST_TMPDIR/text"
	grep -q '^  source: learned, was at b$' "$BATS_TEST_TMPDIR/text"
	grep -q '^  dropped: its destination was learned at the port where it came in$' "$BATS_TEST_TMPDIR/text"
	expect <<<$'a - dst=b > b=- d=-'
}

@test "a port by name, number or LOCAL; what makes no sense is refused" {
	is 'bridge br0: in by b, untagged, 60 bytes' eval 'explain br0 in_port=2 | head -n 1'
	is 'bridge br0: in by br0, untagged, 60 bytes' eval 'explain br0 in_port=LOCAL | head -n 1'
	is 'bridge br0: in by b, tagged 7 priority 1, 64 bytes' eval 'explain br0 in_port=b,dl_vlan=7,dl_vlan_pcp=1 | head -n 1'
	refused() { ! explain "$@" 2>&1 || return 1; }
	[[ $(refused br9 in_port=a) == 'no such bridge'* ]]
	[[ $(refused br0 in_port=z) == 'z: bridge br0 has no such port'* ]]
	[[ $(refused br0 dl_vlan=3) == 'in_port=PORT is missing'* ]]
	[[ $(refused br0 in_port=a,nonsense=1) == *nonsense* ]]
	[[ $(refused br0 in_port=a,dl_vlan=x) == *dl_vlan* ]]
	[[ $(refused br0) == *'requires at least 2 arguments'* ]]
	[[ $(refused --json br0) == *'the words are [--json] bridge flow'* ]]
}
