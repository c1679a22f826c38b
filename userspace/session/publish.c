/* SPDX-License-Identifier: Apache-2.0 */
#include "session/publish.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/pidfile.h"
#include "session/appctl.h"

struct publish {
	struct pidfile *pidfile;
};

static int open_socket(struct appctl *a, const struct publish_options *o, struct error *err)
{
	struct buf path = BUF_INIT;
	int rc;

	buf_printf(&path, "%s/%s.%ld.ctl", o->rundir, o->name, (long)getpid());
	rc = buf_ok(&path) ? appctl_listen(a, path.data, err) : error_nomem(err);
	buf_free(&path);
	return rc;
}

static int take_pidfile(struct publish *p, const struct publish_options *o, struct error *err)
{
	struct buf path = BUF_INIT;
	int rc;

	buf_printf(&path, "%s/%s.pid", o->rundir, o->name);
	rc = buf_ok(&path) ? pidfile_new(path.data, &p->pidfile, err) : error_nomem(err);
	buf_free(&path);
	return rc;
}

int publish_new(struct appctl *a, const struct publish_options *options, struct publish **ret,
		struct error *err)
{
	struct publish *p = calloc(1, sizeof(*p));

	if (!p)
		return error_nomem(err);
	if ((!options->has_pidfile && take_pidfile(p, options, err) < 0) ||
	    (!options->has_socket && open_socket(a, options, err) < 0)) {
		publish_free(p);
		return -1;
	}
	*ret = p;
	return 0;
}

void publish_free(struct publish *p)
{
	if (!p)
		return;
	pidfile_free(p->pidfile);
	free(p);
}
