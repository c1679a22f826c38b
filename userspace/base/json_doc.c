/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_doc.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

struct chunk {
	struct chunk *next;
	size_t n_used, n;
	struct json nodes[];
};

/* One allocation holds it all: the head, nodes as a guess from the length of the text,
 * the text.  What the guess lacks comes in chunks. */
struct json_doc {
	struct json root;
	unsigned int n_refs;
	struct chunk *chunks;
	size_t n_used, n;
	struct json nodes[];
};

enum {
	FEW_NODES = 8,
	BYTES_A_NODE = 6, /* of text: OVSDB's has 7 to 16 */
	CHUNK_NODES = 1000,
};

struct json_doc *json_doc_new(const char *text, size_t len, char **ret_text)
{
	size_t n = FEW_NODES + len / BYTES_A_NODE;
	size_t head = sizeof(struct json_doc) + n * sizeof(struct json);
	struct json_doc *doc = malloc(head + len + JSON_DOC_PADDING);
	char *copy;

	if (!doc)
		return NULL;
	copy = (char *)doc + head;
	*doc = (struct json_doc){ .n_refs = 1, .n = n };
	memcpy(copy, text, len);
	memset(copy + len, 0, JSON_DOC_PADDING);
	*ret_text = copy;
	return doc;
}

void json_doc_set_root(struct json_doc *doc, const struct json *root)
{
	doc->root = *root;
}

static struct json *take(struct json_doc *doc, size_t n)
{
	struct chunk *c = doc->chunks;
	struct json *at;

	if (n <= doc->n - doc->n_used) {
		at = doc->nodes + doc->n_used;
		doc->n_used += n;
		return at;
	}
	if (!c || n > c->n - c->n_used) {
		size_t room = c ? 2 * c->n : CHUNK_NODES;

		room = n > room ? n : room;
		c = malloc(sizeof(*c) + room * sizeof(c->nodes[0]));
		if (!c)
			return NULL;
		*c = (struct chunk){ .next = doc->chunks, .n = room };
		doc->chunks = c;
	}
	at = c->nodes + c->n_used;
	c->n_used += n;
	return at;
}

const struct json *json_doc_put(struct json_doc *doc, const struct json *nodes, size_t n)
{
	struct json *at = take(doc, n);

	if (at && n)
		memcpy(at, nodes, n * sizeof(*at));
	return at;
}

const struct json *json_doc_root(const struct json_doc *doc)
{
	return &doc->root;
}

struct json_doc *json_doc_ref(struct json_doc *doc)
{
	doc->n_refs++;
	return doc;
}

void json_doc_unref(struct json_doc *doc)
{
	struct chunk *next;

	if (!doc || --doc->n_refs)
		return;
	for (struct chunk *c = doc->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	free(doc);
}
