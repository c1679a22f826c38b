/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

const struct json *json_get(const struct json *json, const char *name)
{
	const struct json_member *m;
	size_t len = strlen(name);

	json_foreach_member (json, m)
		if (m->name.n == len && !memcmp(m->name.string, name, len))
			return &m->value;
	return NULL;
}
