#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# fsck --repair-from: what is damaged or missing is fetched from a registry that has it.
# shellcheck disable=SC2154

load lib

setup()
{
	sandbox
	unset MREG_SEED # registries that were made alike would be the same one
	mkdir hub
	(cd hub && digits_registry)
	mreg clone -q hub a >/dev/null
	cd a || return
}

sound()
{
	mreg_is 0 fsck
	[[ $output == "sound: "* ]]
	mreg_is 0 get --offline -q digits:v4 -o out
	same_tree out "$DIGITS/epoch-5"
}

@test "a flipped byte is mended" {
	damage "$(largest_pack)" 100000
	mreg_is 7 fsck
	complains "hint: 'mreg fsck --repair-from REMOTE' fetches it anew."
	mreg_is 0 fsck --repair-from origin
	[[ $output == "repaired: "*"sound: "* ]]
	no_complaint
	[ ! -e .mreg/damaged ]
	sound
}

@test "a pack that is gone is fetched again" {
	rm "$(largest_pack)"
	mreg_is 7 fsck
	mreg_is 0 fsck --repair-from ../hub --json
	json '.ok and .problems == [] and (.repaired | length) == 5 and .objects_fetched > 5 and .bytes_fetched > 100000'
	sound
}

@test "a pack that cannot be read at all is set aside" {
	local pack
	pack=$(largest_pack)
	damage "$pack" $(($(stat -c %s "$pack") - 4))
	mreg_is 7 fsck
	mreg_is 0 fsck --repair-from origin
	complains "cannot be read and is not needed any more: it was moved to '$PWD/.mreg/broken'"
	[ -e ".mreg/broken/${pack##*/}" ]
	sound
}

@test "with nothing wrong nobody is asked" {
	mv ../hub ../away
	mreg_is 0 fsck --repair-from origin
	[[ $output == "sound: "* ]]
	no_complaint
}

@test "a remote that cannot be reached is 8, and one that is not known 2" {
	damage "$(largest_pack)" 100000
	mv ../hub ../away
	mreg_is 8 fsck --repair-from origin
	complains "mreg: cannot repair: cannot connect to 'origin'"
	mreg_is 2 fsck --repair-from nowhere
	mreg_is 2 fsck --repair-from origin --rebuild-index
}

@test "what the remote does not have is named, and the rest is mended" {
	head -c 300000 /dev/urandom >own.bin
	mreg put -q own own.bin >/dev/null
	rm .mreg/objects/*.pack
	mreg_is 7 fsck --repair-from origin
	[[ $output == *"repaired: version: "*"damaged: "* ]]
	complains "mreg: 1 problem left"
	mreg_is 7 fsck --json
	json '[.problems[].refs[]] == ["own:v0"]'
	mreg_is 0 verify digits:v0
}

@test "what is damaged over there as well stays damaged" {
	damage "$(largest_pack)" 100000
	(cd ../hub && chmod u+w .mreg/objects/*.pack && truncate -s 100 .mreg/objects/*.pack)
	mreg_is 7 fsck --repair-from origin
	mreg_is 7 fsck
}

@test "absent files stay absent" {
	mreg drop -q digits:v0 digits:v1 digits:v2
	damage "$(largest_pack)" 100000
	mreg_is 0 fsck --repair-from origin
	mreg_is 0 fsck --json
	json '.absent_versions == 3'
	mreg_is 8 verify --offline digits:v0
}

@test "a dry run mends nothing" {
	damage "$(largest_pack)" 100000
	mreg_is 7 fsck -n --repair-from origin
	mreg_is 7 fsck
}
