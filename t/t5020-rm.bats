#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg rm: removes versions, links and collections, unless something counts on them.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "rm removes versions, whose numbers are not given again" {
	mreg_is 0 rm digits:v1 digits:v4 -m 'not wanted'
	says_nothing
	no_complaint
	mreg_is 4 resolve digits:v4
	complains "'digits:v4' was removed"
	mreg_is 0 resolve --name digits
	says digits:v3
	mreg_is 0 put digits "$DIGITS/epoch-5"
	says digits:v5
	mreg_is 0 history --json digits
	json 'lines | map(select(.verb == "rm" and .why == "not wanted")) | map(.ref) | sort == ["digits:v1", "digits:v4"]'
}

@test "rm removes what its operands meant before anything went" {
	mreg alias -q digits:v2 best
	mreg link -q digits:v2 prod
	mreg_is 0 rm --json digits:v4 digits:latest digits:v4
	json '.removed == ["digits:v4"]'
	mreg_is 0 rm --json --with-aliases --unlink digits:v2 digits:best prod:v0
	json '.removed == ["digits:v2"]'
	mreg_is 0 ls -q digits
	says digits:v3 digits:v1 digits:v0
	mreg_is 0 fsck -q
}

@test "rm of an aliased version is refused, and says which aliases" {
	mreg alias -q digits:v1 best prod
	state >../before
	mreg_is 6 rm digits:v0 digits:v1
	complains "'digits:v1' has aliases: best, prod"
	says_nothing
	diff ../before <(state)
	mreg_is 0 rm --with-aliases digits:v0 digits:v1
	mreg_is 4 resolve digits:best
	mreg_is 0 fsck
}

@test "rm of a linked version is refused, and says where it is linked" {
	mreg link -q digits:v1 prod
	mreg link -q digits:v1 other:live
	mreg_is 6 rm digits:v1
	complains "is linked as other:v0, prod:v0"
	mreg_is 6 rm digits:v1 --unlink
	complains "'other:v0' has aliases: live"
	mreg_is 0 rm digits:v1 --unlink --with-aliases
	mreg_is 4 resolve prod
	mreg_is 4 resolve other:live
	mreg_is 0 fsck
}

@test "rm of a link takes it out of its model alone" {
	mreg link -q digits:v1 prod
	mreg_is 0 rm prod:v0
	mreg_is 4 resolve prod:v0
	complains "was unlinked"
	mreg_is 0 resolve --name digits:v1
	says digits:v1
}

@test "rm takes no bare name; rm -r removes a whole collection" {
	mreg_is 2 rm digits
	complains "'digits' names a whole collection"
	mreg_is 2 rm -r digits:v1
	mreg alias -q digits:v1 best
	mreg_is 6 rm -r digits
	mreg_is 0 rm -r --with-aliases --json digits
	json '.removed == ["digits:v0", "digits:v1", "digits:v2", "digits:v3", "digits:v4", "digits"] and .bytes > 0'
	mreg_is 3 show digits
	mreg_is 0 put digits "$DIGITS/epoch-1" --type dataset
	says digits:v0
	mreg_is 0 fsck
	mreg_is 0 fsck --rebuild-index
}

@test "rm -r of a model leaves the versions where they are" {
	mreg create -q 'All Digits'
	mreg link -q digits:v1 All-Digits
	mreg_is 0 rm -r 'All Digits'
	mreg_is 3 show 'All Digits'
	mreg_is 0 show digits:v1
	mreg_is 0 create 'All Digits'
}

@test "rm -n removes nothing, and says what it would" {
	state >../before
	mreg_is 0 rm -n digits:v1
	complains "'digits:v1' would be removed"
	diff ../before <(state)
}

@test "rm of what is not there" {
	mreg_is 3 rm nowhere:v1
	mreg_is 4 rm digits:v9
	mreg rm -q digits:v1
	mreg_is 4 rm digits:v1
	mreg_is 2 rm
}

@test "du --what-if tells what a removal would free" {
	mreg put -q twin "$DIGITS/epoch-1"
	mreg_is 0 du --json --what-if 'rm digits:v0'
	json '.kind == "what-if" and .versions == 1 and .logical > 200000 and .unique < 5000'
	mreg_is 0 du --json --what-if 'rm digits:v0 twin:v0'
	json '.versions == 2 and .unique > 200000 and .stored > 100000 and .stored < .unique'
	mreg_is 0 du --what-if 'rm digits:v1'
	[[ $output == *"would be freed"* ]]
	mreg_is 0 du -q --what-if 'rm digits:v1'
	mreg_is 2 du --what-if 'put x y'
	mreg_is 2 du --what-if 'rm digits'
	mreg_is 4 du --what-if 'rm digits:v9'
}

@test "ls --removed lists collections that restore would bring back" {
	mreg create -q gone
	mreg rm -q -r gone
	mreg_is 0 ls -q
	says digits
	mreg_is 0 ls --json --removed
	json 'lines | map(select(.removed)) | map({ref, kind, type}) == [{"ref":"gone","kind":"model","type":"model"}]'
	json 'lines | map(select(.removed).removed_at | test("^20")) == [true]'
	mreg_is 0 ls --removed 'g*'
	[[ $output == *gone*model* && $output != *digits* ]]
	mreg restore -q gone
	mreg_is 0 ls -q --removed
	says "$(printf 'digits\ngone')"
}
