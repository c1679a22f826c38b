#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A mirror outlives the machines that it watches: unplugged and plugged in again they are
# mirrored again, and nobody else is.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
setup() {
	bvs_only 'a mirror loses its ports for good'
	ports a b c m
}
teardown() { [[ $SWITCH != bvs ]] || world_reset; }

# The bridge, with all ports by hand, and what a sends copied to m.
bridge() {
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-port br0 c -- add-port br0 m
	mirror br0 m0 select_src_port=a output_port=m
	expect <<<$'a - > b=- c=- m=-\nb - > a=- c=-'
}

# As libvirt does it at the start of a machine: plug PORT MACHINE.
plug() {
	ovs-vsctl --timeout=5 -- --may-exist add-port br0 "$1" \
		-- set Interface "$1" "external-ids:attached-mac=\"52:54:00:00:00:0$2\"" \
		-- set Interface "$1" "external-ids:iface-id=\"1fc1b1a2-0000-4000-8000-00000000000$2\"" \
		-- set Interface "$1" "external-ids:vm-id=\"7e0bd7c4-0000-4000-8000-00000000000$2\"" \
		-- set Interface "$1" external-ids:iface-status=active
}
# And at its end.
unplug() { ovs-vsctl --timeout=5 -- --if-exists del-port "$1"; }

state() { vsctl get bridge br0 status:mirror-m0; }
column() { vsctl get mirror m0 "$1"; }
port() { vsctl get port "$1" _uuid; }

@test "unplugged and plugged in again: the mirror goes on, and the column says so" {
	bridge
	ovs-vsctl del-port a
	is '[]' column select_src_port
	is '"pending: waiting for port a (src)"' state
	expect <<<$'a - > nothing\nb - > c=-'
	ovs-vsctl add-port br0 a
	is "[$(port a)]" column select_src_port
	is active state
	expect <<<$'a - > b=- c=- m=-\nb - > a=- c=-'
	# Also in one transaction, as scripts write it, and again.
	for _ in 1 2; do
		ovs-vsctl --if-exists del-port a -- add-port br0 a
		is "[$(port a)]" column select_src_port
		expect <<<'a - > b=- c=- m=-'
	done
}

@test "the output likewise: meanwhile no copy goes anywhere" {
	bridge
	ovs-vsctl set mirror m0 output_vlan=99 # which takes over on stock
	ovs-vsctl del-port m
	is '"pending: waiting for port m (output)"' state
	expect <<<'a - > b=- c=-'
	ovs-vsctl add-port br0 m
	is "$(port m)" column output_port
	expect <<<$'a - > b=- c=- m=-\nm - > nothing'
	ovs-vsctl del-port m -- add-port br0 m -- del-port a -- add-port br0 a
	is active state
	expect <<<$'a - > b=- c=- m=-\nm - > nothing'
}

@test "a machine that restarts, its device made anew" {
	ovs-vsctl add-br br0 -- add-port br0 b -- add-port br0 m
	plug a 1
	mirror br0 m0 select_src_port=a select_dst_port=a output_port=m
	expect <<<$'a - > b=- m=-\nb - > a=- m=-'
	for _ in 1 2 3; do
		unplug a
		ip link del dev a
		PORTS=(b m)
		expect <<<'b - > nothing'
		ports a
		plug a 1
		is active state
		expect <<<$'a - > b=- m=-\nb - > a=- m=-'
	done
	is "[$(port a)]" column select_src_port
	is "[$(port a)]" column select_dst_port
}

@test "another machine that is given the name is not mirrored" {
	ovs-vsctl add-br br0 -- add-port br0 b -- add-port br0 c -- add-port br0 m
	plug a 1
	mirror br0 m0 select_src_port=a select_dst_port=a output_port=m
	expect <<<'a - > b=- c=- m=-'
	unplug a
	plug a 2
	is '"pending: waiting for port a (src+dst, the name is another port'\''s now)"' state
	expect <<<$'a - > b=- c=-\nb - > a=- c=-'
	unplug a
	ovs-vsctl add-port br0 a # nobody knows whose
	expect <<<$'a - > b=- c=-\nb - > a=- c=-'
	unplug a
	plug a 1
	is active state
	expect <<<$'a - > b=- c=- m=-\nb - > a=- c=- m=-'
}

@test "another machine that is given the output's name gets no copies" {
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b
	plug m 1
	mirror br0 m0 select_src_port=a output_port=m
	expect <<<$'a - dst=b > b=- m=-\nb - dst=a > a=-\nm - > nothing'
	unplug m
	plug m 2
	# It is an ordinary port.
	expect <<<$'m - > a=- b=-\na - dst=b > b=-\na - dst=m > m=-'
	unplug m
	plug m 1
	expect <<<$'a - dst=b > b=- m=-\nm - > nothing'
}

