#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg rollback: a stage goes back to who held it before.

load lib

setup()
{
	sandbox
	digits_registry
}

# moves WORD…: promotes to that version, or does that to the stage.
moves()
{
	local word
	for word; do
		case $word in
		v*) mreg promote -q "digits:$word" production >/dev/null ;;
		alias:*) mreg alias -q "digits:${word#*:}" production >/dev/null ;;
		put) head -c 100 /dev/urandom >file && mreg put -q digits file -a production >/dev/null ;;
		remove) mreg alias -q -d digits:production ;;
		back) mreg rollback -q digits:production >/dev/null ;;
		esac
	done
}

goes_back_to()
{
	mreg_is 0 rollback digits:production
	says "digits:$1"
	assert_equal "$(mreg resolve --name digits:production)" "digits:$1"
}

no_way_back()
{
	state >before
	mreg_is 4 rollback digits:production
	says_nothing
	diff before <(state)
}

@test "rollback goes back to the version before, and prints it" {
	moves v0 v3
	mreg_is 0 rollback --json digits:production -m 'it was slow'
	json '.format == 1 and .ref == "digits:v0" and .number == 0 and .stage == "production" and .previous == "digits:v3"'
	no_complaint
	mreg_is 0 history --json digits:production -n 1
	json '.verb == "rollback" and .old == "v3" and .new == "v0" and .why == "it was slow"'
}

@test "rollbacks go back further and further, until none is left" {
	moves v0 v1 v2
	goes_back_to v1
	goes_back_to v0
	no_way_back
	complains "'digits:production' has no earlier holder"
}

@test "a promotion after a rollback is what the next one undoes" {
	moves v0 v1 back v2
	goes_back_to v0
	moves v3 v4
	goes_back_to v3
	goes_back_to v0
	no_way_back
}

@test "a version that was promoted twice is gone back to twice" {
	moves v0 v1 v0 v1
	goes_back_to v0
	goes_back_to v1
	goes_back_to v0
	no_way_back
}

@test "whatever moved the stage, rollback undoes it" {
	moves v1 alias:v2 put
	goes_back_to v2
	goes_back_to v1
	no_way_back
}

@test "rollback brings back a stage that was removed" {
	moves v1 v2 remove
	mreg_is 0 rollback --json digits:production
	json '.ref == "digits:v2" and .previous == null'
	goes_back_to v1
	moves remove v3
	goes_back_to v1
	no_way_back
}

@test "rollback --steps goes back several at once" {
	moves v0 v1 v2 v3
	mreg_is 0 rollback digits:production --steps 2
	says digits:v1
	goes_back_to v0
	moves v1 v2
	mreg_is 4 rollback digits:production --steps 3
	complains "has only 2 earlier holders"
	mreg_is 2 rollback digits:production --steps 0
	mreg_is 2 rollback digits:production --steps x
	assert_equal "$(mreg resolve --name digits:production)" digits:v2
}

@test "rollback --steps counts right where versions come again" {
	moves v0 v1 v0 v1 v0
	mreg_is 0 rollback digits:production --steps 2
	says digits:v0
	mreg_is 0 rollback digits:production --steps 2
	says digits:v0
	no_way_back
	moves v2 v0 v1
	mreg_is 0 rollback digits:production --steps 3
	says digits:v0
	no_way_back
}

@test "rollback --expect is compare-and-set" {
	moves v0 v1
	mreg_is 5 rollback digits:production --expect v3
	complains "is v1, not v3 as expected"
	mreg_is 0 rollback digits:production --expect v1
	says digits:v0
}

@test "rollback -n changes nothing" {
	moves v0 v1
	state >before
	mreg_is 0 rollback -n digits:production
	says digits:v0
	diff before <(state)
}

@test "rollback takes any stage, and stages alone" {
	mreg alias -q digits:v1 best
	mreg alias -q digits:v2 best
	mreg_is 2 rollback digits:best
	complains "'best' is no stage"
	mreg_is 0 -c stage.list=best rollback digits:best
	says digits:v1
	mreg_is 2 rollback digits
	complains "Say 'mreg rollback digits:STAGE'."
	mreg_is 2 rollback digits:v1
	mreg_is 2 rollback digits:latest
	mreg_is 2 rollback digits:prodution
	complains "Did you mean 'production'?"
}

@test "rollback skips holders that were removed, and says so" {
	local i
	for i in 0 1 2 3; do
		mreg link -q "digits:v$i" scanner >/dev/null
		mreg promote -q "scanner:v$i" production >/dev/null
	done
	mreg unlink scanner:v2
	mreg unlink scanner:v1
	mreg_is 0 rollback scanner:production
	says scanner:v0
	complains "note: skipped, since it was removed: v2, v1"
	mreg promote -q scanner:v3 production >/dev/null
	mreg alias -q -d scanner:production
	mreg unlink scanner:v0
	mreg_is 0 rollback -q scanner:production
	says scanner:v3
	no_complaint
	mreg_is 4 rollback scanner:production
	complains "'scanner:production' has no earlier holder that is still there"
	assert_equal "$(mreg resolve --name scanner:production)" scanner:v3
}

@test "rollback skips versions that were removed, and finds them when they are back" {
	moves v0 v1 v2
	mreg rm --with-aliases digits:v1
	mreg_is 0 rollback -n digits:production
	says digits:v0
	complains "note: skipped, since it was removed: v1"
	mreg restore -q digits:v1
	mreg_is 0 rollback digits:production
	says digits:v1
	no_complaint
}

@test "a version that was linked again is gone back to under its new number" {
	mreg link -q digits:v0 scanner -a production >/dev/null
	mreg link -q digits:v1 scanner -a production >/dev/null
	mreg unlink scanner:v0
	mreg link -q digits:v0 scanner >/dev/null
	mreg_is 0 rollback scanner:production
	says scanner:v2
	no_complaint
}

@test "a rollback in a model leaves the artifact alone" {
	mreg alias -q digits:v4 production
	mreg link -q digits:v0 scanner -a production >/dev/null
	mreg link -q digits:v1 scanner -a production >/dev/null
	mreg_is 0 rollback scanner:production
	says scanner:v0
	assert_equal "$(mreg resolve --name digits:production)" digits:v4
}

@test "rollback of what never was" {
	mreg_is 4 rollback digits:production
	complains "'digits' has no alias 'production'"
	mreg_is 3 rollback nowhere:production
	moves v1
	no_way_back
}
