/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/ofport.h"

#include <string.h>

struct used {
	uint64_t words[1024];
};

static bool is_free(const struct used *u, uint32_t number)
{
	return number && number <= OFPORT_REQUEST_MAX &&
	       !(u->words[number / 64] >> (number % 64) & 1);
}

static void give(struct used *u, struct ofport_claim *c, uint32_t number)
{
	c->given = number;
	if (number)
		u->words[number / 64] |= 1ull << (number % 64);
}

static bool is_eligible(const struct ofport_claim *c)
{
	return !c->given && !c->is_local && (c->is_working || c->held);
}

static uint32_t next_automatic(const struct used *u, uint32_t *cursor)
{
	uint32_t number = *cursor <= OFPORT_AUTO_MAX ? *cursor : 0;

	for (uint32_t tried = 0; tried < OFPORT_AUTO_MAX; tried++) {
		number = number % OFPORT_AUTO_MAX + 1;
		if (is_free(u, number)) {
			*cursor = number;
			return number;
		}
	}
	return 0;
}

/* Each pass gives what the passes before it left: requests that hold already, other
 * requests (a port that did not ask gives way), numbers held, numbers remembered. */
void ofport_assign(struct ofport_claim *claims, size_t n, uint32_t *cursor)
{
	struct used used;

	memset(&used, 0, sizeof(used));
	for (size_t i = 0; i < n; i++) {
		struct ofport_claim *c = &claims[i];

		c->given = c->is_local && c->is_working ? OFPORT_LOCAL : 0;
		if (!c->is_local && c->held && c->held == c->request && is_free(&used, c->held))
			give(&used, c, c->held);
	}
	for (size_t i = 0; i < n; i++) {
		if (is_eligible(&claims[i]) && is_free(&used, claims[i].request))
			give(&used, &claims[i], claims[i].request);
	}
	for (size_t i = 0; i < n; i++) {
		if (is_eligible(&claims[i]) && is_free(&used, claims[i].held))
			give(&used, &claims[i], claims[i].held);
	}
	for (size_t i = 0; i < n; i++) {
		if (is_eligible(&claims[i]) && is_free(&used, claims[i].recorded))
			give(&used, &claims[i], claims[i].recorded);
	}
	for (size_t i = 0; i < n; i++) {
		if (is_eligible(&claims[i]))
			give(&used, &claims[i], next_automatic(&used, cursor));
	}
}
