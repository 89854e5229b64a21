#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What runs make: put, draft commit and link inside a run; where artifacts begin; what a run holds.
# shellcheck disable=SC2154

load lib

setup()
{
	sandbox
	new_registry
	one=$(mreg run start -t train --name one --no-git)
}

@test "put inside a run is its output, and gets the metrics that were logged before it" {
	mreg run log one acc=0.5 loss=2
	mreg run log one acc=0.75
	MREG_RUN=$one mreg_is 0 put m "$DIGITS/epoch-1" --metric loss=1 --json
	json '.created and .run == "'"$one"'"'
	mreg run log one acc=0.9
	mreg_is 0 show m:v0 --json
	json '.metrics == {"acc": 0.75, "loss": 1} and .producer.id == "'"$one"'"'
	mreg_is 0 run outputs one --json
	json '.ref == "m:v0" and .created and .live'
	mreg run finish -q one >/dev/null
	mreg_is 0 show m:v0 --json
	json '.metrics.acc == 0.75'
}

@test "content that is there already is an output, too, and gets no metric" {
	mreg put -q m "$DIGITS/epoch-1" >/dev/null
	mreg run log one acc=0.5
	mreg_is 0 put m "$DIGITS/epoch-1" --run one
	says m:v0
	mreg_is 0 run outputs one --json
	json '.ref == "m:v0" and (.created | not)'
	mreg_is 0 show m:v0 --json
	json '.metrics == {}'
	mreg_is 0 run outputs one
	assert_output --partial "known before"
}

@test "what a run has made stays made when it puts it once more" {
	mreg put -q m "$DIGITS/epoch-1" --run one >/dev/null
	mreg put -q m "$DIGITS/epoch-1" --run one >/dev/null
	mreg_is 0 run outputs one --json
	json '.created'
}

@test "--best-by and --only-if-better know what was logged" {
	mreg run log one acc=0.5
	mreg_is 0 put m "$DIGITS/epoch-1" --run one --best-by acc:max
	mreg run log one acc=0.4
	mreg_is 0 put m "$DIGITS/epoch-2" --run one --only-if-better acc:max
	says m:v0
	complains "not better"
	mreg_is 2 put m "$DIGITS/epoch-2" --run one --best-by f1:max
	complains "the run has not logged it"
	mreg_is 0 run outputs one -q
	says m:v0
}

@test "put --run goes before MREG_RUN, and a run that has ended can be given more" {
	local two
	two=$(mreg run start --no-git)
	MREG_RUN=$one mreg_is 0 put m "$DIGITS/epoch-1" --run "$two"
	mreg run finish -q "$two" >/dev/null
	mreg_is 0 put m "$DIGITS/epoch-2" --run "$two"
	mreg_is 0 run outputs "$two" -q
	assert_equal "$(sort <<<"$output")" "$(printf '%s\n' m:v0 m:v1)"
	mreg_is 0 run outputs one -q
	says_nothing
}

@test "a put that is refused leaves no output" {
	mreg put -q m "$DIGITS/epoch-1" >/dev/null
	mreg_is 5 put m "$DIGITS/epoch-2" --run one --expect v7
	mreg_is 1 put m "$DIGITS/epoch-1" --run one --fail-if-unchanged
	mreg_is 0 put m "$DIGITS/epoch-2" --run one -n
	mreg_is 0 run outputs one -q
	says_nothing
}

@test "draft commit is an output of the run, and a draft's other verbs take no --run" {
	local id
	mreg put -q m "$DIGITS/epoch-1" >/dev/null
	mreg run log one acc=0.5
	id=$(mreg draft new m)
	mreg draft rm "$id" labels.txt
	MREG_RUN=one mreg_is 0 draft commit "$id"
	says m:v1
	mreg_is 0 show m:v1 --json
	json '.metrics.acc == 0.5'
	mreg_is 0 run outputs one -q
	says m:v1
	mreg_is 2 draft new m --run one
	complains "takes no --run"
}

@test "all that is done inside a run names it in the history" {
	mreg put -q m "$DIGITS/epoch-1" >/dev/null
	MREG_RUN=one mreg link -q m:v0 approved -a staging >/dev/null
	mreg_is 0 history approved --json
	json 'lines | all(.run == "'"$one"'")'
	mreg_is 0 history m --json
	json 'lines | all(.run == null)'
	mreg_is 0 history approved
	assert_line --partial "$one"
	mreg_is 0 show approved:v0 --json
	json '.linked_in == "'"$one"'" and .producer == null'
	mreg_is 0 show approved:v0
	assert_line --regexp "linked in: +$one"
}

