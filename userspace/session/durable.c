/* SPDX-License-Identifier: Apache-2.0 */
#include "session/durable.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#include "base/iothread.h"
#include "ovsdb/journal.h"

struct durable {
	struct iothread_job job; /* first: the job is the durable */
	struct iothread *io;
	struct journal *journal;
	struct durable_waiter *waiting; /* for the next sync */
	struct durable_waiter *covered; /* by the one that runs */
	bool is_running;
	int fd; /* the job's own, so that a compaction may replace the journal's */
	unsigned int generation; /* of the file behind it */
	int errnum; /* of the job */
};

struct durable *durable_new(struct iothread *io, struct journal *j)
{
	struct durable *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->io = io;
	d->journal = j;
	return d;
}

void durable_free(struct durable *d)
{
	free(d);
}

void durable_wait(struct durable *d, struct durable_waiter *w)
{
	w->list = &d->waiting;
	DL_APPEND(d->waiting, w);
}

void durable_forget(struct durable_waiter *w)
{
	if (!w->list)
		return;
	DL_DELETE(*w->list, w);
	w->list = NULL;
}

static void finish(struct durable *d, const struct error *err)
{
	struct durable_waiter *w;

	while ((w = d->covered)) {
		durable_forget(w);
		w->done(w, err);
	}
}

static void run_sync(struct iothread_job *job)
{
	struct durable *d = (struct durable *)job;

	d->errnum = fdatasync(d->fd) < 0 ? errno : 0;
}

static void start_job(struct durable *d);

static void on_synced(struct iothread_job *job)
{
	struct durable *d = (struct durable *)job;
	struct error err;
	int errnum = journal_synced(d->journal, d->errnum, d->generation);

	close(d->fd);
	d->is_running = false;
	if (errnum == EAGAIN) { /* a compacted file took the place of the one that was synced */
		start_job(d);
		return;
	}
	if (errnum)
		error_errno(&err, errnum, "sync %s", journal_path(d->journal));
	finish(d, errnum ? &err : NULL);
	durable_start(d);
}

static void start_job(struct durable *d)
{
	struct error err;

	d->fd = journal_dup_fd(d->journal, &d->generation, &err);
	if (d->fd < 0) {
		finish(d, &err);
		return;
	}
	d->is_running = true;
	d->job.run = run_sync;
	d->job.done = on_synced;
	iothread_submit(d->io, &d->job);
}

void durable_start(struct durable *d)
{
	struct durable_waiter *w;

	if (d->is_running || !d->waiting)
		return;
	d->covered = d->waiting;
	d->waiting = NULL;
	DL_FOREACH (d->covered, w)
		w->list = &d->covered;
	start_job(d);
}

bool durable_is_idle(const struct durable *d)
{
	return !d->is_running && !d->waiting;
}
