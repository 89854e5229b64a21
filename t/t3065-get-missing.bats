#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg get of what is not there: says what is, waits for it, or takes something else.

load lib

# Nothing was written into this directory but the registry.
nothing_here()
{
	assert_equal "$(find . -mindepth 1 -maxdepth 1 ! -name .mreg ! -name err ! -name out)" ""
}

# The get that runs in the background says that it waits.
is_waiting()
{
	until grep -q "waiting for it" err 2>/dev/null; do
		kill -0 "$1"
	done
}

@test "get of an alias that is not there is 4, lists those there are with the nearest, and writes nothing" {
	digits_registry
	mreg alias digits:v2 production best
	mreg_is 4 get digits:prodction
	says_nothing
	complains "'digits' has no alias 'prodction'"
	complains "Did you mean 'digits:production'?"
	complains "best (v2), production (v2)"
	mreg_is 4 get --json digits:staging -o deep/er
	json_error '.error.code == "no-reference" and .error.status == 4'
	mreg_is 3 get digts:production
	complains "'digits'"
	nothing_here
}

@test "get --fallback takes another version when there is none" {
	digits_registry
	mreg_is 0 get digits:production --fallback digits:v1
	says digits
	complains "'digits:production' is not there: 'digits:v1' is taken"
	mreg_is 0 get -q --json nothing:production --fallback digits:v3 -o out
	no_complaint
	json '.ref == "digits:v3" and .path == "out"'
	mreg_is 0 get -q digits:v2 --fallback digits:v1 -o two --stamp stamp
	assert_equal "$(cat stamp)" "$(mreg resolve digits:v2)"
}

@test "several --fallback are tried in their order, and when none is there the answer is the first one" {
	digits_registry
	mreg_is 0 get -q --json digits:production --fallback digits:staging --fallback digits:v4 --fallback digits:v1
	json '.ref == "digits:v4"'
	rm -r digits
	mreg_is 4 get digits:production --fallback nothing --fallback nothing:else
	says_nothing
	complains "cannot get 'digits:production': 'digits' has no alias 'production'"
	mreg_is 3 get nothing --fallback digits:production
	nothing_here
}

@test "get --fallback never stands in for what is damaged or refused" {
	digits_registry
	damage "$(largest_pack)" 5000
	local version
	for version in v0 v1 v2 v3 v4; do
		mreg verify "digits:$version" >/dev/null 2>&1 || break
	done
	mreg_is 7 get "digits:$version" --fallback digits:production
	says_nothing
	nothing_here
}

@test "get --fallback is checked before it is needed, and is for one reference" {
	digits_registry
	mreg_is 2 get digits:v1 --fallback 'a:b:c'
	says_nothing
	mreg_is 2 get digits:v1 digits:v2 --fallback digits:v0
	complains "--fallback is for one reference, not 2"
	nothing_here
}

@test "get --wait takes what is there without waiting" {
	digits_registry
	mreg_is 0 get digits --wait 8w
	says digits
	no_complaint
	mreg_is 2 get digits --wait soon
	mreg_is 4 get digits:production --wait 0
	complains "has no alias 'production'"
}

@test "get --wait gets an alias that is set meanwhile" {
	digits_registry
	mreg get digits:production --wait 60s -o model >out 2>err &
	local pid=$!
	is_waiting "$pid"
	[ ! -e model ]
	mreg alias digits:v2 production
	wait "$pid"
	assert_equal "$(cat out)" model
	assert_equal "$(cat err)" "note: 'digits:production' is not there yet: waiting for it"
	assert_equal "$(mreg status --json model | jq -r .ref)" digits:v2
}

@test "get --wait gets an artifact that is put meanwhile" {
	new_registry
	mreg get digits --wait 60s >out 2>err &
	local pid=$!
	is_waiting "$pid"
	mreg put -q digits "$DIGITS/epoch-1"
	wait "$pid"
	assert_equal "$(cat out)" digits
}

@test "get --wait answers as ever when the time is over, or takes the fallback" {
	digits_registry
	mreg_is 4 get -q digits:production --wait 1s
	says_nothing
	complains "'digits' has no alias 'production'"
	mreg_is 0 get -q --json digits:production --wait 1s --fallback digits:v1
	json '.ref == "digits:v1"'
}

@test "get --wait ends at once on a signal" {
	digits_registry
	mreg get digits:production --wait 1h >out 2>err &
	local pid=$! result=0
	is_waiting "$pid"
	kill -TERM "$pid"
	wait "$pid" || result=$?
	assert_equal "$result" 143
	[ ! -s out ]
	nothing_here
}
