#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Which changes travel between registries, and what becomes of them where they arrive; t/tools/changes stands for the way between.

load lib

setup()
{
	sandbox
	CHANGES=$MREG_BUILDDIR/t/tools/changes
	mkdir near far
	cd far || return
	digits_registry
	mreg alias -q digits:v1 best
	cd ..
	(cd near && new_registry)
}

# All that FROM has, or what PATTERNS select, goes to TO; objects too, since nothing is asked for here.
carry()
{
	local from=$1 to=$2
	shift 2
	mkdir -p "$to/.mreg/objects"
	cp -rn "$from/.mreg/objects/." "$to/.mreg/objects/"
	"$CHANGES" list "$from" 0 "$@" 2>/dev/null >carried
	"$CHANGES" receive "$to" origin pull <carried >/dev/null 2>&1
}

# receives STATUS TO BY HOW [WHY [override]]: takes over what is on standard input.
receives()
{
	local wanted=$1
	shift
	run --separate-stderr "-$wanted" "$CHANGES" receive "$@"
}

lists()
{
	run --separate-stderr -0 "$CHANGES" list "$@"
}

keys()
{
	jq -r .key <<<"$output" | sed 's:/.*::' | sort | uniq -c | awk '{ print $2, $1 }'
}

@test "everything travels, as it was made, and a second time nothing is new" {
	cp -r far/.mreg/objects near/.mreg/
	lists far 0
	complains "seq 6 changes 7"
	echo "$output" >all
	receives 0 near origin pull <all
	says "digits collection new '' 'digits'" "digits:best alias new '' 'v1'" \
		"digits:v0 version new '' 'b7dfd2edb2e3'" "digits:v1 version new '' '30fecdf49d69'" "digits:v2 version new '' '897b49dc7efd'" \
		"digits:v3 version new '' 'da4aee160849'" "digits:v4 version new '' '0a14b2234ad8'"
	complains changed
	receives 0 near origin pull <all
	says_nothing
	complains "nothing new"
	lists near 0
	assert_equal "$output" "$(cat all)"
	assert_equal "$(mreg -C near log digits --json)" "$(mreg -C far log digits --json)"
	assert_equal "$(mreg -C near search 'epoch > 3')" "$(mreg -C far search 'epoch > 3')"
	mreg_is 0 -C near fsck
	mreg_is 0 -C near history --json
	json 'lines | all(.by == "origin")'
	mreg_is 0 -C near fsck --rebuild-index
	mreg_is 0 -C near history --json
	json 'lines | length == 7'
}

@test "what came after a line is listed alone" {
	lists far 6
	says_nothing
	complains "changes 0 since"
	mreg -C far tag -q digits:v0 old
	lists far 6
	assert_equal "$(keys)" "tag 1"
	lists far 6 digits
	assert_equal "$(keys)" "tag 1"
	mreg -C far put -q other "$DIGITS/epoch-1" >/dev/null
	lists far 7 digits
	says_nothing
}

@test "a line that has no changes is a place to go on from, too" {
	"$CHANGES" offer far >/dev/null
	"$CHANGES" offer far digits >/dev/null
	lists far 7
	complains "seq 7 changes 0 since"
	mreg -C far tag -q digits:v0 old
	"$CHANGES" offer far digits >/dev/null
	mreg -C far tag -q digits:v0 older
	for line in 6 7 8 9; do
		lists far $line
		assert_equal "$(jq -r '.key | split("/")[2]' <<<"$output" | xargs)" "$([ $line -gt 7 ] || echo 'old ')older"
	done
}

