#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Random bridges, ports, mirrors, frames and changes: what bvs does with them is what stock
# Open vSwitch does, byte for byte.  See random_run.py and random_draw.py.
#
#   RANDOM_SEEDS=2000 bats tests/net/random.bats        so many instead of 200
#   RANDOM_FIRST=77 RANDOM_SEEDS=1 RANDOM_SHRINK=1 bats tests/net/random.bats
#                                                       one again, and the least of it that differs

source "$BATS_TEST_DIRNAME/lib.bash"

CPU=${RANDOM_CPU:-0} # all that is played here runs on this one

# A world with a switch in it, the pool of ports and a bridge for sentinels.
side() { # SWITCH
	local SWITCH=$1
	world_start "$1"
	PORTS=()
	ports p{1..8} za zb
	ip link set dev p8 mtu 600
	ip -n ends link set dev p8 mtu 600
	ovs-vsctl --timeout=120 set open_vswitch . other_config:flow-limit=0 other_config:bvs-sticky=false \
		-- add-br bz -- add-port bz za -- add-port bz zb
	# What it sends arrives in this order on every port.
	world taskset -ap -c "$CPU" "$(switch_pid)"
}

setup_file() {
	[[ $SWITCH == bvs ]] || skip 'needs both switches'
	# No flow is kept: the new configuration counts from the next frame on.
	side ovs
	export OVS_DIR=$DIR OVS_WORLD=$WORLD
	side bvs
}
teardown_file() {
	world_end
	WORLD=$OVS_WORLD world_end
}

@test "whatever is drawn, frames are seen as on stock" {
	"$root/tests/net/random_run.py" --seeds="${RANDOM_SEEDS:-200}" --first="${RANDOM_FIRST:-1}" \
		--cpu="$CPU" ${RANDOM_SHRINK:+--shrink} "$DIR:$WORLD" "$OVS_DIR:$OVS_WORLD"
}
