/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the messages of a client mean: RFC 7047 section 4 and the extensions of
 * ovsdb-server(7).  One table, one function for each method.
 */
struct message;
struct session;

void methods_dispatch(struct session *s, const struct message *m);
