#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg note: what is said of collections and versions.

load lib

setup()
{
	sandbox
	digits_registry
	unset VISUAL EDITOR
}

@test "note shows what a version was put with, and what was noted later in its place" {
	mreg_is 0 note digits:v1
	says 'epoch 2'
	mreg_is 0 note digits:v1 -m 'fails on sevens'
	says_nothing
	no_complaint
	mreg_is 0 note digits:v1
	says 'fails on sevens'
	mreg_is 0 note --json digits:v1
	json '. == {format: 1, ref: "digits:v1", note: "fails on sevens"}'
	mreg_is 0 show --json digits:v1
	json '.description == "fails on sevens"'
	mreg_is 0 ls --json digits
	json 'lines | map(select(.number == 1).summary) == ["fails on sevens"]'
}
