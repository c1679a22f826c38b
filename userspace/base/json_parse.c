/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of an array or object wait on a stack until it closes, and then go to the
 * region together.
 */
#include "base/json_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_lex.h"
#include "base/json_members.h"

struct reader {
	char *start; /* of the text */
	size_t len;
	char *at;
	struct json_doc *doc;
	struct json *stack;
	size_t n, room;
	unsigned int depth;
	struct error *err;
};

_Static_assert(sizeof(struct json_member) == 2 * sizeof(struct json), "a member is two nodes");

static int fail(const struct reader *r, const char *why)
{
	return error_set(r->err, "syntax error", "%s at byte %zu", why, (size_t)(r->at - r->start));
}

static inline void skip_space(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')
		r->at++;
}

/* The place on top of the stack, which counts already.  NULL: out of memory. */
static struct json *push(struct reader *r)
{
	if (r->n == r->room) {
		size_t room = 2 * r->room;
		struct json *stack = realloc(r->stack, room * sizeof(*stack));

		if (!stack) {
			error_nomem(r->err);
			return NULL;
		}
		r->stack = stack;
		r->room = room;
	}
	return &r->stack[r->n++];
}

/* What the stack holds from `from` on goes to where it stays, and one node for it all comes
 * in its place.  n: of elements or members. */
static int settle(struct reader *r, enum json_type type, size_t from, size_t n)
{
	size_t n_nodes = type == JSON_OBJECT ? 2 * n : n;
	const struct json *nodes = json_doc_put(r->doc, r->stack + from, n_nodes);
	struct json *node;

	if (!nodes)
		return error_nomem(r->err);
	r->n = from;
	node = push(r);
	if (!node)
		return -1;
	*node = (struct json){ type, (uint32_t)n, { .elements = nodes } };
	if (type == JSON_OBJECT)
		node->members = (const struct json_member *)nodes;
	return 0;
}

/* Each of the following pushes what it read, one node. */
static int read_value(struct reader *r);

/* Between elements or members: 1 with another one to come, 0 at the end. */
static inline int read_separator(struct reader *r, char close)
{
	skip_space(r);
	if (*r->at == ',') {
		r->at++;
		skip_space(r);
		return 1;
	}
	if (*r->at != close)
		return fail(r, close == ']' ? "expected ',' or ']'" : "expected ',' or '}'");
	r->at++;
	return 0;
}

/* Behind the opening bracket; 0: the closing one follows at once. */
static int read_opening(struct reader *r, char close)
{
	r->at++;
	skip_space(r);
	if (*r->at != close)
		return 1;
	r->at++;
	return 0;
}

static int read_array(struct reader *r)
{
	size_t from = r->n;
	int more = read_opening(r, ']');

	while (more) {
		if (read_value(r) < 0)
			return -1;
		more = read_separator(r, ']');
		if (more < 0)
			return -1;
	}
	return settle(r, JSON_ARRAY, from, r->n - from);
}

static inline int read_string(struct reader *r)
{
	struct json *node = push(r);
	const char *why;

	if (!node)
		return -1;
	r->at++;
	return json_lex_string(&r->at, node, &why) < 0 ? fail(r, why) : 0;
}

static int read_member(struct reader *r)
{
	if (*r->at != '"')
		return fail(r, "expected a string as the name of a member");
	if (read_string(r) < 0)
		return -1;
	skip_space(r);
	if (*r->at != ':')
		return fail(r, "expected ':'");
	r->at++;
	skip_space(r);
	return read_value(r);
}

static int read_object(struct reader *r)
{
	size_t from = r->n, n;
	int more = read_opening(r, '}');

	while (more) {
		if (read_member(r) < 0)
			return -1;
		more = read_separator(r, '}');
		if (more < 0)
			return -1;
	}
	n = (r->n - from) / 2;
	if (json_members_unite((struct json_member *)(r->stack + from), &n) < 0)
		return error_nomem(r->err);
	return settle(r, JSON_OBJECT, from, n);
}

static int read_number(struct reader *r)
{
	struct json *node = push(r);
	const char *why;

	if (!node)
		return -1;
	return json_lex_number(&r->at, node, &why) < 0 ? fail(r, why) : 0;
}

static int read_word(struct reader *r)
{
	static const struct {
		const char *word;
		enum json_type type;
	} words[] = { { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "null", JSON_NULL } };
	struct json *node = push(r);

	if (!node)
		return -1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);

		if (!strncmp(r->at, words[i].word, len)) {
			r->at += len;
			*node = (struct json){ .type = words[i].type };
			return 0;
		}
	}
	return fail(r, "expected a value");
}

static int read_nested(struct reader *r)
{
	int rc;

	if (r->depth == JSON_MAX_DEPTH)
		return fail(r, "nested too deep");
	r->depth++;
	rc = *r->at == '[' ? read_array(r) : read_object(r);
	r->depth--;
	return rc;
}

static int read_value(struct reader *r)
{
	char c = *r->at;

	if (c == '"')
		return read_string(r);
	if (c == '[' || c == '{')
		return read_nested(r);
	return c == '-' || (c >= '0' && c <= '9') ? read_number(r) : read_word(r);
}

static int read_all(struct reader *r)
{
	skip_space(r);
	if (read_value(r) < 0)
		return -1;
	skip_space(r);
	if (r->at != r->start + r->len)
		return fail(r, "trailing garbage");
	json_doc_set_root(r->doc, r->stack);
	return 0;
}

int json_parse(const char *text, size_t len, struct json_doc **ret, struct error *err)
{
	struct reader r = { .len = len, .room = 64, .err = err };
	int rc = -1;

	if (len >= UINT32_MAX)
		return error_set(err, "resources exhausted", "%zu bytes of JSON are too much", len);
	r.doc = json_doc_new(text, len, &r.start);
	r.stack = malloc(r.room * sizeof(*r.stack));
	r.at = r.start;
	if (r.doc && r.stack)
		rc = read_all(&r);
	else
		error_nomem(err);
	free(r.stack);
	if (rc < 0) {
		json_doc_unref(r.doc);
		return -1;
	}
	*ret = r.doc;
	return 0;
}
