#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Runs: begun, logged to, ended.

load lib

setup()
{
	sandbox
	new_registry
}

# shown RUN FILTER: `run show` says so.
shown()
{
	mreg_is 0 run show --json "$1"
	json "$2"
}

# points RUN: as they stand in the file of a running run, without their times.
points()
{
	cut -d ' ' -f 2- ".mreg/runs/$1"
}

# --- start

@test "a run has an id, which is all that start prints" {
	mreg_is 0 run start
	no_complaint
	[[ $output =~ ^r-[a-z0-9]{10}$ ]]
	assert_file_exist ".mreg/runs/$output"
	shown "$output" '.job_type == "run" and .name == null and .state == "running" and .ended == null and .user == "tester" and .created == "2026-01-02T03:04:05Z"'
}

@test "what start is told is kept" {
	mkdir -p src/lib conf
	echo 'print(1)' >src/train.py
	echo x >src/lib/x.py
	echo '{"lr": 0.1, "deep": {"a": [1]}}' >conf/train.json
	mreg_is 0 run start -t train --name first --config conf/train.json -M lr=0.5 -M epochs=3 --code src --code src/../conf/train.json \
		--tag baseline --tag prod_ready -m 'the first try'
	no_complaint
	id=$output
	shown first '.id == "'"$id"'" and .job_type == "train" and .name == "first" and .config == {"lr": 0.5, "deep": {"a": [1]}, "epochs": 3}
		and .tags == ["baseline", "prod_ready"] and .note == "the first try" and .directory == "'"$PWD"'"
		and [.files[].path] == ["code/src/lib/x.py", "code/src/train.py", "code/train.json", "config/train.json"]'
}

@test "a configuration that is no JSON object is kept as a file" {
	printf 'lr: 0.1\n' >train.yaml
	mreg_is 0 run start --config train.yaml -M seed=1
	id=$output
	assert_equal "$stderr" "warning: 'train.yaml' is no JSON object: it is kept as a file, and run.config has nothing of it"
	shown "$id" '.config == {"seed": 1} and .files[0].path == "config/train.yaml"'
	echo '[1, 2]' >list.json
	id=$(mreg run start --config list.json)
	shown "$id" '.config == null and .files[0].path == "config/list.json"'
}

@test "several configurations come together, and the later one is right" {
	mkdir more
	echo '{"lr": 1, "opt": {"wd": 1, "name": "sgd"}, "a.b": 1}' >base.json
	echo '{"lr": 2, "opt": {"wd": 2}, "deep": {"er": {"x": 1}}}' >this.json
	mreg_is 0 run start --config base.json --config this.json -M opt.wd=5 -M deep.er.x=2 -M deep.new=3 -M lr.x=4 -M a.b=5 -M none.x=6
	no_complaint
	shown "$output" '.config == {"lr": 2, "opt": {"wd": 5, "name": "sgd"}, "deep": {"er": {"x": 2}, "new": 3}, "lr.x": 4, "a.b": 5, "none.x": 6}
		and [.files[].path] == ["config/base.json", "config/this.json"]'
	cp base.json more/base.json
	cp .mreg/journal before
	mreg_is 5 run start --config base.json --config more/base.json
	says_nothing
	cmp before .mreg/journal
}

@test "a configuration or code that is not there starts nothing" {
	cp .mreg/journal before
	mreg_is 10 run start --config nowhere.json
	says_nothing
	complains "'nowhere.json'"
	mreg_is 10 run start --code nowhere
	complains "'nowhere'"
	mreg_is 10 run start --config .
	mreg_is 6 run start --code .mreg/config
	mreg_is 2 run start -t 'no good'
	mreg_is 2 run start --name 'a/b'
	mreg_is 2 run start --tag 'no good'
	mreg_is 2 run start -M novalue
	mreg_is 2 run start --pid 0
	mreg_is 2 run start --pid 2147483647
	complains "there is no process 2147483647"
	mreg_is 2 run start -n --pid 2147483647
	mreg_is 2 run start first
	complains "'run start' takes no 'first'"
	mreg_is 2 run start --step 1
	complains "'run start' takes no --step"
	cmp before .mreg/journal
	assert_equal "$(ls -A .mreg/runs)" ""
	assert_equal "$(ls -A .mreg/tmp)" ""
}

