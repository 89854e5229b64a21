#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Runs are found by what they were and did, and versions by their runs.

load lib

# Two trainings on two states of the data, the second of which failed, and an evaluation of the first's model that has not ended.
setup()
{
	sandbox
	new_registry
	echo a >data
	mreg put -q data data -t dataset >/dev/null
	echo b >data
	mreg put -q data data >/dev/null
	training first 0.1 data:v0 0.9 01 0
	training second 0.001 data:v1 0.7 02 3
	EVAL=$(MREG_NOW=2026-01-02T03:00:00Z mreg run start --no-git -t evaluate --name eval)
	MREG_RUN=$EVAL mreg use -q model:v0 >/dev/null
	mreg run log "$EVAL" -q score=0.25
	FIRST=$(mreg run ls -q --search 'name = first')
	SECOND=$(mreg run ls -q --search 'name = second')
}

# NAME LR DATA ACC HOUR STATUS
training()
{
	local run
	run=$(MREG_NOW=2026-01-02T$5:00:00Z mreg run start --no-git -t train --name "$1" -M "lr=$2" -M 'opt={"name":"adam"}' -m "the $1 one")
	MREG_RUN=$run mreg use -q "$3" >/dev/null
	mreg run log -q "$run" acc=0.1 --step 1
	mreg run log -q "$run" "acc=$4" loss=nan --step 2
	echo "$1" >weights
	MREG_RUN=$run mreg put -q model weights >/dev/null
	MREG_NOW=2026-01-02T$5:01:30Z mreg run finish -q "$run" --status "$6" >/dev/null
}

