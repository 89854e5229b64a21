#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg search: versions and collections that match a query.

load lib

# digits v0 to v3, tuned v0, a dataset; registered model digits-prod with v1 as production.
setup()
{
	sandbox
	new_registry
	put_version digits 0 sgd 0.70 -a first --tag vision
	put_version digits 1 adam 0.91 -a best --tag vision --tag team:a=b --link digits-prod:production
	put_version digits 2 adam nan
	put_version digits 3 sgd 0.85 -a staging -M 'layers=[64,128]' -M 'learning rate=0.1' -M 'note="a/b c"'
	put_version tuned 9 adam inf
	mkdir data
	printf 'x%.0s' {1..3000} >data/images.bin
	mreg put -q table data --type dataset -m "May: 100% of the \"images\"" >/dev/null
}

# put_version NAME EPOCH OPTIMIZER ACC ARG…
put_version()
{
	local name=$1 epoch=$2 optimizer=$3 acc=$4
	shift 4
	echo "$name $epoch" >weights
	mreg put -q "$name" weights -m "epoch $epoch"$'\n'"of $name" -M "epoch=$epoch" -M "opt={\"name\":\"$optimizer\",\"lr\":1e-05}" \
		--metric "acc=$acc" "$@" >/dev/null
}

# finds QUERY REF…: exactly these, in this order.
finds()
{
	mreg_is 0 search -q "$1"
	no_complaint
	shift
	if [ $# = 0 ]; then
		says_nothing
	else
		says "$@"
	fi
}

@test "search without a query lists every version once, by name and number" {
	finds '' digits:v0 digits:v1 digits:v2 digits:v3 table:v0 tuned:v0
	mreg_is 0 search -q
	says digits:v0 digits:v1 digits:v2 digits:v3 table:v0 tuned:v0
}

@test "search finds by name, type and kind" {
	finds 'name = tuned' tuned:v0
	finds 'name = TUNED'
	finds 'name ~ TUN' tuned:v0
	finds 'type = dataset' table:v0
	finds 'type != model' table:v0
	finds 'kind = artifact and name in (table, tuned)' table:v0 tuned:v0
	finds 'kind = model'
}

@test "search finds by tag, alias, stage and model" {
	finds 'tag = vision' digits:v0 digits:v1
	finds 'tag = "team:a=b"' digits:v1
	finds 'tag exists and tag != "team:a=b"' digits:v0
	finds 'alias = best' digits:v1
	finds 'alias = production' digits:v1
	finds 'stage exists' digits:v1 digits:v3
	finds 'stage = first'
	mreg_is 0 -c 'stage.list=first last' search -q 'stage exists'
	says digits:v0
	finds 'not alias exists' digits:v2 table:v0 tuned:v0
	finds 'alias = latest' digits:v3 table:v0 tuned:v0
	finds 'model = digits-prod' digits:v1
	finds 'model exists and stage in (production)' digits:v1
}

@test "search compares metadata as what it is" {
	finds 'metadata.epoch = 2.0' digits:v2
	finds 'metadata.epoch >= 3' digits:v3 tuned:v0
	finds 'metadata.opt.name = sgd' digits:v0 digits:v3
	finds 'metadata.opt.lr = 0.00001 and name = tuned' tuned:v0
	finds 'metadata.opt exists and metadata.epoch < 1' digits:v0
	finds 'metadata.layers = 128' digits:v3
	finds 'metadata."learning rate" > 0' digits:v3
	finds "metadata.note = 'a/b c'" digits:v3
	finds 'metadata.nothing exists'
	finds 'metadata.epoch > text'
}

@test "search compares metrics, and NaN with nothing" {
	finds 'metrics.acc > 0.8' digits:v1 digits:v3 tuned:v0
	finds 'metrics.acc <= 0.85' digits:v0 digits:v3
	finds 'metrics.acc exists and not (metrics.acc > 0 or metrics.acc <= 0)' digits:v2
	finds 'metrics.acc = inf' tuned:v0
	finds 'metrics.acc = nan'
}

@test "search finds by note, size, time, user, digest and path" {
	finds 'note ~ "100% of"' table:v0
	finds 'note ~ "epoch*tuned"' tuned:v0
	finds 'size > 2.5KiB' table:v0
	finds 'size < 1kB and name = tuned' tuned:v0
	finds 'created > 1d and name = tuned' tuned:v0
	finds 'created = 2026-01-02 and name = tuned' tuned:v0
	finds 'created < 2026-01-02'
	finds 'user = tester and name = tuned' tuned:v0
	finds 'user = nobody'
	finds "digest = $(mreg resolve digits:v2 | cut -c1-8)" digits:v2
	finds 'path = images.bin' table:v0
	finds 'path ~ *.BIN' table:v0
}

@test "search answers nothing of runs while there are none" {
	finds 'run.id exists or inputs exists or run.config.lr > 0 or consumed_by.user = tester'
	finds 'not run.id exists and name = tuned' tuned:v0
}

@test "search puts not before and, and and before or" {
	finds 'name = tuned or name = digits and metadata.epoch = 0' digits:v0 tuned:v0
	finds '(name = tuned or name = digits) and metadata.epoch = 0' digits:v0
	finds 'not name = digits and not name = table' tuned:v0
	finds 'NOT (name = digits OR name = table)' tuned:v0
	mreg_is 0 search -q name = tuned
	says tuned:v0
}

@test "search --sort, --limit and --columns" {
	mreg_is 0 search -q 'metrics.acc exists' --sort -metrics.acc
	says digits:v1 digits:v3 digits:v0 digits:v2 tuned:v0
	mreg_is 0 search -q --sort -metadata.epoch -n 2
	says tuned:v0 digits:v3
	mreg_is 0 search -q --sort -size -n 1
	says table:v0
	mreg_is 0 search -q --sort type
	says table:v0 digits:v0 digits:v1 digits:v2 digits:v3 tuned:v0
	mreg_is 0 search -q --sort created --limit 3
	says digits:v0 digits:v1 digits:v2
	mreg_is 0 search -q -n 0
	says_nothing
	mreg_is 0 search 'metrics.acc > 0.9' --sort metrics.acc --columns ref,metrics.acc,models,tags
	assert_line --index 0 --regexp '^REF +METRICS.ACC +MODELS +TAGS$'
	assert_line --index 1 --regexp '^digits:v1 +0.91 +digits-prod:v0 +team:a=b, vision$'
	mreg_is 2 search --sort accuracy
	complains "there is no column 'accuracy'"
}

@test "search shows a table, or nothing" {
	mreg_is 0 search 'name = digits and metadata.epoch = 1'
	assert_line --index 0 --regexp '^REF +ALIASES +MODELS +SIZE +AGE +DESCRIPTION$'
	assert_line --index 1 --regexp '^digits:v1 +best +digits-prod:v0 +9 B +just now +epoch 1$'
	assert_equal "${#lines[@]}" 2
	mreg_is 0 search 'name = nothing'
	says_nothing
	no_complaint
}

@test "search --json has the record of a version" {
	mreg_is 0 search --json 'alias = best'
	json '.format == 1 and .ref == "digits:v1" and .number == 1 and .name == "digits" and .kind == "artifact" and .type == "model"'
	json '.aliases == ["best"] and .models == ["digits-prod:v0"] and .tags == ["team:a=b", "vision"] and .title == null'
	json '.metadata == {"epoch":1,"opt":{"name":"adam","lr":1e-05}} and .metrics == {"acc":0.91}'
	json '.created == "2026-01-02T03:04:05Z" and .user == "tester" and .description == "epoch 1\nof digits" and .summary == "epoch 1"'
	mreg_is 0 search --json --sort ref 'metrics.acc = inf'
	json '.ref == "tuned:v0" and .metrics == {"acc":"inf"}'
	mreg show --json digits:v1 >shown
	mreg_is 0 search --json 'alias = best'
	assert_equal "$(jq -S '{ref,digest,size,files,created,user,host,description,tags,metadata,metrics}' <<<"$output")" \
		"$(jq -S '{ref,digest,size,files,created,user,host,description,tags,metadata,metrics}' shown)"
}

@test "search --artifacts and --models find collections" {
	mreg_is 0 search -q --artifacts
	says digits table tuned
	mreg_is 0 search -q --models
	says digits-prod
	mreg_is 0 search -q --artifacts 'alias = best or size > 2kB'
	says digits table
	mreg_is 0 search -q --models 'alias = production and type = model and user = tester and created > 1d'
	says digits-prod
	mreg_is 0 search -q --artifacts 'model = digits-prod'
	says digits
	mreg_is 0 search --artifacts 'name = digits'
	assert_line --index 1 --regexp '^digits +model +4 +digits:v3 +best, first, staging *$'
	mreg_is 0 search --models --json
	json '.ref == "digits-prod" and .kind == "model" and .versions == 1 and .latest == "digits-prod:v0" and .aliases == ["production"]'
	mreg_is 2 search --models --artifacts
	complains "only one of"
}

@test "search --exit-code tells whether anything was found" {
	mreg_is 1 search --exit-code 'name = nothing'
	says_nothing
	no_complaint
	mreg_is 0 search -q --exit-code 'name = tuned'
	says tuned:v0
	mreg_is 0 search 'name = nothing'
}

@test "search shows where a query is wrong" {
	mreg_is 2 search 'metrics.acc > high'
	says_nothing
	assert_equal "$stderr" "mreg: the query is wrong at column 15: expected a number, and 'high' stands there
hint: metrics.acc > high
hint:               ^"
	mreg_is 2 search 'nmae = x'
	complains "the query is wrong at column 1: there is no field 'nmae'"
	complains "Did you mean 'name'?"
	mreg_is 2 search --json '(name = x'
	json_error '.error.code == "invalid" and .error.status == 2 and (.error.message | contains("column 10"))'
	mreg_is 2 search 'name = a b'
	complains "column 10: expected and, or, or the end"
	mreg_is 2 search resnet
	complains "there is no field 'resnet'"
}

@test "search says how what was typed first is written" {
	mreg_is 2 search resnet
	complains "hint: Did you mean 'name ~ resnet'?"
	mreg_is 2 search 'acc < 0.6'
	complains "hint: Did you mean 'metrics.acc' or 'metadata.acc'?"
	mreg_is 2 search 'alias:best'
	complains "hint: Say 'alias = ...'."
	finds 'alias == best' "$(mreg search -q 'alias = best')"
}

@test "search sees what was said later, and no more what was taken away" {
	echo 'digits 2' >weights
	mreg put -q digits weights -m "said later" -M epoch=20 --metric acc=0.99 --tag late >/dev/null
	finds 'metadata.epoch = 2'
	finds 'metadata.epoch = 20 and metrics.acc = 0.99 and tag = late and note ~ later' digits:v2
	mreg_is 0 search --json 'tag = late'
	json '.metadata.epoch == 20 and .metrics.acc == 0.99 and .description == "said later"'
	mreg alias -q -d digits:best
	finds 'alias = best'
}

@test "search passes over versions that were removed, until they are restored" {
	mreg rm -q digits:v2
	finds 'name = digits and metadata.epoch >= 2' digits:v3
	mreg restore -q digits:v2
	finds 'name = digits and metadata.epoch >= 2' digits:v2 digits:v3
}

@test "search finds what was annotated by hand" {
	mreg tag tuned:v0 keep
	mreg note tuned:v0 -m "for the paper"
	mreg meta tuned:v0 'lang=["de","en"]' --metric f1=0.5
	finds 'tag = keep and note ~ paper and metadata.lang = en and metrics.f1 < 0.6' tuned:v0
	mreg meta -d tuned:v0 epoch
	finds 'metadata.epoch = 9'
	finds 'metadata.epoch exists' digits:v0 digits:v1 digits:v2 digits:v3
	mreg_is 0 search --json 'name = tuned'
	json '.metadata == {"opt":{"name":"adam","lr":1e-05},"lang":["de","en"]} and .metrics == {"acc":"inf","f1":0.5} and .tags == ["keep"]'
	mreg unlink -q --with-aliases digits-prod:v0
	finds 'model exists or alias = production'
}

@test "search finds collections by what was said of them" {
	mreg create -q 'MNIST Grayscale 28x28' >/dev/null
	mreg link -q digits:v1 MNIST-Grayscale-28x28 >/dev/null
	mreg tag MNIST-Grayscale-28x28 vision
	mreg meta MNIST-Grayscale-28x28 owner=vision-team
	mreg_is 0 search -q --models 'title ~ mnist* and tag = vision and metadata.owner = vision-team'
	says MNIST-Grayscale-28x28
	finds 'title = "MNIST Grayscale 28x28"' digits:v1
	mreg_is 0 search --json --models 'title exists'
	json '.title == "MNIST Grayscale 28x28" and .tags == ["vision"] and .metadata == {"owner":"vision-team"}'
}

@test "search knows what the index has not learned, and reads it from the objects" {
	mreg search --json >before
	mreg fsck -q --rebuild-index
	mreg_is 0 search --json
	diff before <(echo "$output")
	finds 'metadata.opt.name = adam and metrics.acc > 0.9' digits:v1 tuned:v0
}

@test "search reads metadata that is too long for the index from its object" {
	echo big >weights
	mreg put -q big weights -M "text=$(printf 'y%.0s' {1..5000})" -M small=1 --metric acc=0.5 >/dev/null
	finds 'metadata.text ~ yyy' big:v0
	finds 'metadata.small = 1 and metrics.acc = 0.5' big:v0
	mreg_is 0 search --json 'name = big'
	json '.metadata.text | length == 5000'
}

@test "search lists what it can decide when an object is damaged, and ends with 7" {
	local id pack at
	id=$(grep -o '"version":"[^"]*' .mreg/journal | tail -1 | cut -d'"' -f4)
	read -r pack at <<<"$(record_of "$id")"
	damage "$pack" "$at"
	finds 'metadata.epoch = 0 or type = dataset' digits:v0 table:v0
	mreg fsck -q --rebuild-index
	mreg_is 7 search -q 'metadata.epoch >= 0'
	says digits:v0 digits:v1 digits:v2 digits:v3 tuned:v0
	complains "cannot read the version object"
	finds 'type = dataset' table:v0
}

@test "search output is made for pipes" {
	mreg search -q 'metrics.acc > 0.8 and alias exists' | xargs -n 1 mreg resolve --name >resolved
	assert_equal "$(cat resolved)" "$(printf '%s\n' digits:v1 digits:v3)"
	mreg search -q -z 'name = tuned' | cmp - <(printf 'tuned:v0\0')
}
