/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Replies that may be big: written in pieces from row versions, each piece when the client
 * has taken the one before, so that others are served in between and a client that does
 * not read costs rows, not text.
 */

struct dump_reader;
struct json;
struct session;
struct transact;

/* The reply of a transaction that is done; takes it. */
void big_reply_transact(struct session *s, const struct json *id, struct transact *t_take);
/* The reply to a monitor request, between the texts before and behind; ends the reader. */
void big_reply_dump(struct session *s, const struct json *id, const char *before,
		    struct dump_reader *r_take, const char *behind);
