/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_MODULE "remote"
#include "session/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"
#include "base/loop.h"
#include "jsonrpc/address.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/dial.h"
#include "jsonrpc/listen.h"
#include "jsonrpc/tls.h"
#include "session/coverage.h"
#include "session/host.h"
#include "session/methods.h"
#include "session/session.h"

enum {
	DEFAULT_PROBE_MS = 5000,
	MIN_PROBE_MS = 1000,
	DEFAULT_MAX_BACKOFF_MS = 8000,
};

struct remote {
	struct host *host;
	struct tls_keys *keys;
	enum remote_kind kind;
	struct remote_options options;
	struct listener *listener; /* one of these two */
	struct dialer *dialer;
	unsigned int n_sessions;
	int64_t connected_ms, disconnected_ms; /* 0: never */
	char last_error[200];
	struct log_limit refused, failed;
	char target[];
};

static bool is_local(const struct remote *r)
{
	if (r->kind == REMOTE_PFD)
		return !listener_port(r->listener);
	return remote_kind_is_unix(r->kind);
}

static int64_t probe_ms(const struct remote *r)
{
	if (r->options.probe_ms == REMOTE_DEFAULT)
		return is_local(r) ? 0 : DEFAULT_PROBE_MS;
	if (r->options.probe_ms > 0 && r->options.probe_ms < MIN_PROBE_MS)
		return MIN_PROBE_MS;
	return r->options.probe_ms;
}

static void note_failure(struct remote *r, const struct error *err)
{
	coverage_count(r->host->coverage, COVERAGE_remote_failed);
	snprintf(r->last_error, sizeof(r->last_error), "%.199s", err->text);
	if (!log_limited(&r->failed, 3))
		log_info("event=connection-failed remote=%s text=\"%s\"", r->target, err->text);
}

static void on_end(void *arg, struct session *s, const struct error *err)
{
	struct remote *r = arg;

	r->n_sessions--;
	r->disconnected_ms = loop_now_ms(r->host->loop);
	if (err)
		snprintf(r->last_error, sizeof(r->last_error), "%.199s", err->text);
	coverage_count(r->host->coverage, COVERAGE_session_closed);
	session_free(s);
	if (r->dialer)
		dialer_lost(r->dialer);
}

static int start_session(struct remote *r, int fd_take, struct error *err)
{
	struct tls *tls = NULL;
	struct session *s;

	if (r->host->n_sessions >= r->host->max_sessions) {
		close(fd_take);
		coverage_count(r->host->coverage, COVERAGE_session_refused);
		return error_set(err, "resources exhausted", "%u sessions are open",
				 r->host->max_sessions);
	}
	if (remote_kind_is_tls(r->kind) &&
	    tls_new(r->keys, fd_take, remote_kind_is_passive(r->kind), &tls, err) < 0) {
		close(fd_take);
		return -1;
	}
	s = session_new(r->host, fd_take, methods_dispatch, on_end, r);
	if (!s) {
		tls_free(tls);
		return error_nomem(err);
	}
	if (tls)
		conn_start_tls(s->conn, tls);
	session_set_probe(s, probe_ms(r));
	r->n_sessions++;
	r->connected_ms = loop_now_ms(r->host->loop);
	coverage_count(r->host->coverage, COVERAGE_session_opened);
	return 0;
}

static void on_accept(void *arg, int fd_take)
{
	struct remote *r = arg;
	struct error err;

	if (start_session(r, fd_take, &err) < 0 && !log_limited(&r->refused, 1))
		log_warn("event=session-refused remote=%s reason=\"%s\"", r->target, err.text);
}

static void on_connected(void *arg, int fd_take)
{
	struct remote *r = arg;
	struct error err;

	if (start_session(r, fd_take, &err) < 0) {
		note_failure(r, &err);
		dialer_lost(r->dialer);
		return;
	}
	r->last_error[0] = '\0';
	log_info("event=connected remote=%s", r->target);
}

