#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg gc: what nothing refers to goes, and nothing else.

load lib

setup()
{
	sandbox
	new_registry
}

# rm_at TIME REF…: removes versions.
rm_at()
{
	local time=$1
	shift
	MREG_NOW=$time python3 "$MREG_SRCDIR/t/tools/set-version.py" rm "$@"
}

restore()
{
	python3 "$MREG_SRCDIR/t/tools/set-version.py" restore "$@"
}

packs()
{
	find .mreg/objects -maxdepth 1 -name '*.pack' | sort
}

retired()
{
	find .mreg/objects/retired -name '*.pack' 2>/dev/null | sort
}

# Three versions of m that share a large file, each with one of its own; v1 is removed on the 2nd of January.
three_versions()
{
	local i
	mkdir tree
	head -c 300000 "$DIGITS/epoch-1/model.safetensors" >tree/shared
	for i in 0 1 2; do
		seq "$((i * 10000))" "$((i * 10000 + 20000))" >tree/own
		MREG_NOW=2026-01-0$((i + 1))T00:00:00Z mreg put -q m tree >number
	done
	cp -r tree tree-2
	rm_at 2026-01-03T12:00:00Z m:v1
}

# Nothing is wrong, and both versions that are left are whole.
all_is_well()
{
	mreg_is 0 fsck -q
	says_nothing
	no_complaint
	mreg_is 0 verify -q m:v0
	rm -rf back
	mreg_is 0 get -q m:v2 -o back
	same_tree tree-2 back
}

@test "gc of a registry in which nothing was removed has nothing to collect" {
	mreg_is 0 gc
	says "nothing to collect"
	mreg put -q m "$DIGITS/epoch-1" >number
	state >before
	mreg_is 0 gc --grace 0 --yes
	says "nothing to collect"
	no_complaint
	state >after
	diff before after
	mreg_is 0 gc --grace 0 --yes -q
	says_nothing
}

@test "gc says which versions would go for good, and does nothing" {
	three_versions
	state >before
	export MREG_NOW=2026-03-01T00:00:00Z
	mreg_is 0 gc
	[[ ${lines[1]} == "m:v1  "*" KiB  8w ago" ]]
	[[ ${lines[2]} == "would collect "*" objects in 1 pack, "*" KiB; --yes does it" ]]
	no_complaint
	mreg_is 0 gc -q
	says m:v1
	mreg_is 0 gc --yes -n -q
	says m:v1
	mreg_is 0 gc --json
	json '.done == false and .packs == 1 and .objects > 2 and .bytes > 20000'
	json '.versions | length == 1 and (.[0] | .ref == "m:v1" and .removed == "2026-01-03T12:00:00Z" and .size > 300000)'
	state >after
	diff before after
}

@test "gc --yes frees what a removed version held alone, and keeps what others share" {
	local before
	three_versions
	before=$(du -sb .mreg/objects | cut -f1)
	export MREG_NOW=2026-03-01T00:00:00Z
	mreg_is 0 gc --yes --grace 30d --json
	json '.done and .versions[0].ref == "m:v1"'
	all_is_well
	# kept for a day, for those who copy the registry
	assert_equal "$(ls .mreg/objects/retired)" gc-20260302T000000Z
	assert_equal "$(retired | wc -l)" 1
	mreg_is 0 gc
	says "nothing to collect"
	MREG_NOW=2026-03-02T00:00:00Z mreg put -q other tree/own >number
	assert_equal "$(ls .mreg/objects/retired)" ""
	(($(du -sb .mreg/objects | cut -f1) < before - 20000))
	all_is_well
}

@test "what was removed, or stored, less than the grace ago stays" {
	three_versions
	MREG_NOW=2026-01-17T11:00:00Z mreg_is 0 gc
	says "nothing to collect"
	MREG_NOW=2026-01-17T13:00:00Z mreg_is 0 gc -q
	says m:v1
	# nothing leads to this pack, but it is young
	MREG_NOW=2026-01-17T10:00:00Z MREG_CRASH=txn-before-lock run -137 mreg put -q m tree/own
	MREG_NOW=2026-01-17T13:00:00Z mreg_is 0 gc --json
	json '.packs == 1'
	MREG_NOW=2026-02-01T13:00:00Z mreg_is 0 gc --json
	json '.packs == 2 and (.versions | length) == 1'
	MREG_NOW=2026-02-01T13:00:00Z mreg_is 0 gc --yes -q
	says m:v1
	all_is_well
}

