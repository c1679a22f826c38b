#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# bvsctl: the switch for people, and as JSON for programs.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() {
	[[ $SWITCH == bvs ]] || skip 'bvsctl is of bvs alone'
	world_start
}
teardown_file() { world_end; }
setup() {
	ports a b c
	ovs-vsctl add-br br0 -- add-port br0 a -- add-port br0 b tag=10 -- add-port br0 c
}
teardown() { world_reset; }

bvsctl() { world "$build/bvsctl" --target="$DIR/switch.ctl" --db="unix:$DIR/db.sock" "$@"; }
both() { bvsctl "$@" 2>&1; }

@test "show: bridges, ports with their VLANs, mirrors; totals at once or rates" {
	mirror br0 m0 select_src_port=a output_port=c snaplen=100
	expect <<<'a [10] > b=- c=[10]'
	run -0 both show --interval=0
	[[ ${lines[0]} == 'br0  (1 of 8192 addresses)' ]]
	[[ $output =~ (^|$'\n')'  a '\ +1\ +system\ +trunk\ +up\ +'in 1, out 0' ]]
	[[ $output =~ (^|$'\n')'  b '\ +2\ +system\ +'access 10'\ +up\ +'in 0, out 1' ]]
	[[ $output =~ (^|$'\n')'  c '.*", a mirror's output" ]]
	[[ $output =~ '  mirror m0: from a => c  [active]  1 copies'$'\n'?$ ]]
	run -0 both show --interval=0.1
	[[ $output == *'in 0/s 0bit/s, out 0/s 0bit/s'* && $output == *'[active]  0/s copied'* ]]
	ovs-vsctl del-br br0
	is 'no bridge (ovs-vsctl add-br NAME makes one)' both show --interval=0
}

@test "show --json: everything, as one object" {
	mirror br0 m0 select_all=true select_vlan=10,11 output_vlan=99
	vsctl add-port br0 nowhere # and says that there is none
	bvsctl show --json >"$BATS_TEST_TMPDIR/json"
	look() { jq -c "$1" "$BATS_TEST_TMPDIR/json"; }
	is '"br0"' look '.bridges[0].name'
	is '["access",10,2]' look '.bridges[0].ports[] | select(.name == "b") | [.vlan_mode, .tag, .ofport]'
	is '"could not open network device nowhere (No such device)"' look '.bridges[0].ports[] | .error // empty'
	is '["m0","active",true,"10-11",99,0]' \
		look '.bridges[0].mirrors[0] | [.name, .state, .select_all, .select_vlan, .output_vlan, .sent]'
	is '[true,true]' look '[.settled, .maps_intact]'
}

# In some interval the generator is sure to have had its turn.
shows_rates() {
	bvsctl show --interval=0.3 >"$BATS_TEST_TMPDIR/show"
	grep -E '^  a .* in [1-9][0-9.]*k?/s [1-9][0-9.]*[kM]?bit/s, out 0/s' "$BATS_TEST_TMPDIR/show" &&
		grep -E 'mirror m0: .* \[active\]  [1-9][0-9.]*k?/s copied' "$BATS_TEST_TMPDIR/show"
}
watches_rates() {
	bvsctl mirror watch --interval=0.2 --count=2 >"$BATS_TEST_TMPDIR/watch"
	[[ $(grep -c '^br0 m0  ' "$BATS_TEST_TMPDIR/watch") == 2 ]] &&
		grep -E '^br0 m0  [1-9][0-9.]*k?/s copied.* selected [1-9][0-9]*, sent [1-9]' "$BATS_TEST_TMPDIR/watch"
}

@test "rates are those of the traffic" {
	mirror br0 m0 select_src_port=a output_port=c
	blast_start a 02:00:00:00:00:99
	wait_until shows_rates
	wait_until watches_rates
	blast_stop
}

