#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg status: which registry this is, and which version a directory is.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "status tells registry, user and how much there is" {
	mreg put -q dice "$DIGITS/epoch-1"
	mreg_is 0 status
	no_complaint
	assert_line --index 0 --regexp "^registry: +$PWD/.mreg\$"
	assert_line --index 1 --regexp '^user: +tester$'
	assert_line --index 2 --regexp '^versions: +6 in 2 artifacts$'
	assert_equal "${#lines[@]}" 3
	mreg_is 0 status -q
	says "$PWD/.mreg"
}

@test "status of an empty registry" {
	mreg init -q new
	mreg_is 0 -C new status
	assert_line --index 2 --regexp '^versions: +0 in 0 artifacts$'
	no_complaint
}

@test "status --json has the counts" {
	mreg_is 0 status --json
	json '.format == 1 and .registry == "'"$PWD"'/.mreg" and .user == "tester" and .artifacts == 1 and .models == 0 and .versions == 5'
	json '.host | length > 0'
	no_complaint
	mreg_is 0 status --template '{artifacts} {versions}'
	says '1 5'
}

@test "status DIR names the version whose content it is" {
	mreg get -q digits:v2 -o model
	mreg_is 0 status model
	says digits:v2
	no_complaint
	mreg_is 0 status -q model/
	says digits:v2
	cd model
	mreg_is 0 status .
	says digits:v2
}

@test "status DIR names every collection that has the content" {
	mreg put -q dice "$DIGITS/epoch-3"
	mreg put -q --new-version digits "$DIGITS/epoch-3"
	mreg_is 0 status "$DIGITS/epoch-3"
	assert_line dice:v0
	assert_line digits:v2
	mreg_is 0 status --json "$DIGITS/epoch-3"
	json '(.refs | index("dice:v0") and index("digits:v2")) and .ref == .refs[0] and .nearest == null and .changes == []'
	assert_equal "$(jq -r .digest <<<"$output")" "$(mreg resolve digits:v2)"
}

@test "status DIR of a modified directory is 1 and tells the nearest and what differs" {
	mreg get -q digits:v3 -o model
	echo edited >model/labels.txt
	rm model/config.json
	echo new >model/notes
	mreg_is 1 status model
	assert_line --index 0 'model is in no version; nearest is digits:v3, with these changes:'
	assert_line --index 1 --regexp '^ +deleted +config.json$'
	assert_line --index 2 --regexp '^ +modified +labels.txt$'
	assert_line --index 3 --regexp '^ +added +notes$'
	assert_equal "${#lines[@]}" 4
	complains "'model' is in no version"
	mreg_is 1 status --json model
	json '.ref == null and .refs == [] and .nearest == "digits:v3" and (.changes | length == 3)'
	json '.changes | map(.kind) == ["deleted", "modified", "added"]'
	json_error '.error.code == "no" and .error.status == 1'
	mreg_is 1 status -q model
	says_nothing
}

@test "status DIR tells a file that was renamed" {
	mreg get -q digits:v3 -o model
	mv model/labels.txt model/names.txt
	mreg_is 1 status --json model
	json '.changes == [{"kind":"renamed","path":"names.txt","from":"labels.txt","size":50}]'
}

@test "status DIR that has nothing in common with any version" {
	mkdir foreign
	echo x >foreign/y
	mreg_is 1 status foreign
	says 'foreign is in no version, and shares no file with a recent one'
	mreg_is 1 status --json foreign
	json '.nearest == null and .changes == []'
}

@test "status DIR sees the exec bit and empty directories" {
	mreg get -q digits:v3 -o model
	chmod +x model/labels.txt
	mreg_is 1 status model
	assert_line --regexp '^ +modified +labels.txt$'
	chmod -x model/labels.txt
	mkdir model/empty
	mreg_is 1 status model
	assert_line --regexp '^ +added +empty$'
	rmdir model/empty
	mreg_is 0 status model
	says digits:v3
}

@test "status DIR honours .mregignore, as put does" {
	mkdir tree
	printf '*.log\n' >tree/.mregignore
	echo x >tree/x
	mreg put -q m tree
	echo noise >tree/run.log
	mreg_is 0 status tree
	says m:v0
}

@test "status DIR changes nothing" {
	mreg get -q digits:v3 -o model
	echo edited >model/labels.txt
	state >before
	find model -printf '%p %T@ %s\n' | sort >model-before
	mreg_is 1 status model
	diff before <(state)
	find model -printf '%p %T@ %s\n' | sort | diff model-before -
}

@test "status of a directory that is not there is 10" {
	mreg_is 10 status nowhere
	says_nothing
	complains "'nowhere'"
	complains "No such file or directory"
	mreg_is 10 status --json nowhere
	says_nothing
	json_error '.error.code == "local"'
	mreg_is 10 status "$DIGITS/epoch-1/labels.txt"
	says_nothing
}

@test "a file name cannot upset a terminal" {
	mreg get -q digits:v3 -o model
	echo x >"model/$(printf 'e\033[31mvil')"
	mreg_is 1 status model
	[[ $output != *$'\033'* ]]
	assert_line --partial vil
}

@test "status DIR takes a link that leads out of the directory as it is" {
	mreg get -q digits:v3 -o model
	ln -s /etc/hostname model/away
	mreg_is 1 status model
	assert_line --regexp '^ +added +away$'
}
