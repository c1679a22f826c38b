/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "datapath/link.h"
#include "datapath/netlink.h"

static void take_nsid(void *arg, const struct nlmsghdr *h)
{
	const struct nlattr *a;
	int32_t *ret = arg;

	mnl_attr_for_each(a, h, sizeof(struct rtgenmsg))
	{
		if (mnl_attr_get_type(a) == NETNSA_NSID)
			*ret = (int32_t)mnl_attr_get_u32(a);
	}
}

static bool has_number(struct netlink *n, int fd, int32_t nsid)
{
	struct netlink_request r = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(r.bytes);
	int32_t found = -1;

	mnl_nlmsg_put_extra_header(h, sizeof(struct rtgenmsg));
	h->nlmsg_type = RTM_GETNSID;
	h->nlmsg_flags = NLM_F_REQUEST;
	mnl_attr_put_u32(h, NETNSA_FD, (uint32_t)fd);
	netlink_message_end(&r, h);
	return !netlink_ask(n, &r, take_nsid, &found) && found == nsid;
}

/* The namespace among the files of a directory; suffix: below each of its entries. */
static int find_in(struct netlink *n, int32_t nsid, const char *dir, const char *suffix)
{
	DIR *stream = opendir(dir);
	struct dirent *e;
	int found = -1;

	while (stream && found < 0 && (e = readdir(stream))) {
		char path[PATH_MAX];
		int fd;

		if (e->d_name[0] == '.' || (*suffix && !isdigit((unsigned char)e->d_name[0])))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", dir, e->d_name, suffix);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && has_number(n, fd, nsid))
			found = fd;
		else if (fd >= 0)
			close(fd);
	}
	if (stream)
		closedir(stream);
	return found;
}

/* A socket belongs to the namespace in which it was made. */
static int open_there(int there, struct netlink *ret)
{
	int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), failed = 0;
	struct error err;

	if (here < 0)
		return -errno;
	if (setns(there, CLONE_NEWNET)) {
		failed = -errno;
	} else {
		if (netlink_open(ret, &err))
			failed = -err.errnum;
		if (setns(here, CLONE_NEWNET))
			abort(); /* in the wrong namespace we would do harm */
	}
	close(here);
	return failed;
}

int netns_clear_promisc(struct netlink *n, int32_t nsid, uint32_t ifindex)
{
	struct netlink other = { 0 };
	struct error err;
	int there, failed;

	there = find_in(n, nsid, "/run/netns", "");
	if (there < 0)
		there = find_in(n, nsid, "/proc", "/ns/net");
	if (there < 0)
		return -ENOENT;
	failed = open_there(there, &other);
	if (!failed && link_set_promisc(&other, ifindex, "", false, &err))
		failed = -err.errnum;
	netlink_close(&other);
	close(there);
	return failed;
}
