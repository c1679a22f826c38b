/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The one event loop (libev).  Watchers are embedded in their owner's struct and
 * belong to it: stop them before the owner is freed.  One thread; only
 * loop_wake_send() may be called from another.
 */
#include <ev.h>
#include <stdint.h>

struct loop;

struct loop *loop_new(void); /* NULL: the kernel gave no epoll */
void loop_free(struct loop *l);
void loop_run(struct loop *l); /* until loop_stop() */
void loop_stop(struct loop *l);
/* One turn: waits for events if `wait`, else only looks.  For tests. */
void loop_turn(struct loop *l, int wait);
int64_t loop_now_ms(struct loop *l); /* monotonic, as of this turn */

enum { LOOP_READ = EV_READ, LOOP_WRITE = EV_WRITE };

struct loop_io {
	struct ev_io ev;
	struct loop *loop;
	void (*cb)(void *arg, int events);
	void *arg;
};
/* Calls cb while fd is ready for one of events.  Starting a started watcher changes
 * its events. */
void loop_io_start(struct loop *l, struct loop_io *w, int fd, int events,
		   void (*cb)(void *arg, int events), void *arg);
/* Starts a stopped one as it was, on the fd that has been open all the time.  Stopped again
 * within the same turn it costs no system call. */
void loop_io_resume(struct loop *l, struct loop_io *w);
void loop_io_stop(struct loop_io *w); /* fine on a zeroed or stopped one, as all *_stop */

struct loop_timer {
	struct ev_timer ev;
	struct loop *loop;
	void (*cb)(void *arg);
	void *arg;
};
/* Once after after_ms, then every repeat_ms if that is not 0.  Restarts a started one. */
void loop_timer_start(struct loop *l, struct loop_timer *w, int64_t after_ms, int64_t repeat_ms,
		      void (*cb)(void *arg), void *arg);
void loop_timer_stop(struct loop_timer *w);

struct loop_signal {
	struct ev_signal ev;
	struct loop *loop;
	void (*cb)(void *arg);
	void *arg;
};
void loop_signal_start(struct loop *l, struct loop_signal *w, int signum, void (*cb)(void *arg),
		       void *arg);
void loop_signal_stop(struct loop_signal *w);

/* Called once at the end of each turn, before the loop sleeps: work that is done at
 * most once a turn, after all input of the turn, goes here.  A callback that makes
 * new work for this or another one sets the loop going again with loop_again(). */
struct loop_prepare {
	struct ev_prepare ev;
	struct loop *loop;
	void (*cb)(void *arg);
	void *arg;
};
void loop_prepare_start(struct loop *l, struct loop_prepare *w, void (*cb)(void *arg), void *arg);
void loop_prepare_stop(struct loop_prepare *w);
void loop_again(struct loop *l); /* the next sleep returns at once */

/* Another thread wakes the loop. */
struct loop_wake {
	struct ev_async ev;
	struct loop *loop;
	void (*cb)(void *arg);
	void *arg;
};
void loop_wake_start(struct loop *l, struct loop_wake *w, void (*cb)(void *arg), void *arg);
void loop_wake_stop(struct loop_wake *w);
void loop_wake_send(struct loop_wake *w); /* from any thread */
