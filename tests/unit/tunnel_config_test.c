/* SPDX-License-Identifier: Apache-2.0 */
/* switch/tunnel: options of Interface rows, and Open vSwitch's words for what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "switch/tunnel.h"
#include "tunnel_options.h"

/* "k=v k=v": as tunnel_describe() has it, then what was ignored; or the error. */
static const char *resolved(const char *type, const char *text)
{
	struct tunnel_option options[TUNNEL_OPTIONS_MAX];
	struct buf out = BUF_INIT, ignored = BUF_INIT;
	static char result[512];
	struct model_tunnel t;
	struct error err;
	char copy[256];
	size_t n;

	snprintf(copy, sizeof(copy), "%s", text);
	n = tunnel_options_split(copy, options);
	if (tunnel_parse("t", type, options, n, &t, &ignored, &err)) {
		buf_puts(&out, err.text);
	} else {
		tunnel_describe(&out, &t);
		if (ignored.len)
			buf_printf(&out, "; %s", ignored.data);
	}
	snprintf(result, sizeof(result), "%s", out.data);
	buf_free(&out);
	buf_free(&ignored);
	return result;
}

static void keys(void **state)
{
	(void)state;
	assert_string_equal(resolved("gre", "remote_ip=10.0.0.9"), "gre remote=10.0.0.9");
	assert_string_equal(resolved("gre", "remote_ip=10.0.0.9 key=0x1111"),
			    "gre remote=10.0.0.9 in_key=0x1111 out_key=0x1111");
	assert_string_equal(resolved("gre", "remote_ip=10.0.0.9 key=17 in_key=flow"),
			    "gre remote=10.0.0.9 in_key=flow out_key=0x11");
	assert_string_equal(resolved("gre", "remote_ip=10.0.0.9 out_key=3"),
			    "gre remote=10.0.0.9 out_key=0x3");
	assert_string_equal(resolved("gre", "remote_ip=10.0.0.9 key=zork"),
			    "gre remote=10.0.0.9 in_key=0x0 out_key=0x0");
	/* These headers have the field anyway. */
	assert_string_equal(resolved("vxlan", "remote_ip=10.0.0.9"),
			    "vxlan remote=10.0.0.9 in_key=0x0 out_key=0x0 dst_port=4789");
	assert_string_equal(resolved("erspan", "remote_ip=10.0.0.9 key=5000 erspan_idx=123"),
			    "erspan remote=10.0.0.9 in_key=0x388 out_key=0x388 ver=1 idx=0x123 "
			    "dir=0 hwid=0x0");
	assert_string_equal(resolved("erspan", "remote_ip=10.0.0.9 key=5 erspan_ver=0"),
			    "erspan remote=10.0.0.9 ver=0 idx=0x0 dir=0 hwid=0x0");
}

static void other_options(void **state)
{
	(void)state;
	assert_string_equal(
		resolved("ip6gre",
			 "remote_ip=fd00::2 local_ip=fd00::1 csum=true seq=true df_default=false"),
		"gre remote=fd00::2 local=fd00::1 csum seq fragments");
	assert_string_equal(resolved("vxlan", "remote_ip=10.0.0.9 dst_port=8472 key=7"),
			    "vxlan remote=10.0.0.9 in_key=0x7 out_key=0x7 dst_port=8472");
	/* Left aside, as there. */
	assert_string_equal(resolved("gre", "remote_ip=10.0.0.9 foo=3 tos=3 csum=1 local_ip=bad"),
			    "gre remote=10.0.0.9; t: unknown gre argument 'foo'\n"
			    "t: invalid TOS 3\nt: bad gre 'local_ip'\n");
}

static void metadata(void **state)
{
	(void)state;
	assert_string_equal(resolved("erspan", "remote_ip=10.0.0.9 erspan_ver=2 "
					       "bvs-metadata=packet"),
			    "erspan remote=10.0.0.9 in_key=0x0 out_key=0x0 ver=2 idx=0x0 dir=0 "
			    "hwid=0x0 metadata=packet");
	assert_string_equal(resolved("ip6erspan", "bvs-metadata=packet-64bit remote_ip=fd00::2 "
						  "erspan_ver=2"),
			    "erspan remote=fd00::2 in_key=0x0 out_key=0x0 ver=2 idx=0x0 dir=0 "
			    "hwid=0x0 metadata=packet-64bit");
	assert_string_equal(resolved("erspan", "remote_ip=10.0.0.9 bvs-metadata=packet-plain"),
			    "erspan remote=10.0.0.9 in_key=0x0 out_key=0x0 ver=1 idx=0x0 dir=0 "
			    "hwid=0x0 metadata=packet-plain");
	assert_string_equal(resolved("erspan", "remote_ip=10.0.0.9 bvs-metadata=static"),
			    "erspan remote=10.0.0.9 in_key=0x0 out_key=0x0 ver=1 idx=0x0 dir=0 "
			    "hwid=0x0");
	/* For other tunnels, too, it is no reason to complain. */
	assert_string_equal(resolved("gre", "remote_ip=10.0.0.9 bvs-metadata=static"),
			    "gre remote=10.0.0.9");
}

