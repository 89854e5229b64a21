#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg unlink: versions out of registered models.

load lib

setup()
{
	sandbox
	digits_registry
	mreg link -q digits:v1 reader
	mreg link -q digits:v2 reader
}

@test "unlink takes a version out of a model, and nowhere else, and prints nothing" {
	mreg_is 0 unlink reader:v0
	says_nothing
	no_complaint
	mreg_is 4 resolve reader:v0
	complains "'reader:v0' was unlinked"
	mreg_is 0 resolve --name digits:v1
	says digits:v1
	mreg_is 0 ls -q reader
	says reader:v1
}
