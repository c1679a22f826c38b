/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A tunnel's options as a user writes them, for tests: "remote_ip=10.0.0.9 key=5".
 */
#include <assert.h>
#include <string.h>

#include "switch/tunnel.h"

enum { TUNNEL_OPTIONS_MAX = 12 };

/* Cuts up the text, into which the options point. */
static inline size_t tunnel_options_split(char *text, struct tunnel_option *ret)
{
	size_t n = 0;

	for (char *s = strtok(text, " "); s; s = strtok(NULL, " ")) {
		char *value = strchr(s, '=');

		assert(value && n < TUNNEL_OPTIONS_MAX);
		*value = '\0';
		ret[n++] = (struct tunnel_option){ s, value + 1 };
	}
	return n;
}
