#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A run around a program.

load lib

setup()
{
	sandbox
	digits_registry
	unset MREG_SEED # what is made side by side is not to have the same ids
}

# exec_is STATUS ARG…: mreg run exec, whose run's id is then in $id.
exec_is()
{
	local status_wanted=$1
	shift
	mreg_is "$status_wanted" run exec --id-file "$BATS_TEST_TMPDIR/id" "$@"
	id=$(<"$BATS_TEST_TMPDIR/id")
}

shows()
{
	mreg_is 0 run show --json "$id"
	json "$1"
}

@test "what the program prints is all that is printed" {
	mreg_is 0 run exec -- sh -c 'echo result; echo trouble >&2'
	says result
	complains trouble
	pattern="^note: run 'r-[a-z0-9]{10}'"$'\n'"trouble\$"
	[[ $stderr =~ $pattern ]]
	mreg_is 0 run exec -q -- echo result
	says result
	no_complaint
	mreg_is 0 run exec --json -- echo result
	says result
}

@test "it reads what mreg is given to read" {
	run --separate-stderr -0 mreg run exec -q -- tr a-z A-Z <<<"some text"
	says "SOME TEXT"
}

@test "the exit status is the program's" {
	exec_is 0 -- true
	shows '.state == "finished" and .exit_status == 0 and .signal == null'
	exec_is 3 -- sh -c 'exit 3'
	shows '.state == "failed" and .exit_status == 3'
	exec_is 137 -- sh -c 'kill -KILL $$'
	shows '.state == "failed" and .exit_status == 137 and .signal == 9'
	exec_is 143 -- sh -c 'kill -TERM $$'
	shows '.state == "failed" and .exit_status == 143 and .signal == 15'
}

@test "a program that is not there, or cannot be run, is a run that failed" {
	exec_is 127 -- no-such-program
	complains "warning: cannot run 'no-such-program': No such file or directory"
	shows '.state == "failed" and .exit_status == 127'
	touch plain
	exec_is 126 -- ./plain
	complains "warning: cannot run './plain': Permission denied"
	shows '.state == "failed" and .exit_status == 126'
}

@test "without a program nothing is begun" {
	mreg_is 2 run exec
	complains "usage: mreg run"
	mreg_is 2 run exec --pid 1 -- true
	complains "'run exec' takes no --pid"
	mreg_is 0 run ls
	says_nothing
}

@test "what was run is recorded word by word, and where, when and by whom" {
	mkdir deep
	cd deep
	exec_is 0 --job-type training --name first --tag good -m "a note" -M lr=0.1 -- printf '%s|' 'a b' '' "it's" $'two\nlines' $'\xff'
	says "a b||it's|two"$'\n'"lines|"$'\xff'"|"
	shows '.argv == ["printf", "%s|", "a b", "", "it\u0027s", "two\\nlines", "\\xff"]'
	shows '.job_type == "training" and .name == "first" and .tags == ["good"] and .note == "a note" and .config == {"lr": 0.1}'
	shows ".directory == \"$PWD\" and .user == \"tester\" and .created == \"2026-01-02T03:04:05Z\" and .ended == \"2026-01-02T03:04:05Z\""
	mreg_is 0 run show first --json
	json ".id == \"$id\""
}

@test "what is done inside belongs to the run, wherever it is done" {
	mkdir elsewhere
	echo weights >elsewhere/w
	echo rows >rows
	mreg put -q --type dataset data rows >/dev/null
	exec_is 0 -- sh -c 'cd elsewhere && mreg get -q data:v0 -o data >/dev/null && mreg run log loss=0.5 && sh -c "mreg put -q m w"'
	says m:v0
	shows '(.inputs | map(.ref)) == ["data:v0"] and (.outputs | map(.ref)) == ["m:v0"] and .metrics.loss == 0.5'
	mreg_is 0 run exec -q -- sh -c 'echo "$MREG_DIR"'
	says "$PWD"
	mreg_is 0 run exec -q --registry . -- sh -c 'cd / && mreg ls -q m'
	says m:v0
	mreg_is 0 -c core.project=vision run exec -q -- mreg put -q p rows
	says vision/p:v0
}

@test "the id is in the program's environment and, on request, in a file" {
	exec_is 0 -q -- sh -c 'echo $MREG_RUN'
	says "$id"
	mreg_is 10 run exec --id-file nowhere/id -- touch never
	[ ! -e never ]
	mreg_is 6 run exec --id-file .mreg/id -- touch never
	[ ! -e never ]
}

@test "inputs can be declared beside the program" {
	echo a >rows
	exec_is 0 --use digits:v1 --use ./rows --use digits@"$(mreg resolve digits:v3)" -- true
	shows '(.inputs | map(.ref) | sort) == ["digits:v1", "digits:v3", "rows:v0"]'
}

