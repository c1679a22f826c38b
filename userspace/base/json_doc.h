/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The memory that a JSON tree is in, counted.  Who keeps a part of the tree keeps it all.
 */
#include <stddef.h>

struct json;
struct json_doc;

const struct json *json_doc_root(const struct json_doc *doc); /* lives as long as doc */
struct json_doc *json_doc_ref(struct json_doc *doc);
void json_doc_unref(struct json_doc *doc); /* NULL is fine */

/* The rest is for json_parse.c, which fills it. */

/* Room for the tree of a text, and a copy of the text, of which the tree's strings are made:
 * *ret_text.  It ends in JSON_DOC_PADDING NULs.  NULL: out of memory. */
enum { JSON_DOC_PADDING = 8 };
struct json_doc *json_doc_new(const char *text, size_t len, char **ret_text);
void json_doc_set_root(struct json_doc *doc, const struct json *root);
/* Copies n nodes to where they stay.  NULL: out of memory. */
const struct json *json_doc_put(struct json_doc *doc, const struct json *nodes, size_t n);
