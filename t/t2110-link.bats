#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg link: versions in registered models.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "link makes the model, gives numbers in the order of linking, and prints the link" {
	mreg_is 0 link digits:v3 reader
	says reader:v0
	no_complaint
	mreg_is 0 link digits:v1 reader
	says reader:v1
	mreg_is 0 show --json reader
	json '.kind == "model" and .type == "model" and .versions == 2 and .latest == "reader:v1"'
	mreg_is 0 link --json digits reader
	json '.format == 1 and .ref == "reader:v2" and .number == 2 and .aliases == []'
	mreg_is 0 resolve reader:v2
	says "$(mreg resolve digits:v4)"
}