@test "a command that somebody else runs is recorded" {
	mreg_is 0 run start -t train -- python 'my train.py' --lr .1 -q --json
	no_complaint
	shown "$output" '.argv == ["python", "my train.py", "--lr", ".1", "-q", "--json"] and .state == "running"'
	mreg_is 0 run start
	shown "$output" '.argv == null'
}

@test "a dry run starts nothing" {
	cp .mreg/journal before
	mreg_is 0 run start -n
	says_nothing
	complains 'dry run: no run was started'
	mreg_is 0 run start -n --json -t eval
	json '.id == null and .job_type == "eval"'
	cmp before .mreg/journal
	assert_equal "$(ls -A .mreg/runs)" ""
}

@test "what git says of the code is recorded" {
	git init -q
	git config user.email t@example.com
	git config user.name t
	echo one >train.py
	git add train.py
	git commit -q -m first
	id=$(mreg run start)
	shown "$id" '.code.commit == "'"$(git rev-parse HEAD)"'" and .code.dirty == false'
	echo two >train.py
	id=$(mreg run start)
	shown "$id" '.code.dirty and .files[0].path == "code.diff"'
	mreg run cat "$id" code.diff >changes
	git apply -R --check changes
	mreg run finish -q "$id"
	shown "$id" '.code.dirty and .files[0].path == "code.diff"'
	id=$(mreg run start --no-git)
	shown "$id" '.code == null'
}

@test "a run that is started inside of another names it" {
	outer=$(mreg run start)
	inner=$(MREG_RUN=$outer mreg run start)
	mreg run finish -q "$inner"
	shown "$inner" '.parent == "'"$outer"'"'
	shown "$outer" '.parent == null'
	mreg_is 0 run show "$inner"
	assert_line --regexp "^started in: +$outer\$"
	MREG_RUN=${outer:0:8} mreg_is 0 run start
	MREG_RUN=r-nowhere00 mreg_is 3 run start
	complains r-nowhere00
}

@test "many can be started at once" {
	local n
	unset MREG_SEED
	for n in 1 2 3 4 5 6; do
		mreg run start >"id.$n" &
	done
	wait
	assert_equal "$(cat id.* | sort -u | wc -l)" 6
	mreg_is 0 fsck -q
}

@test "no name leads to a run, and none of its verbs to a collection" {
	id=$(mreg run start --name first)
	mreg_is 0 ls
	says_nothing
	mreg_is 3 get first
	mreg_is 3 log first
	mkdir -p d && echo x >d/f
	mreg put -q m d
	mreg_is 3 run finish m
	mreg_is 0 put first d
	says first:v0
}

