/* SPDX-License-Identifier: Apache-2.0 */
#include "base/blob.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct blob *blob_new(const void *data, size_t len)
{
	struct blob *b = malloc(sizeof(*b) + len + 1);

	if (!b)
		return NULL;
	b->n_refs = 1;
	b->len = len;
	if (len)
		memcpy(b->data, data, len);
	b->data[len] = '\0';
	return b;
}

struct blob *blob_from_buf(struct buf *b)
{
	struct blob *blob = b->failed ? NULL : blob_new(b->data, b->len);

	buf_free(b);
	return blob;
}

struct blob *blob_ref(struct blob *b)
{
	b->n_refs++;
	return b;
}

void blob_unref(struct blob *b)
{
	if (b && !--b->n_refs)
		free(b);
}
