/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The three kinds of monitors, by the methods that make them; each kind has its own
 * notification: "update", "update2", "update3".
 */

enum monitor_kind { MONITOR, MONITOR_COND, MONITOR_COND_SINCE };
