/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/drops.h"

#include <stddef.h>

#include "abi.h"

static const struct {
	const char *name, *text;
} drops[N_DROP_REASONS] = {
	[DROP_NOT_CONFIGURED] = { "not_configured", "the port is not configured" },
	[DROP_MALFORMED] = { "malformed", "it ends inside a header" },
	[DROP_VLAN] = { "vlan", "the port's VLAN rules refuse it" },
	[DROP_RESERVED_PORT] = { "mirror_output", "the port is a mirror's output" },
	[DROP_RESERVED_ADDRESS] = { "reserved_address",
				    "reserved address (other_config:forward-bpdu)" },
	[DROP_HAIRPIN] = { "hairpin", "its destination was learned at the port where it came in" },
	[DROP_SECURE] = { "secure", "fail_mode is secure" },
	[DROP_PROTECTED] = { "protected", "from a protected port to a protected one" },
	[DROP_NO_OUTPUT] = { "no_output", "no other port carries the VLAN" },
	[DROP_LINK_DOWN] = { "no_device", "the port has no device" },
	[DROP_MTU] = { "mtu", "longer than the port's MTU" },
	[DROP_SEND] = { "refused", "refused by the kernel" },
	[DROP_LOOP] = { "loop", "it goes round in circles, or through too many patch ports" },
	[DROP_QUEUE] = { "queue_full", "the queue of the next device is full" },
	[DROP_NO_ROUTE] = { "no_route", "there is no route to the tunnel's other end" },
	[DROP_NO_NEIGHBOUR] = { "no_neighbour",
				"the next hop to the tunnel's other end does not answer" },
	[DROP_FRAGMENT] = { "fragment", "a piece of a packet" },
	[DROP_NO_TUNNEL] = { "no_tunnel", "no tunnel has this sender and key" },
	[DROP_CHECKSUM] = { "bad_checksum", "the packet's checksum is wrong" },
	[DROP_SHORT] = { "short", "the packet ends too early" },
	[DROP_CONGESTION] = { "congestion",
			      "the underlay reports congestion, and its sender does not know how" },
};

const char *drop_name(uint32_t reason)
{
	return reason < N_DROP_REASONS && drops[reason].name ? drops[reason].name : "other";
}

const char *drop_text(uint32_t reason)
{
	return reason < N_DROP_REASONS && drops[reason].text ? drops[reason].text : "dropped";
}
