#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# drop: files that a remote has are freed here, and come back when they are read.
# shellcheck disable=SC2154

load lib

setup()
{
	sandbox
	unset MREG_SEED # registries that were made alike would be the same one
	mkdir hub
	(cd hub && digits_registry && mreg alias digits:v2 best >/dev/null)
	mreg clone -q hub a >/dev/null
	cd a || return
}

# A version of 3 MB that nothing else has any part of.
put_large()
{
	mkdir ../large
	head -c 3000000 /dev/urandom >../large/weights.bin
	mreg put -q large ../large >/dev/null
}

bytes_in_use()
{
	find .mreg/objects -maxdepth 1 -name '*.pack' -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }'
}

@test "what the remote has is freed, and fetched again by a get" {
	put_large
	mreg push -q origin
	local before
	before=$(bytes_in_use)
	mreg_is 0 drop large:v0 -m 'disk is full'
	says_nothing
	complains "note: 'origin' has them; 2.87 MiB are freed within an hour"
	((before - $(bytes_in_use) > 2900000))
	mreg_is 0 show large:v0 --json
	json '.absent == "origin"'
	mreg_is 0 fsck
	[[ $output == *"absent: 1 file of 1 version, which a remote has"* ]]
	mreg_is 0 get large
	same_tree large ../large
	mreg_is 0 show large:v0 --json
	json '.absent == null'
	mreg_is 0 history --json
	json 'lines | map(select(.verb == "drop")) | length == 1 and .[0].ref == "large:v0" and .[0].why == "disk is full"'
}

@test "what the remote lacks is not dropped, and nothing changes" {
	put_large
	state >before
	mreg_is 6 drop digits:v0 large:v0
	says_nothing
	complains "mreg: nothing was dropped: 'origin' does not have 'large:v0' in full"
	complains "hint: Push it first: 'mreg push origin large:v0'."
	state >after
	diff before after
	mreg_is 0 verify --offline digits:v0
}

@test "what is damaged over there is not dropped here" {
	(cd ../hub && damage "$(largest_pack)" 100000)
	mreg_is 6 drop digits:v0 digits:v1 digits:v2 digits:v3 digits:v4
	complains "in full"
	mreg_is 0 verify --offline digits:v4
}

@test "what the remote has dropped itself does not count" {
	mreg clone -q ../hub ../b >/dev/null
	mreg --registry ../b drop -q digits:v1
	mreg_is 6 drop digits:v1 --remote ../b
	complains "'$(realpath ../b)' does not have 'digits:v1' in full"
}

@test "a registry does not drop what only it has itself" {
	mreg_is 6 drop digits:v0 --remote .
	complains "is this registry itself"
	cp -r ../a ../copy
	mreg_is 6 drop digits:v0 --remote ../copy
	complains "or a copy of it that has its id"
	mreg_is 0 verify --offline digits:v0
}

@test "a remote that cannot be reached is 8" {
	mv ../hub ../away
	mreg_is 8 drop digits:v0
	complains "nothing was dropped: cannot connect to 'origin'"
	mreg_is 0 verify --offline digits:v0
}

@test "without a remote there is nobody to ask" {
	mreg remote rm origin
	mreg_is 2 drop digits:v0
	mreg_is 2 drop digits:v0 --remote nowhere
	complains "no remote 'nowhere'"
}

@test "a bare name is no version" {
	mreg_is 2 drop digits
	complains "mreg: 'digits' names a whole collection, not one of its versions"
	mreg_is 4 drop digits:nowhere
	mreg_is 3 drop nowhere:v0
}

@test "a dry run asks and tells" {
	state >before
	mreg_is 0 drop -n digits:v0
	complains "note: 'origin' has them;"
	state >after
	diff before after
	mreg_is 0 verify --offline digits:v0
}

@test "what another version has stays" {
	mreg_is 0 drop digits:v0 digits:v1 digits:v2
	mreg_is 0 verify --offline digits:v4
	mreg_is 8 verify --offline digits:v0
	complains "the files of 'digits:v0' are at 'origin'"
}

@test "versions that are dropped one by one do not keep each other's files" {
	put_large
	mreg put -q large ../large --new-version >/dev/null
	mreg push -q origin
	mreg drop -q large:v0
	mreg_is 0 verify --offline large:v1
	mreg drop -q large:v1
	(($(bytes_in_use) < 2900000))
}

@test "what was removed can still be restored" {
	mreg rm digits:v3
	mreg drop -q digits:v0
	mreg_is 0 restore digits:v3
	mreg_is 0 verify --offline digits:v3
}

@test "a draft keeps what it began with" {
	id=$(mreg draft new digits:v0)
	mreg drop -q digits:v0
	mreg_is 0 draft commit "$id" --new-version
	mreg_is 0 verify --offline digits:latest
}

@test "a pull of the version brings it back, a pull of all does not" {
	mreg drop -q digits:v0
	mreg_is 0 pull -q
	mreg_is 8 verify --offline digits:v0
	mreg_is 0 pull -q origin digits:v0
	mreg_is 0 verify --offline digits:v0
}

@test "the link of a model drops the version that it is" {
	mreg link -q digits:v1 reader >/dev/null
	mreg push -q origin
	mreg_is 0 drop reader:v0 --json
	json '.dropped == ["reader:v0"] and .remote == "origin" and .freed > 0'
	mreg_is 0 show digits:v1 --json
	json '.absent == "origin"'
}

@test "it can be dropped again, which frees what was fetched by the way" {
	put_large
	mreg push -q origin
	mreg drop -q large:v0
	printf x >../large/x
	mreg cat large:v0 weights.bin >/dev/null
	mreg_is 0 show large:v0 --json
	json '.absent == null'
	mreg_is 0 drop large:v0
	(($(bytes_in_use) < 2900000))
}

@test "gc --grace 0 gives the disk back at once" {
	put_large
	mreg push -q origin
	mreg drop -q large:v0
	(($(du -sb .mreg/objects | cut -f1) > 2900000))
	mreg_is 0 gc --grace 0 --yes
	(($(du -sb .mreg/objects | cut -f1) < 2900000))
	mreg_is 0 get large
	same_tree large ../large
}
