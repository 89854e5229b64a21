#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg protect: aliases that move only when somebody means it.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v1 production
}

# Bytes that were stored for nothing are gc's.
references()
{
	cat .mreg/journal
	mreg ls --json
}

# refused ARG…: status 6, and nothing changed.
refused()
{
	references >../before
	mreg_is 6 "$@"
	says_nothing
	mreg_is 6 --json "$@"
	says_nothing
	json_error '.error.code == "policy"'
	diff ../before <(references)
	mreg_is 6 "$@"
}

@test "protect prints nothing, and lists what is protected" {
	mreg_is 0 protect digits:production
	says_nothing
	no_complaint
	mreg_is 0 protect digits:staging --require-reason
	mreg_is 0 protect digits
	assert_line --index 0 --regexp '^REF +VERSION +MOVES$'
	assert_line --index 1 --regexp '^digits:production +digits:v1 +with --override and a reason$'
	assert_line --index 2 --regexp '^digits:staging +with a reason$'
	mreg_is 0 protect -q digits
	says digits:production digits:staging
	mreg put -q another "$DIGITS/epoch-1" >/dev/null
	mreg protect another:best
	mreg_is 0 protect -q
	says another:best digits:production digits:staging
	mreg_is 2 protect -d
	mreg_is 0 protect --json digits
	json 'lines | map([.ref, .alias, .version, .require_reason]) == [["digits:production", "production", "digits:v1", false], ["digits:staging", "staging", null, true]]'
}

@test "protect again changes the way, or writes nothing" {
	mreg protect digits:production
	cp .mreg/journal before
	mreg_is 0 protect digits:production
	cmp before .mreg/journal
	mreg_is 0 protect --json digits:production --require-reason
	json '.ref == "digits:production" and .require_reason'
	mreg_is 0 protect -n digits:staging
	mreg_is 0 protect --json digits
	json '.alias == "production" and .require_reason'
}

@test "protect -d takes protections away" {
	mreg protect digits:production
	mreg protect digits:staging
	mreg_is 4 protect -d digits:production digits:best
	complains "'digits:best' is not protected"
	mreg_is 0 protect --json -d digits:production digits:staging
	json '.removed == ["digits:production", "digits:staging"]'
	mreg_is 0 protect -q digits
	says_nothing
	mreg_is 0 alias digits:v2 production
}

@test "protect refuses what is no alias" {
	mreg_is 2 protect digits:v1
	complains "names no alias"
	mreg_is 2 protect digits:latest
	mreg_is 2 protect digits --require-reason
	mreg_is 2 protect digits:a digits:b
	mreg_is 2 protect -d digits:a --require-reason
	mreg_is 3 protect nowhere:production
	mreg_is 3 protect nowhere
	mreg_is 5 protect digits:Production
	complains "only in case"
	mreg_is 0 protect digits:staging
	mreg_is 5 protect digits:Staging
}

@test "a protected alias does not move without --override and a reason" {
	mreg alias -q digits:v0 production
	mreg alias -q digits:v1 production
	mreg protect digits:production
	refused alias digits:v2 production
	complains "'digits:production' is protected"
	complains "--override -m WHY"
	refused alias digits:v2 production -m why
	refused alias digits:v2 production --override
	complains "--override needs a reason"
	refused alias digits:v2 production --override -m ''
	refused promote digits:v2 production
	refused promote digits:v1 staging --drop-from production
	refused rollback digits:production
	refused put digits "$DIGITS/epoch-1" -a production
	refused put digits "$DIGITS/epoch-1/labels.txt" -a production -m text
	refused alias -n digits:v2 production
	mreg_is 0 alias digits:v1 production
	says digits:v1
	mreg_is 0 alias digits:v2 production --override -m 'it is on fire'
	says digits:v2
	mreg_is 0 history --json digits:production -n 1
	json '.why == "it is on fire"'
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt" -a production --override -m 'new labels'
	says digits:v5
}

@test "a protected alias is not removed without --override and a reason" {
	mreg protect digits:production
	refused alias -d digits:production
	complains "'digits:production' is protected from being removed"
	refused alias -d digits:production -m why
	mreg_is 0 alias -d digits:production --override -m 'it is gone'
	mreg_is 4 resolve digits:production
}

@test "an alias that is not set yet can be protected, and setting it is a move" {
	mreg protect digits:best
	refused alias digits:v2 best
	mreg_is 0 alias digits:v2 best --override -m 'the first one'
}

