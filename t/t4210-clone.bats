#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Clones over a path: everything, or everything but the files.
# shellcheck disable=SC2154

load lib
load sharing

setup()
{
	sharing_sandbox
}

@test "a clone that cannot be made is called what the user has called it" {
	mreg init -q a
	mreg_is 8 clone "$PWD/nowhere"
	complains "cannot clone '$PWD/nowhere': No such file"
	complains "hint: A path of another machine is written host:path."
	mreg_is 5 clone hub:reg a
	complains "cannot clone 'hub:reg': 'a' is a registry already"
	complains "hint: 'mreg -C a pull' brings it"
}

@test "clone makes a registry with everything, byte for byte" {
	team
	same_state hub a
	run -0 --separate-stderr mreg --registry a fsck
	run -0 --separate-stderr mreg --registry a get -q digits:best -o out
	same_tree out "$DIGITS/epoch-3"
	mreg --registry a history digits --json | jq -r .why >why.a
	mreg --registry hub history digits --json | jq -r .why >why.hub
	diff why.a why.hub
}

@test "clone prints its directory, and names it after the far one" {
	mkdir -p x/models.mreg
	(cd x/models.mreg && digits_registry)
	mreg_is 0 clone x/models.mreg
	says models
	mreg_is 0 --registry models remote ls -q
	says origin
}

@test "clone --json says what came" {
	mkdir hub
	(cd hub && digits_registry)
	mreg_is 0 clone hub a --json
	json '.format == 1 and .path == "a" and .references == 6 and .objects == 0 and .bytes == 0 and .absent == 0'
}

@test "clone refuses a directory that is something else, and leaves it alone" {
	mkdir hub full
	(cd hub && new_registry)
	echo mine >full/file
	mreg_is 5 clone hub full
	complains "'full' exists and is not an empty directory"
	assert_equal "$(ls -A full)" file
	mreg_is 8 clone nowhere x
	complains nowhere
	assert_not_exists x
}

@test "clone --metadata-only has everything but files, which come when they are read" {
	mkdir hub
	(cd hub && digits_registry)
	mreg clone -q --metadata-only hub a >/dev/null
	cd a
	same_state ../hub .
	mreg_is 0 fsck
	assert [ "$(du -s .mreg/objects | cut -f1)" -lt 100 ]
	mreg_is 0 get -q digits:v3 -o out
	same_tree out "$DIGITS/epoch-4"
	mv ../hub ../gone
	mreg_is 0 get -q digits:v3 -o again
	mreg_is 8 get -q digits:v1 -o other
	assert_not_exists other
	mreg_is 8 cat digits:v1 model.safetensors
	mreg_is 0 show digits:v1
}
