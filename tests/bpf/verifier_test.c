// SPDX-License-Identifier: Apache-2.0
/*
 * How many instructions the kernel's verifier walks through for each program.  Its limit is
 * 1,000,000, above which a program does not load; kernels count differently, 6.1 three times
 * what 6.18 does, and what is near the limit on one is over it on another.  So each
 * program has a budget far below.  `make check` prints what this prints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bvs.skel.h"

enum { BUDGET = 500 * 1000 };

static void each_program_is_within_its_budget(void **state)
{
	struct bvs *bvs = bvs__open_and_load();
	struct bpf_program *program;
	int n = 0;

	(void)state;
	assert_non_null(bvs);
	bpf_object__for_each_program (program, bvs->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof info;

		assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
		printf("# %s: the verifier processed %u instructions of %d allowed\n",
		       bpf_program__name(program), info.verified_insns, BUDGET);
		assert_in_range(info.verified_insns, 1, BUDGET);
		n++;
	}
	assert_true(n >= 2);
	bvs__destroy(bvs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_program_is_within_its_budget),
	};

	return cmocka_run_group_tests_name("verifier", tests, NULL, NULL);
}
