/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb_steps.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ovsdb_client.h"
#include "ovsdb_load.h"

enum { MAX_CLIENTS = 128, POPULATE_BATCH = 250 };

static double by_value(const void *p)
{
	return *(const double *)p;
}

static int compare_doubles(const void *a, const void *b)
{
	return (by_value(a) > by_value(b)) - (by_value(a) < by_value(b));
}

double quantile(double *values, size_t n, double q)
{
	if (!n)
		return 0;
	qsort(values, n, sizeof(*values), compare_doubles);
	return values[(size_t)((double)(n - 1) * q + 0.5)];
}

static void add_latency(struct run *r, double us)
{
	if (r->n_latencies < MAX_OPS)
		r->latencies[r->n_latencies++] = us;
}

/* Measuring: begin, the work, end. */

struct clock {
	double wall, cpu;
};

static struct clock clock_start(const struct run *r)
{
	return (struct clock){ now_us(), server_cpu_us(r->server) };
}

static void clock_stop(const struct run *r, const struct clock *start, double n, struct sample *ret)
{
	ret->rate = n / ((now_us() - start->wall) / 1e6);
	ret->cpu_us = (server_cpu_us(r->server) - start->cpu) / n;
}

static void call_once(struct client *c, struct text *request)
{
	client_call(c, request);
	request->len = 0;
}

static struct client connect_to(const struct run *r)
{
	struct client c;

	client_open(&c, r->server->sock);
	return c;
}

/* One client, one request after the other. */

typedef void request_fn(struct text *to, const struct run *r, size_t i);

static void run_sequence(struct run *r, request_fn *fn, struct sample *ret)
{
	struct text request = { .len = 0 };
	struct client c = connect_to(r);
	struct clock start = clock_start(r);

	for (size_t i = 0; i < r->n; i++) {
		double sent;

		fn(&request, r, i);
		sent = now_us();
		call_once(&c, &request);
		add_latency(r, now_us() - sent);
	}
	clock_stop(r, &start, (double)r->n, ret);
	client_close(&c);
	text_free(&request);
}

static void put_echo(struct text *to, const struct run *r, size_t i)
{
	(void)r;
	(void)i;
	load_echo(to);
}

/* Scattered, the same for both servers. */
static size_t some_port(const struct run *r, size_t i)
{
	return i * 7919 % r->n_ports;
}

static unsigned int fresh_value(void)
{
	static unsigned int n;

	return ++n;
}

static void put_update(struct text *to, const struct run *r, size_t i)
{
	load_update(to, some_port(r, i), fresh_value(), false);
}

static void put_durable_update(struct text *to, const struct run *r, size_t i)
{
	load_update(to, some_port(r, i), fresh_value(), true);
}

static void put_select_by_uuid(struct text *to, const struct run *r, size_t i)
{
	load_select_by(to, "_uuid", some_port(r, i));
}

static void put_select_by_name(struct text *to, const struct run *r, size_t i)
{
	load_select_by(to, "name", some_port(r, i));
}

static void put_select_all(struct text *to, const struct run *r, size_t i)
{
	(void)r;
	(void)i;
	load_select_all(to);
}

void step_echo(struct run *r, struct sample *ret)
{
	run_sequence(r, put_echo, ret);
}

void step_select_by_uuid(struct run *r, struct sample *ret)
{
	run_sequence(r, put_select_by_uuid, ret);
}

void step_select_by_name(struct run *r, struct sample *ret)
{
	run_sequence(r, put_select_by_name, ret);
}

void step_select_all(struct run *r, struct sample *ret)
{
	run_sequence(r, put_select_all, ret);
}

/* Several clients, each with one request under way. */

