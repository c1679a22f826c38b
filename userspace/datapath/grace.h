/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Waits until every packet that was under way has left the programs.
 */
#include "base/error.h"

must_check int grace_wait(struct error *err);
