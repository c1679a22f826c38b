#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Requests and all that the clients are told, the same on ours and on the stock server.
# What a case is, is told in replay.py; what is expected is what the stock server said.

load server.bash

cases=$BATS_TEST_DIRNAME/cases

replay() { # FILE...: on both servers
	local files=("${@/#/$cases/}")
	files=("${files[@]/%/.case}")
	python3 "$BATS_TEST_DIRNAME/replay.py" "$BUILD/bvsd" "${files[@]}"
	python3 "$BATS_TEST_DIRNAME/replay.py" stock "${files[@]}"
}

@test "methods, locks" {
	replay method lock
}

@test "monitors of all kinds" {
	replay monitor monitor-cond monitor-change
}

@test "several databases, conversion, schemas that are none" {
	replay several convert schema
}

@test "what is read as JSON" {
	replay json
}

@test "requests that are none, and their members" {
	replay op
}

@test "insert, update, delete" {
	replay insert update delete
}

@test "values: types, ranges, sets, maps" {
	replay value
}

@test "select and where" {
	replay select where where-kinds
}

@test "mutate" {
	replay mutate mutate-kinds
}

@test "wait" {
	replay wait
}

@test "references, garbage collection" {
	replay strong weak gc
}

@test "indexes" {
	replay index
}

@test "abort, assert, comment, commit, limits, big sets" {
	replay other
}

@test "no case file is forgotten" {
	local file
	for file in "$cases"/*.case; do
		grep -E "^	replay .*\b$(basename "$file" .case)( |$)" "$BATS_TEST_FILENAME"
	done
}
