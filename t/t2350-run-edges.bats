#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# run inputs, run outputs, run rm and how a run comes back.
# shellcheck disable=SC2154

load lib

setup()
{
	sandbox
	digits_registry
	one=$(mreg run start -t train --name one --no-git)
	two=$(mreg run start -t evaluate --name two --no-git)
	mreg use -q digits:v0 --run one >/dev/null
	mreg put -q m "$DIGITS/epoch-1" --run one >/dev/null
	mreg put -q m "$DIGITS/epoch-2" --run two >/dev/null
}

@test "run outputs lists what several runs have made, also runs from standard input" {
	mreg_is 0 run outputs one "$two"
	assert_line --index 0 --regexp '^RUN +REF +DIGEST +STATE$'
	assert_line --regexp "^$one +m:v0 "
	assert_line --regexp "^$two +m:v1 "
	mreg_is 0 run outputs -q - <<<"$(printf '%s\n' two one)"
	says m:v1 m:v0
	mreg_is 0 run outputs one
	assert_line --index 0 --regexp '^REF +DIGEST +STATE$'
	mreg_is 3 run outputs one nobody
	says_nothing
	mreg_is 2 run outputs
}

@test "what runs that were searched for have made goes into get" {
	mreg tag one prod_ready
	mreg tag "$two" prod_ready
	mreg search --runs 'tag = prod_ready' -q | xargs -n1 mreg run outputs -q | mreg get -q - >got
	assert_equal "$(sort got)" "$(printf '%s\n' ./m-v0 ./m-v1 | sed 's,^\./,,')"
	same_tree m-v0 "$DIGITS/epoch-1"
}

@test "a version is named as it is called now, and one that was removed as it was called then" {
	mreg rename m net >/dev/null
	mreg_is 0 run outputs one -q
	says net:v0
	mreg rm -q net:v0
	mreg_is 0 run outputs one -q
	says_nothing
	mreg_is 0 run outputs one
	assert_line --regexp "^net:v0 .*removed$"
	mreg_is 0 run outputs one --json
	json '.ref == "net:v0" and (.live | not)'
}

@test "run rm refuses a run that has not ended, but for --force" {
	local before
	before=$(state)
	mreg_is 5 run rm one
	complains "has not ended"
	complains "mreg run finish $one"
	mreg_is 0 run rm -n --force one
	complains "'$one' would be removed"
	assert_equal "$(state)" "$before"
	mreg run finish -q two >/dev/null
	mreg_is 5 run rm two one
	mreg_is 0 run rm --force two one
	says_nothing
	mreg_is 3 run outputs two
	mreg_is 3 run rm two
	mreg_is 0 ls -q
	says digits m
}

@test "run rm --json lists ids, each once, and takes prefixes and names" {
	mreg run finish -q one >/dev/null
	mreg_is 0 run rm one "${one:0:8}" --json -m mistake
	json '.removed == ["'"$one"'"]'
	mreg_is 0 history --json
	json 'lines | map(select(.verb == "run rm" and .kind == "run")) | length == 1 and .[0].why == "mistake" and .[0].ref == "'"$one"'"'
}

@test "what only a removed run used is held no longer, and is again when it comes back" {
	mreg run finish -q one >/dev/null
	mreg_is 0 prune digits --unused -q
	refute_line digits:v0
	mreg run rm -q one
	mreg_is 0 prune digits --unused -q
	assert_line digits:v0
	mreg_is 0 restore "$one"
	says "$one"
	mreg_is 0 prune digits --unused -q
	refute_line digits:v0
	mreg_is 0 run inputs one -q
	says digits:v0
	mreg_is 0 run outputs one -q
	says m:v0
}

@test "a run is restored by id, beginning or name, until gc has taken its records" {
	mreg_is 4 restore "$one"
	mreg_is 0 run rm --force one
	says_nothing
	assert_equal "$stderr" "note: removed $one; 'mreg restore $one' brings it back"
	mreg_is 0 restore "${one:0:8}"
	says "$one"
	mreg run rm -q --force one
	mreg_is 0 restore one
	says "$one"
	mreg_is 0 run show one -q
	mreg run rm -q --force one two
	mreg_is 2 restore r-
	complains 'several runs'
	mreg_is 3 restore r-0000000000
	mreg_is 0 restore two
	says "$two"
	echo {} >".mreg/runs/$one.lock"
	mreg_is 0 ls --removed -q
	says digits m
	mreg_is 0 gc --grace 0 --yes --json
	mreg_is 4 restore "$one"
	complains "gc has taken its records"
	mreg_is 0 fsck
	assert_not_exists ".mreg/runs/$one"
	assert_not_exists ".mreg/runs/$one.lock"
	assert_exists ".mreg/runs/$two"
}

@test "gc takes what a crash has left of an ended run, and of a dead one that was removed" {
	local three four
	three=$(mreg run start -q)
	mreg run log -q "$three" loss=1
	run -137 env MREG_CRASH=index-after-commit mreg run finish "$three"
	mreg run exec -q --id-file id -- sh -c 'mreg run log -q loss=1; kill -KILL $PPID' || true
	four=$(<id)
	assert_exists ".mreg/runs/$three"
	assert_exists ".mreg/runs/$four.lock"
	mreg run rm -q "$four"
	mreg_is 0 gc --grace 0 --yes -q
	assert_not_exists ".mreg/runs/$three"
	assert_not_exists ".mreg/runs/$four"
	assert_not_exists ".mreg/runs/$four.lock"
	assert_exists ".mreg/runs/$two"
	mreg_is 0 run show "$three" --json
	json '.metrics.loss == 1 and .state == "finished"'
}

@test "gc names a removed run as one" {
	mreg run finish -q one >/dev/null
	mreg run rm -q one
	mreg_is 0 gc --grace 0
	assert_output --partial "$one"
	refute_output --partial "$one:v"
}

@test "du has one row for all runs" {
	mreg_is 0 du --json
	json 'lines | map(select(.kind == "runs")) | length == 1 and .[0].name == "(runs)" and .[0].versions == 2 and .[0].stored > 0'
	json 'lines | map(select(.kind == "total"))[0].versions == 7'
	mreg_is 0 du --by type --json
	json 'lines | map(select(.kind == "runs")) | length == 1'
	mreg_is 0 du
	assert_line --regexp '^\(runs\) '
	mreg_is 0 du -q
	says digits m
}

@test "fsck checks what runs are recorded with, and names the run" {
	local pack
	mreg run finish -q one >/dev/null
	mreg_is 0 fsck
	for pack in .mreg/objects/*.pack; do
		damage "$pack" $(($(stat -c %s "$pack") / 2))
	done
	mreg_is 7 fsck --json
	assert_output --partial "$one"
	refute_output --partial "$one:v"
}

@test "history takes a run by its name, and rm says what removes it" {
	mreg_is 0 history one
	assert_line --partial "run start"
	assert_line --partial "$one"
	mreg_is 2 rm one
	complains "'one' is a run"
	complains "'mreg run rm one' removes it."
	mreg run start -q --name one
	mreg_is 2 history one
	complains 'is the name of several runs'
	complains 'Write its id.'
}
