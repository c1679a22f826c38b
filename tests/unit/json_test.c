/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON: what is accepted as what, what is refused where; random trees come back as
 * they were written, damaged text does no harm, nor does lack of memory. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "base/text.h"
#include "unit/failing_alloc.h"

/* The text in the one form of text_put_json(), or why it was refused. */
static char *read_back(const char *text, size_t len)
{
	struct json_doc *doc;
	struct error err;
	char *result;

	if (json_parse(text, len, &doc, &err) < 0)
		return strdup(err.text);
	result = text_of_json(json_doc_root(doc));
	json_doc_unref(doc);
	return result;
}

struct pair {
	const char *in, *out;
};

static void check(const struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *got = read_back(pairs[i].in, strlen(pairs[i].in));

		if (strcmp(got, pairs[i].out))
			fail_msg("%s: got %s, not %s", pairs[i].in, got, pairs[i].out);
		free(got);
	}
}
#define CHECK(PAIRS) check(PAIRS, sizeof(PAIRS) / sizeof((PAIRS)[0]))

/* The values here and below, but for one that says so, are those of the stock server; it
 * writes reals with 15 digits, though, whether that keeps the value or not. */
static void test_numbers(void **state)
{
	static const struct pair pairs[] = {
		{ "0", "0" },
		{ "-0", "0" },
		{ "-0.0", "0" },
		{ "0.0e5", "0" },
		{ "1.0", "1" },
		{ "1e3", "1000" },
		{ "1E+2", "100" },
		{ "150e-1", "15" },
		{ "15e-1", "1.5" },
		{ "0.1e1", "1" },
		{ "1.5e1", "15" },
		{ "1e18", "1000000000000000000" },
		{ "1e19", "1e+19" },
		{ "9.223372036854775807e18", "9223372036854775807" },
		{ "922337203685477580700e-2", "9223372036854775807" },
		{ "9223372036854775808", "9.2233720368547758e+18" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "-9223372036854775809", "-9.2233720368547758e+18" },
		{ "18446744073709551616", "1.8446744073709552e+19" }, /* stock: 0 */
		{ "99999999999999999999", "1e+20" },
		{ "100000000000000000000e-3", "100000000000000000" },
		{ "0.00000000000000000001e20", "1" },
		{ "1234567890123456789.00000000000000000000", "1234567890123456789" },
		{ "123456789012345678901234567890e-20", "1234567890.1234567" },
		{ "0.30000000000000004", "0.30000000000000004" },
		{ "1.7976931348623157e308", "1.7976931348623157e+308" },
		{ "1e-400", "0" },
		{ "1.7976931348623159e308", "number outside valid range at byte 22" },
		{ "4.9e-324", "number outside valid range at byte 8" },
		{ "1e", "exponent must contain at least one digit at byte 2" },
		{ "1e99999999999", "exponent outside valid range at byte 11" },
		{ "1.", "decimal point must be followed by digit at byte 2" },
		{ "01", "leading zeros not allowed at byte 0" },
		{ "-", "'-' must be followed by digit at byte 1" },
		{ ".5", "expected a value at byte 0" },
		{ "+1", "expected a value at byte 0" },
		{ "NaN", "expected a value at byte 0" },
		{ "-1-1", "trailing garbage at byte 2" },
		{ "0x10", "trailing garbage at byte 1" },
	};

	(void)state;
	CHECK(pairs);
}

