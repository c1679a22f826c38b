#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The datapath layer alone, driven by hand (datapath_driver.c): devices, programs and maps,
# without a database above them.

source "$BATS_TEST_DIRNAME/lib.bash"

switch_start() { : >"$DIR/log"; } # there is no daemon here

setup_file() {
	[[ $SWITCH == bvs ]] || skip 'about bvs itself'
	world_start
	local flags=() archives=("$build/libdatapath.a" "$build/libswitch.a" "$build/libbase.a")
	[[ $build != *asan ]] || flags=(-fsanitize=address -fsanitize=undefined)
	gcc "${flags[@]}" -std=gnu11 -D_GNU_SOURCE -I"$root/userspace" -o "$BATS_FILE_TMPDIR/driver" \
		"$BATS_TEST_DIRNAME/datapath_driver.c" -Wl,--start-group "${archives[@]}" \
		-Wl,--end-group -lbpf -lmnl -lev
}
teardown_file() { world_end; }

setup() {
	OWNER=/test/$BATS_TEST_NUMBER
	OPTIONS=()
	WRAPPER=()
	ns n1 n2
}

# Everything goes, also what a failed test has left.
teardown() {
	local status=0
	if [[ -z ${BATS_TEST_COMPLETED-} ]]; then
		tail -n 20 "$BATS_TEST_TMPDIR"/out* "$BATS_TEST_TMPDIR"/err* 2>/dev/null
	fi
	if [[ -v DRIVER ]]; then
		exec {TO_DRIVER}>&-
		kill -KILL "$DRIVER" 2>/dev/null || true
		wait "$DRIVER" 2>/dev/null || true
	fi
	WRAPPER=()
	driver_start && tell remove || status=1
	exec {TO_DRIVER}>&-
	wait "$DRIVER" || status=1
	world sh -c 'ip -json link | jq -r ".[].ifname" | grep -v "^lo$" |
		sed "s/^/link del dev /" | ip -force -batch -' >/dev/null 2>&1 || true
	for name in "${NAMESPACES[@]}"; do
		ip netns del "$name" || true
	done
	return $status
}

# --- the driver ---

driver_start() { # it answers in OUT
	OUT=$BATS_TEST_TMPDIR/out$((++RUNS))
	mkfifo "$BATS_TEST_TMPDIR/in$RUNS"
	: >"$OUT"
	world "${WRAPPER[@]}" "$BATS_FILE_TMPDIR/driver" "$DIR/bpf" "$OWNER" "${OPTIONS[@]}" \
		<"$BATS_TEST_TMPDIR/in$RUNS" >"$OUT" 2>"$BATS_TEST_TMPDIR/err$RUNS" 3>&- &
	DRIVER=$!
	exec {TO_DRIVER}>"$BATS_TEST_TMPDIR/in$RUNS"
	ANSWERS=1
	wait_until answered
}

driver_pid() { pgrep -f "^$BATS_FILE_TMPDIR/driver "; }
driver_is_gone() { ! driver_pid; }
driver_kill() { # kill -9
	kill -KILL "$(driver_pid)"
	wait_until driver_is_gone
	exec {TO_DRIVER}>&-
	wait "$DRIVER" 2>/dev/null || true
	unset DRIVER
}

answered() { (($(grep -c ^= "$OUT") >= ANSWERS)); }

