/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Frames for tests of filters, by name: the plain ones, and those that end too early, are
 * fragments, have options, extension headers, tags.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes written as hexadecimal digits; anything else between them is ignored. */
static inline size_t filter_frame_bytes(const char *hex, uint8_t *ret)
{
	size_t n = 0;
	int high = -1;

	for (; *hex; hex++) {
		const char *digits = "0123456789abcdef", *d = strchr(digits, *hex);

		if (!d)
			continue;
		if (high < 0) {
			high = (int)(d - digits);
			continue;
		}
		ret[n++] = (uint8_t)(high << 4 | (d - digits));
		high = -1;
	}
	return n;
}

#define MACS "020000000002 020000000001 "
#define IPV4(TOTAL, FRAG, PROTO) "4599" TOTAL "0001" FRAG "40" PROTO "0000 0a010203 c0a80005 "
#define IPV4_OPTIONS(TOTAL, PROTO) \
	"4799" TOTAL "0001 0000 40" PROTO "0000 0a010203 c0a80005 01010101 01010100 "
#define TCP "04d2 01bb 00000000 00000000 5012 0000 0000 0000 "
#define UDP "0035 1000 0008 0000 "
#define IPV6(LEN, NEXT)                                             \
	"6121 2345" LEN NEXT "40 20010db8000000000000000000000001 " \
	"20010db80000000000000000000000ff "

/* Frames by name; what each is about stands in the tests that use it. */
static const struct {
	const char *name, *hex;
} filter_frames[] = {
	{ "tcp", MACS "0800" IPV4("0028", "4000", "06") TCP },
	{ "tcp-padded", MACS "0800" IPV4("0014", "0000", "06") TCP },
	{ "tcp-too-long", MACS "0800" IPV4("0029", "0000", "06") TCP },
	{ "tcp-cut", MACS "0800" IPV4("0027", "0000", "06") TCP },
	{ "tcp-options", MACS "0800" IPV4_OPTIONS("0030", "06") TCP },
	{ "tcp-first", MACS "0800" IPV4("0028", "2000", "06") TCP },
	{ "tcp-later", MACS "0800" IPV4("0028", "2001", "06") TCP },
	{ "tcp-vlan", MACS "8100 6005 0800" IPV4("0028", "0000", "06") TCP },
	{ "tcp-vlan-0", MACS "8100 0000 0800" IPV4("0028", "0000", "06") TCP },
	{ "tcp-service", MACS "88a8 1005 0800" IPV4("0028", "0000", "06") TCP },
	{ "tcp-double", MACS "8100 0005 8100 0007 0800" IPV4("0028", "0000", "06") TCP },
	{ "tcp-snap", MACS "0030 aaaa03000000 0800" IPV4("0028", "0000", "06") TCP },
	{ "llc", MACS "0026 4242 03 0000000000000000" },
	{ "udp", MACS "0800" IPV4("001c", "0000", "11") UDP },
	{ "sctp", MACS "0800" IPV4("0020", "0000", "84") "0035 1000 00000000 00000000" },
	{ "icmp", MACS "0800" IPV4("001c", "0000", "01") "0800 0000 00000000" },
	{ "ipv4-short-header", MACS "0800 4400 0028 0000 0000 40060000 0a010203 c0a80005" TCP },
	{ "arp", MACS "0806 0001 0800 0604 0002 020000000001 0a010203 020000000002 c0a80005" },
	{ "arp-op", MACS "0806 0001 0800 0604 0101 020000000001 0a010203 020000000002 c0a80005" },
	{ "rarp", MACS "8035 0001 0800 0604 0003 020000000001 0a010203 020000000002 c0a80005" },
	{ "arp-other",
	  MACS "0806 0006 0800 0604 0001 020000000001 0a010203 020000000002 c0a80005" },
	{ "tcp6", MACS "86dd" IPV6("0014", "06") TCP },
	{ "tcp6-ext", MACS "86dd" IPV6("003c", "00") "2b00 000000000000" /* hop by hop */
						     "3c00 000000000000" /* routing */
						     "3301 000000000000 0000000000000000"
						     "0600 000000000000" TCP },
	{ "tcp6-first", MACS "86dd" IPV6("001c", "2c") "0600 0001 00000001" TCP },
	{ "tcp6-later", MACS "86dd" IPV6("001c", "2c") "0600 0009 00000001" TCP },
	{ "tcp6-ext-cut", MACS "86dd" IPV6("0008", "00") "0601 000000000000" },
	{ "icmp6", MACS "86dd" IPV6("0008", "3a") "8000 0000 00000000" },
	{ "solicit", MACS "86dd" IPV6("0020", "3a") "8700 0000 00000000"
						    "fe800000000000000000000000000001"
						    "0101 020000000009" },
	{ "solicit-twice", MACS "86dd" IPV6("0028", "3a") "8700 0000 00000000"
							  "fe800000000000000000000000000001"
							  "0101 020000000009 0101 020000000009" },
	{ "advert", MACS "86dd" IPV6("0028", "3a") "8800 0000 00000000"
						   "fe800000000000000000000000000001"
						   "0e01 000000000000 0201 020000000009" },
	{ "tiny", MACS "0800" },
};

enum { N_FILTER_FRAMES = sizeof(filter_frames) / sizeof(filter_frames[0]), FILTER_FRAME_MAX = 256 };
