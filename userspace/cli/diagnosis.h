/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Findings, and those that can be read off the daemon's status.  Pure.
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct json;

enum diagnosis_level { DIAGNOSIS_OK, DIAGNOSIS_WARNING, DIAGNOSIS_ERROR };

struct finding {
	enum diagnosis_level level;
	const char *about; /* one word */
	char *text; /* malloc'd */
};

struct diagnosis {
	struct finding *findings;
	size_t n;
};

void diagnosis_clear(struct diagnosis *d);
void diagnosis_add(struct diagnosis *d, enum diagnosis_level level, const char *about,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool diagnosis_has(const struct diagnosis *d, enum diagnosis_level level);

/* status: of "bvs/status". */
void diagnosis_of_status(struct diagnosis *d, const struct json *status);

void diagnosis_put(struct buf *to, const struct diagnosis *d);
void diagnosis_put_json(struct buf *to, const struct diagnosis *d);
