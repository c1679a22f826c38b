/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The frames of the OVSDB log format, in memory: finding, checking and making records.
 * Knows nothing of what is in them.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/uuid.h"

struct buf;

#define RECORD_SHA_SIZE 20

struct record {
	const char *body; /* JSON and a newline, within the file's bytes */
	size_t len;
	size_t end; /* offset behind it */
	uint8_t sha[RECORD_SHA_SIZE]; /* of the body */
};

/* Reads the record at offset, which is less than size. */
must_check int record_read(const char *file, size_t size, size_t offset, struct record *ret,
			   struct error *err);
/* Where the first whole record at or behind offset begins; SIZE_MAX: there is none. */
size_t record_find(const char *file, size_t size, size_t offset);

/* Appends a record; *ret gets the sum of its body.  Adds the newline itself. */
void record_put(struct buf *to, const char *json, size_t len, uint8_t ret_sha[RECORD_SHA_SIZE]);

/* The header of a record with that body, which ends in a newline. */
void record_put_header(struct buf *to, const char *body, size_t len,
		       uint8_t ret_sha[RECORD_SHA_SIZE]);

/* The next id in the chain of transaction ids: a UUID made of the one before and the
 * record's sum. */
struct uuid record_chain(const struct uuid *before, const uint8_t sha[RECORD_SHA_SIZE]);
