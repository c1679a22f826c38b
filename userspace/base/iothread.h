/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A thread beside the loop: it runs jobs that wait, for a disk or for the kernel, in the order in
 * which they were handed in, so that the loop never does.  Session has one for commits that
 * must be durable, datapath one while it loads a program that few need.  A job touches nothing
 * but itself until its done() is called,
 * on the loop's thread.
 */
#include "base/error.h"

struct iothread;
struct loop;

struct iothread_job {
	void (*run)(struct iothread_job *job); /* in the thread */
	void (*done)(struct iothread_job *job); /* in the loop; may free the job */
	struct iothread_job *next; /* iothread's */
};

/* Starts the thread, with all signals blocked in it. */
must_check int iothread_new(struct loop *loop, struct iothread **ret, struct error *err);
/* Waits for all jobs, calls their done(), ends the thread.  NULL is fine. */
void iothread_free(struct iothread *t);

void iothread_submit(struct iothread *t, struct iothread_job *job);
