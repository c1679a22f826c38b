/* SPDX-License-Identifier: Apache-2.0 */
/* userspace/datapath/instance.c: names; and netdev_parse.c: link messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "datapath/instance.h"
#include "datapath/netdev_parse.h"

static void test_id_depends_on_owner_and_namespace(void **state)
{
	char a[INSTANCE_ID_LEN + 1], b[INSTANCE_ID_LEN + 1];

	(void)state;
	instance_id("/etc/openvswitch/conf.db", 1, a);
	instance_id("/etc/openvswitch/conf.db", 1, b);
	assert_int_equal(strlen(a), INSTANCE_ID_LEN);
	assert_string_equal(a, b);
	/* Pins of an earlier version are found by it: it must not change. */
	assert_string_equal(a, "495f651927772b0d");
	instance_id("/etc/openvswitch/conf.db", 2, b);
	assert_string_not_equal(a, b);
	instance_id("/etc/openvswitch/conf.dc", 1, b);
	assert_string_not_equal(a, b);
}

static void test_device_names(void **state)
{
	struct instance one = { .id = "0123456789abcdef" }, two = { .id = "0123456789abcdee" };
	char a[16], b[16];

	(void)state;
	instance_device_name(&one, "vnet0", a);
	assert_int_equal(strlen(a), strlen("bvs-") + 8);
	assert_memory_equal(a, "bvs-", 4);
	instance_device_name(&one, "vnet0", b);
	assert_string_equal(a, b);
	instance_device_name(&one, "vnet1", b);
	assert_string_not_equal(a, b);
	instance_device_name(&two, "vnet0", b);
	assert_string_not_equal(a, b);
}

/* Names of a large switch do not collide. */
static void test_device_names_are_spread(void **state)
{
	struct instance one = { .id = "0123456789abcdef" };
	static char names[2000][16];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		char port[16];

		snprintf(port, sizeof(port), "vnet%d", i);
		instance_device_name(&one, port, names[i]);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	}
}

static void test_mac_is_local_unicast(void **state)
{
	struct instance one = { .id = "0123456789abcdef" };
	uint8_t mac[6], again[6];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		instance_mac(&one, &i, sizeof(i), mac);
		assert_int_equal(mac[0] & 3, 2);
		instance_mac(&one, &i, sizeof(i), again);
		assert_memory_equal(mac, again, 6);
	}
}

/* --- link messages --- */

static struct nlmsghdr *new_message(char *bytes, uint16_t type, unsigned char family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	h->nlmsg_type = type;
	info->ifi_family = family;
	info->ifi_index = 7;
	info->ifi_type = 1;
	info->ifi_flags = IFF_UP;
	return h;
}

static void test_parse_device(void **state)
{
	char bytes[1024] __attribute__((aligned(8)));
	struct nlmsghdr *h = new_message(bytes, RTM_NEWLINK, AF_UNSPEC);
	struct nlattr *info;
	struct netdev dev;

	(void)state;
	mnl_attr_put_strz(h, IFLA_IFNAME, "a23456789012345");
	mnl_attr_put(h, IFLA_ADDRESS, 6, "\2\0\0\0\0\1");
	mnl_attr_put_u32(h, IFLA_MTU, 9000);
	mnl_attr_put_u32(h, IFLA_LINK, 12);
	mnl_attr_put_u32(h, IFLA_LINK_NETNSID, 0);
	mnl_attr_put_u8(h, IFLA_OPERSTATE, 5);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	mnl_attr_nest_end(h, info);
	assert_true(netdev_parse(h, &dev));
	assert_int_equal(dev.ifindex, 7);
	assert_int_equal(dev.flags, IFF_UP);
	assert_string_equal(dev.name, "a23456789012345");
	assert_true(dev.has_mac);
	assert_memory_equal(dev.mac, "\2\0\0\0\0\1", 6);
	assert_int_equal(dev.mtu, 9000);
	assert_int_equal(dev.link, 12);
	assert_int_equal(dev.link_nsid, 0);
	assert_true(dev.is_dormant);
	assert_string_equal(dev.kind, "veth");
	assert_int_equal(dev.master, 0);
}

static void test_parse_sparse_and_odd(void **state)
{
	char bytes[1024] __attribute__((aligned(8)));
	struct nlmsghdr *h = new_message(bytes, RTM_DELLINK, AF_UNSPEC);
	struct netdev dev;

	(void)state;
	mnl_attr_put(h, IFLA_ADDRESS, 4, "\1\2\3\4"); /* no Ethernet address */
	mnl_attr_put(h, IFLA_MTU, 2, "\1\2");
	assert_true(netdev_parse(h, &dev));
	assert_false(dev.has_mac);
	assert_int_equal(dev.mtu, 0);
	assert_int_equal(dev.link_nsid, NETDEV_NO_NSID);
	assert_int_equal(dev.new_nsid, NETDEV_NO_NSID);
	assert_string_equal(dev.name, "");
}

static void test_parse_peer_in_an_unnumbered_namespace(void **state)
{
	char bytes[1024] __attribute__((aligned(8)));
	struct nlmsghdr *h = new_message(bytes, RTM_NEWLINK, AF_UNSPEC);
	struct netdev dev;

	(void)state;
	mnl_attr_put_u32(h, IFLA_LINK, 12);
	mnl_attr_put_u32(h, IFLA_LINK_NETNSID, (uint32_t)-1);
	assert_true(netdev_parse(h, &dev));
	/* It is not device 12 of our own namespace. */
	assert_int_equal(dev.link, 0);
}

/* A bridge tells of its ports in messages that look like the devices' own. */
static void test_parse_ignores_bridge_ports(void **state)
{
	char bytes[1024] __attribute__((aligned(8)));
	struct netdev dev;

	(void)state;
	assert_false(netdev_parse(new_message(bytes, RTM_DELLINK, AF_BRIDGE), &dev));
	assert_false(netdev_parse(new_message(bytes, RTM_NEWADDR, AF_UNSPEC), &dev));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_id_depends_on_owner_and_namespace),
		cmocka_unit_test(test_device_names),
		cmocka_unit_test(test_device_names_are_spread),
		cmocka_unit_test(test_mac_is_local_unicast),
		cmocka_unit_test(test_parse_device),
		cmocka_unit_test(test_parse_sparse_and_odd),
		cmocka_unit_test(test_parse_peer_in_an_unnumbered_namespace),
		cmocka_unit_test(test_parse_ignores_bridge_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