@test "history of a run tells what was recorded, used and made" {
	mreg put -q m "$DIGITS/epoch-1" --run one >/dev/null
	mreg use -q m:v0 --run one --name again >/dev/null
	mreg run finish -q one >/dev/null
	mreg_is 0 history "${one:0:6}" --json
	json 'lines | map(.kind) | sort == ["input", "output", "run", "run end", "run start"]'
	json 'lines | all(.ref == "'"$one"'")'
	json 'lines | map(select(.kind == "run"))[0].new == "train '"'one'"'"'
	json 'lines | map(select(.kind == "input"))[0].new == "m:v0 as again"'
	mreg_is 3 history r-nowhere000
}

@test "put --from says where an artifact began, once" {
	mreg put -q base "$DIGITS/epoch-1" >/dev/null
	mreg put -q base "$DIGITS/epoch-2" >/dev/null
	mreg_is 0 put tuned "$DIGITS/epoch-3" --from base:v0
	mreg_is 0 put tuned "$DIGITS/epoch-4" --from base:v0
	mreg_is 5 put tuned "$DIGITS/epoch-5" --from base
	complains "'tuned' is known to have begun at 'base:v0'"
	mreg_is 2 put base "$DIGITS/epoch-3" --from base:v0
	complains "'base' itself"
	mreg_is 3 put other "$DIGITS/epoch-3" --from nowhere
	mreg_is 4 put other "$DIGITS/epoch-3" --from base:v9
	mreg_is 0 ls -q
	says base tuned
	mreg_is 0 history tuned --json
	json 'lines | map(select(.kind == "from")) | length == 1 and .[0].new == "base:v0"'
}

@test "what a live run used is not pruned, and not removed by --keep-last" {
	local epoch
	for epoch in 1 2 3; do
		mreg put -q m "$DIGITS/epoch-$epoch" --run one >/dev/null
	done
	mreg use -q m:v0 --run one >/dev/null
	mreg_is 0 prune --unused -q
	assert_equal "$(sort <<<"$output")" "$(printf '%s\n' m:v1 m:v2)"
	mreg_is 0 put m "$DIGITS/epoch-4" --keep-last 1
	mreg_is 0 ls m -q
	says m:v3 m:v0
	mreg run rm -q --force one
	mreg_is 0 prune m --keep-last 1 -q
	says m:v0
}

@test "runs raise no hooks of their own" {
	printf '#!/bin/sh\ncat >>../told\n' >.mreg/hooks/post-put
	chmod +x .mreg/hooks/post-put
	mreg run start --no-git -q >/dev/null
	mreg run finish -q one >/dev/null
	assert_not_exists ../told
	mreg put -q m "$DIGITS/epoch-1" --run one >/dev/null
	run jq -r .ref ../told
	assert_output m:v0
}

@test "status shows the run that is open" {
	mreg_is 0 status --json
	json '.run == null and .artifacts == 0'
	MREG_RUN=one mreg_is 0 status --json
	json '.run == {"id": "'"$one"'", "job_type": "train", "name": "one"}'
	MREG_RUN=one mreg_is 0 status
	assert_line --regexp "run: +$one \(train 'one'\)"
}

@test "puts of many processes inside one run are all its outputs" {
	local n
	export MREG_RUN=$one
	for n in 1 2 3 4 5; do
		mreg put -q m "$DIGITS/epoch-$n" >/dev/null &
	done
	wait
	unset MREG_RUN
	mreg_is 0 run outputs one -q
	assert_equal "$(sort <<<"$output")" "$(printf 'm:v%s\n' 0 1 2 3 4)"
}

@test "what is done in a run that has ended is warned of, each time, but not when it was named" {
	local warning="warning: MREG_RUN names the run '$one', which has ended; 'unset MREG_RUN' to work outside of it"
	mreg put -q m "$DIGITS/epoch-1" >/dev/null
	export MREG_RUN=$one
	mreg_is 0 alias m:v0 best
	no_complaint
	mreg run finish -q >/dev/null
	mreg_is 0 put m "$DIGITS/epoch-1/labels.txt"
	says m:v1
	assert_equal "$stderr" "$warning"
	mreg_is 0 get m:v0 -o out -q
	assert_equal "$stderr" "$warning"
	mreg_is 0 use m:v0
	assert_equal "$stderr" "$warning"
	mreg_is 0 alias m:v1 best
	assert_equal "$stderr" "$warning"
	mreg_is 0 run start
	assert_equal "$stderr" "$warning"
	unset MREG_RUN
	mreg_is 0 use m:v1 --run one
	no_complaint
	mreg_is 0 put m "$DIGITS/epoch-2" --run one
	no_complaint
}
