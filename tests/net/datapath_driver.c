/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For datapath.bats: the datapath layer driven by hand, without a database.
 *
 *   datapath_driver BPFFS OWNER [no-tcx]
 *
 * reads commands, one a line, and answers each with a line "= ...":
 *   port SLOT NAME system|internal|local [TAG]    in the one bridge, slot 1; to be applied
 *   mac SLOT XX:XX:XX:XX:XX:XX, mtu SLOT MTU      wishes for it
 *   mirror SLOT OUT_SLOT                          of all packets
 *   drop SLOT                                     the port goes
 *   apply        "ok" or "error: ..."
 *   state SLOT   "IFINDEX up|down link|no-link MTU MAC DRIVER: ERROR"
 *   stats SLOT   "RX_PACKETS RX_BYTES TX_PACKETS TX_BYTES"
 *   remove       everything away
 * When a device has changed, all is applied by itself: "! ok" or "! error: ...".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/loop.h"
#include "datapath/datapath.h"
#include "switch/model.h"

enum { MAX_SLOT = 600 };

struct driver {
	struct loop *loop;
	struct loop_io input;
	struct datapath *dp;
	struct model model;
	struct model_bridge bridge;
	struct model_bridge *bridges[1];
	struct model_port *ports[MAX_SLOT + 1];
	struct model_port by_slot[MAX_SLOT + 1];
	char names[MAX_SLOT + 1][64];
	struct model_mirror mirror;
	struct model_mirror *mirrors[1];
	size_t len;
	char line[4096];
};

static void say(const char *text)
{
	printf("= %s\n", text);
	fflush(stdout);
}

static void apply(struct driver *d, char mark)
{
	struct error err;

	d->bridge.n_ports = 0;
	for (uint32_t slot = 1; slot <= MAX_SLOT; slot++) {
		if (d->by_slot[slot].slot.number)
			d->ports[d->bridge.n_ports++] = &d->by_slot[slot];
	}
	if (datapath_apply(d->dp, &d->model, &err))
		printf("%c error: %s\n", mark, err.text);
	else
		printf("%c ok\n", mark);
	fflush(stdout);
}

static void on_change(void *arg)
{
	apply(arg, '!');
}

static struct model_port *port_of(struct driver *d, const char *slot)
{
	long number = strtol(slot, NULL, 10);

	if (number < 1 || number > MAX_SLOT) {
		fprintf(stderr, "slot %s?\n", slot);
		exit(1);
	}
	return &d->by_slot[number];
}

static void add_port(struct driver *d, char **words, int n)
{
	struct model_port *port = port_of(d, words[1]);
	uint32_t slot = (uint32_t)(port - d->by_slot);

	memset(port, 0, sizeof(*port));
	snprintf(d->names[slot], sizeof(d->names[slot]), "%s", words[2]);
	port->name = d->names[slot];
	port->slot.number = slot;
	port->slot.generation = 1;
	memcpy(port->uuid.b, &slot, sizeof(slot));
	port->order = (uint16_t)slot;
	port->kind = !strcmp(words[3], "system")     ? MODEL_PORT_SYSTEM
		     : !strcmp(words[3], "internal") ? MODEL_PORT_INTERNAL
						     : MODEL_PORT_LOCAL;
	if (n > 4) {
		port->vlan.mode = MODEL_VLAN_ACCESS;
		port->vlan.tag = (uint16_t)strtoul(words[4], NULL, 10);
	}
	say("ok");
}

