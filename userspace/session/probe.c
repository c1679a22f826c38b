/* SPDX-License-Identifier: Apache-2.0 */
#include "session/probe.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/message.h"
#include "session/coverage.h"

#define ECHO "{\"id\":\"echo\",\"method\":\"echo\",\"params\":[]}"

static void on_timer(void *arg);

static void arm(struct probe *p, int64_t after_ms)
{
	loop_timer_start(p->loop, &p->timer, after_ms > 0 ? after_ms : 0, 0, on_timer, p);
}

static void give_up(struct probe *p)
{
	struct error err;

	loop_timer_stop(&p->timer);
	error_set(&err, "protocol error",
		  "no response to inactivity probe after %lld ms, disconnecting",
		  (long long)p->interval_ms);
	conn_drop(p->conn, &err);
}

static void ask(struct probe *p, int64_t now_ms)
{
	struct buf text = BUF_INIT;

	p->sent_ms = now_ms;
	arm(p, p->interval_ms);
	coverage_count(p->coverage, COVERAGE_jsonrpc_probe);
	buf_puts(&text, ECHO);
	conn_send_buf(p->conn, &text);
	conn_flush(p->conn);
}

static void on_timer(void *arg)
{
	struct probe *p = arg;
	int64_t now_ms = loop_now_ms(p->loop), active_ms = conn_active_ms(p->conn);

	if (p->sent_ms && active_ms < p->sent_ms) {
		if (now_ms - p->sent_ms >= p->interval_ms)
			give_up(p);
		else
			arm(p, p->sent_ms + p->interval_ms - now_ms);
		return;
	}
	p->sent_ms = 0;
	if (now_ms - active_ms >= p->interval_ms)
		ask(p, now_ms);
	else
		arm(p, active_ms + p->interval_ms - now_ms);
}

void probe_start(struct probe *p, int64_t interval_ms)
{
	p->interval_ms = interval_ms;
	p->sent_ms = 0;
	if (interval_ms)
		arm(p, conn_active_ms(p->conn) + interval_ms - loop_now_ms(p->loop));
	else
		loop_timer_stop(&p->timer);
}

void probe_stop(struct probe *p)
{
	loop_timer_stop(&p->timer);
}

bool probe_is_answer(const struct message *m)
{
	const char *id = json_string(m->id);

	return m->kind == MESSAGE_REPLY && id && !strcmp(id, "echo");
}
