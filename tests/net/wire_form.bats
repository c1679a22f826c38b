#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# bvs-wire-form: copies reach the target as a wire would carry them.  n1 (10.1.1.1) and n2
# (10.1.1.2) talk through internal ports i1 and i2, whose frames are yet to be segmented and
# summed up; the copies go to m.  Also what is counted of copies that are segmented, and
# reception of what the kernel's own tunnels leave to a veth.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() { [[ $SWITCH != bvs ]] || world_start; }
teardown_file() { world_end; }

setup() {
	bvs_only 'a setting of ours'
	ns n1 n2
	ports m
	ovs-vsctl add-br br0 -- add-port br0 m -- add-port br0 i1 -- set interface i1 type=internal \
		-- add-port br0 i2 -- set interface i2 type=internal
	for n in 1 2; do
		ip link set dev "i$n" netns "n$n"
		ip -n "n$n" addr add "10.1.1.$n/24" dev "i$n"
		ip -n "n$n" link set dev "i$n" up
		becomes up vsctl get interface "i$n" link_state
	done
	# No questions between: what is counted is what the test sends.
	for n in 1 2; do
		ip -n "n$n" neigh replace "10.1.1.$((3 - n))" dev "i$n" nud permanent \
			lladdr "$(ip -n "n$((3 - n))" -json link show dev "i$((3 - n))" | jq -r '.[0].address')"
	done
}
teardown() {
	[[ $SWITCH == bvs ]] || return 0
	world_reset
}

tool=$BATS_TEST_DIRNAME/wire_form.py

wire_mirror() { # COLUMN=VALUE...
	mirror br0 w select_src_port=i1 external_ids:bvs-wire-form=true external_ids:bvs-account=true "$@"
	becomes active vsctl get bridge br0 status:mirror-w
}

capture() { # NETNS DEVICE
	CAPTURED=$BATS_TEST_TMPDIR/captured
	rm -f "$CAPTURED.ready"
	# shellcheck disable=SC2016
	world ip netns exec "$1" sh -c 'echo $$ >"$2.pid"; exec "$0" capture "$1" "$2"' "$tool" "$2" "$CAPTURED" 3>&- &
	CAPTURE_SHELL=$!
	wait_until test -e "$CAPTURED.ready"
}

# Copies come out of the segmenting devices some time after production.
# shellcheck disable=SC2317 # wait_until calls them
arrived() { [[ $("$tool" check "$CAPTURED" "$@") == "frames=$(account sent) "* ]]; }
# shellcheck disable=SC2317
closed() { [[ ! $(world ip netns exec n2 ss -Htn state connected exclude time-wait) ]]; }

# Ends it; FRAMES, BAD, CUT, LONGEST and TAGS are what it found.
captured() { # [OPTION of wire_form.py check...]
	local words
	wait_until closed
	wait_until arrived "$@" || account sent
	world kill -TERM "$(<"$CAPTURED.pid")"
	wait "$CAPTURE_SHELL"
	words=$("$tool" check "$CAPTURED" "$@")
	echo "$words"
	read -r FRAMES BAD CUT LONGEST TAGS <<<"${words//[a-z=]/}"
}

# Of the mirror's account: account selected, account sent ...
account() { ovs-appctl -t "$DIR/switch.ctl" mirror/show br0 | grep -oE "$1:? [0-9]+" | grep -oE '[0-9]+'; }

# Everything that was selected has an outcome, and what was sent is what arrived.
adds_up() {
	local n sum=0
	for n in sent filtered merged backlog budget clone 'no target' mtu; do
		sum=$((sum + $(account "$n")))
	done
	echo "selected $(account selected), counted $sum, sent $(account sent), arrived $FRAMES"
	(($(account selected) == sum && $(account sent) == FRAMES))
}