@test "an alias of a registered model is protected from every put that links" {
	mreg put -q digits "$DIGITS/epoch-1" --link scanner:production >/dev/null
	mreg protect scanner:production
	refused put digits "$DIGITS/epoch-2" --link scanner:production
	complains "'scanner:production' is protected"
	mreg_is 0 put digits "$DIGITS/epoch-2" --link scanner
	mreg_is 0 put digits "$DIGITS/epoch-2" --link scanner:production --override -m 'it is the better one'
	mreg_is 0 protect --json scanner
	json '.version == "scanner:v1"'
}

@test "what a protected alias names is not unlinked" {
	mreg link -q digits:v1 scanner -a production >/dev/null
	mreg link -q digits:v2 scanner >/dev/null
	mreg protect scanner:production --require-reason
	refused unlink scanner:v0
	refused unlink --with-aliases scanner:v0 -m 'no more'
	complains "'scanner:production' is protected"
	mreg_is 0 unlink scanner:v1
	mreg_is 0 link digits:v2 scanner -a production -m 'it is better'
	says scanner:v2
	mreg_is 0 unlink --with-aliases scanner:v2 -m 'no more' --override
}

@test "what a protected alias names is not removed, nor the artifact behind a model, nor the collection" {
	mreg protect digits:production
	refused rm --with-aliases digits:v1
	complains "'digits:production' is protected"
	refused rm --with-aliases digits:v1 -m 'no more'
	refused rm -r digits
	mreg link -q digits:v2 scanner -a production >/dev/null
	mreg protect scanner:production --require-reason
	refused rm --unlink --with-aliases digits:v2 -m 'no more'
	complains "'scanner:production' is protected"
	refused rm -r scanner -m 'no more'
	mreg_is 0 rm digits:v3
	mreg_is 0 rm --unlink --with-aliases digits:v2 -m 'no more' --override
	mreg_is 0 rm --with-aliases digits:v1 -m 'no more' --override
	mreg_is 0 restore digits:v1
}

@test "a reason alone moves an alias protected with --require-reason" {
	mreg protect digits:production --require-reason
	refused alias digits:v2 production
	complains "Say why: -m WHY."
	mreg_is 0 alias digits:v2 production -m 'it is better'
	mreg_is 0 promote digits:v3 production -m 'so is this'
	mreg_is 0 rollback digits:production -m 'or not'
	says digits:v2
	refused alias -d digits:production -m 'no more'
	mreg_is 0 alias -d digits:production -m 'no more' --override
}

@test "what is not concerned by a protection is as free as before" {
	mreg protect digits:production
	mreg_is 0 alias digits:v2 best
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt" -a best
	mreg put -q other "$DIGITS/epoch-1"
	mreg_is 0 alias other production
}

@test "a check has to agree whenever its alias moves" {
	mreg config protect.digits:production.check 'jq -e ".number < 4 and .hook == \"check\" and .alias == \"production\"" >/dev/null || { echo "not that one" >&2; exit 3; }'
	no_complaint
	mreg_is 0 alias digits:v2 production
	no_complaint
	refused alias digits:v4 production
	complains "not that one"
	complains "the check of 'digits:production' refuses 'digits:v4': it ended with 3"
	refused alias digits:v4 production --override -m 'all the same'
	refused promote digits:v4 production
	refused put digits "$DIGITS/epoch-1/labels.txt" -a production
	mreg_is 0 alias digits:v4 staging
	mreg_is 0 -c protect.digits:production.check=true alias digits:v4 production
	mreg_is 0 -c protect.digits:production.check=false alias -n digits:v1 production
}

@test "a check is of the collection that its name means" {
	mreg config protect.digits:best.check false
	mreg_is 6 -c core.project=red alias digits:v0 best
	complains "the check of 'digits:best'"
	mreg_is 0 -c core.project=red alias digits:v0 other
}

@test "a check in somebody else's registry is not run, and what it should see is refused" {
	[ "$(id -u)" = 0 ] || return 0 # only root can give a file away
	mreg config protect.digits:production.check 'touch ran'
	chown -R nobody .mreg
	refused alias digits:v2 production
	complains "check of alias 'production' would not be run"
	complains "mreg config --user --add safe.directory '$PWD'"
	assert_not_exists ran
	mreg_is 0 alias digits:v2 staging
	mreg config --user safe.directory "$PWD"
	mreg_is 0 alias digits:v2 production
	assert_exists ran
}
