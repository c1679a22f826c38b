/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The bytes behind the good records of a file that was found torn.
 */
#include "base/error.h"

struct journal;

/* Before the first write: saves them in PATH.torn-<offset> and cuts them off.  Does
 * nothing where there are none. */
must_check int journal_cut_tail(struct journal *j, struct error *err);
