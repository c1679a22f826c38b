/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/expression.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "switch/filter.h"
#include "switch/mac.h"

enum {
	SNAPLEN = 262144, /* what pcap itself calls whole frames */
	TEXT_MAX = 1024,
	OPTIMIZE_MAX = 1000, /* instructions */
};

/* --- names --- */

/* What a word of an expression is, and what it says about names that follow. */
enum word_kind {
	WORD_LINK, /* they mean what those before meant */
	WORD_LOCAL, /* services and protocols: looked up in files of this host */
	WORD_OTHER, /* hosts: whoever resolves them may take seconds */
	WORD_NUMBER, /* or an address: not a name */
	WORD_NAME,
};

static bool is_in(const char *word, const char *list)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		if (strcspn(p, " ") == n && !memcmp(p, word, n))
			return true;
	}
	return false;
}

/* "10", "10.1", "10.1.2.3". */
static bool is_dotted(const char *word)
{
	int groups = 0;

	while (isdigit((unsigned char)*word)) {
		word += strspn(word, "0123456789");
		groups++;
		if (*word != '.')
			return !*word && groups <= 4;
		word++;
	}
	return false;
}

/* The two numbers of a slice, "0:2", or what a blank leaves of them. */
static bool is_slice(const char *word)
{
	word += strspn(word, "0123456789");
	return *word == ':' && strspn(word + 1, "0123456789") == strlen(word + 1);
}

/* What pcap itself would take for anything else but a number would be a name to it. */
static bool is_number(const char *word)
{
	struct in6_addr address;
	uint8_t mac[6];

	if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X') && word[2])
		return strspn(word + 2, "0123456789abcdefABCDEF") == strlen(word + 2);
	return is_dotted(word) || is_slice(word) || mac_parse(word, mac) ||
	       inet_pton(AF_INET6, word, &address) == 1;
}

static enum word_kind kind_of(const char *word)
{
	if (is_in(word, "and or not"))
		return WORD_LINK;
	if (is_in(word, "port portrange proto protochain"))
		return WORD_LOCAL;
	if (is_in(word, "src dst host net mask gateway ether link broadcast multicast "
			"inbound outbound len greater less byte "
			"ip ip6 arp rarp tcp udp sctp icmp icmp6 igmp igrp pim vrrp carp ah esp "
			"vlan mpls pppoed pppoes geneve vxlan iso clnp esis es-is isis is-is l1 "
			"l2 iih lsp snp csnp psnp stp ipx netbeui lat moprc mopdl sca decnet "
			"atalk aarp llc "
			"tcpflags tcp-fin tcp-syn tcp-rst tcp-push tcp-ack tcp-urg tcp-ece "
			"tcp-cwr icmptype icmpcode icmp-echoreply icmp-unreach "
			"icmp-sourcequench icmp-redirect icmp-echo icmp-routeradvert "
			"icmp-routersolicit icmp-timxceed icmp-paramprob icmp-tstamp "
			"icmp-tstampreply icmp-ireq icmp-ireqreply icmp-maskreq icmp-maskreply "
			"icmp6type icmp6code icmp6-destinationunreach icmp6-packettoobig "
			"icmp6-timeexceeded icmp6-parameterproblem icmp6-echo icmp6-echoreply "
			"icmp6-multicastlistenerquery icmp6-multicastlistenerreportv1 "
			"icmp6-multicastlistenerdone icmp6-routersolicit icmp6-routeradvert "
			"icmp6-neighborsolicit icmp6-neighboradvert icmp6-redirect"))
		return WORD_OTHER;
	return is_number(word) ? WORD_NUMBER : WORD_NAME;
}

/* Where another character stands a word does not begin. */
static bool is_first_of_word(char c)
{
	return isalnum((unsigned char)c) || c == ':' || c == '\\';
}

static bool is_of_word(char c)
{
	return is_first_of_word(c) || c == '.' || c == '_' || c == '-';
}

static int check_names(const char *text, struct error *err)
{
	bool is_local = false;
	char word[256];

	for (const char *p = text; *p;) {
		size_t n = 0;

		if (!is_first_of_word(*p)) {
			p++;
			continue;
		}
		while (is_of_word(p[n]))
			n++;
		snprintf(word, sizeof(word), "%.*s", (int)n, p);
		p += n;
		switch (n < sizeof(word) ? kind_of(word) : WORD_NAME) {
		case WORD_LOCAL:
			is_local = true;
			break;
		case WORD_OTHER:
			is_local = false;
			break;
		case WORD_NAME:
			if (!is_local)
				return error_set(err, "constraint violation",
						 "%s: no such word is known, and names are not "
						 "looked up",
						 word);
			break;
		case WORD_LINK:
		case WORD_NUMBER:
			break;
		}
	}
	return 0;
}

/* --- compilation --- */

/* Words such as "inbound" are compiled to loads from what Linux keeps beside a packet. */
static bool needs_more_than_the_frame(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LD && BPF_MODE(insn->code) == BPF_ABS &&
	       insn->k > INT32_MAX;
}

static int take_program(const struct bpf_program *program, struct arena *arena,
			const struct filter_op **ret, size_t *ret_n, struct error *err)
{
	struct filter_op *ops;

	if (program->bf_len > FILTER_OPS_MAX ||
	    !bpf_validate(program->bf_insns, (int)program->bf_len))
		return error_set(err, "constraint violation",
				 "it takes %u instructions, more than %d", program->bf_len,
				 FILTER_OPS_MAX);
	ops = arena_new_array(arena, struct filter_op, program->bf_len);
	for (unsigned int i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *insn = &program->bf_insns[i];

		if (insn->code == (BPF_JMP | BPF_JA) && insn->k > INT32_MAX)
			return error_set(err, "constraint violation",
					 "it needs a loop (protochain), which no filter may have");
		if (needs_more_than_the_frame(insn))
			return error_set(err, "constraint violation",
					 "it needs more than the frame itself");
		ops[i] = (struct filter_op){ insn->code, insn->jt, insn->jf, insn->k };
	}
	*ret = ops;
	*ret_n = program->bf_len;
	return 0;
}

static int compile(pcap_t *pcap, const char *text, struct bpf_program *ret, struct error *err)
{
	if (pcap_compile(pcap, ret, text, 0, PCAP_NETMASK_UNKNOWN))
		return error_set(err, "constraint violation", "%s", pcap_geterr(pcap));
	/* The time that libpcap takes over a program grows much faster than its length: it
	 * can be seconds, and everything waits. */
	if (ret->bf_len > OPTIMIZE_MAX)
		return 0;
	pcap_freecode(ret);
	if (pcap_compile(pcap, ret, text, 1, PCAP_NETMASK_UNKNOWN))
		return error_set(err, "constraint violation", "%s", pcap_geterr(pcap));
	return 0;
}

int expression_compile(const char *text, struct arena *arena, const struct filter_op **ret,
		       size_t *ret_n, struct error *err)
{
	struct bpf_program program;
	pcap_t *pcap;
	int failed;

	if (strlen(text) > TEXT_MAX)
		return error_set(err, "constraint violation", "longer than %d characters",
				 TEXT_MAX);
	if (check_names(text, err))
		return -1;
	pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	if (!pcap)
		abort();
	failed = compile(pcap, text, &program, err);
	if (!failed) {
		failed = take_program(&program, arena, ret, ret_n, err);
		pcap_freecode(&program);
	}
	pcap_close(pcap);
	return failed;
}