@test "a version that is restored before gc came is whole" {
	three_versions
	export MREG_NOW=2026-01-10T00:00:00Z
	mreg_is 0 gc --yes -q
	says_nothing
	restore m:v1
	MREG_NOW=2026-03-01T00:00:00Z mreg_is 0 gc --yes -q
	says_nothing
	mreg_is 0 verify -q m
	all_is_well
}

@test "what a removed version shares with a link to it stays" {
	three_versions
	rm_at 2026-01-04T00:00:00Z m:v0
	python3 "$MREG_SRCDIR/t/tools/set-version.py" link m:v2
	rm_at 2026-01-04T00:00:00Z m:v2
	mreg_is 0 gc --grace 0 --yes -q
	says m:v0 m:v1
	mreg_is 0 get -q model:v0 -o back
	same_tree tree-2 back
	mreg_is 0 fsck -q
	says_nothing
}

@test "gc --grace 0 leaves no retired pack" {
	local i
	for i in {1..40}; do
		echo "$i" >file
		mreg put -q m file >number
	done
	(($(retired | wc -l) > 16))
	rm_at 2026-01-02T03:04:05Z m:v{1..38}
	mreg_is 0 gc --grace 0 --yes --json
	json '.versions | length == 38'
	json '.versions[8].ref == "m:v9" and .versions[9].ref == "m:v10"'
	assert_equal "$(retired)" ""
	mreg_is 0 fsck
	[[ $output == "sound: 41 journal lines, 2 versions, 2 files, 6 objects in "* ]]
	mreg_is 0 cat m:v39 file
	says 40
	assert_equal "$(ls -A .mreg/tmp)" ""
	mreg_is 0 put --json m file
	json '.ref == "m:v39"'
}

@test "merged packs that hold what was collected do not bring it back" {
	local i
	export MREG_NOW=2026-03-01T10:00:00Z
	for i in {1..20}; do
		echo "$i" >file
		mreg put -q m file >number
	done
	assert_equal "$(retired | wc -l)" 16
	rm_at "$MREG_NOW" m:v{0..18}
	MREG_NOW=2026-03-01T12:00:00Z mreg_is 0 gc --grace 1h --yes --json
	json '.versions | length == 19'
	(($(retired | wc -l) > 16))
	MREG_NOW=2026-03-04T00:00:00Z mreg put -q other file >number
	assert_equal "$(retired)" ""
	mreg_is 0 fsck
	[[ $output == *" 2 versions, 1 file, "*" objects in "* ]]
	MREG_NOW=2026-06-01T00:00:00Z mreg_is 0 gc --grace 0
	says "nothing to collect"
}

@test "a copy whose objects lie in retired packs alone loses nothing by gc" {
	local i
	for i in {1..20}; do
		echo "$i" >file
		mreg put -q m file >number
	done
	# as in a copy that was made while packs were being merged
	find .mreg/objects -maxdepth 1 -name '*.pack' -size +3k -delete
	mreg_is 0 verify -q m
	rm_at "$MREG_NOW" m:v3
	mreg_is 0 gc --grace 0 -q
	mreg_is 0 gc --grace 0 --yes -q
	says m:v3
	assert_equal "$(retired)" ""
	mreg_is 0 verify -q m
	mreg_is 0 fsck -q
	says_nothing
}

@test "when something that a live version needs is missing, gc names it and collects nothing" {
	three_versions
	rm "$(MREG_NOW=2026-03-01T00:00:00Z packs | tail -1)"
	state >before
	mreg_is 7 gc --grace 0 --yes
	says_nothing
	complains "cannot collect: nothing can be collected"
	complains "is missing"
	complains "mreg fsck"
	mreg_is 7 gc --grace 0 --json
	json_error '.error.code == "integrity" and .error.status == 7'
	state >after
	diff before after
}

@test "when a manifest is damaged, gc collects nothing until its version is removed" {
	local digest path offset
	three_versions
	digest=$(mreg resolve m:v0)
	read -r path offset < <(record_of "$digest")
	damage "$path" "$offset"
	state >before
	mreg_is 7 gc --grace 0 --yes
	complains "'m:v0'"
	complains "cannot read the manifest"
	state >after
	diff before after
	rm_at "$MREG_NOW" m:v0
	mreg_is 0 gc --grace 0 --yes -q
	says m:v0 m:v1
	mreg_is 0 fsck -q
	says_nothing
	mreg_is 0 verify -q m:v2
}

