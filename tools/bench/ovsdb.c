/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two OVSDB servers at the same work, in turns: what each operation costs them.
 *
 *	ovsdb [-q] [-v] [-r ROUNDS] [-s STEPS] -d DIR NAME=COMMAND NAME=COMMAND
 *
 * COMMAND starts a server on $SOCK and $DB and ends in an exec, STEPS is a regular
 * expression.  A third of the time of a small operation is the kernel's and the client
 * shares the machine with the servers, so what is compared first is the server's own
 * processor time.  Called by the script without the suffix; see README.md there.
 */
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ovsdb_client.h"
#include "ovsdb_server.h"
#include "ovsdb_steps.h"

enum { MAX_ROUNDS = 32 };

static const char *const metric_names[] = { "CPU us", "per s", "p99 us", "" };

static const struct step steps[] = {
	/* name, ports, operations, quick, metric, function, clients, at least, goal */
	{ "start", 10, 1, 1, CPU, step_start, 1, 0, 0, false, "" },
	{ "echo", 10, 10000, 3000, CPU, step_echo, 1, 0, 0, false, "" },
	{ "add-port (mutate)", 10, 2000, 500, CPU, step_add_port, 1, 0, 0.60, false, "" },
	{ "small update", 10, 5000, 2000, CPU, step_update, 1, 0.85, 0.70, false, "" },

	{ "add-port (mutate)", 1000, 2000, 500, CPU, step_add_port, 1, 0, 0.60, false, "" },
	{ "small update, 16 clients", 1000, 10000, 4000, CPU, step_update, 16, 0.85, 0.70, false,
	  "" },
	{ "durable update", 1000, 1000, 200, RATE, step_durable, 1, 0, 0, false, "" },
	{ "durable update, 16 clients", 1000, 3000, 400, RATE, step_durable, 16, 3, 5, false, "" },
	{ "update beside a sync of 1 s", 1000, 1, 1, P99, step_update_beside_sync, 1, 10000, 0,
	  true, "" },
	{ "update seen by 100 monitors", 1000, 500, 200, CPU, step_fanout, 100, 0.60, 0.40, false,
	  "" },

	{ "memory, filled over the wire", 10000, 1, 1, VALUE, step_memory, 1, 45, 25, true, "MB" },
	{ "start", 10000, 1, 1, CPU, step_start, 1, 0.63, 0.22, false, "" },
	{ "memory after start", 10000, 1, 1, VALUE, step_memory_after_start, 1, 45, 25, true,
	  "MB" },
	{ "add-port (mutate)", 10000, 2000, 400, CPU, step_add_port, 1, 0, 0.20, false, "" },
	{ "ovs-vsctl's transaction", 10000, 4, 2, CPU, step_vsctl, 0, 0.50, 0.30, false, "" },
	{ "ovs-vsctl from connect on", 10000, 4, 2, CPU, step_vsctl, 1, 0.50, 0.30, false, "" },
	{ "small update", 10000, 5000, 2000, CPU, step_update, 1, 0.85, 0.70, false, "" },
	{ "select by uuid", 10000, 5000, 2000, CPU, step_select_by_uuid, 1, 0.90, 0.70, false, "" },
	{ "select by name", 10000, 1000, 300, CPU, step_select_by_name, 1, 0.90, 0.70, false, "" },
	{ "select whole Interface", 10000, 4, 2, CPU, step_select_all, 1, 0.35, 0.20, false, "" },
	{ "connect and first dump", 10000, 4, 2, CPU, step_first_dump, 1, 0.40, 0.20, false, "" },
	{ "the same, all columns", 10000, 4, 0, CPU, step_first_dump_all, 1, 0.40, 0.20, false,
	  "" },
	{ "further dumps", 10000, 10, 4, CPU, step_further_dump, 1, 10000, 5000, true, "" },
	{ "30 dumps at once", 10000, 1, 0, VALUE, step_storm, 30, 300, 200, true, "ms" },
	{ "update beside a select of all", 10000, 1000, 150, P99, step_update_beside_select, 1,
	  10000, 5000, true, "" },

	{ "memory, filled over the wire", 50000, 1, 0, VALUE, step_memory, 1, 200, 120, true,
	  "MB" },
	{ "start", 50000, 1, 0, CPU, step_start, 1, 0.81, 0.24, false, "" },
	{ "memory after start", 50000, 1, 0, VALUE, step_memory_after_start, 1, 200, 120, true,
	  "MB" },
};
enum { N_STEPS = sizeof(steps) / sizeof(steps[0]) };

