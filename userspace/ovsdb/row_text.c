/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/row_text.h"

#include "base/blob.h"
#include "base/buf.h"
#include "ovsdb/row.h"

static void put_uuid_value(struct buf *to, const struct uuid *uuid)
{
	atom_put_json(to, ATOM_UUID, &(union atom){ .uuid = *uuid });
}

void row_put_name(struct buf *to, const struct column *c, bool is_first)
{
	buf_put(to, c->default_text->data + is_first, c->name_len - is_first);
}

void row_put_member(struct buf *to, const struct row *row, const struct column *c, bool is_first)
{
	const struct blob *text = c->default_text;
	const struct datum *d;

	if (c->number < COLUMN_FIRST) {
		row_put_name(to, c, is_first);
		put_uuid_value(to, c->number == COLUMN_UUID ? &row->uuid : &row->version);
		return;
	}
	d = row_datum(row, c);
	if (d == c->default_value) {
		buf_put(to, text->data + is_first, text->len - is_first);
		return;
	}
	row_put_name(to, c, is_first);
	datum_put_json(to, d, &c->type);
}
