#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg log: the sequence of versions and what changed.

load lib

setup()
{
	sandbox
	new_registry
	mkdir m
	echo a >m/a
	echo b >m/b
	mreg put -q m m -m "two files"
	echo changed >m/a
	mv m/b m/renamed
	echo new >m/new
	mreg put -q m m -a best
	rm m/new
	mreg put -q m m
}

@test "log tells versions, newest first, with what changed" {
	mreg_is 0 log --json m
	json 'lines | map(.ref) == ["m:v2", "m:v1", "m:v0"]'
	json 'lines | .[1].changes | map([.kind, .path]) == [["modified", "a"], ["added", "new"], ["renamed", "renamed"]]'
	json 'lines | .[1].added == 1 and .[1].modified == 1 and .[1].renamed == 1 and .[1].deleted == 0 and .[0].deleted == 1'
	json 'lines | .[1].changes[2].from == "b" and .[2].added == 2 and all(.[]; .format == 1)'
}

@test "log for people" {
	mreg_is 0 log m
	assert_line --index 0 --regexp '^m:v2  [0-9a-f]{12}$'
	assert_line --regexp '^m:v1  [0-9a-f]{12}  \(best\)$'
	assert_line --regexp '^    2026-01-02 03:04 by tester@'
	assert_line '    renamed   b -> renamed'
	assert_line '    deleted   new'
	assert_line '    two files'
	no_complaint
}

@test "log -n limits, -q prints references" {
	mreg_is 0 log -q -n 2 m
	says m:v2 m:v1
	mreg_is 0 log -q -n 0 m
	says_nothing
	mreg_is 0 log -q m
	says m:v2 m:v1 m:v0
}

@test "log names ten changed files, --all names all" {
	for i in {01..15}; do echo "$i" >"m/f$i"; done
	mreg put -q m m
	mreg_is 0 log -n 1 m
	assert_line '    and 5 more (--all shows them)'
	mreg_is 0 log -n 1 --all m
	assert_line '    added     f15'
}

@test "log takes a collection, not a version" {
	mreg_is 2 log m:v1
	complains "Say 'm'"
	mreg_is 3 log n
	mreg_is 2 log
}
