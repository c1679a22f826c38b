/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Where the three files of the TLS keys are: each a path, or "db:DB,TABLE,COLUMN" (the
 * table SSL), which is read again when the database changes.
 */
#include <stdbool.h>

#include "base/error.h"

struct change_list;
struct host;
struct key_files;
struct tls_keys;

/* Each a path or a column's name; NULL: none. */
struct key_names {
	const char *private_key, *certificate, *ca_cert;
	/* Is the CA's certificate learnt from the first peer, where it is missing?  NULL: no;
	 * a column of booleans; anything else: yes. */
	const char *learns_ca;
};
must_check int key_files_new(const struct host *h, const struct key_names *names,
			     struct key_files **ret, struct error *err);
void key_files_free(struct key_files *f); /* NULL is fine */

bool key_files_concerned(const struct key_files *f, const struct change_list *changes);
must_check int key_files_apply(const struct key_files *f, struct tls_keys *keys, struct error *err);