# Gives commands; ANSWER is the last one's.  Fails unless all are answered for without error.
tell() {
	local command
	for command; do
		ANSWERS=$((ANSWERS + 1))
		echo "$command" >&"$TO_DRIVER"
		wait_until answered
		ANSWER=$(grep ^= "$OUT" | tail -n 1)
		ANSWER=${ANSWER#= }
		if [[ $ANSWER == error* || $ANSWER == what* ]]; then
			echo "$command: $ANSWER"
			return 1
		fi
	done
}

says() { # COMMAND PATTERN
	tell "$1"
	# shellcheck disable=SC2053
	[[ $ANSWER == $2 ]] && return
	echo "$1: '$ANSWER', wanted '$2'"
	return 1
}
comes_to_say() { wait_until says "$@" || says "$@"; }

in_ns() { ip netns exec "$@"; }
ifindex() { ip -json link show dev "$1" | jq '.[0].ifindex'; }
promiscuity() { ip "${@:2}" -json -details link show dev "$1" | jq '.[0].promiscuity'; }
pins() { world find "$DIR/bpf/bvs" 2>/dev/null | sed 's,.*/,,' | sort; }
has_pin() { pins | grep -qx "$1"; }
has_filter() { world tc filter show dev "$1" ingress | grep -q bpf; }
# Of these devices those that a program is attached to.
attached() {
	local device
	for device; do
		if has_tcx; then
			has_pin "link-$(ifindex "$device")-ingress" && echo "$device"
		else
			has_filter "$device" && echo "$device"
		fi
	done
}

# Internal ports t1 and t2, moved into n1 and n2.
internal_ports() {
	tell 'port 1 br0 local' 'port 2 t1 internal' 'port 3 t2 internal' apply
	ip link set dev t1 netns n1
	ip link set dev t2 netns n2
	ip -n n1 addr add 10.0.0.1/24 dev t1
	ip -n n2 addr add 10.0.0.2/24 dev t2
	ip -n n1 link set dev t1 up
	ip -n n2 link set dev t2 up
	comes_to_say 'state 2' '0 up link *: '
	comes_to_say 'state 3' '0 up link *: '
}

# System ports: veth pairs s1 and s2 with their other ends, so named too, in n1 and n2.
system_ports() {
	local i
	for i in 1 2; do
		ip link add name "s$i" type veth peer name "s$i" netns "n$i"
		ip link set dev "s$i" up
		ip -n "n$i" addr add "10.0.0.$i/24" dev "s$i"
		ip -n "n$i" link set dev "s$i" up
	done
	tell 'port 2 s1 system' 'port 3 s2 system' apply
	comes_to_say 'state 2' '* up link *: '
	comes_to_say 'state 3' '* up link *: '
}

pings() { in_ns n1 ping -q -c "$1" -i 0.02 -W 2 10.0.0.2; }
reaches() { # [COUNT]; addresses may have changed
	ip -n n1 neigh flush all
	pings "${1:-1}"
}

# Map writes, links made or undone, netlink messages sent, by a traced driver.
calls() {
	grep -v ' = -1 ' "$1" |
		grep -cE 'bpf\((BPF_MAP_(UPDATE|DELETE|LOOKUP_AND_DELETE)|BPF_LINK_(CREATE|UPDATE|DETACH)|BPF_PROG_(ATTACH|DETACH))|nlmsg_type=RTM_(NEW|SET|DEL)LINK.*NLM_F_REQUEST' || :
}
TRACE=(strace -f -v -s 256 -e 'trace=bpf,sendto,sendmsg')

# --- ports that work ---

@test "internal ports, moved to two namespaces, reach each other" {
	driver_start
	internal_ports
	reaches 5
	tell 'stats 2'
	read -r rx _ tx _ <<<"$ANSWER"
	((rx >= 6 && tx >= 6))
	# Our ends are known by their alias, silent, and never spoken to.
	ip -json -details link | jq -e '[.[] | select(.ifalias // "" | startswith("bvs "))] | length >= 3'
	for name in $(ip -json link | jq -r '.[] | select(.ifname | startswith("bvs-")) | .ifname'); do
		is '' eval "ip -6 addr show dev $name"
	done
}

@test "system ports reach each other and are neither set up nor down" {
	driver_start
	system_ports
	reaches 5
	ip link set dev s2 down
	comes_to_say 'state 3' '* down no-link *: '
	is 0 eval 'ip link show dev s2 | grep -c ,UP || :'
	ip link set dev s2 up
	comes_to_say 'state 3' '* up link *: '
	reaches
}

@test "frames to the address of a peer elsewhere go there straight, as long as it is known" {
	driver_start
	system_ports
	reaches
	sent=$(counter . s2 tx_packets)
	pings 5
	# The switch's own end does not see them.
	is "$sent" counter . s2 tx_packets
	# Another address, followed through its namespace's events.
	ip -n n2 link set dev s2 address 02:00:00:00:00:77
	reaches
	straight() {
		sent=$(counter . s2 tx_packets)
		pings 3 && [[ $(counter . s2 tx_packets) == "$sent" ]]
	}
	wait_until straight
	# Moved on, and home: there the way is the ordinary one.
	ns n3
	ip -n n2 link set dev s2 netns n3
	ip -n n3 addr add 10.0.0.2/24 dev s2
	ip -n n3 link set dev s2 up
	comes_to_say 'state 3' '* up link *: '
	reaches
	wait_until straight
	ip -n n3 link set dev s2 name r2 netns /proc/1/ns/net
	ip link set dev r2 up
	comes_to_say 'state 3' '* up link *: '
	sent=$(counter . s2 tx_packets)
	run ! pings 2
	(($(counter . s2 tx_packets) > sent))
	# So do internal ports.
	tell 'drop 2' 'drop 3' apply
	ip -n n1 link del dev s1
	ip link del dev r2
	internal_ports
	ours=$(ip -json link | jq -r '.[] | select(.ifalias // "" | endswith(" t2")) | .ifname')
	reaches
	sent=$(counter . "$ours" tx_packets)
	pings 5
	is "$sent" counter . "$ours" tx_packets
}

@test "wishes: address and MTU of an internal port" {
	driver_start
	tell 'port 2 t1 internal' 'mac 2 02:11:22:33:44:55' 'mtu 2 1400' apply
	says 'state 2' '* down no-link 1400 02:11:22:33:44:55 veth: '
	is 02:11:22:33:44:55 eval 'ip -json link show dev t1 | jq -r ".[0].address"'
	# What the user changes later is the user's; a new wish is followed.
	ip link set dev t1 mtu 1300
	comes_to_say 'state 2' '* 1300 *'
	tell apply
	says 'state 2' '* 1300 *'
	tell 'mtu 2 1450' 'mac 2 02:11:22:33:44:66' apply
	says 'state 2' '* 1450 02:11:22:33:44:66 veth: '
}

@test "a port that is replaced by another of the same name keeps its device" {
	driver_start
	internal_ports
	tell 'drop 3' 'port 7 t2 internal' apply
	says 'state 7' '0 up link *: '
	reaches
	tell 'drop 2' apply
	run ! ip -n n1 link show dev t1
}

# --- ports that do not ---

@test "devices that cannot be ports, in OVS's words" {
	driver_start
	ip link add name linux type bridge
	ip link add name slave type veth peer name free
	ip link set dev slave master linux
	tell 'port 1 nosuch system' 'port 2 lo system' 'port 3 slave system' 'port 4 free internal' \
		'port 5 a-name-that-no-device-has system' apply
	says 'state 1' '*: could not open network device nosuch (No such device)'
	says 'state 2' '*: could not add network device lo to ofproto (Invalid argument)'
	says 'state 3' '*: could not add network device slave to ofproto (Device or resource busy)'
	says 'state 4' '*: could not add network device free to ofproto (File exists)'
	says 'state 5' '*: could not open network device a-name-that-no-device-has (No such device)'
	is '1 1' echo "$(promiscuity slave)" "$(promiscuity slave)"
	# Nothing more is in the way.
	ip link set dev slave nomaster
	comes_to_say 'state 3' '* veth: '
	ip link set dev free name other
	comes_to_say 'state 4' '* veth: '
}

@test "a device that is another switch's is refused" {
	driver_start
	system_ports
	driver_kill
	OWNER=/test/another
	driver_start
	tell 'port 1 s1 system' apply
	says 'state 1' '*: could not add network device s1 to ofproto (Device or resource busy)'
	reaches
	tell remove
	driver_kill
	OWNER=/test/$BATS_TEST_NUMBER
	reaches
}

@test "an instance that is held is refused with the holder's pid" {
	driver_start
	run -1 world "$BATS_FILE_TMPDIR/driver" "$DIR/bpf" "$OWNER"
	echo "$output"
	# As /proc shows it in there.
	[[ $output == *"is held by process $(awk '/^NSpid/ { print $NF }' "/proc/$(driver_pid)/status")"* ]]
	run -1 world "$BATS_FILE_TMPDIR/driver" "$DIR" "$OWNER"
	[[ $output == *"is not a bpffs"* ]]
}

# --- devices that come, go and move ---

@test "a device that vanishes and comes back is followed" {
	driver_start
	system_ports
	mac=$(ip -n n2 -json link show dev s2 | jq -r '.[0].address')
	for _ in 1 2; do
		ip link del dev s2
		comes_to_say 'state 3' '0 *: could not open network device s2 (No such device)'
		ip link add name s2 type veth peer name s2 netns n2 address "$mac"
		ip link set dev s2 up
		ip -n n2 addr add 10.0.0.2/24 dev s2
		ip -n n2 link set dev s2 up
		comes_to_say 'state 3' '* up link *: '
		reaches
	done
	is $'s1\ns2' attached s1 s2
	# The third is where marks come in.
	! has_tcx || is 3 eval 'pins | grep -c ^link-.*ingress'
}

@test "a device that moves away is let go of at once, also where its number collides" {
	driver_start
	system_ports
	index=$(ifindex s1)
	ip -n n2 link add name c index "$(ifindex s1)" type veth peer name d
	ip link set dev s1 netns n2
	comes_to_say 'state 2' '0 *: could not open network device s1 (No such device)'
	run ! has_pin "link-$index-ingress"
	is 0 promiscuity s1 -n n2
	# It is n2's to use: no frame of it is taken any more.
	ip -n n2 addr add 10.9.0.2/24 dev s1
	ip -n n2 link set dev s1 up
	ip -n n1 addr add 10.9.0.1/24 dev s1
	in_ns n1 ping -q -c 1 -W 2 10.9.0.2
	# Back it is a port again.
	ip -n n2 link set dev s1 netns /proc/1/ns/net
	ip link set dev s1 up
	comes_to_say 'state 2' '* up link *: '
	reaches
}

@test "a link whose device moved while no driver ran goes at the next start" {
	driver_start
	system_ports
	driver_kill
	index=$(ifindex s1)
	ip link set dev s1 netns n2
	# Another one has its number here.
	ip link add name x index "$index" type veth peer name y
	driver_start
	run ! has_pin "link-$index-ingress"
	tell 'port 2 s1 system' 'port 3 s2 system' apply
	says 'state 2' '0 *: could not open network device s1 (No such device)'
	ip -n n2 link set dev s1 up
	ip -n n2 addr add 10.9.0.2/24 dev s1
	ip -n n1 addr add 10.9.0.1/24 dev s1
	in_ns n1 ping -q -c 1 -W 2 10.9.0.2
}

@test "a renamed device is no port any more" {
	driver_start
	system_ports
	index=$(ifindex s1)
	rename s1 z
	comes_to_say 'state 2' '0 *: could not open network device s1 (No such device)'
	run ! has_pin "link-$index-ingress"
	is 0 promiscuity z
	rename z s1
	comes_to_say 'state 2' '* up link *: '
	reaches
}

@test "an internal port: renamed, moved on, moved home, its namespace deleted" {
	driver_start
	internal_ports
	tell 'state 2'
	mac=$(cut -d' ' -f5 <<<"$ANSWER")
	ip -n n1 link set dev t1 down
	ip -n n1 link set dev t1 name eth0
	ip -n n1 link set dev eth0 up
	comes_to_say 'state 2' '0 up link *: '
	reaches
	# A new device of the old name is not the port.
	ip link add name t1 type veth peer name u1
	tell apply
	says 'state 2' '0 up link *: '
	reaches
	ip link del dev t1
	ip -n n1 link set dev eth0 netns /proc/1/ns/net
	comes_to_say 'state 2' "$(ifindex eth0) down no-link * $mac veth: "
	ip link set dev eth0 name t1
	ns n3
	for _ in 1 2 3; do
		ip link set dev t1 netns n3
		ip netns del n3
		wait_until ip link show dev t1
		ns n3
	done
	comes_to_say 'state 2' "$(ifindex t1) down no-link * $mac veth: "
	ip link set dev t1 netns n1
	ip -n n1 addr add 10.0.0.1/24 dev t1
	ip -n n1 link set dev t1 up
	comes_to_say 'state 2' '0 up link *: '
	reaches
}

@test "news that were lost are made up for" {
	driver_start
	system_ports
	kill -STOP "$(driver_pid)"
	# More events than its socket holds; the last of them matter.
	ip link add name noise type veth peer name noise2
	for _ in {1..3000}; do
		echo 'link set dev noise mtu 1400'
		echo 'link set dev noise mtu 1500'
	done | ip -batch -
	rename s1 z
	ip link set dev s2 down
	kill -CONT "$(driver_pid)"
	comes_to_say 'state 2' '0 *: could not open network device s1 (No such device)'
	says 'state 3' '* down no-link *: '
	is 0 promiscuity z
	rename z s1
	ip link set dev s2 up
	comes_to_say 'state 2' '* up link *: '
	reaches
}

# --- processes that end ---

@test "killed, it forwards; started again, it attaches nothing and writes nothing" {
	driver_start
	internal_ports
	system=(link add name s9 type veth peer name s9 netns n2)
	ip "${system[@]}"
	tell 'port 9 s9 system' apply
	before=$(pins)
	driver_kill
	reaches 5
	WRAPPER=("${TRACE[@]}" -o "$BATS_TEST_TMPDIR/trace")
	driver_start
	tell 'port 1 br0 local' 'port 2 t1 internal' 'port 3 t2 internal' 'port 9 s9 system' apply apply
	reaches 5
	is 0 calls "$BATS_TEST_TMPDIR/trace"
	is "$before" pins
	says 'state 2' '0 up link *: '
	# This is how a change would be seen.
	tell 'mtu 9 1300' 'drop 3' apply
	(($(calls "$BATS_TEST_TMPDIR/trace") > 3))
}

@test "promiscuity: counted once, left to the user who set it, undone after a crash" {
	driver_start
	ip link add name user type veth peer name other
	ip link set dev user promisc on
	tell 'port 4 user system'
	system_ports
	is 1 promiscuity s1
	is 1 promiscuity user
	driver_kill
	is 1 promiscuity s1
	driver_start
	tell 'port 3 s2 system' apply
	is 0 promiscuity s1
	is 1 promiscuity s2
	is 1 promiscuity user
	tell 'drop 3' apply
	is 0 promiscuity s2
}

@test "what was removed leaves nothing" {
	ip link add name s1 type veth peer name s2
	links=$(ip -oneline link | wc -l)
	driver_start
	tell 'port 1 br0 local' 'port 2 t1 internal' 'port 3 s1 system' apply
	ip link set dev t1 netns n1
	tell remove
	is "$links" eval 'ip -oneline link | wc -l'
	is '' pins
	run ! ip -n n1 link show dev t1
	is 0 promiscuity s1
	run ! in_ns n1 ip link show dev t1
}

@test "addresses learned through a port that went are swept" {
	driver_start
	internal_ports
	reaches
	fdb=$(world find "$DIR/bpf/bvs" -name fdb)
	counts=$(world find "$DIR/bpf/bvs" -name fdb_count)
	entries() { world bpftool -j map dump pinned "$fdb" | jq length; }
	(($(entries) >= 2))
	tell 'drop 2' apply
	becomes 1 entries
	tell 'drop 1' 'drop 3' apply
	becomes 0 entries
	counted() { world bpftool -j map dump pinned "$counts" | jq '[.[].formatted.value.entries] | add'; }
	is 0 counted
}

@test "a change of many ports is a change at once, and the way back, too" {
	driver_start
	local commands=() i
	for i in {1..40}; do
		commands+=("port $i i$i internal $((i % 20))")
	done
	tell "${commands[@]}" apply
	is 40 eval 'ip -oneline link | grep -cE "^[0-9]+: i[0-9]+@"'
	ip link set dev i1 netns n1
	ip link set dev i21 netns n2
	ip -n n1 addr add 10.0.0.1/24 dev i1
	ip -n n2 addr add 10.0.0.2/24 dev i21
	ip -n n1 link set dev i1 up
	ip -n n2 link set dev i21 up
	comes_to_say 'state 21' '0 up link *: '
	comes_to_say 'state 1' '0 up link *: '
	reaches
	commands=()
	for i in {1..40}; do
		commands+=("drop $i")
	done
	tell "${commands[@]}" apply
	is 0 eval 'ip -oneline link | grep -cE "^[0-9]+: i[0-9]+@" || :'
}

# --- where there is no tcx ---

@test "clsact: forwards, is killed, goes on, lets go of what moves, and leaves nothing" {
	OPTIONS=(no-tcx)
	driver_start
	system_ports
	is '' eval 'pins | grep ^link || :'
	reaches 3
	driver_kill
	reaches 3
	WRAPPER=("${TRACE[@]}" -o "$BATS_TEST_TMPDIR/trace")
	driver_start
	tell 'port 2 s1 system' 'port 3 s2 system' apply
	reaches 3
	is 0 calls "$BATS_TEST_TMPDIR/trace"
	ip link set dev s1 netns n2
	comes_to_say 'state 2' '0 *: could not open network device s1 (No such device)'
	is '' eval 'in_ns n2 tc filter show dev s1 ingress'
	tell 'drop 3' apply
	is '' eval 'world tc qdisc show dev s2 | grep clsact || :'
	tell remove
	is '' pins
}
