/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Requests to rtnetlink and their answers, one at a time.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mnl_socket;
struct nlmsghdr;

struct netlink {
	struct mnl_socket *socket;
	uint32_t seq;
};

/* A request under construction; one or more messages. */
struct netlink_request {
	uint32_t n_messages;
	size_t len;
	char bytes[4096];
};

must_check int netlink_open(struct netlink *n, struct error *err);
void netlink_close(struct netlink *n); /* fine on a zeroed one */

/* A link message at the request's end; several are carried out one after the other without
 * anybody being able to end the process in between.  The message is complete when the next
 * one is begun or the request is sent. */
struct nlmsghdr *netlink_link_message(struct netlink_request *r, uint16_t type, uint16_t flags,
				      uint32_t ifindex);
/* To be called when a message's attributes are all there. */
void netlink_message_end(struct netlink_request *r, struct nlmsghdr *h);

/* Sends and waits for the acknowledgements: 0, or the first error's -errno. */
int netlink_do(struct netlink *n, struct netlink_request *r);
/* Sends a query: cb is called with each answering message; 0 or -errno.  A dump that was
 * disturbed by a change (-EINTR) is the caller's to repeat. */
int netlink_ask(struct netlink *n, struct netlink_request *r,
		void (*cb)(void *arg, const struct nlmsghdr *h), void *arg);