static struct server servers[2];
static bool is_quick, is_verbose;
static unsigned int n_rounds;
static regex_t wanted;

static bool is_wanted(const struct step *step)
{
	char name[128];

	snprintf(name, sizeof(name), "%s @%zu", step->name, step->n_ports);
	return (!is_quick || step->n_quick) && !regexec(&wanted, name, 0, NULL, 0);
}

static double metric_of(enum metric metric, const struct sample *s)
{
	switch (metric) {
	case CPU:
		return s->cpu_us;
	case RATE:
		return s->rate;
	case P99:
		return s->p99_us;
	case VALUE:
		return s->value;
	}
	return 0;
}

static void run_once(struct server *s, const struct step *step, struct sample *ret)
{
	static struct run r;

	r.server = s;
	r.step = step;
	r.n_ports = step->n_ports;
	r.n = is_quick ? step->n_quick : step->n;
	r.n_clients = step->n_clients;
	r.n_latencies = 0;
	*ret = (struct sample){ 0 };
	server_settle(s);
	step->fn(&r, ret);
	ret->p50_us = quantile(r.latencies, r.n_latencies, 0.5);
	ret->p99_us = quantile(r.latencies, r.n_latencies, 0.99);
	if (is_verbose)
		fprintf(stderr,
			"%-7s %-30s @%-6zu cpu %10.1f us  rate %9.1f  p50 %9.1f  p99 %9.1f us  "
			"value %.1f\n",
			s->name, step->name, step->n_ports, ret->cpu_us, ret->rate, ret->p50_us,
			ret->p99_us, ret->value);
}

static void print_head(void)
{
	printf("| step | ports | of the server | %s | %s | ratio | at least | goal | |\n"
	       "|---|---|---|---|---|---|---|---|---|\n",
	       servers[0].name, servers[1].name);
}

static void format_number(char *to, size_t size, double v)
{
	snprintf(to, size, v < 10 ? "%.2f" : v < 100 ? "%.1f" : "%.0f", v);
}

static const char *verdict(const struct step *step, double ours, double ratio)
{
	double v = step->is_absolute ? ours : ratio;
	bool is_more_better = step->metric == RATE;

	if (step->goal && (is_more_better ? v >= step->goal : v <= step->goal))
		return "goal";
	if (!step->at_least)
		return step->goal ? "no" : "";
	return (is_more_better ? v >= step->at_least : v <= step->at_least) ? "yes" : "NO";
}

static void format_target(char *to, size_t size, const struct step *step, double target)
{
	if (!target)
		snprintf(to, size, "-");
	else if (step->is_absolute)
		format_number(to, size, target);
	else if (step->metric == RATE)
		snprintf(to, size, "%gx", target);
	else
		snprintf(to, size, "%.0f %%", target * 100);
}

/* What the first and the last row of a step with several sizes say together. */
static void note_growth(const struct step *step, double ours, double other)
{
	static double at_10[2];

	if (step->fn != step_add_port)
		return;
	if (step->n_ports == 10) {
		at_10[0] = ours;
		at_10[1] = other;
	} else if (step->n_ports == 10000 && at_10[0] && at_10[1]) {
		fprintf(stderr, "add-port at 10000 ports against 10: %s %.2f, %s %.2f\n",
			servers[0].name, ours / at_10[0], servers[1].name, other / at_10[1]);
	}
}

