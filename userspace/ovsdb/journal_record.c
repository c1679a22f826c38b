/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/journal_record.h"

/* EVP looks the algorithm up anew for each sum, which takes as long as the sum. */
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>
#include <string.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/text.h"

static const char magic[] = "OVSDB JSON ";
enum { MAGIC_LEN = sizeof(magic) - 1, MAX_DIGITS = 18 };

struct header {
	size_t body; /* offset */
	size_t len;
	uint8_t sha[RECORD_SHA_SIZE];
};

static void sum(const void *data, size_t len, uint8_t ret[RECORD_SHA_SIZE])
{
	SHA_CTX c;

	SHA1_Init(&c);
	SHA1_Update(&c, data, len);
	SHA1_Final(ret, &c);
}

/* Reads "OVSDB JSON <len> <sha1>\n" at offset. */
static bool read_header(const char *file, size_t size, size_t offset, struct header *ret)
{
	const char *at = file + offset, *end = file + size;
	size_t len = 0;
	int digits, i;

	if (size - offset < MAGIC_LEN || memcmp(at, magic, MAGIC_LEN) != 0)
		return false;
	at += MAGIC_LEN;
	for (digits = 0; at < end && *at >= '0' && *at <= '9' && digits < MAX_DIGITS; digits++)
		len = len * 10 + (size_t)(*at++ - '0');
	if (!digits || end - at < 2 + 2 * RECORD_SHA_SIZE || *at++ != ' ')
		return false;
	for (i = 0; i < RECORD_SHA_SIZE; i++, at += 2) {
		int high = hex_digit(at[0]), low = hex_digit(at[1]);

		if (high < 0 || low < 0)
			return false;
		ret->sha[i] = (uint8_t)(high << 4 | low);
	}
	if (*at++ != '\n')
		return false;
	ret->body = (size_t)(at - file);
	ret->len = len;
	return true;
}

int record_read(const char *file, size_t size, size_t offset, struct record *ret, struct error *err)
{
	struct header h;
	uint8_t sha[RECORD_SHA_SIZE];

	if (!read_header(file, size, offset, &h))
		return error_set(err, "ovsdb error", "parse error at offset %zu in header line",
				 offset);
	if (h.len > size - h.body)
		return error_set(err, "ovsdb error",
				 "record at offset %zu has %zu bytes, but only %zu are left",
				 offset, h.len, size - h.body);
	sum(file + h.body, h.len, sha);
	if (memcmp(sha, h.sha, sizeof(sha)) != 0)
		return error_set(err, "ovsdb error",
				 "record at offset %zu does not have the SHA-1 of its header",
				 offset);
	ret->body = file + h.body;
	ret->len = h.len;
	ret->end = h.body + h.len;
	memcpy(ret->sha, sha, sizeof(sha));
	return 0;
}

/* Does a record end at offset, as far as can be told without its sum? */
static bool looks_like_end(const char *file, size_t size, size_t offset)
{
	if (offset == size)
		return true;
	return offset < size && size - offset >= MAGIC_LEN &&
	       !memcmp(file + offset, magic, MAGIC_LEN);
}

size_t record_find(const char *file, size_t size, size_t offset)
{
	while (offset < size) {
		const char *at = memmem(file + offset, size - offset, magic, MAGIC_LEN);
		struct record r;
		struct header h;

		if (!at)
			break;
		offset = (size_t)(at - file);
		if (read_header(file, size, offset, &h) && h.len <= size - h.body &&
		    looks_like_end(file, size, h.body + h.len) &&
		    record_read(file, size, offset, &r, NULL) == 0)
			return offset;
		offset++;
	}
	return SIZE_MAX;
}

void record_put_header(struct buf *to, const char *body, size_t len,
		       uint8_t ret_sha[RECORD_SHA_SIZE])
{
	char *at;

	sum(body, len, ret_sha);
	buf_put(to, magic, MAGIC_LEN);
	text_put_integer(to, (int64_t)len);
	buf_putc(to, ' ');
	at = buf_reserve(to, 2 * RECORD_SHA_SIZE);
	if (!at)
		return;
	hex_put(at, ret_sha, RECORD_SHA_SIZE);
	to->len += 2 * RECORD_SHA_SIZE;
	buf_putc(to, '\n');
}

void record_put(struct buf *to, const char *json, size_t len, uint8_t ret_sha[RECORD_SHA_SIZE])
{
	enum { HEADER_MAX = MAGIC_LEN + MAX_DIGITS + 2 + 2 * RECORD_SHA_SIZE + 1 };
	struct buf body = BUF_INIT;

	buf_put(&body, json, len);
	buf_putc(&body, '\n');
	if (!buf_ok(&body)) {
		to->failed = true;
		buf_free(&body);
		return;
	}
	buf_reserve(to, HEADER_MAX + body.len);
	record_put_header(to, body.data, body.len, ret_sha);
	buf_put(to, body.data, body.len);
	buf_free(&body);
}

struct uuid record_chain(const struct uuid *before, const uint8_t sha[RECORD_SHA_SIZE])
{
	uint8_t both[sizeof(before->b) + RECORD_SHA_SIZE], result[RECORD_SHA_SIZE];
	struct uuid next;

	memcpy(both, before->b, sizeof(before->b));
	memcpy(both + sizeof(before->b), sha, RECORD_SHA_SIZE);
	sum(both, sizeof(both), result);
	memcpy(next.b, result, sizeof(next.b));
	next.b[6] = (next.b[6] & 0x0f) | 0x50; /* version 5, by name and SHA-1 */
	next.b[8] = (next.b[8] & 0x3f) | 0x80;
	return next;
}
