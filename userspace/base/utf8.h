/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Is a string UTF-8 (RFC 3629)?  For values that go into a database.
 */
#include <stddef.h>

/* NULL: it is.  Otherwise the first sequence that is not, whose last byte of *ret_n is the
 * one that does not belong there; it may be the NUL at the end. */
const char *utf8_find_invalid(const char *s, size_t *ret_n);
