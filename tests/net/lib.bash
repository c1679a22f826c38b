# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A world for net tests: mount, network and process namespaces of its own, in which a
# switch runs and every test command is executed.  When the world ends, so does all
# that was made in it.  A test file does
#
#   source "$BATS_TEST_DIRNAME/lib.bash"
#   setup_file() { world_start; }
#   teardown_file() { world_end; }
#   setup() { ports a b; ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b; }
#   teardown() { world_reset; }
#
# SWITCH=bvs (default) or SWITCH=ovs: the latter runs the same file on stock Open
# vSwitch with its userspace datapath, to show what an expectation is based on.

bats_require_minimum_version 1.5.0

root=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
build=$(cd "$root" && realpath -m "${BUILD:-build}")
peers=$root/build/peers/bin
frames=$root/tests/net/frames.py
export SWITCH=${SWITCH:-bvs}

# --- waiting ---

# Polls until the command succeeds; WAIT_LIMIT seconds at most.  The only wait there is.
wait_until() {
	local limit=$((${EPOCHREALTIME/./} + ${WAIT_LIMIT:-10} * 1000000))
	until "$@" >/dev/null 2>&1; do
		if ((${EPOCHREALTIME/./} > limit)); then
			echo "waited ${WAIT_LIMIT:-10} s in vain for: $*"
			return 1
		fi
		sleep 0.03
	done
}

# --- the world ---

# Runs a command in the world.
world() {
	nsenter --target "$WORLD" --mount --net --pid="/proc/$WORLD/ns/pid_for_children" -- "$@"
}

# In a test these are always the world's own.
ip() { world ip "$@"; }
ping() { world ping "$@"; }
tcpdump() { world tcpdump "$@"; }
ethtool() { world ethtool "$@"; }
ovs-appctl() { world "$peers/ovs-appctl" "$@"; }
ovsdb-client() { world "$peers/ovsdb-client" "$@"; }

