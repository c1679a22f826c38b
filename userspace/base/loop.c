/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <stdlib.h>
#include <time.h>

struct loop {
	struct ev_loop *ev;
	struct ev_timer again;
};

static void on_again(struct ev_loop *ev, struct ev_timer *w, int events)
{
	(void)ev, (void)w, (void)events; /* its only purpose is to end the sleep */
}

struct loop *loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	if (!l->ev) {
		free(l);
		return NULL;
	}
	ev_timer_init(&l->again, on_again, 0., 0.);
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	ev_timer_stop(l->ev, &l->again);
	ev_loop_destroy(l->ev);
	free(l);
}

void loop_run(struct loop *l)
{
	ev_run(l->ev, 0);
}

void loop_stop(struct loop *l)
{
	ev_break(l->ev, EVBREAK_ALL);
}

void loop_turn(struct loop *l, int wait)
{
	ev_run(l->ev, wait ? EVRUN_ONCE : EVRUN_NOWAIT);
}

int64_t loop_now_ms(struct loop *l)
{
	(void)l;
	/* ev_now() is wall-clock time: a clock step would fire or delay timeouts. */
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void loop_again(struct loop *l)
{
	ev_timer_start(l->ev, &l->again);
}

static void on_io(struct ev_loop *ev, struct ev_io *e, int events)
{
	struct loop_io *w = e->data;

	(void)ev;
	w->cb(w->arg, events);
}

void loop_io_start(struct loop *l, struct loop_io *w, int fd, int events,
		   void (*cb)(void *arg, int events), void *arg)
{
	if (w->loop)
		ev_io_stop(l->ev, &w->ev);
	ev_io_init(&w->ev, on_io, fd, events);
	w->ev.data = w;
	w->loop = l;
	w->cb = cb;
	w->arg = arg;
	ev_io_start(l->ev, &w->ev);
}

void loop_io_resume(struct loop *l, struct loop_io *w)
{
	w->loop = l;
	ev_io_start(l->ev, &w->ev);
}

void loop_io_stop(struct loop_io *w)
{
	if (w->loop)
		ev_io_stop(w->loop->ev, &w->ev);
	w->loop = NULL;
}

static void on_timer(struct ev_loop *ev, struct ev_timer *e, int events)
{
	struct loop_timer *w = e->data;

	(void)ev, (void)events;
	w->cb(w->arg);
}

void loop_timer_start(struct loop *l, struct loop_timer *w, int64_t after_ms, int64_t repeat_ms,
		      void (*cb)(void *arg), void *arg)
{
	if (w->loop)
		ev_timer_stop(l->ev, &w->ev);
	ev_now_update(l->ev); /* a long turn must not shorten the delay */
	ev_timer_init(&w->ev, on_timer, (double)after_ms / 1e3, (double)repeat_ms / 1e3);
	w->ev.data = w;
	w->loop = l;
	w->cb = cb;
	w->arg = arg;
	ev_timer_start(l->ev, &w->ev);
}

void loop_timer_stop(struct loop_timer *w)
{
	if (w->loop)
		ev_timer_stop(w->loop->ev, &w->ev);
	w->loop = NULL;
}

static void on_signal(struct ev_loop *ev, struct ev_signal *e, int events)
{
	struct loop_signal *w = e->data;

	(void)ev, (void)events;
	w->cb(w->arg);
}

void loop_signal_start(struct loop *l, struct loop_signal *w, int signum, void (*cb)(void *arg),
		       void *arg)
{
	ev_signal_init(&w->ev, on_signal, signum);
	w->ev.data = w;
	w->loop = l;
	w->cb = cb;
	w->arg = arg;
	ev_signal_start(l->ev, &w->ev);
}

void loop_signal_stop(struct loop_signal *w)
{
	if (w->loop)
		ev_signal_stop(w->loop->ev, &w->ev);
	w->loop = NULL;
}

static void on_prepare(struct ev_loop *ev, struct ev_prepare *e, int events)
{
	struct loop_prepare *w = e->data;

	(void)ev, (void)events;
	w->cb(w->arg);
}

void loop_prepare_start(struct loop *l, struct loop_prepare *w, void (*cb)(void *arg), void *arg)
{
	ev_prepare_init(&w->ev, on_prepare);
	w->ev.data = w;
	w->loop = l;
	w->cb = cb;
	w->arg = arg;
	ev_prepare_start(l->ev, &w->ev);
}

void loop_prepare_stop(struct loop_prepare *w)
{
	if (w->loop)
		ev_prepare_stop(w->loop->ev, &w->ev);
	w->loop = NULL;
}

static void on_wake(struct ev_loop *ev, struct ev_async *e, int events)
{
	struct loop_wake *w = e->data;

	(void)ev, (void)events;
	w->cb(w->arg);
}

void loop_wake_start(struct loop *l, struct loop_wake *w, void (*cb)(void *arg), void *arg)
{
	ev_async_init(&w->ev, on_wake);
	w->ev.data = w;
	w->loop = l;
	w->cb = cb;
	w->arg = arg;
	ev_async_start(l->ev, &w->ev);
}

void loop_wake_stop(struct loop_wake *w)
{
	if (w->loop)
		ev_async_stop(w->loop->ev, &w->ev);
	w->loop = NULL;
}

void loop_wake_send(struct loop_wake *w)
{
	ev_async_send(w->loop->ev, &w->ev);
}
