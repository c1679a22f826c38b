/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Why frames go nowhere, in words.  Pure.
 */
#include <stdint.h>

/* enum drop_reason: as one word for a counter, and as a sentence about one frame. */
const char *drop_name(uint32_t reason);
const char *drop_text(uint32_t reason);