static void run_crowd(struct run *r, request_fn *fn, struct sample *ret)
{
	struct client clients[MAX_CLIENTS];
	struct pollfd polls[MAX_CLIENTS];
	double sent[MAX_CLIENTS];
	struct text request = { .len = 0 };
	size_t n_sent = 0, n_done = 0;
	struct clock start;

	for (unsigned int i = 0; i < r->n_clients; i++) {
		clients[i] = connect_to(r);
		polls[i] = (struct pollfd){ clients[i].fd, POLLIN, 0 };
	}
	start = clock_start(r);
	for (unsigned int i = 0; i < r->n_clients; i++) {
		fn(&request, r, n_sent++);
		sent[i] = now_us();
		client_send(&clients[i], request.data, request.len);
		request.len = 0;
	}
	while (n_done < r->n) {
		if (poll(polls, r->n_clients, 60000) <= 0)
			die("no answer within a minute");
		for (unsigned int i = 0; i < r->n_clients; i++) {
			struct message m;

			if (!polls[i].revents)
				continue;
			client_fill(&clients[i]);
			if (!client_next(&clients[i], &m))
				continue;
			add_latency(r, now_us() - sent[i]);
			n_done++;
			if (n_sent == r->n)
				continue;
			fn(&request, r, n_sent++);
			sent[i] = now_us();
			client_send(&clients[i], request.data, request.len);
			request.len = 0;
		}
	}
	clock_stop(r, &start, (double)r->n, ret);
	for (unsigned int i = 0; i < r->n_clients; i++)
		client_close(&clients[i]);
	text_free(&request);
}

void step_update(struct run *r, struct sample *ret)
{
	if (r->n_clients > 1)
		run_crowd(r, put_update, ret);
	else
		run_sequence(r, put_update, ret);
}

void step_durable(struct run *r, struct sample *ret)
{
	if (r->n_clients > 1)
		run_crowd(r, put_durable_update, ret);
	else
		run_sequence(r, put_durable_update, ret);
}

/* Adding ports: in chunks, each taken away again outside the measurement, so that the
 * size of the database stays what the step says. */

void step_add_port(struct run *r, struct sample *ret)
{
	size_t chunk = r->n_ports < 100 ? 10 : 100, n_done = 0;
	struct text request = { .len = 0 };
	struct client c = connect_to(r);
	double wall = 0, cpu = 0;

	while (n_done < r->n) {
		struct clock start = clock_start(r);

		for (size_t i = 0; i < chunk; i++) {
			double sent;

			load_add_port(&request, r->n_ports + i);
			sent = now_us();
			call_once(&c, &request);
			add_latency(r, now_us() - sent);
		}
		cpu += server_cpu_us(r->server) - start.cpu;
		wall += now_us() - start.wall;
		load_delete_ports(&request, r->n_ports, chunk);
		call_once(&c, &request);
		n_done += chunk;
	}
	ret->cpu_us = cpu / (double)n_done;
	ret->rate = (double)n_done / wall * 1e6;
	client_close(&c);
	text_free(&request);
}

static void read_initial(struct client *c, bool is_all)
{
	struct text request = { .len = 0 };

	load_monitor(&request, is_all);
	client_call(c, &request);
	text_free(&request);
}

/* With n_clients, each one connects and reads the database first, as ovs-vsctl does. */
void step_vsctl(struct run *r, struct sample *ret)
{
	struct text add = { .len = 0 }, undo = { .len = 0 };
	double wall = 0, cpu = 0;

	load_vsctl_add_port(&add, r->n_ports);
	load_reset_ports(&undo, r->n_ports);
	for (size_t i = 0; i < r->n; i++) {
		struct clock start = clock_start(r);
		struct client c = connect_to(r);
		double sent;

		if (r->n_clients)
			read_initial(&c, false);
		sent = now_us();
		client_call(&c, &add);
		add_latency(r, now_us() - (r->n_clients ? start.wall : sent));
		client_close(&c);
		server_settle(r->server);
		cpu += server_cpu_us(r->server) - start.cpu;
		wall += now_us() - start.wall;
		c = connect_to(r);
		client_call(&c, &undo);
		client_close(&c);
		server_settle(r->server);
	}
	ret->cpu_us = cpu / (double)r->n;
	ret->rate = (double)r->n / wall * 1e6;
	text_free(&add);
	text_free(&undo);
}