static void print_row(const struct step *step, double values[2][MAX_ROUNDS])
{
	double ours = quantile(values[0], n_rounds, 0.5),
	       stock = quantile(values[1], n_rounds, 0.5);
	double ratio = stock ? ours / stock : 0;
	char a[32], b[32], at_least[32], goal[32];

	format_number(a, sizeof(a), ours);
	format_number(b, sizeof(b), stock);
	format_target(at_least, sizeof(at_least), step, step->at_least);
	format_target(goal, sizeof(goal), step, step->goal);
	printf("| %s | %zu | %s | %s | %s | %.2f | %s | %s | %s |\n", step->name, step->n_ports,
	       step->metric == VALUE ? step->unit : metric_names[step->metric], a, b, ratio,
	       at_least, goal, verdict(step, ours, ratio));
	note_growth(step, ours, stock);
	fflush(stdout);
}

static void run_step(const struct step *step)
{
	double values[2][MAX_ROUNDS];
	struct sample sample;

	for (unsigned int i = 0; i < n_rounds; i++) {
		for (unsigned int k = 0; k < 2; k++) {
			run_once(&servers[k], step, &sample);
			values[k][i] = metric_of(step->metric, &sample);
		}
	}
	print_row(step, values);
}

/* All steps with as many ports as `first` has. */
static void run_size(const struct step *first)
{
	size_t n_ports = first->n_ports;
	bool is_any = false;

	for (const struct step *s = first; s < steps + N_STEPS && s->n_ports == n_ports; s++)
		is_any |= is_wanted(s);
	if (!is_any)
		return;
	for (unsigned int k = 0; k < 2; k++) {
		unlink(servers[k].db);
		server_start(&servers[k]);
		populate(&servers[k], n_ports);
	}
	for (const struct step *s = first; s < steps + N_STEPS && s->n_ports == n_ports; s++)
		if (is_wanted(s))
			run_step(s);
	for (unsigned int k = 0; k < 2; k++)
		server_stop(&servers[k]);
}

static void stop_servers(void)
{
	for (unsigned int k = 0; k < 2; k++)
		if (servers[k].pid)
			kill(servers[k].pid, SIGKILL);
}

static void on_alarm(int signal)
{
	(void)signal;
	stop_servers();
	_exit(124);
}

static void set_server(struct server *s, const char *dir, char *arg)
{
	char *equals = strchr(arg, '=');

	if (!equals)
		die("%s: NAME=COMMAND expected", arg);
	*equals = '\0';
	s->name = arg;
	s->command = equals + 1;
	snprintf(s->dir, sizeof(s->dir), "%s/%td", dir, s - servers);
	snprintf(s->sock, sizeof(s->sock), "%s/sock", s->dir);
	snprintf(s->db, sizeof(s->db), "%s/conf.db", s->dir);
}

int main(int argc, char **argv)
{
	const char *dir = NULL, *pattern = ".";
	int c;

	while ((c = getopt(argc, argv, "qvr:s:d:")) != -1) {
		if (c == 'q')
			is_quick = true;
		else if (c == 'v')
			is_verbose = true;
		else if (c == 'r')
			n_rounds = (unsigned int)atoi(optarg);
		else if (c == 's')
			pattern = optarg;
		else if (c == 'd')
			dir = optarg;
		else
			return 2;
	}
	if (argc - optind != 2 || !dir || strlen(dir) > 60)
		die("usage: ovsdb [-q] [-v] [-r ROUNDS] [-s STEPS] -d DIR NAME=COMMAND "
		    "NAME=COMMAND");
	if (regcomp(&wanted, pattern, REG_EXTENDED | REG_NOSUB))
		die("%s: bad regular expression", pattern);
	if (!n_rounds || n_rounds > MAX_ROUNDS)
		n_rounds = is_quick ? 2 : 5;
	for (int k = 0; k < 2; k++)
		set_server(&servers[k], dir, argv[optind + k]);
	atexit(stop_servers);
	signal(SIGALRM, on_alarm);
	signal(SIGTERM, on_alarm);
	signal(SIGINT, on_alarm);
	alarm(is_quick ? 300 : 1800);
	print_head();
	for (size_t i = 0; i < N_STEPS; i++)
		if (!i || steps[i].n_ports != steps[i - 1].n_ports)
			run_size(&steps[i]);
	return 0;
}
