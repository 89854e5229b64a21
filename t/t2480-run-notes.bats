#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tags, notes and metadata of runs; and what is said of versions that runs made and used.

load lib

setup()
{
	sandbox
	new_registry
	echo a >data
	mreg put -q data data -t dataset >/dev/null
	RUN=$(mreg run start --no-git --name 'night run' -t train -M lr=0.1 -m first)
	MREG_RUN=$RUN mreg use -q data:v0 >/dev/null
	mreg run log -q "$RUN" acc=0.5
	echo m >weights
	MREG_RUN=$RUN mreg put -q model weights >/dev/null
}

@test "a run is tagged, by its id, a part of it, or its name" {
	mreg_is 0 tag "$RUN" a b
	mreg_is 0 tag "${RUN:0:5}" c
	mreg_is 0 tag 'night run' d
	mreg_is 0 tag "$RUN"
	says TAG a b c d
	mreg_is 0 tag -d 'night run' b --json
	json ".ref == \"$RUN\" and .tags == [\"a\", \"c\", \"d\"]"
	mreg_is 4 tag -d "$RUN" z
	mreg_is 3 tag r-zzzzzzzzzz x
	complains "no run 'r-zzzzzzzzzz'"
}

@test "the note of a run is at first what it was begun with" {
	mreg_is 0 note 'night run'
	says first
	mreg_is 0 note "$RUN" -m second
	mreg_is 0 note "$RUN" --json
	json ".ref == \"$RUN\" and .note == \"second\""
	mreg run finish -q "$RUN" >/dev/null
	mreg_is 0 note "$RUN"
	says second
}

@test "metadata and metrics of a run lie over what it logged" {
	mreg run finish -q "$RUN" >/dev/null
	mreg_is 0 meta "$RUN" reviewed=true --metric acc=0.75
	mreg_is 0 meta "$RUN" --json
	json '.metadata == {"reviewed": true} and .metrics == {"acc": 0.75}'
	mreg_is 0 run show "$RUN" --json
	json '.metadata == {"reviewed": true} and .metrics.acc == 0.75 and .config == {"lr": 0.1}'
	mreg_is 0 meta -d "$RUN" acc
	mreg_is 0 run ls --json
	json '.metrics == {"acc": 0.5}'
	mreg_is 2 meta "$RUN" --title x
	complains 'a run has no title'
	mreg_is 2 ttl "$RUN" 3d
	complains 'which has no time to live'
}

@test "a metric that was set over a logged one can be taken away again" {
	mreg run log -q "$RUN" loss=0.5
	mreg run log -q "$RUN" loss=0.25
	mreg run finish -q "$RUN" >/dev/null
	mreg meta -q "$RUN" --metric loss=3
	mreg_is 0 run show "$RUN"
	assert_line --regexp '^  loss +3 +0\.25 +3 +2 '
	mreg_is 0 meta -d "$RUN" loss
	mreg_is 0 run show "$RUN"
	assert_line --regexp '^  loss +0\.25 +0\.25 +0\.5 +2 '
	mreg_is 0 run ls --columns metrics.loss
	assert_line --index 1 --regexp '^ +0\.25$'
	mreg_is 0 meta -d "$RUN" loss
	mreg_is 0 run show "$RUN" --json
	json '.metrics == {"acc": 0.5}'
}

@test "a collection comes before a run of the same name" {
	mreg run start -q --no-git --name model >/dev/null
	mreg tag model x
	mreg_is 0 search --artifacts -q 'tag = x'
	says model
	mreg_is 0 show model
	assert_line 'kind:         artifact'
}

@test "show of a version names the run that made it and those that used it" {
	mreg_is 0 show model:v0
	assert_line "made by:      $RUN  train, night run"
	mreg_is 0 show data:v0
	assert_line "used by:      $RUN  train, night run"
	refute_line --partial producer
	mreg_is 0 show model:v0 --json
	json ".producer == {\"id\": \"$RUN\", \"name\": \"night run\", \"job_type\": \"train\"} and .consumers == [] and .consumer_count == 0 and .from == null"
	for _ in 1 2 3 4 5 6; do
		MREG_RUN=$(mreg run start --no-git) mreg use -q data:v0 >/dev/null
	done
	mreg_is 0 show data:v0
	assert_line '              and 2 more'
	mreg_is 0 show data:v0 --json
	json '.producer == null and (.consumers | length) == 5 and .consumer_count == 7'
}

@test "show tells where an artifact began" {
	echo f >fork
	mreg put -q fork fork --from model:v0 >/dev/null
	mreg_is 0 show fork
	assert_line 'began at:     model:v0'
	mreg_is 0 show fork:v0 --json
	json '.from == "model:v0"'
	mreg_is 0 show fork --json
	json '.from == "model:v0"'
}

@test "diff shows which inputs differ" {
	local run
	echo b >data
	mreg put -q data data >/dev/null
	run=$(mreg run start --no-git)
	MREG_RUN=$run mreg use -q data:v1 model:v0 >/dev/null || {
		MREG_RUN=$run mreg use -q data:v1 >/dev/null
		MREG_RUN=$run mreg use -q model:v0 >/dev/null
	}
	echo n >weights
	MREG_RUN=$run mreg put -q model weights >/dev/null
	mreg_is 1 diff model:v0 model:v1
	assert_line --regexp '^INPUTS +model:v0 +model:v1$'
	assert_line --regexp '^ +data:v0 +data:v1$'
	assert_line --regexp '^ {20,}model:v0$'
	mreg_is 1 diff model:v0 model:v1 --json
	json '.inputs == {"a": ["data:v0"], "b": ["data:v1", "model:v0"]}'
	mreg_is 1 diff model:v0 model:v1 --stat --json
	json 'has("inputs") | not'
	mreg_is 0 diff model:v0 model:v0 --json
	json '.inputs == null'
}

@test "ls shows the run that made each version" {
	mreg_is 0 ls model --columns ref,run,job_type
	assert_line --regexp "^model:v0 +$RUN +train$"
	mreg_is 0 ls data --json
	json '.run == null and .job_type == null'
}

@test "log --metric NAME:min or :max marks the best, the older of two" {
	local value
	for value in 0.9 0.5 nan 0.9; do
		echo "$value$RANDOM" >weights
		mreg put -q scored weights --metric "acc=$value" --new-version >/dev/null
	done
	mreg_is 0 log scored --metric acc:max
	assert_line --index 0 'acc  █▁ █'
	assert_line --index 1 '     min 0.5 at v1, max 0.9 at v0, last 0.9 at v3'
	assert_line '    acc: 0.9  best'
	assert_equal "$(grep -c best <<<"$output")" 1
	mreg_is 0 log scored --metric acc:min --json
	json 'lines | map(.best) == [false, false, true, false]'
	mreg_is 0 log scored --metric acc --json
	json 'lines | map(.best) == [null, null, null, null]'
}