@test "runs are no puts: no hook is asked about them" {
	printf '#!/bin/sh\nexit 1\n' >.mreg/hooks/pre-put
	cp .mreg/hooks/pre-put .mreg/hooks/post-put
	chmod +x .mreg/hooks/*
	mreg_is 0 run start --tag x -m why
	no_complaint
	mreg_is 0 run finish "$output"
	no_complaint
}

# --- finish

@test "an ended run has its end, its status and its points, and takes no more" {
	id=$(mreg run start --name first)
	mreg run log "$id" loss=.5 acc=0.25
	mreg run log first loss=.25
	MREG_NOW=2026-01-02T03:14:05Z mreg_is 0 run finish "$id" --status 3 -m 'out of memory'
	says "$id"
	no_complaint
	assert_not_exist ".mreg/runs/$id"
	shown "$id" '.state == "failed" and .exit_status == 3 and .reason == "out of memory" and .ended == "2026-01-02T03:14:05Z"
		and .metrics == {"loss": 0.25, "acc": 0.25} and .points.loss == {"count": 2, "first_step": 0, "last_step": 1, "last": 0.25, "min": 0.25, "max": 0.5}'
	mreg run cat "$id" points >points
	assert_equal "$(cut -d ' ' -f 2- points)" "$(printf '0 loss 0.5\n0 acc 0.25\n1 loss 0.25')"
	cp .mreg/journal before
	mreg_is 5 run finish "$id"
	complains 'has ended'
	mreg_is 5 run log "$id" loss=.1
	complains "the run '$id' has ended"
	mreg_is 5 run log --json "$id" loss=.1
	json_error '.error.code == "conflict"'
	cmp before .mreg/journal
	assert_equal "$(ls -A .mreg/runs)" ""
	mreg_is 0 history
	assert_line --partial 'out of memory'
	mreg_is 0 fsck -q
}

@test "the history of an end has its own reason, not that of the beginning" {
	id=$(mreg run start -m 'to see')
	mreg run finish -q "$id"
	mreg_is 0 history "$id" --json
	json 'lines | map(select(.kind == "run end"))[0].why == null'
	json 'lines | map(select(.kind == "run start"))[0].why == "to see"'
}

@test "no meter of the few bytes of a record, however long the program took" {
	mkfifo never
	run script -qefc "mreg run exec --progress -- bash -c 'mreg run log a=1; read -r -t 1.1 <>never; true'" /dev/null </dev/null
	assert_output --partial "note:"
	refute_output --partial storing
}

@test "an end without a status is a good one" {
	id=$(mreg run start)
	mreg_is 0 run finish --json "$id"
	json '.id == "'"$id"'" and .state == "finished" and .job_type == "run"'
	shown "$id" '.state == "finished" and .exit_status == null and .metrics == {} and .files == []'
}

@test "a run that died is ended only by somebody who says how" {
	id=$(sh -c 'mreg run start --pid $$')
	mreg run log "$id" a=1
	shown "$id" '.state == "died"'
	cp .mreg/journal before
	mreg_is 2 run finish "$id"
	says_nothing
	complains 'has died'
	complains 'Say --status N'
	mreg_is 2 run finish -n "$id"
	cmp before .mreg/journal
	mreg_is 0 run finish "$id" --status 0
	shown "$id" '.state == "finished" and .exit_status == 0'
	mreg_is 5 run finish "$id"
}

@test "what finish cannot do leaves the run as it is" {
	id=$(mreg run start)
	mreg run log "$id" a=1
	cp .mreg/journal before
	mreg_is 3 run finish r-nowhere00
	mreg_is 2 run finish
	complains 'no run is named'
	mreg_is 2 run finish "$id" --status 256
	mreg_is 2 run finish "$id" other
	mreg_is 2 run finish "$id" --tag x
	mreg_is 0 run finish -n "$id"
	complains 'dry run'
	cmp before .mreg/journal
	assert_equal "$(points "$id")" '0 a 1.0'
	mreg_is 0 run finish "$id"
}

@test "of two that end a run at once one does" {
	local n id
	id=$(mreg run start)
	mreg run log "$id" a=1
	for n in 1 2 3; do
		(mreg run finish "$id" --status "$n" >"out.$n" 2>"err.$n" && echo 0 >"ended.$n" || echo $? >"status.$n") &
	done
	wait
	assert_equal "$(cat ended.*)" 0
	assert_equal "$(cat status.*)" "$(printf '5\n5')"
	assert_equal "$(ls -A .mreg/runs)" ""
	shown "$id" '.metrics == {"a": 1}'
}

@test "the beginning of an id will do while it is that of one run, and a name while one has it" {
	id=$(mreg run start --name twice)
	mreg_is 0 run log "${id:0:11}" a=1
	assert_equal "$(points "$id")" '0 a 1.0'
	other=$(mreg run start --name twice)
	mreg_is 2 run log twice a=1
	complains "$id"
	complains "$other"
}

@test "what is no sub-verb is refused" {
	mreg_is 2 run sideways
	says_nothing
	complains "'sideways' is none of"
	mreg_is 2 run
	mreg_is 2 run list
	complains "Did you mean 'run ls'?"
	mreg_is 2 run strat
	complains "Did you mean 'run start'?"
}

@test "who errs in a sub-verb reads how that one is used, and which option it was" {
	mreg_is 2 run exec
	complains "'run exec' needs an operand"
	complains 'usage: mreg run exec [options] -- COMMAND...'
	refute_regex "$stderr" 'outputs'
	mreg_is 2 run cat one
	complains "'run cat' needs one more operand"
	mreg_is 2 run finish one two
	complains "'run finish' takes no 'two'"
	complains 'usage: mreg run finish [options] [RUN]'
	mreg_is 2 run finish --nonsense
	complains 'usage: mreg run finish [options] [RUN]'
	mreg_is 2 run show
	complains 'usage: mreg run show [options] RUN'
	mreg_is 2 run ls --stat running
	complains "Did you mean '--state'?"
	complains 'usage: mreg run ls [options]'
	mreg_is 2 run outputs --remote origin np
	complains "'run outputs' takes no --remote"
	mreg_is 2 run log np --metric a=1
	complains "'run log' takes no --metric"
	mreg_is 2 run rm --columns id np
	complains "'run rm' takes no --columns"
}