# Sends a file by TCP from n1 to n2, with so little under way that no queue overflows.
trickle() { # BYTES
	local receiver
	head -c "$1" /dev/urandom >"$BATS_TEST_TMPDIR/sent"
	world ip netns exec n2 timeout 60 socat -u TCP-LISTEN:5000,reuseaddr,rcvbuf=65536 \
		"CREATE:$BATS_TEST_TMPDIR/got" 3>&- &
	receiver=$!
	wait_until listens n2
	ip netns exec n1 timeout 60 socat -u -b 60000 "OPEN:$BATS_TEST_TMPDIR/sent" TCP:10.1.1.2:5000,sndbuf=131072
	wait "$receiver"
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/got"
}

@test "TCP: segments with checksums, every byte of the stream, each counted" {
	wire_mirror output_port=m
	capture ends m
	trickle 3000000
	captured --stream="$BATS_TEST_TMPDIR/copied"
	((BAD == 0 && CUT == 0 && LONGEST == 1514 && FRAMES > 2000))
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/copied"
	ovs-appctl -t "$DIR/switch.ctl" mirror/show br0
	adds_up
	# As stock counts, one is a frame as the switch has it: there were fewer of those.
	becomes "$FRAMES" vsctl get mirror w statistics:sent
	(($(vsctl get mirror w statistics:tx_packets) < FRAMES / 2))
}

@test "without it they are what production is: yet to be finished" {
	mirror br0 w select_src_port=i1 output_port=m external_ids:bvs-wire-form=false
	capture ends m
	trickle 1000000
	captured
	((BAD > 0 && LONGEST > 2000))
}

@test "UDP: the checksum is there" {
	wire_mirror output_port=m
	capture ends m
	ip netns exec n1 "$tool" udp 10.1.1.2 100
	at_least_100() { (($(account sent) >= 100)); }
	wait_until at_least_100
	captured
	((BAD == 0 && FRAMES >= 100))
	adds_up
}

@test "snaplen is about the segments" {
	wire_mirror output_port=m snaplen=100
	capture ends m
	trickle 1000000
	captured
	((BAD == 0 && LONGEST == 100 && CUT > 600))
	adds_up
	(($(account 'cut short') == CUT))
}

# What is sent from n1 to n2 is seen at m whole, each frame with this tag.
arrives_tagged() { # TAG
	capture ends m
	trickle 500000
	captured --stream="$BATS_TEST_TMPDIR/copied"
	[[ $TAGS == "$1" ]]
	((BAD == 0 && LONGEST == 1518))
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/copied"
	adds_up
}

@test "tags: of the output port, of the output VLAN" {
	ovs-vsctl set port i1 tag=5 -- set port i2 tag=5
	wire_mirror output_port=m
	arrives_tagged '[5]'
	ovs-vsctl clear bridge br0 mirrors -- set port m trunks=99
	wire_mirror output_vlan=99
	arrives_tagged '[99]'
}

@test "an output whose MTU is less gets the short ones, and the rest is counted" {
	ip link set dev m mtu 1000
	wire_mirror output_port=m
	is_short() { ovs-appctl -t "$DIR/switch.ctl" bridge/dump-image br0 | grep -q mtu=1000; }
	wait_until is_short
	capture ends m
	trickle 300000
	captured
	((LONGEST < 1014 && FRAMES > 0 && BAD == 0))
	adds_up
	(($(account mtu) > 100))
}

# --- tunnels ---

underlay() {
	ns far
	ip link add u0 type veth peer name u1 netns far
	ip addr add 10.0.0.1/24 dev u0
	ip -n far addr add 10.0.0.2/24 dev u1
	ip link set u0 mtu 1600 up
	ip -n far link set u1 mtu 1600 up
	ip neigh replace 10.0.0.2 dev u0 nud permanent \
		lladdr "$(ip -n far -json link show dev u1 | jq -r '.[0].address')"
}

