/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mirror_add.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"

int mirror_add_vlans(const char *text, struct mirror_add *to, struct error *err)
{
	const char *at = text;

	for (;;) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;
		bool is_number = *at >= '0' && *at <= '9';

		if (is_number && *end == '-') {
			at = end + 1;
			is_number = *at >= '0' && *at <= '9';
			last = strtoul(at, &end, 10);
		}
		if (!is_number || first > last || last > 4095 || (*end && *end != ','))
			return error_set(err, "syntax error",
					 "\"%s\" is no list of VLANs as 10,20-29", text);
		for (unsigned long vid = first; vid <= last; vid++)
			to->vlans[vid] = true;
		if (!*end)
			return 0;
		at = end + 1;
	}
}

static bool has_vlans(const struct mirror_add *m)
{
	for (int vid = 0; vid < 4096; vid++) {
		if (m->vlans[vid])
			return true;
	}
	return false;
}

int mirror_add_check(const struct mirror_add *m, struct error *err)
{
	if (!m->output == !m->output_vlan)
		return error_set(err, "syntax error",
				 "either --output or --output-vlan says where the copies go");
	if (!m->is_all && !m->src && !m->dst)
		return error_set(err, "syntax error",
				 "--src, --dst or --all says which frames are copied%s",
				 has_vlans(m) ? " (--vlan only restricts)" : "");
	if (m->is_all && (m->src || m->dst))
		return error_set(err, "syntax error", "--all has --src and --dst in it");
	if (!*m->name || !*m->bridge)
		return error_set(err, "syntax error", "a name is empty");
	return 0;
}

/* ["key","value"] */
static void put_pair(struct buf *to, const char *key, const char *value, const char **separator)
{
	if (!value)
		return;
	buf_printf(to, "%s[\"%s\",", *separator, key);
	text_put_string(to, value);
	buf_putc(to, ']');
	*separator = ",";
}

static void put_row(struct buf *to, const struct mirror_add *m)
{
	const char *separator = "";

	buf_puts(to, "{\"name\":");
	text_put_string(to, m->name);
	buf_printf(to, ",\"select_all\":%s", m->is_all ? "true" : "false");
	if (m->output_vlan)
		buf_printf(to, ",\"output_vlan\":%u", m->output_vlan);
	if (m->snaplen)
		buf_printf(to, ",\"snaplen\":%u", m->snaplen);
	if (m->filter) {
		buf_puts(to, ",\"filter\":");
		text_put_string(to, m->filter);
	}
	buf_puts(to, ",\"select_vlan\":[\"set\",[");
	for (int vid = 0; vid < 4096; vid++) {
		if (!m->vlans[vid])
			continue;
		buf_printf(to, "%s%d", separator, vid);
		separator = ",";
	}
	separator = "";
	buf_puts(to, "]],\"external_ids\":[\"map\",[");
	put_pair(to, "bvs-src-ports", m->src, &separator);
	put_pair(to, "bvs-dst-ports", m->dst, &separator);
	put_pair(to, "bvs-output-port", m->output, &separator);
	put_pair(to, "bvs-filter", m->expression, &separator);
	put_pair(to, "bvs-wire-form", m->is_wire_form ? "true" : NULL, &separator);
	buf_puts(to, "]]}");
}

static void put_where(struct buf *to, const char *bridge)
{
	buf_puts(to, "\"table\":\"Bridge\",\"where\":[[\"name\",\"==\",");
	text_put_string(to, bridge);
	buf_puts(to, "]]");
}

void mirror_add_put(struct buf *to, const struct mirror_add *m)
{
	buf_puts(to, "{\"op\":\"wait\",\"timeout\":0,");
	put_where(to, m->bridge);
	buf_puts(to, ",\"columns\":[\"name\"],\"until\":\"==\",\"rows\":[{\"name\":");
	text_put_string(to, m->bridge);
	buf_puts(to, "}]},{\"op\":\"insert\",\"table\":\"Mirror\",\"uuid-name\":\"m\",\"row\":");
	put_row(to, m);
	buf_puts(to, "},{\"op\":\"mutate\",");
	put_where(to, m->bridge);
	buf_puts(to, ",\"mutations\":[[\"mirrors\",\"insert\",[\"named-uuid\",\"m\"]]]}");
	buf_puts(to, ",{\"op\":\"mutate\",\"table\":\"Open_vSwitch\",\"where\":[],\"mutations\":"
		     "[[\"next_cfg\",\"+=\",1]]}");
}
