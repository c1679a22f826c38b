#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Changes of configuration under traffic: each frame meets the old one or the new one,
# whole, and what a change does not concern does not notice it.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
setup() {
	bvs_only 'frames are lost while its flows are revised'
	ports a b c m n
	bridge
	B=02:00:00:00:00:02
}
bridge() {
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-port br0 c -- add-port br0 m \
		-- add-port br0 n
}
teardown() { [[ $SWITCH != bvs ]] || world_reset; }

@test "ports, bridges and mirrors that come and go cost others no frame and no copy" {
	mirror br0 m0 select_src_port=a output_port=m
	expect <<<$'b - > a=- c=- n=-\na - dst=b > b=- m=-'
	blast_start a "$B"
	for _ in {1..3}; do
		ovs-vsctl add-br br1 -- add-port br1 i -- set interface i type=internal -- set port c tag=7
		mirror br0 m1 select_src_port=c output_port=n
		blast_more
		ovs-vsctl del-br br1 -- clear port c tag -- remove bridge br0 mirrors \
			"$(vsctl --bare --columns=_uuid find mirror name=m1)"
		ovs-vsctl del-port c
		blast_more
		ovs-vsctl add-port br0 c
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] == SENT && GOT[c] == 0 && GOT[n] == 0))
}

@test "a mirror's output moved from one port to another: each frame is copied once, to one of them" {
	mirror br0 m0 select_src_port=a output_port=m
	# The other one is reserved as well, so that nothing else gets there.
	mirror br0 idle output_port=n
	mirror br0 idle2 output_port=m
	expect <<<$'b - > a=- c=-\na - dst=b > b=- m=-'
	blast_start a "$B"
	for _ in {1..3}; do
		ovs-vsctl -- --id=@n get port n -- set mirror m0 output_port=@n
		blast_more
		ovs-vsctl -- --id=@m get port m -- set mirror m0 output_port=@m
		blast_more
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] + GOT[n] == SENT && GOT[m] > 3000 && GOT[n] > 3000))
}

@test "a mirror replaced by an equal one, or selecting the same in other words, misses nothing" {
	mirror br0 m0 select_src_port=a output_port=m
	expect <<<$'b - > a=- c=- n=-\na - dst=b > b=- m=-'
	blast_start a "$B"
	for _ in {1..3}; do
		ovs-vsctl set mirror m0 select_all=true
		blast_more
		ovs-vsctl -- --id=@b get port b -- set mirror m0 select_all=false select_src_port='[]' select_dst_port=@b
		blast_more
		ovs-vsctl -- --id=@a get port a -- --id=@m get port m -- set bridge br0 mirrors=@new \
			-- --id=@new create mirror name=m0 select_src_port=@a output_port=@m >/dev/null
		blast_more
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] == SENT))
}

@test "two ports changed to another VLAN in one transaction: no frame is lost, none strays" {
	ovs-vsctl set port a tag=10 -- set port b tag=10 -- set port c tag=30 \
		-- set port n tag=40 -- set port m tag=50
	expect <<<$'b - > a=-\na - dst=b > b=-'
	blast_start a "$B"
	for _ in {1..5}; do
		ovs-vsctl set port a tag=20 -- set port b tag=20
		blast_more
		ovs-vsctl set port a tag=10 -- set port b tag=10
		blast_more
	done
	blast_stop
	((GOT[b] == SENT && GOT[c] + GOT[n] + GOT[m] == 0))
}

@test "two VLANs exchanged in one transaction: a frame is never seen in the wrong one" {
	# a and b are in one VLAN, c and m in the other; then the other way round.
	ovs-vsctl set port a tag=10 -- set port b tag=10 -- set port c tag=20 -- set port m tag=20 \
		-- set port n tag=30
	expect <<<$'a - > b=-\nc - > m=-'
	# Flooded, so that every member gets it.
	blast_start a ff:ff:ff:ff:ff:ff
	for _ in {1..5}; do
		ovs-vsctl set port a tag=20 -- set port b tag=20 -- set port c tag=10 -- set port m tag=10
		blast_more
		ovs-vsctl set port a tag=10 -- set port b tag=10 -- set port c tag=20 -- set port m tag=20
		blast_more
	done
	blast_stop
	((GOT[b] == SENT && GOT[c] + GOT[m] + GOT[n] == 0))
}

