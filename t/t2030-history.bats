#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg history: who changed what, when and why.

load lib

setup()
{
	sandbox
	new_registry
	mreg put -q digits "$DIGITS/epoch-1" -m "first epoch"
	MREG_NOW=2026-01-03T00:00:00Z mreg put -q digits "$DIGITS/epoch-2" -a best
	MREG_NOW=2026-01-04T00:00:00Z mreg alias -q digits:v0 best -m "v1 was broken"
	MREG_NOW=2026-01-05T00:00:00Z mreg put -q other "$DIGITS/epoch-3"
}

@test "history tells every change, newest first" {
	mreg_is 0 history --json
	json 'lines | length == 7 and all(.[]; .format == 1) and (map(.seq) == (map(.seq) | sort | reverse))'
	json 'lines | .[0].kind == "version" and .[0].ref == "other:v0" and .[0].old == null'
}

@test "history NAME is of one collection" {
	mreg_is 0 history --json digits
	json 'lines | length == 5 and all(.[]; .ref | startswith("digits"))'
	mreg_is 3 history nothing
}

@test "history NAME:ALIAS tells every holder" {
	mreg_is 0 history --json digits:best
	json 'lines | map([.old, .new]) == [["v1", "v0"], [null, "v1"]] and .[0].why == "v1 was broken"'
	mreg alias -q -d digits:best
	mreg_is 0 history --json digits:best
	json 'lines | length == 3 and .[0].new == null and .[0].old == "v0"'
}

@test "history NAME:vN tells of one version, with later annotations" {
	mreg put -q digits "$DIGITS/epoch-1" -m "first epoch, again" -M lr=0.1
	mreg_is 0 history --json digits:v0
	json 'lines | map(.kind) | sort == ["meta lr", "note", "version"]'
}

@test "history --since leaves out what is older" {
	mreg_is 0 history --json --since 2026-01-04
	json 'lines | length == 3'
	MREG_NOW=2026-01-05T12:00:00Z mreg_is 0 history --json --since 1d
	json 'lines | length == 2'
	mreg_is 2 history --since yesterday-ish
	complains "is no time"
}

@test "history -n limits" {
	mreg_is 0 history --json -n 2
	json 'lines | length == 2'
	mreg_is 0 history -n 0
	says_nothing
}

@test "history for people" {
	mreg_is 0 history digits:best
	assert_line --index 0 --regexp '^TIME +WHO +VERB +WHAT +REF +CHANGE +RUN +WHY$'
	assert_line --index 1 --regexp '^2026-01-04 00:00:00 +tester@.* +alias +alias +digits:best +v1 -> v0 +v1 was broken$'
}

@test "history -q prints references" {
	mreg_is 0 history -q digits:best
	says digits:best digits:best
}

@test "history of an alias that never was is 4 and lists those that are" {
	mreg_is 4 history digits:nosuch
	says_nothing
	complains "no alias 'nosuch'"
}

@test "history --alias tells who was the holder, from when to when" {
	MREG_NOW=2026-01-06T00:00:00Z mreg alias -q -d digits:best -m "none is good"
	MREG_NOW=2026-01-08T00:00:00Z mreg alias -q digits:v1 best -m "it is after all"
	mreg_is 0 history digits --alias best --json
	no_complaint
	json 'lines | map([.ref, .from, .to]) == [["digits:v1", "2026-01-08T00:00:00Z", null],
		["digits:v0", "2026-01-04T00:00:00Z", "2026-01-06T00:00:00Z"], ["digits:v1", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"]]'
	json 'lines | map([.verb, .why]) == [["alias", "it is after all"], ["alias", "v1 was broken"], ["put", null]]'
	json 'lines | all(.[]; .format == 1 and .alias == "best" and .user == "tester" and (.version | length) == 64)'
	mreg_is 0 history digits --alias best
	assert_line --index 0 --regexp '^FROM +TO +HOLDER +WHO +VERB +WHY$'
	assert_line --index 1 --regexp '^2026-01-08 00:00:00 +digits:v1 +tester@[^ ]+ +alias +it is after all$'
	assert_line --index 2 --regexp '^2026-01-04 00:00:00 +2026-01-06 00:00:00 +digits:v0 '
}

@test "history --alias of the present holders, with --since, of all collections, and with -q" {
	mreg alias -q other:v0 best
	mreg_is 0 history -q --alias best
	says digits:v0 digits:v1 other:v0
	mreg_is 0 history -q --alias best digits -n 1
	says digits:v0
	mreg_is 0 history -q --alias BEST digits --since 2026-01-04
	says digits:v0
	mreg_is 0 history -q --alias best digits --since 2026-01-03T12:00:00Z
	says digits:v0 digits:v1
}

@test "history calls a version that was linked anew by the number that it had then" {
	MREG_NOW=2026-03-01T00:00:00Z mreg link -q digits:v1 reader
	MREG_NOW=2026-03-02T00:00:00Z mreg alias -q reader:v0 production
	MREG_NOW=2026-03-03T00:00:00Z mreg unlink reader:v0 --with-aliases
	MREG_NOW=2026-03-04T00:00:00Z mreg link -q digits:v1 reader
	MREG_NOW=2026-03-05T00:00:00Z mreg alias -q reader:v1 production
	mreg_is 0 history --json reader --alias production
	json 'lines | map(.ref) == ["reader:v1", "reader:v0"]'
	mreg_is 0 history --json reader
	json 'lines | map(select(.kind == "alias") | [.old, .new]) == [[null, "v1"], ["v0", null], [null, "v0"]]'
	mreg_is 0 resolve --name reader:production --at 2026-03-02T12:00:00Z
	says reader:v0
}

@test "history --alias of what never was one" {
	mreg_is 4 history digits --alias nosuch
	says_nothing
	complains "Its aliases are: best (v0)."
	mreg_is 4 history --alias nosuch
	complains "nothing ever had an alias 'nosuch'"
	mreg_is 2 history digits --alias v1
	mreg_is 2 history digits:v0 --alias best
	complains "Say 'digits'."
	mreg_is 3 history nowhere --alias best
}

@test "history tells links, titles, tags, notes and metrics, in a model by the model's numbers" {
	mreg create -q m --title "My Model"
	mreg link -q digits:v1 m -a production
	mreg link -q digits:v0 m -m "second"
	mreg tag -q digits:v1 good
	mreg meta -q digits:v1 --metric acc=0.9
	mreg unlink -q m:v1
	mreg rename -q m n
	mreg_is 0 history --json n
	json 'lines | map([.kind, .ref, .old, .new]) == [["collection", "n", "m", "n"], ["link", "n:v1", "digits:v0", null], ["metric acc", "n:v0", null, "0.9"],
		["tag", "n:v0", null, "good"], ["link", "n:v1", null, "digits:v0"], ["alias", "n:production", null, "v0"], ["link", "n:v0", null, "digits:v1"],
		["title", "n", null, "My Model"], ["collection", "n", null, "m"]]'
	mreg_is 0 history --json n:v1
	json 'lines | map(.kind) == ["link", "link"] and .[1].why == "second"'
	mreg_is 0 history --json digits:v1
	json 'lines | map([.kind, .ref]) == [["metric acc", "digits:v1"], ["tag", "digits:v1"], ["version", "digits:v1"]]'
	mreg_is 0 history --alias production --json
	json '.ref == "n:v0" and .verb == "link" and .to == null'
	mreg_is 4 history n:v2
}
