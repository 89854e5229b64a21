#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Projects and entities: [[ENTITY/]PROJECT/]NAME, and what completes a short name.

load lib

setup()
{
	sandbox
	new_registry
	unset MREG_ENTITY MREG_PROJECT
}

@test "a name may have a project and an entity, everywhere" {
	mreg_is 0 put vision/digits "$DIGITS/epoch-1" -a best -M epoch=1
	says vision/digits:v0
	mreg_is 0 put acme/vision/digits "$DIGITS/epoch-2"
	says acme/vision/digits:v0
	mreg_is 0 link vision/digits:best vision/reader:production
	says vision/reader:v0
	mreg_is 0 get vision/reader:production
	says reader
	same_tree "$DIGITS/epoch-1" reader
	mreg_is 0 ls -q
	says acme/vision/digits vision/digits vision/reader
	mreg_is 0 history --json vision/digits
	json 'lines | any(.[]; .ref == "vision/digits:v0")'
	mreg_is 3 show reader
	complains "Did you mean 'vision/reader'?"
	mreg_is 0 fsck
}

@test "core.project and core.entity complete a short name, and what is printed is whole" {
	mreg config -q core.project vision
	mreg_is 0 put digits "$DIGITS/epoch-1" -a best
	says vision/digits:v0
	mreg_is 0 create 'Digit reader'
	says vision/Digit-reader
	mreg_is 0 link digits:best 'Digit reader:production'
	says vision/Digit-reader:v0
	mreg_is 0 show --json 'Digit reader'
	json '.ref == "vision/Digit-reader" and .title == "Digit reader"'
	MREG_ENTITY=acme mreg_is 0 put other "$DIGITS/epoch-2"
	says acme/vision/other:v0
	MREG_PROJECT=text mreg_is 0 put other "$DIGITS/epoch-2"
	says text/other:v0
	mreg_is 0 rename digits numerals
	says vision/numerals
	mreg_is 3 show digits
	complains "it is 'vision/numerals' now"
}

@test "references that are printed work as input, whatever is configured" {
	local reference
	mreg put -q digits "$DIGITS/epoch-1"
	mreg put -q vision/other "$DIGITS/epoch-2"
	mreg put -q acme/vision/third "$DIGITS/epoch-3"
	export MREG_ENTITY=acme MREG_PROJECT=vision
	mreg ls -q >names
	assert_equal "$(cat names)" "$(printf '%s\n' acme/vision/third digits vision/other)"
	while read -r reference <&8; do
		mreg_is 0 resolve --name "$reference:v0"
		says "$reference:v0"
		mreg_is 0 ls -q "$reference"
		says "$reference:v0"
	done 8<names
	mreg_is 0 resolve --name third
	says acme/vision/third:v0
	mreg_is 0 resolve --name vision/third
	says acme/vision/third:v0
}

@test "a pattern stops at a slash" {
	mreg create -q digits
	mreg create -q vision/a
	mreg create -q vision/b
	mreg create -q acme/vision/a
	mreg_is 0 ls -q 'vision/*'
	says vision/a vision/b
	mreg_is 0 ls -q '**/a'
	says acme/vision/a vision/a
	mreg_is 0 ls -q '*'
	says digits
}

@test "names in a project that differ only in case are 5, in other projects fine" {
	mreg create -q vision/digits
	mreg_is 5 create vision/Digits
	mreg_is 5 create VISION/digits
	mreg_is 0 create text/Digits
	mreg_is 2 create a/b/c/d
	mreg_is 2 create vision/
	mreg_is 2 create /digits
	mreg_is 2 -c core.project=a/b ls
}