@test "when the journal is damaged, gc collects nothing" {
	three_versions
	damage .mreg/journal 300
	packs >before
	mreg_is 7 gc --grace 0 --yes
	complains "journal"
	packs >after
	diff before after
}

@test "a pack in which something damaged is alive stays as it is" {
	local path offset
	three_versions
	mkdir one
	cp tree/shared one
	cp "$DIGITS/epoch-1/config.json" one/config
	echo gone >one/gone
	mreg put -q n one >number
	rm one/gone
	mreg put -q n one >number
	rm_at "$MREG_NOW" n:v0
	read -r path offset < <(record_of "$(sha256sum <one/config | cut -d' ' -f1)")
	damage "$path" "$offset"
	mreg_is 0 gc --grace 0 --yes
	complains "holds a damaged object, and stays as it is"
	[ -e "$path" ]
	mreg_is 7 fsck -q
	# the damaged copy goes when there is another
	mreg put -q other one >number
	mreg_is 0 gc --grace 0 --yes
	no_complaint
	[ ! -e "$path" ]
	mreg_is 0 fsck -q
	says_nothing
}

@test "a damaged copy of what was put again is collected" {
	local path offset
	mkdir one
	echo content >one/file
	mreg put -q m one >number
	read -r path offset < <(record_of "$(sha256sum <one/file | cut -d' ' -f1)")
	damage "$path" "$offset"
	mreg_is 7 fsck -q
	mreg put -q other one >number
	mreg_is 7 fsck -q
	mreg_is 0 gc --grace 0 --yes
	[[ $output == "collected 1 object in 1 pack, "* ]]
	no_complaint
	mreg_is 0 fsck -q
	says_nothing
	mreg_is 0 cat m file
	says content
}

@test "an open draft whose content is not known here keeps gc from collecting" {
	three_versions
	echo '{"from":"a later mreg"}' >.mreg/drafts/d-0123456789
	packs >before
	mreg_is 7 gc --grace 0 --yes
	complains "the draft 'd-0123456789' is damaged"
	packs >after
	diff before after
}

@test "gc beside a reader waits for it, and then gives up with nothing done" {
	three_versions
	state >before
	mkfifo hold
	python3 -c '
import fcntl, os, struct
fd = os.open(".mreg/lock", os.O_RDONLY)
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 1, 0))
open("held", "w").close()
open("hold").read()
' &
	until [ -e held ]; do :; done
	mreg_is 9 -c core.locktimeout=50ms gc --grace 0 --yes
	complains "cannot lock the objects"
	says_nothing
	mreg_is 0 gc --grace 0 -q
	says m:v1
	: >hold
	wait
	state >after
	diff before after
	assert_equal "$(ls -A .mreg/tmp)" ""
	mreg_is 0 gc --grace 0 --yes -q
	all_is_well
}

@test "gc --yes of a registry that cannot be written says so, and a plan can be made" {
	three_versions
	find .mreg -exec chmod a-w {} +
	run --separate-stderr -10 without_root_rights mreg gc --grace 0 --yes
	complains "read-only"
	run --separate-stderr -0 without_root_rights mreg gc --grace 0 -q
	says m:v1
	chmod -R u+w .mreg
}

@test "misuse of gc is told" {
	mreg_is 2 gc --grace soon
	complains "--grace"
	mreg_is 2 gc m
	mreg_is 2 -c gc.auto=often gc
	complains "gc.auto"
	rm -r .mreg
	mreg_is 10 gc
}

@test "with a grace shorter than a day, old packs are retired for no longer" {
	three_versions
	export MREG_NOW=2026-01-04T00:00:00Z
	mreg_is 0 gc --grace 1h --yes -q
	assert_equal "$(ls .mreg/objects/retired)" gc-20260104T010000Z
	MREG_NOW=2026-01-04T00:59:59Z mreg put -q other tree/own >number
	assert_equal "$(retired | wc -l)" 1
	MREG_NOW=2026-01-04T01:00:00Z mreg put -q other tree/shared >number
	assert_equal "$(retired | wc -l)" 0
	all_is_well
}

