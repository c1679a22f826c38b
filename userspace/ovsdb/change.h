/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What one commit changed: the only form in which journal, monitors and reconcile
 * hear of it.  One entry for each row, those of one table together; rows that end as
 * they began are left out.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include "ovsdb/row.h"

struct row_change {
	const struct row *old; /* NULL: inserted */
	const struct row *new; /* NULL: deleted */
};

struct change_list {
	struct row_change *changes;
	size_t n;
	struct uuid txn_id;
	const char *comment; /* of the "comment" operations, joined by newlines; NULL: none */
	bool is_durable; /* a "commit" operation asked for it */
	bool has_persistent; /* something that the journal writes */
};

static inline const struct schema_table *row_change_table(const struct row_change *c)
{
	return (c->new ? c->new : c->old)->table;
}

/* For rows in both versions: did column c change?  True for inserted and deleted rows. */
bool row_change_has(const struct row_change *c, const struct column *column);
