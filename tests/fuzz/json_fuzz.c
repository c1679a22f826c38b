/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text -> tree -> text.  What is accepted is the same again when it is read as it was
 * written, and the framing of messages sees an object end where the parser does, in
 * whatever pieces it comes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "base/log.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "jsonrpc/frame.h"

static char *text_of(const char *text, size_t len, bool *ret_is_object)
{
	struct json_doc *doc;
	struct error err;
	char *again;

	if (json_parse(text, len, &doc, &err) < 0) {
		fuzz_demand(err.tag[0] && err.text[0], "a refusal has an error");
		return NULL;
	}
	*ret_is_object = json_is_object(json_doc_root(doc));
	again = text_of_json(json_doc_root(doc));
	json_doc_unref(doc);
	return again;
}

/* The length of the first object. */
static size_t frame(const char *text, size_t len, size_t step)
{
	enum frame_state state = FRAME_MORE;
	struct frame f;
	struct error err;
	size_t at = 0;

	frame_init(&f, len);
	while (at < len && state == FRAME_MORE) {
		size_t used;

		if (frame_scan(&f, text + at, len - at < step ? len - at : step, &state, &used,
			       &err) < 0)
			return 0;
		at += used;
	}
	return state == FRAME_DONE ? at : 0;
}

void fuzz_start(void)
{
	log_set_level(LOG_ERR);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	bool is_object = false, is_still_object;
	char *once = text_of(text, size, &is_object), *twice;

	if (!once)
		return;
	twice = text_of(once, strlen(once), &is_still_object);
	/* A real that is no integer of 64 bits can have 17 digits that are one. */
	fuzz_demand(twice && (!strcmp(once, twice) || strstr(once, "e+17") || strstr(once, "e+18")),
		    "what was written is read as the same");
	if (is_object) {
		while (text[size - 1] != '}')
			size--;
		fuzz_demand(frame(text, size, size) == size, "an object ends for the framing");
		fuzz_demand(frame(text, size, 1) == size, "in pieces too");
		fuzz_demand(frame(text, size, 9) == size, "in other pieces too");
	}
	free(once);
	free(twice);
}