@test "du and gc agree on what nothing refers to" {
	local bytes
	three_versions
	mreg_is 0 gc --grace 0 --json
	bytes=$(jq .bytes <<<"$output")
	mreg_is 0 du --json
	# a pack of which all goes has a few bytes more than its records
	json "lines | any(.kind == \"unreferenced\" and .stored <= $bytes and .stored > $bytes - 1200)"
	MREG_NOW=2026-03-01T00:00:00Z mreg_is 0 gc --grace 1d --yes
	mreg_is 0 du --json
	json "lines | any(.kind == \"unreferenced\" and .stored == 0)"
	json "lines | any(.kind == \"retired\" and .stored > $bytes)"
}

@test "a version that gc took is not restored, even while its pack is still retired" {
	three_versions
	mreg_is 0 rm -q m:v0
	export MREG_NOW=2026-03-01T00:00:00Z
	mreg_is 0 gc --yes -q
	says m:v0 m:v1
	(($(retired | wc -l) > 0))
	mreg_is 4 restore m:v1
	says_nothing
	complains "gc has taken them"
	mreg_is 4 restore m:v0
	mreg_is 0 fsck -q
	says_nothing
}

@test "a version that was restored, and removed again, is kept for another grace" {
	three_versions
	MREG_NOW=2026-01-10T00:00:00Z mreg_is 0 restore -q m:v1
	MREG_NOW=2026-01-12T00:00:00Z mreg_is 0 rm -q m:v1
	MREG_NOW=2026-01-25T00:00:00Z mreg_is 0 gc --yes -q
	says_nothing
	MREG_NOW=2026-01-26T00:00:00Z mreg_is 0 gc --yes -q
	says m:v1
	all_is_well
}

@test "a table over many packs of which none is left hinders nobody" {
	local i
	unset MREG_NOW
	: >.mreg/objects/retired # so that packs are not merged
	for i in {1..66}; do
		echo "$i" >file
		mreg put -q m file >number
	done
	assert_exists .mreg/objects/multi-pack
	rm .mreg/objects/retired
	mreg_is 0 rm -q -r m
	mreg_is 0 gc --grace 0 --yes -q
	assert_equal "$(packs)" ""
	rmdir .mreg/objects/retired
	cp .mreg/objects/multi-pack old
	: >.mreg/objects/retired
	for i in {1..66}; do
		echo "$i" >file
		mreg put -q m file >number 2>>notes
	done
	assert_equal "$(grep -v merge notes)" ""
	run ! cmp -s old .mreg/objects/multi-pack
}

@test "with a journal that is older than the index nothing is collected" {
	echo 1 >file
	mreg put -q m file >number
	cp .mreg/journal older
	echo 2 >file
	mreg put -q m file >number
	cp .mreg/journal newer
	cp older .mreg/journal
	mreg_is 7 gc --grace 0
	complains "is damaged"
	mreg_is 7 gc --grace 0 --yes
	complains "is damaged"
	cp newer .mreg/journal
	mreg_is 0 fsck -q
	mreg_is 0 verify -q m:v1
}

@test "what gc noted as dead is not dead in a copy whose journal is from before the removal" {
	local i
	for i in 0 1 2; do
		echo "$i" >file
		MREG_NOW=2026-01-01T00:00:00Z mreg put -q m file >number
	done
	mkdir -p copy/.mreg
	cp .mreg/format .mreg/config .mreg/journal copy/.mreg
	MREG_NOW=2026-01-01T00:01:00Z mreg rm -q m:v1
	MREG_NOW=2026-01-01T02:00:00Z mreg_is 0 gc --grace 1h --yes -q
	assert_not_equal "$(retired)" ""
	cp -r .mreg/objects copy/.mreg
	cd copy
	mreg_is 0 verify -q m:v1
	MREG_NOW=2026-01-01T05:00:00Z mreg put -q n ../file >number
	mreg_is 0 verify -q m:v1
	mreg_is 0 fsck -q
	assert_equal "$(retired)" ""
	no_complaint
	cd ..
	MREG_NOW=2026-01-01T05:00:00Z mreg put -q n file >number
	assert_equal "$(retired)" ""
	mreg_is 0 gc --grace 0
	says "nothing to collect"
}
