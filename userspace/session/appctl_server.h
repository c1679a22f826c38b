/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The commands of ovs-appctl that are about the database server: "ovsdb-server/...",
 * "memory/show", "coverage/...".  Texts as ovsdb-server's (ovsdb-server(1)).
 */
#include "base/error.h"

struct appctl;
struct server;

must_check int appctl_server_add(struct appctl *a, struct server *s, struct error *err);
