/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Members of a JSON object by name, with something to show where there is none.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

static inline const char *member_string(const struct json *object, const char *name)
{
	const char *s = json_string(json_get(object, name));

	return s ? s : "";
}

static inline uint64_t number_of(const struct json *json)
{
	return json_is_integer(json) && json->integer > 0 ? (uint64_t)json->integer : 0;
}

static inline uint64_t member_number(const struct json *object, const char *name)
{
	return number_of(json_get(object, name));
}

static inline bool member_true(const struct json *object, const char *name)
{
	return json_is_true(json_get(object, name));
}
