/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/filters.h"

#include <stdlib.h>
#include <string.h>

#include "datapath/image.h"

struct filters *filters_new(void)
{
	struct filters *f = calloc(1, sizeof(*f));

	if (!f)
		abort();
	return f;
}

void filters_free(struct filters *f)
{
	free(f);
}

void filters_load(struct filters *f, uint32_t index, const struct filter_insn *insn)
{
	f->insns[index] = *insn;
}

static bool is_sound(const struct mirror_config *m)
{
	return m->filter_len && m->filter < FILTER_INSNS &&
	       m->filter_len <= FILTER_INSNS - m->filter;
}

/* At its place in the list; a run that is there already is left alone. */
static void add_run(struct filters *f, uint32_t first, uint32_t n, bool is_dirty)
{
	size_t i = 0;

	while (i < f->n_runs && f->runs[i].first < first)
		i++;
	if (i < f->n_runs && f->runs[i].first == first)
		return;
	memmove(&f->runs[i + 1], &f->runs[i], (f->n_runs - i) * sizeof(f->runs[0]));
	f->runs[i] = (struct filter_run){ first, n, is_dirty };
	f->n_runs++;
}

void filters_begin(struct filters *f, const struct image *active)
{
	f->active = active;
	f->n_runs = 0;
	for (size_t i = 0; i < active->n; i++) {
		const struct mirror_config *m = active->entries[i].value;

		if (active->entries[i].map == IMAGE_MIRRORS && is_sound(m))
			add_run(f, m->filter, m->filter_len, false);
	}
}

int filters_place(struct filters *f, const struct filter_insn *insns, uint32_t n,
		  uint32_t *ret_first, struct error *err)
{
	uint32_t gap = 0; /* where the run before ends */

	for (size_t i = 0; i < f->n_runs; i++) {
		const struct filter_run *r = &f->runs[i];

		if (r->n == n && !memcmp(&f->insns[r->first], insns, n * sizeof(*insns))) {
			*ret_first = r->first;
			return 0;
		}
	}
	for (size_t i = 0; i < f->n_runs; i++) {
		if (f->runs[i].first - gap >= n)
			break;
		gap = f->runs[i].first + f->runs[i].n;
	}
	if (FILTER_INSNS - gap < n)
		return error_set(err, "resources exhausted",
				 "the filters of all mirrors take more than %d instructions",
				 FILTER_INSNS);
	memcpy(&f->insns[gap], insns, n * sizeof(*insns));
	add_run(f, gap, n, true);
	*ret_first = gap;
	return 0;
}

bool filters_in_force(const struct filters *f, uint32_t slot, uint32_t generation,
		      uint32_t *ret_first, uint32_t *ret_n)
{
	const struct mirror_config *m = image_get(f->active, IMAGE_MIRRORS, slot);

	if (!m || m->generation != generation || !is_sound(m))
		return false;
	*ret_first = m->filter;
	*ret_n = m->filter_len;
	return true;
}
