/* SPDX-License-Identifier: Apache-2.0 */
#include "session/host.h"

#include <stddef.h>
#include <string.h>

struct hosted_db *host_find_db(const struct host *h, const char *name)
{
	struct hosted_db *d;

	for (d = h->dbs; d && strcmp(d->name, name); d = d->next)
		;
	return d;
}
