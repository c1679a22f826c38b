/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_MODULE "compaction"
#include "session/compaction.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/log.h"
#include "ovsdb/journal.h"
#include "ovsdb/journal_compact.h"
#include "session/host.h"

struct compaction_request {
	size_t n_left; /* parts, and one while they are begun */
	bool has_failed;
	struct error err;
	compaction_done_fn *done;
	void *arg;
};

/* A request that waits for one database. */
struct compaction_part {
	struct compaction_part *next;
	struct compaction_request *request;
};

static void end_part(struct compaction_request *r, const struct error *err)
{
	if (err && !r->has_failed) {
		r->has_failed = true;
		r->err = *err;
	}
	if (--r->n_left)
		return;
	r->done(r->arg, r->has_failed ? &r->err : NULL);
	free(r);
}

static void on_compacted(void *arg, const struct error *err)
{
	struct hosted_db *d = arg;
	struct compaction_part *p, *next, *parts = d->compaction_parts;

	if (err)
		log_warn("event=compaction-failed name=%s file=%s text=\"%s\"", d->name,
			 journal_path(d->journal), err->text);
	else
		log_info("event=compacted name=%s file=%s", d->name, journal_path(d->journal));
	d->compaction_parts = NULL;
	LL_FOREACH_SAFE (parts, p, next) {
		end_part(p->request, err);
		free(p);
	}
}

void compaction_run_due(struct hosted_db *d, struct iothread *io, int64_t now_ms)
{
	struct error err;

	if (journal_should_compact(d->journal, now_ms) &&
	    journal_compact_start(d->journal, io, on_compacted, d, &err) < 0)
		on_compacted(d, &err);
}

/* One that runs already is as good as another. */
static void begin_part(struct compaction_request *r, struct hosted_db *d, struct iothread *io)
{
	struct compaction_part *p = malloc(sizeof(*p));
	struct error err;

	r->n_left++;
	if (!p) {
		error_nomem(&err);
		end_part(r, &err);
		return;
	}
	p->request = r;
	LL_PREPEND(d->compaction_parts, p);
	if (!journal_is_compacting(d->journal) &&
	    journal_compact_start(d->journal, io, on_compacted, d, &err) < 0)
		on_compacted(d, &err);
}

int compaction_request(struct host *h, struct iothread *io, const char *name,
		       compaction_done_fn *done, void *arg, struct error *err)
{
	struct compaction_request *r;

	if (name && name[0] == '_')
		return error_set(err, "not allowed", "cannot compact built-in databases");
	if (name && !host_find_db(h, name))
		return error_set(err, "not found", "no database by that name");
	r = calloc(1, sizeof(*r));
	if (!r)
		return error_nomem(err);
	r->n_left = 1;
	r->done = done;
	r->arg = arg;
	for (struct hosted_db *d = h->dbs; d; d = d->next) {
		if (d->journal && (!name || !strcmp(name, d->name)))
			begin_part(r, d, io);
	}
	end_part(r, NULL);
	return 0;
}
