/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/netlink.h"

#include <assert.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

int netlink_open(struct netlink *n, struct error *err)
{
	n->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!n->socket)
		return error_errno(err, errno, "open rtnetlink socket");
	if (mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID))
		return error_errno(err, errno, "bind rtnetlink socket");
	return 0;
}

void netlink_close(struct netlink *n)
{
	if (n->socket)
		mnl_socket_close(n->socket);
	n->socket = NULL;
}

struct nlmsghdr *netlink_link_message(struct netlink_request *r, uint16_t type, uint16_t flags,
				      uint32_t ifindex)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(r->bytes + r->len);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)ifindex;
	return h;
}

void netlink_message_end(struct netlink_request *r, struct nlmsghdr *h)
{
	r->len += NLMSG_ALIGN(h->nlmsg_len);
	r->n_messages++;
	assert(r->len <= sizeof(r->bytes));
}

static int send_all(struct netlink *n, struct netlink_request *r, uint32_t *ret_first)
{
	struct nlmsghdr *h = (struct nlmsghdr *)r->bytes;
	int left = (int)r->len;

	*ret_first = n->seq + 1;
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		h->nlmsg_seq = ++n->seq;
	return mnl_socket_sendto(n->socket, r->bytes, r->len) < 0 ? -errno : 0;
}

/* Reads until the message numbered `last` is answered for.  Answers to earlier requests,
 * left by one that failed half way, are skipped. */
static int receive(struct netlink *n, uint32_t first, uint32_t last,
		   void (*cb)(void *arg, const struct nlmsghdr *h), void *arg)
{
	char bytes[32768]; /* the most that a dump puts into one read */
	int result = 0;

	for (;;) {
		ssize_t len = mnl_socket_recvfrom(n->socket, bytes, sizeof(bytes));
		struct nlmsghdr *h = (struct nlmsghdr *)bytes;
		int left = (int)len;

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

			if (h->nlmsg_seq - first > last - first)
				continue;
			if (h->nlmsg_flags & NLM_F_DUMP_INTR)
				result = -EINTR;
			if (h->nlmsg_type == NLMSG_ERROR && e->error && !result)
				result = e->error;
			if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
				if (h->nlmsg_seq == last)
					return result;
				continue;
			}
			if (cb)
				cb(arg, h);
			if (!(h->nlmsg_flags & NLM_F_MULTI) && cb && h->nlmsg_seq == last)
				return result;
		}
	}
}

int netlink_do(struct netlink *n, struct netlink_request *r)
{
	struct nlmsghdr *h = (struct nlmsghdr *)r->bytes;
	int left = (int)r->len, failed;
	uint32_t first;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		h->nlmsg_flags |= NLM_F_ACK;
	failed = send_all(n, r, &first);
	return failed ? failed : receive(n, first, n->seq, NULL, NULL);
}

int netlink_ask(struct netlink *n, struct netlink_request *r,
		void (*cb)(void *arg, const struct nlmsghdr *h), void *arg)
{
	uint32_t first;
	int failed = send_all(n, r, &first);

	return failed ? failed : receive(n, first, n->seq, cb, arg);
}
