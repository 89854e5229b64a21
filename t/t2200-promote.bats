#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg promote: stages.

load lib

setup()
{
	sandbox
	digits_registry
}

holder()
{
	mreg resolve --name "digits:$1" 2>/dev/null || echo none
}

@test "promote gives a version the stage, and prints it" {
	mreg_is 0 promote digits:v1 staging
	says digits:v1
	no_complaint
	assert_equal "$(holder staging)" digits:v1
	mreg_is 0 promote digits:v1 production
	says digits:v1
	assert_equal "$(holder staging) $(holder production)" "digits:v1 digits:v1"
}

@test "promote of a bare name is of its latest version" {
	mreg_is 0 promote digits staging
	says digits:v4
}

@test "promote moves the stage in one transaction and says what was there" {
	local lines_before
	mreg promote -q digits:v1 production
	mreg promote -q digits:v3 staging
	lines_before=$(wc -l <.mreg/journal)
	mreg_is 0 promote --json digits:staging production --drop-from staging --archive-previous -m 'passed the review'
	json '.format == 1 and .ref == "digits:v3" and .number == 3 and .stage == "production" and .previous == "digits:v1"'
	json '.dropped == "staging" and .archived == "digits:v1" and (.digest | length == 64)'
	no_complaint
	assert_equal "$(wc -l <.mreg/journal)" $((lines_before + 1))
	assert_equal "$(holder production) $(holder staging) $(holder archived)" "digits:v3 none digits:v1"
	mreg_is 0 history --json digits:production -n 1
	json '.verb == "promote" and .old == "v1" and .new == "v3" and .why == "passed the review"'
}

@test "promote drops nothing that it was not told to drop" {
	mreg promote -q digits:v2 staging
	mreg_is 0 promote --json digits:v2 production
	json '.dropped == null and .archived == null and .previous == null'
	assert_equal "$(holder staging)" digits:v2
}

@test "promote --drop-from leaves a stage that another version holds, and says so" {
	mreg promote -q digits:v1 staging
	mreg_is 0 promote digits:v2 production --drop-from staging
	says digits:v2
	complains "note: 'digits:staging' stays: it is v1"
	assert_equal "$(holder staging)" digits:v1
	mreg_is 0 promote digits:v2 production --drop-from development
	complains "note: 'digits:development' was not set"
	mreg_is 0 promote -q digits:v2 production --drop-from development
	no_complaint
}

@test "promote --archive-previous archives nothing when nothing was displaced" {
	mreg_is 0 promote digits:v2 production --archive-previous
	mreg_is 0 promote digits:v2 production --archive-previous
	assert_equal "$(holder archived)" none
}

@test "promote of what is there already writes nothing" {
	mreg promote -q digits:v2 production
	cp .mreg/journal before
	mreg_is 0 promote --json digits:v2 production -m again
	json '.ref == "digits:v2" and .previous == null'
	cmp before .mreg/journal
}

@test "promote refuses an unknown stage" {
	state >before
	mreg_is 2 promote digits:v2 prodution
	says_nothing
	complains "'prodution' is no stage: they are development, staging, production, archived"
	complains "Did you mean 'production'?"
	mreg_is 2 promote digits:v2 best
	complains "stage.list"
	mreg_is 2 promote digits:v2 Production
	mreg_is 2 promote digits:v2 production --drop-from stagin
	complains "Did you mean 'staging'?"
	mreg_is 2 promote digits:v2 latest
	mreg_is 2 promote digits:v2 v1
	diff before <(state)
}

@test "promote knows the stages of stage.list" {
	mreg config stage.list '  dev   canary live '
	mreg_is 0 promote digits:v2 canary
	mreg_is 2 promote digits:v2 production
	complains "they are dev, canary, live"
	mreg_is 0 -c stage.list='a b' promote digits:v2 b
	mreg_is 2 config stage.list 'dev latest'
	mreg_is 2 config stage.list 'dev dev'
	mreg_is 2 config stage.list ''
	mreg_is 2 config stage.list 'v3'
	printf '[stage]\n\tlist = dev -x\n' >.mreg/config
	mreg_is 2 promote digits:v2 dev
	complains "in file:"
}

@test "promote refuses options that contradict each other" {
	mreg_is 2 promote digits:v2 production --drop-from production
	complains "--drop-from"
	mreg_is 2 promote digits:v2 archived --archive-previous
	complains "--archive-previous"
	mreg_is 2 promote digits:v2
	mreg_is 2 promote digits:v2 staging production
	mreg_is 2 promote digits:v2 production --expect soon
}

@test "promote of what is not there" {
	mreg_is 3 promote digts:v1 production
	complains "Did you mean 'digits'"
	mreg_is 4 promote digits:v77 production
	mreg_is 4 promote digits:bset production
	mreg_is 2 promote 'a:b:c' production
}

@test "promote --expect is compare-and-set" {
	mreg_is 0 promote digits:v1 production --expect none
	mreg_is 5 promote digits:v2 production --expect none
	complains "'digits:production' is v1, not unset as expected"
	mreg_is 5 promote digits:v2 production --expect v0
	says_nothing
	mreg_is 0 promote digits:v2 production --expect v1
	assert_equal "$(holder production)" digits:v2
}

@test "of twenty who promote at once with one expectation, one wins" {
	local i pids=() won=0 lost=0 status
	mreg promote -q digits:v0 production
	for i in {1..20}; do
		if ((i % 2)); then
			mreg -c core.lockTimeout=1m promote "digits:v$((i % 4 + 1))" production --expect v0 -m "$i" >"out$i" 2>&1 &
		else
			mreg -c core.lockTimeout=1m alias "digits:v$((i % 4 + 1))" production --expect v0 -m "$i" >"out$i" 2>&1 &
		fi
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		status=0
		wait "$i" || status=$?
		case $status in
		0) won=$((won + 1)) ;;
		5) lost=$((lost + 1)) ;;
		esac
	done
	assert_equal "$won $lost" "1 19"
	assert_equal "$(mreg history --json digits:production | wc -l)" 2
}

@test "promote -n decides and changes nothing" {
	state >before
	mreg_is 0 promote -n digits:v2 production
	says digits:v2
	mreg_is 4 promote -n digits:v22 production
	diff before <(state)
}

@test "promote of an alias that stands in another case is refused" {
	mreg alias -q digits:v1 Production
	mreg_is 5 promote digits:v2 production
	complains "only in case"
}