# ovs-vsctl as stock has it.
vsctl() {
	# There, bridges are of the userspace datapath: they need no kernel module.
	if [[ $SWITCH == ovs ]]; then
		local word args=() add_br=() in_add_br=
		for word in "$@" --; do
			if [[ $word == add-br ]]; then
				in_add_br=yes add_br=()
			elif [[ $word == -- && $in_add_br ]]; then
				# With a parent and a VLAN it is a fake one.
				((${#add_br[@]} != 1)) || args+=(-- set bridge "${add_br[0]}" datapath_type=netdev)
				in_add_br=
			elif [[ $in_add_br ]]; then
				add_br+=("$word")
			fi
			args+=("$word")
		done
		unset 'args[-1]'
		set -- "${args[@]}"
	fi
	world "$peers/ovs-vsctl" "$@"
}

# The same, but a word on stderr is a failure; unless it is about a slow machine.
ovs-vsctl() {
	local status=0
	vsctl "$@" 2>"$BATS_FILE_TMPDIR/stderr" || status=$?
	if grep -v '|timeval|WARN|' "$BATS_FILE_TMPDIR/stderr" >&2; then
		((status)) || status=64
	fi
	return $status
}

# Starts the world and the switch in it.  A file with several gives them names.
world_start() { # [NAME]
	((EUID == 0)) || skip 'needs root'
	export DIR=$BATS_FILE_TMPDIR/${1:-world}
	export OVS_RUNDIR=$DIR OVS_LOGDIR=$DIR OVS_SYSCONFDIR=$DIR OVS_DBDIR=$DIR
	export OVS_CTL_TIMEOUT=${OVS_CTL_TIMEOUT:-20}
	mkdir -p "$DIR/bpf" /run/netns
	# Process 1 only waits and reaps.  Its end takes everybody else in there along.
	# shellcheck disable=SC2016
	setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc \
		bash -ec 'mount -t tmpfs tmpfs /run/netns
			stat -c %d /run/netns >"$DIR/netns"
			mount -t sysfs sysfs /sys
			mount -t bpf bpf "$DIR/bpf"
			ip link set lo up
			for s in all default; do echo 1 >"/proc/sys/net/ipv6/conf/$s/disable_ipv6"; done
			mkfifo "$DIR/never"
			touch "$DIR/made"
			read -r <"$DIR/never"' >"$DIR/init.log" 2>&1 3>&- &
	export WORLD=$!
	wait_until test -e "$DIR/made"
	is_world_apart || return 1
	ns ends
	switch_start
}

# To enter a mount namespace is to leave a chroot: names would then be made outside of it.
is_world_apart() {
	[[ $(world stat -c %d /run/netns) == "$(<"$DIR/netns")" ]] && return
	echo "net tests: a command in the test's namespaces does not see the /run/netns that was made there;" \
		"is this a chroot?" >&2
	return 1
}

world_end() {
	if [[ -v WORLD ]]; then
		kill -KILL "$WORLD" 2>/dev/null || true
		wait "$WORLD" 2>/dev/null || true
		# Whoever entered for a process that was stopped has stopped as well.
		pkill -CONT -f "^nsenter --target $WORLD " || true
	fi
}

# --- the switch ---

# What runs the daemon: a test may put a tracer here.
SWITCH_WRAPPER=()
declare -gA SHELL_OF # by DIR: the process of ours that waits for the daemon

switch_start() {
	if [[ $SWITCH == ovs ]]; then
		[[ -e $DIR/conf.db ]] || world "$peers/ovsdb-tool" create "$DIR/conf.db"
		world "$peers/ovsdb-server" --remote="punix:$DIR/db.sock" --pidfile="$DIR/ovsdb-server.pid" \
			--unixctl="$DIR/ovsdb-server.ctl" --log-file="$DIR/log" \
			"$DIR/conf.db" >>"$DIR/out" 2>&1 3>&- &
		wait_until test -S "$DIR/db.sock"
		world "$peers/ovs-vsctl" --no-wait init
		world "$peers/ovs-vswitchd" --pidfile="$DIR/switch.pid" --unixctl="$DIR/switch.ctl" \
			--log-file="$DIR/log" "unix:$DIR/db.sock" >>"$DIR/out" 2>&1 3>&- &
		wait_until test -S "$DIR/switch.ctl"
	else
		rm -f "$DIR/db.sock"
		world "${SWITCH_WRAPPER[@]}" "$build/bvsd" --remote="punix:$DIR/db.sock" --bpffs="${BPFFS:-$DIR/bpf}" \
			--pidfile="$DIR/switch.pid" --unixctl="$DIR/switch.ctl" "$DIR/conf.db" >>"$DIR/log" 2>&1 3>&- &
		if ! wait_until test -S "$DIR/db.sock"; then
			tail -n 20 "$DIR/log"
			return 1
		fi
	fi
	SHELL_OF[$DIR]=$!
}

# The daemon's process id, as seen in the world.
switch_pid() { head -n 1 "$DIR/switch.pid"; }
switch_runs() { world kill -0 "$(switch_pid)"; }
switch_is_gone() { ! switch_runs; }

# Ends the daemon with the given signal and waits until it is gone.
switch_kill() {
	world kill "-$1" "$(switch_pid)"
	wait_until switch_is_gone
	wait "${SHELL_OF[$DIR]-}" 2>/dev/null || true
}

# Has the switch taken over all that was configured so far?
switch_settled() { vsctl --timeout=5 set open_vswitch . external_ids:settled="$EPOCHREALTIME"; }

bvs_only() { # REASON
	[[ $SWITCH == bvs ]] || skip "not so on stock: $1"
}

# --- devices ---

LOG_START=0
[[ ! -v DIR ]] || LOG_START=$(wc -l <"$DIR/log")
PORTS=() # names of this test's ports, for expect
NAMESPACES=()

# Silent namespaces: no IPv6, so the only frames are those that a test sends.
ns() {
	local name
	for name; do
		ip netns add "$name"
		# shellcheck disable=SC2016
		ip netns exec "$name" sh -c 'ip link set lo up
			for s in all default; do echo 1 >"/proc/sys/net/ipv6/conf/$s/disable_ipv6"; done'
		[[ $name == ends ]] || NAMESPACES+=("$name")
	done
}

# Veth pairs: the end for the switch here, the user's end in namespace "ends", both up
# and both named so.  The user's addresses are 02:00:00:00:00:01 and up.
ports() {
	local name n=${#PORTS[@]} here='' there=''
	for name; do
		n=$((n + 1))
		here+="link add name $name address 02:00:00:00:01:$(printf %02x $n) type veth peer name $name netns ends"
		here+=" address 02:00:00:00:00:$(printf %02x $n)"$'\n'"link set dev $name up"$'\n'
		there+="link set dev $name up"$'\n'
		PORTS+=("$name")
	done
	ip -batch - <<<"$here"
	ip -n ends -batch - <<<"$there"
}

# Before Linux 6.2 a device that is up keeps its name.
rename() { # OLD NEW
	ip link set dev "$1" name "$2" 2>/dev/null ||
		ip -batch - <<<"link set dev $1 down"$'\n'"link set dev $1 name $2"$'\n'"link set dev $2 up"
}

# Since Linux 6.6; before that programs are filters of a clsact qdisc.
has_tcx() { printf '6.6\n%s\n' "$(uname -r)" | sort -CV; }

ends_mac() { # PORT: the user's address
	ip -n ends -json link show dev "$1" | jq -r '.[0].address'
}

# Takes away what a test made; fails if the switch did not survive it.
world_reset() {
	local status=0 name command=()
	if [[ -z ${BATS_TEST_COMPLETED-} && -e ${DIR-}/log ]]; then
		echo "--- the switch's log of this test:"
		tail -n +"$((LOG_START + 1))" "$DIR/log" | grep -v '|INFO|' | tail -n 25
	fi
	[[ -e $DIR/switch.pid ]] || return 0
	if ! switch_runs; then
		echo 'the switch is gone'
		rm -rf "$DIR/conf.db" "$DIR/.conf.db.~lock~" "$DIR/db.sock"
		switch_start
		status=1
	fi
	for name in $(vsctl list-br); do
		[[ $(vsctl br-to-parent "$name") == "$name" ]] && command+=(-- del-br "$name")
	done
	vsctl -- remove open_vswitch . external_ids settled "${command[@]}" 2>/dev/null
	# All devices but the switch's own.
	for name in 'ip netns exec ends' ''; do
		# shellcheck disable=SC2086
		world $name sh -c 'ip -json link | jq -r ".[].ifname" |
			grep -vE "^(lo|bvs-.*|ovs-netdev)$" | sed "s/^/link del dev /" | ip -force -batch -' \
			>/dev/null 2>&1 || true
	done
	for name in "${NAMESPACES[@]}"; do
		ip netns del "$name" 2>/dev/null || true
	done
	return $status
}

# --- mirrors ---

# Adds a mirror to a bridge: mirror BRIDGE NAME COLUMN=VALUE...  Ports by their names.
mirror() {
	local bridge=$1 name=$2 word port columns=() ids=() seen=' ' value
	shift 2
	for word; do
		if [[ $word == *_port=* ]]; then
			value=${word#*=}
			for port in ${value//,/ }; do
				[[ $seen == *" $port "* ]] || ids+=(-- "--id=@$port" get port "$port")
				seen+="$port "
			done
			value=@${value//,/,@}
			word=${word%%=*}=$value
		fi
		columns+=("$word")
	done
	ovs-vsctl "${ids[@]}" -- --id=@the_mirror create mirror name="$name" "${columns[@]}" \
		-- add bridge "$bridge" mirrors @the_mirror >/dev/null
}

# The statistics column of mirror $1 as "packets bytes".
mirror_counts() {
	local map
	map=$(vsctl --bare --columns=statistics find mirror name="$1")
	echo "$(grep -o 'tx_packets=[0-9]*' <<<"$map" | cut -d= -f2)" \
		"$(grep -o 'tx_bytes=[0-9]*' <<<"$map" | cut -d= -f2)"
}

# --- traffic ---

# Reads a table (see frames.py) and compares; arguments: further ports.
expect() {
	local options=()
	if [[ $SWITCH == ovs ]]; then
		options=(--purge="$DIR/switch.ctl" --pause=0.02 --grace=0.1)
	fi
	world "$frames" expect "${options[@]}" "${PORTS[@]/%/@ends}" "$@"
}

# Frames from user's port $1 to address $2, as fast as one CPU sends them.
blast_start() {
	local port
	declare -gA GOT=()
	BLASTER=$1 SENT=$(counter ends "$1" tx_packets)
	for port in "${PORTS[@]}"; do
		GOT[$port]=$(counter ends "$port" rx_packets)
	done
	# shellcheck disable=SC2016
	world sh -c 'echo $$ >"$0"; exec nice -n 19 "$@"' "$DIR/blast.pid" "$frames" blast "$1@ends" "$2" \
		>"$DIR/blast" 2>&1 3>&- &
	BLAST_SHELL_PID=$!
	wait_until blast_reached $((SENT + 1000))
}
blast_reached() { (($(counter ends "$BLASTER" tx_packets) >= $1)); }

# As many more as to be sure that something of before or of now was under way.
blast_more() { wait_until blast_reached $(($(counter ends "$BLASTER" tx_packets) + 1000)); }

# Ends it and tells: frames SENT, and what each user's port GOT.
blast_stop() {
	local port
	world kill "$(<"$DIR/blast.pid")"
	wait "$BLAST_SHELL_PID"
	SENT=$(($(counter ends "$BLASTER" tx_packets) - SENT))
	for port in "${PORTS[@]}"; do
		GOT[$port]=$(($(counter ends "$port" rx_packets) - GOT[$port]))
	done
	echo "sent $SENT, received $(for port in "${PORTS[@]}"; do echo -n "$port ${GOT[$port]} "; done)"
}

# Stock goes on with what it has cached for a flow for some time after a change.
forget_flows() {
	[[ $SWITCH != ovs ]] || ovs-appctl -t "$DIR/switch.ctl" revalidator/purge
}

# tcpdump into files as the seed calls it: sniff FILE NETNS DEV FILTER...
sniff() {
	rm -f "$1.err" # of the one before: what it says is not waited for
	# shellcheck disable=SC2016,SC2094
	world ip netns exec "$2" sh -c 'echo $$ >"$0.pid"; exec tcpdump -l --immediate-mode -e -nn "$@"' \
		"$1" -i "$3" "${@:4}" >"$1" 2>"$1.err" 3>&- &
	SNIFFER_SHELL_PID=$!
	wait_until grep -q 'listening on' "$1.err"
}

# Ends it and prints how many frames passed its filter, those not yet printed included.
sniff_stop() {
	world kill -INT "$(<"$1.pid")"
	wait "$SNIFFER_SHELL_PID"
	grep -oE '^[0-9]+ packets? received by filter' "$1.err" | cut -d' ' -f1
}

has_lines() { (($(wc -l <"$2") >= $1)); }

# Runs a command in a namespace of the world; "." is the world's own.
inside() { # NAMESPACE COMMAND...
	if [[ $1 == . ]]; then
		world "${@:2}"
	else
		world ip netns exec "$@"
	fi
}

# Sends so many random bytes through a TCP connection between two namespaces; they stay in
# $BATS_TEST_TMPDIR/sent.
transfer() { # BYTES FROM TO ADDRESS
	local receiver
	head -c "$1" /dev/urandom >"$BATS_TEST_TMPDIR/sent"
	inside "$3" timeout 60 socat -u tcp-listen:5000,reuseaddr \
		"create:$BATS_TEST_TMPDIR/got" 3>&- &
	receiver=$!
	wait_until listens "$3"
	inside "$2" timeout 60 socat -u "open:$BATS_TEST_TMPDIR/sent" "tcp:$4:5000"
	wait "$receiver"
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/got"
}
listens() { [[ $(inside "$1" ss -Hltn 'sport = :5000') ]]; }

# --- the database ---

get() { vsctl --if-exists get "$@"; } # TABLE RECORD COLUMN[:KEY]

is() { # VALUE command...: it succeeds, and its output is that
	local want=$1 got status=0
	shift
	got=$("$@") || status=$?
	((status == 0)) && [[ $got == "$want" ]] && return
	echo "$*: '$got', status $status, wanted '$want'"
	return 1
}

becomes() { wait_until is "$@" || is "$@"; }

# Counters of a device in namespace $1 ("." is here): rx_packets and the like.
counter() {
	local where=()
	[[ $1 == . ]] || where=(-n "$1")
	ip "${where[@]}" -json -stats link show dev "$2" |
		jq ".[0].stats64.${3%%_*}.${3#*_}"
}