@test "mirror add: it copies when the command returns" {
	is 'm0: active' both mirror add br0 m0 --src=a --output=c
	expect <<<'a [10] > b=- c=[10]'
	is 'a c' eval 'get mirror m0 external_ids:bvs-src-ports external_ids:bvs-output-port | xargs'
	run -0 both mirror show br0
	[[ $output == 'br0:
  mirror m0
    state: active
    selects from: a
    output: port c
    selected: 1, sent: 1 (cut short: 0), filtered: 0, merged: 0
    dropped: backlog 0, budget 0, clone 0, no target 0, mtu 0' ]]
	is '[["br0","m0",1]]' eval 'bvsctl mirror show --json | jq -c "[.[] | [.bridge, .mirrors[0].name, .mirrors[0].sent]]"'
	is '' both mirror del br0 m0
	is '[]' get bridge br0 mirrors
	expect <<<'a [10] > b=- c=[10]'
	is 'bvsctl: bridge br0 has no mirror m0' eval 'both mirror del br0 m0 || true'
}

@test "mirror add: each option reaches the packets" {
	is 'm1: active' both mirror add br0 m1 --all --vlan=10-12,20 --output-vlan=99 --snaplen=60
	is '99 60 true [10, 11, 12, 20]' eval 'get mirror m1 output_vlan snaplen select_all select_vlan | xargs'
	expect <<-END
		a [10] > b=- c=[10] a=[99]/60 c=[99]/60
		a [13] > c=[13]
	END
	bvsctl mirror del br0 m1
	is 'm2: active' both mirror add --dst=b,c br0 m2 --output=a
	expect <<<'c [10] > b=- a=[10]'
}

@test "mirror add: filters, Open vSwitch's and tcpdump's" {
	is 'm0: active' both mirror add br0 m0 --src=a --output=c --filter=arp
	is 'm1: active' both mirror add br0 m1 --src=b --output-vlan=99 '--tcpdump=udp port 53'
	run -0 both show --interval=0
	[[ $output == *'mirror m0: from a if "arp" => c '*'mirror m1: from b if "udp port 53" => VLAN 99 '* ]]
	run -0 both mirror show
	[[ $output == *'filter: arp'*"filter as tcpdump's: udp port 53"* ]]
	flow=dl_src=02:00:00:00:00:07,dl_dst=ff:ff:ff:ff:ff:ff
	why() { bvsctl explain --json br0 "$1" | jq -r --arg m "$2" '.bridges[0].mirrors[] | select(.name == $m) | .why // "copied"'; }
	is copied why "in_port=a,arp,$flow" m0
	is 'its filter does not match' why "in_port=a,ip,$flow" m0
	is copied why "in_port=b,udp,tp_dst=53,$flow" m1
	is 'its filter does not match' why "in_port=b,udp,tp_dst=54,$flow" m1
	expect <<<'a [10] > b=-' # its type is no ARP's
	run -1 both mirror add br0 m2 --src=a --output=c --filter=nonsense=1
	[[ $output == *'error: filter'*'it has been taken out again'* ]]
}

@test "mirror add: ports that are not there yet are waited for, patterns too" {
	is 'm0: pending: waiting for port vnet7 (src)' both mirror add br0 m0 --src=vnet7 --output=c
	is 'pending: waiting for port vnet7 (src)' eval 'get bridge br0 status:mirror-m0 | tr -d \"'
	is '"pending: waiting for port vnet7 (src)"' \
		eval 'bvsctl --json mirror add br0 m1 --src=vnet7,a --output=c | jq .state'
	ports vnet7
	ovs-vsctl add-port br0 vnet7
	expect <<<'vnet7 [10] > a=[10] b=- c=[10]'
}

@test "mirror add: what cannot be is refused, and nothing is left of it" {
	refused() {
		local want=$1
		shift
		run both "$@"
		[[ $status == "$code" && ${lines[0]} == "bvsctl: $want" ]] && return
		echo "$* ($status): $output"
		return 1
	}
	bvsctl mirror add br0 m0 --src=a --output=c
	code=1
	refused 'there is no bridge br9' mirror add br9 m --src=a --output=c
	refused 'bridge br0 has a mirror m0' mirror add br0 m0 --src=b --output=c
	refused 'there is no bridge br9' mirror del br9 m
	refused 'mirror m: error: external_ids:bvs-output-port: br0 and a match' mirror add br0 m --src=a '--output=*'
	code=2
	refused 'either --output or --output-vlan says where the copies go' mirror add br0 m --src=a
	refused 'either --output or --output-vlan says where the copies go' mirror add br0 m --all --output=a --output-vlan=3
	refused '--src, --dst or --all says which frames are copied (--vlan only restricts)' \
		mirror add br0 m --vlan=10 --output=c
	refused '--all has --src and --dst in it' mirror add br0 m --all --src=a --output=c
	refused '"10-" is no list of VLANs as 10,20-29' mirror add br0 m --all --vlan=10- --output=c
	refused '--snaplen takes a number from 14 to 65535' mirror add br0 m --all --output=c --snaplen=13
	refused '--output-vlan takes a number from 1 to 4095' mirror add br0 m --all --output-vlan=4096
	refused '--nonsense: no such option, or its value is missing' mirror add br0 m --nonsense
	refused 'add needs a bridge and a name' mirror add br0 --all --output=c
	refused 'src=a: not expected behind bridge and name; options begin with --' mirror add br0 m src=a --output=c
	refused 'mirror add, del, show or watch?' mirror
	is 1 eval 'vsctl --bare --columns=name list mirror | grep -c .'
}

@test "explain says what the switch then does" {
	bvsctl mirror add br0 m0 --src=a --output=c
	run -0 both explain br0 in_port=a,dl_vlan=10 dl_src=02:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff
	[[ $output == 'bridge br0: in by a, tagged 10, 64 bytes
  VLAN: 10
  source: learned
  flooded
    to br0, tagged 10, 64 bytes (lost there: no link)
    to b, untagged, 60 bytes
  mirror m0: copied, as it came in
    to c, tagged 10, 64 bytes' ]]
	is '["b","br0"]' eval 'bvsctl explain --json br0 in_port=a,dl_vlan=10,dl_dst=02:00:00:00:00:99 | jq -c "[.bridges[0].outputs[].port] | sort"'
	run -1 both explain br0 in_port=z
	[[ $output == 'bvsctl: z: bridge br0 has no such port' ]]
	run -2 both explain br0
}

@test "image dump" {
	run -0 both image dump br0
	[[ $output == *'# port='*' is b'*'vlan_mode=access tag=10'* ]]
	run -2 both image
}

finding() { bvsctl doctor | grep -c "^$1"; }

@test "doctor: all is well" {
	ip link set dev br0 up
	run -0 both doctor
	[[ $output == *'ok       database   answers'* ]]
	[[ $output == *'ok       ports      1 bridges, 4 ports and 0 mirrors without a complaint'* ]]
	run ! grep -vE '^(ok|warning  bpffs) ' <<<"$output"
	is '["ok"]' eval 'bvsctl doctor --json | jq -c "[.[] | select(.about != \"bpffs\") | .level] | unique"'
}

@test "doctor: each fault is a line, and an error shows in the exit code" {
	vsctl add-port br0 nowhere # and says that there is none
	mirror br0 m0 select_src_port=a output_port=c
	ovs-vsctl -- --id=@m create mirror name=bad select_all=true -- add bridge br0 mirrors @m
	ip link set dev b mtu 1400
	ip -n ends link set dev c down
	becomes 1 finding 'warning  port       br0 port c: up, but has no link'
	becomes 1 finding 'warning  mtu        br0: port b has an MTU of 1400, port .* one of 1500'
	expect <<<'a - > nothing'
	ovs-vsctl set port b tag=[]
	expect <<<'a - len=1500 > nothing'
	is 1 finding 'error    port       br0 port nowhere: could not open network device nowhere'
	is 1 finding 'error    mirror     br0 mirror bad: error: no output'
	is 1 finding 'warning  copies     br0 mirror m0: 2 copies lost: its output port was away or down'
	is 1 finding 'warning  drops      br0 port b: 1 frames, mtu: raise its MTU'
	run -1 both doctor
}

@test "doctor: tunnels that can send nothing, or whose options are wrong" {
	vsctl add-port br0 nowhere -- set interface nowhere type=gre options:remote_ip=10.99.99.99
	vsctl add-port br0 wrong -- set interface wrong type=gre options:remote_ip=wrong
	is 1 finding 'warning  port       br0 port nowhere: no route to 10.99.99.99'
	is 1 finding "error    port       br0 port wrong: wrong: bad gre 'remote_ip';wrong: gre type requires"
	run -0 both show
	[[ $output == *'nowhere '*', sends nothing: no route to 10.99.99.99'* ]]
}

@test "doctor: maps that somebody else wrote to" {
	map=$(world find "$DIR/bpf/bvs" -name bridges)
	overwrite() { # BYTE: all of a record that is not in use
		local bytes
		read -ra bytes <<<"$(printf "$1 %.0s" {1..128})"
		world bpftool map update pinned "$map" key hex 09 00 00 00 value hex "${bytes[@]}"
	}
	is 1 finding 'ok       maps'
	overwrite 01
	is 1 finding 'error    maps       somebody else has written'
	overwrite 00
	is 1 finding 'ok       maps'
}

@test "doctor and the others without a daemon" {
	OTHER=$BATS_TEST_TMPDIR/none
	run -1 world env OVS_RUNDIR="$OTHER" "$build/bvsctl" doctor
	[[ $output == *'error    daemon     no bvsd found'*'error    database   '* ]]
	run -1 world env OVS_RUNDIR="$OTHER" "$build/bvsctl" show
	[[ $output == "bvsctl: no bvsd found: open $OTHER/bvsd.pid"* ]]
}

@test "an answer that does not come is waited for as long as is said" {
	mute=$BATS_TEST_TMPDIR/mute
	timeout 60 socat "unix-listen:$mute,fork" 'system:cat >/dev/null' 3>&- &
	wait_until test -S "$mute"
	# By default it would be 10 s.
	run -1 timeout 9 env OVS_CTL_TIMEOUT=1 "$build/bvsctl" -t "$mute" appctl ofproto/list
	[[ $output == 'bvsctl: no answer in time' ]]
	run -1 timeout 9 env OVS_CTL_TIMEOUT=100 "$build/bvsctl" -t "$mute" -T 1 appctl ofproto/list
	run -1 timeout 30 env OVS_CTL_TIMEOUT=often "$build/bvsctl" -t "$mute" appctl ofproto/list
	kill $!
}

@test "help: every command has one, and misuse is told from failure" {
	run -0 both --help
	for command in show mirror explain doctor image datapath db appctl; do
		[[ $output == *"  $command "* ]]
		world "$build/bvsctl" help "$command" | grep -q "^usage: bvsctl $command"
		[[ $command == appctl ]] || world "$build/bvsctl" "$command" --help | grep -q "^usage: bvsctl $command"
	done
	run -2 both
	run -2 both nonsense
	[[ $output == 'bvsctl: no command "nonsense" ("bvsctl --help" lists them)' ]]
	run -2 both --nonsense
	run -2 both show extra
	run -2 both --timeout=0 show
	run -2 both --db=tcp:1.2.3.4 show
	run -0 both appctl ofproto/list
	[[ $output == br0 ]]
}
