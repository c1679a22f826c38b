#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What mirrors send into tunnels, as others read it.  Frames go from a to b and back; copies of
# all that passes a leave by u0 (10.0.0.1) for u1 in the namespace "far" (10.0.0.2), where
# tcpdump writes them down.

source "$BATS_TEST_DIRNAME/lib.bash"

setup_file() {
	[[ $SWITCH == bvs ]] || return 0
	world_start
}
teardown_file() { world_end; }

setup() {
	bvs_only 'mirrors have no tunnels of their own there'
	ports a b
	ns far
	ip link add u0 type veth peer name u1 netns far
	world sh -c 'echo 0 >/proc/sys/net/ipv6/conf/u0/disable_ipv6'
	world ip netns exec far sh -c 'echo 0 >/proc/sys/net/ipv6/conf/u1/disable_ipv6'
	ip -batch - <<<$'addr add 10.0.0.1/24 dev u0\naddr add fd00::1/64 dev u0 nodad\nlink set u0 up'
	ip -n far -batch - <<<$'addr add 10.0.0.2/24 dev u1\naddr add fd00::2/64 dev u1 nodad\nlink set u1 up'
	ovs-vsctl add-br br0 -- add-port br0 a -- set interface a ofport_request=11 \
		-- add-port br0 b -- set interface b ofport_request=12
	CAPTURE=$BATS_TEST_TMPDIR/capture
	EXPECTED=$BATS_TEST_TMPDIR/expected
	: >"$EXPECTED"
}

teardown() {
	[[ $SWITCH == bvs ]] || return 0
	world_reset
}

# --- the capture ---

capture() { # FILTER
	# shellcheck disable=SC2016
	world ip netns exec far sh -c 'echo $$ >"$0.pid"; exec tcpdump -B 32768 --immediate-mode -U -i u1 -w "$0" "$1"' \
		"$CAPTURE" "$1" 2>"$CAPTURE.err" 3>&- &
	CAPTURE_SHELL_PID=$!
	wait_until grep -q 'listening on' "$CAPTURE.err"
}
capture_stop() {
	world kill -INT "$(<"$CAPTURE.pid")"
	wait "$CAPTURE_SHELL_PID"
}

# Each packet in one line of hexadecimal digits.
packets() {
	tcpdump -r "$CAPTURE" -nn -xx 2>/dev/null |
		awk '/^\t0x/ { sub(/^\t0x[0-9a-f]*: */, ""); gsub(/ /, ""); line = line $0; next }
		     line { print line; line = "" }
		     END { if (line) print line }'
}
has_packets() { (($(packets | wc -l) >= $1)); }

# --- variants ---

# Of the frames that each variant carries, what differs.
LENGTHS=(80 80 80 42 1514)
TAGS=('' ' tag=10' ' tag=10' '' '')
VLANS=(0 10 10 0 0)
PRIORITIES=(0 3 5 0 0)
IS_OUT=(0 0 1 0 0)
IS_TAGGED=(0 3 3 0 0)
IS_SHORT=(0 0 0 1 0)
IS_CUT=(0 0 0 0 1)

SEQ=0 N=0

