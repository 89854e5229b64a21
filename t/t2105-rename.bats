#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg rename: another name for a collection.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "rename gives another name, prints it, and keeps everything" {
	mreg alias -q digits:v1 best
	mreg link -q digits:v1 reader
	mreg_is 0 rename digits numerals -m 'there are others'
	says numerals
	no_complaint
	mreg_is 0 resolve --name numerals:best
	says numerals:v1
	mreg_is 0 show --json reader:v0
	json '.source == "numerals:v1"'
	mreg_is 0 rename --json reader digit-reader
	json '. == {format: 1, ref: "digit-reader", name: "digit-reader"}'
}

@test "the old name is answered with 3 and what it became, and so are its versions" {
	local reference
	mreg rename -q digits numerals
	for reference in digits digits:v1 digits:best digits:latest digits@00000000; do
		mreg_is 3 show "$reference"
		says_nothing
		complains "It was renamed: it is 'numerals' now."
	done
	mreg_is 0 put digits "$DIGITS/epoch-1"
	says digits:v0
}

@test "a chain of renames ends where it is now" {
	mreg rename -q digits numerals
	mreg rename -q numerals figures
	mreg_is 3 get digits:v0
	complains "it is 'figures' now"
	mreg_is 3 get numerals
	complains "it is 'figures' now"
	assert_not_exists digits
}

@test "rename to what is taken is 5, but the case of a name may change" {
	mreg create -q reader --title 'Digit reader'
	cp .mreg/journal before
	mreg_is 5 rename digits reader
	complains "'reader' already"
	mreg_is 5 rename digits READER
	mreg_is 2 rename digits nowhere/x/y/z
	mreg_is 2 rename digits 'no name'
	mreg_is 2 rename digits:v1 other
	mreg_is 3 rename nowhere other
	cmp before .mreg/journal
	mreg_is 0 rename digits Digits
	says Digits
	mreg_is 0 resolve --name Digits:v0
	mreg_is 3 resolve digits:v0
	complains "Did you mean 'Digits'"
	mreg_is 0 rename 'Digit reader' digit-reader
	says digit-reader
	mreg_is 0 show --json 'Digit reader'
	json '.name == "digit-reader"'
}

@test "rename into a project takes the title along, which must be free there" {
	mreg meta -q digits --title Numbers
	mreg create -q vision/other --title Numbers
	mreg_is 5 rename digits vision/digits
	complains "has the title 'Numbers' already"
	mreg meta -q vision/other --title ''
	mreg_is 0 rename digits vision/digits
	says vision/digits
	mreg_is 0 resolve --name vision/Numbers:v1
	says vision/digits:v1
	mreg_is 3 show Numbers
}

@test "rename is in the history, with who, and -n changes nothing" {
	mreg_is 0 rename -n digits numerals
	says numerals
	mreg_is 0 show digits
	mreg rename -q digits numerals -m 'there are others'
	mreg_is 0 history --json numerals
	json 'lines | map(select(.verb == "rename")) | length == 1 and .[0].old == "digits" and .[0].new == "numerals" and
		.[0].why == "there are others" and .[0].user == "tester"'
}

@test "put to the old name makes another artifact, and says so" {
	mreg rename -q digits numbers
	mreg_is 0 put digits "$DIGITS/epoch-1"
	says digits:v0
	complains "what was called 'digits' is 'numbers' now: this makes another artifact"
	mreg_is 0 put digits "$DIGITS/epoch-2"
	no_complaint
}

@test "rename says which checks go by the old name" {
	mreg config -q 'protect.digits:best.check' true
	mreg_is 0 rename digits numbers
	complains "'protect.digits:best.check' is configured for the old name, and does not run any more"
}
