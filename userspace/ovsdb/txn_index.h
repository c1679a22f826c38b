/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The uniqueness of indexes across the final state of a transaction.  For txn_check.c. */
#include "base/error.h"

struct txn;

must_check int txn_check_indexes(struct txn *t, struct error *err);
