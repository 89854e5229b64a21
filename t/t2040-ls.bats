#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg ls: collections, versions, files.

load lib

setup()
{
	sandbox
	digits_registry
	mreg put -q table "$DIGITS/epoch-1/metrics.json" --type dataset
	mreg put -q dice "$DIGITS/epoch-1/labels.txt"
	mreg alias -q digits:v1 best
}

@test "ls lists collections in order of name" {
	mreg_is 0 ls
	assert_line --index 0 --regexp '^NAME +KIND +TYPE +VERSIONS +LATEST +ALIASES$'
	assert_line --index 1 --regexp '^dice +artifact +model +1 +dice:v0$'
	assert_line --index 2 --regexp '^digits +artifact +model +5 +digits:v4 +best$'
	assert_line --index 3 --regexp '^table +artifact +dataset +1 +table:v0$'
	assert_equal "${#lines[@]}" 4
	no_complaint
	mreg_is 0 ls -q
	says dice digits table
}

@test "ls tells a registered model from an artifact, and of its versions what they are" {
	mreg link -q digits:v1 reader -a production >/dev/null
	mreg_is 0 ls 'r*'
	assert_line --index 1 --regexp '^reader +model +model +1 +reader:v0 +production$'
	mreg_is 0 ls reader
	assert_line --index 0 --regexp '^REF +SOURCE +ALIASES +SIZE +AGE +DESCRIPTION$'
	assert_line --index 1 --regexp '^reader:v0 +digits:v1 +production '
	mreg_is 0 ls reader --json
	json '.source == "digits:v1"'
	mreg_is 0 ls digits --json
	json 'lines[0] | has("source") | not'
}

@test "ls of files tells where links lead" {
	mkdir linked
	echo x >linked/weights
	ln -s weights linked/current
	mreg put -q linked linked >/dev/null
	mreg_is 0 ls linked:v0
	assert_line --index 0 --regexp '^MODE +SIZE +DIGEST +KIND +PATH +TARGET$'
	assert_line --index 1 --regexp '^0777 +7 B +link +current +weights$'
}

@test "ls of an empty registry is empty" {
	mkdir empty && cd empty
	mreg init -q
	mreg_is 0 ls
	says_nothing
	mreg_is 0 ls -q
	says_nothing
	mreg_is 0 ls --json
	says_nothing
}

@test "ls takes patterns and --type" {
	mreg_is 0 ls -q 'di*'
	says dice digits
	mreg_is 0 ls -q 'd*' 't*'
	says dice digits table
	mreg_is 0 ls -q 'x*'
	says_nothing
	mreg_is 0 ls -q --type dataset
	says table
	mreg_is 0 ls -q --models
	says_nothing
	mreg_is 0 ls -q --artifacts
	says dice digits table
}

@test "ls NAME lists versions, newest first" {
	mreg_is 0 ls digits
	assert_line --index 0 --regexp '^REF +ALIASES +DIGEST +SIZE +AGE +DESCRIPTION$'
	assert_line --index 1 --regexp '^digits:v4 +[0-9a-f]{12} +[0-9.]+ KiB +just now +epoch 5$'
	assert_line --index 4 --regexp '^digits:v1 +best +'
	mreg_is 0 ls --json digits
	json 'lines | length == 5 and all(.[]; .format == 1 and .size > 0 and .files == 4 and .user == "tester")'
	json 'lines | .[3].aliases == ["best"] and .[0].metadata.epoch == 5 and .[0].created == "2026-01-02T03:04:05Z"'
}

@test "ls NAME:REF lists files" {
	mreg_is 0 ls digits:best
	assert_line --index 0 --regexp '^MODE +SIZE +DIGEST +PATH$'
	assert_line --index 4 --regexp '^0644 +.* model.safetensors$'
	mreg_is 0 ls --json digits:best
	json 'lines | map(.path) == ["config.json", "labels.txt", "metrics.json", "model.safetensors"] and all(.[]; .kind == "file")'
}

@test "ls --sort, --limit and --columns" {
	mreg_is 0 ls -q digits --sort number -n 2
	says digits:v0 digits:v1
	mreg_is 0 ls -q digits --sort -metadata.epoch -n 1
	says digits:v4
	mreg_is 0 ls -q digits -n 2
	says digits:v4 digits:v3
	mreg_is 0 ls digits --columns ref,metadata.epoch --sort number -n 1
	assert_line --index 1 --regexp '^digits:v0 +1$'
	mreg_is 2 ls digits -n many
}

@test "ls of what is not there" {
	mreg_is 3 ls nothing
	says_nothing
	mreg_is 4 ls digits:v9
	mreg_is 3 ls 'no name'
}

@test "ls --template and -z make pipes" {
	mreg_is 0 ls digits --template '{ref}\t{metadata.epoch}' -n 2
	says "$(printf 'digits:v4\t5')" "$(printf 'digits:v3\t4')"
	mreg ls -q -z digits -n 2 >out
	assert_equal "$(tr '\0' '|' <out)" 'digits:v4|digits:v3|'
}

@test "ls of names that are hostile to a terminal shows them escaped" {
	mkdir tree
	echo x >"$(printf 'tree/a\033[31mred')"
	mreg put -q bad tree -m "$(printf 'line\033[2J')"
	mreg_is 0 ls bad:v0
	[[ $output != *$'\e'* ]]
	mreg_is 0 ls bad
	[[ $output != *$'\e'* ]]
	mreg_is 0 show bad:v0
	[[ $output != *$'\e'* ]]
	mreg_is 0 log bad
	[[ $output != *$'\e'* ]]
}

