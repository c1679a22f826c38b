/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb_server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ovsdb_client.h"

enum { START_LIMIT_MS = 60000, STOP_LIMIT_MS = 10000 };

static void sleep_us(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static void run_command(const struct server *s)
{
	char log[112];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(log, sizeof(log), "%s/log", s->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	setenv("SOCK", s->sock, 1);
	setenv("DB", s->db, 1);
	setenv("DIR", s->dir, 1);
	execl("/bin/sh", "sh", "-c", s->command, (char *)NULL);
	_exit(127);
}

static bool try_get_schema(const struct server *s)
{
	struct text request = { .len = 0 };
	struct client c;

	if (!client_try_open(&c, s->sock))
		return false;
	text_put(&request, "{\"id\":0,\"method\":\"get_schema\",\"params\":[\"Open_vSwitch\"]}");
	client_call(&c, &request);
	client_close(&c);
	text_free(&request);
	return true;
}

double server_start(struct server *s)
{
	double start = now_us();
	int status;

	mkdir(s->dir, 0755);
	unlink(s->sock);
	s->pid = fork();
	if (s->pid < 0)
		die("fork: %s", strerror(errno));
	if (!s->pid)
		run_command(s);
	while (!try_get_schema(s)) {
		if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
			s->pid = 0;
			die("%s did not start, see %s/log", s->name, s->dir);
		}
		if (now_us() - start > START_LIMIT_MS * 1e3)
			die("%s did not start within %d s", s->name, START_LIMIT_MS / 1000);
		sleep_us(300);
	}
	return (now_us() - start) / 1e3;
}

void server_stop(struct server *s)
{
	double start = now_us();

	if (!s->pid)
		return;
	kill(s->pid, SIGTERM);
	while (waitpid(s->pid, NULL, WNOHANG) != s->pid) {
		if (now_us() - start > STOP_LIMIT_MS * 1e3)
			kill(s->pid, SIGKILL);
		sleep_us(1000);
	}
	s->pid = 0;
}

double server_cpu_us(const struct server *s)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(s->pid, &clock) || clock_gettime(clock, &t) < 0)
		die("%s has ended, see %s/log", s->name, s->dir);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

void server_settle(struct server *s)
{
	double before, after = server_cpu_us(s);

	for (int i = 0; i < 1000; i++) {
		before = after;
		sleep_us(10000);
		after = server_cpu_us(s);
		if (after - before < 200)
			return;
	}
}

double server_rss_mb(const struct server *s)
{
	char path[64], line[256];
	double kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)s->pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %lf", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb / 1e3;
}