@test "to a tunnel: wire frames inside; what is segmented for its number is counted behind" {
	underlay
	mirror br0 w select_src_port=i1 external_ids:bvs-account=true external_ids:bvs-wire-form=true \
		external_ids:bvs-remote='"gre:10.0.0.2"'
	becomes active vsctl get bridge br0 status:mirror-w
	capture far u1
	trickle 500000
	captured --strip=38 --stream="$BATS_TEST_TMPDIR/copied"
	((BAD == 0 && LONGEST == 1514))
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/copied"
	ovs-vsctl clear bridge br0 mirrors
	mirror br0 w select_src_port=i1 external_ids:bvs-account=true \
		external_ids:bvs-remote='"erspan:10.0.0.2,session=7,ver=3"'
	becomes active vsctl get bridge br0 status:mirror-w
	capture far u1
	trickle 500000
	captured --strip=54 --stream="$BATS_TEST_TMPDIR/copied"
	((LONGEST == 1514 && FRAMES > 300))
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/copied"
	adds_up
}

status_of() { vsctl --if-exists get interface "$1" "status:$2" | tr -d '"'; } # INTERFACE KEY

@test "GRE's checksum is tested, but for what has yet to be summed up" {
	local mac kind n seen=$BATS_TEST_TMPDIR/seen
	underlay
	ovs-vsctl add-port br0 t0 -- set interface t0 type=gre options:remote_ip=10.0.0.2 options:csum=true
	becomes up status_of t0 tunnel_egress_iface_carrier
	becomes '' status_of t0 bvs-problem
	mac=$(ip -json link show dev u0 | jq -r '.[0].address')
	sniff "$seen" n1 i1 udp port 9
	send_gre() { world ip netns exec far "$tool" gre u1 "$mac" 10.0.0.2 10.0.0.1 "$1"; }
	send_gre broken
	for kind in whole inner outer; do
		echo "$kind"
		n=$(wc -l <"$seen")
		send_gre "$kind"
		wait_until has_lines $((n + 1)) "$seen"
	done
	sniff_stop "$seen" >"$BATS_TEST_TMPDIR/n"
	cat "$seen"
	# The broken one is a byte longer.
	run ! grep -q 'UDP, length 211' "$seen"
}

# --- asking ---

@test "mirror/show, mirror/explain and bvsctl know the form; a patch port cannot have it" {
	bvsctl() { world "$build/bvsctl" "$@"; }
	wire_mirror output_port=m
	run -0 ovs-appctl -t "$DIR/switch.ctl" mirror/show br0
	[[ $output == *'output: port m, as wire frames'* ]]
	run -0 ovs-appctl -t "$DIR/switch.ctl" mirror/explain br0 in_port=i1
	[[ $output == *'mirror w: copied, as it came in, as wire frames'* ]]
	run -0 ovs-appctl -t "$DIR/switch.ctl" mirror/explain --json br0 in_port=i1
	is true jq '.bridges[0].mirrors[0].wire_form' <<<"$output"
	run -0 bvsctl mirror show --json br0
	is true jq '.[0].mirrors[0].wire_form' <<<"$output"
	run -0 bvsctl mirror del br0 w
	run -0 bvsctl mirror add br0 v --src=i1 --output=m --wire-form
	is '"true"' vsctl get mirror v external_ids:bvs-wire-form
	ovs-vsctl add-br br1 -- add-port br0 p0 -- set interface p0 type=patch options:peer=p1 \
		-- add-port br1 p1 -- set interface p1 type=patch options:peer=p0
	mirror br0 p select_src_port=i2 output_port=p0 external_ids:bvs-wire-form=true
	becomes '"error: external_ids:bvs-wire-form=true is not for copies to a patch port"' \
		vsctl get bridge br0 status:mirror-p
	vsctl set mirror p external_ids:bvs-wire-form=maybe
	becomes '"error: external_ids:bvs-wire-form=maybe is neither true nor false"' \
		vsctl get bridge br0 status:mirror-p
}