static void set_mac(struct driver *d, char **words)
{
	struct model_port *port = port_of(d, words[1]);

	port->has_mac =
		sscanf(words[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &port->mac[0], &port->mac[1],
		       &port->mac[2], &port->mac[3], &port->mac[4], &port->mac[5]) == 6;
	say("ok");
}

static void set_mirror(struct driver *d, char **words)
{
	struct model_port *out = port_of(d, words[2]);

	d->mirror.name = "m";
	d->mirror.slot.number = (uint32_t)strtoul(words[1], NULL, 10);
	d->mirror.slot.generation = 1;
	d->mirror.selects_all = d->mirror.is_active = true;
	d->mirror.out_port = out;
	out->is_reserved = true;
	d->mirrors[0] = &d->mirror;
	d->bridge.n_mirrors = 1;
	say("ok");
}

static void print_state(struct driver *d, const char *slot)
{
	struct datapath_port_state s;

	datapath_port_state(d->dp, (uint32_t)strtoul(slot, NULL, 10), &s);
	printf("= %u %s %s %u %02x:%02x:%02x:%02x:%02x:%02x %s: %s\n", s.ifindex,
	       s.is_admin_up ? "up" : "down", s.has_link ? "link" : "no-link", s.mtu, s.mac[0],
	       s.mac[1], s.mac[2], s.mac[3], s.mac[4], s.mac[5], s.driver, s.error);
	fflush(stdout);
}

static void print_stats(struct driver *d, const char *slot)
{
	struct datapath_port_stats s;

	if (datapath_port_stats(d->dp, (uint32_t)strtoul(slot, NULL, 10), &s))
		memset(&s, 0, sizeof(s));
	printf("= %lu %lu %lu %lu\n", (unsigned long)s.rx_packets, (unsigned long)s.rx_bytes,
	       (unsigned long)s.tx_packets, (unsigned long)s.tx_bytes);
	fflush(stdout);
}

static void obey(struct driver *d, char *line)
{
	char *words[6] = { NULL }, *rest = NULL;
	struct error err;
	int n = 0;

	for (char *w = strtok_r(line, " ", &rest); w && n < 6; w = strtok_r(NULL, " ", &rest))
		words[n++] = w;
	if (n >= 4 && !strcmp(words[0], "port"))
		add_port(d, words, n);
	else if (n == 3 && !strcmp(words[0], "mac"))
		set_mac(d, words);
	else if (n == 3 && !strcmp(words[0], "mtu")) {
		port_of(d, words[1])->mtu_request = (uint32_t)strtoul(words[2], NULL, 10);
		say("ok");
	} else if (n == 3 && !strcmp(words[0], "mirror")) {
		set_mirror(d, words);
	} else if (n == 2 && !strcmp(words[0], "drop")) {
		memset(port_of(d, words[1]), 0, sizeof(struct model_port));
		say("ok");
	} else if (n == 1 && !strcmp(words[0], "apply")) {
		apply(d, '=');
	} else if (n == 2 && !strcmp(words[0], "state")) {
		print_state(d, words[1]);
	} else if (n == 2 && !strcmp(words[0], "stats")) {
		print_stats(d, words[1]);
	} else if (n == 1 && !strcmp(words[0], "remove")) {
		say(datapath_remove(d->dp, &err) ? err.text : "ok");
	} else {
		say("what?");
	}
}

static void on_input(void *arg, int events)
{
	struct driver *d = arg;
	ssize_t n = read(0, d->line + d->len, sizeof(d->line) - 1 - d->len);
	char *end;

	(void)events;
	if (n <= 0) {
		loop_stop(d->loop);
		return;
	}
	d->len += (size_t)n;
	d->line[d->len] = '\0';
	while ((end = strchr(d->line, '\n'))) {
		*end++ = '\0';
		obey(d, d->line);
		d->len = strlen(end);
		memmove(d->line, end, d->len + 1);
	}
}

int main(int argc, char **argv)
{
	struct driver *d = calloc(1, sizeof(*d));
	struct datapath_options options = { 0 };
	struct error err;

	if (!d || argc < 3)
		return 2;
	options.bpffs = argv[1];
	options.owner = argv[2];
	options.no_tcx = argc > 3;
	d->loop = loop_new();
	if (datapath_open(d->loop, &options, &d->dp, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	d->bridge.name = "br0";
	d->bridge.slot.number = d->bridge.slot.generation = 1;
	d->bridge.ageing_s = 300;
	d->bridge.fdb_max = 8192;
	d->bridge.ports = d->ports;
	d->bridge.mirrors = d->mirrors;
	d->bridges[0] = &d->bridge;
	d->model.bridges = d->bridges;
	d->model.n_bridges = 1;
	datapath_on_change(d->dp, on_change, d);
	loop_io_start(d->loop, &d->input, 0, LOOP_READ, on_input, d);
	say("ready");
	loop_run(d->loop);
	loop_io_stop(&d->input);
	datapath_close(d->dp);
	loop_free(d->loop);
	free(d);
	return 0;
}
