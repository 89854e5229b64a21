#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg link: versions in registered models.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "link makes the model, gives numbers in the order of linking, and prints the link" {
	mreg_is 0 link digits:v3 reader
	says reader:v0
	no_complaint
	mreg_is 0 link digits:v1 reader
	says reader:v1
	mreg_is 0 show --json reader
	json '.kind == "model" and .type == "model" and .versions == 2 and .latest == "reader:v1"'
	mreg_is 0 link --json digits reader
	json '.format == 1 and .ref == "reader:v2" and .number == 2 and .aliases == []'
	mreg_is 0 resolve reader:v2
	says "$(mreg resolve digits:v4)"
}

@test "a second link of a version is the first, and still sets aliases" {
	mreg link -q digits:v1 reader
	mreg link -q digits:v2 reader
	cp .mreg/journal before
	mreg_is 0 link digits:v1 reader
	says reader:v0
	cmp before .mreg/journal
	mreg_is 0 link digits:v1 reader -a staging -a canary
	says reader:v0
	mreg_is 0 link digits:v1 reader:best,stable
	mreg_is 0 alias -q reader
	says reader:best reader:canary reader:stable reader:staging
	mreg_is 0 resolve --name reader:staging
	says reader:v0
}

@test "a link to a link is a link to its source" {
	mreg link -q digits:v1 reader:production
	mreg_is 0 link reader:production other
	says other:v0
	mreg_is 0 show --json other:v0
	json '.source == "digits:v1" and (.models | map(.ref)) == ["other:v0", "reader:v0"] and .models[1].aliases == ["production"]'
	mreg unlink -q reader:v0 --with-aliases
	mreg_is 0 get other
	same_tree "$DIGITS/epoch-2" other
}

@test "linked again after unlink it gets a new number" {
	mreg link -q digits:v1 reader
	mreg unlink -q reader:v0
	mreg_is 0 link digits:v1 reader
	says reader:v1
	mreg_is 4 resolve reader:v0
	mreg_is 0 link digits:v1 reader
	says reader:v1
}

@test "both ways of a link are seen" {
	mreg link -q digits:v1 reader:staging
	mreg_is 0 show digits:v1
	assert_line --regexp '^models: +reader:v0 \(staging\)$'
	mreg_is 0 show reader:staging
	assert_line --regexp '^source: +digits:v1$'
}

@test "every verb that reads takes MODEL:ALIAS" {
	mreg link -q digits:v1 reader:production
	mreg_is 0 get reader:production
	says reader
	same_tree "$DIGITS/epoch-2" reader
	mreg_is 0 cat reader:production labels.txt
	assert_equal "$output" "$(cat "$DIGITS/epoch-2/labels.txt")"
	mreg_is 0 verify reader:production reader
	mreg_is 0 ls -q reader:production
	mreg_is 0 log -q reader
	says reader:v0
	mreg_is 0 resolve --name reader:production
	says reader:v0
	mreg_is 0 history reader:production
}

@test "link into an artifact, of another type, or of another case is 5, and nothing changes" {
	mreg put -q set "$DIGITS/epoch-1/labels.txt" --type dataset
	mreg link -q digits:v1 reader
	cp .mreg/journal before
	mreg_is 5 link digits:v1 set
	says_nothing
	complains "'set' is an artifact"
	mreg_is 5 link digits:v1 digits
	mreg_is 5 link set reader
	complains "of type 'model', and the version of type 'dataset'"
	mreg_is 5 link digits:v2 Reader
	complains "differs only in case"
	mreg_is 5 put reader "$DIGITS/epoch-1"
	complains "registered model"
	cmp before .mreg/journal
	mreg_is 0 link set sets
	mreg_is 0 show --json sets
	json '.type == "dataset"'
}

@test "link --no-create makes no model: 3" {
	mreg_is 3 link --no-create digits:v1 reader
	says_nothing
	complains "no artifact or model 'reader'"
	mreg_is 3 show reader
	mreg_is 3 link nowhere:v1 reader
	mreg_is 4 link digits:v9 reader
	mreg_is 3 show reader
}

@test "link --expect is compare-and-set of the model's aliases" {
	mreg link -q digits:v1 reader:production
	mreg_is 5 link digits:v2 reader:production --expect none
	complains v0
	mreg_is 5 link digits:v2 reader:production --expect v3
	mreg_is 4 resolve reader:v1
	mreg_is 0 link digits:v2 reader:production --expect v0
	says reader:v1
}

@test "what is no model and no alias of it is 2, and nothing changes" {
	local model
	cp .mreg/journal before
	for model in 'reader:' 'reader:a,,b' reader:v0 reader:latest 'reader:a b' reader@01234567 '' 'no such title'; do
		mreg_is 2 link digits:v1 "$model"
		says_nothing
	done
	mreg_is 2 link digits:v1 reader -a v1
	mreg_is 2 link digits:v1
	cmp before .mreg/journal
	mreg_is 0 link -n digits:v1 reader:staging
	says reader:v0
	cmp before .mreg/journal
}

@test "a link is one transaction, and is in the history of both" {
	local lines
	lines=$(wc -l <.mreg/journal)
	mreg link -q digits:v1 reader:staging,canary -m 'first candidate'
	assert_equal "$(wc -l <.mreg/journal)" $((lines + 1))
	mreg_is 0 history --json reader
	json 'lines | all(.[]; .verb == "link" and .why == "first candidate" and .user == "tester") and length == 4'
}