@test "ls refuses a column or a sort key that no row has, with the nearest" {
	mreg_is 2 ls digits --sort val_loss
	complains "there is no column 'val_loss'"
	complains "metadata.val_loss"
	says_nothing
	mreg_is 2 ls digits --columns ref,digst
	complains "Did you mean 'digest'"
	mreg_is 2 ls --columns created
	mreg_is 0 ls digits --columns ref,created -n 1
	assert_line --index 0 --regexp '^REF +CREATED$'
	assert_line --index 1 --regexp '^digits:v4 +2026-01-02 03:04$'
}

@test "ls sorts numbers before words, and what is missing last, both ways" {
	mreg put -q s "$DIGITS/epoch-1" -M loss=0.5
	mreg put -q s "$DIGITS/epoch-2" -M loss=
	mreg put -q s "$DIGITS/epoch-3"
	mreg put -q s "$DIGITS/epoch-4" -M loss=0.25
	mreg_is 0 ls -q s --sort metadata.loss
	says s:v3 s:v0 s:v1 s:v2
	mreg_is 0 ls -q s --sort -metadata.loss
	says s:v0 s:v3 s:v1 s:v2
}

@test "ls of several names lists those collections; one that is not there is 3" {
	mreg_is 0 ls -q digits 't*'
	says digits table
	mreg_is 3 ls digits nott
	says_nothing
	mreg_is 2 ls digits:v0 digits:v1
	says_nothing
}

@test "ls shows a damaged version as such and the others whole, status 7" {
	# shellcheck disable=SC2046
	damage $(record_of "$(mreg resolve digits:v4 --json | jq -r .version)")
	mreg_is 7 ls digits --columns ref,user,summary
	assert_line --regexp '^digits:v4 .*\(damaged\)$'
	assert_line --regexp '^digits:v0 +tester +epoch 1$'
	complains damaged
	mreg_is 7 ls --json digits
	json 'lines | length == 5 and .[0].damaged == true and .[1].description == "epoch 4"'
}

@test "ls shows what it shows unasked without reading objects, and later notes, too" {
	local before after
	mreg put -q digits "$DIGITS/epoch-2" -m "second thoughts
on two lines" >number
	mreg_is 0 ls digits
	before=$output
	assert_line --regexp '^digits:v1 .* second thoughts$'
	assert_line --regexp '^digits:v0 .*epoch 1$'
	rm .mreg/objects/*.pack
	mreg_is 0 ls digits
	assert_equal "$output" "$before"
	mreg_is 0 ls -q digits
	mreg_is 0 ls digits --columns ref,created,digest,size,files,aliases,number,summary --sort size
	mreg_is 7 ls --json digits
	mreg_is 7 ls digits --columns ref,metadata.epoch
	mreg_is 7 ls digits --sort -user
}

@test "an index that was made anew has ls read the objects, and lists the same" {
	local before after
	mreg put -q digits "$DIGITS/epoch-1/config.json" -m "$(printf '%0300d' 1)" >number
	before=$(mreg ls digits --columns ref,created,summary)
	mreg fsck -q --rebuild-index
	after=$(mreg ls digits --columns ref,created,summary)
	assert_equal "$after" "$before"
	after=$(mreg ls digits --columns ref,created,summary)
	assert_equal "$after" "$before"
}

@test "ls --alias chooses collections, and the version, that have it" {
	mreg alias -q table:v0 best
	mreg_is 0 ls -q --alias best
	says digits table
	mreg_is 0 ls -q digits --alias best
	says digits:v1
	mreg_is 0 ls -q --alias nosuch
	says_nothing
}

@test "ls -q -z gives names as they are, for xargs, whatever bytes they have" {
	mkdir odd
	printf 'latin\n' >odd/$'caf\xe9'
	printf 'line\n' >odd/$'two\nlines'
	mreg put -q odd odd
	mreg ls -q -z odd:v0 | xargs -0 -n 1 mreg cat odd:v0 >have
	diff <(printf 'latin\nline\n') have
}

@test "ls --tag lists what has the tag, collections or versions" {
	mreg put -q a "$DIGITS/epoch-1" --tag keep
	mreg put -q a "$DIGITS/epoch-2"
	mreg put -q b "$DIGITS/epoch-1"
	mreg tag -q a vision checked
	mreg tag -q b vision
	mreg_is 0 ls -q --tag vision
	says a b
	mreg_is 0 ls -q --tag vision --tag checked
	says a
	mreg_is 0 ls -q --tag nosuch
	says_nothing
	mreg_is 0 ls -q a --tag keep
	says a:v0
	mreg_is 0 ls a b --columns name,tags
	assert_line --regexp '^a +checked, vision$'
	mreg_is 0 ls a --columns ref,tags
	assert_line --regexp '^a:v0 +keep$'
	assert_line 'a:v1'
	mreg_is 0 ls --json a
	json 'lines | map(.tags) == [[], ["keep"]]'
}

@test "ls --columns shows metrics and sorts by them" {
	mreg put -q a "$DIGITS/epoch-1" --metric acc=0.5
	mreg put -q a "$DIGITS/epoch-2" --metric acc=0.9
	mreg put -q a "$DIGITS/epoch-3"
	mreg_is 0 ls a --columns ref,metrics.acc --sort -metrics.acc
	assert_line --index 1 --regexp '^a:v1 +0\.9$'
	assert_line --index 2 --regexp '^a:v0 +0\.5$'
	assert_line --index 3 'a:v2'
}
