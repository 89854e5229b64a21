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
