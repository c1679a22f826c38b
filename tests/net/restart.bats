#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The daemon may die and come back at any time: frames and copies do not notice.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { world_start; }
teardown_file() { world_end; }
setup() { bvs_only 'its frames stop with its daemon'; }
teardown() { [[ $SWITCH != bvs ]] || world_reset; }

# Ports a, b, c on br0 and a mirror of what a sends to m.
bridge() {
	ports a b c m
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b -- add-port br0 c -- add-port br0 m
	mirror br0 m0 select_src_port=a output_port=m
	expect <<<$'b - > a=- c=-\na - dst=b > b=- m=-'
}

restart() { # SIGNAL
	switch_kill "$1"
	switch_start
	switch_settled
}

# What a traced daemon did: "links attached or detached, writes to maps of an earlier process".
bpf_calls() {
	python3 -IS - "$1" <<-'END'
		import re, sys
		made, links, writes = set(), 0, 0
		for line in open(sys.argv[1]):
		    call = re.match(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)", line)
		    if not call or int(call[3]) < 0:
		        continue
		    name, args, result = call[1], call[2], int(call[3])
		    if name.startswith("dup") or name == "fcntl" and "F_DUPFD" in args:
		        old = int(args.split(",")[0])
		        made.add(result) if old in made else made.discard(result)
		    elif name == "bpf" and args.startswith("BPF_MAP_CREATE"):
		        made.add(result)
		    elif name == "bpf" and re.match("BPF_(OBJ_GET|BTF_LOAD|PROG_LOAD|LINK_CREATE|.*_GET_FD_BY_ID)", args):
		        made.discard(result)
		        links += args.startswith("BPF_LINK_CREATE")
		    elif name == "bpf" and re.match("BPF_(LINK_DETACH|PROG_ATTACH|PROG_DETACH)", args):
		        links += 1
		    elif name == "bpf" and re.match("BPF_MAP_(UPDATE|DELETE|LOOKUP_AND_DELETE)", args):
		        writes += int(re.search(r"map_fd=(\d+)", args)[1]) not in made
		print(links, writes)
	END
}

@test "killed and started ten times under traffic: no frame lost, no copy lost" {
	bridge
	blast_start a 02:00:00:00:00:02
	for _ in {1..10}; do
		restart KILL
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] == SENT))
}

@test "the same for frames that are flooded" {
	bridge
	blast_start a ff:ff:ff:ff:ff:ff
	for _ in {1..3}; do
		restart KILL
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] == SENT))
}

@test "a start with nothing changed attaches nothing and writes no map" {
	bridge
	trace=$BATS_TEST_TMPDIR/trace
	for signal in KILL TERM; do
		switch_kill "$signal"
		SWITCH_WRAPPER=(strace -f -e "trace=bpf,dup,dup2,dup3,fcntl" -o "$trace.$signal")
		switch_start
		SWITCH_WRAPPER=()
		switch_settled
		expect <<<'a - dst=b > b=- m=-'
		echo "after $signal, links and writes: $(bpf_calls "$trace.$signal")"
		is '0 0' bpf_calls "$trace.$signal"
		grep -q 'bpf(BPF_PROG_LOAD' "$trace.$signal"
	done
	# That this is how changes are seen: a new port is one link (where links are), and writes.
	ports d
	ovs-vsctl add-port br0 d
	read -r links writes <<<"$(bpf_calls "$trace.TERM")"
	echo "after add-port, links and writes: $links $writes"
	((links == $(has_tcx && echo 1 || echo 0) && writes > 0))
	switch_kill TERM
	switch_start
}

@test "SIGTERM leaves the switch forwarding and mirroring, without a daemon" {
	bridge
	switch_kill TERM
	expect <<-END
		a - dst=b > b=- m=-
		c -       > a=- b=-
		a - dst=c > c=- m=-
		b - dst=unknown > a=- c=-
	END
	switch_start
	switch_settled
	expect <<<$'a - dst=c > c=- m=-\na - > b=- c=- m=-'
}

@test "links that go down and up while no daemon runs" {
	bridge
	ip -n ends link set dev b down
	becomes down vsctl get interface b link_state
	switch_kill KILL
	ip -n ends link set dev b up
	ip -n ends link set dev c down
	wait_until ip -n ends link show dev b up
	expect <<<$'a - > b=- m=-\na - dst=b > b=- m=-'
	ip -n ends link set dev c up
	expect <<<$'a - > b=- c=- m=-'
	switch_start
	switch_settled
	expect <<<$'a - > b=- c=- m=-'
}

@test "what was learned, numbered and counted is there after a restart" {
	bridge
	ovs-vsctl set interface c ofport_request=20
	expect <<<'a - len=100 x10 > b=- c=- m=-'
	becomes '11 1080' mirror_counts m0
	ofports() { vsctl --format=csv --no-headings --columns=name,ofport list interface | sort; }
	before=$(ofports)
	restart KILL
	is "$before" ofports
	expect <<<'a - dst=b len=100 > b=- m=-'
	becomes '12 1180' mirror_counts m0
}

@test "what changed while no daemon ran is in force after the start" {
	bridge
	switch_kill KILL
	# b is replaced by another device, c gets a tag in the database, m is unplugged.
	ip link del dev b
	ports d
	ip -batch - <<-END
		link add name b type veth peer name b netns ends address 02:00:00:00:00:0b
		link set dev b up
	END
	ip -n ends link set dev b up
	ip -n ends link set dev m down
	world "$peers/ovsdb-tool" transact "$DIR/conf.db" '["Open_vSwitch", {"op": "update", "table": "Port",
		"where": [["name", "==", "c"]], "row": {"tag": 10}}]'
	switch_start
	switch_settled
	is up vsctl get interface b link_state
	is down vsctl get interface m link_state
	expect <<-END
		a -      > b=-
		a [10]   > b=[10] c=-
		b -      > a=-
		a - dst=b > b=-
	END
	ip -n ends link set dev m up
	becomes up vsctl get interface m link_state
	expect <<<'a - dst=b > b=- m=-'
}

@test "killed in the middle of changes: others' frames go on, and the end is as configured" {
	bridge
	ports x y
	by_chance() { ((RANDOM % 4 == 0)); }
	blast_start a 02:00:00:00:00:02
	for _ in {1..10}; do
		# Changes all the time, none of which concerns a, b or the mirror of a.
		(
			exec 3>&- >/dev/null 2>&1
			while :; do
				vsctl --timeout=1 -- --may-exist add-port br0 x tag=10 -- --may-exist add-port br0 y \
					-- set port c tag=20 -- --may-exist add-port br0 i -- set interface i type=internal || true
				vsctl --timeout=1 -- --if-exists del-port x -- --if-exists del-port i -- clear port c tag || true
			done
		) &
		changes=$!
		marker=$(vsctl get open_vswitch . cur_cfg)
		further() { (($(vsctl get open_vswitch . cur_cfg) > marker)); }
		wait_until further
		# Not always at the same point.
		wait_until by_chance
		kill "$changes"
		switch_kill KILL
		wait "$changes" || true
		switch_start
		switch_settled
	done
	blast_stop
	((GOT[b] == SENT && GOT[m] == SENT))
	ovs-vsctl -- --if-exists del-port i -- --if-exists del-port x -- --if-exists del-port y
	ovs-vsctl add-port br0 x tag=10 -- add-port br0 y -- set port c tag=20
	expect <<<$'a - > b=- y=- m=-\na [10] > b=[10] y=[10] x=- m=[10]\nc - > a=[20] b=[20] y=[20]'
	# No device is left over.
	run ! ip link show dev i
}
