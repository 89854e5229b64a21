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

@test "log of a registered model says what its versions are" {
	mreg link -q m:v1 reader
	mreg_is 0 log reader
	assert_line '    source: m:v1'
	mreg_is 0 log --json reader
	json '.ref == "reader:v0" and .source == "m:v1"'
	mreg_is 0 log m
	refute_output --partial source
}

@test "log --metric -n shows the newest, also when they lack it" {
	mreg meta -q m:v1 --metric acc=0.5
	mreg_is 0 log m -n 1 --metric acc
	no_complaint
	assert_line --index 1 '     no value in what is shown'
	assert_line --partial 'm:v2'
	refute_output --partial 'm:v1'
	mreg_is 0 log m -n 2 --metric acc
	assert_line '    acc: 0.5'
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

# s: five versions whose acc is 0.5, 0.9, none, nan and 0.8
scores()
{
	local acc
	for acc in 0.5 0.9 '' nan 0.8; do
		echo "$acc" >f
		mreg put -q s f ${acc:+--metric "acc=$acc"} >/dev/null
	done
}

@test "log --metric shows the metric of each version, and all of them in a row" {
	scores
	mreg_is 0 log s --metric acc
	no_complaint
	assert_line --index 0 'acc  ▁█  ▆'
	assert_equal "$(grep -E '^    acc: ' <<<"$output")" "$(printf '    acc: %s\n' 0.8 nan '0.9 (+0.4)' 0.5)"
	mreg_is 0 log s --metric acc -n 2
	assert_line --index 0 'acc   ▄'
	mreg_is 0 log s --metric acc -n 0
	says_nothing
	mreg_is 0 log -q s --metric acc
	says s:v4 s:v3 s:v2 s:v1 s:v0
}

@test "log --metric in JSON has the value and the difference to the version before" {
	scores
	mreg_is 0 log --json s --metric acc
	json 'lines | map([.metric, .value, .delta]) == [["acc", 0.8, null], ["acc", "nan", null], ["acc", null, null], ["acc", 0.9, 0.4], ["acc", 0.5, null]]'
	mreg_is 0 log --json s --metric acc -n 1
	json '.value == 0.8'
}

@test "log --metric of what no version has is refused" {
	scores
	mreg_is 2 log s --metric loss
	says_nothing
	complains "no version of 's' has a metric 'loss'"
}

@test "log --metric NAME:max marks the best of all, which may stand further back" {
	scores
	mreg_is 0 log s --metric acc:max -n 2
	assert_line --index 1 '     min 0.8 at v4, max 0.8 at v4, last 0.8 at v4; best of all: 0.9 at v1'
	assert_line '    acc: 0.8'
	refute_line --partial '  best'
	mreg_is 0 log --json s --metric acc:max -n 2
	json 'lines | map(.best) == [false, false]'
	mreg_is 0 log s --metric acc:max -n 4
	assert_line '    acc: 0.9 (+0.4)  best'
	refute_output --partial 'best of all'
	mreg_is 2 log s --metric acc --metric loss
	complains 'log shows one metric at a time'
}
