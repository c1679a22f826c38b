#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Random transactions against those of the stock server.

load server.bash

setup() {
	make_dir
	# More rows than the cases have, so that references find targets.
	# shellcheck disable=SC2154 # make_dir sets it
	sed 's/"maxRows": 3/"maxRows": 12/' "$BATS_TEST_DIRNAME/cases/t.ovsschema" >"$dir/t.ovsschema"
	bvsd --schema="$dir/t.ovsschema"
	stock "$dir/t.ovsschema"
}

teardown() {
	stop_servers
}

compare() { # SEED TRANSACTIONS
	python3 "$BATS_TEST_DIRNAME/transactions.py" "$dir/db.sock" "$dir/stock.sock" "$@"
}

@test "random transactions have the stock server's results, seed 1" {
	compare 1 1500
}

@test "random transactions have the stock server's results, seed 2" {
	compare 2 1500
}

@test "random transactions have the stock server's results, seed 3" {
	compare 3 1500
}
