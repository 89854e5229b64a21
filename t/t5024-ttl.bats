#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg ttl: how long versions live.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "ttl of an artifact is inherited, that of a version wins" {
	mreg_is 0 ttl digits
	says_nothing
	mreg_is 0 ttl digits 30d
	says_nothing
	mreg_is 0 ttl digits:v1
	says 30d
	mreg_is 0 ttl digits:v1 90m
	mreg_is 0 ttl digits:v1
	says 90m
	mreg_is 0 ttl digits:v2 never
	mreg_is 0 ttl --json digits:v2
	json '.ref == "digits:v2" and .ttl == "never" and (.inherited | not) and .expires == null'
	mreg_is 0 ttl digits:v2 inherit
	mreg_is 0 ttl --json digits:v2
	json '.ttl == 2592000 and .inherited and (.expires | test("^20"))'
	mreg_is 0 ttl digits inherit
	mreg_is 0 ttl digits:v2
	says_nothing
}

@test "ttl counts from when the version was put" {
	mreg ttl -q digits 2d
	created=$(mreg ls --json digits:v0 >/dev/null && mreg show --json digits:v0 | jq -r .created)
	mreg_is 0 ttl --json digits:v0
	assert_equal "$(jq -r .expires <<<"$output" | cut -c1-19)" "$(date -u -d "$created 2 days" +%Y-%m-%dT%H:%M:%S)"
}

@test "ttl refuses what is no duration" {
	state >../before
	mreg_is 2 ttl digits soon
	mreg_is 2 ttl digits -- -1d
	mreg_is 2 ttl digits 5
	mreg_is 3 ttl nowhere 5d
	mreg_is 4 ttl digits:v9 5d
	diff ../before <(state)
}
