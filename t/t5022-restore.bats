#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg restore: brings back what was removed.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "restore brings a version back, as it was" {
	mreg show --json digits:v1 >../before
	mreg tag -q digits:v1 mine
	mreg tag -q -d digits:v1 mine
	mreg rm -q digits:v1
	mreg_is 0 restore digits:v1
	says digits:v1
	no_complaint
	mreg show --json digits:v1 | diff ../before -
	mreg_is 0 get -q digits:v1 -o out
	same_tree "$DIGITS/epoch-2" out
	mreg_is 0 fsck
}

@test "restore of a link gives it its number again" {
	mreg link -q digits:v1 prod
	mreg unlink -q prod:v0
	mreg_is 0 restore prod:v0
	says prod:v0
	mreg unlink -q prod:v0
	mreg link -q digits:v1 prod
	mreg_is 5 restore prod:v0
	mreg_is 0 ls -q prod
	says prod:v1
}

@test "restore of a collection brings back all that went with it, and no more" {
	mreg alias -q digits:v1 best
	mreg meta -q digits --title 'All Digits'
	MREG_NOW=@1600000000 mreg rm -q digits:v3
	mreg ls --json digits >../before
	mreg rm -q -r --with-aliases digits
	mreg_is 0 restore --json digits
	json 'lines | map(.ref) | sort == ["digits", "digits:v0", "digits:v1", "digits:v2", "digits:v4"]'
	mreg ls --json digits | diff ../before -
	mreg_is 0 resolve --name 'All Digits:best'
	says digits:v1
	mreg_is 0 restore digits:v3
	mreg_is 0 fsck
	mreg_is 0 fsck --rebuild-index
}

@test "restore of a collection whose name was taken is a conflict" {
	mreg rm -q -r digits
	mreg put -q digits "$DIGITS/epoch-1"
	state >../before
	mreg_is 5 restore digits
	diff ../before <(state)
	mreg rename -q digits newer
	mreg_is 0 restore -q digits
	mreg_is 0 ls -q digits -n 1
	says digits:v4
}

@test "restore of what was not removed" {
	mreg_is 4 restore digits:v1
	complains "'digits:v1' was not removed"
	mreg_is 4 restore digits:v99
	mreg_is 4 restore digits
	mreg_is 3 restore nowhere
	mreg_is 3 restore nowhere:v1
	mreg_is 2 restore digits:best
	mreg_is 2 restore
}

@test "restore -n brings back nothing" {
	mreg rm -q digits:v1
	state >../before
	mreg_is 0 restore -n digits:v1
	diff ../before <(state)
}
