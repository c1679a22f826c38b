/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The requests: what a switch with n ports has in its database, and what clients do to
 * it.  Rows get their uuids from us, made of the port's number, so no reply must be read.
 */
#include <stddef.h>

#include "ovsdb_client.h"

enum row_kind { ROW_INTERFACE, ROW_PORT, ROW_BRIDGE, ROW_ROOT };
/* The textual uuid of a row, in one of a few static buffers. */
const char *row_uuid(enum row_kind kind, size_t number);

/* All of these append one whole request to t. */
void load_root(struct text *t); /* Open_vSwitch and bridge, no ports */
void load_ports(struct text *t, size_t from, size_t n); /* insert, insert ..., one mutate */
void load_add_port(struct text *t, size_t number); /* as IDL clients do */
void load_delete_ports(struct text *t, size_t from, size_t n);
/* As ovs-vsctl adds port `number` to a bridge with ports 0 to number - 1. */
void load_vsctl_add_port(struct text *t, size_t number);
void load_reset_ports(struct text *t, size_t n); /* takes that back */
void load_update(struct text *t, size_t number, unsigned int value, bool is_durable);
void load_select_by(struct text *t, const char *column, size_t number);
void load_select_all(struct text *t);
void load_echo(struct text *t);
void load_monitor(struct text *t, bool is_all); /* the columns of ovs-vsctl, or all */
void load_monitor_interfaces(struct text *t);
