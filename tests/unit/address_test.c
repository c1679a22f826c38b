/* SPDX-License-Identifier: Apache-2.0 */
/* Names of remotes: their kinds, IPv4 and IPv6 addresses, ports, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "jsonrpc/address.h"

static void assert_address(const struct address *a, const char *ip, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];
	const void *from =
		a->storage.ss_family == AF_INET
			? (const void *)&((const struct sockaddr_in *)&a->storage)->sin_addr
			: &((const struct sockaddr_in6 *)&a->storage)->sin6_addr;

	assert_non_null(inet_ntop(a->storage.ss_family, from, text, sizeof(text)));
	assert_string_equal(text, ip);
	assert_int_equal(address_port(a), port);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *text;
		enum remote_kind kind;
		const char *rest;
	} good[] = {
		{ "punix:/a", REMOTE_PUNIX, "/a" },	  { "pfd:3", REMOTE_PFD, "3" },
		{ "unix:b", REMOTE_UNIX, "b" },		  { "ptcp:", REMOTE_PTCP, "" },
		{ "pssl:1", REMOTE_PSSL, "1" },		  { "tcp:1.2.3.4", REMOTE_TCP, "1.2.3.4" },
		{ "ssl:[::1]:2", REMOTE_SSL, "[::1]:2" },
	};
	static const char *const bad[] = { "", "punix:", "unix:", "ptcp", "http://x", "db:a,b,c" };
	enum remote_kind kind;
	struct error err;
	const char *rest;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(remote_kind_parse(good[i].text, &kind, &rest, &err), 0);
		assert_int_equal(kind, good[i].kind);
		assert_string_equal(rest, good[i].rest);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(remote_kind_parse(bad[i], &kind, &rest, &err), -1);
}

static void test_passive(void **state)
{
	static const char *const bad[] = { "x",	  "-1",		 "65536",  "99999999", "1:",
					   "1:x", "1:1.2.3.4:5", "1:[::1", "1:[::1]x", "1:[]" };
	struct address a;
	struct error err;

	(void)state;
	assert_int_equal(address_parse_passive("", &a, &err), 0);
	assert_address(&a, "0.0.0.0", 6640);
	assert_int_equal(address_parse_passive("0", &a, &err), 0);
	assert_address(&a, "0.0.0.0", 0);
	assert_int_equal(address_parse_passive(":127.0.0.1", &a, &err), 0);
	assert_address(&a, "127.0.0.1", 6640);
	assert_int_equal(address_parse_passive("65535:[fe80::1]", &a, &err), 0);
	assert_address(&a, "fe80::1", 65535);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(address_parse_passive(bad[i], &a, &err), -1);
}

static void test_active(void **state)
{
	static const char *const bad[] = { "",		":1",	 "1.2.3.4.5", "1.2.3.4:",
					   "1.2.3.4:x", "[::1",	 "[::1]1",    "1.2.3.4:70000",
					   "a b",	"name:", "[name]",    "a/b" };
	struct peer_address a;
	struct error err;

	(void)state;
	assert_int_equal(address_parse_active("192.0.2.1", &a, &err), 0);
	assert_address(&a.ip, "192.0.2.1", 6640);
	assert_string_equal(a.name, "");
	assert_int_equal(address_parse_active("[2001:db8::1]:1", &a, &err), 0);
	assert_address(&a.ip, "2001:db8::1", 1);
	assert_int_equal(address_parse_active("a-1.example:7", &a, &err), 0);
	assert_string_equal(a.name, "a-1.example");
	assert_int_equal(a.port, 7);
	assert_int_equal(address_parse_active("localhost", &a, &err), 0);
	assert_string_equal(a.name, "localhost");
	assert_int_equal(a.port, 6640);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(address_parse_active(bad[i], &a, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_passive),
		cmocka_unit_test(test_active),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
