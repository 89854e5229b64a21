#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg show --provenance: how something was made, back to the sources.

load lib

# raw:v0 → prep → data:v0 → train → m:v0, in a git repository with a change that is not committed.
setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return
	BATS_TEST_TMPDIR=$PWD BATS_TEST_NUMBER=1 sandbox
	git init -q -b trunk .
	git config user.name tester
	git config user.email tester@localhost
	echo 'print(1)' >train.py
	git add train.py
	git commit -q -m first
	git rev-parse HEAD >../commit
	echo 'print(2)' >train.py
	new_registry
	echo pixels >raw
	mreg put -q raw raw -t dataset -m 'pictures of digits' 2>/dev/null
	mreg run exec -q --job-type prep -- sh -c 'mreg use -q raw; echo tensors >data; mreg put -q data data -t dataset' >/dev/null
	mreg run exec -q --job-type train --name 'first try' -M lr=0.1 -M optimizer=adam -- \
		sh -c 'mreg use -q data --name train; echo weights >w; mreg put -q m w' >/dev/null
	mreg link -q m:v0 prod:production
}

setup()
{
	sandbox
	cp -a "$BATS_FILE_TMPDIR/work/." .
	commit=$(cat "$BATS_FILE_TMPDIR/commit")
	prep=$(mreg lineage data --up -q | head -1)
	train=$(mreg lineage m --up -q | head -1)
}

digest_of()
{
	mreg resolve "$1"
}

@test "provenance tells the run, what it ran, its inputs, and theirs, back to the sources" {
	mreg_is 0 show prod:production --provenance
	no_complaint
	assert_line --index 0 m:v0
	assert_line "digest:       $(digest_of m)"
	assert_line "made by:      $train (train: first try)"
	assert_line "$train"
	assert_line "job type:     train"
	assert_line "command:      sh -c 'mreg use -q data --name train; echo weights >w; mreg put -q m w'"
	assert_line "directory:    $BATS_FILE_TMPDIR/work"
	assert_line --regexp '^by:           tester@.+$'
	assert_line "started:      2026-01-02 03:04:05"
	assert_line "ended:        2026-01-02 03:04:05, finished"
	assert_line "git commit:   $commit on trunk, with changes that were not committed"
	assert_line "config:       lr=0.1"
	assert_line "              optimizer=adam"
	assert_line "inputs:       data:v0  $(digest_of data)  (as train)"
	assert_line "made by:      $prep (prep)"
	assert_line "inputs:       raw:v0  $(digest_of raw)"
	assert_line "description:  pictures of digits"
	assert_equal "$(grep -E '^(r-|[a-z]+:v)' <<<"$output")" "$(printf '%s\n' m:v0 "$train" data:v0 "$prep" raw:v0)"
}

@test "a version that no run made says who put it, when and where" {
	mreg_is 0 show raw:v0 --provenance
	assert_equal "${#lines[@]}" 6
	assert_line "description:  pictures of digits"
	assert_line --regexp '^put:          2026-01-02 03:04:05 by tester@.+$'
	assert_line "made by:      no run that is known"
}

@test "provenance as JSON" {
	mreg_is 0 show m --provenance --json
	json '.format == 1 and .ref == "m:v0"'
	json '[.versions[].ref] == ["m:v0", "data:v0", "raw:v0"] and [.versions[].runs | length] == [1, 1, 0]'
	json '[.runs[].id] == ["'"$train"'", "'"$prep"'"]'
	json '.runs[0] | .argv[0:2] == ["sh", "-c"] and .job_type == "train" and .name == "first try" and .state == "finished" and .exit_status == 0'
	json '.runs[0] | .config == {"lr": 0.1, "optimizer": "adam"} and .code.commit == "'"$commit"'" and .code.dirty'
	json '.runs[0].inputs == [{"ref": "data:v0", "name": "data:v0", "digest": "'"$(digest_of data)"'", "as": "train"}]'
	json '.runs[0].outputs | map(.ref) == ["m:v0"]'
	json '.versions[2] | .user == "tester" and .created == "2026-01-02T03:04:05Z" and (.host | length) > 0'
}

@test "provenance of a run" {
	mreg_is 0 show "$prep" --provenance
	assert_equal "$(grep -E '^(r-|[a-z]+:v)' <<<"$output")" "$(printf '%s\n' "$prep" raw:v0)"
	mreg_is 0 show 'first try' --provenance
	assert_line --index 0 "$train"
}

@test "a failed run that made something is said to have failed" {
	mreg_is 3 run exec -q -- sh -c 'echo late >w; mreg put -q late w >/dev/null; exit 3'
	mreg_is 0 show late --provenance
	assert_line --regexp '^ended: .*, failed with status 3$'
	assert_line "inputs:       none that is known"
}

@test "what began elsewhere says where, and inputs that were removed or are not here are told of" {
	echo x >x
	mreg put -q branch x --from m:v0 >/dev/null
	mreg rm -q data:v0
	mreg_is 0 show branch --provenance
	assert_line "began at:     m:v0"
	assert_line --regexp '^inputs:       data:v0  [0-9a-f]{64}  \(as train\)$'
	assert_line --regexp '^put: .*\(removed\)$'
	mkdir ../other
	mreg init -q ../other >/dev/null
	mreg --registry ../other pull -q "$PWD" m
	mreg_is 0 --registry ../other show m --provenance
	assert_line "git commit:   $commit on trunk, with changes that were not committed"
	assert_line "put:          not here"
	mreg_is 0 --registry ../other show m --provenance --json
	json '.versions[1] | .ref == null and .dangling and .user == null'
}

@test "provenance of another registry" {
	mkdir ../away
	cd ../away
	mreg_is 0 show m --provenance --remote ../work
	assert_line "made by:      $train (train: first try)"
}

@test "nothing in a record tells a terminal what to do" {
	echo y >y
	mreg run exec -q --name 'a b' -M "note=$(printf 'x\033[2J\ny')" -- sh -c "mreg put -q noisy y >/dev/null; : $(printf '\033[31m')"
	mreg_is 0 show noisy --provenance
	refute_output --partial $'\033'
	assert_output --partial 'note=x\x1b[2J'
}

@test "provenance does not go with what it cannot answer" {
	mreg_is 2 show m --provenance --checksums
	mreg_is 3 show nothing --provenance
	mreg_is 4 show m:v9 --provenance
	says_nothing
}
