/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which switch this is: its directory on the bpffs, held by one process at a time, with a
 * record of whose it is.  Two databases, or one database in two network namespaces, are two
 * instances that do not touch each other.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define INSTANCE_ID_LEN 16

struct instance {
	char id[INSTANCE_ID_LEN + 1]; /* in names of pins and devices' aliases */
	int dir; /* <bpffs>/bvs/<id>; holds the lock */
	int owner_fd; /* BPF map with the owner's record */
	uint64_t programs; /* what the pinned programs were loaded from; 0: none */
	char *path; /* of dir */
};

/* The id of an owner in a network namespace, as text with its NUL. */
void instance_id(const char *owner, uint64_t netns_cookie, char *to);
/* A name `bvs-<8 hex>` for a device: of this instance, by what it is for. */
void instance_device_name(const struct instance *i, const char *purpose, char *to);
/* A stable address, unicast and locally administered: of this instance and for that. */
void instance_mac(const struct instance *i, const void *seed, size_t seed_len, uint8_t *to);

must_check int instance_open(const char *bpffs, const char *owner, struct instance *ret,
			     struct error *err);
/* Lets go of the lock.  Fine on one that was zeroed with dir and owner_fd -1. */
void instance_close(struct instance *i);
/* Notes what the pinned programs were loaded from. */
must_check int instance_set_programs(struct instance *i, uint64_t programs, struct error *err);
/* Removes every pin and the directory. */
must_check int instance_remove(struct instance *i, struct error *err);
