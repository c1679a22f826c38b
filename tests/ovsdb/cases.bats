#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Transactions and their results, the same on ours and on the stock server.  What a case
# is, is told in replay.py; the expected results are the stock server's.

load server.bash

cases=$BATS_TEST_DIRNAME/cases
groups=(op insert value select where update delete mutate wait strong weak gc index other)

files_of() { # GROUP
	local file group
	for file in "$cases"/*.case; do
		group=$(basename "${file%%-*}" .case)
		[[ " ${groups[*]} " == *" $group "* ]] || group=other
		if [[ $group == "$1" ]]; then
			echo "$file"
		fi
	done
}

replay() { # GROUP: on both servers
	local files
	mapfile -t files < <(files_of "$1")
	((${#files[@]} > 0))
	python3 "$BATS_TEST_DIRNAME/replay.py" bvsd "$BUILD/bvsd" "${files[@]}"
	python3 "$BATS_TEST_DIRNAME/replay.py" stock "$BATS_TEST_DIRNAME/../../build/peers/bin" "${files[@]}"
}

@test "requests that are none, and their members" {
	replay op
}

@test "insert" {
	replay insert
}

@test "values: types, ranges, sets, maps" {
	replay value
}

@test "select" {
	replay select
}

@test "where" {
	replay where
}

@test "update" {
	replay update
}

@test "delete" {
	replay delete
}

@test "mutate" {
	replay mutate
}

@test "wait" {
	replay wait
}

@test "strong references" {
	replay strong
}

@test "weak references" {
	replay weak
}

@test "garbage collection" {
	replay gc
}

@test "indexes" {
	replay index
}

@test "abort, assert, comment, commit, limits, big sets" {
	replay other
}
