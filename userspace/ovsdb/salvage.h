/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What can be saved of a damaged database file: the effect of every good record, before
 * and behind the damage, as far as it fits together, in a new file.  For main.c
 * (--salvage).
 */
#include "base/error.h"

struct buf;

/* Reads path, which is left as it is, and writes out, which must not exist.  The report
 * gets a line for all that is lost, with its offset; nothing lost, no line. */
must_check int salvage(const char *path, const char *out, struct buf *report, struct error *err);
