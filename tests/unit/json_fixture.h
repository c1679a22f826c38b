/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * JSON in the text of a test: single quotes read as double ones.
 */
#include "base/json.h"

/* Fails the test where the text is not JSON. */
struct json_doc *fixture_json(const char *text);
/* The text in the one form that text_put_json() gives it; the caller frees it. */
char *fixture_json_text(const char *text);
