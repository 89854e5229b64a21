#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg tag: labels of collections and versions.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "tag sets tags of a version, prints nothing, and lists them" {
	mreg_is 0 tag digits:v1 keep dataset=mnist team:vision
	says_nothing
	no_complaint
	mreg_is 0 tag digits:v1
	says TAG dataset=mnist keep team:vision
	mreg_is 0 tag -q digits:v1
	says dataset=mnist keep team:vision
	mreg_is 0 tag --json digits:v1
	json 'lines | map(.tag) == ["dataset=mnist", "keep", "team:vision"] and all(.[]; .ref == "digits:v1" and .format == 1)'
	mreg_is 0 tag -q digits:v2
	says_nothing
}
