/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Allocations of the whole program, of which a test lets one fail.  Included by the one .c
 * of a program that does.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Sanitizers have an allocator of their own. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_OWN_ALLOCATOR 0
#endif
#endif
#ifndef HAS_OWN_ALLOCATOR
#define HAS_OWN_ALLOCATOR 1
#endif

static long n_left = -1; /* allocations until one fails; -1: none does */

#if HAS_OWN_ALLOCATOR
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool is_failing(void)
{
	if (n_left < 0 || n_left-- > 0)
		return false;
	n_left = -1;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return is_failing() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return is_failing() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return is_failing() ? NULL : __libc_realloc(p, size);
}
#endif
