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

static void skip_space(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')
		r->at++;
}

static int push(struct reader *r, const struct json *node)
{
	if (r->n == r->room) {
		size_t room = 2 * r->room;
		struct json *stack = realloc(r->stack, room * sizeof(*stack));

		if (!stack)
			return error_nomem(r->err);
		r->stack = stack;
		r->room = room;
	}
	r->stack[r->n++] = *node;
	return 0;
}

/* What the stack holds from `from` on goes to the region. */
static const struct json *settle(struct reader *r, size_t from, size_t n)
{
	const struct json *nodes = json_doc_put(r->doc, r->stack + from, n);

	r->n = from;
	if (!nodes)
		error_nomem(r->err);
	return nodes;
}

static int read_value(struct reader *r, struct json *ret);

/* Between elements or members: 1 with another one to come, 0 at the end. */
static int read_separator(struct reader *r, char close)
{
	skip_space(r);
	if (*r->at == close) {
		r->at++;
		return 0;
	}
	if (*r->at != ',')
		return fail(r, close == ']' ? "expected ',' or ']'" : "expected ',' or '}'");
	r->at++;
	skip_space(r);
	return 1;
}

static int read_array(struct reader *r, struct json *ret)
{
	size_t from = r->n;
	struct json element;
	int more = 1;

	r->at++;
	skip_space(r);
	if (*r->at == ']') {
		r->at++;
		more = 0;
	}
	while (more) {
		if (read_value(r, &element) < 0 || push(r, &element) < 0)
			return -1;
		more = read_separator(r, ']');
		if (more < 0)
			return -1;
	}
	*ret = (struct json){ JSON_ARRAY, (uint32_t)(r->n - from), { .elements = NULL } };
	ret->elements = settle(r, from, ret->n);
	return ret->elements ? 0 : -1;
}

static int read_string(struct reader *r, struct json *ret)
{
	const char *why;

	r->at++;
	return json_lex_string(&r->at, ret, &why) < 0 ? fail(r, why) : 0;
}

static int read_member(struct reader *r)
{
	struct json node;

	if (*r->at != '"')
		return fail(r, "expected a string as the name of a member");
	if (read_string(r, &node) < 0 || push(r, &node) < 0)
		return -1;
	skip_space(r);
	if (*r->at != ':')
		return fail(r, "expected ':'");
	r->at++;
	skip_space(r);
	return read_value(r, &node) < 0 ? -1 : push(r, &node);
}

static int read_object(struct reader *r, struct json *ret)
{
	size_t from = r->n, n;
	const struct json *nodes;
	int more = 1;

	r->at++;
	skip_space(r);
	if (*r->at == '}') {
		r->at++;
		more = 0;
	}
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
	nodes = settle(r, from, 2 * n);
	*ret = (struct json){ JSON_OBJECT,
			      (uint32_t)n,
			      { .members = (const struct json_member *)nodes } };
	return nodes ? 0 : -1;
}

static int read_word(struct reader *r, struct json *ret)
{
	static const struct {
		const char *word;
		enum json_type type;
	} words[] = { { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "null", JSON_NULL } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);

		if (!strncmp(r->at, words[i].word, len)) {
			r->at += len;
			*ret = (struct json){ .type = words[i].type };
			return 0;
		}
	}
	return fail(r, "expected a value");
}

static int read_nested(struct reader *r, struct json *ret)
{
	int rc;

	if (r->depth == JSON_MAX_DEPTH)
		return fail(r, "nested too deep");
	r->depth++;
	rc = *r->at == '[' ? read_array(r, ret) : read_object(r, ret);
	r->depth--;
	return rc;
}

static int read_value(struct reader *r, struct json *ret)
{
	const char *why;
	char c = *r->at;

	if (c == '"')
		return read_string(r, ret);
	if (c == '[' || c == '{')
		return read_nested(r, ret);
	if (c == '-' || (c >= '0' && c <= '9'))
		return json_lex_number(&r->at, ret, &why) < 0 ? fail(r, why) : 0;
	return read_word(r, ret);
}

static int read_all(struct reader *r)
{
	struct json root;

	skip_space(r);
	if (read_value(r, &root) < 0)
		return -1;
	skip_space(r);
	if (r->at != r->start + r->len)
		return fail(r, "trailing garbage");
	json_doc_set_root(r->doc, &root);
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