@test "a model brings the versions that it links to, with all that was said of them before" {
	mreg -C far tag -q digits:v1 good
	mreg -C far note -q digits:v1 -m "said before"
	mreg -C far link -q digits:v1 models/digits >/dev/null
	lists far 0 models/digits
	complains "shallow digits"
	assert_equal "$(keys)" "$(printf '%s 1\n' link note tag version | cat <(echo coll 2) -)"
	echo "$output" >model
	cp -r far/.mreg/objects near/.mreg/
	receives 0 near origin pull <model
	mreg_is 0 -C near show models/digits:v0
	assert_line --partial "said before"
	mreg_is 0 -C near fsck
	# a link that is new has things to say from before
	mreg -C far tag -q digits:v2 better
	mreg -C far link -q digits:v2 models/digits >/dev/null
	lists far 10 models/digits
	assert_equal "$(keys)" "$(printf '%s 1\n' coll link tag version)"
	# and one that is gone still names what it was
	mreg -C far unlink -q models/digits:v0
	lists far 0 models/digits
	assert_equal "$(keys)" "$(printf '%s\n' 'coll 2' 'link 3' 'note 1' 'tag 2' 'version 2')"
}

@test "a model can come without the artifact that it links to" {
	mreg -C far link -q digits:v1 models/digits >/dev/null
	cp -r far/.mreg/objects near/.mreg/
	lists far 0 models/digits
	grep "$(jq -r 'select(.key | startswith("link/")) | .key / "/" | .[1]' <<<"$output")" <<<"$output" >some
	receives 0 near origin pull <some
	mreg_is 0 -C near ls
	assert_line --partial models/digits
	mreg_is 0 -C near get -q models/digits:v0 -o out
	mreg_is 0 -C near show models/digits:v0
	mreg_is 0 -C near log models/digits
	mreg_is 0 -C near verify models/digits
	mreg_is 0 -C near fsck
}

@test "what gets another name comes into a selection as a whole" {
	mreg -C far rename -q digits vision/digits
	lists far 6 'vision/*'
	assert_equal "$(keys)" "$(printf '%s\n' 'alias 1' 'coll 2' 'version 5')"
	run --separate-stderr -3 "$CHANGES" list far 6 digits
	complains "It was renamed: it is 'vision/digits' now."
}

@test "what was removed is selected by the name that it had last" {
	carry far near
	mreg -C far rename -q digits numbers
	mreg -C far rm -qr --with-aliases numbers
	lists far 0 'numb*'
	assert_equal "$(keys)" "$(printf '%s\n' 'alias 2' 'coll 3' 'version 10')"
	echo "$output" >gone
	receives 0 near origin pull <gone
	assert_line "digits:best alias removed 'v1' ''"
	assert_line "digits collection removed 'digits' ''"
	mreg_is 0 -C near ls
	says_nothing
	run --separate-stderr -3 "$CHANGES" list far 0 digit
	complains "no-collection: there is no artifact or model 'digit'"
	run --separate-stderr -3 "$CHANGES" list far 0 'n?'
	complains "no artifact or model is called 'n?'"
}

@test "references that have diverged are named, and nothing is changed" {
	carry far near
	mreg -C far alias -q digits:v2 best
	mreg -C near alias -q digits:v3 best
	mreg -C far put -q digits "$DIGITS/epoch-1" --new-version >/dev/null
	mreg -C near put -q digits "$DIGITS/epoch-2" --new-version >/dev/null
	before=$(cd near && state)
	lists far 0
	echo "$output" >all
	receives 5 near origin pull <all
	assert_line "diverged $(jq -r .key all | grep /best | head -1)"
	assert_equal "${#lines[@]}" 2
	complains "conflict: 'digits:best', 'digits:v5' have diverged"
	complains "'mreg pull --ours' or '--theirs' settles it, '--renumber' moves versions that nobody else has seen."
	receives 5 near eva push <all
	complains "'mreg pull' first: there it can be settled."
	assert_equal "$(cd near && state)" "$before"
}

@test "equal work on both sides stands side by side" {
	carry far near
	mreg -C far tag -q digits:v2 good
	MREG_NOW=2026-02-02T03:04:05Z mreg -C near tag -q digits:v2 good
	mreg -C far rm -q digits:v0
	MREG_NOW=2026-02-02T03:04:05Z mreg -C near rm -q digits:v0
	lists far 0
	receives 0 near origin pull <<<"$output"
	says_nothing
	complains changed
	mreg_is 0 -C near fsck
}

