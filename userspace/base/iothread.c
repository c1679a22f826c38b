/* SPDX-License-Identifier: Apache-2.0 */
#include "base/iothread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/loop.h"

struct job_queue {
	struct iothread_job *first;
	struct iothread_job **last;
};

struct iothread {
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;
	struct job_queue todo;
	struct job_queue finished;
	bool is_ending;
	struct loop_wake wake;
};

static void queue_init(struct job_queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void queue_add(struct job_queue *q, struct iothread_job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

static struct iothread_job *queue_take(struct job_queue *q)
{
	struct iothread_job *job = q->first;

	if (job) {
		q->first = job->next;
		if (!q->first)
			q->last = &q->first;
	}
	return job;
}

static void *thread_main(void *arg)
{
	struct iothread *t = arg;
	struct iothread_job *job;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		job = queue_take(&t->todo);
		if (!job && t->is_ending)
			break;
		if (!job) {
			pthread_cond_wait(&t->work, &t->lock);
			continue;
		}
		pthread_mutex_unlock(&t->lock);
		job->run(job);
		pthread_mutex_lock(&t->lock);
		queue_add(&t->finished, job);
		loop_wake_send(&t->wake);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void on_wake(void *arg)
{
	struct iothread *t = arg;
	struct iothread_job *job;

	for (;;) {
		pthread_mutex_lock(&t->lock);
		job = queue_take(&t->finished);
		pthread_mutex_unlock(&t->lock);
		if (!job)
			return;
		job->done(job);
	}
}

/* Signals are the loop's: a thread that could take one would only delay it. */
static int start_thread(struct iothread *t)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&t->thread, NULL, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

int iothread_new(struct loop *loop, struct iothread **ret, struct error *err)
{
	struct iothread *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return error_nomem(err);
	queue_init(&t->todo);
	queue_init(&t->finished);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	loop_wake_start(loop, &t->wake, on_wake, t);
	rc = start_thread(t);
	if (rc) {
		loop_wake_stop(&t->wake);
		free(t);
		return error_errno(err, rc, "start the I/O thread");
	}
	*ret = t;
	return 0;
}

void iothread_free(struct iothread *t)
{
	struct iothread_job *job;

	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->is_ending = true;
	pthread_cond_signal(&t->work);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	on_wake(t);
	/* What a done() handed in since: there is no loop left to hold up. */
	while ((job = queue_take(&t->todo))) {
		job->run(job);
		job->done(job);
	}
	loop_wake_stop(&t->wake);
	pthread_cond_destroy(&t->work);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void iothread_submit(struct iothread *t, struct iothread_job *job)
{
	pthread_mutex_lock(&t->lock);
	queue_add(&t->todo, job);
	pthread_cond_signal(&t->work);
	pthread_mutex_unlock(&t->lock);
}
