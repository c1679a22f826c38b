/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/change.h"

bool row_change_has(const struct row_change *c, const struct column *column)
{
	if (!c->old || !c->new || column->number == COLUMN_VERSION)
		return true;
	if (column->number == COLUMN_UUID)
		return false;
	/* A commit lets equal values be one datum: comparing pointers is enough. */
	return c->old->values[column->number] != c->new->values[column->number];
}