@test "a number that was two versions has diverged, though both are gone" {
	carry far near
	mreg -C far put -q digits "$DIGITS/epoch-1" --new-version >/dev/null
	mreg -C far rm -q digits:v5
	mreg -C near put -q digits "$DIGITS/epoch-2" --new-version >/dev/null
	mreg -C near rm -q digits:v5
	lists far 0
	receives 5 near origin pull <<<"$output"
	complains "'digits:v5' has diverged"
}

@test "two collections of one name, and what is left in one that is gone, are refused" {
	MREG_SEED=7 mreg -C near put -q digits "$DIGITS/epoch-1" >/dev/null
	lists far 0
	receives 5 near origin pull <<<"$output"
	complains "the name 'digits' is taken"
	rm -rf near/.mreg
	(cd near && new_registry)
	carry far near
	mreg -C far rm -qr --with-aliases digits
	mreg -C near put -q digits "$DIGITS/epoch-1" --new-version >/dev/null
	lists far 0
	receives 5 near origin pull <<<"$output"
	complains "would be in a collection that is not there any more"
}

@test "a push heeds protections, a pull does not" {
	carry far near
	mreg -C near protect -q digits:best
	mreg -C far alias -q digits:v2 best
	lists far 0
	echo "$output" >all
	receives 6 near eva push <all
	complains "policy: 'digits:best' is protected"
	receives 6 near eva push "" override <all
	receives 0 near eva push "it is better" override <all
	says "digits:best alias moved 'v1' 'v2'"
	mreg -C far alias -q digits:v3 best
	lists far 0
	receives 0 near origin pull <<<"$output"
	says "digits:best alias moved 'v2' 'v3'"
}

@test "receive.denyDeletes refuses a push that removes" {
	carry far near
	mreg -C near config receive.denyDeletes true
	mreg -C far rm -q digits:v0
	lists far 0
	echo "$output" >all
	receives 6 near eva push <all
	complains "policy: 'digits:v0' would be removed, which this registry does not let others do"
	receives 0 near origin pull <all
	says "digits:v0 version removed 'b7dfd2edb2e3' ''"
	mreg_is 2 -C near config receive.denyDeletes perhaps
	complains "'receive.denyDeletes' must be true or false, not 'perhaps'"
	mreg -C far alias -q -d digits:best
	lists far 0
	echo "$output" >all
	receives 6 near eva push <all
	mreg -C near config receive.denyDeletes false
	receives 0 near eva push <all
	says "digits:best alias removed 'v1' ''"
}

