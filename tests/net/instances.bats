#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Several switches on one machine: none touches what is another's.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
setup() {
	bvs_only 'one per machine'
	export BPFFS=$DIR/bpf
	ports a b c d
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b
	OTHER=$BATS_TEST_TMPDIR/other
}
teardown() {
	[[ $SWITCH == bvs ]] || return 0
	if [[ -e $OTHER/switch.pid ]]; then
		[[ -n $BATS_TEST_COMPLETED ]] || tail -n 20 "$OTHER/log"
		other vsctl --timeout=2 emer-reset || true
		for name in $(other vsctl --timeout=2 list-br); do
			other vsctl --timeout=2 del-br "$name" || true
		done
		other switch_kill TERM || true
	fi
	world_reset
}

# Runs a command with the second switch in the place of the first.
other() { DIR=$OTHER OVS_RUNDIR=$OTHER OVS_LOGDIR=$OTHER OVS_DBDIR=$OTHER OVS_SYSCONFDIR=$OTHER "$@"; }
other_start() {
	mkdir -p "$OTHER"
	other switch_start
}
pins() { world find "$DIR/bpf" | sort; }

@test "two switches in one namespace: apart in frames, rows and restarts" {
	other_start
	other ovs-vsctl add-br br1 -- add-port br1 c -- add-port br1 d
	local table=$'a - > b=-\nc - > d=-\na - dst=d > b=-\nc - dst=a > d=-'
	expect <<<"$table"
	is br0 vsctl list-br
	is br1 other vsctl list-br
	# One goes and comes, the other does not care.
	for signal in KILL TERM; do
		other switch_kill "$signal"
		expect <<<"$table"
		other switch_start
		other switch_settled
		switch_kill "$signal"
		switch_start
		switch_settled
		expect <<<"$table"
	done
	other ovs-vsctl del-br br1
	expect <<<$'a - > b=-\nc - > nothing'
	ip link show dev br0
}

@test "a device or a bridge's name that is another switch's is refused, and stays as it is" {
	other_start
	other ovs-vsctl add-br br1 -- add-port br1 c
	run -0 other vsctl add-port br1 a
	echo "$output"
	is -1 other vsctl get interface a ofport
	[[ $(other vsctl get interface a error) != '[]' ]]
	expect <<<$'a - > b=-\nc - > nothing\nb - > a=-'
	run -0 other vsctl add-br br0
	echo "$output"
	is -1 other vsctl get interface br0 ofport
	ip link set dev br0 up
	expect br0 <<<$'a - > b=- br0=-\nbr0 - > a=- b=-'
	other ovs-vsctl del-port a -- del-br br0
	expect br0 <<<$'a - > b=- br0=-\nbr0 - > a=- b=-'
	(($(ip -json -details link show dev a | jq '.[0].promiscuity') > 0))
}

@test "the same database a second time: refused with the holder's pid, which goes on" {
	run world timeout 10 "$build/bvsd" --remote="punix:$DIR/second.sock" --bpffs="$BPFFS" "$DIR/conf.db"
	echo "$output"
	((status != 0 && status != 124))
	[[ $output == *"$(switch_pid)"* ]]
	# The same with another bpffs, and the same socket with another database.
	mkdir -p "$OTHER"
	run world timeout 10 "$build/bvsd" --remote="punix:$DIR/db.sock" --bpffs="$BPFFS" "$OTHER/conf.db"
	echo "$output"
	((status != 0 && status != 124))
	[[ $output == *"$(switch_pid)"* ]]
	ovs-vsctl set bridge br0 external_ids:still=here
	expect <<<'a - > b=-'
}

@test "a datapath that is taken down takes nothing of the other's along" {
	before=$(pins)
	promiscuous=$(ip -json -details link show dev a | jq '.[0].promiscuity')
	other_start
	other ovs-vsctl add-br br1 -- add-port br1 c -- add-port br1 d -- add-port br1 i -- set interface i type=internal
	expect <<<$'c - > d=-\na - > b=-'
	[[ $(pins) != "$before" ]]
	world "$build/bvsctl" --target="$OTHER/switch.ctl" datapath down
	other wait_until switch_is_gone
	expect <<<$'c - > nothing\na - > b=-'
	run ! ip link show dev i
	run ! ip link show dev br1
	is "$before" pins
	is 0 eval 'ip -json -details link show dev c | jq ".[0].promiscuity"'
	is "$promiscuous" eval 'ip -json -details link show dev a | jq ".[0].promiscuity"'
	rm -f "$OTHER/switch.pid"
}

@test "what a bvsd that has ended left is taken down by the next one, not under a live one" {
	before=$(pins)
	other_start
	other ovs-vsctl add-br br1 -- add-port br1 c -- add-port br1 i -- set interface i type=internal
	run -1 world "$build/bvsd" --bpffs="$BPFFS" --datapath-down "$OTHER/conf.db"
	echo "$output"
	[[ $output == *"$(other switch_pid)"* ]]
	other switch_kill KILL
	ip link show dev i
	run -0 world "$build/bvsd" --bpffs="$BPFFS" --datapath-down "$OTHER/conf.db"
	is '' echo "$output"
	run ! ip link show dev i
	run ! ip link show dev br1
	is "$before" pins
	is 0 eval 'ip -json -details link show dev c | jq ".[0].promiscuity"'
	expect <<<'a - > b=-'
	rm -f "$OTHER/switch.pid"
}

@test "the demo beside a live switch: it succeeds, and nothing here has changed" {
	state() { pins; ip -oneline link | sed 's/ promiscuity.*//'; vsctl show; ip netns; }
	before=$(state)
	run world env -u OVS_RUNDIR -u OVS_DBDIR -u OVS_LOGDIR -u OVS_SYSCONFDIR "$root/tools/demo" --built
	echo "$output"
	((status == 0))
	grep -q 'tx_bytes=196, tx_packets=2' <<<"$output"
	is "$before" state
	expect <<<'a - > b=-'
}
