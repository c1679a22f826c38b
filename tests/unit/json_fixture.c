/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "unit/json_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

struct json_doc *fixture_json(const char *text)
{
	char *copy = strdup(text);
	struct json_doc *doc = NULL;
	struct error err;

	assert_non_null(copy);
	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (json_parse(copy, strlen(copy), &doc, &err) < 0)
		fail_msg("%s: %s", err.text, copy);
	free(copy);
	return doc;
}

char *fixture_json_text(const char *text)
{
	struct json_doc *doc = fixture_json(text);
	char *result = text_of_json(json_doc_root(doc));

	assert_non_null(result);
	json_doc_unref(doc);
	return result;
}
