/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The address of a unix socket, also where its path is longer than the kernel's
 * structure.  For listen and dial.
 */
#include "base/error.h"

struct sockaddr_un;

/* A path that is too long is reached through its open directory, which the caller closes
 * after use (*ret_dir_fd; -1: not needed). */
must_check int unix_address(const char *path, struct sockaddr_un *ret, int *ret_dir_fd,
			    struct error *err);
