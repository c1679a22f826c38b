/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The unreplaced programs on real devices: four veth pairs in a namespace of the process's
 * own, p1..p4 the switch's ends (port slot N, bridge 1), u1..u4 the users'; `re` is the
 * re-entry device.  All of it goes when the process ends.
 */
#include <stdint.h>

#include "rig.h"

enum { LIVE_PORTS = 4 };

/* Once: devices and sockets.  u4 is in a namespace of its own. */
int live_set_up_group(void **state);
/* For each test: fresh programs and maps, one program on every p, the other on `re`.  Ports
 * are trunks in one list, as in rig_port(), with their devices' ifindex. */
int live_set_up(void **state);
int live_tear_down(void **state);
void live_run(const char *command); /* a shell command that must succeed */

struct port_config live_port(uint32_t slot);
void live_put(const char *map, const void *key, const void *value);
void live_put_port(uint32_t slot, struct port_config config);
void live_put_bridge(uint32_t slot, struct bridge_config config);
/* The mirror in slot bit + 1, at this bit of bridge 1; its own bit of same_output is set. */
void live_put_mirror(uint32_t bit, struct mirror_config config);
struct mirror_stats live_mirror_stats(uint32_t bit);
void live_get_sum(const char *map, uint32_t key, void *ret, size_t size);
void live_set_addresses(uint32_t slot, struct port_config *config); /* peer_mac of slot */

/* What u<slot> sends and receives. */
void live_send(uint32_t slot, const struct frame *f);
/* n frames, 256 at most, that p<slot> hands over at once, as a NAPI poll does. */
void live_send_batch(uint32_t slot, const struct frame *f, uint32_t n);
/* How many frames u<slot> has had, slot 1 to 3. */
uint64_t live_received(uint32_t slot);
/* As a stack sends TCP: checksum to be filled in, and segments to be made (or 0). */
void live_send_tcp(uint32_t slot, uint8_t dst, uint32_t payload_len, uint16_t gso_size);
/* False: nothing came.  *ret_type is PACKET_HOST and so on. */
bool live_receive(uint32_t slot, struct frame *ret, unsigned *ret_type);
/* Has the address learned at this port, by a broadcast that all others get. */
void live_learn(uint32_t slot, uint8_t mac);
void live_expect(uint32_t slot, const struct frame *f);
void live_expect_nothing(uint32_t slot);
