#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The script that repeats a run, executed.

load lib

setup()
{
	sandbox
	digits_registry
	unset MREG_SEED
	git config --global init.defaultBranch main
	git config --global user.name tester
	git config --global user.email tester@example.org
	TOP=$PWD
}

# A repository here, cloned from elsewhere, with one commit.
new_repository()
{
	git init -q --bare "$TOP/origin.git"
	git clone -q "$TOP/origin.git" repository 2>/dev/null
	cd repository || return
	mkdir jobs
	printf '#!/bin/sh\necho "trained with $*"\ncat settings\n' >jobs/train
	chmod +x jobs/train
	echo committed >jobs/settings
	git add .
	git commit -q -m first
	git push -q origin main
}

# Runs the rest of the line, and what it leaves for replay is in again.sh, with its id in $id.
script_of()
{
	mreg_is 0 run exec -q --id-file "$TOP/id" "$@"
	id=$(<"$TOP/id")
	first=$output
	mreg_is 0 run replay --dry-run "$id"
	no_complaint
	printf '%s\n' "$output" >"$TOP/again.sh"
	shellcheck -S style -e SC2016 "$TOP/again.sh"
}

# The script, in a directory of its own, prints what the program printed.
repeats()
{
	cd "$TOP" || return
	rm -rf anew
	run --separate-stderr -0 sh again.sh anew
	assert_equal "$output" "$first"
}

@test "code as it was committed and changed, from where the program ran" {
	new_repository
	cd jobs
	echo changed >settings
	script_of -- ./train --lr 0.1
	assert_equal "$first" "trained with --lr 0.1"$'\n'changed
	echo later >settings
	git commit -q -a -m later
	git push -q origin main
	repeats
	assert_equal "$(<anew/code/jobs/settings)" changed
}

@test "a commit that was pushed nowhere comes from the repository itself" {
	new_repository
	echo unpushed >jobs/settings
	git commit -q -a -m unpushed
	cd jobs
	script_of -- ./train
	repeats
	git -C repository remote remove origin
	cd repository/jobs
	script_of -- ./train
	repeats
}

@test "a remote that is named from the repository is found from elsewhere" {
	new_repository
	git remote set-url origin ../origin.git
	cd jobs
	script_of -- ./train
	grep -q -F -- "-- $TOP/repository/../origin.git code" "$TOP/again.sh"
	repeats
}

@test "any words come back as they were" {
	script_of -- printf '[%s]' '' 'a b' "it's" '$HOME `id` \n' $'two\nlines' $'\xff\x01\x1b' '*' '~' '!' -- --
	repeats
	! LC_ALL=C grep -q $'[\x01\x1b\xff]' again.sh
}

@test "what was used comes by its digest, wherever aliases and numbers have gone" {
	mreg alias -q digits:v1 best
	script_of --use digits:best --use digits:v3 -- true
	mreg alias -q digits:v2 best
	repeats
	mreg rename -q digits renamed
	mreg_is 0 run replay -n "$id"
	printf '%s\n' "$output" >again.sh
	repeats
	diff -r "anew/inputs/renamed-v1" "$DIGITS/epoch-2"
	diff -r "anew/inputs/renamed-v3" "$DIGITS/epoch-4"
	mreg_is 0 run ls -q
	for id in "${lines[@]}"; do
		mreg_is 0 run inputs -q "$id"
		assert_equal "$(sort <<<"$output")" "renamed:v1"$'\n'"renamed:v3"
	done
}

@test "variables, but not those of the job that it was" {
	export OMP_NUM_THREADS=3 SLURM_JOB_ID=77 EXP='a $b'
	script_of --env EXP -- sh -c 'echo $OMP_NUM_THREADS $EXP'
	unset OMP_NUM_THREADS SLURM_JOB_ID EXP
	repeats
	grep -q -x '# SLURM_JOB_ID=77' again.sh
}