@test "an input that is not there is an error before anything is begun" {
	cp .mreg/journal before
	mreg_is 3 run exec --use nothing:v0 -- touch never
	complains "'nothing'"
	mreg_is 4 run exec --use digits:v1 --use digits:v9 -- touch never
	cmp .mreg/journal before
	[ ! -e never ]
}

@test "a path that cannot be stored ends the run, and the program is not run" {
	mreg_is 10 run exec --use ./nothing -- touch never
	[ ! -e never ]
	mreg_is 0 run ls --json
	json 'lines | map(.state) == ["failed"]'
}

@test "a run begun in a run knows which one that was" {
	exec_is 0 -q -- sh -c 'echo $MREG_RUN; mreg run exec -q -- sh -c "echo \$MREG_RUN"'
	assert_equal "${lines[0]}" "$id"
	[ "${lines[1]}" != "$id" ]
	mreg_is 0 history --json "${lines[1]}"
	json "lines | map(select(.kind == \"run start\").run) == [\"$id\"]"
}

@test "a run unknown here is no run to begin another in" {
	MREG_RUN=r-0000000000 mreg_is 3 run exec -- touch never
	[ ! -e never ]
}

@test "a dry run runs nothing" {
	cp .mreg/journal before
	mreg_is 0 run exec -n -- touch never
	complains "dry run"
	[ ! -e never ]
	cmp .mreg/journal before
}

@test "no lock is held while the program runs" {
	mreg rm -q digits:v0
	exec_is 0 -- sh -c 'mreg gc -q --grace 0 --yes >/dev/null && mreg fsck -q --rebuild-index && mreg put -q other .mreg/config >/dev/null 2>&1 || mreg put -q other "$0"' "$DIGITS/epoch-1"
	shows '.exit_status == 0'
	mreg_is 0 fsck
}

@test "a run that is ended from within stays as it was ended" {
	exec_is 5 -- sh -c 'mreg run finish -q --status 0 -m "good enough" && exit 5'
	shows '.state == "finished" and .exit_status == 0 and .reason == "good enough"'
}

@test "a run that somebody else has ended stays as it was ended, and that is said" {
	exec_is 5 -- sh -c 'run=$MREG_RUN; unset MREG_RUN; mreg run finish -q --status 0 "$run" && exit 5'
	complains "had been ended already, by somebody else"
	shows '.state == "finished" and .exit_status == 0'
	exec_is 5 -- sh -c 'mreg run finish -q --status 0 && exit 5'
	[[ $stderr != *"had been ended"* ]]
}

@test "a run that is removed from within is gone, and that is said" {
	mreg_is 3 run exec -- sh -c 'mreg run rm -q --force "$MREG_RUN" >/dev/null'
	complains "was removed"
	mreg_is 4 run exec -- sh -c 'mreg run rm -q --force "$MREG_RUN" >/dev/null; exit 4'
	complains "was removed"
	mreg_is 0 run ls -q
	says_nothing
}

@test "the end is recorded although the registry was moved meanwhile, or it is said that it is not" {
	mkdir reg
	mreg init -q reg >/dev/null
	mreg_is 10 run exec --registry reg -- mv reg moved
	complains "cannot record the end of run 'r-"
	mreg_is 7 run exec --registry moved -- sh -c 'mv moved again; exit 7'
	complains "warning: cannot record the end of run 'r-"
}

@test "ten children side by side all put into the run" {
	exec_is 0 -- sh -c 'for i in 0 1 2 3 4 5 6 7 8 9; do echo $i >f$i; mreg put -q m f$i >out$i & done; wait'
	shows '(.outputs | length) == 10'
	sort out? >got
	printf 'm:v%d\n' {0..9} | diff - got
	mreg_is 0 run outputs -q "$id"
	assert_equal "${#lines[@]}" 10
}

@test "only the usual variables are recorded, others when they are named, and secrets only exactly" {
	export RANK=3 EXP_LR=0.1 EXP_TOKEN=s3cret HF_TOKEN=s3cret
	exec_is 0 -- true
	shows '.environment == {"RANK": "3"}'
	exec_is 0 --env 'EXP_*' -- true
	shows '.environment == {"RANK": "3", "EXP_LR": "0.1"}'
	exec_is 0 --env EXP_TOKEN -- true
	shows '.environment == {"RANK": "3", "EXP_TOKEN": "s3cret"}'
	mreg config run.environment 'EXP_* !RANK HF_TOKEN'
	exec_is 0 -- true
	complains "warning: 'HF_TOKEN' of run.environment looks like a secret"
	shows '.environment == {"EXP_LR": "0.1"}'
}
