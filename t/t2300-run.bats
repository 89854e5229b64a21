#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Runs: begun, logged to, ended.

load lib

setup()
{
	sandbox
	new_registry
}

@test "what is no sub-verb is refused" {
	mreg_is 2 run sideways
	says_nothing
	complains "'sideways' is none of"
}