static void test_strings(void **state)
{
	static const struct pair pairs[] = {
		{ "\"\"", "\"\"" },
		{ "\"\\/\\b\\f\\n\\r\\t\\u001f\\\\\\\"\"", "\"/\\b\\f\\n\\r\\t\\u001f\\\\\\\"\"" },
		{ "\"\\u0041\\u00e9\\u20ac\\ud83d\\uDE00x\"",
		  "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80x\"" },
		{ "\"a long enough string\\nand another long one\"",
		  "\"a long enough string\\nand another long one\"" },
		{ "\"\xff\xc3 \xed\xa0\x80\xc0\x80\"", "\"\xff\xc3 \xed\xa0\x80\xc0\x80\"" },
		{ "\"\\udc00\"", "\"\xed\xb0\x80\"" },
		{ "\"\\ud800\"", "malformed escaped surrogate pair at byte 7" },
		{ "\"\\ud800\\u0041\"", "malformed escaped surrogate pair at byte 7" },
		{ "\"\\ud83d\\ude0\"", "malformed escaped surrogate pair at byte 7" },
		{ "\"ab\\u0000\"", "null bytes are not supported in strings at byte 5" },
		{ "\"\\u00\"", "malformed \\u escape at byte 3" },
		{ "\"\\x\"", "bad escape in string at byte 2" },
		{ "\"a\tb\"", "control character or end of input in string at byte 2" },
		{ "\"abc", "control character or end of input in string at byte 4" },
		{ "\"abc\\", "bad escape in string at byte 5" },
	};

	(void)state;
	CHECK(pairs);
}

static void test_structure(void **state)
{
	static const struct pair pairs[] = {
		{ " [ 1 ,\t2\r\n, [ ] , { } ] ", "[1,2,[],{}]" },
		{ "{\"b\" : true, \"a\" : [null, false], \"\":0}",
		  "{\"\":0,\"a\":[null,false],\"b\":true}" },
		{ "{\"a\":1,\"a\":2,\"b\":3,\"a\":{\"c\":1,\"c\":2}}",
		  "{\"a\":{\"c\":2},\"b\":3}" },
		{ "", "expected a value at byte 0" },
		{ "[1,]", "expected a value at byte 3" },
		{ "[1 2]", "expected ',' or ']' at byte 3" },
		{ "[1}", "expected ',' or ']' at byte 2" },
		{ "[", "expected a value at byte 1" },
		{ "{\"a\":1,}", "expected a string as the name of a member at byte 7" },
		{ "{a:1}", "expected a string as the name of a member at byte 1" },
		{ "{\"a\" 1}", "expected ':' at byte 5" },
		{ "{\"a\":1 \"b\"", "expected ',' or '}' at byte 7" },
		{ "{\"a\":1]", "expected ',' or '}' at byte 6" },
		{ "tru", "expected a value at byte 0" },
		{ "nulll", "trailing garbage at byte 4" },
		{ "1 2", "trailing garbage at byte 2" },
		{ "\xef\xbb\xbf"
		  "1",
		  "expected a value at byte 0" },
	};
	char *got = read_back("[1\0]", 4);

	(void)state;
	CHECK(pairs);
	assert_string_equal(got, "expected ',' or ']' at byte 2");
	free(got);
}

static void test_depth(void **state)
{
	enum { MAX = JSON_MAX_DEPTH };
	char text[2 * (MAX + 1)], *got;

	(void)state;
	memset(text, '[', MAX + 1);
	memset(text + MAX + 1, ']', MAX + 1);
	got = read_back(text + 1, 2 * MAX);
	assert_memory_equal(got, text + 1, 2 * MAX);
	free(got);
	got = read_back(text, sizeof(text));
	assert_string_equal(got, "nested too deep at byte 1000");
	free(got);
}

/* More members than are compared one by one; every fifth has an earlier one's name. */
static void test_many_duplicates(void **state)
{
	enum { N = 3000 };
	struct buf text = BUF_INIT;
	struct json_doc *doc;
	const struct json *root;

	(void)state;
	for (int i = 0; i < N; i++)
		buf_printf(&text, "%s\"a-long-member-name-%d\":%d", i ? "," : "{",
			   i % 5 ? i : i / 2, i);
	buf_putc(&text, '}');
	assert_int_equal(json_parse(text.data, text.len, &doc, NULL), 0);
	root = json_doc_root(doc);
	for (int i = 0; i < N; i++) {
		const struct json *value;
		char name[40];
		int last = i % 5 ? i : -1;

		snprintf(name, sizeof(name), "a-long-member-name-%d", i);
		value = json_get(root, name);
		for (int k = 2 * i; k < 2 * i + 2 && k < N; k++)
			if (k % 5 == 0 && k > last)
				last = k;
		assert_int_equal(last >= 0, value != NULL);
		if (value)
			assert_int_equal(value->integer, last);
	}
	json_doc_unref(doc);
	buf_free(&text);
}

