/* SPDX-License-Identifier: Apache-2.0 */
#include "session/big_reply.h"

#include <stdlib.h>

#include "base/blob.h"
#include "base/buf.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/message.h"
#include "jsonrpc/source.h"
#include "ovsdb/dump.h"
#include "ovsdb/transact.h"
#include "session/session.h"

struct transact_source {
	struct source source; /* first */
	struct transact *transact;
};

struct dump_source {
	struct source source; /* first */
	struct dump_reader reader;
};

static bool next_of_transact(struct source *s, struct blob **ret)
{
	struct buf text = BUF_INIT;
	bool is_last = transact_next_piece(((struct transact_source *)s)->transact, &text);

	*ret = blob_from_buf(&text);
	return is_last;
}

static void end_transact(struct source *s)
{
	transact_free(((struct transact_source *)s)->transact);
	free(s);
}

static bool next_of_dump(struct source *s, struct blob **ret)
{
	return dump_reader_next(&((struct dump_source *)s)->reader, ret);
}

static void end_dump(struct source *s)
{
	dump_reader_end(&((struct dump_source *)s)->reader);
	free(s);
}

/* The first piece is often the only one: it goes out with its envelope then. */
static void reply(struct session *s, const struct json *id, const char *before,
		  struct source *source, const char *behind)
{
	struct buf text = BUF_INIT;
	struct blob *first;
	bool is_last = source->next(source, &first);

	message_put_reply_begin(&text, id);
	buf_puts(&text, before);
	conn_send_buf(s->conn, &text);
	conn_send_take(s->conn, first);
	if (is_last)
		source->end(source);
	else
		conn_send_source(s->conn, source);
	buf_puts(&text, behind);
	message_put_reply_end(&text);
	conn_send_buf(s->conn, &text);
}

void big_reply_transact(struct session *s, const struct json *id, struct transact *t_take)
{
	struct transact_source *source = malloc(sizeof(*source));

	if (!source) {
		transact_free(t_take);
		conn_send_take(s->conn, NULL); /* closes */
		return;
	}
	source->source = (struct source){ next_of_transact, end_transact };
	source->transact = t_take;
	reply(s, id, "", &source->source, "");
}

void big_reply_dump(struct session *s, const struct json *id, const char *before,
		    struct dump_reader *r_take, const char *behind)
{
	struct dump_source *source = malloc(sizeof(*source));

	if (!source) {
		dump_reader_end(r_take);
		conn_send_take(s->conn, NULL); /* closes */
		return;
	}
	source->source = (struct source){ next_of_dump, end_dump };
	source->reader = *r_take;
	reply(s, id, before, &source->source, behind);
}
