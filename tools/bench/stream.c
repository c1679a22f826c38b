// SPDX-License-Identifier: Apache-2.0
/*
 * TCP streams between namespaces, by turns:
 *
 *     stream [-r ROUNDS] [-t MILLISECONDS] NAME:SENDER:RECEIVER:ADDRESS...
 *
 * SENDER and RECEIVER are names below /run/netns, ADDRESS is the receiver's.  Each round streams
 * once along each path; prints for each the median of its rounds, and the ratio to the first.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "bench.h"

enum { MAX_PATHS = 16, MAX_ROUNDS = 101, BLOCK = 1 << 18, PORT = 5001 };

struct path {
	const char *name, *sender, *receiver, *address;
	double gbps[MAX_ROUNDS];
};

static struct sockaddr_in at(const char *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	if (inet_pton(AF_INET, address, &a.sin_addr) != 1)
		die(address);
	return a;
}

/* Bytes that came in the time from the first to the last, as Gb/s. */
static double receive(int listener)
{
	static char block[BLOCK];
	int fd = accept(listener, NULL, NULL);
	uint64_t bytes = 0, begin;
	ssize_t n;

	if (fd < 0)
		die("accept");
	begin = now_ns();
	while ((n = recv(fd, block, sizeof(block), MSG_TRUNC)) > 0)
		bytes += (uint64_t)n;
	if (n < 0)
		die("recv");
	close(fd);
	return (double)bytes * 8 / (double)(now_ns() - begin);
}

static void send_for(const struct path *p, double seconds)
{
	static char block[BLOCK];
	struct sockaddr_in a = at(p->address);
	uint64_t end;
	int fd;

	enter_netns(p->sender);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die(p->name);
	end = now_ns() + (uint64_t)(seconds * 1e9);
	while (now_ns() < end) {
		if (send(fd, block, sizeof(block), 0) < 0)
			die("send");
	}
	close(fd);
}

/* One stream; the receiver is a process of its own, as its namespace is. */
static double run(const struct path *p, double seconds)
{
	struct sockaddr_in a = at(p->address);
	int results[2], one = 1, listener, status;
	double gbps = 0;
	pid_t sender, receiver;

	if (pipe(results))
		die("pipe");
	receiver = fork();
	if (!receiver) {
		enter_netns(p->receiver);
		listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (listener < 0 ||
		    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
		    bind(listener, (struct sockaddr *)&a, sizeof(a)) || listen(listener, 1))
			die("listen");
		sender = fork();
		if (!sender) {
			send_for(p, seconds);
			exit(0);
		}
		gbps = receive(listener);
		waitpid(sender, &status, 0);
		if (status || write(results[1], &gbps, sizeof(gbps)) != sizeof(gbps))
			exit(1);
		exit(0);
	}
	waitpid(receiver, &status, 0);
	if (status || read(results[0], &gbps, sizeof(gbps)) != sizeof(gbps)) {
		fprintf(stderr, "stream: %s: failed\n", p->name);
		exit(1);
	}
	close(results[0]);
	close(results[1]);
	return gbps;
}

static struct path parse(char *text)
{
	struct path p = { .name = strtok(text, ":") };

	p.sender = strtok(NULL, ":");
	p.receiver = strtok(NULL, ":");
	p.address = strtok(NULL, ":");
	if (!p.address) {
		fprintf(stderr, "stream: NAME:SENDER:RECEIVER:ADDRESS is wanted\n");
		exit(2);
	}
	return p;
}

int main(int argc, char **argv)
{
	static struct path paths[MAX_PATHS];
	int rounds = 15, ms = 400, n = 0, option;

	while ((option = getopt(argc, argv, "r:t:")) != -1) {
		if (option == 'r')
			rounds = atoi(optarg);
		else if (option == 't')
			ms = atoi(optarg);
		else
			return 2;
	}
	for (int i = optind; i < argc && n < MAX_PATHS; i++)
		paths[n++] = parse(argv[i]);
	if (!n || rounds < 1 || rounds > MAX_ROUNDS || ms < 1)
		return 2;
	for (int r = 0; r < rounds; r++) {
		for (int i = 0; i < n; i++)
			paths[i].gbps[r] = run(&paths[i], ms / 1e3);
	}
	printf("%-24s %8s %8s %8s %8s\n", "path", "Gb/s", "least", "most", "ratio");
	for (int i = 0; i < n; i++) {
		double *g = paths[i].gbps;

		qsort(g, (size_t)rounds, sizeof(*g), compare_double);
		printf("%-24s %8.2f %8.2f %8.2f %8.2f\n", paths[i].name, g[rounds / 2], g[0],
		       g[rounds - 1], g[rounds / 2] / paths[0].gbps[rounds / 2]);
	}
	return 0;
}