static void test_what_is_not_there(void **state)
{
	static const char text[] = "{\"n\":7,\"s\":\"x\",\"a\":[true,2.5]}";
	struct json_doc *doc;
	const struct json *root, *a;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &doc, NULL), 0);
	root = json_doc_root(doc);
	a = json_get(root, "a");
	assert_null(json_get(root, "x"));
	assert_null(json_get(a, "n"));
	assert_null(json_get(NULL, "n"));
	assert_null(json_at(a, 2));
	assert_null(json_at(root, 0));
	assert_null(json_at(NULL, 0));
	assert_int_equal(json_n_members(root), 3);
	assert_int_equal(json_n_members(a), 0);
	assert_int_equal(json_n_elements(a), 2);
	assert_int_equal(json_n_elements(root), 0);
	assert_string_equal(json_string(json_get(root, "s")), "x");
	assert_null(json_string(json_get(root, "n")));
	assert_true(json_number(json_get(root, "n")) == 7);
	assert_true(json_number(json_at(a, 1)) == 2.5);
	assert_true(json_is_boolean(json_at(a, 0)));
	assert_false(json_is_integer(json_at(a, 1)));
	/* Who counts it keeps it. */
	json_doc_unref(json_doc_ref(doc));
	assert_true(json_is_true(json_at(a, 0)));
	json_doc_unref(doc);
}

/* Random trees, as text with whatever white space and escapes JSON leaves free. */

static unsigned int draw(unsigned int n)
{
	return (unsigned int)random() % n;
}

static void put_space(struct buf *to)
{
	while (!draw(4))
		buf_putc(to, " \t\r\n"[draw(4)]);
}

static void put_string(struct buf *as_is, struct buf *in_disguise)
{
	char s[48];
	size_t n = draw(sizeof(s));

	for (size_t i = 0; i < n; i++)
		s[i] = (char)(draw(8) ? 'a' + draw(26) : 1 + draw(127));
	s[n] = '\0';
	text_put_string(as_is, s);
	buf_putc(in_disguise, '"');
	for (size_t i = 0; i < n; i++) {
		bool must = s[i] < 0x20 || s[i] == '"' || s[i] == '\\';

		if (must || !draw(20))
			buf_printf(in_disguise, draw(2) ? "\\u%04x" : "\\u%04X", s[i]);
		else
			buf_putc(in_disguise, s[i]);
	}
	buf_putc(in_disguise, '"');
}

static void put_number(struct buf *as_is, struct buf *in_disguise)
{
	int64_t v = (int64_t)((uint64_t)random() << 33 ^ (uint64_t)random() << 2) >> draw(64);
	double real = ldexp((double)v, -(int)draw(90));

	if (draw(2)) {
		text_put_integer(as_is, v);
		text_put_integer(in_disguise, v);
		if (draw(2))
			buf_puts(in_disguise, draw(2) || !v ? ".000" : "00e-2");
		return;
	}
	if (real == rint(real)) { /* 17 digits would not be all that an integer has */
		text_put_integer(as_is, (int64_t)real);
		buf_printf(in_disguise, "%.25E", real);
		return;
	}
	text_put_real(as_is, real);
	buf_printf(in_disguise, draw(2) ? "%.17g" : "%.25E", real);
}

static void put_value(struct buf *as_is, struct buf *in_disguise, unsigned int depth);

