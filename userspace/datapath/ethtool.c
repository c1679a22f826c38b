/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/ethtool.h"

#include <assert.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(int fd, const char *name, void *command)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	request.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
}

static void read_driver(int fd, const char *name, struct ethtool_info *ret)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (ask(fd, name, &info))
		return;
	static_assert(sizeof(info.driver) == sizeof(ret->driver) &&
			      sizeof(info.version) == sizeof(ret->driver_version) &&
			      sizeof(info.fw_version) == sizeof(ret->firmware),
		      "the kernel's sizes");
	memcpy(ret->driver, info.driver, sizeof(ret->driver) - 1);
	memcpy(ret->driver_version, info.version, sizeof(ret->driver_version) - 1);
	memcpy(ret->firmware, info.fw_version, sizeof(ret->firmware) - 1);
}

static void read_speed(int fd, const char *name, struct ethtool_info *ret)
{
	union {
		struct ethtool_link_settings base;
		/* three masks of at most 127 words follow */
		char bytes[sizeof(struct ethtool_link_settings) + 3 * 127 * 4];
	} settings = { .base = { .cmd = ETHTOOL_GLINKSETTINGS } };
	int8_t n_words;

	/* The first call only tells how long the masks are, negated. */
	if (ask(fd, name, &settings) || settings.base.link_mode_masks_nwords >= 0)
		return;
	n_words = (int8_t)-settings.base.link_mode_masks_nwords;
	memset(&settings, 0, sizeof(settings));
	settings.base.cmd = ETHTOOL_GLINKSETTINGS;
	settings.base.link_mode_masks_nwords = n_words;
	if (ask(fd, name, &settings))
		return;
	if (settings.base.speed != (__u32)SPEED_UNKNOWN)
		ret->speed_bps = settings.base.speed * 1000000ull;
	ret->has_duplex = settings.base.duplex != DUPLEX_UNKNOWN;
	ret->is_full_duplex = settings.base.duplex == DUPLEX_FULL;
}

void ethtool_read(const char *name, struct ethtool_info *ret)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memset(ret, 0, sizeof(*ret));
	if (fd < 0)
		return;
	read_driver(fd, name, ret);
	read_speed(fd, name, ret);
	close(fd);
}

int ethtool_disable_lro(const char *name)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed = 0;

	if (fd < 0)
		return -errno;
	/* A driver that cannot say has none. */
	if (!ask(fd, name, &flags) && (flags.data & ETH_FLAG_LRO)) {
		flags.cmd = ETHTOOL_SFLAGS;
		flags.data &= ~(__u32)ETH_FLAG_LRO;
		failed = ask(fd, name, &flags);
	}
	close(fd);
	return failed;
}

int ethtool_disable_offloads(const char *name)
{
	static const uint32_t commands[] = { ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO,
					     ETHTOOL_STXCSUM, ETHTOOL_SSG };
	struct ethtool_value value = { .cmd = ETHTOOL_GFLAGS };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed;

	if (fd < 0)
		return -errno;
	failed = ask(fd, name, &value);
	value.cmd = ETHTOOL_SFLAGS;
	value.data &= ~(__u32)ETH_FLAG_TXVLAN;
	if (!failed)
		failed = ask(fd, name, &value);
	value.data = 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && !failed; i++) {
		value.cmd = commands[i];
		failed = ask(fd, name, &value);
	}
	close(fd);
	return failed;
}
