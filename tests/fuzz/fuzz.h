/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a fuzz target consists of.  Each NAME_fuzz.c defines the first two; fuzz_entry.c
 * has libFuzzer call them, fuzz_replay.c calls them for each file of the corpus.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

void fuzz_start(void); /* once */
void fuzz_one(const uint8_t *data, size_t size);

/* A folder of this process' own, removed at its end. */
const char *fuzz_dir(void);
/* The whole file, appended. */
void fuzz_read_file(const char *path, struct buf *to);
/* What does not hold is a finding: says it and aborts. */
void fuzz_demand(bool holds, const char *what);