/* Initial dumps */

/* Something changes, so that nothing made before the change can be used. */
static void touch(const struct run *r)
{
	struct text request = { .len = 0 };
	struct client c = connect_to(r);

	put_update(&request, r, 0);
	client_call(&c, &request);
	client_close(&c);
	text_free(&request);
	server_settle(r->server);
}

static void run_dumps(struct run *r, bool is_all, bool is_further, struct sample *ret)
{
	struct client first = { .fd = -1 };
	double wall = 0, cpu = 0;

	touch(r);
	if (is_further) {
		first = connect_to(r);
		read_initial(&first, is_all);
		server_settle(r->server);
	}
	for (size_t i = 0; i < r->n; i++) {
		struct clock start = clock_start(r);
		struct client c = connect_to(r);

		read_initial(&c, is_all);
		add_latency(r, now_us() - start.wall);
		wall += now_us() - start.wall;
		client_close(&c);
		server_settle(r->server);
		cpu += server_cpu_us(r->server) - start.cpu;
		if (!is_further)
			touch(r);
	}
	ret->cpu_us = cpu / (double)r->n;
	ret->rate = (double)r->n / wall * 1e6;
	if (is_further)
		client_close(&first);
}

void step_first_dump(struct run *r, struct sample *ret)
{
	run_dumps(r, false, false, ret);
}

void step_first_dump_all(struct run *r, struct sample *ret)
{
	run_dumps(r, true, false, ret);
}

void step_further_dump(struct run *r, struct sample *ret)
{
	run_dumps(r, false, true, ret);
}

/* n_clients connect, ask and are answered at once.  Bytes are counted only, since
 * looking at them all would take the client longer than it takes the server. */
void step_storm(struct run *r, struct sample *ret)
{
	struct pollfd polls[MAX_CLIENTS];
	size_t left[MAX_CLIENTS], size;
	struct text request = { .len = 0 };
	unsigned int n_left = r->n_clients;
	struct client c = connect_to(r);
	static char sink[1 << 20];
	struct clock start;

	load_monitor(&request, false);
	size = client_call(&c, &request).len;
	client_close(&c);
	touch(r);
	start = clock_start(r);
	for (unsigned int i = 0; i < r->n_clients; i++) {
		c = connect_to(r);
		client_send(&c, request.data, request.len);
		polls[i] = (struct pollfd){ c.fd, POLLIN, 0 };
		left[i] = size - 64; /* the ids of transactions may differ */
	}
	while (n_left) {
		if (poll(polls, r->n_clients, 60000) <= 0)
			die("no answer within a minute");
		for (unsigned int i = 0; i < r->n_clients; i++) {
			ssize_t n = polls[i].revents ? read(polls[i].fd, sink, sizeof(sink)) : 0;

			if (n <= 0)
				continue;
			left[i] -= (size_t)n < left[i] ? (size_t)n : left[i];
			if (!left[i]) {
				close(polls[i].fd);
				polls[i].fd = -1;
				polls[i].revents = 0;
				n_left--;
			}
		}
	}
	ret->value = (now_us() - start.wall) / 1e3;
	server_settle(r->server);
	clock_stop(r, &start, r->n_clients, ret);
	text_free(&request);
}

/* One client while another one reads a whole table again and again. */

struct reader {
	pthread_t thread;
	const struct run *run;
	atomic_bool is_over;
};

static void *read_all(void *arg)
{
	struct reader *reader = arg;
	struct client c = connect_to(reader->run);
	struct text request = { .len = 0 };

	load_select_all(&request);
	while (!reader->is_over)
		client_call(&c, &request);
	client_close(&c);
	text_free(&request);
	return NULL;
}