static void put_children(struct buf *as_is, struct buf *in_disguise, unsigned int depth,
			 bool is_map)
{
	unsigned int n = draw(4) ? draw(5) : draw(60);

	buf_putc(as_is, is_map ? '{' : '[');
	buf_putc(in_disguise, is_map ? '{' : '[');
	put_space(in_disguise);
	for (unsigned int i = 0; i < n; i++) {
		if (i) {
			buf_putc(as_is, ',');
			buf_putc(in_disguise, ',');
			put_space(in_disguise);
		}
		if (is_map) { /* in order, so that both sides have the same one */
			buf_printf(as_is, "\"k%04u\":", i);
			buf_printf(in_disguise, "\"k%04u\"", i);
			put_space(in_disguise);
			buf_putc(in_disguise, ':');
			put_space(in_disguise);
		}
		put_value(as_is, in_disguise, depth + 1);
		put_space(in_disguise);
	}
	buf_putc(as_is, is_map ? '}' : ']');
	buf_putc(in_disguise, is_map ? '}' : ']');
}

static void put_value(struct buf *as_is, struct buf *in_disguise, unsigned int depth)
{
	static const char *const words[] = { "true", "false", "null" };
	unsigned int kind = draw(depth < 5 ? 7 : 4);

	if (!kind) {
		kind = draw(3);
		buf_puts(as_is, words[kind]);
		buf_puts(in_disguise, words[kind]);
	} else if (kind == 1) {
		put_number(as_is, in_disguise);
	} else if (kind < 4) {
		put_string(as_is, in_disguise);
	} else {
		put_children(as_is, in_disguise, depth, kind == 4);
	}
}

static void test_random_trees(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	printf("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 200; i++) {
		struct buf as_is = BUF_INIT, in_disguise = BUF_INIT;
		char *got;

		put_value(&as_is, &in_disguise, 0);
		got = read_back(in_disguise.data, in_disguise.len);
		assert_string_equal(got, as_is.data);
		free(got);
		buf_free(&as_is);
		buf_free(&in_disguise);
	}
}

/* What is accepted although bytes of it changed is still what it is written as. */
static void test_damaged_text(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);
	size_t n_accepted = 0;

	(void)state;
	printf("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 1000; i++) {
		struct buf ignored = BUF_INIT, text = BUF_INIT;
		struct json_doc *doc;
		char *first, *second;

		put_value(&ignored, &text, 1);
		for (unsigned int n = draw(4); n; n--)
			text.data[draw((unsigned int)text.len)] = "\"\\{}[],:0e.-u\xff\n"[draw(16)];
		if (json_parse(text.data, text.len - !draw(5), &doc, NULL) == 0) {
			first = text_of_json(json_doc_root(doc));
			second = read_back(first, strlen(first));
			assert_string_equal(second, first);
			n_accepted++;
			free(first);
			free(second);
			json_doc_unref(doc);
		}
		buf_free(&ignored);
		buf_free(&text);
	}
	assert_in_range(n_accepted, 50, 950);
}

/* Deep, wide, and with more nodes for its length than is provided for. */
static void put_hungry_text(struct buf *to)
{
	buf_putc(to, '[');
	for (int i = 0; i < 3000; i++)
		buf_puts(to, "[],");
	for (int i = 0; i < 40; i++)
		buf_printf(to, "%s\"m%d\":%d", i ? "," : "{", i, i);
	buf_puts(to, "}]");
}

static void test_each_allocation_fails(void **state)
{
	struct buf text = BUF_INIT;
	int rc = -1;
	long i;

	(void)state;
	if (!HAS_OWN_ALLOCATOR)
		skip();
	put_hungry_text(&text);
	for (i = 0; rc < 0; i++) {
		struct json_doc *doc = NULL;
		struct error err;

		n_left = i;
		rc = json_parse(text.data, text.len, &doc, &err);
		n_left = -1;
		if (rc < 0) {
			assert_null(doc);
			assert_string_equal(err.text, "out of memory");
		}
		json_doc_unref(doc);
	}
	assert_in_range(i, 6, 30);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_many_duplicates),
		cmocka_unit_test(test_what_is_not_there),
		cmocka_unit_test(test_random_trees),
		cmocka_unit_test(test_damaged_text),
		cmocka_unit_test(test_each_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