@test "two mirrors' outputs exchanged in one transaction: each frame is copied once, to one of them" {
	mirror br0 m0 select_src_port=a output_port=m
	mirror br0 m1 select_src_port=c output_port=n
	expect <<<$'b - > a=- c=-\na - dst=b > b=- m=-\nc - dst=b > b=- n=-'
	blast_start a "$B"
	for _ in {1..3}; do
		ovs-vsctl -- --id=@m get port m -- --id=@n get port n -- set mirror m0 output_port=@n \
			-- set mirror m1 output_port=@m
		blast_more
		ovs-vsctl -- --id=@m get port m -- --id=@n get port n -- set mirror m0 output_port=@m \
			-- set mirror m1 output_port=@n
		blast_more
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] + GOT[n] == SENT && GOT[m] > 3000 && GOT[n] > 3000 && GOT[c] == 0))
}

@test "an output port reserved and freed: a frame is flooded there or copied there, never both" {
	mirror br0 m0 select_src_port=a
	expect <<<$'a - > b=- c=- m=- n=-'
	blast_start a ff:ff:ff:ff:ff:ff
	for _ in {1..3}; do
		ovs-vsctl -- --id=@m get port m -- set mirror m0 output_port=@m
		blast_more
		ovs-vsctl clear mirror m0 output_port
		blast_more
	done
	blast_stop
	((GOT[b] == SENT && GOT[c] == SENT && GOT[m] == SENT && GOT[n] == SENT))
}

@test "a reserved port gets nothing more once ovs-vsctl has returned" {
	blast_start a ff:ff:ff:ff:ff:ff
	for _ in {1..3}; do
		mirror br0 idle output_port=m
		before=$(counter ends m rx_packets)
		blast_more
		is "$before" counter ends m rx_packets
		ovs-vsctl clear bridge br0 mirrors
		before=$(counter ends m rx_packets)
		blast_more
		(($(counter ends m rx_packets) > before))
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] < SENT))
}

slot_of() { # PORT
	ovs-appctl -t "$DIR/switch.ctl" bridge/dump-image br0 | sed -n "s/^# port=\([0-9]*\) is $1\$/\1/p"
}

# x, in a VLAN that nobody else has, takes the place of the port until it comes back: each
# frame that x gets is one that was for the other.  A daemon takes the places that were given
# back in their order, the next daemon begins with the lowest.
take_place_of() { # PORT
	local slot
	slot=$(slot_of "$1")
	ovs-vsctl del-port "$1"
	blast_more
	restart
	ovs-vsctl add-port br0 x -- set port x tag=77
	is "$slot" slot_of x
	blast_more
	ovs-vsctl del-port x
	restart
	ovs-vsctl add-port br0 "$1"
	is "$slot" slot_of "$1"
	blast_more
}
restart() {
	switch_kill KILL
	switch_start
	switch_settled
}
no_gaps() { # below the places that are taken
	ovs-vsctl del-br br0
	restart
	bridge
}

@test "a deleted port's place taken by another one, which never sees what was for the first" {
	ports x
	no_gaps
	ovs-vsctl set port b tag=10 -- set port m tag=20 -- set port n tag=30
	blast_start a 02:00:00:00:00:03
	for _ in {1..3}; do
		world "$frames" blast --frames=64 c@ends "$(ends_mac a)" # its address is learned anew
		ovs-appctl -t "$DIR/switch.ctl" fdb/show br0 |
			grep "^ *$(vsctl get interface c ofport)  *0  *02:00:00:00:00:03 "
		take_place_of c
	done
	blast_stop
	((GOT[c] > 0 && GOT[x] + GOT[b] + GOT[m] + GOT[n] == 0))
}

@test "a deleted output port's place taken by another one, which never sees a copy" {
	ports x
	no_gaps
	mirror br0 m0 select_src_port=a output_port=m
	expect <<<$'b - > a=- c=- n=-\na - dst=b > b=- m=-'
	blast_start a "$B"
	for _ in {1..3}; do
		take_place_of m
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] > 4000 && GOT[m] < SENT && GOT[x] + GOT[c] + GOT[n] == 0))
}