@test "killed between the loss and the return, and in the middle of both" {
	bridge
	ovs-vsctl del-port a
	switch_kill KILL
	switch_start
	switch_settled
	is '"pending: waiting for port a (src)"' state
	expect <<<'b - > c=-'
	ovs-vsctl add-port br0 a
	expect <<<'a - > b=- c=- m=-'
	sometimes() { ((RANDOM % 3 == 0)); }
	for _ in {1..5}; do
		# Neither waits for the switch, so it dies before, in, or after its pass.
		vsctl --no-wait -- del-port a -- del-port m &
		vsctl=$!
		wait_until sometimes # not always at the same point
		switch_kill KILL
		wait "$vsctl" || true
		switch_start
		vsctl --no-wait -- --if-exists del-port a -- --if-exists del-port m -- add-port br0 m -- add-port br0 a
		switch_kill KILL
		switch_start
		switch_settled
		is "[$(port a)]" column select_src_port
		is "$(port m)" column output_port
		expect <<<$'a - > b=- c=- m=-\nm - > nothing'
	done
}

@test "taken out by hand: it does not come back" {
	bridge
	ovs-vsctl clear mirror m0 select_src_port
	ovs-vsctl del-port a -- add-port br0 a
	is '[]' column select_src_port
	expect <<<'a - > b=- c=-'
	# Nor does a mirror that went with its bridge.
	ovs-vsctl del-br br0 -- add-br br0 -- add-port br0 a -- add-port br0 m -- add-port br0 b
	is '' vsctl list mirror
	expect <<<'a - > b=- m=-'
}

@test "the counters go on over a loss" {
	bridge
	WAIT_LIMIT=12 becomes '1 80' mirror_counts m0
	ovs-vsctl del-port a -- add-port br0 a
	expect <<<'a - x3 > b=- c=- m=-'
	WAIT_LIMIT=12 becomes '4 320' mirror_counts m0
}

@test "bvs-sticky=false: as stock has it" {
	bridge
	for where in 'mirror m0 external_ids' 'open_vswitch . other_config'; do
		# shellcheck disable=SC2086
		ovs-vsctl set $where:bvs-sticky=false
		is '' vsctl --if-exists get mirror m0 external_ids:bvs-bound
		ovs-vsctl del-port a -- add-port br0 a
		is '[]' column select_src_port
		expect <<<'a - > b=- c=-'
		# shellcheck disable=SC2086
		ovs-vsctl remove ${where% *} ${where##* } bvs-sticky
		ovs-vsctl -- --id=@a get port a -- set mirror m0 select_src_port=@a
		expect <<<'a - > b=- c=- m=-'
	done
	is "[$(port a)]" column select_src_port
}

@test "ports described before they exist: names, patterns, notes" {
	ovs-vsctl add-br br0 -- add-port br0 b
	ovs-vsctl -- --id=@m create mirror name=m0 external_ids:bvs-output-port=m \
		'external_ids:bvs-src-ports="vnet*,a,vm-id=7e0bd7c4-0000-4000-8000-000000000003"' \
		-- add bridge br0 mirrors @m
	is '"pending: waiting for ports m (output), a (src)"' state
	ovs-vsctl add-port br0 m
	is '"pending: waiting for port a (src)"' state
	ports vnet1 vnet22 other
	ovs-vsctl add-port br0 a -- add-port br0 c -- add-port br0 vnet1 -- add-port br0 other
	is active state
	expect <<-END
		a     - > b=- c=- vnet1=- other=- m=-
		vnet1 - > a=- b=- c=- other=- m=-
		c     - > a=- b=- vnet1=- other=-
		m     - > nothing
	END
	plug other 3
	ovs-vsctl add-port br0 vnet22 -- del-port a
	expect <<-END
		vnet22 - > b=- c=- vnet1=- other=- m=-
		other  - > b=- c=- vnet1=- vnet22=- m=-
		c      - > b=- vnet1=- vnet22=- other=-
	END
	plug other 4
	expect <<<'other - > b=- c=- vnet1=- vnet22=-'
	# The stock columns are not ours to fill.
	is '[]' column select_src_port
	is '[]' column output_port
}

@test "what is not understood is said, and copies nothing" {
	bridge
	ovs-vsctl set mirror m0 external_ids:bvs-sticki=true
	is '"error: external_ids:bvs-sticki is not known"' state
	expect <<<'a - > b=- c=-'
	ovs-vsctl remove mirror m0 external_ids bvs-sticki -- set mirror m0 external_ids:bvs-sticky=yes
	is '"error: external_ids:bvs-sticky=yes is neither true nor false"' state
	expect <<<'a - > b=- c=-'
	ovs-vsctl remove mirror m0 external_ids bvs-sticky
	is active state
	expect <<<'a - > b=- c=- m=-'
}

@test "statistics are stock's two, and the whole account for those who ask" {
	bridge
	WAIT_LIMIT=12 becomes '{tx_bytes=80, tx_packets=1}' column statistics
	ovs-vsctl set mirror m0 external_ids:bvs-account=true
	run -0 column statistics
	echo "$output"
	for key in dropped_backlog dropped_budget dropped_clone dropped_mtu dropped_no_target filtered \
		merged selected sent truncated; do
		[[ $output =~ $key=[0-9]+ ]]
	done
	[[ $output == *'selected=1, sent=1'* && $output == *'tx_bytes=80, tx_packets=1}' ]]
	ovs-vsctl remove mirror m0 external_ids bvs-account
	is '{tx_bytes=80, tx_packets=1}' column statistics
}
