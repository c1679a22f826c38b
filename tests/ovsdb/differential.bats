#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Random schemas, transactions and monitors, the same for ours and for the stock server:
# everything that the clients are told and the contents compared.
# DIFFERENTIAL_SEED=N begins elsewhere, DIFFERENTIAL_COUNT=N compares more.

load server.bash

@test "10,000 random transactions, with monitors, have the stock server's results" {
	python3 "$BATS_TEST_DIRNAME/differential.py" "$BUILD/bvsd" "${DIFFERENTIAL_SEED:-1}" \
		"${DIFFERENTIAL_COUNT:-10000}"
}