@test "hooks are told of a push as a whole, and of what it changes" {
	mkdir -p near/.mreg/hooks
	for hook in pre-receive post-receive pre-put pre-alias; do
		printf '#!/bin/sh\ncat >>%s/%s.event\n' "$PWD" "$hook" >"near/.mreg/hooks/$hook"
		chmod +x "near/.mreg/hooks/$hook"
	done
	cp -r far/.mreg/objects near/.mreg/
	lists far 0
	receives 0 near eva push "weekly" <<<"$output"
	output=$(cat pre-receive.event)
	json '.event == "receive" and .hook == "pre-receive" and .by == "eva" and .why == "weekly" and .verb == "push" and .ref == null'
	json '.changes | length == 7 and (map(select(.kind == "alias")) == [{ref: "digits:best", kind: "alias", what: "new", from: null, to: "v1"}])'
	assert_equal "$(jq -r .hook <post-receive.event)" post-receive
	assert_equal "$(jq -r .ref pre-put.event | tr '\n' ' ')" "digits:v0 digits:v1 digits:v2 digits:v3 digits:v4 "
	assert_equal "$(jq -r .by pre-alias.event)" eva
	rm ./*.event
	mreg -C far alias -q digits:v2 best
	lists far 0
	receives 0 near origin pull <<<"$output"
	assert_file_exist pre-receive.event
	assert_file_exist post-receive.event
	assert_file_not_exist pre-alias.event
	rm ./*.event
	mreg -C near alias -q digits:v4 best
	assert_file_exist pre-alias.event
	assert_file_not_exist pre-receive.event
}

@test "pre-receive refuses all of it" {
	mkdir -p near/.mreg/hooks
	printf '#!/bin/sh\nexit 3\n' >near/.mreg/hooks/pre-receive
	chmod +x near/.mreg/hooks/pre-receive
	cp -r far/.mreg/objects near/.mreg/
	lists far 0
	receives 6 near eva push <<<"$output"
	complains "policy: hook 'pre-receive' refuses what comes from 'eva': it ended with 3"
	mreg_is 0 -C near ls
	says_nothing
	cp -r near/.mreg/hooks far/.mreg/
	mreg_is 0 -C far hook run -n pre-receive digits:best
	json '.event == "receive" and .changes[0].ref == "digits:v1"'
}

@test "changes that are none are damage" {
	lists far 0
	first=$(head -1 <<<"$output")
	last=$(tail -1 <<<"$output")
	receives 7 near eva push <<<"${first/\"verb\":\"put\"/\"verb\":\"p\\u001b[2Jut\"}"
	complains "control characters"
	receives 7 near eva push <<<"${first/coll/shallow}"
	complains "which is no key that travels between registries"
	receives 7 near eva push <<<"${first/\"name\":\"digits\"/\"name\":\"..\"}"
	complains "has a value that is none of such a key"
	receives 7 near eva push <<<"${last/\"parents\":\[\]/\"parents\":[\"$(printf '%064d' 0)\"]}"
	complains "which nobody has"
	id=$(printf %s "$first" | sha256sum | cut -d' ' -f1)
	receives 7 near eva push < <(echo "$first"; echo "${last/\"parents\":\[\]/\"parents\":[\"$id\"]}")
	complains "follows one of another key"
	mreg_is 0 -C near ls
	says_nothing
}

@test "an alias, a link or a version of what does not come is refused" {
	lists far 0
	echo "$output" >all
	grep -v '"key":"version/[^"]*/1"' all >part
	receives 5 near eva push <part
	complains "alias 'best' would point to a version that is not in this collection"
	grep '"key":"version/' all >part
	receives 5 near eva push <part
	complains "a version would belong to a collection that is not there"
}

@test "what was handed out is noted once" {
	run --separate-stderr -0 "$CHANGES" offer far
	says noted
	run --separate-stderr -0 "$CHANGES" offer far
	says known
	run --separate-stderr -0 "$CHANGES" offer far digits
	says known
	mreg -C far tag -q digits:v0 old
	run --separate-stderr -0 "$CHANGES" offer far digits
	says noted
	run --separate-stderr -0 "$CHANGES" offer far digits
	says known
	carry far near
	run --separate-stderr -0 "$CHANGES" offer near
	says known
	assert_equal "$(tail -1 far/.mreg/journal | jq -c '.offered | map(.through)')" "[8]"
}

@test "heads are compared key by key" {
	lists far 0
	key=$(jq -r .key <<<"$output" | grep /best)
	id=$(printf %s "$(grep /best <<<"$output")" | sha256sum | cut -d' ' -f1)
	run --separate-stderr -0 "$CHANGES" compare far "$key" "$id" "$(printf '%064d' 1)"
	assert_line --index 0 --partial "$id {\"alias\":\"best\""
	assert_line --index 1 known
	assert_line --index 2 unknown
	run --separate-stderr -0 "$CHANGES" compare far "shallow/$(printf '%032d' 1)" "$id"
	says unknown
}

@test "control characters of a reason are spelled out before they travel" {
	mreg_is 0 -C far alias digits:v0 x -m $'\e[31mred'
	mreg_is 0 -C far history digits --alias x --json
	json '.why == "\\x1b[31mred"'
	mreg_is 0 -C far alias digits:v0 x -m $'two\nlines'
	lists far 0
	receives 0 near origin pull <<<"$output"
}

@test "values that came from elsewhere do nothing to a terminal" {
	mreg -C far note -q digits:v0 -m $'\e[31mred'
	mreg -C far meta -q digits:v0 $'key="\\u001b[2J"' >/dev/null
	carry far near
	for words in "show digits:v0" "log digits" "history" "search key" "ls" "diff digits:v0 digits:v1" "history --json" "show --json digits:v0"; do
		run script -qefc "mreg -C near --no-pager $words || true" /dev/null </dev/null
		refute_output --partial $'\e[31mred'
		refute_output --partial $'\e[2J'
	done
}
