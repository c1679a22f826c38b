/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An image as text, a line for each entry, for people who want to know what the packet
 * programs read.  Pure.
 */
#include <stdint.h>

struct buf;
struct image;

/* bridge: a slot; 0: all of it. */
void image_put_text(struct buf *to, const struct image *image, uint32_t bridge);
