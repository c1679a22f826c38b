/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What libbpf 1.1 and Debian's headers do not know yet of tcx (Linux 6.6).
 */
#include <stdbool.h>
#include <stdint.h>

enum { TCX_INGRESS = 46, TCX_EGRESS = 47 }; /* enum bpf_attach_type */

struct tcx_link {
	uint32_t id;
	uint32_t program_id;
	uint32_t ifindex; /* in the namespace where the device is; 0: it is no more */
};

bool tcx_is_supported(int program);
int tcx_link_info(int link, struct tcx_link *ret); /* -1 and errno */
/* Whether the device of this number in our namespace is the one that has the link. */
bool tcx_is_here(uint32_t ifindex, uint32_t attach_type, const struct tcx_link *link);
/* Whether a program of that name is attached to the device. */
bool tcx_has_program(uint32_t ifindex, uint32_t attach_type, const char *name);