finds_runs()
{
	local query=$1
	shift
	mreg_is 0 search --runs "$query" --template '{name}'
	no_complaint
	if (($#)); then says "$@"; else says_nothing; fi
}

finds()
{
	local query=$1
	shift
	mreg_is 0 search -q "$query"
	no_complaint
	if (($#)); then says "$@"; else says_nothing; fi
}

@test "search --runs lists every run, those begun last first" {
	finds_runs '' eval second first
	mreg_is 0 search --runs -q
	says "$EVAL" "$SECOND" "$FIRST"
}

@test "search --runs finds by id, name, job type, state, note, tag and time" {
	mreg tag -q "$FIRST" prod_ready
	mreg note -q second -m 'diverged after an hour'
	finds_runs "id = $FIRST" first
	finds_runs 'name ~ *st' first
	finds_runs 'type = train and kind = run' second first
	finds_runs 'run.job_type = evaluate' eval
	finds_runs 'run.state = running' eval
	finds_runs 'run.state = finished' first
	finds_runs 'run.state = failed and run.exit_status = 3' second
	finds_runs 'tag = prod_ready' first
	finds_runs 'run.tag exists' first
	finds_runs 'note ~ diverged' second
	finds_runs 'note ~ "the first"' first
	finds_runs 'created >= 2026-01-02T02:00:00Z' eval second
	finds_runs 'run.started = 2026-01-02' eval second first
	finds_runs 'run.ended exists' second first
	finds_runs 'run.duration = 90s' second first
	finds_runs 'run.duration < 1m'
	finds_runs 'run.duration > 4m and run.duration < 5m' eval
	finds_runs 'user = tester and not host = nowhere' eval second first
}

@test "search --runs compares metrics, configuration, and what was said later" {
	mreg meta -q "$SECOND" reviewed=true
	mreg meta -q "$SECOND" --metric late=5
	finds_runs 'metrics.acc > 0.8' first
	finds_runs 'metrics.acc exists' second first
	finds_runs 'metrics.score = 0.25' eval
	finds_runs 'metrics.loss exists and not metrics.loss > 0' second first
	finds_runs 'run.metrics.late = 5' second
	finds_runs 'run.config.lr < 0.01' second
	finds_runs 'run.config.opt.name = adam' second first
	finds_runs 'metadata.reviewed = true' second
	finds_runs 'metadata.lr exists'
	finds_runs 'run.directory ~ */work and not run.command exists' eval second first
}

@test "search --runs finds by what a run used and made, under any of its names" {
	finds_runs 'inputs = data' second first
	finds_runs 'inputs = "data:v1"' second
	finds_runs 'inputs ~ mod*' eval
	finds_runs 'outputs = "model:v0"' first
	finds_runs 'outputs exists' second first
	finds_runs 'consumed_by.id exists' first
	finds_runs 'consumed_by.name = eval' first
	mreg rename -q data images
	finds_runs 'inputs = images' second first
	finds_runs 'inputs = "data:v0"' first
	mreg rm -q --unlink model:v1
	finds_runs 'outputs = "model:v1"' second
}

@test "versions are found by the run that made them and by those that used them" {
	finds 'run.name = first' model:v0
	finds 'run.config.lr < 0.01 and run.state = failed' model:v1
	finds 'run.metrics.acc > 0.5' model:v0 model:v1
	finds 'not run.id exists' data:v0 data:v1
	finds 'inputs = "data:v1"' model:v1
	finds 'inputs = data' model:v0 model:v1
	finds 'consumed_by.job_type = train' data:v0 data:v1
	finds 'consumed_by.state = failed' data:v1
	finds 'consumed_by.job_type = evaluate' model:v0
	finds "consumed_by.id = $EVAL or consumed_by.config.lr = 0.1" data:v0 model:v0
	finds 'not consumed_by.id exists' model:v1
	finds 'id exists or outputs exists'
	mreg tag -q eval accepted
	finds 'consumed_by.tag = accepted' model:v0
}

@test "collections are found by the runs of their versions" {
	mreg_is 0 search --artifacts -q 'run.job_type = train'
	says model
	mreg_is 0 search --artifacts -q 'consumed_by.name = second'
	says data
	mreg link -q model:v0 prod >/dev/null
	mreg_is 0 search --models -q 'inputs = "data:v0"'
	says prod
}

@test "what good runs made is fetched by a line of shell" {
	mreg tag -q first prod_ready
	run --separate-stderr -0 bash -c "mreg search --runs 'tag=prod_ready' -q | xargs -n1 mreg run outputs -q | mreg get -"
	says model-v0
	assert_equal "$(cat model-v0/weights)" first
}

@test "search --runs --exit-code, --limit, --sort and --columns" {
	mreg_is 1 search --runs 'name = none' --exit-code
	mreg_is 0 search --runs --limit 1 -q
	says "$EVAL"
	mreg_is 0 search --runs --sort -metrics.acc --template '{name} {metrics.acc}'
	says 'first 0.9' 'second 0.7' 'eval '
	mreg_is 0 search --runs --sort created --columns name,config.lr,inputs
	assert_line --index 0 --regexp '^NAME +CONFIG.LR +INPUTS$'
	assert_line --index 1 --regexp '^first +0.1 +data:v0$'
	mreg_is 2 search --runs --models
	complains 'only one of --versions, --artifacts, --models and --runs'
	mreg_is 2 search --runs --columns job_typ
	complains "there is no column 'job_typ'"
}

@test "a key that runs do not have is refused, and the nearest is named" {
	mreg_is 2 search --runs 'run.jobtype = train'
	complains "there is no field 'run.jobtype'"
	complains "Did you mean 'run.job_type'?"
	mreg_is 2 search 'consumed_by.lr > 1'
	complains "'consumed_by.config.NAME'"
	mreg_is 2 search --runs 'run.duration > long'
	complains 'expected a duration such as 90s or 1h, or seconds'
}

@test "runs that were removed are not found, nor by them what they made" {
	mreg run rm -q "$FIRST"
	finds_runs '' eval second
	finds 'run.name = first'
}

@test "a search knows runs that the index has not learned" {
	local before
	before=$(mreg search --runs --json 'run.config.lr exists')
	mreg fsck -q --rebuild-index
	mreg_is 0 search --runs --json 'run.config.lr exists'
	assert_equal "$output" "$before"
}

@test "a configuration that is too long for the index is read from the record" {
	local run
	run=$(mreg run start --no-git --name long -M "text=$(printf 'x%.0s' {1..3000})" -M lr=0.5)
	finds_runs 'run.config.lr = 0.5' long
	finds_runs 'run.config.text ~ xxx*' long
	mreg run finish -q "$run" >/dev/null
	finds_runs 'run.config.lr = 0.5' long
}

@test "versions are listed with what their runs were" {
	mreg_is 0 search --columns ref,run.config.lr,run.name,run 'name = model'
	no_complaint
	assert_line --index 0 --regexp '^REF +RUN.CONFIG.LR +RUN.NAME +RUN$'
	assert_line --index 1 --regexp "^model:v0 +0\.1 +first +$FIRST\$"
	assert_line --index 2 --regexp "^model:v1 +0\.001 +second +$SECOND\$"
	mreg_is 0 search --sort run.config.lr -q
	says model:v1 model:v0 data:v0 data:v1
	mreg_is 0 search --sort -run.metrics.acc -n 1 --columns ref,run.state,run.started
	assert_line --index 1 --regexp '^model:v0 +finished +2026-01-02T01:00:00'
	mreg_is 0 ls model --sort run.config.lr --columns ref,run.config.lr
	assert_line --index 1 --regexp '^model:v1 +0\.001$'
	assert_line --index 2 --regexp '^model:v0 +0\.1$'
	mreg_is 0 ls data --columns ref,run.config.lr,run.tags --json
	json 'lines | map(."run.config.lr") == [null, null]'
	mreg_is 0 search --json --columns run.config.lr 'name = model'
	json 'lines | map(."run.config.lr") == [0.1, 0.001]'
	mreg_is 2 search --columns run.confg.lr
	complains "Did you mean 'config'?"
	mreg_is 2 ls model --sort run.confg.lr
	mreg_is 2 search --artifacts --columns run.config.lr
}
