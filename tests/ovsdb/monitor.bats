#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Monitors against those of the stock server: random transactions and monitors, the same
# for both, everything that the clients are told compared.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of server.bash; one test is one shell
load server.bash

setup() {
	make_dir
	bvsd --schema="$schema"
	stock "$schema"
}

teardown() {
	stop_servers
}

compare() { # SEED TRANSACTIONS
	python3 "$BATS_TEST_DIRNAME/monitors.py" "$dir/db.sock" "$dir/stock.sock" "$@"
}

# With some other seeds the stock server crashes.
@test "all kinds of monitors tell what the stock server tells, seed 1" {
	compare 1 1500
}

@test "all kinds of monitors tell what the stock server tells, seed 2" {
	compare 2 1500
}

@test "all kinds of monitors tell what the stock server tells, seed 3" {
	compare 3 1500
}
