#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A clone without files: what can be told of it, and how they are fetched when they are read.
# shellcheck disable=SC2154

load lib

setup()
{
	sandbox
	unset MREG_SEED # registries that were made alike would be the same one
	mkdir hub
	(cd hub && digits_registry && mreg alias digits:v2 best >/dev/null && mreg link digits:v1 reader >/dev/null)
	mreg clone -q --metadata-only hub a >/dev/null
	cd a || return
}

away()
{
	mv ../hub ../away
}

@test "everything but bytes can be asked without the remote" {
	away
	mreg_is 0 ls digits --json
	json 'lines | length == 5 and all(.absent == "origin")'
	mreg_is 0 ls digits --columns ref,absent
	[[ $output == *"digits:v4  origin"* ]]
	mreg_is 0 show digits:best
	[[ $output == *"not here but at 'origin'"* ]]
	mreg_is 0 show digits:best --json
	json '.absent == "origin" and .number == 2'
	mreg_is 0 ls digits:best
	mreg_is 0 show digits:best --checksums
	mreg_is 0 log digits
	mreg_is 0 search 'alias = best' -q
	says digits:v2
	mreg_is 1 diff digits:v0 digits:v1 --stat
	mreg_is 0 resolve reader --name
	says reader:v0
	no_complaint
}

@test "fsck calls absent files absent, and du counts what is here" {
	mreg_is 0 fsck
	[[ $output == *"absent: "*" files of 5 versions, which a remote has"* ]]
	mreg_is 0 fsck --json
	json '.ok and .absent_versions == 5 and .absent_files > 5 and .files == 0 and .problems == []'
	mreg_is 0 du
	[[ $output == *"of files are not here, but at a remote"* ]]
	mreg_is 0 du --json
	json 'lines | map(select(.kind == "total"))[0] | .absent > 1000000 and .logical == 0'
	mreg_is 0 gc --grace 0 --yes
	no_complaint
}

@test "get fetches what it writes and nothing else" {
	mreg_is 0 get digits:best -o some --include '*.json'
	mreg_is 0 show digits:best --json
	json '.absent == "origin"'
	away
	mreg_is 0 get digits:best -o again --include '*.json'
	same_tree some again
	mreg_is 8 get digits:best -o all
	complains "cannot fetch files of 'digits:v2'"
	[ ! -e all ]
}

@test "what was fetched in full is here for good" {
	mreg_is 0 get digits:best -o out
	same_tree out "$DIGITS/epoch-3"
	mreg_is 0 show digits:best --json
	json '.absent == null'
	away
	mreg_is 0 verify digits:best
	mreg_is 0 get digits:best -o again
	mreg_is 0 fsck
}

@test "an update of a directory fetches what has changed" {
	mreg get -q digits:v0 -o out
	mreg_is 0 get -q digits:v4 -o out
	same_tree out "$DIGITS/epoch-5"
	mreg_is 0 show digits:v4 --json
	json '.absent == null'
}

@test "cat, verify and diff fetch, too" {
	mreg_is 0 cat digits:v0 config.json
	diff <(mreg cat digits:v0 config.json) "$DIGITS/epoch-1/config.json"
	mreg_is 0 verify digits:v1
	says "digits:v1 is sound: 4 files, 266 KiB"
	mreg_is 1 diff digits:v2 digits:v3 metrics.json
	[[ $output == *"+"* ]]
	away
	mreg_is 0 verify digits:v1
	mreg_is 8 verify digits:v4
}

@test "--offline fetches nothing" {
	local verb
	for verb in "get digits:v0" "cat digits:v0 config.json" "verify digits:v0" "diff digits:v0 digits:v1 metrics.json"; do
		# shellcheck disable=SC2086
		mreg_is 8 $verb --offline
		complains "the files of 'digits:v0' are at 'origin'"
		complains "hint: Without --offline they are fetched."
	done
	[ ! -e digits ]
	mreg_is 8 get digits:v0 --offline --json
	json_error '.error.code == "remote" and .error.status == 8'
	mreg_is 2 verify digits:v0 --refs --offline
}

@test "a dry run fetches nothing" {
	mreg_is 0 get -n digits:v0
	mreg_is 8 get digits:v0 --offline
}

@test "several versions are fetched through one connection" {
	mkdir ../bin
	cat >../bin/ssh <<-'END'
		#!/bin/sh
		echo once >>"$COUNT"
		shift
		exec sh -c "$*"
	END
	chmod +x ../bin/ssh
	mreg remote set-url origin "here:$(realpath ../hub)"
	COUNT=$PWD/../count MREG_SSH=$(realpath ../bin/ssh) mreg_is 0 get digits:v0 digits:v1 digits:v2 -o all
	[ "$(wc -l <../count)" = 1 ]
	same_tree all/digits-v1 "$DIGITS/epoch-2"
}

@test "a draft of an absent version fetches it" {
	id=$(mreg draft new digits:v0)
	away
	mreg draft rm "$id" config.json
	mreg_is 0 draft commit "$id"
	mreg_is 0 verify digits:latest
	mreg_is 8 draft new digits:v1
}

@test "a put of the same content needs no remote" {
	away
	mreg_is 0 put digits "$DIGITS/epoch-2" --json
	json '.ref == "digits:v1" and .created == false'
	mreg_is 0 verify digits:v1 --offline
}

@test "an absent version that was removed can be restored" {
	mreg rm digits:v4
	mreg_is 0 gc --grace 0 --yes
	away
	mreg_is 4 restore digits:v4
	complains "its files are not here: gc has taken them, or they never came"
	mreg rm digits:v3
	mreg_is 0 restore digits:v3
	mv ../away ../hub
	mreg_is 0 verify digits:v3
}

@test "what was removed before the clone is not here" {
	mreg --registry ../hub rm digits:v4
	mreg clone -q ../hub ../b >/dev/null
	mreg_is 4 --registry ../b restore digits:v4
	complains "they never came"
}

@test "of a collection that came with a model nothing new is made" {
	(cd .. && mkdir c && cd c && mreg init -q >/dev/null && mreg remote add origin ../hub >/dev/null && mreg pull -q origin reader >/dev/null)
	cd ../c || return
	mreg_is 0 get reader -o out
	same_tree out "$DIGITS/epoch-2"
	mreg_is 0 get digits:v1 -o out2
	mreg_is 5 put digits "$DIGITS/epoch-1"
	complains "only a part of 'digits' is here: what a registered model links to"
	complains "hint: Pull it first: 'mreg pull REMOTE digits'."
	mreg_is 5 alias digits:v1 best
	mreg_is 5 rm digits:v1 --unlink
	mreg_is 5 tag digits x
	mreg_is 0 tag digits:v1 x
	mreg_is 4 get digits
	complains "the latest version of 'digits' cannot be told"
	mreg_is 4 get digits:best
	complains "an alias of 'digits' cannot be told"
	mreg_is 0 fsck
}
