#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What Open vSwitch was observed to do is numbered: A1 to A9 VLANs, B10 to B20 forwarding, C21 to
# C40 mirrors, E49 and E50 columns.  Each is named by a test that shows it, as "# B13" above a
# case or in a comment.

@test "every numbered observation is named by a test" {
	cd "$BATS_TEST_DIRNAME/.."
	missing=()
	for id in A{1..9} B{10..20} C{21..40} E49 E50; do
		grep -rqw --include='*.bats' --include='*_test.c' --exclude=observations.bats "$id" unit bpf net ||
			missing+=("$id")
	done
	echo "without a test: ${missing[*]}"
	((${#missing[@]} == 0))
}
