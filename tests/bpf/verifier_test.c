// SPDX-License-Identifier: Apache-2.0
/*
 * How many instructions the kernel's verifier walks through for each program.  Its limit is
 * 1,000,000, above which a program does not load; kernels count differently, 6.1 three times
 * what 6.18 does, and what is near the limit on one is over it on another.  So each
 * program has a budget far below.  `make check` prints what this prints.
 *
 * And how much stack functions that call each other take together.  Linux 6.1 allows 512 bytes
 * and counts each function's in steps of 32; kernels since then are more generous.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bvs.skel.h"
#include "explain.skel.h"

enum { BUDGET = 500 * 1000, STACK = 512, FUNCTIONS = 256 };

/* A program's functions, by where they begin; the last one is the end. */
struct functions {
	const struct bpf_insn *code;
	size_t n;
	size_t start[FUNCTIONS + 1];
	unsigned int depth[FUNCTIONS]; /* with all that it calls; 0: not known yet */
};

/* Where the call, or the taking of a function's address, leads to; 0: it is neither. */
static size_t callee(const struct bpf_insn *code, size_t i)
{
	bool is_call = code[i].code == (BPF_JMP | BPF_CALL) && code[i].src_reg == BPF_PSEUDO_CALL;
	bool is_address =
		code[i].code == (BPF_LD | BPF_IMM | BPF_DW) && code[i].src_reg == BPF_PSEUDO_FUNC;

	return is_call || is_address ? (size_t)((long)i + 1 + code[i].imm) : 0;
}

static int compare_starts(const void *a, const void *b)
{
	return *(const size_t *)a < *(const size_t *)b ? -1
						       : *(const size_t *)a > *(const size_t *)b;
}

static void find_functions(struct functions *f, const struct bpf_program *program)
{
	size_t n = 1, end = bpf_program__insn_cnt(program);

	f->code = bpf_program__insns(program);
	f->start[0] = 0;
	for (size_t i = 0; i < end; i++) {
		size_t to = callee(f->code, i), at = 0;

		while (to && at < n && f->start[at] != to)
			at++;
		if (to && at == n) {
			assert_true(n < FUNCTIONS);
			f->start[n++] = to;
		}
	}
	qsort(f->start, n, sizeof(f->start[0]), compare_starts);
	f->start[n] = end;
	f->n = n;
}

/* What the function itself takes: the lowest address below the frame pointer that it names. */
static unsigned int own_stack(const struct functions *f, size_t number)
{
	bool is_frame[16] = { false }; /* the register was set to the frame pointer just now */
	int lowest = -1;

	for (size_t i = f->start[number]; i < f->start[number + 1]; i++) {
		const struct bpf_insn *insn = &f->code[i];
		int class = BPF_CLASS(insn->code), at = 0;

		if ((class == BPF_LDX && insn->src_reg == BPF_REG_10) ||
		    ((class == BPF_ST || class == BPF_STX) && insn->dst_reg == BPF_REG_10))
			at = insn->off;
		if (insn->code == (BPF_ALU64 | BPF_ADD | BPF_K) && is_frame[insn->dst_reg])
			at = insn->imm;
		is_frame[insn->dst_reg] =
			insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && insn->src_reg == BPF_REG_10;
		if (at < lowest)
			lowest = at;
	}
	return (unsigned int)(-lowest + 31) / 32 * 32;
}

static unsigned int stack_of(struct functions *f, size_t start)
{
	unsigned int below = 0, one;
	size_t number = 0;

	while (f->start[number] != start)
		number++;
	if (f->depth[number])
		return f->depth[number];
	for (size_t i = f->start[number]; i < f->start[number + 1]; i++) {
		if (!callee(f->code, i))
			continue;
		one = stack_of(f, callee(f->code, i));
		below = one > below ? one : below;
	}
	return f->depth[number] = own_stack(f, number) + below;
}

static int check_programs(const struct bpf_object *object)
{
	struct bpf_program *program;
	int n = 0;

	bpf_object__for_each_program (program, object) {
		struct bpf_prog_info info = { 0 };
		struct functions functions = { 0 };
		uint32_t size = sizeof info;
		unsigned int stack;

		assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
		find_functions(&functions, program);
		stack = stack_of(&functions, 0);
		printf("# %s: the verifier processed %u instructions of %d allowed; %u bytes of "
		       "stack "
		       "of %d\n",
		       bpf_program__name(program), info.verified_insns, BUDGET, stack, STACK);
		assert_in_range(info.verified_insns, 1, BUDGET);
		assert_in_range(stack, 32, STACK);
		n++;
	}
	return n;
}

static void each_program_is_within_its_budget(void **state)
{
	struct bvs_explain *explain = bvs_explain__open_and_load();
	struct bvs *bvs = bvs__open_and_load();

	(void)state;
	assert_non_null(bvs);
	assert_true(check_programs(bvs->obj) >= 2);
	bvs__destroy(bvs);
	assert_non_null(explain);
	assert_int_equal(check_programs(explain->obj), 1);
	bvs_explain__destroy(explain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_program_is_within_its_budget),
	};

	return cmocka_run_group_tests_name("verifier", tests, NULL, NULL);
}
