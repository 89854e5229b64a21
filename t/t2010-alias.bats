#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg alias: movable names.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "alias sets a name and prints the version" {
	mreg_is 0 alias digits:v1 best
	says digits:v1
	no_complaint
	mreg_is 0 resolve --name digits:best
	says digits:v1
}

@test "alias moves a name, and several at once" {
	mreg alias -q digits:v1 best
	mreg_is 0 alias --json digits best stable
	json '.format == 1 and .ref == "digits:v4" and .aliases == ["best", "stable"]'
	mreg_is 0 alias --json digits
	json 'lines | map(.alias) == ["best", "stable"] and all(.[]; .version == "digits:v4" and .format == 1)'
}

@test "alias of a version to which it points writes nothing" {
	mreg alias -q digits:v1 best
	cp .mreg/journal before
	mreg_is 0 alias digits:best best
	says digits:v1
	cmp before .mreg/journal
}

@test "alias NAME lists, alone" {
	mreg alias -q digits:v1 best
	mreg alias -q digits:v2 candidate
	mreg_is 0 alias digits
	assert_line --index 0 --regexp '^ALIAS +VERSION +DIGEST$'
	assert_line --index 1 --regexp '^best +digits:v1 +[0-9a-f]{12}$'
	assert_equal "${#lines[@]}" 3
	mreg_is 0 alias -q digits
	says digits:best digits:candidate
	mreg_is 2 alias digits:best
	complains "which alias 'digits:best' is to have is not said"
}

@test "alias -d takes a name away, and prints nothing" {
	mreg alias -q digits:v1 best
	mreg_is 0 alias -d digits:best
	says_nothing
	mreg_is 4 resolve digits:best
	mreg_is 4 alias -d digits:best
	says_nothing
	complains "no alias 'best'"
	mreg_is 2 alias -d digits
	complains "names no alias"
	mreg_is 2 alias -d digits:v1
	mreg_is 3 alias -d digitz:best
}

@test "alias -d of several removes all or none" {
	mreg alias -q digits:v1 best candidate
	mreg_is 4 alias -d digits:best digits:nothing
	mreg_is 0 alias -q digits
	says digits:best digits:candidate
	mreg_is 0 alias --json -d digits:best digits:candidate
	json '.removed == ["digits:best", "digits:candidate"]'
	mreg_is 0 alias -q digits
	says_nothing
}

@test "alias refuses latest and version numbers" {
	mreg_is 2 alias digits:v1 latest
	complains "it always is the highest version"
	mreg_is 2 alias digits:v1 Latest
	mreg_is 2 alias digits:v1 v7
	mreg_is 2 alias digits:v1 'two words'
	mreg_is 2 alias digits:v1 ''
	mreg_is 2 alias -d digits:latest
	complains "cannot remove 'digits:latest': 'latest' always is the highest version"
	mreg_is 0 alias -q digits
	says_nothing
}

@test "alias refuses one that differs only in case" {
	mreg alias -q digits:v1 best
	mreg_is 5 alias digits:v2 Best
	complains "differs from 'Best' only in case"
	mreg_is 0 resolve --name digits:best
	says digits:v1
	mreg_is 4 resolve digits:BEST
	complains "digits:best"
}

@test "alias --expect is compare-and-set" {
	mreg_is 5 alias digits:v1 best --expect v0
	complains "is not set"
	mreg_is 0 alias digits:v1 best --expect none
	mreg_is 5 alias digits:v2 best --expect none
	complains "'digits:best' is v1"
	mreg_is 5 alias digits:v2 best --expect v0
	complains "is v1, not v0"
	mreg_is 0 alias digits:v2 best --expect v1
	says digits:v2
	mreg_is 5 alias -d digits:best --expect v1
	mreg_is 0 alias -d digits:best --expect v2
	mreg_is 2 alias digits:v2 best --expect soon
}

@test "alias -n decides and changes nothing" {
	cp .mreg/journal before
	mreg_is 0 alias -n digits:v1 best
	complains "note: dry run: nothing was changed"
	says digits:v1
	mreg_is 4 alias -n digits:v9 best
	cmp before .mreg/journal
	mreg_is 4 resolve digits:best
}

@test "alias of what is not there" {
	mreg_is 3 alias nothing:v0 best
	mreg_is 4 alias digits:v9 best
	mreg_is 3 alias nothing
	mreg_is 2 alias
}

@test "alias -m is kept in the history" {
	mreg alias -q digits:v1 best -m "passed the tests"
	mreg_is 0 history --json digits:best
	json '.why == "passed the tests" and .old == null and .new == "v1" and .user == "tester" and .verb == "alias"'
}
