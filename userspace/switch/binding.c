/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/binding.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

/* By the bits. */
static const char *const role_names[] = {
	"", "src", "dst", "src+dst", "output", "src+output", "dst+output", "src+dst+output",
};
enum { ROLES_END = 1 << N_ROLES };

const char *binding_roles_name(unsigned int roles)
{
	return role_names[roles % ROLES_END];
}

struct bound_port *binding_add(struct binding *b, struct arena *arena)
{
	if (b->n == b->room) {
		size_t room = b->room ? b->room * 2 : 8;
		struct bound_port *ports = arena_new_array(arena, struct bound_port, room);

		if (b->n)
			memcpy(ports, b->ports, b->n * sizeof(*ports));
		b->ports = ports;
		b->room = room;
	}
	return &b->ports[b->n++];
}

/* --- text --- */

/* What separates, and what a line must not hold, is written as %XX. */
static bool is_plain(char c)
{
	return (unsigned char)c > ' ' && c != 127 && !strchr(",%=@", c);
}

static void put_word(struct buf *to, const char *s)
{
	for (; *s; s++) {
		if (is_plain(*s))
			buf_putc(to, *s);
		else
			buf_printf(to, "%%%02X", (unsigned char)*s);
	}
}

void binding_put(struct buf *to, const struct binding *b)
{
	const char *separator = "";

	for (size_t i = 0; i < b->n; i++) {
		const struct bound_port *p = &b->ports[i];

		if (!p->roles)
			continue;
		buf_puts(to, separator);
		separator = ", ";
		put_word(to, p->identity.name);
		buf_printf(to, "@%08x %s", p->row, binding_roles_name(p->roles));
		for (int k = 0; k < PORT_N_IDS; k++) {
			if (!p->identity.ids[k])
				continue;
			buf_printf(to, " %s=", port_id_keys[k]);
			put_word(to, p->identity.ids[k]);
		}
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; false: not what put_word() writes. */
static bool read_word(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '%') {
			int high = hex_digit(s[1]), low = high < 0 ? -1 : hex_digit(s[2]);
			char c = (char)(high * 16 + low);

			if (low < 0 || !c || is_plain(c))
				return false;
			*to++ = c;
			s += 2;
		} else if (is_plain(*s)) {
			*to++ = *s;
		} else {
			return false;
		}
	}
	*to = '\0';
	return true;
}

static bool read_row(const char *s, uint32_t *ret)
{
	if (strlen(s) != 8 || strspn(s, "0123456789abcdef") != 8)
		return false;
	return sscanf(s, "%8x", ret) == 1;
}

static bool read_roles(const char *s, unsigned int *ret)
{
	for (unsigned int roles = 1; s && roles < ROLES_END; roles++) {
		if (!strcmp(s, role_names[roles])) {
			*ret = roles;
			return true;
		}
	}
	return false;
}

static bool read_id(char *s, struct port_identity *identity)
{
	char *equals = strchr(s, '=');

	if (!equals)
		return false;
	*equals = '\0';
	for (int i = 0; i < PORT_N_IDS; i++) {
		if (!strcmp(s, port_id_keys[i]) && !identity->ids[i]) {
			identity->ids[i] = equals + 1;
			return read_word(equals + 1);
		}
	}
	return false;
}

static bool read_port(char *s, struct bound_port *p)
{
	char *name = strsep(&s, " "), *roles = strsep(&s, " "), *at = strchr(name, '@');

	if (!at)
		return false;
	*at = '\0';
	*p = (struct bound_port){ .identity = { .name = name } };
	if (!*name || !read_word(name) || !read_row(at + 1, &p->row) ||
	    !read_roles(roles, &p->roles))
		return false;
	while (s) {
		if (!read_id(strsep(&s, " "), &p->identity))
			return false;
	}
	return true;
}

int binding_parse(const char *text, struct arena *arena, struct binding *ret, struct error *err)
{
	char *s = arena_strdup(arena, text), *end;
	struct binding b = { .n = 0 };

	for (; s; s = end) {
		end = strstr(s, ", ");
		if (end) {
			*end = '\0';
			end += 2;
		}
		if (!read_port(s, binding_add(&b, arena)))
			return error_set(err, "syntax error", "item %zu is not readable", b.n);
	}
	*ret = b;
	return 0;
}

/* --- what became of a port --- */

enum binding_fate binding_fate(const struct bound_port *p, const struct port_now *now)
{
	if (!now)
		return BINDING_WAITS;
	if (now->row == p->row)
		return BINDING_STAYS;
	if (!port_identity_is_same(&p->identity, &now->identity))
		return BINDING_NAME_TAKEN;
	return now->is_here ? BINDING_RETURNED : BINDING_ELSEWHERE;
}