@test "configuration and code that were kept with the run are put where they were" {
	mkdir work
	cd work
	mkdir conf lib
	echo '{"lr": 0.1, "depth": 3}' >conf/train.json
	echo 'echo from the library' >lib/part.sh
	new_repository
	cp -r ../conf ../lib .
	echo '{"lr": 1, "depth": 1, "opt": {"wd": 1}}' >conf/usual.json
	script_of --config conf/usual.json --config conf/train.json -M lr=0.2 -M opt.wd=2 -M name='"quoted"' --code lib -- sh -c '. lib/part.sh; cat "$0"' conf/train.json
	rm -r conf lib
	repeats
	cmp anew/config/train.json work/conf/train.json
	mreg_is 0 run ls -q --sort created
	local all=("${lines[@]}") one
	for one in "${all[@]}"; do
		mreg_is 0 run show --json "$one"
		json '.config == {"lr": 0.2, "depth": 3, "name": "quoted", "opt": {"wd": 2}}'
	done
}

@test "without git the program runs again where it ran, and nothing there is overwritten" {
	mkdir work
	cd work
	echo data >file
	echo 1 >conf
	script_of --config conf -- cat file
	rm conf
	repeats
	[ ! -e work/conf ]
	cd work
	echo 'echo kept' >part.sh
	echo 2 >conf
	script_of --config conf --code part.sh -- sh -c '. ./part.sh; cat "$0"' conf
	echo 'echo changed since' >part.sh
	echo 3 >conf
	repeats
	assert_equal "$(cat work/part.sh work/conf)" 'echo changed since'$'\n'3
}

@test "changes that were not kept are missed aloud" {
	new_repository
	echo changed >jobs/settings
	git config 'filter.of=theirs.clean' cat
	mreg_is 0 run exec -q --id-file "$TOP/id" -- true
	complains "warning: git cannot tell what was changed"
	id=$(<"$TOP/id")
	cd "$TOP"
	mreg run replay -n "$id" >again.sh
	run --separate-stderr -0 sh again.sh
	complains "what was changed since the commit is not recorded"
	[ -d "$id-again/code" ]
}

@test "a run without a command cannot be repeated, and its script says so" {
	id=$(mreg run start)
	mreg_is 0 run replay -n "$id"
	assert_equal "$stderr" "warning: which command the run '$id' was is not recorded: the script stops before it"
	run --separate-stderr -1 sh -c "$output"
	complains "which command it was is not recorded"
}

@test "replay runs nothing, and asks to be told that" {
	script_of -- true
	mreg_is 2 run replay "$id"
	complains "--dry-run"
	mreg_is 3 run replay -n r-0000000000
	mreg_is 0 run replay -n --json "$id"
	json ".run == \"$id\" and (.script | startswith(\"#!/bin/sh\"))"
}

@test "what a hostile record says stays within quotes and comments" {
	script_of --name $'name' --env NOTHING -- sh -c 'exit 0' $'x\'; touch owned; \'' '$(touch owned)' $'\ntouch owned\n'
	repeats
	[ -z "$(find . -name owned)" ]
}

@test "what a hostile record says of places stays within the directory" {
	mreg run exec -q -- true
	one=$(mreg run ls -q)
	mreg use -q digits:v1 --run "$one" >/dev/null
	mreg bundle create -q all --all
	python3 "$MREG_SRCDIR/t/tools/edit-bundle.py" all edited '
for r in records:
	if r.kind == 4 and b"\"collection\":\"run\"" in raw(r):
		old, record = r.id.hex(), json.loads(raw(r))
		record["metadata"].update(directory="/a/../../out", code={"commit": "a" * 40, "root": "/a", "remote": "x"})
		set_raw(r, canonical(record))
		changes = [c.replace(old, r.id.hex()) for c in changes]
	for i, c in enumerate(changes):
		change = json.loads(c)
		if change["key"].startswith("input/"):
			change["key"] = change["key"][:-8] + "00000000"
			change["value"]["ref"] = "--force:/../../../out"
			changes[i] = canonical(change).decode() + "\n"'
	mreg clone -q edited there
	mreg_is 0 --registry there run replay --dry-run "$one"
	grep -qF "cd code" <<<"$output"
	assert_equal "$(grep -e '^cd .*\.\.' -e '^mkdir .*\.\.' <<<"$output")" ""
	grep -qE '^mreg get -o "\$top"/inputs/[0-9a-f]{64} -- --force@' <<<"$output"
}

@test "a run that was begun with a command is repeated by running it" {
	id=$(mreg run start -- sh -c 'echo "$0 $1"' 'a  b' c)
	mreg_is 0 run replay -n "$id"
	no_complaint
	printf '%s\n' "$output" >again.sh
	run --separate-stderr -0 sh again.sh
	assert_equal "$output" 'a  b c'
}
