/* SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause OR GPL-2.0-only */
#pragma once
/*
 * What recorder.bpf.c writes and the tests read: one record for each frame that the
 * program sent, in the order of sending.
 */
#include <linux/types.h>

enum { RECORDS = 512, RECORD_BYTES = 256, RESULTS = 256 };

enum record_kind { RECORD_CLONE = 1, RECORD_REDIRECT, RECORD_PEER };

struct record {
	__u32 kind;
	__u32 ifindex;
	__u64 flags;
	__u32 len; /* without a tag in metadata */
	__u32 vlan_present;
	__u32 vlan_tpid;
	__u32 vlan_tci;
	__u32 mark;
	__u32 cb[5];
	__u32 pkt_type;
	/* Where the re-entry device was the destination: the job that came along. */
	__u32 job_port;
	__u32 job_ifindex;
	__u32 job_snaplen;
	__u32 job_peer;
	__u32 job_hops;
	__u32 job_mirror;
	__u32 job_is_booked;
	__u32 job_to_wire;
	__u32 pad;
	__u8 bytes[RECORD_BYTES];
};

/* By ifindex: what the kernel shall answer. */
struct result {
	__s32 clone;
	__s32 check_mtu;
	/* Key 0 only: */
	__u64 ns; /* the clock */
	__u32 checksum; /* enum checksum, of the frame at hand */
	__u32 pad;
};

/* What the kernel knows of one. */
enum checksum { CHECKSUM_UNKNOWN, CHECKSUM_VERIFIED, CHECKSUM_OF_ALL, CHECKSUM_DUE };