void step_update_beside_select(struct run *r, struct sample *ret)
{
	struct reader reader = { .run = r };
	struct text request = { .len = 0 };
	struct client c = connect_to(r);
	struct clock start = clock_start(r);

	if (pthread_create(&reader.thread, NULL, read_all, &reader))
		die("no thread");
	/* Paced, so that those that come during a select are not the exception. */
	for (size_t i = 0; i < r->n && now_us() - start.wall < (double)r->n * 1e4; i++) {
		double sent;

		nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
		put_update(&request, r, i);
		sent = now_us();
		call_once(&c, &request);
		add_latency(r, now_us() - sent);
	}
	reader.is_over = true;
	pthread_join(reader.thread, NULL);
	clock_stop(r, &start, (double)r->n, ret);
	client_close(&c);
	text_free(&request);
}

static void set_slow_disk(const struct run *r, bool is_slow)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/slow", r->server->dir);
	if (!is_slow) {
		unlink(path);
		return;
	}
	f = fopen(path, "w");
	if (!f)
		die("%s: cannot be made", path);
	fclose(f);
}

/* One client waits for the disk, which takes a second; another one's updates meanwhile. */
void step_update_beside_sync(struct run *r, struct sample *ret)
{
	struct client waiting = connect_to(r), c = connect_to(r);
	struct text request = { .len = 0 };
	struct clock start;

	set_slow_disk(r, true);
	put_durable_update(&request, r, 0);
	start = clock_start(r);
	client_send(&waiting, request.data, request.len);
	request.len = 0;
	for (size_t i = 1; !poll(&(struct pollfd){ waiting.fd, POLLIN, 0 }, 1, 2); i++) {
		double sent;

		put_update(&request, r, i);
		sent = now_us();
		call_once(&c, &request);
		add_latency(r, now_us() - sent);
	}
	if (now_us() - start.wall < 0.9e6)
		die("a durable commit was answered before it was on the disk");
	set_slow_disk(r, false);
	client_reply(&waiting);
	clock_stop(r, &start, (double)r->n_latencies, ret);
	client_close(&waiting);
	client_close(&c);
	text_free(&request);
}

/* Each update is seen by n_clients. */
void step_fanout(struct run *r, struct sample *ret)
{
	struct client clients[MAX_CLIENTS], c = connect_to(r);
	struct text request = { .len = 0 };
	struct message m;
	struct clock start;

	load_monitor_interfaces(&request);
	for (unsigned int i = 0; i < r->n_clients; i++) {
		clients[i] = connect_to(r);
		client_call(&clients[i], &request);
	}
	request.len = 0;
	start = clock_start(r);
	for (size_t i = 0; i < r->n; i++) {
		double sent;

		put_update(&request, r, i);
		sent = now_us();
		call_once(&c, &request);
		for (unsigned int k = 0; k < r->n_clients; k++)
			while (!client_next(&clients[k], &m))
				client_fill(&clients[k]);
		add_latency(r, now_us() - sent);
	}
	clock_stop(r, &start, (double)r->n, ret);
	for (unsigned int i = 0; i < r->n_clients; i++)
		client_close(&clients[i]);
	client_close(&c);
	text_free(&request);
}

/* Databases */

void populate(struct server *s, size_t n_ports)
{
	struct text request = { .len = 0 };
	struct client c;

	client_open(&c, s->sock);
	load_root(&request);
	call_once(&c, &request);
	for (size_t from = 0; from < n_ports; from += POPULATE_BATCH) {
		size_t n = n_ports - from < POPULATE_BATCH ? n_ports - from : POPULATE_BATCH;

		load_ports(&request, from, n);
		call_once(&c, &request);
	}
	client_close(&c);
	text_free(&request);
	server_settle(s);
}

/* Memory of a server that was filled over the wire and then left alone. */
void step_memory(struct run *r, struct sample *ret)
{
	ret->value = server_rss_mb(r->server);
}

void step_memory_after_start(struct run *r, struct sample *ret)
{
	server_stop(r->server);
	server_start(r->server);
	server_settle(r->server);
	ret->value = server_rss_mb(r->server);
}

void step_start(struct run *r, struct sample *ret)
{
	server_stop(r->server);
	add_latency(r, server_start(r->server) * 1e3);
	server_settle(r->server);
	ret->cpu_us = server_cpu_us(r->server);
}
