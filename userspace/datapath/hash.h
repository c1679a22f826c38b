/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * FNV-1a: for names and for "is it the same as before", among inputs that nobody chooses
 * to collide.
 */
#include <stddef.h>
#include <stdint.h>

#define HASH64_INIT 0xcbf29ce484222325u

static inline uint64_t hash64(uint64_t h, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 0x100000001b3u;
	return h;
}
