// SPDX-License-Identifier: Apache-2.0
#include "rig_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "record.h"

void rig_mac(uint8_t *mac, uint8_t id)
{
	memset(mac, id == BROADCAST ? 0xff : 0, 6);
	if (id == BROADCAST)
		return;
	mac[0] = 2;
	mac[5] = id;
}

static void append(struct frame *f, const void *bytes, size_t len)
{
	memcpy(f->bytes + f->len, bytes, len);
	f->len += (uint32_t)len;
}

/* "[10]", "[10 p3]", "[88a8 10]", "[88a8 10 p3]"; d after the priority sets the DEI bit. */
static void append_tag(struct frame *f, const char *text)
{
	unsigned tpid = 0x8100, vid = 0, pcp = 0;
	char dei = 0;

	if (strncmp(text, "88a8 ", 5) == 0) {
		tpid = 0x88a8;
		text += 5;
	}
	assert_true(sscanf(text, "%u p%u%c", &vid, &pcp, &dei) >= 1);
	vid |= pcp << 13 | (dei == 'd' ? 0x1000 : 0);
	append(f, (uint8_t[]){ tpid >> 8, tpid & 0xff, vid >> 8, vid & 0xff }, 4);
}

struct frame rig_frame(uint8_t dst, uint8_t src, const char *tags, uint32_t payload_len)
{
	struct frame f = { .len = 0 };
	uint8_t mac[6];

	rig_mac(mac, dst);
	append(&f, mac, 6);
	rig_mac(mac, src);
	append(&f, mac, 6);
	for (const char *p = tags; (p = strchr(p, '[')); p++)
		append_tag(&f, p + 1);
	append(&f, (uint8_t[]){ 0x88, 0xb5 }, 2);
	if (!payload_len)
		payload_len = 60;
	for (uint32_t i = 0; i < payload_len; i++)
		f.bytes[f.len++] = (uint8_t)(i * 7 + 1);
	return f;
}

struct frame rig_sent(const struct record *r)
{
	struct frame f = { .len = 0 };
	uint32_t n = r->len < RECORD_BYTES ? r->len : RECORD_BYTES;

	append(&f, r->bytes, 12);
	if (r->vlan_present)
		append(&f,
		       (uint8_t[]){ (uint8_t)(r->vlan_tpid >> 8), (uint8_t)r->vlan_tpid,
				    (uint8_t)(r->vlan_tci >> 8), (uint8_t)r->vlan_tci },
		       4);
	append(&f, r->bytes + 12, n - 12);
	f.len = r->len + (r->vlan_present ? 4 : 0);
	return f;
}
