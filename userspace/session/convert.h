/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * "convert": a served database gets another schema.  Monitors of it end, with
 * "monitor_canceled" for those who said that they are change-aware; the others are
 * disconnected and ask for everything again.
 */
struct hosted_db;
struct message;
struct session;

void convert_run(struct session *s, struct hosted_db *d, const struct message *m);