# Mirrors into such a tunnel, and says how each of the packets is to be decoded:
# variant REMOTE OVERHEAD WORDS, in which @vlan and the like stand for what is the frame's own.
variant() {
	local i len words
	vsctl set mirror m external_ids:bvs-remote="\"$1\""
	becomes active vsctl get bridge br0 status:mirror-m
	expect >"$BATS_TEST_TMPDIR/frames" <<-END || { cat "$BATS_TEST_TMPDIR/frames" && return 1; }
		a - dst=b          > b=-
		a [10p3] dst=b     > b=[10p3]
		b [10p5] dst=a     > a=[10p5]
		a - dst=b len=42   > b=-
		a - dst=b len=1514 > b=-
	END
	for i in "${!LENGTHS[@]}"; do
		len=$((LENGTHS[i] + $2))
		words=${3//@vlan/${VLANS[i]}}
		words=${words//@cos/${PRIORITIES[i]}}
		words=${words//@out/${IS_OUT[i]}}
		words=${words//@en/${IS_TAGGED[i]}}
		words=${words//@short/${IS_SHORT[i]}}
		words=${words//@cut/${IS_CUT[i]}}
		if [[ $words == *@seq* ]]; then
			words=${words//@seq/$SEQ}
			SEQ=$((SEQ + 1))
		fi
		echo "len=$((len < 1514 ? len : 1514))${words:+ $words}${TAGS[i]}" >>"$EXPECTED"
	done
	N=$((N + ${#LENGTHS[@]}))
	wait_until has_packets "$N" || {
		echo "$1: $(packets | wc -l) packets, not $N"
		return 1
	}
}

# What tshark makes of the capture, by names of ours, and every complaint.
decoded() {
	local field names=() options=()
	for field in frame.len=len gre.key=key gre.sequence_number=seq gre.checksum.status=sum \
		vxlan.vni=vni erspan.version=ver erspan.spanid=session erspan.vlan=vlan erspan.cos=cos \
		erspan.encap=en erspan.bso=bso erspan.truncated=cut erspan.index=index erspan.sgt=sgt \
		erspan.p=p erspan.ft=ft erspan.hw=hw erspan.direction=out erspan.gra=gra \
		erspan.pid1.port_index=port erspan.pid5.port_index=port64 vlan.id=tag \
		_ws.expert.message=COMPLAINT _ws.malformed=MALFORMED; do
		options+=(-e "${field%=*}")
		names+=("${field#*=}")
	done
	"$root/build/tshark/bin/tshark" -r "$CAPTURE" -n -o ip.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -T fields "${options[@]}" |
		awk -F '\t' -v names="${names[*]}" 'BEGIN { split(names, name, " ") }
			{ row = ""
			  for (i = 1; i <= NF; i++) if ($i != "") row = row " " name[i] "=" $i
			  print substr(row, 2) }'
}

# --- tests ---

@test "tshark decodes every variant without a complaint" {
	[[ ${WITHOUT_TSHARK-} ]] && skip 'this machine cannot run tshark'
	local static='sgt=0 p=1 ft=0 hw=42' own='vlan=@vlan cos=@cos'
	mirror br0 m select_src_port=a select_dst_port=a external_ids:bvs-remote='"gre:10.0.0.2"'
	capture 'dst host (10.0.0.2 or fd00::2) and (ip proto 47 or ip6 proto 47 or udp port 4789)'

	variant gre:10.0.0.2 38 ''
	variant gre:10.0.0.2,key=0x1111 42 'key=0x00001111'
	variant gre:10.0.0.2,seq=true 42 'seq=@seq'
	variant gre:10.0.0.2,key=7,csum=true,seq=true 50 'key=0x00000007 seq=@seq sum=1'
	variant gre:fd00::2,key=7,csum=true 66 'key=0x00000007 sum=1'
	variant vxlan:10.0.0.2,vni=77 50 'vni=77'
	variant vxlan:fd00::2,vni=77 70 'vni=77'
	variant erspan:10.0.0.2,ver=1 38 ''
	# The class of service is what the kernel's devices take for it: of our payload.
	variant erspan:10.0.0.2,session=7,ver=2,idx=55 50 \
		'seq=@seq ver=1 session=7 vlan=@vlan cos=1 en=@en cut=@cut index=85'
	variant erspan:10.0.0.2,session=1023,ver=3,dir=1,hwid=2a 54 \
		"seq=@seq ver=2 session=1023 vlan=@vlan cos=1 bso=@short cut=@cut $static out=1 gra=0"
	variant erspan:10.0.0.2,session=7,ver=2,idx=55,metadata=packet 50 \
		"seq=@seq ver=1 session=7 $own en=@en cut=@cut index=11"
	variant erspan:10.0.0.2,session=7,ver=3,hwid=2a,dir=1,metadata=packet 62 \
		"seq=@seq ver=2 session=7 $own bso=@short cut=@cut $static out=@out gra=0 port=11"
	variant erspan:10.0.0.2,session=7,ver=3,hwid=2a,metadata=packet-64bit 62 \
		"seq=@seq ver=2 session=7 $own bso=@short cut=@cut $static out=@out gra=2 port64=11"
	variant erspan:10.0.0.2,session=7,ver=3,hwid=2a,metadata=packet-plain 54 \
		"seq=@seq ver=2 session=7 $own bso=@short cut=@cut $static out=@out gra=0"
	variant erspan:fd00::2,session=7,ver=2,metadata=packet 70 \
		"seq=@seq ver=1 session=7 $own en=@en cut=@cut index=11"
	variant erspan:fd00::2,session=7,ver=3,hwid=2a,metadata=packet 82 \
		"seq=@seq ver=2 session=7 $own bso=@short cut=@cut $static out=@out gra=0 port=11"
	capture_stop
	decoded >"$CAPTURE.rows"
	diff "$EXPECTED" "$CAPTURE.rows"
}

# An internal port, its end in a namespace of the same name.
user() { # NAME ADDRESS
	ns "$1"
	ovs-vsctl add-port br0 "$1" -- set interface "$1" type=internal
	ip link set dev "$1" netns "$1"
	ip -n "$1" addr add "$2/24" dev "$1"
	ip -n "$1" link set dev "$1" up
}

# Who sent the frame inside, whether it came in (1) or left (9), and at which port: each once.
seen() { packets | awk '{ print substr($0, 137, 12), substr($0, 108, 1), substr($0, 117, 8) }' | sort -u; }
mac_of() { ip -n "$1" -json link show dev "$1" | jq -r '.[0].address | gsub(":"; "")'; }

@test "frames that are segmented first keep what is known of them" {
	local sender
	user n 10.1.0.1
	user g 10.1.0.2
	ovs-vsctl set interface n ofport_request=300
	becomes 300 get interface n ofport
	ovs-vsctl add-port br0 t0 -- set interface t0 type=erspan options:remote_ip=10.0.0.2 \
		options:key=7 options:erspan_ver=2 options:bvs-metadata=packet
	mirror br0 m select_src_port=n select_dst_port=n output_port=t0 external_ids:bvs-account=true
	becomes active vsctl get bridge br0 status:mirror-m
	capture 'dst host 10.0.0.2 and ip proto 47'
	# shellcheck disable=SC2016
	world ip netns exec g timeout 20 socat -u tcp-listen:5000,reuseaddr open:/dev/null 3>&- &
	listens() { [[ $(world ip netns exec g ss -Hltn 'sport = :5000') ]]; }
	wait_until listens
	head -c 2000000 /dev/zero | world ip netns exec n timeout 20 socat -u - tcp:10.1.0.2:5000
	wait $!
	# So there are more packets than frames were.
	segmented() { (($(packets | wc -l) > $(counter n n tx_packets) + $(counter n n rx_packets) + 100)); }
	wait_until segmented
	# The number is what counts, not the place.
	vsctl set interface n ofport_request=301
	becomes 301 get interface n ofport
	ping_is_seen() {
		ip netns exec n ping 10.1.0.2 -c 1 -W 1 && (($(seen | grep -c ' [19] 0000012d') == 2))
	}
	wait_until ping_is_seen
	capture_stop
	sender=$(mac_of n)
	seen | tee "$CAPTURE.seen"
	diff <(seen) <(sort <<-END
		$sender 1 0000012c
		$sender 1 0000012d
		$(mac_of g) 9 0000012c
		$(mac_of g) 9 0000012d
	END
	)
}

@test "where it is said, and what is wrong" {
	local remote='erspan:10.0.0.2,session=7,ver=3'
	status() { vsctl get bridge br0 status:mirror-m | tr -d '"'; }
	mirror br0 m select_src_port=a external_ids:bvs-remote="\"$remote\"" external_ids:bvs-metadata=packet
	becomes active status
	run -0 ovs-appctl -t "$DIR/switch.ctl" mirror/show br0
	[[ $output == *'tunnel: erspan remote=10.0.0.2'*'metadata=packet'* ]]
	run -0 world "$build/bvsctl" --db="unix:$DIR/db.sock" mirror show --json br0
	is packet jq -r '.[0].mirrors[0].metadata' <<<"$output"
	# The mirror's word and the tunnel's must not differ.
	vsctl set mirror m external_ids:bvs-remote="\"$remote,metadata=packet-plain\""
	becomes "error: external_ids:bvs-metadata=packet, but port mirror-$(get mirror m _uuid) has packet-plain already" status
	vsctl set mirror m external_ids:bvs-metadata=everything
	becomes 'error: external_ids:bvs-metadata=everything is none of static, packet, packet-64bit and packet-plain' status
	vsctl remove mirror m external_ids bvs-metadata
	becomes active status
	vsctl set mirror m external_ids:bvs-remote='"gre:10.0.0.2,metadata=packet"'
	becomes "error: external_ids:bvs-remote: bvs-metadata=packet is for ERSPAN's types II and III only" status
	vsctl clear mirror m external_ids
	# A port that cannot be leaves no other worse off.
	ovs-vsctl add-port br0 t0 -- set interface t0 type=erspan options:remote_ip=10.0.0.2 \
		options:erspan_ver=2 options:bvs-metadata=packet-64bit -- --id=@t get port t0 \
		-- set mirror m output_port=@t
	becomes active status
	vsctl set interface t0 options:bvs-metadata=maybe
	becomes '"t0: bvs-metadata=maybe is none of static, packet, packet-64bit and packet-plain"' \
		get interface t0 error
	expect <<-END
		a - dst=b > b=-
	END
	vsctl set interface t0 options:bvs-metadata=packet
	becomes active status
	is '[]' get interface t0 error
}
