/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/port_match.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "base/arena.h"

const char *const port_id_keys[PORT_N_IDS] = {
	[PORT_ID_IFACE] = "iface-id",
	[PORT_ID_MAC] = "attached-mac",
	[PORT_ID_VM] = "vm-id",
};

bool port_identity_is_same(const struct port_identity *old, const struct port_identity *now)
{
	if (strcmp(old->name, now->name))
		return false;
	for (int i = 0; i < PORT_N_IDS; i++) {
		if (old->ids[i] && (!now->ids[i] || strcmp(old->ids[i], now->ids[i])))
			return false;
	}
	return true;
}

static char *trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		s[--n] = '\0';
	return s;
}

static int parse_one(char *s, struct arena *arena, struct port_selector *ret, struct error *err)
{
	char *equals;

	s = trim(s);
	*ret = (struct port_selector){ .text = arena_strdup(arena, s), .value = s };
	if (!*s)
		return error_set(err, "syntax error", "an item is empty");
	equals = strchr(s, '=');
	if (equals) {
		*equals = '\0';
		ret->key = trim(s);
		ret->value = trim(equals + 1);
		if (!*ret->key || !*ret->value)
			return error_set(err, "syntax error", "\"%s\" is not KEY=VALUE", ret->text);
	} else {
		ret->is_pattern = s[strcspn(s, "*?[\\")] != '\0';
	}
	return 0;
}

int port_selectors_parse(const char *text, struct arena *arena, struct port_selector **ret,
			 size_t *ret_n, struct error *err)
{
	char *rest = arena_strdup(arena, text), *item;
	struct port_selector *list;
	size_t n = 1;

	for (const char *s = text; *s; s++)
		n += *s == ',';
	list = arena_new_array(arena, struct port_selector, n);
	n = 0;
	while ((item = strsep(&rest, ","))) {
		if (parse_one(item, arena, &list[n++], err))
			return -1;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

bool port_selector_matches(const struct port_selector *selector, const char *name, const char *note)
{
	if (selector->key)
		return note && !strcmp(note, selector->value);
	if (selector->is_pattern)
		return !fnmatch(selector->value, name, 0);
	return !strcmp(selector->value, name);
}
