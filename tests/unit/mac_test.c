/* SPDX-License-Identifier: Apache-2.0 */
/* switch/mac: text of Ethernet addresses, and which of them a bridge may take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "switch/mac.h"

static void text_and_back(void **state)
{
	static const char *const bad[] = {
		"",
		"1:2:3:4:5",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:g",
		"1:2:3:4:5:",
		"001:2:3:4:5:6",
		"1-2-3-4-5-6",
		" 1:2:3:4:5:6",
		"00:11:22:33:44:55 ",
		"00:11:22:33:44:555",
	};
	uint8_t mac[6], untouched[6] = { 9, 9, 9, 9, 9, 9 };

	(void)state;
	assert_true(mac_parse("00:1A:2b:3:fF:0", mac));
	assert_string_equal(MAC_STR(mac), "00:1a:2b:03:ff:00");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(mac_parse(bad[i], untouched));
	assert_false(mac_parse(NULL, untouched));
	assert_int_equal(untouched[0], 9);
}

static void kinds(void **state)
{
	const uint8_t zero[6] = { 0 }, multicast[6] = { 1 }, local[6] = { 2 }, oui[6] = { 0, 1 };
	struct uuid uuid;
	uint8_t mac[6], again[6];

	(void)state;
	assert_true(mac_is_zero(zero) && !mac_is_universal(zero));
	assert_true(mac_is_multicast(multicast) && !mac_is_universal(multicast));
	assert_false(mac_is_universal(local));
	assert_true(mac_is_universal(oui) && !mac_is_multicast(oui));
	memset(&uuid, 0xff, sizeof(uuid));
	mac_of_uuid(&uuid, mac);
	assert_false(mac_is_multicast(mac) || mac_is_universal(mac));
	mac_of_uuid(&uuid, again);
	assert_memory_equal(mac, again, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_back),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