static void on_failed(void *arg, const struct error *err)
{
	note_failure(arg, err);
}

static const struct dialer_events dialer_events = {
	.on_connected = on_connected,
	.on_failed = on_failed,
};

static int64_t max_backoff_ms(const struct remote *r)
{
	return r->options.max_backoff_ms == REMOTE_DEFAULT ? DEFAULT_MAX_BACKOFF_MS
							   : r->options.max_backoff_ms;
}

static int start(struct remote *r, struct error *err)
{
	uint16_t port;

	if (remote_kind_is_tls(r->kind) && tls_keys_load(r->keys, err) < 0)
		return error_wrap(err, "%s", r->target);
	if (!remote_kind_is_passive(r->kind))
		return dialer_new(r->host->loop, r->target, max_backoff_ms(r), &dialer_events, r,
				  &r->dialer, err);
	if (listener_new(r->host->loop, r->target, on_accept, r, &r->listener, err) < 0)
		return -1;
	port = listener_port(r->listener);
	if (port)
		log_info("event=listening remote=%s port=%u", r->target, (unsigned int)port);
	else
		log_info("event=listening remote=%s", r->target);
	return 0;
}

int remote_new(struct host *h, struct tls_keys *keys, const char *target,
	       const struct remote_options *options, struct remote **ret, struct error *err)
{
	enum remote_kind kind;
	struct remote *r;
	const char *rest;

	if (remote_kind_parse(target, &kind, &rest, err) < 0)
		return -1;
	r = calloc(1, sizeof(*r) + strlen(target) + 1);
	if (!r)
		return error_nomem(err);
	strcpy(r->target, target);
	r->host = h;
	r->keys = keys;
	r->kind = kind;
	r->options = *options;
	if (start(r, err) < 0) {
		free(r);
		return -1;
	}
	*ret = r;
	return 0;
}

void remote_free(struct remote *r)
{
	struct session *s, *next;

	if (!r)
		return;
	listener_free(r->listener);
	DL_FOREACH_SAFE (r->host->sessions, s, next) {
		if (s->end_arg != r)
			continue;
		coverage_count(r->host->coverage, COVERAGE_session_closed);
		conn_flush(s->conn); /* the answer to what removed this remote */
		session_free(s);
	}
	dialer_free(r->dialer);
	free(r);
}

void remote_set_options(struct remote *r, const struct remote_options *options)
{
	struct session *s;

	if (!memcmp(&r->options, options, sizeof(*options)))
		return;
	r->options = *options;
	if (r->dialer)
		dialer_set_max_backoff(r->dialer, max_backoff_ms(r));
	DL_FOREACH (r->host->sessions, s) {
		if (s->end_arg == r)
			session_set_probe(s, probe_ms(r));
	}
}

static int64_t seconds_since(const struct remote *r, int64_t ms)
{
	return ms ? (loop_now_ms(r->host->loop) - ms) / 1000 : -1;
}

static const char *state_of(const struct remote *r)
{
	if (r->listener)
		return r->n_sessions ? "ACTIVE" : NULL;
	switch (dialer_state(r->dialer)) {
	case DIALER_BACKOFF:
		return "BACKOFF";
	case DIALER_CONNECTING:
		return "CONNECTING";
	case DIALER_ACTIVE:
		return "ACTIVE";
	}
	return NULL;
}

void remote_get_status(const struct remote *r, struct remote_status *ret)
{
	*ret = (struct remote_status){
		.is_connected = r->n_sessions,
		.state = state_of(r),
		.last_error = r->last_error[0] ? r->last_error : NULL,
		.sec_since_connect = seconds_since(r, r->connected_ms),
		.sec_since_disconnect = seconds_since(r, r->disconnected_ms),
		.n_connections = r->n_sessions,
		.bound_port = r->listener ? listener_port(r->listener) : 0,
	};
}
