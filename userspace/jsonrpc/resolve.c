/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/resolve.h"

#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "jsonrpc/address.h"

enum { POLL_MS = 20 };

struct resolve {
	struct loop_timer timer;
	resolve_done_fn *done; /* NULL: nobody waits any more */
	void *arg;
	unsigned int skip;
	struct gaicb request;
	struct addrinfo hints;
	char port[8];
	char name[];
};

static void destroy(struct resolve *r)
{
	loop_timer_stop(&r->timer);
	if (r->request.ar_result)
		freeaddrinfo(r->request.ar_result);
	free(r);
}

static const struct addrinfo *choose(const struct resolve *r)
{
	const struct addrinfo *first = r->request.ar_result, *a = first;

	for (unsigned int i = 0; i < r->skip; i++)
		a = a->ai_next ? a->ai_next : first;
	return a;
}

static void tell(struct resolve *r, int rc)
{
	struct address address = { .len = 0 };
	const struct addrinfo *found;
	struct error err;

	if (rc) {
		error_set(&err, "I/O error", "resolve %s: %s", r->name, gai_strerror(rc));
		r->done(r->arg, NULL, &err);
		return;
	}
	found = choose(r);
	memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
	address.len = found->ai_addrlen;
	r->done(r->arg, &address, NULL);
}

static void on_poll(void *arg)
{
	struct resolve *r = arg;
	int rc = gai_error(&r->request);

	if (rc == EAI_INPROGRESS)
		return;
	loop_timer_stop(&r->timer);
	if (r->done)
		tell(r, rc); /* may free it */
	else
		destroy(r);
}

int resolve_new(struct loop *l, const char *name, uint16_t port, unsigned int skip,
		resolve_done_fn *done, void *arg, struct resolve **ret, struct error *err)
{
	struct sigevent no_signal = { .sigev_notify = SIGEV_NONE };
	struct resolve *r = calloc(1, sizeof(*r) + strlen(name) + 1);
	struct gaicb *requests[1];
	int rc;

	if (!r)
		return error_nomem(err);
	strcpy(r->name, name);
	snprintf(r->port, sizeof(r->port), "%u", (unsigned int)port);
	r->skip = skip;
	r->done = done;
	r->arg = arg;
	r->hints.ai_socktype = SOCK_STREAM;
	r->hints.ai_flags = AI_NUMERICSERV;
	r->request.ar_name = r->name;
	r->request.ar_service = r->port;
	r->request.ar_request = &r->hints;
	requests[0] = &r->request;
	rc = getaddrinfo_a(GAI_NOWAIT, requests, 1, &no_signal);
	if (rc) {
		free(r);
		return error_set(err, "I/O error", "resolve %s: %s", name, gai_strerror(rc));
	}
	loop_timer_start(l, &r->timer, POLL_MS, POLL_MS, on_poll, r);
	*ret = r;
	return 0;
}

void resolve_free(struct resolve *r)
{
	if (!r)
		return;
	/* A thread may be at it and write to it: then the timer frees it in the end. */
	if (gai_error(&r->request) == EAI_INPROGRESS && gai_cancel(&r->request) == EAI_NOTCANCELED)
		r->done = NULL;
	else
		destroy(r);
}