static void what_is_wrong(void **state)
{
	static const struct {
		const char *type, *options, *error;
	} rows[] = {
		{ "gre", "", "t: gre type requires valid 'remote_ip' argument" },
		{ "gre", "remote_ip=bogus",
		  "t: bad gre 'remote_ip'\nt: gre type requires valid 'remote_ip' argument" },
		{ "gre", "remote_ip=224.0.0.5", "t: multicast remote_ip=224.0.0.5 not allowed" },
		{ "ip6gre", "remote_ip=ff02::1", "t: multicast remote_ip=ff02::1 not allowed" },
		{ "gre", "remote_ip=10.0.0.6 local_ip=fc00::1",
		  "t: 'remote_ip' and 'local_ip' has to be of the same address family" },
		{ "gre", "remote_ip=10.0.0.6 local_ip=flow",
		  "t: gre type requires 'remote_ip=flow' with 'local_ip=flow'" },
		{ "gre", "remote_ip=10.0.0.6 packet_type=zork", "t: unknown packet_type 'zork'" },
		{ "erspan", "remote_ip=10.0.0.6 erspan_idx=100000",
		  "t: invalid erspan index: 100000" },
		{ "erspan", "remote_ip=10.0.0.6 erspan_ver=3", "t: invalid erspan version: 3" },
		{ "erspan", "remote_ip=10.0.0.6 erspan_hwid=64",
		  "t: invalid erspan hardware ID: 64" },
		{ "erspan", "remote_ip=10.0.0.6 erspan_dir=2", "t: invalid erspan direction: 2" },
		{ "erspan", "remote_ip=10.0.0.6 bvs-metadata=all",
		  "t: bvs-metadata=all is none of static, packet, packet-64bit and packet-plain" },
		{ "erspan", "remote_ip=10.0.0.6 bvs-metadata=packet erspan_ver=0",
		  "t: bvs-metadata=packet is for ERSPAN's types II and III only" },
		{ "erspan", "remote_ip=10.0.0.6 bvs-metadata=packet-64bit erspan_ver=1",
		  "t: bvs-metadata=packet-64bit is for ERSPAN's type III only" },
		{ "vxlan", "remote_ip=10.0.0.6 bvs-metadata=packet",
		  "t: bvs-metadata=packet is for ERSPAN's types II and III only" },
		{ "gre", "remote_ip=10.0.0.6 bvs-metdata=packet",
		  "t: option bvs-metdata is not known" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(resolved(rows[i].type, rows[i].options), rows[i].error);
	assert_non_null(strstr(resolved("gre", "remote_ip=flow"), "not supported"));
	assert_non_null(strstr(resolved("gre", "remote_ip=1.2.3.4 packet_type=legacy_l3"),
			       "packet_type legacy_l3 is not supported"));
}

static const char *remote(const char *text)
{
	static char result[512];
	struct buf out = BUF_INIT;
	struct model_tunnel t;
	struct error err;

	if (tunnel_parse_remote(text, &t, &err)) {
		snprintf(result, sizeof(result), "%.*s", (int)sizeof(result) - 1, err.text);
		return result;
	}
	assert_true(t.sends_only);
	tunnel_describe(&out, &t);
	snprintf(result, sizeof(result), "%s", out.data);
	buf_free(&out);
	return result;
}

static void a_mirrors_own(void **state)
{
	(void)state;
	assert_string_equal(remote("erspan:10.0.0.9,session=7,ver=3"),
			    "erspan remote=10.0.0.9 in_key=0x7 out_key=0x7 ver=2 idx=0x0 dir=0 "
			    "hwid=0x0");
	assert_string_equal(remote("gre:fd00::2,key=1,seq=true,local=fd00::1"),
			    "gre remote=fd00::2 local=fd00::1 in_key=0x1 out_key=0x1 seq");
	assert_string_equal(remote("vxlan:10.0.0.9,vni=5,port=8472"),
			    "vxlan remote=10.0.0.9 in_key=0x5 out_key=0x5 dst_port=8472");
	assert_string_equal(remote("gre:10.0.0.9"), "gre remote=10.0.0.9");
	assert_string_equal(remote("erspan:10.0.0.9,session=7,ver=3,metadata=packet"),
			    "erspan remote=10.0.0.9 in_key=0x7 out_key=0x7 ver=2 idx=0x0 dir=0 "
			    "hwid=0x0 metadata=packet");
	assert_string_equal(
		remote("erspan:10.0.0.9,ver=1,metadata=packet"),
		"bvs-remote: bvs-metadata=packet is for ERSPAN's types II and III only");
	assert_string_equal(remote("geneve:10.0.0.9"),
			    "bvs-remote: 'geneve' is none of gre, erspan and vxlan");
	assert_string_equal(remote("10.0.0.9"),
			    "bvs-remote: '10.0.0.9' is none of gre, erspan and vxlan");
	assert_string_equal(remote("gre:10.0.0.9,key"),
			    "bvs-remote: 'key' is not of the form key=value");
	assert_string_equal(remote("gre:10.0.0.9,zork=1"),
			    "bvs-remote: unknown gre argument 'zork'");
	assert_string_equal(remote("gre:,key=1"),
			    "bvs-remote: bad gre 'remote_ip'\n"
			    "bvs-remote: gre type requires valid 'remote_ip' argument");
	assert_string_equal(remote("erspan:10.0.0.9,ver=0"),
			    "bvs-remote: invalid erspan version: -1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),		 cmocka_unit_test(other_options),
		cmocka_unit_test(metadata),	 cmocka_unit_test(what_is_wrong),
		cmocka_unit_test(a_mirrors_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
