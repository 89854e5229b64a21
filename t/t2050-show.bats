#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg show: the card of a collection or a version.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v1 best
}

@test "show of a version tells what it is" {
	mreg_is 0 show digits:best
	assert_line --index 0 digits:v1
	assert_line --regexp '^type: +model$'
	assert_line --regexp '^digest: +[0-9a-f]{64}$'
	assert_line --regexp '^aliases: +best$'
	assert_line --regexp '^created: +2026-01-02 03:04 by tester@'
	assert_line --regexp '^description: +epoch 2$'
	assert_line --regexp '^ +epoch: +2$'
	no_complaint
}

@test "show --json of a version" {
	mreg_is 0 show --json digits:latest
	json '.format == 1 and .ref == "digits:v4" and .kind == "version" and .latest == true and .files == 4 and .metadata == {"epoch": 5}'
	mreg_is 0 show --json digits:v0
	json '.latest == false and .aliases == [] and .description == "epoch 1" and .user == "tester" and .type == "model"'
}

@test "show NAME is of the collection" {
	mreg_is 0 show digits
	assert_line --index 0 digits
	assert_line --regexp '^kind: +artifact$'
	assert_line --regexp '^versions: +5, the latest v4$'
	assert_line --regexp '^ +best: +v1$'
	mreg_is 0 show --json digits
	json '.ref == "digits" and .kind == "artifact" and .versions == 5 and .latest == "digits:v4" and .aliases == {"best": "digits:v1"}'
	json '.created == "2026-01-02T03:04:05Z" and .user == "tester"'
}

@test "show --checksums is read by sha256sum" {
	mkdir tree
	echo 1 >'tree/back\slash'
	echo 2 >"$(printf 'tree/new\nline')"
	echo 3 >'tree/plain name'
	mreg put -q odd tree
	mreg get -q odd -o back
	mreg show --checksums odd:v0 >sums
	(cd back && sha256sum --quiet -c ../sums)
	mreg_is 0 show --checksums digits
	(cd "$DIGITS/epoch-5" && sha256sum --quiet -c - <<<"$output")
	mreg_is 2 show --checksums --json digits
}

@test "show of what is not there" {
	mreg_is 3 show nothing
	says_nothing
	mreg_is 4 show digits:v9
	mreg_is 2 show
	mreg_is 2 show digits:v0 digits:v1
}

@test "a description of several lines is shown whole" {
	mreg put -q digits "$DIGITS/epoch-1/labels.txt" -m $'first line\nsecond line'
	mreg_is 0 show digits:v5
	assert_line --regexp 'first line$'
	assert_line --regexp '^ +second line$'
	mreg_is 0 ls digits -n 1
	refute_line --partial second
}
