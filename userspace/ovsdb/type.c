/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/type.h"

#include <float.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void base_type_init(struct base_type *b, enum atom_type type)
{
	*b = (struct base_type){ .type = type,
				 .min_integer = INT64_MIN,
				 .max_integer = INT64_MAX,
				 .min_real = -DBL_MAX,
				 .max_real = DBL_MAX,
				 .max_length = UINT_MAX };
}

void type_put_english(struct buf *to, const struct type *t)
{
	const char *key = atom_type_name(t->key.type);

	if (type_is_scalar(t)) {
		buf_puts(to, key);
		return;
	}
	buf_puts(to, type_is_map(t) ? "map" : "set");
	if (t->n_max == TYPE_UNLIMITED && t->n_min)
		buf_printf(to, " of %u or more", t->n_min);
	else if (t->n_max == TYPE_UNLIMITED)
		buf_puts(to, " of");
	else if (t->n_min)
		buf_printf(to, " of %u to %u", t->n_min, t->n_max);
	else
		buf_printf(to, " of up to %u", t->n_max);
	if (type_is_map(t))
		buf_printf(to, " (%s, %s) pairs", key, atom_type_name(t->value.type));
	else
		buf_printf(to, " %ss", key);
}
